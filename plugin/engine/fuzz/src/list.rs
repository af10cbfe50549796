//! Lists: no client finds a hidden name in what is left, and nothing else has changed.

use toolgate_engine::json::{Value, parse};
use toolgate_engine::mcp::list::{Filtered, Limits, ListError, View, filter, may_hold_list};

use super::oracle::list::{only_hidden_is_gone, shows_hidden};

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    entries: 1_000,
};

struct HideHidden {
    private: bool,
}

impl View for HideHidden {
    fn shows_tool(&mut self, name: &str, _: Value<'_>) -> bool {
        !name.starts_with("hidden")
    }
    fn shows_prompt(&mut self, name: &str) -> bool {
        !name.starts_with("hidden")
    }
    fn shows_resource(&mut self, uri: &str) -> bool {
        !uri.starts_with("hidden")
    }
    fn private(&self) -> bool {
        self.private
    }
}

/// Checks one input: a byte whose lowest bit says whether the view is private, then a response.
pub fn check(input: &[u8]) {
    let Some((flags, text)) = input.split_first() else {
        return;
    };
    let mut view = HideHidden {
        private: flags & 1 == 1,
    };
    let result = filter(text, &mut view, LIMITS);
    let shown = String::from_utf8_lossy(text);
    if !may_hold_list(text) {
        assert!(!shows_hidden(&shown), "waved through: {shown}");
        let idle = matches!(result, Ok(Filtered::Unchanged) | Err(ListError::NotJson(_)));
        assert!(idle, "{result:?}");
    }
    let left = match &result {
        Ok(Filtered::Unchanged) => &*shown,
        Ok(Filtered::Changed { text, .. }) => text,
        Err(_) => return,
    };
    assert!(parse(left.as_bytes()).is_ok(), "no JSON: {left}");
    assert!(!shows_hidden(left), "{left}");
    let exact = only_hidden_is_gone(&shown, left, view.private);
    assert!(exact.is_ok(), "{exact:?}");
    let again = filter(left.as_bytes(), &mut view, LIMITS);
    assert_eq!(again, Ok(Filtered::Unchanged), "{left}");
}
