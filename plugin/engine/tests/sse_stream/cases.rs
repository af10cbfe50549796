//! One stream, one claim.

use toolgate_engine::mcp::sse::{Edit, EventStream, TooLong};

use super::oracle::list::shows_hidden;
use super::oracle::stream::{Reader, read};
use super::{LIMIT, hide, push_all, whole};

/// A tools/list response as one event and more around it, in one framing.
fn listing(end: &str, several_lines: bool, comments: bool, bom: bool) -> String {
    let json = [
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":["#,
        r#"{"name":"claim","x":"é\u00e9"},"#,
        r#"{"name":"hidden_one"},{"name":"hidd\u0065n_two"},"#,
        r#"{"name":"list","description":"data: a"}],"nextCursor":"c"}}"#,
    ];
    let mut lines = vec![": hello", "", "event: message", "id: 7"];
    let joined = json.concat();
    let data: Vec<String> = if several_lines {
        json.iter().map(|part| format!("data: {part}")).collect()
    } else {
        vec![format!("data:{joined}")]
    };
    for line in &data {
        lines.push(line);
        if comments {
            lines.push(": between");
        }
    }
    lines.extend([
        "retry: 5",
        "",
        ": ping",
        "",
        "id: 8",
        "data",
        "",
        "data: {\"kept\":\"é\u{1F600}\"}",
        "",
        "",
    ]);
    let bom = if bom { "\u{FEFF}" } else { "" };
    format!("{bom}{}", lines.join(end))
}

fn framings() -> Vec<String> {
    let mut all = Vec::new();
    for end in ["\n", "\r", "\r\n"] {
        for flags in 0..8 {
            all.push(listing(end, flags & 1 > 0, flags & 2 > 0, flags & 4 > 0));
        }
    }
    all
}

#[test]
fn a_list_split_at_any_byte_never_shows_a_hidden_name() {
    for text in framings() {
        let bytes = text.as_bytes();
        let unsplit = whole(bytes, &mut hide);
        let shown = String::from_utf8(unsplit.clone()).unwrap();
        assert!(!shown.contains("hid"), "{shown}");
        let filtered = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"claim","x":"é\u00e9"},{"name":"list","description":"data: a"}],"nextCursor":"c"}}"#;
        let events = read(&unsplit, Reader::Standard, false);
        assert_eq!(events.len(), 3, "{shown}");
        assert_eq!(events[0].data.replace('\n', ""), filtered, "{shown}");
        assert_eq!(
            (events[0].last_id.as_str(), events[1].last_id.as_str()),
            ("7", "8")
        );
        // All but the data lines of the one event is there to the byte.
        let tail = text.find(": ping").unwrap();
        assert!(shown.ends_with(&text[tail..]), "{shown}");
        assert!(
            shown.starts_with(&text[..text.find("data").unwrap()]),
            "{shown}"
        );

        for at in 0..=bytes.len() {
            let (a, b) = bytes.split_at(at);
            let (out, done) = push_all([a, b], LIMIT, &mut hide);
            assert_eq!(
                (&out, done),
                (&unsplit, Ok(())),
                "split at {at} of {text:?}"
            );
        }
        let (out, done) = push_all(bytes.chunks(1), LIMIT, &mut hide);
        assert_eq!((&out, done), (&unsplit, Ok(())), "{text:?}");
    }
}

#[test]
fn a_stream_that_breaks_off_anywhere_shows_no_hidden_name() {
    for text in framings() {
        for at in 0..text.len() {
            let out = whole(&text.as_bytes()[..at], &mut hide);
            let shown = String::from_utf8_lossy(&out).into_owned();
            let lenient = read(&out, Reader::Standard, true);
            for event in &lenient {
                assert!(!shows_hidden(&event.data), "{shown}");
            }
            // Before the list is whole it is not JSON, so nothing of it is let out.
            assert!(!shown.contains("hidden_one"), "{at}: {shown}");
        }
    }
}

#[test]
fn what_is_kept_is_the_same_to_the_byte() {
    for text in framings() {
        for chunk in [1, 2, 3, 7, text.len()] {
            let (out, done) =
                push_all(text.as_bytes().chunks(chunk), LIMIT, &mut |_, _| Edit::Keep);
            assert_eq!((out.as_slice(), done), (text.as_bytes(), Ok(())));
        }
    }
    // Bytes that are not UTF-8, and an event that the end of the body cuts short.
    for text in [
        &b"data: \xFF\xC3\n\ndata: \xE2\x80"[..],
        b"\xEF\xBB\xBF",
        b"\xEF\xBB",
        b"\xEF\xBB\xBF\n \xEF\xBB\xBFdata: x\n\n",
        b"event: x",
        b"data",
        b"data: x\r",
        b"data: x\n",
        b"\r\n\r\r\n\n",
        b"nonsense\n:\n::\n\0\n",
    ] {
        for chunk in [1, 2, 100] {
            let (out, done) = push_all(text.chunks(chunk), LIMIT, &mut |_, _| Edit::Keep);
            assert_eq!((out.as_slice(), done), (text, Ok(())));
        }
    }
}

/// A stream, and the names and data of its events.
type Reading<'a> = (&'a [u8], &'a [(&'a str, &'a str)]);

#[test]
fn the_edit_is_asked_what_a_client_would_read() {
    let cases: &[Reading<'_>] = &[
        (b"data: a\n\n", &[("message", "a")]),
        (b"data:a\n\n", &[("message", "a")]),
        (b"data:  a\n\n", &[("message", " a")]),
        (b"data\n\n", &[("message", "")]),
        (b"data: \xF0\x9F\n\n", &[("message", "\u{FFFD}")]),
        (
            b"data: a\xC3\ndata: \xA9b\n\n",
            &[("message", "a\u{FFFD}\n\u{FFFD}b")],
        ),
        (b"data: a\rdata:\r\ndata: b\n\n", &[("message", "a\n\nb")]),
        (
            b"event: x\nevent: endpoint\ndata: /m\n\n",
            &[("endpoint", "/m")],
        ),
        (b"event: x\nevent:\ndata: a\n\n", &[("message", "a")]),
        (b"event: x\n\ndata: a\n\n", &[("message", "a")]),
        (b"id: 1\nretry: 5\n: c\n\n", &[]),
        (b"Data: a\n data: a\ndatas: a\n: data: a\n\n", &[]),
        (b"\xEF\xBB\xBFdata: a\n\n", &[("message", "a")]),
        (b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\n", &[]),
        (b"data: a\n\ndata: b", &[("message", "a"), ("message", "b")]),
        (
            b"data: a\n\ndata: b\n",
            &[("message", "a"), ("message", "b")],
        ),
    ];
    for (text, want) in cases {
        for chunk in [1, 100] {
            let mut asked = Vec::new();
            let mut edit = |data: &str, name: &str| {
                asked.push((name.to_owned(), data.to_owned()));
                Edit::Keep
            };
            let (out, _) = push_all(text.chunks(chunk), LIMIT, &mut edit);
            let asked: Vec<_> = asked
                .iter()
                .map(|(n, d)| (n.as_str(), d.as_str()))
                .collect();
            assert_eq!(&asked, want, "{}", String::from_utf8_lossy(text));
            if !text.starts_with(b"\xEF\xBB\xBF\xEF\xBB\xBF") {
                assert_eq!(&out, text);
            }
        }
    }
}

#[test]
fn a_replaced_event_keeps_its_other_lines_in_order() {
    let replace = |text: &str, with: &str| {
        let out = whole(text.as_bytes(), &mut |_, _| Edit::Replace(with.to_owned()));
        String::from_utf8(out).unwrap()
    };
    assert_eq!(replace("data:a\n\n", "b"), "data: b\n\n");
    assert_eq!(
        replace(
            "id: 1\r\n: c\r\ndata: a\r\nevent: x\r\ndata: b\r\nfoo\r\n\r\n: d\r\n",
            "{}"
        ),
        "id: 1\r\n: c\r\nevent: x\r\ndata: {}\r\nfoo\r\n\r\n: d\r\n"
    );
    assert_eq!(replace("data: a\r\r", "{}"), "data: {}\r\r");
    assert_eq!(replace("data: a\r\r: \"b\"\n", "{}"), "data: {}\r\r:\n");
    // The CR of the first must not meet the LF of the blank line.
    assert_eq!(replace("data: a\rdata: b\n\n", "{}"), "data: {}\n\n");
    assert_eq!(replace("data: a\r\"x\"\n\n", "{}"), "data: {}\r:\n\n");
    assert_eq!(replace("\u{FEFF}data: a\n\n", "{}"), "\u{FEFF}data: {}\n\n");
    // Line ends in the data cannot become fields of their own.
    assert_eq!(
        replace("data: a\n\n", "b\n\nid: 1\rc\r\nd\r"),
        "data: b\ndata: \ndata: id: 1\ndata: c\ndata: d\ndata: \n\n"
    );
    assert_eq!(replace("data: a", "b\nc"), "data: b\ndata: c");
    assert_eq!(replace("data: a\n\n", " b"), "data:  b\n\n");
}

#[test]
fn a_dropped_event_leaves_nothing_behind() {
    for text in [
        "id: 1\ndata: a\n: c\n\n: d\n",
        "id: 1\r\ndata: a\r\n: c\r\n\r\n: d\n",
        "data: a\r\r: d\n",
    ] {
        let (out, _) = push_all(text.as_bytes().chunks(1), LIMIT, &mut |_, _| Edit::Drop);
        assert_eq!(String::from_utf8(out).unwrap(), ": d\n", "{text:?}");
    }
}

#[test]
fn an_event_leaves_with_its_last_byte_and_keep_alives_at_once() {
    let steps: &[(&[u8], &[u8])] = &[
        (b": pi", b""),
        (b"ng\n", b": ping\n"),
        (b"\n", b"\n"),
        (b": ping\r", b": ping\r"),
        (b"\n\r", b"\n\r"),
        (b"\ndata: a\r", b"\n"),
        (b"\r", b"data: a\r\r"),
        (b"\ndata: b\n", b"\n"),
        (b": in the event\n", b""),
        (
            b"\ndata: c\r\n\r",
            b"data: b\n: in the event\n\ndata: c\r\n\r",
        ),
        (b"data: d\n\n", b"data: d\n\n"),
        (b"id: 1\n\n", b"id: 1\n\n"),
    ];
    let mut stream = EventStream::new(LIMIT);
    for (chunk, want) in steps {
        let mut out = Vec::new();
        stream
            .push(chunk, false, &mut |_, _| Edit::Keep, &mut out)
            .unwrap();
        assert_eq!(out, *want, "after {}", String::from_utf8_lossy(chunk));
    }
    assert_eq!(stream.held(), 0);
}

#[test]
fn an_event_beyond_the_bound_ends_the_stream_and_nothing_of_it_leaves() {
    let fits = b"data: 67\nid: 12\n\n: c\ndata: 6789012\n\r\n";
    let (out, done) = push_all(fits.chunks(3), 16, &mut |_, _| Edit::Keep);
    assert_eq!((out.as_slice(), done), (&fits[..], Ok(())));
    for (long, before) in [
        (&b": c\n\ndata: 678901234567\n\n"[..], &b": c\n\n"[..]),
        (
            b"data: 6\n\ndata: 67\nid: 12\nid: 1\n\ndata: 7\n\n",
            b"data: 6\n\n",
        ),
        (b"\r\n: 345678901234567\ndata: a\n\n", b"\r\n"),
        (b"data: 6\r\r\n\r34567890123456789", b"data: 6\r\r\n\r"),
    ] {
        for chunk in 1..=long.len() {
            let mut stream = EventStream::new(16);
            let mut out = Vec::new();
            let mut results = Vec::new();
            for part in long.chunks(chunk) {
                results.push(stream.push(part, false, &mut |_, _| Edit::Keep, &mut out));
            }
            assert_eq!(
                results.last(),
                Some(&Err(TooLong { limit: 16 })),
                "chunks of {chunk}"
            );
            assert_eq!(out, before, "chunks of {chunk}");
            assert_eq!(
                stream.push(b"data: x\n\n", true, &mut |_, _| Edit::Keep, &mut out),
                Err(TooLong { limit: 16 })
            );
            assert_eq!((out.as_slice(), stream.held()), (before, 0));
        }
    }
}

/// Quadratic work would take hours here.
#[test]
fn a_large_event_in_single_bytes_takes_linear_time() {
    let mut text = b"data: ".to_vec();
    text.extend(std::iter::repeat_n(b'x', 2 << 20));
    text.extend_from_slice(b"\n\n");
    let (out, done) = push_all(text.chunks(1), 4 << 20, &mut |_, _| Edit::Keep);
    assert_eq!((out == text, done), (true, Ok(())));

    let text = b"data:x\n".repeat(300_000);
    let (out, done) = push_all(text.chunks(1), 4 << 20, &mut |_, _| {
        Edit::Replace("y".into())
    });
    assert_eq!((out.as_slice(), done), (&b"data: y\n"[..], Ok(())));
}

#[test]
fn a_line_that_only_some_readers_take_for_data_becomes_an_empty_comment() {
    for (text, want) in [
        // Not ambiguous: no quote, or read alike by all.
        (": c\rfoo\r: d\u{2028}\n", ": c\rfoo\r: d\u{2028}\n"),
        (
            ": \"c\"\nfoo: \"d\"\r\n\"e\"\n",
            ": \"c\"\nfoo: \"d\"\r\n\"e\"\n",
        ),
        (
            "data: \"c\"\rdata: \"d\u{2028}\"\r\r",
            "data: \"c\"\rdata: \"d\u{2028}\"\r\r",
        ),
        (": c\r: \"d\"\n\n", ": c\r:\n\n"),
        ("data: c\r\"d\"\r\n\n", "data: c\r:\r\n\n"),
        ("data: c\n: \u{85}\"d\"\n\n", "data: c\n:\n\n"),
        ("event: c\u{2029}\"d\"\ndata: e\n\n", ":\ndata: e\n\n"),
        ("id: c\u{B}\"d\"\n\n", ":\n\n"),
        ("DATA : \"d\"\n", ":\n"),
        ("\u{FEFF}\u{FEFF}data: d", "\u{FEFF}:"),
        ("data: c\n\n\u{FEFF}data: d\n", "data: c\n\n:\n"),
    ] {
        let (out, _) = push_all(text.as_bytes().chunks(1), LIMIT, &mut |_, _| Edit::Keep);
        assert_eq!(String::from_utf8(out).unwrap(), want, "{text:?}");
    }
}
