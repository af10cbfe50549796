//! Time of the engine's parts beside `serde_json` on the same bytes: `cargo bench -p toolgate-engine --bench engine`.
#![allow(clippy::unwrap_used, missing_docs, reason = "benchmark")]

mod cases;
#[path = "../../../host-test/tests/common/workload.rs"]
mod workload;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::de::IgnoredAny;
use serde_json::Value;

fn engine(criterion: &mut Criterion) {
    for (name, set_up) in cases::all() {
        let mut run = set_up();
        criterion.bench_function(&name, |bencher| bencher.iter(&mut run));
    }
}

/// What a reader costs that checks less (`IgnoredAny`: no duplicate keys, no UTF-8) or builds a tree.
fn serde(criterion: &mut Criterion) {
    for size in cases::SIZES {
        let body = workload::call(size).into_bytes();
        let mut group = criterion.benchmark_group("serde_json");
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("IgnoredAny/{size}"), |bencher| {
            bencher.iter(|| serde_json::from_slice::<IgnoredAny>(black_box(&body)).unwrap());
        });
        group.bench_function(format!("Value/{size}"), |bencher| {
            bencher.iter(|| serde_json::from_slice::<Value>(black_box(&body)).unwrap());
        });
    }
}

criterion_group!(benches, engine, serde);
criterion_main!(benches);
