//! The ABI's form of a header map: a count, then the lengths of each name and value, then each
//! name and value with a zero byte after it. Numbers are 32-bit little-endian.

use super::super::message::Headers;

/// Writes a header map.
pub(crate) fn write(headers: &Headers) -> Vec<u8> {
    let mut bytes = Vec::new();
    let number = |bytes: &mut Vec<u8>, n: usize| {
        bytes.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
    };
    number(&mut bytes, headers.len());
    for (name, value) in headers {
        number(&mut bytes, name.len());
        number(&mut bytes, value.len());
    }
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(value);
        bytes.push(0);
    }
    bytes
}

/// Reads a header map; `None` if the lengths do not fit the bytes. No bytes are no headers.
/// Names are lower-cased.
pub(crate) fn read(bytes: &[u8]) -> Option<Headers> {
    if bytes.is_empty() {
        return Some(Headers::new());
    }
    let (count, rest) = number(bytes)?;
    // Checked before anything of that size is made: the count is the guest's word.
    let lengths_size = count.checked_mul(8)?;
    let mut lengths = rest.get(..lengths_size)?;
    let mut data = rest.get(lengths_size..)?;
    let mut headers = Headers::new();
    for _ in 0..count {
        let (name_size, after) = number(lengths)?;
        let (value_size, after) = number(after)?;
        lengths = after;
        let (name, after) = text(data, name_size)?;
        let (value, after) = text(after, value_size)?;
        data = after;
        headers.push((
            String::from_utf8_lossy(name).to_ascii_lowercase(),
            value.to_vec(),
        ));
    }
    Some(headers)
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

/// `size` bytes and what follows the zero byte after them.
fn text(bytes: &[u8], size: usize) -> Option<(&[u8], &[u8])> {
    let text = bytes.get(..size)?;
    Some((text, bytes.get(size.checked_add(1)?..)?))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]

    use super::{read, write};

    #[test]
    fn what_is_written_is_read() {
        let headers = vec![
            (":path".to_owned(), b"/mcp".to_vec()),
            ("x-empty".to_owned(), Vec::new()),
            ("x-bytes".to_owned(), vec![0xff, 0, 1]),
        ];
        assert_eq!(read(&write(&headers)).unwrap(), headers);
    }

    #[test]
    fn lengths_beyond_the_bytes_are_refused() {
        assert!(read(&[0xff; 4]).is_none());
        assert!(read(&[1, 0, 0]).is_none());
        let mut bytes = write(&vec![("a".to_owned(), b"b".to_vec())]);
        bytes.pop();
        assert!(read(&bytes).is_none());
        bytes.extend_from_slice(&[0; 3]);
        assert!(
            read(&bytes).is_some(),
            "bytes after the last pair do no harm"
        );
    }
}
