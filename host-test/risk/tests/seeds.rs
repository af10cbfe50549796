//! The five tools whose pages the project started from come out as their pages say. The pages give
//! descriptions and name the arguments that raise signals; what else a schema has here is likely.
#![expect(clippy::unwrap_used, reason = "test")]

use serde_json::{Value, json};
use toolgate_risk::{Category, Risk, SignalKind, Tool, classify};

fn check(
    tool: Tool<'_>,
    properties: Value,
    category: Category,
    risk: Risk,
    signals: &[(SignalKind, &str)],
) {
    let schema = json!({"type": "object", "properties": properties});
    let verdict = classify(&Tool {
        input_schema: Some(&schema),
        ..tool
    });
    assert_eq!(
        (verdict.category, verdict.risk),
        (category, risk),
        "{}: {:?}",
        tool.name,
        verdict.reasons
    );
    let raised: Vec<_> = verdict
        .signals
        .iter()
        .map(|s| (s.kind, s.evidence.as_str()))
        .collect();
    assert_eq!(raised, signals, "{}", tool.name);
}

#[test]
fn claim_job_executes() {
    let tool = Tool {
        server: Some("Workprotocol"),
        name: "claim_job",
        description: "Claim an open job to start working on it.",
        ..Tool::default()
    };
    let properties = json!({"job_id": {"type": "string"}, "api_key": {"type": "string"}});
    check(
        tool,
        properties,
        Category::Execute,
        Risk::High,
        &[(SignalKind::Credentials, "api_key")],
    );
}

#[test]
fn claim_task_reads() {
    let description = "Two-step at-least-once primitive — step 1. Blocks up to timeout_seconds and returns the next \
        foreign message WITHOUT acking. Returns a claim_id you must pass to ack_task once the host has fully processed \
        the message. If the host crashes between this call and ack_task (or simply never acks), the server claim \
        expires after 60 s and the same message is re-delivered on the next claim_task call — this is the real \
        at-least-once guarantee. Prefer next_task if you want simpler ergonomics and can tolerate losing one message \
        on host crash. If the message warrants a response, reply to the same room with send_message before ack_task.";
    let tool = Tool {
        server: Some("Safebot"),
        name: "claim_task",
        description,
        ..Tool::default()
    };
    let properties = json!({"url": {"type": "string"}, "timeout_seconds": {"type": "integer"}});
    check(
        tool,
        properties,
        Category::Read,
        Risk::Low,
        &[(SignalKind::Url, "url")],
    );
}

#[test]
fn claim_token_writes() {
    let description = "Attach an anonymous token (returned by create_postgres / create_webhook) to the authenticated \
        caller's account. Idempotent — re-claiming a token you already own returns the same payload. For paid callers, \
        the resource's tier is upgraded to 'paid' and its expiry is cleared. For free callers, the resource stays \
        anonymous-tier but is now visible on the dashboard. Requires INSTANODE_TOKEN.";
    let tool = Tool {
        server: Some("Instanode"),
        name: "claim_token",
        description,
        ..Tool::default()
    };
    let properties = json!({"token": {"type": "string"}});
    check(
        tool,
        properties,
        Category::Write,
        Risk::Medium,
        &[(SignalKind::Credentials, "token")],
    );
}

#[test]
fn run_job_and_arcane_job_run_execute() {
    let tool = Tool {
        server: Some("AAP Enterprise MCP Server"),
        name: "run_job",
        description: "Run a job template by ID, optionally with extra_vars.",
        ..Tool::default()
    };
    let properties = json!({"template_id": {"type": "integer"}, "extra_vars": {"type": "object"}});
    check(tool, properties, Category::Execute, Risk::High, &[]);
    let tool = Tool {
        server: Some("Arcane"),
        name: "arcane_job_run",
        description: "Run a job immediately",
        ..Tool::default()
    };
    let properties = json!({"environmentId": {"type": "string"}, "jobId": {"type": "string"}});
    check(tool, properties, Category::Execute, Risk::High, &[]);
}

#[test]
fn every_verdict_says_why() {
    let empty = classify(&Tool::default());
    assert_eq!(
        (empty.category, empty.risk),
        (Category::Execute, Risk::High)
    );
    assert!(
        empty
            .reasons
            .first()
            .unwrap()
            .to_string()
            .contains("may start anything")
    );
}
