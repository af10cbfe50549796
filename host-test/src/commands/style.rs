//! Colours; `anstream` takes them away where no terminal shows them.

use clap::builder::styling::{AnsiColor, Style};

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

pub(super) fn good(text: &str) -> String {
    in_style(GREEN, text)
}

pub(super) fn bad(text: &str) -> String {
    in_style(RED, text)
}

pub(super) fn warning(text: &str) -> String {
    in_style(YELLOW, text)
}

pub(super) fn dim(text: &str) -> String {
    in_style(DIM, text)
}

pub(super) fn bold(text: &str) -> String {
    in_style(BOLD, text)
}

pub(super) fn error(text: &str) -> String {
    format!("{} {text}", in_style(RED.bold(), "error:"))
}

fn in_style(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
