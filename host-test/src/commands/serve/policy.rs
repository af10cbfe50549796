//! The policy file in force: read at the start, and again whenever it is saved.

use std::path::Path;

use super::capture::Capture;
use super::live;
use super::pool::Pool;
use crate::commands::document::{Document, Source};
use crate::commands::watch::Watched;

/// Where the policy comes from.
pub(super) struct Policy {
    source: Source,
    server: Option<String>,
}

impl Policy {
    pub(super) fn new(source: Source, server: Option<String>) -> Policy {
        Policy { source, server }
    }

    /// The file as it is now.
    pub(super) fn read(&self) -> Document {
        self.source.read()
    }

    /// The plugin's configuration that it means.
    pub(super) fn config(&self, document: &Document) -> Vec<u8> {
        document.plugin_config(self.server.as_deref()).into_bytes()
    }

    /// Puts the file in force whenever it is saved; one with faults changes nothing but the
    /// terminal.
    pub(super) fn reload_for_ever(&self, path: &Path, pool: &Pool, capture: Option<&Capture>) {
        let mut watched = Watched::new([path.to_owned()]);
        loop {
            watched.wait(|| None);
            let document = self.read();
            if document.is_refused() {
                document.refuse();
                live::say_bad("the policy has errors: the one before stays in force");
                continue;
            }
            let config = self.config(&document);
            match pool.reload(config.clone()) {
                Ok(()) => {
                    if let Some(capture) = capture {
                        capture.reload(&config);
                    }
                    live::say_good("the policy was saved and is in force; counters stay");
                }
                Err(why) => live::say_bad(&format!("{why}\nthe policy before stays in force")),
            }
        }
    }
}
