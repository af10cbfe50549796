//! The result of a run as JUnit XML, which every CI system reads.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::play::{Ending, Played};
use super::sum::Sum;
use super::text;

/// The document: one suite, one test case a scenario.
pub(super) fn of(played: &[Played]) -> io::Result<Vec<u8>> {
    let sum = Sum::of(played);
    let total: f64 = played.iter().map(|one| one.took.as_secs_f64()).sum();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .write_inner_content(|writer| {
            writer
                .create_element("testsuite")
                .with_attribute(("name", "host-test"))
                .with_attribute(("tests", &*played.len().to_string()))
                .with_attribute(("failures", &*sum.failed.to_string()))
                .with_attribute(("errors", &*sum.broken.to_string()))
                .with_attribute(("time", &*format!("{total:.3}")))
                .write_inner_content(|writer| {
                    for one in played {
                        case(writer, one)?;
                    }
                    Ok(())
                })?;
            Ok(())
        })?;
    let mut document = writer.into_inner();
    document.push(b'\n');
    Ok(document)
}

fn case(writer: &mut Writer<Vec<u8>>, played: &Played) -> io::Result<()> {
    let path = played.path.display().to_string();
    let seconds = format!("{:.3}", played.took.as_secs_f64());
    let case = writer
        .create_element("testcase")
        .with_attribute(("classname", "scenario"))
        .with_attribute(("name", &*printable(&path)))
        .with_attribute(("time", &*seconds));
    let (element, message) = match &played.ending {
        Ending::Holds(_) => {
            case.write_empty()?;
            return Ok(());
        }
        Ending::Step(step) => {
            let sent = step.sent.lines().next().unwrap_or_default();
            let (number, line) = (step.step, step.line);
            ("failure", format!("step {number} (line {line}): {sent}"))
        }
        Ending::Transcript { name, .. } => ("failure", format!("{name} says otherwise")),
        Ending::Broken(why) => ("error", why.lines().next().unwrap_or_default().to_owned()),
    };
    let cause = anstream::adapter::strip_str(&text::cause(played)).to_string();
    case.write_inner_content(|writer| {
        writer
            .create_element(element)
            .with_attribute(("message", &*printable(&message)))
            .write_text_content(BytesText::new(&printable(&cause)))?;
        Ok(())
    })?;
    Ok(())
}

/// Text without what XML 1.0 cannot hold, not even escaped.
fn printable(text: &str) -> String {
    let allowed = |c: char| match c {
        '\t' | '\n' => c,
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
        c => c,
    };
    text.chars().map(allowed).collect()
}
