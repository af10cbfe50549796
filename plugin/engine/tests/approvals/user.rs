//! `by: "user"`: the client's user is asked by a result of MCP 2026-07-28, and the same call passes
//! with the answer, once.

use std::rc::Rc;

use serde_json::{Value, json};
use toolgate_engine::Gate;
use toolgate_engine::exchange::{Exchange, RequestStep, ResponseHead, ResponseStep};

use super::calls::{FORGERIES, admin, calls, calls_with, decide, denied, forwarded};
use super::support::SECOND;
use super::world::{World, post};

pub(super) const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"refund":{
    "approve_if":[{"conditions":[{"path":"args.amount","op":"gt","value":100}],"timeout":"10m","message":"Refunds above 100 need you.","by":"user"}],
    "limits":[{"counter":"refunds","window":"hour","max":3,"scope":"grant"}]}}}"#;

pub(super) fn world() -> World {
    World {
        now: super::support::START,
        ..World::default()
    }
}

/// One call of a client of 2026-07-28.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) token: &'static str,
    /// JSON text.
    pub(super) arguments: String,
    /// Members of `params` beside the usual ones, JSON text.
    pub(super) more: String,
    pub(super) capabilities: &'static str,
}

impl Sent {
    pub(super) fn first() -> Self {
        Self {
            token: "alice",
            arguments: r#"{"amount":150,"to":"x"}"#.to_owned(),
            more: String::new(),
            capabilities: r#"{"elicitation":{}}"#,
        }
    }

    pub(super) fn answering(state: &str, action: &str) -> Self {
        let responses = json!({"toolgate_approval": {"action": action, "content": {}}});
        Self {
            more: format!(
                r#","inputResponses":{responses},"requestState":{}"#,
                Value::from(state)
            ),
            ..Self::first()
        }
    }

    fn with(mut self, arguments: &str) -> Self {
        arguments.clone_into(&mut self.arguments);
        self
    }

    pub(super) fn body(&self) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"refund","arguments":{}{},"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}}}}"#,
            self.arguments, self.more, self.capabilities
        )
    }

    pub(super) fn go(&self, gate: &Rc<Gate>, world: &mut World) -> (RequestStep, Exchange) {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "refund"),
        ];
        post(gate, world, &headers, &self.body())
    }

    fn passes(&self, gate: &Rc<Gate>, world: &mut World) -> bool {
        forwarded(&self.go(gate, world).0)
    }

    /// The question that is asked, and its state.
    pub(super) fn asked(&self, gate: &Rc<Gate>, world: &mut World) -> (String, String) {
        let reply = denied(self.go(gate, world).0);
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        let result = &body["result"];
        assert_eq!(result["resultType"], "input_required", "{body}");
        let question = &result["inputRequests"]["toolgate_approval"];
        assert_eq!(question["method"], "elicitation/create");
        assert_eq!(question["params"]["mode"], "form");
        let text = question["params"]["message"].as_str().unwrap();
        (
            text.to_owned(),
            result["requestState"].as_str().unwrap().to_owned(),
        )
    }

    /// What the caller is told instead.
    fn refused(&self, gate: &Rc<Gate>, world: &mut World) -> String {
        let reply = denied(self.go(gate, world).0);
        assert!(reply.body.contains(r#""isError":true"#), "{}", reply.body);
        reply.body
    }
}

/// What the upstream sees of the round trips.
fn upstream_sees(exchange: &mut Exchange, sent: &Sent) -> Value {
    let body = exchange.take_rewritten().unwrap();
    assert_eq!(body.len(), sent.body().len());
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    let params = body["params"].as_object_mut().unwrap();
    for key in ["name", "arguments", "_meta"] {
        assert!(params.remove(key).is_some(), "{key}");
    }
    Value::Object(params.clone())
}

/// The upstream answers.
fn answers(exchange: &mut Exchange, world: &mut World, body: &Value) {
    let head = ResponseHead {
        status: 200,
        content_type: Some(b"application/json"),
        content_encoding: None,
    };
    assert_eq!(exchange.on_response_headers(&head), ResponseStep::Watch);
    exchange.on_response_seen(body.to_string().as_bytes(), false, world);
    exchange.on_response_seen(b"", true, world);
}

fn asks(state: Option<&str>) -> Value {
    let mut body = json!({"jsonrpc":"2.0","id":7,"result":{"resultType":"input_required","inputRequests":{"account":{"method":"elicitation/create","params":{}}}}});
    if let Some(state) = state {
        body["result"]["requestState"] = state.into();
    }
    body
}

#[test]
fn the_user_is_asked_in_plain_words_and_the_same_call_passes_once() {
    let (gate, mut world) = (calls(POLICY), world());
    let (text, state) = Sent::first().asked(&gate, &mut world);
    for part in [
        "Refunds above 100 need you.",
        "\"refund\" of \"shop\"",
        r#"{"amount":150,"to":"x"}"#,
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // Asking again is the same question, and costs nothing.
    assert_eq!(Sent::first().asked(&gate, &mut world).1, state);

    let yes = Sent::answering(&state, "accept").with(r#"{ "to":"\u0078", "amount":1.5e2 }"#);
    let (step, mut exchange) = yes.go(&gate, &mut world);
    assert!(forwarded(&step));
    assert_eq!(upstream_sees(&mut exchange, &yes), json!({}));
    let replayed = yes.refused(&gate, &mut world);
    assert!(replayed.contains("was used before"), "{replayed}");
    assert_ne!(Sent::first().asked(&gate, &mut world).1, state);
}

/// Every way of getting more out of the user's answer than the call that it was given to.
#[test]
fn no_other_call_passes_with_the_users_answer() {
    let gate = calls(POLICY);
    let stricter = calls(&POLICY.replace("\"max\":3", "\"max\":4"));
    for (what, token, arguments) in FORGERIES {
        let mut world = world();
        let (_, state) = Sent::first().asked(&gate, &mut world);
        let right = Sent::answering(&state, "accept");
        let forged = Sent {
            token,
            ..right.clone()
        };
        let forged = forged.with(arguments);
        assert!(!forged.passes(&gate, &mut world), "{what}");
        assert!(
            !right.passes(&stricter, &mut world),
            "{what}: another policy"
        );
        assert!(
            right.passes(&gate, &mut world),
            "{what}: the right one after it"
        );
        assert!(!right.passes(&gate, &mut world), "{what}: once");
    }
}

#[test]
fn a_state_is_worth_nothing_without_its_key_after_its_end_or_with_the_clock_back() {
    let (old, new) = ("03".repeat(32), "04".repeat(32));
    let (before, both, after) = (
        calls_with(POLICY, &format!("\"{old}\"")),
        calls_with(POLICY, &format!("\"{new}\",\"{old}\"")),
        calls_with(POLICY, &format!("\"{new}\"")),
    );
    let mut world = world();
    let (_, state) = Sent::first().asked(&before, &mut world);
    let yes = Sent::answering(&state, "accept");
    assert!(!yes.passes(&after, &mut world), "the key is gone");
    assert!(yes.passes(&both, &mut world), "keys are being exchanged");

    let (_, late) = Sent::first().asked(&after, &mut world);
    world.now += 600 * SECOND + 10;
    // Something else is asked about meanwhile, at that time.
    Sent::first()
        .with(r#"{"amount":999}"#)
        .asked(&after, &mut world);
    let yes = Sent::answering(&late, "accept");
    assert!(!yes.passes(&after, &mut world), "it has ended");
    world.now -= 600 * SECOND;
    assert!(!yes.passes(&after, &mut world), "the clock went back");
}

#[test]
fn declining_and_closing_deny_until_the_question_ends() {
    for action in ["decline", "cancel"] {
        let (gate, mut world) = (calls(POLICY), world());
        let (_, state) = Sent::first().asked(&gate, &mut world);
        world.now += SECOND;
        let told = Sent::answering(&state, action).refused(&gate, &mut world);
        assert!(told.contains("was denied by user"), "{told}");
        assert!(told.contains(r#""ends_in":599"#), "{told}");
        assert!(!Sent::answering(&state, "accept").passes(&gate, &mut world));
        let told = Sent::first().refused(&gate, &mut world);
        assert!(told.contains("was denied by user"), "{told}");
        world.now += 600 * SECOND;
        assert_ne!(Sent::first().asked(&gate, &mut world).1, state);
    }
}

#[test]
fn who_declines_is_not_asked_the_same_again_after_many_other_questions() {
    let (gate, mut world) = (calls(POLICY), world());
    let first = Sent::first();
    let other = |n: u32| {
        first
            .clone()
            .with(&format!(r#"{{"amount":{}}}"#, 1_000 + n))
    };
    let declined = |sent: &Sent, world: &mut World| {
        let (_, state) = sent.asked(&gate, world);
        let answer = Sent::answering(&state, "decline").with(&sent.arguments);
        answer.refused(&gate, world)
    };
    declined(&first, &mut world);
    for n in 1..16 {
        declined(&other(n), &mut world);
    }
    let told = other(16).refused(&gate, &mut world);
    assert!(told.contains("Too many of your calls"), "{told}");
    let told = first.refused(&gate, &mut world);
    assert!(told.contains("was denied by user"), "{told}");
    world.now += 600 * SECOND;
    first.asked(&gate, &mut world);
}

#[test]
fn an_answer_that_says_nothing_is_asked_for_again() {
    for responses in [
        r#","inputResponses":{}"#,
        "",
        r#","inputResponses":{"other":{"action":"accept"}}"#,
        r#","inputResponses":{"toolgate_approval":{"action":"yes"}}"#,
        r#","inputResponses":{"toolgate_approval":true}"#,
        r#","inputResponses":[{"toolgate_approval":{"action":"accept"}}]"#,
        r#","inputResponses":"accept""#,
        r#","inputResponses":null"#,
    ] {
        let (gate, mut world) = (calls(POLICY), world());
        let (_, state) = Sent::first().asked(&gate, &mut world);
        let open = Sent {
            more: format!(r#"{responses},"requestState":"{state}""#),
            ..Sent::first()
        };
        assert_eq!(open.asked(&gate, &mut world).1, state, "{responses}");
        assert!(Sent::answering(&state, "accept").passes(&gate, &mut world));
    }
}

#[test]
fn an_accepted_answer_without_a_state_of_ours_passes_nothing() {
    let (gate, mut world) = (calls(POLICY), world());
    let (_, state) = Sent::first().asked(&gate, &mut world);
    for more in [
        r#","inputResponses":{"toolgate_approval":{"action":"accept"}}"#.to_owned(),
        r#","inputResponses":{"toolgate_approval":{"action":"accept"}},"requestState":"x""#.into(),
        r#","inputResponses":{"toolgate_approval":{"action":"accept"}},"requestState":7"#.into(),
        r#","inputResponses":{"toolgate_approval":{"action":"accept"}},"requestState":null"#.into(),
        format!(
            r#","inputResponses":{{"toolgate_approval":{{"action":"accept"}}}},"requestState":["{state}"]"#
        ),
        format!(
            r#","inputResponses":{{"toolgate_approval":{{"action":"accept"}}}},"requestState":" {state}""#
        ),
    ] {
        let sent = Sent {
            more,
            ..Sent::first()
        };
        // It is asked about, as the answer to a question of the upstream's that it may be.
        assert_ne!(sent.asked(&gate, &mut world).1, state);
    }
    assert!(Sent::answering(&state, "accept").passes(&gate, &mut world));
}

#[test]
fn a_question_of_the_upstreams_own_follows_an_approved_call_without_asking_again() {
    for theirs in [Some("U1"), Some("toolgate2.x"), None] {
        let (gate, mut world) = (calls(POLICY), world());
        let (_, state) = Sent::first().asked(&gate, &mut world);
        let (step, mut exchange) = Sent::answering(&state, "accept").go(&gate, &mut world);
        assert!(forwarded(&step));
        answers(&mut exchange, &mut world, &asks(theirs));

        let answering = |state: Option<&str>| {
            let state = state.map_or(String::new(), |s| format!(r#","requestState":"{s}""#));
            Sent {
                more: format!(
                    r#"{state},"inputResponses":{{"account":{{"action":"accept","content":{{"n":1}}}}}}"#
                ),
                ..Sent::first()
            }
        };
        let next = answering(theirs);
        for other in [
            Sent {
                token: "bob",
                ..next.clone()
            },
            next.clone().with(r#"{"amount":151,"to":"x"}"#),
            answering(Some("forged")),
            Sent::first(),
        ] {
            assert!(!other.passes(&gate, &mut world), "{}", other.body());
        }
        let (step, mut exchange) = next.go(&gate, &mut world);
        assert!(forwarded(&step), "{theirs:?}");
        // Nothing of theirs is touched.
        assert_eq!(exchange.take_rewritten(), None);
        let complete =
            json!({"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","content":[]}});
        answers(&mut exchange, &mut world, &complete);
        // Once: the same round again asks anew.
        assert!(!next.passes(&gate, &mut world));
    }
}

#[test]
fn no_yes_follows_from_an_answer_that_asks_nothing_or_is_anothers() {
    for answer in [
        json!({"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","requestState":"U1"}}),
        json!({"jsonrpc":"2.0","id":8,"result":{"resultType":"input_required","requestState":"U1"}}),
        json!({"jsonrpc":"2.0","id":"7","result":{"resultType":"input_required","requestState":"U1"}}),
        json!({"jsonrpc":"2.0","id":7,"method":"x","result":{"resultType":"input_required","requestState":"U1"}}),
        json!({"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"","data":{"resultType":"input_required","requestState":"U1"}}}),
    ] {
        let (gate, mut world) = (calls(POLICY), world());
        let (_, state) = Sent::first().asked(&gate, &mut world);
        let (_, mut exchange) = Sent::answering(&state, "accept").go(&gate, &mut world);
        answers(&mut exchange, &mut world, &answer);
        let next = Sent {
            more: r#","requestState":"U1""#.to_owned(),
            ..Sent::first()
        };
        assert!(!next.passes(&gate, &mut world), "{answer}");
    }
}

#[test]
fn what_a_call_carries_for_the_upstream_comes_through_our_question_whole() {
    for theirs in [
        r#""requestState":"U\u0031 ü\"\\","inputResponses":{"account":{"action":"accept","content":{"n":1e0}}}"#,
        r#""requestState":"U1""#,
        r#""inputResponses":{"account":{"action":"decline"}}"#,
    ] {
        let (gate, mut world) = (calls(POLICY), world());
        let first = Sent {
            more: format!(",{theirs}"),
            ..Sent::first()
        };
        let (_, state) = first.asked(&gate, &mut world);
        let yes = Sent::answering(&state, "accept");
        // The plain call is another one.
        assert_ne!(Sent::first().asked(&gate, &mut world).1, state);
        let (step, mut exchange) = yes.go(&gate, &mut world);
        assert!(forwarded(&step));
        let kept: Value = serde_json::from_str(&format!("{{{theirs}}}")).unwrap();
        assert_eq!(upstream_sees(&mut exchange, &yes), kept);
        assert!(!yes.passes(&gate, &mut world));
    }
}

#[test]
fn an_operator_approves_the_answer_too_that_a_call_carries() {
    let (gate, mut world) = (calls(POLICY), world());
    let carrying = |n: u32| Sent {
        more: format!(
            r#","requestState":"U1","inputResponses":{{"account":{{"action":"accept","content":{{"n":{n}}}}}}}"#
        ),
        capabilities: "{}",
        ..Sent::first()
    };
    let told = carrying(1).refused(&gate, &mut world);
    let at = told.find("apr_").unwrap();
    assert_eq!(
        decide(&mut world, &told[at..at + 28], "approve").status,
        200
    );
    let bare = Sent {
        more: r#","requestState":"U1""#.to_owned(),
        ..carrying(1)
    };
    for other in [
        carrying(2),
        bare,
        Sent {
            more: String::new(),
            ..carrying(1)
        },
    ] {
        assert!(!other.passes(&gate, &mut world), "{}", other.body());
    }
    assert!(carrying(1).passes(&gate, &mut world));
    assert!(!carrying(1).passes(&gate, &mut world));
}

#[test]
fn the_user_reads_what_the_call_answers_too_or_is_not_asked() {
    let (gate, mut world) = (calls(POLICY), world());
    let answering = |all: &str| Sent {
        more: format!(
            r#","requestState":"U1","inputResponses":{{"scope": {{"action":"accept","content":{{"of":"{all}"}}}}}}"#
        ),
        ..Sent::first()
    };
    let (text, state) = answering("all\u{202e}").asked(&gate, &mut world);
    let said =
        r#"of the tool's own with {"scope":{"action":"accept","content":{"of":"all\u{202e}"}}}."#;
    assert!(text.contains(said), "{text}");
    let yes = Sent::answering(&state, "accept");
    assert!(yes.passes(&gate, &mut world));
    let told = answering(&"x".repeat(2_000)).refused(&gate, &mut world);
    assert!(told.contains("from an operator"), "{told}");
}

#[test]
fn what_is_kept_is_sealed() {
    let (gate, mut world) = (calls(POLICY), world());
    let carrying = |theirs: &str| Sent {
        more: format!(r#","requestState":"{theirs}""#),
        ..Sent::first()
    };
    let (_, one) = carrying("U1").asked(&gate, &mut world);
    let (_, other) = carrying("U2").asked(&gate, &mut world);
    let (_, plain) = Sent::first().asked(&gate, &mut world);
    let (head, kept) = one.rsplit_once('.').unwrap();
    let other_kept = other.rsplit_once('.').unwrap().1;
    for forged in [
        head.to_owned(),
        format!("{head}."),
        format!("{head}.{other_kept}"),
        format!("{plain}.{kept}"),
        format!("{one}="),
        format!("{one}A"),
        format!("{one}.{kept}"),
        format!("{head}.{kept} "),
        format!("{head}.!"),
    ] {
        let sent = Sent::answering(&forged, "accept");
        let told = sent.refused(&gate, &mut world);
        assert!(told.contains("belongs to another call"), "{forged}: {told}");
    }
    assert!(Sent::answering(&one, "accept").passes(&gate, &mut world));
}

#[test]
fn a_call_that_carries_too_much_is_denied_and_asks_nobody() {
    let (gate, mut world) = (calls(POLICY), world());
    let sent = Sent {
        more: format!(r#","requestState":"{}""#, "u".repeat(64 << 10)),
        ..Sent::first()
    };
    let told = sent.refused(&gate, &mut world);
    assert!(told.contains("too much"), "{told}");
}

#[test]
fn clients_that_cannot_ask_fall_to_operators_or_are_denied() {
    let deny = POLICY.replace(r#""by":"user""#, r#""by":"user","fallback":"deny""#);
    for capabilities in ["{}", r#"{"elicitation":{"url":{}}}"#, r#"{"sampling":{}}"#] {
        let sent = Sent {
            capabilities,
            ..Sent::first()
        };
        let (gate, mut world) = (calls(POLICY), world());
        let told = sent.refused(&gate, &mut world);
        assert!(told.contains("is requested from an operator"), "{told}");
        let at = told.find("apr_").unwrap();
        let id = &told[at..at + 28];
        // A state is worth nothing where the user is not asked.
        let (_, state) = Sent::first().asked(&gate, &mut world);
        let forged = Sent {
            capabilities,
            ..Sent::answering(&state, "accept")
        };
        assert!(!forged.passes(&gate, &mut world));
        assert_eq!(decide(&mut world, id, "approve").status, 200);
        // An operator's yes is not the user's.
        Sent::first().asked(&gate, &mut world);
        assert!(sent.passes(&gate, &mut world));

        let told = sent.refused(&calls(&deny), &mut world);
        assert!(told.contains("Only the user can approve"), "{told}");
    }
    let old = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"refund","arguments":{"amount":150},"_meta":{"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}}"#;
    let bearer = [("authorization", "Bearer alice")];
    let reply = denied(post(&calls(POLICY), &mut world(), &bearer, old).0);
    assert!(reply.body.contains("from an operator"), "{}", reply.body);
    let reply = denied(post(&calls(&deny), &mut world(), &bearer, old).0);
    assert!(reply.body.contains("Only the user"), "{}", reply.body);
}

#[test]
fn where_an_operator_is_asked_too_the_users_word_is_not_enough() {
    let both = r#"{"version":"1","default":"deny","tools":{"refund":{"approve_if":[
        {"conditions":[],"by":"user"},
        {"conditions":[{"path":"headers.x-desk","op":"eq","value":"back"}],"message":"Ask an operator."}]}}}"#;
    let (gate, mut world) = (calls(both), world());
    let at = |desk: &str, sent: &Sent, world: &mut World| {
        let headers = [
            ("authorization", "Bearer alice"),
            ("x-desk", desk),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "refund"),
        ];
        post(&gate, world, &headers, &sent.body())
    };
    let (_, state) = Sent::first().asked(&gate, &mut world);
    let yes = Sent::answering(&state, "accept");
    let told = denied(at("back", &yes, &mut world).0);
    assert!(told.body.contains("Ask an operator."), "{}", told.body);
    let (step, mut exchange) = at("front", &yes, &mut world);
    assert!(forwarded(&step));
    // Nor does the user's yes go on where an operator is asked.
    answers(&mut exchange, &mut world, &asks(Some("U1")));
    let next = Sent {
        more: r#","requestState":"U1""#.to_owned(),
        ..Sent::first()
    };
    assert!(!forwarded(&at("back", &next, &mut world).0));
    assert!(forwarded(&at("front", &next, &mut world).0));
}

#[test]
fn an_answer_to_one_rules_question_is_none_to_anothers() {
    let both = r#"{"version":"1","default":"deny","tools":{"refund":{"approve_if":[
        {"conditions":[],"by":"user","message":"Look at the amount."},
        {"conditions":[{"path":"headers.mcp-name","op":"eq","value":"refund"},{"path":"headers.x-desk","op":"exists","value":true}],"by":"user","message":"And call first."}]}}}"#;
    let (gate, mut world) = (calls(both), world());
    let at_desk = |sent: &Sent, world: &mut World| {
        let headers = [
            ("authorization", "Bearer alice"),
            ("x-desk", "back"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "refund"),
        ];
        post(&gate, world, &headers, &sent.body())
    };
    let (text, state) = Sent::first().asked(&gate, &mut world);
    assert!(!text.contains("call first"), "{text}");
    let yes = Sent::answering(&state, "accept");
    let told = denied(at_desk(&yes, &mut world).0);
    assert!(told.body.contains("another call"), "{}", told.body);
    let told = denied(at_desk(&Sent::first(), &mut world).0);
    let question = r"Look at the amount.\nAnd call first.\n\nThe agent";
    assert!(told.body.contains(question), "{}", told.body);
    // The yes to the first does not go on where the second asks either.
    let (step, mut exchange) = yes.go(&gate, &mut world);
    assert!(forwarded(&step));
    answers(&mut exchange, &mut world, &asks(Some("U1")));
    let next = Sent {
        more: r#","requestState":"U1""#.to_owned(),
        ..Sent::first()
    };
    assert!(!forwarded(&at_desk(&next, &mut world).0));
    assert!(next.passes(&gate, &mut world));
}

#[test]
fn operators_see_what_users_are_asked_and_may_say_no() {
    let (gate, mut world) = (calls(POLICY), world());
    let (_, state) = Sent::first().asked(&gate, &mut world);
    let listed = admin(&mut world, "GET", "/approvals", &[super::calls::AS_OLGA]);
    assert!(listed.body.contains(r#""asks":"user""#), "{}", listed.body);
    assert!(!listed.body.contains("amount"), "{}", listed.body);
    let at = listed.body.find("apr_").unwrap();
    let id = listed.body[at..at + 28].to_owned();
    assert_eq!(decide(&mut world, &id, "deny").status, 200);
    assert!(!Sent::answering(&state, "accept").passes(&gate, &mut world));
}

#[test]
fn waiting_costs_nothing_and_a_limit_asks_nobody() {
    let (gate, mut world) = (calls(POLICY), world());
    for _ in 0..10 {
        Sent::first().asked(&gate, &mut world);
    }
    let (_, state) = Sent::first().asked(&gate, &mut world);
    let small = Sent::first().with(r#"{"amount":1}"#);
    for _ in 0..3 {
        assert!(small.passes(&gate, &mut world));
    }
    let told = Sent::answering(&state, "accept").refused(&gate, &mut world);
    assert!(told.contains("Rate limit of 3 per hour"), "{told}");
}

#[test]
fn nothing_in_the_arguments_can_move_or_hide_the_question() {
    let (gate, mut world) = (calls(POLICY), world());
    let sneaky = "{\"amount\":\n150,\"to\":\"\u{202e}x\u{200b}\u{2028}\u{e0041}\u{85}\"}";
    let (text, _) = Sent::first().with(sneaky).asked(&gate, &mut world);
    assert!(
        text.contains(r#"{"amount":150,"to":"\u{202e}x\u{200b}\u{2028}\u{e0041}\u{85}"}"#),
        "{text}"
    );
    let long = format!(r#"{{"amount":150,"to":"{}"}}"#, "ü".repeat(5_000));
    // What the user could see only the beginning of is not asked about: here an operator is.
    let told = Sent::first().with(&long).refused(&gate, &mut world);
    assert!(
        told.contains("apr_") && !told.contains("input_required"),
        "{told}"
    );
    let padded = format!("{{{}\"amount\":1000000}}", " ".repeat(3_000));
    let (text, _) = Sent::first().with(&padded).asked(&gate, &mut world);
    assert!(text.contains(r#"with {"amount":1000000}."#), "{text}");
}
