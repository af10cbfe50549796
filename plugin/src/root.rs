//! The configuration's life: compiled once per virtual machine, refused whole when anything is
//! wrong with it, and then the one before stays in force.

use std::cell::RefCell;
use std::rc::Rc;

use toolgate_engine::Gate;
use toolgate_engine::config::{Faults, Severity};
use toolgate_engine::gate::NamedPolicy;
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
    /// The context is gone. Where others have configurations, gauges that only its own had say 0.
    /// Without one nobody knows whether it was replaced: another virtual machine may have the same
    /// gauges.
    pub(crate) fn deleted(&self, others: &[Rc<RefCell<Self>>]) {
        let Some(configured) = self.configured.as_ref().filter(|c| c.gate.metrics.enabled) else {
            return;
        };
        let configured_of = |root: &Rc<RefCell<Self>>| root.try_borrow().ok()?.configured.clone();
        let mut others: Vec<Configured> = others.iter().filter_map(configured_of).collect();
        if others.is_empty() {
            return;
        }
        others.retain(|other| other.gate.metrics.enabled);
        configured.saturation.replaced(&configured.gate, &others);
        for named in configured.gate.policies() {
            let mut policies = others.iter().flat_map(|other| other.gate.policies());
            if !policies.any(|p| (&p.name, &p.short_hash) == (&named.name, &named.short_hash)) {
                metrics::set(loaded_series(named).as_str(), 0);
            }
        }
    }

    fn loaded(&mut self, gate: Gate) {
        if gate.metrics.enabled {
            count_load("ok");
            let now = abi::now().checked_div(1_000_000_000).unwrap_or(0);
            for named in gate.policies() {
                metrics::set(loaded_series(named).as_str(), now);
            }
            abi::set_tick_period(TICK);
        }
        self.configured = Some(Configured {
            gate: Rc::new(gate),
            saturation: Rc::default(),
        });
    }
}

/// The gauge of when a policy was loaded.
fn loaded_series(named: &NamedPolicy) -> Series {
    Series::of(POLICY_LOADED)
        .with("policy", named.shown())
        .with("hash", &named.short_hash)
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
