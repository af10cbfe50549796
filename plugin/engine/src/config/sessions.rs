//! `sessions` and `max_subjects` of the plugin's configuration: what is remembered of whom callers
//! make up, and how much of it.

use std::num::NonZeroU32;

use super::fault::Faults;
use super::keyword::Keyword;
use super::reader::{Field, Object};

/// The most of either: at 4 million, some 250 MB of shared data.
const MAX: u64 = 1 << 22;

/// The default of `sessions.max`.
const DEFAULT_SESSIONS: u32 = 65_536;
/// The default of `max_subjects`.
const DEFAULT_SUBJECTS: u32 = 16_384;

/// Ways of each set of the table of subjects.
pub const SUBJECT_WAYS: u32 = 8;

/// `sessions`, and `max_subjects`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawSessions {
    /// `owned`; by default where there are grants.
    pub owned: Option<bool>,
    /// `unknown`: whether a session that nobody is known to have opened is refused.
    pub refuse_unknown: bool,
    /// `max`: how many are remembered, rounded up to whole sets.
    pub max: u32,
    /// `max_subjects`: how many subjects one limit counts at once, rounded up to whole sets.
    pub max_subjects: u32,
}

impl Default for RawSessions {
    fn default() -> Self {
        Self {
            owned: None,
            refuse_unknown: false,
            max: DEFAULT_SESSIONS,
            max_subjects: DEFAULT_SUBJECTS,
        }
    }
}

/// What happens to a session that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    Pass,
    Refuse,
}

impl Keyword for Unknown {
    const WHAT: &'static str = "what happens to unknown sessions";
    const WORDS: &'static [(&'static str, Self)] =
        &[("pass", Self::Pass), ("refuse", Self::Refuse)];
}

/// Reads both settings.
pub(super) fn read(
    sessions: Option<&Field<'_>>,
    subjects: Option<&Field<'_>>,
    faults: &mut Faults,
) -> RawSessions {
    let mut raw = RawSessions::default();
    let number = |field: &Field<'_>, faults: &mut Faults| {
        field
            .integer(1..=MAX, faults)
            .and_then(|n| u32::try_from(n).ok())
    };
    if let Some(max) = subjects.and_then(|field| number(field, faults)) {
        raw.max_subjects = max;
    }
    let Some(field) = sessions else {
        return raw;
    };
    let Some(object) = Object::read(field, &["owned", "unknown", "max"], faults) else {
        return raw;
    };
    raw.owned = object.get("owned").and_then(|f| f.boolean(faults));
    if let Some(unknown) = object.get("unknown") {
        raw.refuse_unknown = Unknown::read(unknown, faults) == Some(Unknown::Refuse);
        if raw.refuse_unknown && raw.owned == Some(false) {
            faults.error(
                &unknown.pointer,
                "unknown sessions can only be refused where sessions are owned: remove `\"owned\": false`",
            );
        }
    }
    if let Some(max) = object.get("max").and_then(|field| number(field, faults)) {
        raw.max = max;
    }
    raw
}

/// Whole sets for so many, at least one.
pub fn sets(max: u32, ways: u32) -> NonZeroU32 {
    NonZeroU32::new(max.div_ceil(ways.max(1))).unwrap_or(NonZeroU32::MIN)
}
