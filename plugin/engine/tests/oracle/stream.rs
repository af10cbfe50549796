//! A naive reader of event streams, by the standard and as some clients depart from it.

use toolgate_engine::mcp::sse::Edit;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub name: String,
    pub data: String,
    pub last_id: String,
}

/// How a reader departs from the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// WHATWG HTML section 9.2.6, word by word.
    Standard,
    /// Lines end with LF, a CR before it is not part of them (Go's `bufio.ScanLines`).
    LineFeeds,
    /// Lines end where Python's `str.splitlines` ends them.
    SplitLines,
    /// Standard lines, but field names are trimmed and compared without case.
    LaxNames,
}

/// All of them.
pub const READERS: [Reader; 4] = [
    Reader::Standard,
    Reader::LineFeeds,
    Reader::SplitLines,
    Reader::LaxNames,
];

/// The naive reader: the whole text at once, no state kept between chunks.
pub fn read(bytes: &[u8], reader: Reader, incomplete_too: bool) -> Vec<Event> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut text = text.strip_prefix('\u{FEFF}').unwrap_or(&text).to_owned();
    match reader {
        Reader::LineFeeds => text = text.replace("\r\n", "\n").replace('\r', "\u{E000}"),
        Reader::SplitLines => {
            text = text.replace("\r\n", "\n").replace(
                [
                    '\r', '\u{B}', '\u{C}', '\u{1C}', '\u{1D}', '\u{1E}', '\u{85}', '\u{2028}',
                    '\u{2029}',
                ],
                "\n",
            );
        }
        Reader::Standard | Reader::LaxNames => {
            text = text.replace("\r\n", "\n").replace('\r', "\n")
        }
    }
    let mut lines: Vec<&str> = text.split('\n').collect();
    // What follows the last line end is no line; the end of the stream discards its event.
    let rest = lines.pop();
    if incomplete_too {
        lines.extend(rest);
        lines.push("");
    }
    let mut events = Vec::new();
    let (mut name, mut data, mut last_id) = (String::new(), String::new(), String::new());
    for line in lines {
        if line.is_empty() {
            if data.pop().is_some() {
                let name = if name.is_empty() {
                    "message".to_owned()
                } else {
                    name.clone()
                };
                events.push(Event {
                    name,
                    data: data.clone(),
                    last_id: last_id.clone(),
                });
            }
            name.clear();
            data.clear();
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        let mut field = field.to_owned();
        if reader == Reader::LaxNames {
            field = field
                .trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}')
                .to_ascii_lowercase();
        }
        match field.as_str() {
            "event" => name = value.to_owned(),
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "id" if !value.contains('\0') => last_id = value.to_owned(),
            _ => {}
        }
    }
    if reader == Reader::LineFeeds {
        for event in &mut events {
            event.data = event.data.replace('\u{E000}', "\r");
        }
    }
    events
}

/// What a client makes of the stream once the edit has been made; ids of dropped events are gone
/// with them, so the comparison leaves ids to its own test.
pub fn edited(
    events: Vec<Event>,
    edit: &mut dyn FnMut(&str, &str) -> Edit,
) -> Vec<(String, String)> {
    let events = events.into_iter().filter_map(|event| {
        let data = match edit(&event.data, &event.name) {
            Edit::Keep => event.data,
            Edit::Replace(data) => data.replace("\r\n", "\n").replace('\r', "\n"),
            Edit::Drop => return None,
        };
        Some((event.name, data))
    });
    events.collect()
}

pub fn seen(bytes: &[u8]) -> Vec<(String, String)> {
    edited(read(bytes, Reader::Standard, false), &mut |_, _| Edit::Keep)
}
