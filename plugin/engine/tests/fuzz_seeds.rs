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
    let paths = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let paths: Vec<_> = paths.collect();
    assert!(paths.len() > 5, "no seeds in {}", folder.display());
    for path in paths {
        println!("{}", path.display());
        check(&std::fs::read(&path).unwrap());
    }
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
