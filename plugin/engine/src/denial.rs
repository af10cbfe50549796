//! A denial as the caller reads it (`mcp-wire.md`, "How clients take a denial").

use crate::config::policy::DenyWith;
use crate::decide::{ApprovalState, Denial, DenialKind, QUESTION_KEY};
use crate::json::push_json_string;
use crate::mcp::reply::{error, tool_error};
use crate::mcp::round_trip::ask_user;
use crate::mcp::{Era, Message, Reply, Role};

/// What every denial begins with.
const PREFIX: &str = "[POLICY DENIED] ";

/// JSON-RPC code of a denial by rule.
pub const CODE_DENIED: i32 = -31403;
/// JSON-RPC code of a denial by limit.
pub const CODE_LIMITED: i32 = -31429;
/// JSON-RPC code of a call that waits for a person.
pub const CODE_APPROVAL: i32 = -31202;
/// JSON-RPC "Invalid params": what the protocol says of a tool that does not exist.
const CODE_UNKNOWN_TOOL: i32 = -32602;

/// The HTTP answer to a denied message.
pub fn reply(denial: &Denial, message: &Message<'_>, form: DenyWith, era: Era) -> Reply {
    let mut reply = match message.role {
        Role::Request => Reply::json(200, body(denial, message, form, era)),
        // Nothing is owed to a notification but that it was taken; clients give up on errors.
        Role::Notification | Role::Response => Reply::accepted(),
    };
    limit_headers(denial, &mut reply);
    reply
}

/// The JSON-RPC response to a denied request.
pub fn body(denial: &Denial, message: &Message<'_>, form: DenyWith, era: Era) -> String {
    let id = message.id.unwrap_or("null");
    if denial.kind == DenialKind::Hidden && message.is_tool_call() {
        let tool = message.params.name.as_deref().unwrap_or_default();
        return error(
            Some(id),
            CODE_UNKNOWN_TOOL,
            &format!("Unknown tool: {tool}"),
            None,
        );
    }
    if let DenialKind::Approval(Some(state)) = &denial.kind
        && let ApprovalState::Asks(question) = &**state
    {
        return ask_user(id, QUESTION_KEY, &question.text, &question.state);
    }
    let text = format!("{PREFIX}{}", denial.message);
    let data = data(denial);
    // The result of a task is asked for later; its creation can only fail as an error.
    let as_result = form == DenyWith::Result && message.is_tool_call() && !message.params.task;
    if !as_result {
        let code = match denial.kind {
            DenialKind::Limit(_) => CODE_LIMITED,
            DenialKind::Approval(_) => CODE_APPROVAL,
            DenialKind::Rule | DenialKind::Hidden => CODE_DENIED,
        };
        return error(Some(id), code, &text, Some(&data));
    }
    let complete = era == Era::Stateless;
    match advice(denial) {
        Some(advice) => tool_error(id, &[&text, &advice], &data, complete),
        None => tool_error(id, &[&text], &data, complete),
    }
}

/// What an agent can do about it, in words that the model reads.
fn advice(denial: &Denial) -> Option<String> {
    let state = match &denial.kind {
        DenialKind::Limit(state) => state,
        DenialKind::Approval(Some(state)) => return Some(approval_advice(state)),
        _ => return None,
    };
    Some(match state.retry_after {
        Some(1) => "Retry after 1 second.".to_owned(),
        Some(seconds) => format!("Retry after {seconds} seconds."),
        None => format!(
            "Do not retry: this call costs more than the whole limit of {}.",
            state.max
        ),
    })
}

/// What an agent can do about a call that needs a person's yes.
fn approval_advice(state: &ApprovalState) -> String {
    match state {
        ApprovalState::Waits { id, seconds, .. } => format!(
            "Approval {id} is requested from an operator. When it is given, send exactly this call again, once; until then the same call changes nothing. It ends in {seconds} seconds."
        ),
        // Asked by the answer itself.
        ApprovalState::Asks(_) => String::new(),
        ApprovalState::Refused { id, by, .. } => {
            format!("Approval {id} was denied by {by}. Do not send this call again.")
        }
        ApprovalState::Void => {
            "This answer belongs to another call, was used before, or came too late. Send the call again without `requestState` and `inputResponses` to be asked anew.".to_owned()
        }
        ApprovalState::Full => {
            "Too many of your calls wait for approval, or were denied it a short time ago. Ask for no others until one is decided or ends.".to_owned()
        }
        ApprovalState::Impossible(why) => (*why).to_owned(),
    }
}

/// `data.rule`, and of a limit what remains and when to come back.
fn data(denial: &Denial) -> String {
    let mut out = String::from("{\"rule\":");
    push_json_string(&mut out, &denial.rule);
    if let DenialKind::Limit(state) = &denial.kind {
        out.push_str(",\"limit\":");
        push_json_string(&mut out, &state.counter);
        out.push_str(&format!(
            ",\"max\":{},\"window\":{},\"remaining\":{}",
            state.max, state.window_seconds, state.remaining
        ));
        if let Some(seconds) = state.retry_after {
            out.push_str(&format!(",\"retry_after\":{seconds}"));
        }
    }
    let approval = match &denial.kind {
        DenialKind::Approval(Some(state)) => match &**state {
            ApprovalState::Waits { id, seconds, .. } => Some((id, "pending", seconds)),
            ApprovalState::Refused { id, seconds, .. } => Some((id, "denied", seconds)),
            ApprovalState::Asks(_)
            | ApprovalState::Void
            | ApprovalState::Full
            | ApprovalState::Impossible(_) => None,
        },
        _ => None,
    };
    if let Some((id, status, seconds)) = approval {
        out.push_str(&format!(
            ",\"approval\":{{\"id\":\"{id}\",\"status\":\"{status}\",\"ends_in\":{seconds}}}"
        ));
    }
    out.push('}');
    out
}

/// Of a limit's denial: `Retry-After` (RFC 9110) and `RateLimit`
/// (draft-ietf-httpapi-ratelimit-headers).
pub fn limit_headers(denial: &Denial, reply: &mut Reply) {
    let DenialKind::Limit(state) = &denial.kind else {
        return;
    };
    let name: String = state
        .counter
        .chars()
        .map(|c| match c {
            ' '..='~' if c != '"' && c != '\\' => c,
            _ => '?',
        })
        .collect();
    let (remaining, max, window) = (state.remaining, state.max, state.window_seconds);
    let mut current = format!("\"{name}\";r={remaining}");
    if let Some(seconds) = state.retry_after {
        current.push_str(&format!(";t={seconds}"));
        reply.headers.push(("retry-after", seconds.to_string()));
    }
    reply.headers.push(("ratelimit", current));
    reply
        .headers
        .push(("ratelimit-policy", format!("\"{name}\";q={max};w={window}")));
}
