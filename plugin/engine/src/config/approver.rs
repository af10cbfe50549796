//! Whom a rule asks for a yes: `by`, and what becomes of calls whose user cannot be asked.

use super::fault::Faults;
use super::keyword::Keyword;
use super::reader::Object;

/// Whom a rule asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Approver {
    /// Operators, on a listener of their own.
    #[default]
    Operator,
    /// The user in front of the client, through the client.
    User(Fallback),
}

/// What becomes of a call whose client cannot ask its user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fallback {
    /// Operators are asked.
    #[default]
    Operator,
    /// It is denied.
    Deny,
}

#[derive(Clone, Copy)]
enum By {
    Operator,
    User,
}

impl Keyword for By {
    const WHAT: &'static str = "who approves";
    const WORDS: &'static [(&'static str, Self)] =
        &[("operator", Self::Operator), ("user", Self::User)];
    const OTHERS: &'static [(&'static str, &'static str)] = &[
        ("operator", "admin human person"),
        ("user", "client caller"),
    ];
}

impl Keyword for Fallback {
    const WHAT: &'static str = "a fallback";
    const WORDS: &'static [(&'static str, Self)] =
        &[("operator", Self::Operator), ("deny", Self::Deny)];
}

/// Reads `by` and `fallback` of one rule.
pub(super) fn read_approver(object: &Object<'_>, faults: &mut Faults) -> Approver {
    let by = object.get("by").and_then(|f| By::read(f, faults));
    let written = object.get("fallback");
    let fallback = written.and_then(|f| Fallback::read(f, faults));
    match (by, written) {
        (Some(By::User), _) => Approver::User(fallback.unwrap_or_default()),
        (_, None) => Approver::Operator,
        (_, Some(field)) => {
            faults.error(
                &field.pointer,
                "`fallback` says what happens where the user cannot be asked: it needs `\"by\": \"user\"`",
            );
            Approver::Operator
        }
    }
}
