//! What was scanned, as a table for a terminal. Everything that the server said is made printable
//! first: a name or a description must not move the cursor.

use toolgate_risk::{Category, Risk};

use super::source::Found;
use super::tool::Scanned;
use crate::commands::document::printable;
use crate::commands::style;

/// How wide the columns of the server's words may be, in characters.
const NAME: usize = 44;
const WHY: usize = 90;

pub(super) fn print(found: &Found, tools: &[Scanned]) {
    let names: Vec<String> = tools
        .iter()
        .map(|tool| cut(&printable(&tool.name), NAME))
        .collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or_default();
    for (tool, name) in tools.iter().zip(&names) {
        let verdict = &tool.verdict;
        let risk = in_colour(verdict.risk, &format!("{:<8}", verdict.risk));
        let rule = format!("{:<14}", tool.rule_words());
        anstream::println!("{name:<width$}  {:<11}  {risk}  {rule}", verdict.category);
        if !verdict.signals.is_empty() {
            let signals: Vec<String> = verdict
                .signals
                .iter()
                .map(|signal| format!("{} ({})", signal.kind.name(), printable(&signal.evidence)))
                .collect();
            anstream::println!("    {}", style::warning(&cut(&signals.join(", "), WHY)));
        }
        let reasons: Vec<String> = verdict
            .reasons
            .iter()
            .map(|r| printable(&r.to_string()))
            .collect();
        anstream::println!("    {}", style::dim(&cut(&reasons.join("; "), WHY)));
    }
    anstream::println!("\n{}", summary(found, tools));
}

fn summary(found: &Found, tools: &[Scanned]) -> String {
    let server = match found.server.as_str() {
        "" => String::new(),
        server => format!(" of {}", cut(&printable(server), NAME)),
    };
    let count = |category| {
        tools
            .iter()
            .filter(|tool| tool.verdict.category == category)
            .count()
    };
    let of_each: Vec<String> = Category::ALL
        .into_iter()
        .filter(|category| count(*category) > 0)
        .map(|category| format!("{} {category}", count(category)))
        .collect();
    format!("{} tools{server}: {}", tools.len(), of_each.join(", "))
}

fn in_colour(risk: Risk, text: &str) -> String {
    match risk {
        Risk::Low => style::good(text),
        Risk::Medium => text.to_owned(),
        Risk::High => style::warning(text),
        Risk::Critical => style::bad(text),
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept + "…"
}
