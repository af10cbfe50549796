//! Where records go: the stream's filter state, and the host's log where the settings say so.

use toolgate_engine::Exchange;

use crate::abi::{self, Level};
use crate::shared::Shared;

/// The record's key in the stream's filter state: `%FILTER_STATE(wasm.toolgate:PLAIN)%`.
const RECORD: &str = "toolgate";

/// Publishes the record of a decision, once it is made: then, and not at the stream's end, so that
/// it outlives a fault of this virtual machine, and other filters and traces find it.
pub(crate) fn decided(exchange: &mut Exchange) {
    if let Some(record) = exchange.take_record() {
        publish(exchange, &record);
    }
}

/// Publishes what the record has become at the stream's end, where that differs.
pub(crate) fn ended(exchange: &mut Exchange, shared: &mut Shared) {
    if let Some(record) = exchange.take_last_record(shared) {
        publish(exchange, &record);
    }
}

fn publish(exchange: &Exchange, record: &str) {
    // A host that keeps no filter state has the log.
    let _ = abi::set_property(RECORD, record.as_bytes());
    if exchange.logs_record() {
        let mut line = String::with_capacity(record.len().saturating_add(16));
        line.push_str("toolgate: audit ");
        line.push_str(record);
        abi::log(Level::Info, &line);
    }
}
