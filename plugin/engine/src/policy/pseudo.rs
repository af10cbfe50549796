//! Rule identifiers that are not pointers into a policy.

/// The caller has no policy.
pub const NO_POLICY: &str = "(no policy)";
/// The tool is hidden.
pub const HIDDEN: &str = "(hidden)";
/// Not listed, and the default denies.
pub const DEFAULT_DENY: &str = "(default deny)";
/// Equal to a listed or known name only after trimming or case folding.
pub const LOOK_ALIKE: &str = "(look-alike)";
/// Not a plain name, and not listed exactly.
pub const UNSAFE_NAME: &str = "(unsafe name)";
/// The session is another caller's.
pub const SESSION: &str = "(session)";
/// The caller of the operators' listener is no operator.
pub const OPERATORS: &str = "(operators)";
