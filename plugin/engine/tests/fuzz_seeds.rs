//! What the fuzz targets are seeded with, and what they have found, holds their promises.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test"
)]

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::path::Path;

fn every(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut seeds = 0;
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        check(&std::fs::read(&path).unwrap());
        seeds += 1;
    }
    assert!(seeds > 5, "{seeds} seeds in {}", folder.display());
}

#[test]
fn requests() {
    every("request", fuzz::request::check);
}

#[test]
fn streams() {
    every("stream", fuzz::stream::check);
}

#[test]
fn lists() {
    every("list", fuzz::list::check);
}
