//! The whole list, which the listener hands out in pages.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::admin::{Admin, Answer};
use super::{Trouble, show};

#[derive(Deserialize, Serialize)]
struct Page {
    approvals: Vec<Box<RawValue>>,
    #[serde(skip_serializing)]
    next: Option<String>,
}

/// Asks for page after page; the answer is as one page that has all, or the first that is none.
pub(super) fn all(admin: &Admin) -> Result<Answer, Trouble> {
    let mut whole = Vec::new();
    let mut before = String::new();
    let mut path = "/approvals".to_owned();
    loop {
        let answer = admin.ask("GET", &path)?;
        if answer.status != 200 {
            return Ok(answer);
        }
        let page: Page = show::read(&answer.body)?;
        whole.extend(page.approvals);
        let Some(next) = page.next else {
            let all = Page {
                approvals: whole,
                next: None,
            };
            let body = serde_json::to_string(&all).map_err(|why| why.to_string())?;
            return Ok(Answer { body, ..answer });
        };
        // It becomes part of a path, and must lead on.
        let plain = next
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if !plain || next == before {
            return Err(format!(
                "this is not an operators' listener: `next` of its list leads nowhere ({})",
                next.escape_debug()
            ));
        }
        path = format!("/approvals?after={next}");
        before = next;
    }
}
