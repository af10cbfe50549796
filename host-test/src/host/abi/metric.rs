//! Metrics.

use wasmtime::Linker;

use super::super::guest::Guest;
use super::super::process::{Metric, MetricKind};
use super::status::Status;
use super::{Call, Outcome, memory};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(
        linker,
        "proxy_define_metric",
        |c, kind: u32, name: u32, size: u32, id_at: u32| define(c, kind, name, size, id_at)
    );
    host_function!(linker, "proxy_increment_metric", |c, id: u32, by: i64| {
        change(c, id, |metric| increment(metric, by))
    });
    host_function!(linker, "proxy_record_metric", |c, id: u32, value: u64| {
        change(c, id, |metric| record(metric, value))
    });
    host_function!(linker, "proxy_get_metric", |c, id: u32, value_at: u32| {
        let read = |metric: &mut Metric| match metric.kind {
            MetricKind::Histogram => Err(Status::BadArgument),
            MetricKind::Counter | MetricKind::Gauge => Ok(metric.value),
        };
        let value = c
            .data()
            .process()
            .with_metric(id, read)
            .ok_or(Status::NotFound)??;
        memory::write_u64(c, value_at, value)
    });
    Ok(())
}

fn define(call: &mut Call<'_>, kind: u32, name: u32, size: u32, id_at: u32) -> Outcome {
    let kind = match kind {
        0 => MetricKind::Counter,
        1 => MetricKind::Gauge,
        2 => MetricKind::Histogram,
        _ => return Err(Status::BadArgument.into()),
    };
    let name = memory::read_text(call, name, size)?;
    let id = call
        .data()
        .process()
        .define_metric(kind, &name)
        .ok_or(Status::BadArgument)?;
    memory::write_u32(call, id_at, id)
}

fn change(
    call: &mut Call<'_>,
    id: u32,
    f: impl FnOnce(&mut Metric) -> Result<(), Status>,
) -> Outcome {
    Ok(call
        .data()
        .process()
        .with_metric(id, f)
        .ok_or(Status::NotFound)??)
}

/// Counters only rise; gauges rise and fall; histograms take records.
fn increment(metric: &mut Metric, by: i64) -> Result<(), Status> {
    match metric.kind {
        MetricKind::Counter if by < 0 => Err(Status::BadArgument),
        MetricKind::Counter | MetricKind::Gauge => {
            metric.value = metric.value.saturating_add_signed(by);
            Ok(())
        }
        MetricKind::Histogram => Err(Status::BadArgument),
    }
}

fn record(metric: &mut Metric, value: u64) -> Result<(), Status> {
    match metric.kind {
        MetricKind::Counter => metric.value = metric.value.saturating_add(value),
        MetricKind::Gauge => metric.value = value,
        MetricKind::Histogram => metric.samples.push(value),
    }
    Ok(())
}
