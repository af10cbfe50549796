//! What operators see and decide: the approvals that wait, over HTTP, on a listener of its own.
//!
//! | request | answer |
//! |---|---|
//! | `GET /approvals` | those that are kept, the oldest first, up to 50; where more follow, `next` says after which |
//! | `GET /approvals?after=NEXT` | those that follow |
//! | `GET /approvals/ID` | one |
//! | `POST /approvals/ID/approve` | a yes |
//! | `POST /approvals/ID/deny` | a no |
//!
//! Every request must come from an operator of the configuration. Nothing is ever forwarded.

use crate::approval::{ApprovalId, Cursor, Decided, Keys, Listed, Page, decide, find, list};
use crate::caller::{Caller, Callers};
use crate::config::approvals::RawOperator;
use crate::config::plugin::{RawGrant, RawIdentity};
use crate::config::{Faults, below};
use crate::json::{parse, push_json_string};
use crate::limit::StoreError;
use crate::mcp::{Headers, Reply};
use crate::surroundings::Surroundings;

/// The operators.
#[derive(Debug)]
pub struct Admin {
    operators: Callers,
}

/// An answer, and what was decided by it.
#[derive(Debug)]
pub struct Answered {
    /// What the operator is answered.
    pub reply: Reply,
    /// The decision, for the record.
    pub decision: Option<Decision>,
}

/// A decision that an operator made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Yes, or no.
    pub yes: bool,
    /// Of which request.
    pub id: ApprovalId,
    /// By whom.
    pub by: String,
}

impl Admin {
    /// Indexes the operators: a bearer token or a name in the client's certificate says who it is.
    pub fn compile(operators: Vec<RawOperator>, faults: &mut Faults) -> Self {
        let identity = vec![
            RawIdentity::Bearer,
            RawIdentity::San("uri".to_owned()),
            RawIdentity::San("dns".to_owned()),
        ];
        let grants = operators.into_iter().map(|operator| {
            let pointer = below("/admin/operators", &operator.name);
            RawGrant {
                policy: (String::new(), pointer.clone()),
                pointer,
                name: operator.name,
                credential: operator.credential,
            }
        });
        Self {
            operators: Callers::compile(identity, grants.collect(), &|_| Ok(0), faults),
        }
    }

    /// Answers a request.
    pub fn answer(
        &self,
        keys: &Keys,
        headers: &Headers<'_>,
        around: &mut dyn Surroundings,
    ) -> Answered {
        let caller = self.operators.identify(headers, around);
        let operator = match caller {
            Caller::Granted(index) => self.operators.grant(index),
            _ => None,
        };
        let Some(operator) = operator else {
            let mut reply = problem(
                401,
                "say who you are: Authorization: Bearer TOKEN of an operator",
            );
            reply
                .headers
                .push(("www-authenticate", "Bearer".to_owned()));
            return reply.into();
        };
        let text = |name: &str| {
            let value = headers.all(name).next().unwrap_or_default();
            std::str::from_utf8(value).unwrap_or_default()
        };
        let path = text(":path").split('#').next().unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut parts = path.strip_prefix('/').unwrap_or(path).split('/');
        let route = (parts.next(), parts.next(), parts.next(), parts.next());
        let now = around.now();
        match (text(":method"), route) {
            ("GET", (Some("approvals"), None, None, None)) => {
                let after = query.split('&').find_map(|q| q.strip_prefix("after="));
                let cursor = after.map(Cursor::parse);
                if cursor == Some(None) {
                    let why = "expected `after` to be what `next` said on the page before";
                    return problem(400, why).into();
                }
                match list(around, keys, now, cursor.flatten()) {
                    Ok(page) => Reply::json(200, page_of(&page)).into(),
                    Err(error) => failed(error),
                }
            }
            ("GET", (Some("approvals"), Some(id), None, None)) => {
                let Some(id) = ApprovalId::parse(id) else {
                    return unknown();
                };
                match find(around, keys, now, id) {
                    Ok(Some((one, _))) => Reply::json(200, one_of(&one)).into(),
                    Ok(None) => unknown(),
                    Err(error) => failed(error),
                }
            }
            ("POST", (Some("approvals"), Some(id), Some(verb @ ("approve" | "deny")), None)) => {
                // A browser that holds a certificate sends it along for any page; it also says so.
                if headers.all("origin").next().is_some() {
                    return problem(403, "decisions are not taken from web pages").into();
                }
                let Some(id) = ApprovalId::parse(id) else {
                    return unknown();
                };
                let yes = verb == "approve";
                match decide(around, keys, id, yes, &operator.name, now) {
                    Ok(decided) => told(decided, yes, id, &operator.name),
                    Err(error) => failed(error),
                }
            }
            (_, (Some("approvals"), _, _, None)) => {
                let mut reply = problem(405, "use GET to see, and POST to approve or deny");
                reply.headers.push(("allow", "GET, POST".to_owned()));
                reply.into()
            }
            _ => problem(
                404,
                "use GET /approvals, GET /approvals/ID, POST /approvals/ID/approve or POST /approvals/ID/deny",
            )
            .into(),
        }
    }
}

impl From<Reply> for Answered {
    fn from(reply: Reply) -> Self {
        Self {
            reply,
            decision: None,
        }
    }
}

fn told(decided: Decided, yes: bool, id: ApprovalId, by: &str) -> Answered {
    match decided {
        Decided::Done(one) => Answered {
            reply: Reply::json(200, one_of(&one)),
            decision: Some(Decision {
                yes,
                id,
                by: by.to_owned(),
            }),
        },
        Decided::Before(state, by) => {
            problem(409, &format!("{} by {by} before", state.word())).into()
        }
        Decided::Expired => problem(
            409,
            "the request has ended; the caller must send its call again",
        )
        .into(),
        Decided::Unshown => problem(
            409,
            "nothing says what the request is for: deny it, or let the caller send its call again and look then",
        )
        .into(),
        Decided::Unknown => unknown(),
    }
}

fn unknown() -> Answered {
    problem(404, "there is no such request: it was used, or had ended").into()
}

fn failed(error: StoreError) -> Answered {
    problem(503, &error.to_string()).into()
}

fn problem(status: u16, message: &str) -> Reply {
    let mut body = String::from("{\"error\":");
    push_json_string(&mut body, message);
    body.push('}');
    Reply::json(status, body)
}

fn page_of(page: &Page) -> String {
    let mut out = String::from("{\"approvals\":[");
    for (n, one) in page.requests.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        out.push_str(&one_of(one));
    }
    out.push(']');
    if let Some(next) = page.next {
        out.push_str(&format!(",\"next\":\"{next}\""));
    }
    out.push('}');
    out
}

/// A request as JSON; times in seconds since 1970.
fn one_of(one: &Listed) -> String {
    let seconds = |nanos: u64| nanos / std::num::NonZeroU64::MIN.saturating_add(999_999_999);
    let state = if one.expired {
        "expired"
    } else {
        one.state.word()
    };
    let mut out = format!(
        "{{\"id\":\"{}\",\"state\":\"{state}\",\"asked\":{},\"ends\":{}",
        one.id,
        seconds(one.asked),
        seconds(one.ends)
    );
    if !one.by.is_empty() {
        out.push_str(",\"by\":");
        push_json_string(&mut out, &one.by);
    }
    let notice = one
        .notice
        .as_deref()
        .and_then(|text| parse(text.as_bytes()).ok());
    for (key, value) in notice.iter().flat_map(|notice| notice.members()) {
        if !key.equals("id") {
            out.push(',');
            push_json_string(&mut out, &key.decode());
            out.push(':');
            out.push_str(value.text());
        }
    }
    out.push('}');
    out
}
