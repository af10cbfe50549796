//! Plays scenarios side by side, and hands them on in their order.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::play::{Played, Player};
use crate::commands::progress::Progress;

/// Plays all of them, `jobs` at a time, and calls `each` in the order of the paths, as early as
/// that order allows.
pub(super) fn play(
    player: &Player,
    paths: &[PathBuf],
    jobs: usize,
    each: &mut dyn FnMut(&Played),
) -> Vec<Played> {
    let next = AtomicUsize::new(0);
    let (finished, all) = mpsc::channel();
    let mut played = Vec::with_capacity(paths.len());
    thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, paths.len().max(1)) {
            let (finished, next) = (finished.clone(), &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = paths.get(index) else { break };
                    if finished.send((index, player.play(path))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(finished);
        let progress = Progress::start("running scenarios");
        let mut early = BTreeMap::new();
        for (index, one) in all {
            early.insert(index, one);
            while let Some(one) = early.remove(&played.len()) {
                each(&one);
                played.push(one);
            }
            let done = played.len().saturating_add(early.len());
            progress.now(format!("{done} of {} scenarios", paths.len()));
        }
    });
    played
}
