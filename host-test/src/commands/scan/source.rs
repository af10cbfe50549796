//! Where the tools come from: a server, a program, or a file.

use std::io::{IsTerminal, Write};
use std::path::Path;

use serde_json::Value;
use toolgate_engine::json;
use toolgate_listing::{Bounds, Upstream, list};

use super::{Era, From, Header};
use crate::commands::Trouble;
use crate::commands::document::printable;

/// What was found. Everything in it is the server's word.
#[derive(Debug)]
pub(super) struct Found {
    /// The server's own name; empty where it gave none.
    pub(super) server: String,
    /// The protocol version; empty for a file.
    pub(super) protocol: String,
    /// The definitions, in the server's order.
    pub(super) tools: Vec<Value>,
}

pub(super) fn read(
    from: &From,
    headers: &[Header],
    era: Era,
    quiet: bool,
) -> Result<Found, Trouble> {
    let upstream = match (&from.tools, &from.upstream) {
        (Some(file), _) => return of_file(file),
        (None, Some(url)) => Upstream::Http {
            url: url.clone(),
            headers: headers.iter().filter_map(Header::pair).collect(),
        },
        (None, None) => Upstream::Command(from.command.clone()),
    };
    let era = match era {
        Era::Auto => toolgate_listing::Era::Auto,
        Era::Handshake => toolgate_listing::Era::Handshake,
        Era::Stateless => toolgate_listing::Era::Stateless,
    };
    let mut progress = Progress::new(quiet);
    let listing = list(&upstream, era, &Bounds::default(), &mut |pages, tools| {
        progress.tell(pages, tools);
    });
    progress.end();
    let listing = listing.map_err(|error| lines(&error.to_string()))?;
    Ok(Found {
        server: listing.server,
        protocol: listing.protocol,
        tools: listing.tools,
    })
}

/// What a server or its program said, fit for a terminal, line by line.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(printable).collect();
    lines.join("\n")
}

fn of_file(file: &Path) -> Result<Found, Trouble> {
    let wrong = |why: &str| format!("`{}`: {why}", file.display());
    let bytes = std::fs::read(file).map_err(|why| wrong(&format!("cannot read it: {why}")))?;
    // The strict parser first: what it refuses, a duplicate key above all, reads two ways.
    json::parse(&bytes).map_err(|why| wrong(&format!("not JSON: {why}")))?;
    let document: Value =
        serde_json::from_slice(&bytes).map_err(|why| wrong(&format!("not JSON: {why}")))?;
    let places = ["/result/tools", "/tools", ""];
    let tools = places
        .iter()
        .find_map(|place| document.pointer(place)?.as_array());
    let tools = tools.ok_or_else(|| {
        wrong("neither the answer to tools/list, nor its result, nor a list of tools")
    })?;
    Ok(Found {
        server: String::new(),
        protocol: String::new(),
        tools: tools.clone(),
    })
}

/// Says on standard error how far the listing is: in place on a terminal, else a line a page.
struct Progress {
    told: bool,
    quiet: bool,
    terminal: bool,
}

impl Progress {
    fn new(quiet: bool) -> Self {
        Self {
            told: false,
            quiet,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    fn tell(&mut self, pages: usize, tools: usize) {
        if self.quiet {
            return;
        }
        self.told = true;
        let end = if self.terminal { "" } else { "\n" };
        let start = if self.terminal { "\r" } else { "" };
        // Progress that cannot be told is no reason to stop.
        let _ = write!(std::io::stderr(), "{start}page {pages}: {tools} tools{end}");
    }

    fn end(&self) {
        if self.told && self.terminal {
            let _ = writeln!(std::io::stderr());
        }
    }
}
