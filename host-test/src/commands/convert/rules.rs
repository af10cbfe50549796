//! The `rules` of one tool (dialects B and C), as `validate`, `require`, `deny_if`, `approve_if`
//! and `limits`.

use toolgate_engine::config::Keyword;
use toolgate_engine::config::condition::{Operator, RawCondition};
use toolgate_engine::config::limit::{NamedWindow, RawCost, RawLimit, RefundOn};
use toolgate_engine::config::policy::Mode;
use toolgate_engine::config::tool::{
    RawApproval, RawGuard, RawRequired, RawRule, RawState, RawTool, RawValidate,
};

use super::node::Node;
use crate::yaml::pointer_token;

/// What is to be said of a conversion.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Rule identifiers before and after.
    pub(super) moved: Vec<(String, String)>,
    /// Other remarks.
    pub(super) remarks: Vec<String>,
    /// What cannot be converted without a change of meaning: a pointer and why.
    pub(super) refusals: Vec<(String, String)>,
}

/// The step at which a kind of rule is asked, in the canonical form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Validate,
    Require,
    DenyIf,
}

/// Moves the rules of one tool to where the canonical form has them.
pub(super) struct Mover<'m> {
    /// The tool's entry, which loses its `rules`.
    pub(super) tool: &'m mut Node,
    pub(super) notes: &'m mut Notes,
    /// Whether the whole document or tool only records, so that nothing in it ends a decision.
    pub(super) shadow: bool,
}

impl Mover<'_> {
    pub(super) fn run(&mut self, raw: &RawTool<'_>) {
        self.tool.take("rules");
        let own = [
            (raw.validate.len(), Asked::Validate),
            (raw.require.len(), Asked::Require),
            (raw.deny_if.len(), Asked::DenyIf),
        ];
        let own = own
            .iter()
            .flat_map(|(n, asked)| std::iter::repeat_n(*asked, *n));
        let mut order: Vec<Asked> = own.collect();
        for (index, rule) in raw.rules.iter().enumerate() {
            order.extend(self.rule(rule, &raw.pointer));
            if let RawRule::Deny(guard) = rule
                && !self.shadow
                && guard.mode != Some(Mode::Shadow)
            {
                let behind = raw.rules.len().saturating_sub(index).saturating_sub(1);
                if behind > 0 {
                    self.notes.remarks.push(format!(
                        "`{}` denies every call, so the {behind} rules behind it are left out",
                        guard.pointer
                    ));
                }
                break;
            }
        }
        if !order.is_sorted() {
            self.notes.remarks.push(format!(
                "`{}`: the rules are asked in another order (validate, require, deny_if), so of \
                 several that deny one call another may be named; what is denied stays the same",
                raw.pointer
            ));
        }
    }

    fn rule(&mut self, rule: &RawRule<'_>, tool: &str) -> Option<Asked> {
        match rule {
            RawRule::Require(guard) => {
                self.guard("require", guard, &guard.conditions, tool);
                Some(Asked::Require)
            }
            RawRule::Deny(guard) => {
                self.guard("deny_if", guard, &[], tool);
                Some(Asked::DenyIf)
            }
            RawRule::Approve(approval) => {
                self.approval(approval, tool);
                None
            }
            RawRule::Limit(limit) => {
                self.limit(limit, tool);
                None
            }
            RawRule::Validate(validate, said, mode) => {
                self.validate(validate, said.as_deref(), *mode, tool)
            }
            RawRule::State(state) => self.state(state, tool),
        }
    }

    /// Appends to a list of the tool's, and notes the rule's new identifier.
    fn push(&mut self, list: &str, node: Node, old: &str, tool: &str) {
        if let Some(elements) = self.tool.list_mut(list) {
            let new = format!("{tool}/{list}/{}", elements.len());
            elements.push(node);
            self.notes.moved.push((old.to_owned(), new));
        }
    }

    fn guard(
        &mut self,
        list: &str,
        guard: &RawGuard<'_>,
        conditions: &[RawCondition<'_>],
        tool: &str,
    ) {
        let mut members = vec![("conditions".to_owned(), self::conditions(conditions))];
        text(&mut members, "on_deny", guard.on_deny.as_deref());
        mode(&mut members, guard.mode);
        self.push(list, Node::Map(members), &guard.pointer, tool);
    }

    fn approval(&mut self, approval: &RawApproval<'_>, tool: &str) {
        let mut members = vec![("conditions".to_owned(), conditions(&approval.conditions))];
        let timeout = approval.timeout.map(|seconds| format!("{seconds}s"));
        text(&mut members, "timeout", timeout.as_deref());
        text(&mut members, "message", approval.message.as_deref());
        mode(&mut members, approval.mode);
        self.push("approve_if", Node::Map(members), &approval.pointer, tool);
    }

    fn validate(
        &mut self,
        validate: &RawValidate<'_>,
        said: Option<&str>,
        mode: Option<Mode>,
        tool: &str,
    ) -> Option<Asked> {
        // What stands under `validate` of a tool has no words and no mode of its own.
        let plain = said.is_none() && mode != Some(Mode::Shadow);
        match validate {
            RawValidate::Required(_, RawRequired::Listed(names)) if names.is_empty() => None,
            RawValidate::Required(pointer, RawRequired::Listed(names)) => {
                if plain && self.require_arguments(names) {
                    self.moved_to_validate(pointer, tool, "required_args");
                    return Some(Asked::Validate);
                }
                let conditions = names.iter().map(|name| exists(name)).collect();
                let mut members = vec![("conditions".to_owned(), Node::List(conditions))];
                let missing = || format!("Required arguments: {}", names.join(", "));
                text(
                    &mut members,
                    "on_deny",
                    Some(&said.map_or_else(missing, str::to_owned)),
                );
                self::mode(&mut members, mode);
                self.push("require", Node::Map(members), pointer, tool);
                Some(Asked::Require)
            }
            RawValidate::Required(pointer, RawRequired::BySchema) => {
                if plain && self.put_validate("required_args", Node::Scalar("true".to_owned())) {
                    self.moved_to_validate(pointer, tool, "required_args");
                } else {
                    self.refuse(pointer, "`required_args: true`");
                }
                Some(Asked::Validate)
            }
            RawValidate::Schema(field) => {
                if plain && self.put_validate("schema", Node::of(field.value)) {
                    self.moved_to_validate(&field.pointer, tool, "schema");
                } else {
                    self.refuse(&field.pointer, "`schema`");
                }
                Some(Asked::Validate)
            }
        }
    }

    fn refuse(&mut self, pointer: &str, what: &str) {
        self.notes.refusals.push((
            pointer.to_owned(),
            format!(
                "this {what} cannot be converted: a tool has one `validate`, without `on_deny` or \
                 `mode`; make it the tool's only one, or leave these out"
            ),
        ));
    }

    fn moved_to_validate(&mut self, old: &str, tool: &str, part: &str) {
        let new = format!("{tool}/validate/{part}");
        self.notes.moved.push((old.to_owned(), new));
    }

    /// Adds names to `validate.required_args`; false where that is not a list.
    fn require_arguments(&mut self, names: &[String]) -> bool {
        self.put_validate("required_args", Node::List(Vec::new()));
        let validate = self.tool.get_mut("validate");
        let Some(Node::List(listed)) = validate.and_then(|v| v.get_mut("required_args")) else {
            return false;
        };
        for name in names.iter().map(|name| Node::string(name)) {
            if !listed.contains(&name) {
                listed.push(name);
            }
        }
        true
    }

    /// Puts a part into `validate`; false where it has another already.
    fn put_validate(&mut self, part: &str, node: Node) -> bool {
        if self.tool.get_mut("validate").is_none() {
            self.tool.put("validate", Node::Map(Vec::new()));
        }
        let Some(validate) = self.tool.get_mut("validate") else {
            return false;
        };
        match validate.get_mut(part) {
            // `required_args: false` says nothing.
            Some(Node::Scalar(text)) if text == "false" => {}
            Some(known) => return *known == node,
            None => {}
        }
        validate.put(part, node);
        true
    }

    fn limit(&mut self, limit: &RawLimit, tool: &str) {
        let members = quota(&limit.counter, limit.window, Node::number(limit.max));
        self.push_limit(
            members,
            limit.message.as_deref(),
            limit.mode,
            limit.refund_on.as_deref(),
            &limit.rule,
            &limit.counter,
            tool,
        );
    }

    fn state(&mut self, state: &RawState<'_>, tool: &str) -> Option<Asked> {
        let on_counter = |c: &&RawCondition<'_>| {
            c.path
                .value
                .as_str()
                .is_some_and(|p| p.starts_with("state."))
        };
        let (bounds, others): (Vec<_>, Vec<_>) = state.conditions.iter().partition(on_counter);
        let asked = (!others.is_empty()).then_some(Asked::Require);
        if asked.is_some() {
            let nodes = others.iter().map(|c| condition(c)).collect();
            let mut members = vec![("conditions".to_owned(), Node::List(nodes))];
            text(&mut members, "on_deny", state.on_deny.as_deref());
            mode(&mut members, state.mode);
            self.push("require", Node::Map(members), &state.rule, tool);
        }
        let max = bounds
            .first()
            .map_or(Node::number(0), |bound| match bound.op {
                Operator::Lt => {
                    let number = bound.value.value.as_number().and_then(|n| n.to_u64());
                    Node::number(number.unwrap_or(0).saturating_sub(1))
                }
                _ => Node::of(bound.value.value),
            });
        let mut members = quota(&state.counter, state.window, max);
        match &state.cost {
            RawCost::Fixed(1) => {}
            RawCost::Fixed(units) => members.push(("cost".to_owned(), Node::number(*units))),
            RawCost::From(path) => members.push(("cost".to_owned(), Node::string(path))),
        }
        let named = || format!("Denied by rule \"{}\"", limit_id(tool, &state.counter));
        let said = state.on_deny.clone().unwrap_or_else(named);
        let refunds = [RefundOn::Unreachable, RefundOn::Error];
        self.push_limit(
            members,
            Some(&said),
            state.mode,
            Some(&refunds),
            &state.pointer,
            &state.counter,
            tool,
        );
        asked
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one limit, used twice"
    )]
    fn push_limit(
        &mut self,
        mut members: Vec<(String, Node)>,
        said: Option<&str>,
        limit_mode: Option<Mode>,
        refunds: Option<&[RefundOn]>,
        old: &str,
        counter: &str,
        tool: &str,
    ) {
        if let Some(refunds) = refunds {
            let words = refunds.iter().map(|reason| Node::string(word(*reason)));
            members.push(("refund_on".to_owned(), Node::List(words.collect())));
        }
        text(&mut members, "on_deny", said);
        mode(&mut members, limit_mode);
        if let Some(limits) = self.tool.list_mut("limits") {
            limits.push(Node::Map(members));
            self.notes
                .moved
                .push((old.to_owned(), limit_id(tool, counter)));
        }
    }
}

fn limit_id(tool: &str, counter: &str) -> String {
    format!("{tool}/limits/{}", pointer_token(counter))
}

fn quota(counter: &str, seconds: u32, max: Node) -> Vec<(String, Node)> {
    let named = NamedWindow::WORDS
        .iter()
        .find(|(_, w)| w.seconds() == seconds);
    let window = named.map_or_else(
        || Node::number(u64::from(seconds)),
        |(word, _)| Node::string(word),
    );
    vec![
        ("counter".to_owned(), Node::string(counter)),
        ("window".to_owned(), window),
        ("max".to_owned(), max),
        ("scope".to_owned(), Node::string("grant")),
    ]
}

fn text(members: &mut Vec<(String, Node)>, key: &str, value: Option<&str>) {
    members.extend(value.map(|text| (key.to_owned(), Node::string(text))));
}

fn mode(members: &mut Vec<(String, Node)>, value: Option<Mode>) {
    text(members, "mode", value.map(word));
}

fn conditions(raw: &[RawCondition<'_>]) -> Node {
    Node::List(raw.iter().map(condition).collect())
}

fn condition(raw: &RawCondition<'_>) -> Node {
    Node::Map(vec![
        ("path".to_owned(), Node::of(raw.path.value)),
        ("op".to_owned(), Node::string(word(raw.op))),
        ("value".to_owned(), Node::of(raw.value.value)),
    ])
}

fn exists(name: &str) -> Node {
    let mut quoted = String::new();
    toolgate_engine::json::push_json_string(&mut quoted, name);
    Node::Map(vec![
        ("path".to_owned(), Node::string(&format!("args[{quoted}]"))),
        ("op".to_owned(), Node::string("exists")),
        ("value".to_owned(), Node::Scalar("true".to_owned())),
    ])
}

/// How a document writes it.
fn word<K: Keyword + PartialEq>(value: K) -> &'static str {
    let found = K::WORDS.iter().find(|(_, known)| *known == value);
    found.map_or("", |(word, _)| word)
}
