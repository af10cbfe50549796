//! The configuration's life: compiled once per virtual machine, refused whole when anything is
//! wrong with it, and then the one before stays in force.

use std::rc::Rc;

use toolgate_engine::Gate;
use toolgate_engine::config::{Faults, Severity};
use toolgate_engine::series::{POLICY_LOADED, Series};

use crate::abi::{self, Body, Level};
use crate::callbacks::RootContext;
use crate::calls::Ids;
use crate::http::Filter;
use crate::metrics;
use crate::saturation::Saturation;
use crate::shared::Shared;

/// How often gauges are looked at again, in milliseconds.
const TICK: u32 = 5_000;

/// A configuration in force, and what is known of its limits.
#[derive(Clone)]
pub(crate) struct Configured {
    pub(crate) gate: Rc<Gate>,
    pub(crate) saturation: Rc<Saturation>,
}

/// The root context.
#[derive(Default)]
pub(crate) struct Root {
    configured: Option<Configured>,
    shared: Shared,
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        let text = match abi::body(Body::Configuration, size) {
            Ok(text) if text.len() == size => text,
            _ => {
                abi::log(
                    Level::Error,
                    "toolgate: the configuration could not be read",
                );
                return false;
            }
        };
        match Gate::load(&text) {
            Ok((gate, warnings)) => {
                report(&warnings);
                self.loaded(gate);
                true
            }
            Err(faults) => {
                report(&faults);
                abi::log(
                    Level::Error,
                    "toolgate: the configuration is refused; what was in force before stays",
                );
                count_load("refused");
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if let Some(configured) = &self.configured {
            configured.saturation.refresh(&mut self.shared);
        }
    }

    fn create_http_context(&self, ids: Ids) -> Filter {
        Filter::new(self.configured.as_ref(), ids)
    }
}

impl Root {
    fn loaded(&mut self, gate: Gate) {
        if gate.metrics.enabled {
            count_load("ok");
            let now = abi::now().checked_div(1_000_000_000).unwrap_or(0);
            for named in gate.policies() {
                let series = Series::of(POLICY_LOADED)
                    .with("policy", named.shown())
                    .with("hash", &named.short_hash);
                metrics::set(series.as_str(), now);
            }
            abi::set_tick_period(TICK);
        }
        self.configured = Some(Configured {
            gate: Rc::new(gate),
            saturation: Rc::default(),
        });
    }
}

/// Counts a configuration that was read: each worker reads each.
fn count_load(result: &str) {
    let series = Series::of("toolgate_config_loads_total").with("result", result);
    metrics::count(series.as_str(), 1);
}

/// Every fault on a line of its own. The document itself is never logged: it may hold secrets.
fn report(faults: &Faults) {
    for fault in faults.as_slice() {
        let level = match fault.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warn,
        };
        abi::log(level, &format!("toolgate: {fault}"));
    }
}
