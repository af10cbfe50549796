//! Protobuf's wire format, as far as we meet it: fields one by one, read and written.
//!
//! Two small messages and a `Struct` do not pay for a code generator and its library in every
//! module: this adds about 1 kB. Rules: <https://protobuf.dev/programming-guides/encoding/>.

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire<'a> {
    /// Integers, enums and booleans.
    Varint(u64),
    /// `fixed64` and `double`.
    Fixed64(u64),
    /// `fixed32` and `float`.
    Fixed32(u32),
    /// Strings, bytes, messages and packed lists.
    Bytes(&'a [u8]),
}

/// Reads a message field by field.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of one message.
    pub fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Whether the message is read to its end.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next field's number and value; `None` when the bytes are no field, groups among them.
    pub fn field(&mut self) -> Option<(u64, Wire<'a>)> {
        let tag = self.varint()?;
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().ok()?)),
            _ => return None,
        };
        Some((tag >> 3, wire))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7F).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

/// Writes a message field by field.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// An integer or enum; 0, which is what an absent one means, is left out.
    pub fn varint(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.raw(u64::from(number) << 3);
            self.raw(value);
        }
    }

    /// A string, bytes or a message.
    pub fn bytes(&mut self, number: u32, value: &[u8]) {
        self.raw(u64::from(number) << 3 | 2);
        self.raw(u64::try_from(value.len()).unwrap_or(u64::MAX));
        self.out.extend_from_slice(value);
    }

    /// A message that `write` fills.
    pub fn message(&mut self, number: u32, write: impl FnOnce(&mut Writer)) {
        let mut inner = Writer::default();
        write(&mut inner);
        self.bytes(number, &inner.out);
    }

    /// The whole message.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    fn raw(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out
                .push(u8::try_from(value & 0x7F).unwrap_or(0) | 0x80);
            value >>= 7;
        }
        self.out.push(u8::try_from(value).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut writer = Writer::default();
        for value in [1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            writer.varint(3, value);
        }
        writer.varint(4, 0);
        writer.message(16, |inner| inner.bytes(1, &[b'x'; 200]));
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        for value in [1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(reader.field(), Some((3, Wire::Varint(value))));
        }
        let inner = [&b"\x0A\xC8\x01"[..], &[b'x'; 200]].concat();
        assert_eq!(reader.field(), Some((16, Wire::Bytes(&inner))));
        assert!(reader.is_empty());
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        assert_eq!(
            Reader::new(&[0x08, 0x96, 0x01]).field(),
            Some((1, Wire::Varint(150)))
        );
        assert_eq!(
            Reader::new(b"\x12\x07testing").field(),
            Some((2, Wire::Bytes(b"testing")))
        );
        assert_eq!(
            Reader::new(&[0x0D, 1, 0, 0, 0]).field(),
            Some((1, Wire::Fixed32(1)))
        );
    }

    #[test]
    fn what_is_cut_short_or_no_field_is_none() {
        for bytes in [
            &b""[..],
            b"\x08",
            b"\x08\x96",
            b"\x12\x08testing",
            b"\x0B",
            b"\x0D\x01\x00",
            b"\x09\x01\x00",
            &[0xFF; 11],
        ] {
            assert_eq!(Reader::new(bytes).field(), None, "{bytes:x?}");
        }
    }
}
