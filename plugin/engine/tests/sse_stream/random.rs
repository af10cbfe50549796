//! Random and hostile framings against the naive reader.

use proptest::prelude::*;
use toolgate_engine::mcp::sse::{Edit, EventStream};

use super::oracle::list::shows_hidden;
use super::oracle::stream::{READERS, Reader, edited, read, seen};
use super::{LIMIT, by_letter, hide, push_all, whole};

#[test]
fn readers_that_depart_from_the_standard_find_nothing_in_what_it_ignores() {
    let joints = {
        let ends = [
            "", "\n", "\r", "\r\n", "\r\r", "\u{2028}", "\u{B}", "\u{85}", "\r:\n",
        ];
        let fields = [
            "",
            "data: ",
            ":",
            " data:",
            "Data: ",
            "\u{FEFF}data: ",
            "x: ",
            "event: ",
            "id:",
            "event: x\u{2029}data: ",
        ];
        let mut all = Vec::new();
        for end in ends {
            all.extend(fields.iter().map(|field| format!("{end}{field}")));
        }
        all
    };
    let pieces = [
        [
            r#"{"jsonrpc":"2.0","id":1,"result":"#,
            r#"{"tools":[{"name":"hidden"}]}"#,
            "}",
        ],
        [
            r#"{"jsonrpc":"2.0","id":1,"result":{"tools""#,
            r#":[{"name":"hidden"}]"#,
            "}}",
        ],
        [
            r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name""#,
            r#":"hidden""#,
            "}]}}",
        ],
        [
            "",
            r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"hidden"}]}}"#,
            "",
        ],
    ];
    let mut dangerous = [0; READERS.len()];
    for [a, b, c] in pieces {
        for lead in ["data: ", ":\rdata: ", ": c\u{2028}data: ", "id: 1\r\n"] {
            for first in &joints {
                for second in &joints {
                    let text = format!("{lead}{a}{first}{b}{second}{c}\n\n");
                    let found = |bytes: &[u8]| {
                        READERS.map(|reader| {
                            read(bytes, reader, true)
                                .iter()
                                .any(|e| shows_hidden(&e.data))
                        })
                    };
                    let before = found(text.as_bytes());
                    if before == [false; READERS.len()] {
                        continue;
                    }
                    for (count, found) in dangerous.iter_mut().zip(before) {
                        *count += usize::from(found);
                    }
                    let out = whole(text.as_bytes(), &mut hide);
                    let shown = String::from_utf8_lossy(&out);
                    assert_eq!(
                        found(&out),
                        [false; READERS.len()],
                        "{text:?} became {shown:?}"
                    );
                }
            }
        }
    }
    assert!(dangerous.iter().all(|count| *count > 10), "{dangerous:?}");
}

fn line_end() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["\n", "\r", "\r\n"])
}

/// Anything that could stand on a line, well formed or not.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "",
        "",
        "",
        "data",
        "data:",
        "data: ",
        "data: keep",
        "data:rep",
        "data: drop",
        "data: é\u{2028}\u{1F600}",
        "data: r\"q\"",
        "event: endpoint",
        "event:",
        "id: 1",
        "id: 2",
        "retry: 3",
        ": c",
        ":",
        ": \"quoted\"",
        "foo: \"bar\"",
        "foo",
        "Data: \"x\"",
        " data: \"y\"",
        "\u{FEFF}data: z",
    ])
    .prop_map(|line| line.as_bytes().to_vec());
    let bytes = prop::collection::vec(
        prop::sample::select(b"dat:e \"\xE2\x80\xA8\xC3\x0B\xEF\xBB\xBF".to_vec()),
        0..8,
    );
    prop_oneof![6 => known, 1 => bytes]
}

/// A stream in random framing; the last line may lack its end.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let lines = prop::collection::vec((line(), line_end()), 0..20);
    (any::<bool>(), lines, line()).prop_map(|(bom, lines, last)| {
        let mut text = if bom {
            b"\xEF\xBB\xBF".to_vec()
        } else {
            Vec::new()
        };
        for (line, end) in lines {
            text.extend(line);
            text.extend(end.as_bytes());
        }
        text.extend(last);
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn what_comes_out_does_not_depend_on_the_chunks(text in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6), limit in prop::sample::select(vec![12, 40, LIMIT])) {
        let unsplit = push_all([text.as_slice()], limit, &mut by_letter);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let chunks = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]);
        prop_assert_eq!(push_all(chunks, limit, &mut by_letter), unsplit.clone());
        prop_assert_eq!(push_all(text.chunks(1), limit, &mut by_letter), unsplit);
    }

    #[test]
    fn after_every_byte_a_client_has_exactly_the_events_that_are_whole(text in stream()) {
        let mut stream = EventStream::new(LIMIT);
        let mut out = Vec::new();
        for (at, byte) in text.iter().enumerate() {
            stream.push(&[*byte], false, &mut by_letter, &mut out).unwrap();
            let want = edited(read(&text[..=at], Reader::Standard, false), &mut by_letter);
            prop_assert_eq!(seen(&out), want, "after {}", String::from_utf8_lossy(&text[..=at]));
        }
        stream.push(b"", true, &mut by_letter, &mut out).unwrap();
        let want = edited(read(&text, Reader::Standard, false), &mut by_letter);
        prop_assert_eq!(seen(&out), want);
    }

    #[test]
    fn kept_events_keep_their_bytes_and_ids(text in stream()) {
        let out = whole(&text, &mut |_, _| Edit::Keep);
        prop_assert_eq!(read(&out, Reader::Standard, true).len(), read(&text, Reader::Standard, true).len());
        // Only lines with a quote or a byte order mark are ever blanked.
        let lines = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
        if !lines.contains(&b'"') && !lines.windows(3).any(|three| three == b"\xEF\xBB\xBF") {
            prop_assert_eq!(&out, &text);
            let replaced = whole(&text, &mut |data, _| Edit::Replace(data.to_owned()));
            prop_assert_eq!(read(&replaced, Reader::Standard, false), read(&text, Reader::Standard, false));
        }
    }

    #[test]
    fn arbitrary_bytes_are_taken(chunks: Vec<Vec<u8>>, limit in 0usize..64) {
        let mut asked = 0usize;
        let _ = push_all(chunks.iter().map(Vec::as_slice), limit, &mut |data, _| {
            asked = asked.max(data.len());
            Edit::Keep
        });
        // A byte that is not UTF-8 is read as three.
        prop_assert!(asked <= limit * 3);
    }
}
