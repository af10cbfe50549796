//! Which characters differ by case alone.
//!
//! Unicode simple case folding, version 15.1, derived from the Unicode Character Database (statuses C and S of
//! `CaseFolding.txt`): a test of the patterns compares it with the `regex-syntax` crate's. What the standard library's
//! mappings to upper and lower case join besides, one character with several among it, stands apart.

/// From one character that has an equivalent on: the first, how many there are, the step from one to the next, and how far
/// from each what it folds to stands.
type Run = (u32, u16, u8, i32);

/// Calls `found` with every character outside or inside of `range` that differs by case alone from
/// a character in it.
pub fn equivalents((low, high): (u32, u32), mut found: impl FnMut(u32)) {
    let within = |c: u32| low <= c && c <= high;
    for (first, count, stride, distance) in SIMPLE {
        let folded = |one: u32| one.saturating_add_signed(*distance);
        let reach = u32::from(count.saturating_sub(1)).saturating_mul(u32::from(*stride));
        let last = first.saturating_add(reach);
        if (*first).min(folded(*first)) > high || last.max(folded(last)) < low {
            continue;
        }
        for one in (*first..=last).step_by((*stride).into()) {
            let other = folded(one);
            if within(one) {
                found(other);
            }
            if within(other) {
                found(one);
            }
        }
    }
    for group in GROUPS {
        if group.iter().any(|c| within(*c)) {
            group.iter().copied().for_each(&mut found);
        }
    }
}

/// What `c` is to a reader that does not look at case: the same for all characters, and for the texts of several, that any
/// mapping to upper or lower case joins. So it joins more than simple folding does, never less.
pub(crate) fn fold(c: char) -> impl Iterator<Item = char> {
    let simple = if c.is_ascii() {
        u32::from(c.to_ascii_lowercase())
    } else {
        let c = u32::from(c);
        step(SIMPLE, c).or_else(|| step(NEWER, c)).unwrap_or(c)
    };
    let known = FULL.binary_search_by_key(&simple, |(one, _)| u32::from(*one));
    let known = known.ok().and_then(|index| FULL.get(index));
    let [first, second, third] = known.map_or([simple, 0, 0], |(_, full)| full.map(u32::from));
    let more = [second, third].into_iter().filter(|c| *c != 0);
    std::iter::once(first)
        .chain(more)
        .filter_map(char::from_u32)
}

fn step(runs: &[Run], c: u32) -> Option<u32> {
    let after = runs.partition_point(|(first, ..)| *first <= c);
    let (first, count, stride, distance) = runs.get(after.checked_sub(1)?)?;
    let (offset, stride) = (c.checked_sub(*first)?, u32::from(*stride));
    let inside = offset.checked_rem(stride)? == 0 && offset.checked_div(stride)? < (*count).into();
    inside.then(|| c.saturating_add_signed(*distance))
}

/// Simple folding. No two runs overlap.
const SIMPLE: &[Run] = &[
    (0x0041, 26, 1, 32),
    (0x00B5, 1, 1, 775),
    (0x00C0, 23, 1, 32),
    (0x00D8, 7, 1, 32),
    (0x0100, 24, 2, 1),
    (0x0132, 3, 2, 1),
    (0x0139, 8, 2, 1),
    (0x014A, 23, 2, 1),
    (0x0178, 1, 1, -121),
    (0x0179, 3, 2, 1),
    (0x017F, 1, 1, -268),
    (0x0181, 1, 1, 210),
    (0x0182, 2, 2, 1),
    (0x0186, 1, 1, 206),
    (0x0187, 1, 1, 1),
    (0x0189, 2, 1, 205),
    (0x018B, 1, 1, 1),
    (0x018E, 1, 1, 79),
    (0x018F, 1, 1, 202),
    (0x0190, 1, 1, 203),
    (0x0191, 1, 1, 1),
    (0x0193, 1, 1, 205),
    (0x0194, 1, 1, 207),
    (0x0196, 1, 1, 211),
    (0x0197, 1, 1, 209),
    (0x0198, 1, 1, 1),
    (0x019C, 1, 1, 211),
    (0x019D, 1, 1, 213),
    (0x019F, 1, 1, 214),
    (0x01A0, 3, 2, 1),
    (0x01A6, 1, 1, 218),
    (0x01A7, 1, 1, 1),
    (0x01A9, 1, 1, 218),
    (0x01AC, 1, 1, 1),
    (0x01AE, 1, 1, 218),
    (0x01AF, 1, 1, 1),
    (0x01B1, 2, 1, 217),
    (0x01B3, 2, 2, 1),
    (0x01B7, 1, 1, 219),
    (0x01B8, 1, 1, 1),
    (0x01BC, 1, 1, 1),
    (0x01C4, 1, 1, 2),
    (0x01C5, 1, 1, 1),
    (0x01C7, 1, 1, 2),
    (0x01C8, 1, 1, 1),
    (0x01CA, 1, 1, 2),
    (0x01CB, 9, 2, 1),
    (0x01DE, 9, 2, 1),
    (0x01F1, 1, 1, 2),
    (0x01F2, 2, 2, 1),
    (0x01F6, 1, 1, -97),
    (0x01F7, 1, 1, -56),
    (0x01F8, 20, 2, 1),
    (0x0220, 1, 1, -130),
    (0x0222, 9, 2, 1),
    (0x023A, 1, 1, 10795),
    (0x023B, 1, 1, 1),
    (0x023D, 1, 1, -163),
    (0x023E, 1, 1, 10792),
    (0x0241, 1, 1, 1),
    (0x0243, 1, 1, -195),
    (0x0244, 1, 1, 69),
    (0x0245, 1, 1, 71),
    (0x0246, 5, 2, 1),
    (0x0345, 1, 1, 116),
    (0x0370, 2, 2, 1),
    (0x0376, 1, 1, 1),
    (0x037F, 1, 1, 116),
    (0x0386, 1, 1, 38),
    (0x0388, 3, 1, 37),
    (0x038C, 1, 1, 64),
    (0x038E, 2, 1, 63),
    (0x0390, 1, 1, 7235),
    (0x0391, 17, 1, 32),
    (0x03A3, 9, 1, 32),
    (0x03B0, 1, 1, 7219),
    (0x03C2, 1, 1, 1),
    (0x03CF, 1, 1, 8),
    (0x03D0, 1, 1, -30),
    (0x03D1, 1, 1, -25),
    (0x03D5, 1, 1, -15),
    (0x03D6, 1, 1, -22),
    (0x03D8, 12, 2, 1),
    (0x03F0, 1, 1, -54),
    (0x03F1, 1, 1, -48),
    (0x03F4, 1, 1, -60),
    (0x03F5, 1, 1, -64),
    (0x03F7, 1, 1, 1),
    (0x03F9, 1, 1, -7),
    (0x03FA, 1, 1, 1),
    (0x03FD, 3, 1, -130),
    (0x0400, 16, 1, 80),
    (0x0410, 32, 1, 32),
    (0x0460, 17, 2, 1),
    (0x048A, 27, 2, 1),
    (0x04C0, 1, 1, 15),
    (0x04C1, 7, 2, 1),
    (0x04D0, 48, 2, 1),
    (0x0531, 38, 1, 48),
    (0x10A0, 38, 1, 7264),
    (0x10C7, 1, 1, 7264),
    (0x10CD, 1, 1, 7264),
    (0x13F8, 6, 1, -8),
    (0x1C80, 1, 1, -6222),
    (0x1C81, 1, 1, -6221),
    (0x1C82, 1, 1, -6212),
    (0x1C83, 2, 1, -6210),
    (0x1C85, 1, 1, -6211),
    (0x1C86, 1, 1, -6204),
    (0x1C87, 1, 1, -6180),
    (0x1C88, 1, 1, 35267),
    (0x1C90, 43, 1, -3008),
    (0x1CBD, 3, 1, -3008),
    (0x1E00, 75, 2, 1),
    (0x1E9B, 1, 1, -58),
    (0x1E9E, 1, 1, -7615),
    (0x1EA0, 48, 2, 1),
    (0x1F08, 8, 1, -8),
    (0x1F18, 6, 1, -8),
    (0x1F28, 8, 1, -8),
    (0x1F38, 8, 1, -8),
    (0x1F48, 6, 1, -8),
    (0x1F59, 4, 2, -8),
    (0x1F68, 8, 1, -8),
    (0x1F88, 8, 1, -8),
    (0x1F98, 8, 1, -8),
    (0x1FA8, 8, 1, -8),
    (0x1FB8, 2, 1, -8),
    (0x1FBA, 2, 1, -74),
    (0x1FBC, 1, 1, -9),
    (0x1FBE, 1, 1, -7173),
    (0x1FC8, 4, 1, -86),
    (0x1FCC, 1, 1, -9),
    (0x1FD8, 2, 1, -8),
    (0x1FDA, 2, 1, -100),
    (0x1FE8, 2, 1, -8),
    (0x1FEA, 2, 1, -112),
    (0x1FEC, 1, 1, -7),
    (0x1FF8, 2, 1, -128),
    (0x1FFA, 2, 1, -126),
    (0x1FFC, 1, 1, -9),
    (0x2126, 1, 1, -7517),
    (0x212A, 1, 1, -8383),
    (0x212B, 1, 1, -8262),
    (0x2132, 1, 1, 28),
    (0x2160, 16, 1, 16),
    (0x2183, 1, 1, 1),
    (0x24B6, 26, 1, 26),
    (0x2C00, 48, 1, 48),
    (0x2C60, 1, 1, 1),
    (0x2C62, 1, 1, -10743),
    (0x2C63, 1, 1, -3814),
    (0x2C64, 1, 1, -10727),
    (0x2C67, 3, 2, 1),
    (0x2C6D, 1, 1, -10780),
    (0x2C6E, 1, 1, -10749),
    (0x2C6F, 1, 1, -10783),
    (0x2C70, 1, 1, -10782),
    (0x2C72, 1, 1, 1),
    (0x2C75, 1, 1, 1),
    (0x2C7E, 2, 1, -10815),
    (0x2C80, 50, 2, 1),
    (0x2CEB, 2, 2, 1),
    (0x2CF2, 1, 1, 1),
    (0xA640, 23, 2, 1),
    (0xA680, 14, 2, 1),
    (0xA722, 7, 2, 1),
    (0xA732, 31, 2, 1),
    (0xA779, 2, 2, 1),
    (0xA77D, 1, 1, -35332),
    (0xA77E, 5, 2, 1),
    (0xA78B, 1, 1, 1),
    (0xA78D, 1, 1, -42280),
    (0xA790, 2, 2, 1),
    (0xA796, 10, 2, 1),
    (0xA7AA, 1, 1, -42308),
    (0xA7AB, 1, 1, -42319),
    (0xA7AC, 1, 1, -42315),
    (0xA7AD, 1, 1, -42305),
    (0xA7AE, 1, 1, -42308),
    (0xA7B0, 1, 1, -42258),
    (0xA7B1, 1, 1, -42282),
    (0xA7B2, 1, 1, -42261),
    (0xA7B3, 1, 1, 928),
    (0xA7B4, 8, 2, 1),
    (0xA7C4, 1, 1, -48),
    (0xA7C5, 1, 1, -42307),
    (0xA7C6, 1, 1, -35384),
    (0xA7C7, 2, 2, 1),
    (0xA7D0, 1, 1, 1),
    (0xA7D6, 2, 2, 1),
    (0xA7F5, 1, 1, 1),
    (0xAB70, 80, 1, -38864),
    (0xFB05, 1, 1, 1),
    (0xFF21, 26, 1, 32),
    (0x10400, 40, 1, 40),
    (0x104B0, 36, 1, 40),
    (0x10570, 11, 1, 39),
    (0x1057C, 15, 1, 39),
    (0x1058C, 7, 1, 39),
    (0x10594, 2, 1, 39),
    (0x10C80, 51, 1, 64),
    (0x118A0, 32, 1, 32),
    (0x16E40, 32, 1, 32),
    (0x1E900, 34, 1, 34),
];

/// Characters with two or three equivalents: those that fold to the same, and that.
const GROUPS: &[&[u32]] = &[
    &[0x004B, 0x006B, 0x212A],
    &[0x0053, 0x0073, 0x017F],
    &[0x00B5, 0x039C, 0x03BC],
    &[0x00C5, 0x00E5, 0x212B],
    &[0x01C4, 0x01C5, 0x01C6],
    &[0x01C7, 0x01C8, 0x01C9],
    &[0x01CA, 0x01CB, 0x01CC],
    &[0x01F1, 0x01F2, 0x01F3],
    &[0x0345, 0x0399, 0x03B9, 0x1FBE],
    &[0x0392, 0x03B2, 0x03D0],
    &[0x0395, 0x03B5, 0x03F5],
    &[0x0398, 0x03B8, 0x03D1, 0x03F4],
    &[0x039A, 0x03BA, 0x03F0],
    &[0x03A0, 0x03C0, 0x03D6],
    &[0x03A1, 0x03C1, 0x03F1],
    &[0x03A3, 0x03C2, 0x03C3],
    &[0x03A6, 0x03C6, 0x03D5],
    &[0x03A9, 0x03C9, 0x2126],
    &[0x0412, 0x0432, 0x1C80],
    &[0x0414, 0x0434, 0x1C81],
    &[0x041E, 0x043E, 0x1C82],
    &[0x0421, 0x0441, 0x1C83],
    &[0x0422, 0x0442, 0x1C84, 0x1C85],
    &[0x042A, 0x044A, 0x1C86],
    &[0x0462, 0x0463, 0x1C87],
    &[0x1C88, 0xA64A, 0xA64B],
    &[0x1E60, 0x1E61, 0x1E9B],
];

/// What Unicode 16 and 17 added to simple folding, and patterns do not know yet. No two runs overlap.
const NEWER: &[Run] = &[
    (0x1C89, 1, 1, 1),
    (0xA7CB, 1, 1, -42343),
    (0xA7CC, 2, 2, 1),
    (0xA7D2, 2, 2, 1),
    (0xA7DA, 1, 1, 1),
    (0xA7DC, 1, 1, -42561),
    (0x10D50, 22, 1, 32),
    (0x16EA0, 25, 1, 27),
];

/// What else some mapping joins: a character that simple folding leads to, and the one to three that it is as good as, filled
/// up with 0.
const FULL: &[(u16, [u16; 3])] = &[
    (0x00DF, [0x0073, 0x0073, 0]),
    (0x0130, [0x0069, 0x0307, 0]),
    (0x0131, [0x0069, 0, 0]),
    (0x0149, [0x02BC, 0x006E, 0]),
    (0x01F0, [0x006A, 0x030C, 0]),
    (0x0587, [0x0565, 0x0582, 0]),
    (0x1E96, [0x0068, 0x0331, 0]),
    (0x1E97, [0x0074, 0x0308, 0]),
    (0x1E98, [0x0077, 0x030A, 0]),
    (0x1E99, [0x0079, 0x030A, 0]),
    (0x1E9A, [0x0061, 0x02BE, 0]),
    (0x1F50, [0x03C5, 0x0313, 0]),
    (0x1F52, [0x03C5, 0x0313, 0x0300]),
    (0x1F54, [0x03C5, 0x0313, 0x0301]),
    (0x1F56, [0x03C5, 0x0313, 0x0342]),
    (0x1F80, [0x1F00, 0x03B9, 0]),
    (0x1F81, [0x1F01, 0x03B9, 0]),
    (0x1F82, [0x1F02, 0x03B9, 0]),
    (0x1F83, [0x1F03, 0x03B9, 0]),
    (0x1F84, [0x1F04, 0x03B9, 0]),
    (0x1F85, [0x1F05, 0x03B9, 0]),
    (0x1F86, [0x1F06, 0x03B9, 0]),
    (0x1F87, [0x1F07, 0x03B9, 0]),
    (0x1F90, [0x1F20, 0x03B9, 0]),
    (0x1F91, [0x1F21, 0x03B9, 0]),
    (0x1F92, [0x1F22, 0x03B9, 0]),
    (0x1F93, [0x1F23, 0x03B9, 0]),
    (0x1F94, [0x1F24, 0x03B9, 0]),
    (0x1F95, [0x1F25, 0x03B9, 0]),
    (0x1F96, [0x1F26, 0x03B9, 0]),
    (0x1F97, [0x1F27, 0x03B9, 0]),
    (0x1FA0, [0x1F60, 0x03B9, 0]),
    (0x1FA1, [0x1F61, 0x03B9, 0]),
    (0x1FA2, [0x1F62, 0x03B9, 0]),
    (0x1FA3, [0x1F63, 0x03B9, 0]),
    (0x1FA4, [0x1F64, 0x03B9, 0]),
    (0x1FA5, [0x1F65, 0x03B9, 0]),
    (0x1FA6, [0x1F66, 0x03B9, 0]),
    (0x1FA7, [0x1F67, 0x03B9, 0]),
    (0x1FB2, [0x1F70, 0x03B9, 0]),
    (0x1FB3, [0x03B1, 0x03B9, 0]),
    (0x1FB4, [0x03AC, 0x03B9, 0]),
    (0x1FB6, [0x03B1, 0x0342, 0]),
    (0x1FB7, [0x03B1, 0x0342, 0x03B9]),
    (0x1FC2, [0x1F74, 0x03B9, 0]),
    (0x1FC3, [0x03B7, 0x03B9, 0]),
    (0x1FC4, [0x03AE, 0x03B9, 0]),
    (0x1FC6, [0x03B7, 0x0342, 0]),
    (0x1FC7, [0x03B7, 0x0342, 0x03B9]),
    (0x1FD2, [0x03B9, 0x0308, 0x0300]),
    (0x1FD3, [0x03B9, 0x0308, 0x0301]),
    (0x1FD6, [0x03B9, 0x0342, 0]),
    (0x1FD7, [0x03B9, 0x0308, 0x0342]),
    (0x1FE2, [0x03C5, 0x0308, 0x0300]),
    (0x1FE3, [0x03C5, 0x0308, 0x0301]),
    (0x1FE4, [0x03C1, 0x0313, 0]),
    (0x1FE6, [0x03C5, 0x0342, 0]),
    (0x1FE7, [0x03C5, 0x0308, 0x0342]),
    (0x1FF2, [0x1F7C, 0x03B9, 0]),
    (0x1FF3, [0x03C9, 0x03B9, 0]),
    (0x1FF4, [0x03CE, 0x03B9, 0]),
    (0x1FF6, [0x03C9, 0x0342, 0]),
    (0x1FF7, [0x03C9, 0x0342, 0x03B9]),
    (0xFB00, [0x0066, 0x0066, 0]),
    (0xFB01, [0x0066, 0x0069, 0]),
    (0xFB02, [0x0066, 0x006C, 0]),
    (0xFB03, [0x0066, 0x0066, 0x0069]),
    (0xFB04, [0x0066, 0x0066, 0x006C]),
    (0xFB06, [0x0073, 0x0074, 0]),
    (0xFB13, [0x0574, 0x0576, 0]),
    (0xFB14, [0x0574, 0x0565, 0]),
    (0xFB15, [0x0574, 0x056B, 0]),
    (0xFB16, [0x057E, 0x0576, 0]),
    (0xFB17, [0x0574, 0x056D, 0]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_any_mapping_joins_is_folded_to_the_same() {
        for c in '\0'..=char::MAX {
            let mapped = c.to_uppercase().flat_map(char::to_lowercase);
            assert!(fold(c).eq(mapped.flat_map(fold)), "{c:?}");
            assert!(fold(c).eq(fold(c).flat_map(fold)), "{c:?} twice");
        }
    }

    #[test]
    fn what_no_mapping_joins_stays_as_it_is() {
        let moved = |c: &char| fold(*c).count() == 1 && !fold(*c).eq([*c]);
        for c in ('\0'..=char::MAX).filter(moved) {
            let mut joined = step(NEWER, c.into()).is_some() || c == 'ı';
            equivalents((c.into(), c.into()), |_| joined = true);
            assert!(joined, "{c:?}");
        }
    }

    #[test]
    fn a_run_ends_before_the_next() {
        for runs in [SIMPLE, NEWER] {
            for (run, next) in runs.iter().zip(runs.iter().skip(1)) {
                let (first, count, stride, _) = *run;
                let end = first.saturating_add(u32::from(count).saturating_mul(stride.into()));
                assert!(
                    end.saturating_sub(u32::from(stride)) < next.0,
                    "{run:X?} {next:X?}"
                );
            }
        }
    }
}
