//! A list that is cut anywhere, through the module that Envoy runs: nothing hidden leaves, and what is left is the same to the byte.
#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "test")]

#[path = "../../plugin/engine/tests/oracle/mod.rs"]
mod oracle;
#[path = "common/toolgate.rs"]
mod toolgate;

use host_test::{Host, Reply, Request, Response, Settings};
use oracle::list::{only_hidden_is_gone, shows_hidden};
use oracle::stream::{READERS, Reader, read};
use serde_json::json;

/// Names that are hidden in several spellings, entries that no two clients name alike, and names where there is no list.
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[ {"name":"a","x":1.0e5,"description":"\"hidden\" 中😀\u00e9"}, {"name":"hidden_1"} ,{"n\u0061me":"hidden_2","x":[{},[]]},{"name":"\u0068idden_3"},{"x":{"name":"hidden"},"name":"b"},{"Name":"hidden_4"},{"name":"c","NAME":"hidden_5"},{"name":"un_hidden"}],"prompts":[{"name":"hidden_p"},{"name":"p"}],"resources":[{"uri":"hidden:1","name":"a"},{"uri":"r"}],"nextCursor":"c","cacheScope":"public","_meta":{"tools":[{"name":"kept"}]}}}"#;

/// Who asks: with grants, what a caller sees is its own, and so is not for others' caches.
#[derive(Clone, Copy, Debug)]
struct Caller {
    hold: bool,
    private: bool,
}

const CALLERS: [Caller; 3] = [
    Caller {
        hold: true,
        private: false,
    },
    Caller {
        hold: true,
        private: true,
    },
    Caller {
        hold: false,
        private: false,
    },
];

fn host(caller: Caller) -> Host {
    let denied = json!({"default": "allow", "deny": ["hidden*"]});
    let policy = json!({
        "version": "1", "default": "allow", "hide": ["hidden*"], "prompts": denied, "resources": denied,
    });
    let mut plugin = json!({"server": "s", "hold_headers": caller.hold, "policy": policy});
    if caller.private {
        let hash = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
        plugin = json!({
            "server": "s", "policies": {"p": policy}, "identity": [{"bearer": true}],
            "grants": {"ann": {"token_sha256": hash, "policy": "p"}},
        });
    }
    let settings = Settings {
        plugin_config: plugin.to_string().into_bytes(),
        hold_allowed: caller.hold,
        ..Settings::default()
    };
    Host::start(toolgate::module(), &settings).unwrap()
}

/// What the client gets of an answer that comes in these pieces.
fn through(host: &mut Host, kind: &str, pieces: &[&[u8]]) -> Vec<u8> {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    // SHA-256 of `foo` stands in the configuration.
    let request = Request::post("/mcp", body).with_header("authorization", "Bearer foo");
    let answer = Response::new(200).with_header("content-type", kind);
    let answer = pieces
        .iter()
        .fold(answer, |answer, piece| answer.with_chunk(*piece));
    let out = host.exchange(0, &request, &mut |_: &Request| {
        Reply::Response(answer.clone())
    });
    assert_eq!(out.problems, [], "{pieces:?}");
    assert!(out.response_complete);
    out.response.unwrap().body()
}

/// Cuts `text` at every byte, and at two places a thousand times; returns what leaves, always the same.
fn cut_everywhere(host: &mut Host, kind: &str, text: &[u8]) -> Vec<u8> {
    let whole = through(host, kind, &[text]);
    for at in 0..=text.len() {
        let (head, tail) = text.split_at(at);
        assert_eq!(through(host, kind, &[head, tail]), whole, "cut at {at}");
    }
    let mut state = 1u32;
    let mut place = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap() % (text.len() + 1)
    };
    for _ in 0..1_000 {
        let (one, other) = (place(), place());
        let (first, rest) = text.split_at(one.min(other));
        let (second, third) = rest.split_at(one.abs_diff(other));
        let out = through(host, kind, &[first, second, third]);
        assert_eq!(out, whole, "cut at {one} and {other}");
    }
    whole
}

fn check(before: &str, after: &str, private: bool) {
    assert!(!shows_hidden(after), "{after}");
    assert_eq!(only_hidden_is_gone(before, after, private), Ok(()));
}

#[test]
fn json_in_two_pieces_or_three_is_filtered_alike() {
    assert!(shows_hidden(LIST));
    for caller in CALLERS {
        let mut host = host(caller);
        let out = cut_everywhere(&mut host, "application/json", LIST.as_bytes());
        check(LIST, &String::from_utf8(out).unwrap(), caller.private);
    }
}

/// A stream with the list in one line and in several, between a comment and what is no list.
fn stream(end: &str) -> String {
    let lines = LIST.replace(" {", &format!(" {end}data:{{"));
    [
        ": hidden is what a comment says".to_owned(),
        String::new(),
        "event: message".to_owned(),
        "id: 7".to_owned(),
        format!("data: {LIST}"),
        String::new(),
        r#"data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"tools"}}"#
            .to_owned(),
        String::new(),
        format!("data: {lines}"),
        String::new(),
        String::new(),
    ]
    .join(end)
}

#[test]
fn events_in_two_pieces_or_three_are_filtered_alike() {
    for caller in CALLERS {
        let mut host = host(caller);
        for end in ["\n", "\r\n", "\r"] {
            let text = stream(end);
            let out = cut_everywhere(&mut host, "text/event-stream", text.as_bytes());
            for reader in READERS {
                for event in read(&out, reader, true) {
                    assert!(!shows_hidden(&event.data), "{reader:?}: {}", event.data);
                }
            }
            let before = read(text.as_bytes(), Reader::Standard, false);
            let after = read(&out, Reader::Standard, false);
            assert_eq!((before.len(), after.len()), (3, 3));
            for (before, after) in before.iter().zip(&after) {
                assert_eq!(
                    (&before.name, &before.last_id),
                    (&after.name, &after.last_id)
                );
                check(&before.data, &after.data, caller.private);
            }
        }
    }
}
