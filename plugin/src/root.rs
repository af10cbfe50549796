//! The configuration's life: compiled once per virtual machine, refused whole when anything is
//! wrong with it, and then the one before stays in force.

use std::rc::Rc;

use toolgate_engine::Gate;
use toolgate_engine::config::{Faults, Severity};

use crate::abi::{self, Body, Level};
use crate::callbacks::RootContext;
use crate::calls::Ids;
use crate::http::Filter;

/// The root context.
#[derive(Default)]
pub(crate) struct Root {
    gate: Option<Rc<Gate>>,
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
                self.gate = Some(Rc::new(gate));
                true
            }
            Err(faults) => {
                report(&faults);
                abi::log(
                    Level::Error,
                    "toolgate: the configuration is refused; what was in force before stays",
                );
                false
            }
        }
    }

    fn create_http_context(&self, ids: Ids) -> Filter {
        Filter::new(self.gate.clone(), ids)
    }
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
