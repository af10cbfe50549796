//! What a decision leaves behind: its record, in the stream's filter state and in the host's log
//! where the settings say so, and what it adds to the metrics.

use toolgate_engine::Exchange;

use crate::abi::{self, Level};
use crate::metrics;
use crate::saturation::Saturation;
use crate::shared::Shared;

/// The record's key in the stream's filter state: `%FILTER_STATE(wasm.toolgate:PLAIN)%`.
const RECORD: &str = "toolgate";

const HIDDEN: &str = "toolgate_hidden_total";
const REFUNDED: &str = "toolgate_refunded_total";

/// Publishes a decision once it is made: then, and not at the stream's end, so that the record
/// outlives a fault of this virtual machine, and other filters and traces find it.
pub(crate) fn decided(exchange: &mut Exchange, saturation: &Saturation) {
    let logged = exchange.logs_record();
    if let Some(record) = exchange.take_record() {
        publish(record, logged);
        exchange.record_written();
    }
    count(exchange);
    let uses = exchange.take_uses();
    if let (false, Some(named)) = (uses.is_empty(), exchange.policy())
        && exchange.gate().metrics.enabled
    {
        saturation.charged(named, &uses);
    }
}

/// Publishes what came to light after the decision, or that there was none.
pub(crate) fn ended(exchange: &mut Exchange, shared: &mut Shared) {
    if let Some(record) = exchange.take_last_record(shared) {
        publish(&record, exchange.logs_record());
    }
    count(exchange);
    if !exchange.gate().metrics.enabled {
        return;
    }
    for series in exchange.changed_series() {
        metrics::count(series.as_str(), 1);
    }
    let (hidden, refunded) = exchange.afterwards();
    for (name, units) in [(HIDDEN, hidden), (REFUNDED, refunded)] {
        if units > 0 {
            metrics::count(name, units);
        }
    }
}

fn count(exchange: &mut Exchange) {
    for series in exchange.take_series() {
        metrics::count(series.as_str(), 1);
    }
}

/// Writes a record into the filter state, and where it is `logged` into the host's log.
fn publish(record: &str, logged: bool) {
    // A host that keeps no filter state has the log.
    let _ = abi::set_property(RECORD, record.as_bytes());
    if logged {
        let mut line = String::with_capacity(record.len().saturating_add(16));
        line.push_str("toolgate: audit ");
        line.push_str(record);
        abi::log(Level::Info, &line);
    }
}
