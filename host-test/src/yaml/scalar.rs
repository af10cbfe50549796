//! What a plain scalar means: the core schema of YAML 1.2, with numbers only as JSON spells them.

/// A plain scalar's value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scalar<'a> {
    /// Its text is a string.
    String,
    /// This is its JSON.
    Literal(&'a str),
}

/// The value of a plain scalar, or why it is refused and how to write it.
pub(super) fn resolve(text: &str) -> Result<Scalar<'_>, String> {
    if is_null(text) {
        return Ok(Scalar::Literal("null"));
    }
    match text {
        "true" | "True" | "TRUE" => return Ok(Scalar::Literal("true")),
        "false" | "False" | "FALSE" => return Ok(Scalar::Literal("false")),
        _ => {}
    }
    if is_json_number(text) {
        return Ok(Scalar::Literal(text));
    }
    if let Some(advice) = other_number(text) {
        return Err(format!(
            "the number `{text}` is not one of JSON's; {advice}"
        ));
    }
    Ok(Scalar::String)
}

/// What a plain scalar is, if it is not a string, for a message about keys.
pub(super) fn other_than_string(text: &str) -> Option<&'static str> {
    match resolve(text) {
        Ok(Scalar::String) => None,
        Ok(Scalar::Literal("null")) => Some("null"),
        Ok(Scalar::Literal("true" | "false")) => Some("a boolean"),
        Ok(Scalar::Literal(_)) | Err(_) => Some("a number"),
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`, RFC 8259.
fn is_json_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = split_exponent(text);
    let (whole, fraction) = match mantissa.split_once('.') {
        None => (mantissa, None),
        Some((whole, fraction)) => (whole, Some(fraction)),
    };
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    all_digits(whole)
        && !leading_zero
        && fraction.is_none_or(all_digits)
        && exponent.is_none_or(|e| all_digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

fn split_exponent(text: &str) -> (&str, Option<&str>) {
    match text.split_once(['e', 'E']) {
        None => (text, None),
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether YAML 1.1 or 1.2 takes this for a number that JSON cannot spell, and what to do.
fn other_number(text: &str) -> Option<String> {
    let quote = format!("quote it (\"{text}\") if a string is meant");
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(format!("there is no way to write it; {quote}"));
    }
    if let Some((prefix, digits)) = unsigned.split_at_checked(2) {
        let radix = match prefix {
            "0x" => 16,
            "0o" => 8,
            "0b" => 2,
            _ => 10,
        };
        let digits = digits.replace('_', "");
        if radix != 10 && !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix)) {
            let written =
                u128::from_str_radix(&digits, radix).map_or("it in decimal".to_owned(), |value| {
                    let sign = if text.starts_with('-') { "-" } else { "" };
                    format!("{sign}{value}")
                });
            return Some(format!("write {written}, or {quote}"));
        }
    }
    let plain = written_as_json(text)?;
    Some(format!("write {plain}, or {quote}"))
}

/// A decimal number without what JSON does not allow: a plus, underscores, leading zeros, a bare
/// point. `None` if this is no number at all.
fn written_as_json(text: &str) -> Option<String> {
    let sign = if text.starts_with('-') { "-" } else { "" };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let (mantissa, exponent) = split_exponent(unsigned);
    let mantissa = mantissa.replace('_', "");
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((&mantissa, ""));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        trimmed => trimmed,
    };
    if mantissa == "." {
        return None;
    }
    let mut written = format!("{sign}{whole}");
    if !fraction.is_empty() {
        written.push('.');
        written.push_str(fraction);
    }
    if let Some(exponent) = exponent {
        written.push('e');
        written.push_str(exponent);
    }
    is_json_number(&written).then_some(written)
}
