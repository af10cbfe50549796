//! Event streams: what comes out does not depend on how the stream was cut, and hides what is hidden.

use std::rc::Rc;

use toolgate_engine::Gate;
use toolgate_engine::exchange::{Exchange, ResponseHead, ResponseStep};

use super::oracle::list::shows_hidden;
use super::oracle::stream::{READERS, read};
use super::support::{World, gate, post};

const POLICY: &str =
    r#"{"server":"s","policy":{"version":"1","default":"allow","hide":["hidden*"]}}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

thread_local! {
    static GATE: Rc<Gate> = gate(POLICY);
}

/// Checks one input: a byte that says where to cut, then a stream.
pub fn check(input: &[u8]) {
    let Some((cuts, text)) = input.split_first() else {
        return;
    };
    let whole = filtered([text]);
    for reader in READERS {
        for event in read(&whole, reader, true) {
            assert!(!shows_hidden(&event.data), "{reader:?}: {}", event.data);
        }
    }
    assert_eq!(filtered(text.chunks(1)), whole, "cut at every byte");
    assert_eq!(filtered(pieces(text, *cuts)), whole, "cut by {cuts}");
}

/// `text` in pieces of 0 to 63 bytes, as the seed has it.
fn pieces(text: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut state = u32::from(seed) + 1;
    let mut rest = text;
    let mut all = Vec::new();
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (piece, tail) = rest.split_at((state >> 26).min(rest.len() as u32) as usize);
        all.push(piece);
        rest = tail;
    }
    all
}

/// A whole exchange whose answer comes in these pieces.
fn filtered<'i>(pieces: impl IntoIterator<Item = &'i [u8]>) -> Vec<u8> {
    let mut world = World::default();
    let mut exchange = listing(&mut world);
    let mut out = Vec::new();
    for piece in pieces {
        out.extend(exchange.on_response_chunk(piece, false, &mut world));
    }
    out.extend(exchange.on_response_chunk(b"", true, &mut world));
    out
}

fn listing(world: &mut World) -> Exchange {
    let (_, mut exchange) = GATE.with(|gate| post(gate, world, &[], LIST));
    let head = ResponseHead {
        status: 200,
        content_type: Some(b"text/event-stream"),
        content_encoding: None,
    };
    assert_eq!(exchange.on_response_headers(&head), ResponseStep::Stream);
    exchange
}
