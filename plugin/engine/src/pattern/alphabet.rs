//! Characters that no part of a pattern tells apart are one symbol, so that a search can keep a
//! table of symbols instead of characters.

use super::MAX_PROGRAM;
use super::class::Class;

/// The index of a set of characters that the pattern does not tell apart, or of the text's end.
pub(super) type Symbol = u16;

/// What a look at a position can find beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Neighbour {
    /// Nothing: the text starts or ends here.
    Edge,
    LineFeed,
    Word,
    Other,
}

/// The characters in consecutive intervals, one per symbol.
#[derive(Debug)]
pub(super) struct Alphabet {
    /// Where each symbol's interval starts; the first is 0.
    starts: Vec<u32>,
    /// The symbols of ASCII, which most texts are.
    ascii: [Symbol; 128],
    neighbours: Vec<Neighbour>,
}

impl Alphabet {
    /// The coarsest alphabet that tells apart what the classes and looks do, unless it is
    /// larger than a program may be.
    pub(super) fn of(classes: &[&Class]) -> Option<Self> {
        let looked_at = [
            (Neighbour::LineFeed, 0x0A, 0x0A),
            (Neighbour::Word, 0x30, 0x39),
            (Neighbour::Word, 0x41, 0x5A),
            (Neighbour::Word, 0x5F, 0x5F),
            (Neighbour::Word, 0x61, 0x7A),
        ];
        let ranges = classes
            .iter()
            .flat_map(|class| class.ranges().iter().copied());
        let ranges = ranges.chain(looked_at.iter().map(|(_, low, high)| (*low, *high)));
        let mut starts = vec![0];
        for start in ranges.flat_map(|(low, high)| [low, high.saturating_add(1)]) {
            if let Err(place) = starts.binary_search(&start) {
                starts.insert(place, start);
            }
            // The symbol after the last must be an index too.
            if starts.len() > MAX_PROGRAM {
                return None;
            }
        }
        let neighbours = starts.iter().map(|start| {
            let found = looked_at
                .iter()
                .find(|(_, low, high)| low <= start && start <= high);
            found.map_or(Neighbour::Other, |(neighbour, ..)| *neighbour)
        });
        let neighbours = neighbours.chain([Neighbour::Edge]).collect();
        let mut alphabet = Self {
            starts,
            ascii: [0; 128],
            neighbours,
        };
        let mut ascii = [0; 128];
        for (c, symbol) in (0..).zip(&mut ascii) {
            *symbol = alphabet.search(c);
        }
        alphabet.ascii = ascii;
        Some(alphabet)
    }

    pub(super) fn symbol(&self, c: u32) -> Symbol {
        let ascii = usize::try_from(c).ok().and_then(|c| self.ascii.get(c));
        ascii.copied().unwrap_or_else(|| self.search(c))
    }

    fn search(&self, c: u32) -> Symbol {
        let after = self.starts.partition_point(|start| *start <= c);
        Symbol::try_from(after.saturating_sub(1)).unwrap_or_default()
    }

    pub(super) fn end(&self) -> Symbol {
        Symbol::try_from(self.starts.len()).unwrap_or(Symbol::MAX)
    }

    pub(super) fn neighbour(&self, symbol: Symbol) -> Neighbour {
        self.neighbours
            .get(usize::from(symbol))
            .copied()
            .unwrap_or(Neighbour::Other)
    }
}
