//! The scripted server answers as the scenario says, in both eras.
#![expect(clippy::unwrap_used, reason = "test")]

use super::*;

fn server(json: &str) -> Scripted {
    Scripted::new(&serde_json::from_str::<Upstream>(json).unwrap())
}

fn ask(server: &mut Scripted, body: &str) -> (u16, String) {
    let response = server.answer(&Request::post("/mcp", body));
    (response.status, response.text())
}

fn ask_stateless(server: &mut Scripted, body: &str) -> (u16, String) {
    let request = Request::post("/mcp", body).with_header("mcp-protocol-version", "2026-07-28");
    let response = server.answer(&request);
    (response.status, response.text())
}

#[test]
fn lists_hold_names_and_whole_objects() {
    let mut server =
        server(r#"{"tools":["a",{"name":"b","inputSchema":{"required":["x"]},"z":1.50}]}"#);
    let (status, text) = ask(&mut server, r#"{"id":"q","method":"tools/list"}"#);
    assert_eq!(status, 200);
    assert_eq!(
        text,
        r#"{"jsonrpc":"2.0","id":"q","result":{"tools":[{"name":"a","inputSchema":{"type":"object"}},{"name":"b","inputSchema":{"required":["x"]},"z":1.50}]}}"#
    );
    let (_, text) = ask_stateless(&mut server, r#"{"id":1,"method":"prompts/list"}"#);
    assert_eq!(
        text,
        r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","prompts":[],"ttlMs":0,"cacheScope":"public"}}"#
    );
}

#[test]
fn calls_are_answered_as_scripted() {
    let mut server = server(
        r#"{"tools":["a","b","c","d"],"answers":{
            "b":{"text":"no","is_error":true},"c":{"error":{"code":-5,"message":"m"}},"d":{"status":503}}}"#,
    );
    let mut call = |tool: &str| {
        ask(
            &mut server,
            &format!(r#"{{"id":1,"method":"tools/call","params":{{"name":"{tool}"}}}}"#),
        )
    };
    assert!(
        call("a")
            .1
            .contains(r#"{"content":[{"type":"text","text":"a ran"}],"isError":false}"#)
    );
    assert!(
        call("b")
            .1
            .contains(r#"{"content":[{"type":"text","text":"no"}],"isError":true}"#)
    );
    assert!(call("c").1.contains(r#""error":{"code":-5,"message":"m"}"#));
    assert_eq!(call("d").0, 503);
    assert!(call("e").1.contains("Unknown tool: e"));
}

#[test]
fn other_methods_follow_their_era() {
    let mut server = server("{}");
    let discover = r#"{"id":1,"method":"server/discover"}"#;
    assert!(ask(&mut server, discover).1.contains("-32601"));
    let (status, text) = ask_stateless(&mut server, discover);
    assert!(
        status == 200 && text.contains("supportedVersions"),
        "{text}"
    );
    assert_eq!(
        ask_stateless(&mut server, r#"{"id":1,"method":"no/such"}"#).0,
        404
    );
    assert_eq!(ask(&mut server, r#"{"id":1,"method":"no/such"}"#).0, 200);
    assert_eq!(
        ask(&mut server, r#"{"method":"notifications/initialized"}"#).0,
        202
    );
    assert_eq!(ask(&mut server, "[").0, 400);
    assert_eq!(server.answer(&Request::new("GET", "/mcp")).status, 405);
}

#[test]
fn event_streams_and_sessions_are_on_request() {
    let mut server = server(r#"{"sse":true,"sessions":true}"#);
    let request = Request::post("/mcp", r#"{"id":1,"method":"initialize"}"#);
    let first = server.answer(&request);
    assert_eq!(
        first.header("content-type"),
        Some(b"text/event-stream".as_slice())
    );
    assert!(first.text().starts_with("event: message\ndata: {") && first.text().ends_with("}\n\n"));
    assert_eq!(
        first.header("mcp-session-id"),
        Some(b"session-1".as_slice())
    );
    let second = server.answer(&request);
    assert_eq!(
        second.header("mcp-session-id"),
        Some(b"session-2".as_slice())
    );
}
