//! A person's yes to one call: asked for, given, and used up by exactly that call.
//!
//! What an approval is for is its [`Bond`]: caller, server, tool, arguments in canonical form, and
//! policy. Requests stand in the store, in a row for each caller ([`row`]), and every step from
//! asked to used is one compare-and-swap of that row ([`book`]). So of any number of retries at the
//! same moment, on any number of workers, exactly one passes.
//!
//! The module knows no MCP and no rule. What it promises, whoever calls:
//! - an approval passes one call with the same bond, before its time is over, and no other;
//! - a yes is only one with the seal of a key from the configuration ([`keys`]);
//! - a row has a fixed number of places, of which one caller may hold only some; rows of callers
//!   that the configuration knows are theirs alone;
//! - a no holds until it ends, whatever else is asked meanwhile;
//! - what cannot be read denies.

mod bond;
mod book;
mod continuation;
mod decision;
mod directory;
mod id;
mod keys;
mod notice;
mod place;
mod plain;
mod row;
mod state;
mod webhook;

pub use bond::Bond;
pub use book::{Answer, Asked, Standing, ask, use_up};
pub use continuation::go_on;
pub use decision::{Cursor, Decided, Listed, PAGE, Page, decide, find, list};
pub use id::ApprovalId;
pub use keys::Keys;
pub use notice::Notice;
pub use place::{Place, Places};
pub use plain::{is_unseen, plain};
pub use row::{ROW_PLACES, State};
pub use state::{MAX_KEPT_BYTES, Returned, USER, Worth, accept, is_bound, request_state};
pub use webhook::{Announcement, Webhook};
