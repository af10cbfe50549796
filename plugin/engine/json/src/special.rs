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
    // is above 0x7F itself; those are none of the three. With its second bit turned over a quote is
    // 0x20, next above the control characters, which stay among themselves.
    let quote_or_control = (eight ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (eight ^ (ONES * 0x5C)).wrapping_sub(ONES);
    (quote_or_control | backslash) & !eight & HIGH
}

/// Not 0 where one of eight bytes is a quote, a backslash, a control character, DEL, or not ASCII.
#[inline]
pub(super) fn unclean(eight: [u8; 8]) -> u64 {
    let eight = u64::from_le_bytes(eight);
    // From DEL on adding one reaches the high bit; a carry comes only from a byte that has it already.
    specials(eight) | ((eight.wrapping_add(ONES) | eight) & HIGH)
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "test")]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_judged_at_every_place_and_beside_every_kind_of_neighbour() {
        let special_byte = |byte: u8| matches!(byte, b'"' | b'\\' | 0..=0x1F);
        for around in [b' ', b'#', b'[', b']', 0x7F, 0x80, 0xA2, 0xFF] {
            for place in 0..11 {
                for byte in 0..=0xFF {
                    let mut bytes = [around; 11];
                    bytes[place] = byte;
                    let found = if special_byte(byte) { place } else { 11 };
                    assert_eq!(special(&bytes, 0), found, "{byte:#x} in {around:#x}");

                    let [eight @ .., _, _, _] = bytes;
                    let clean = |byte: &u8| !special_byte(*byte) && *byte < 0x7F;
                    let all_clean = eight.iter().all(clean);
                    assert_eq!(unclean(eight) == 0, all_clean, "{eight:x?}");
                }
            }
        }
    }

    #[test]
    fn the_first_of_two_is_found() {
        for first in [0, 0x1F, b'"', b'\\'] {
            for second in [0, 0x20, b'"', b'#', b'\\', b']', 0xFF] {
                for place in 0..7 {
                    let mut eight = [b'x'; 8];
                    eight[place] = first;
                    eight[place + 1] = second;
                    assert_eq!(special(&eight, 0), place);
                }
            }
        }
    }
}
