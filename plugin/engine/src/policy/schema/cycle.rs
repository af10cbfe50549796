//! Schemas that lead back to themselves without going into the value would never end.

use super::{Ask, Id, Node};

/// Where the first of `references` stands from which one gets into a circle without going into
/// the value; each has the schema that it stands in.
pub(super) fn find<'r>(nodes: &[Node], references: &'r [(Id, String)]) -> Option<&'r str> {
    let mut state = vec![State::New; nodes.len()];
    let circle = references
        .iter()
        .find(|(from, _)| leads_back(nodes, *from, &mut state));
    circle.map(|(_, pointer)| pointer.as_str())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

/// Whether a walk from `start` meets a schema that it has entered and not left. Kept on the heap:
/// chains of references may be as long as the schema.
fn leads_back(nodes: &[Node], start: Id, state: &mut [State]) -> bool {
    let mut open = vec![(start, false)];
    while let Some((id, left)) = open.pop() {
        let Some(place) = state.get_mut(id.0) else {
            continue;
        };
        match (left, *place) {
            (true, _) => *place = State::Done,
            (false, State::Done) => {}
            (false, State::Open) => return true,
            (false, State::New) => {
                *place = State::Open;
                open.push((id, true));
                let asks = nodes.get(id.0).map_or(&[][..], |node| &node.asks);
                for ask in asks {
                    // What is asked of the same value; other asks go into it.
                    let next: &[Id] = match ask {
                        Ask::All(ids) | Ask::Any(ids) | Ask::One(ids) => ids,
                        Ask::Not(id) => &[*id],
                        Ask::If(condition, then, other) => &[
                            *condition,
                            then.unwrap_or(*condition),
                            other.unwrap_or(*condition),
                        ],
                        _ => &[],
                    };
                    open.extend(next.iter().map(|id| (*id, false)));
                }
            }
        }
    }
    false
}
