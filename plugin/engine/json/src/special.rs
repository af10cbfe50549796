//! Finding the next byte that matters inside a string, eight at a time.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "positions are bounded by the length of the input"
)]

/// The lowest bit of each of eight bytes, and the highest.
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Where the first quote, backslash or control character from `pos` on stands; the length of
/// `bytes` when there is none.
#[inline]
pub(super) fn special(bytes: &[u8], mut pos: usize) -> usize {
    while let Some(eight) = bytes.get(pos..).and_then(<[u8]>::first_chunk) {
        let found = specials(u64::from_le_bytes(*eight));
        if found != 0 {
            return pos + (found.trailing_zeros() / 8) as usize;
        }
        pos += 8;
    }
    while let Some(byte) = bytes.get(pos) {
        if matches!(byte, b'"' | b'\\' | 0..=0x1F) {
            break;
        }
        pos += 1;
    }
    pos
}

/// The high bit of each byte that is a quote, a backslash or a control character. Bits above the
/// lowest one may be wrong: a borrow runs upwards.
fn specials(eight: u64) -> u64 {
    // Each part has a byte's high bit set where the byte is what it looks for, and perhaps where it
    // is above 0x7F itself; those are none of the three.
    let quote = (eight ^ (ONES * 0x22)).wrapping_sub(ONES);
    let backslash = (eight ^ (ONES * 0x5C)).wrapping_sub(ONES);
    let control = eight.wrapping_sub(ONES * 0x20);
    (quote | backslash | control) & !eight & HIGH
}

/// Not 0 where one of eight bytes is a quote, a backslash, a control character, DEL, or not ASCII.
#[inline]
pub(super) fn unclean(eight: [u8; 8]) -> u64 {
    let eight = u64::from_le_bytes(eight);
    // From DEL on adding one reaches the high bit; a carry comes only from a byte that has it already.
    specials(eight) | ((eight.wrapping_add(ONES) | eight) & HIGH)
}
