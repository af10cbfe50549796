//! Runs one case so often as asked, for callgrind to count: `instructions CASE TIMES`; without arguments the names.
#![allow(clippy::unwrap_used, missing_docs, reason = "benchmark")]

mod cases;
#[path = "../../../host-test/tests/common/workload.rs"]
mod workload;

use serde::de::IgnoredAny;

fn main() {
    let mut cases = cases::all();
    for size in cases::SIZES {
        cases.push(cases::case("IgnoredAny", size, |body| {
            std::hint::black_box(serde_json::from_slice::<IgnoredAny>(body).unwrap());
        }));
    }
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let [wanted, times] = arguments.as_slice() else {
        for (name, _) in &cases {
            println!("{name}");
        }
        return;
    };
    let found = cases.into_iter().find(|(name, _)| name == wanted);
    let mut run = found.unwrap().1();
    for _ in 0..times.parse().unwrap() {
        run();
    }
}
