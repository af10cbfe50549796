//! Syntax tree -> instructions over the symbols of the pattern's alphabet.

use super::MAX_PROGRAM;
use super::alphabet::{Alphabet, Neighbour, Symbol};
use super::class::Class;
use super::parse::{Look, Node};

/// The index of an instruction: [`MAX_PROGRAM`] fits.
pub(super) type Index = u16;

#[derive(Clone, Copy, Debug)]
pub(super) enum Inst {
    Match,
    Split(Index, Index),
    Look(Look, Index),
    /// One symbol within a part of [`Program::ranges`].
    Symbol {
        from: usize,
        to: usize,
        next: Index,
    },
}

impl Look {
    pub(super) fn holds(self, before: Neighbour, after: Neighbour) -> bool {
        let line_edge = |side| matches!(side, Neighbour::Edge | Neighbour::LineFeed);
        let word_edge = (before == Neighbour::Word) != (after == Neighbour::Word);
        match self {
            Look::TextStart => before == Neighbour::Edge,
            Look::TextEnd => after == Neighbour::Edge,
            Look::LineStart => line_edge(before),
            Look::LineEnd => line_edge(after),
            Look::WordBoundary => word_edge,
            Look::NotWordBoundary => !word_edge,
        }
    }
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    insts: Vec<Inst>,
    start: Index,
    /// Whether a match can only start where the text does.
    anchored: bool,
    /// Whether any instruction looks at a position's neighbours.
    looks: bool,
    /// The sets of symbols, as ranges with both ends included.
    ranges: Vec<(Symbol, Symbol)>,
    alphabet: Alphabet,
}

/// The pattern compiles to more than [`MAX_PROGRAM`].
#[derive(Debug)]
pub(super) struct TooLarge;

impl Program {
    pub(super) fn compile(root: &Node) -> Result<Self, TooLarge> {
        let mut classes = Vec::new();
        collect_classes(root, &mut classes);
        let alphabet = Alphabet::of(&classes).ok_or(TooLarge)?;

        let mut ranges = Vec::new();
        let mut sets = Vec::with_capacity(classes.len());
        for class in &classes {
            let from = ranges.len();
            let symbol = |c: &u32| alphabet.symbol(*c);
            ranges.extend(
                class
                    .ranges()
                    .iter()
                    .map(|(low, high)| (symbol(low), symbol(high))),
            );
            sets.push((from, ranges.len()));
        }
        let mut builder = Builder {
            insts: Vec::new(),
            ranges,
            classes,
            sets,
            looks: false,
        };
        let accept = builder.push(Inst::Match)?;
        let start = builder.node(root, accept)?;
        let anchored = builder.is_anchored(start);
        let Builder {
            insts,
            ranges,
            looks,
            ..
        } = builder;
        Ok(Self {
            insts,
            start,
            anchored,
            looks,
            ranges,
            alphabet,
        })
    }

    /// Instructions and ranges together.
    pub(super) fn size(&self) -> usize {
        self.insts.len().saturating_add(self.ranges.len())
    }

    pub(super) fn inst(&self, index: Index) -> Option<Inst> {
        self.insts.get(usize::from(index)).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.insts.len()
    }

    pub(super) fn start(&self) -> Index {
        self.start
    }

    pub(super) fn anchored(&self) -> bool {
        self.anchored
    }

    /// Whether the symbol is in the set that stands in `ranges` at these places.
    pub(super) fn contains(&self, from: usize, to: usize, symbol: Symbol) -> bool {
        let set = self.ranges.get(from..to).unwrap_or_default();
        let after = set.partition_point(|(low, _)| *low <= symbol);
        let last = after.checked_sub(1).and_then(|index| set.get(index));
        last.is_some_and(|(_, high)| symbol <= *high)
    }

    pub(super) fn symbol(&self, c: char) -> Symbol {
        self.alphabet.symbol(c.into())
    }

    /// The symbol after the last one: the text's end.
    pub(super) fn end(&self) -> Symbol {
        self.alphabet.end()
    }

    /// What `symbol` is to a look; always the same in a pattern without looks.
    pub(super) fn neighbour(&self, symbol: Symbol) -> Neighbour {
        if self.looks {
            self.alphabet.neighbour(symbol)
        } else {
            Neighbour::Other
        }
    }

    /// What stands before the text.
    pub(super) fn before_text(&self) -> Neighbour {
        if self.looks {
            Neighbour::Edge
        } else {
            Neighbour::Other
        }
    }
}

/// Collects the different classes in order.
fn collect_classes<'a>(node: &'a Node, classes: &mut Vec<&'a Class>) {
    match node {
        Node::Class(class) => {
            if let Err(place) = find(classes, class) {
                classes.insert(place, class);
            }
        }
        Node::Look(_) => {}
        Node::Concat(nodes) | Node::Alternate(nodes) => {
            nodes.iter().for_each(|node| collect_classes(node, classes));
        }
        Node::Repeat { node, .. } => collect_classes(node, classes),
    }
}

fn find(classes: &[&Class], class: &Class) -> Result<usize, usize> {
    classes.binary_search_by(|other| other.ranges().cmp(class.ranges()))
}

/// Emits instructions from the end to the start, so that each knows what follows it.
struct Builder<'a> {
    insts: Vec<Inst>,
    ranges: Vec<(Symbol, Symbol)>,
    /// The different classes in order.
    classes: Vec<&'a Class>,
    /// Where in `ranges` each class stands.
    sets: Vec<(usize, usize)>,
    looks: bool,
}

impl Builder<'_> {
    fn push(&mut self, inst: Inst) -> Result<Index, TooLarge> {
        let index = self.insts.len();
        if index.saturating_add(self.ranges.len()) >= MAX_PROGRAM {
            return Err(TooLarge);
        }
        self.insts.push(inst);
        Index::try_from(index).map_err(|_| TooLarge)
    }

    /// Emits a node that `next` follows, and gives where it starts.
    fn node(&mut self, node: &Node, next: Index) -> Result<Index, TooLarge> {
        match node {
            Node::Class(class) => {
                let found = find(&self.classes, class).ok();
                let set = found.and_then(|index| self.sets.get(index));
                let (from, to) = set.copied().ok_or(TooLarge)?;
                self.push(Inst::Symbol { from, to, next })
            }
            Node::Look(look) => {
                self.looks = true;
                self.push(Inst::Look(*look, next))
            }
            Node::Concat(nodes) => nodes
                .iter()
                .rev()
                .try_fold(next, |next, node| self.node(node, next)),
            Node::Alternate(nodes) => {
                let mut branches = nodes.iter().rev();
                let last = branches
                    .next()
                    .map_or(Ok(next), |node| self.node(node, next))?;
                branches.try_fold(last, |rest, node| {
                    let branch = self.node(node, next)?;
                    self.push(Inst::Split(branch, rest))
                })
            }
            Node::Repeat { node, min, max } => self.repeat(node, *min, *max, next),
        }
    }

    fn repeat(
        &mut self,
        node: &Node,
        min: u32,
        max: Option<u32>,
        next: Index,
    ) -> Result<Index, TooLarge> {
        let mut start = next;
        match max {
            Some(max) => {
                for _ in min..max {
                    let more = self.node(node, start)?;
                    start = self.push(Inst::Split(more, next))?;
                }
            }
            None => {
                // The place of the loop must be known to its body.
                start = self.push(Inst::Split(next, next))?;
                let body = self.node(node, start)?;
                if let Some(split) = self.insts.get_mut(usize::from(start)) {
                    *split = Inst::Split(body, next);
                }
            }
        }
        (0..min).try_fold(start, |next, _| self.node(node, next))
    }

    /// Whether every way from `start` to a symbol or to the end passes a look at the text's start.
    fn is_anchored(&self, start: Index) -> bool {
        let mut seen = vec![false; self.insts.len()];
        let mut open = vec![start];
        while let Some(index) = open.pop() {
            let place = usize::from(index);
            match seen.get_mut(place) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            match self.insts.get(place) {
                Some(Inst::Match | Inst::Symbol { .. }) => return false,
                Some(Inst::Split(a, b)) => open.extend([*a, *b]),
                Some(Inst::Look(Look::TextStart, _)) | None => {}
                Some(Inst::Look(_, next)) => open.push(*next),
            }
        }
        true
    }
}
