"""Every request leaves one record and one count, whatever becomes of it, and none of them holds a secret."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import wire
from harness.envoy import Envoy
from harness.paths import ROOT
from harness.servers import Server
from metrics import samples, total
from policies import plugin
from traps import with_trap

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "audit.schema.json").read_text()))

TOKEN = "tg-secret-token-5b1f"
COOKIE = "tg-secret-cookie-77aa"
ARGUMENT = "tg-secret-argument-91c0"
KEY = "tg-secret-digest-key-0d4e"

POLICY = {
    "default": "deny",
    "tools": {
        "open_tool": {},
        "few_tool": {"limits": [{"counter": "few", "window": "day", "max": 3, "scope": "global"}]},
        "dry_tool": {"mode": "shadow", "deny_if": [{"conditions": [{"path": "args.n", "op": "gt", "value": 1}], "on_deny": "No."}]},
        "pay": {"require": [{"conditions": [{"path": "args.amount", "op": "lt", "value": 100}], "on_deny": "Too much."}]},
    },
}


def audited(**more: Any) -> dict[str, Any]:
    return plugin(POLICY, audit={"digest": "all", "digest_key": KEY, "arguments": {"pay": ["amount"]}, **more})


def checked(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records, after each was found to be as the schema says."""
    for record in records:
        SCHEMA.validate(record)
    return records


def test_each_kind_of_request_is_recorded_as_the_schema_says(start, upstream: Server) -> None:
    envoy = start(upstream=upstream.address, plugin={**audited(), "max_body_bytes": 20_000})
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    kinds = [
        (wire.post(wire.call("open_tool", {"b": 1, "a": ARGUMENT}), b"traceparent: " + trace.encode()), "allow"),
        (wire.post(wire.call("pay", {"amount": 12, "note": ARGUMENT})), "allow"),
        (wire.post(wire.call("pay", {"amount": 500})), "deny"),
        (wire.post(wire.call("dry_tool", {"n": 5})), "allow"),
        (wire.post(wire.call("other_tool")), "deny"),
        (wire.post(wire.listing()), "allow"),
        (wire.post(b'{"jsonrpc":"2.0","method":"notifications/initialized"}'), "allow"),
        (wire.post(b"{"), "reject"),
        (wire.post(b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'), "reject"),
        (wire.post(b'"' + b"a" * 20_001 + b'"'), "reject"),
        (wire.head("POST", b"content-type: text/plain", wire.length(b"x")) + b"x", "reject"),
        (wire.head("GET", wire.ACCEPT), "allow"),
        (wire.post(b"[" + wire.call("open_tool") + b"," + wire.call("pay", {"amount": 1}) + b"]", b"mcp-protocol-version: 2025-03-26"), "allow"),
        *[(wire.post(wire.call("few_tool")), "allow")] * 3,
        (wire.post(wire.call("few_tool")), "deny"),
    ]
    for number, (request, _) in enumerate(kinds):
        wire.ask(envoy.port, request)
        envoy.records(number + 1)
    records = checked(envoy.records(len(kinds)))
    assert [record["outcome"] for record in records] == [outcome for _, outcome in kinds]
    called, paid, refused, dry, unlisted, listed, _, broken, ambiguous, large, text, opened, batch, few, *_, last = records
    assert (called["trace"], called["arguments"]["names"], "values" in called["arguments"]) == (trace, ["a", "b"], False)
    assert called["id"] and called["server"] == "test" and called["identity"] == "anonymous"
    assert paid["arguments"]["values"] == {"amount": 12}
    assert (refused["rule"], refused["message"], refused["status"]) == ("/tools/pay/require/0", "Too much.", 200)
    assert dry["shadow"] == [{"rule": "/tools/dry_tool/deny_if/0", "message": "No."}]
    assert unlisted["rule"] == "(default deny)" and listed["method"] == "tools/list" and opened["method"] == "GET"
    assert [entry["cause"] for entry in (broken, ambiguous, large, text)] == ["not_json", "not_mcp", "too_large", "http"]
    assert [entry["tool"] for entry in batch["batch"]] == ["open_tool", "pay"]
    assert few["limits"][0]["remaining"] == 2 and last["limits"][0]["remaining"] == 0
    assert total(envoy, "toolgate_decisions_total") == len(kinds)
    assert total(envoy, "toolgate_decisions_total", outcome="reject", rule="not_json") == 1
    assert total(envoy, "toolgate_decisions_total", outcome="deny", tool="few_tool") == 1
    assert total(envoy, "toolgate_shadowed_total", rule="/tools/dry_tool/deny_if/0") == 1
    assert total(envoy, "toolgate_limit_used_percent", counter="few") == 100
    assert total(envoy, "toolgate_config_loads_total", result="refused") == 0 < total(envoy, "toolgate_config_loads_total", result="ok")


def test_a_request_that_never_was_whole_is_recorded_and_counted(start, upstream: Server) -> None:
    envoy = start(upstream=upstream.address, plugin=audited())
    connection = wire.Connection(envoy.port)
    connection.send(wire.head("POST", wire.JSON, b"content-length: 1000") + b'{"jsonrpc"')
    # The filter has its headers once Envoy counts the request as active.
    while not envoy.stat("http.mcp.downstream_rq_active"):
        time.sleep(0.02)
    connection.close()
    (record,) = checked(envoy.records(1))
    assert (record["outcome"], record["cause"]) == ("reject", "incomplete")
    assert total(envoy, "toolgate_decisions_total", outcome="reject", rule="incomplete") == 1


def test_entries_hidden_from_lists_are_recorded_and_counted(start, tmp_path: Path) -> None:
    with Server("counting.py", "--tools", "open_tool,one,two", log=tmp_path / "server.log") as upstream:
        envoy = start(upstream=upstream.address, plugin=audited())
        assert [tool["name"] for tool in wire.ask(envoy.port, wire.post(wire.listing())).json()["result"]["tools"]] == ["open_tool"]
        (record,) = checked(envoy.records(1))
        assert (record["outcome"], record["hidden"]) == ("allow", 2)
        assert total(envoy, "toolgate_hidden_total") == 2


def test_a_host_without_filter_state_has_log_lines(start, upstream: Server) -> None:
    envoy = start(upstream=upstream.address, plugin=audited(log="denied", allowed_every=0))
    for tool in ("open_tool", "other_tool", "open_tool"):
        wire.ask(envoy.port, wire.post(wire.call(tool)))
    assert [record.get("outcome") for record in envoy.records(3)] == [None, "deny", None]
    lines = [line.split("toolgate: audit ", 1)[1] for line in envoy.log().splitlines() if "toolgate: audit " in line]
    (record,) = checked([json.loads(line[: line.rindex("}") + 1]) for line in lines])
    assert (record["outcome"], record["tool"]) == ("deny", "other_tool")


REQUESTS = 1000
CONNECTIONS = 16
MIX = [
    wire.post(wire.call("open_tool", {"x": 1})),
    wire.post(wire.call("few_tool")),
    wire.post(wire.call("other_tool")),
    wire.post(wire.listing()),
    wire.post(wire.call("pay", {"amount": 7})),
]


async def _load(port: int, requests: int, halfway: Any) -> None:
    """Sends so many requests of the mix over all connections; `halfway` runs meanwhile."""
    left = iter(range(requests))
    begun = asyncio.Event()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in left:
            if number >= requests // 3:
                begun.set()
            writer.write(MIX[number % len(MIX)])
            head = await reader.readuntil(b"\r\n\r\n")
            size = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
            await reader.readexactly(size)
        writer.close()

    async def change() -> None:
        await begun.wait()
        await asyncio.to_thread(halfway)

    await asyncio.wait_for(asyncio.gather(*(one() for _ in range(CONNECTIONS)), change()), 150)


def test_under_load_each_request_has_one_record_and_one_count_in_five_runs_across_updates(start, upstream: Server) -> None:
    envoy = start(config="envoy-ecds.yaml", upstream=upstream.address, concurrency=2, plugin=audited())
    for run in range(1, 6):
        # Another policy each time, so that the update is one.
        policy = {**POLICY, "tools": {**POLICY["tools"], f"tool_{run}": {}}}
        update = {**audited(), "policy": {"version": "1", **policy}}
        asyncio.run(_load(envoy.port, REQUESTS, lambda update=update: envoy.update(update)))
        records = checked(envoy.records(run * REQUESTS))
        assert len(records) == run * REQUESTS
        counted = Counter(record["outcome"] for record in records)
        for outcome in ("allow", "deny", "reject"):
            assert total(envoy, "toolgate_decisions_total", outcome=outcome) == counted[outcome], f"run {run}: {outcome}"
    assert len({record["policy_hash"] for record in records}) == 6
    assert len(samples(envoy, "toolgate_policy_loaded_timestamp_seconds")) == 6
    workers = [envoy.stats(f"worker_{number}.downstream_cx_total") for number in (0, 1)]
    assert all(sum(found.values()) > 0 for found in workers), f"one worker did all the work: {workers}"


def test_a_trap_loses_no_record_but_those_of_requests_in_flight(module: Path, upstream: Server, tmp_path: Path) -> None:
    broken = with_trap(module, tmp_path / "trap.wasm", "proxy_on_request_trailers")
    with Envoy(module=broken, upstream=upstream.address, plugin=audited(), concurrency=1, folder=tmp_path / "envoy") as envoy:
        call = wire.post(wire.call("open_tool"))
        for _ in range(5):
            assert wire.ask(envoy.port, call).status == 200
        waiting = wire.Connection(envoy.port)
        waiting.send(wire.head("POST", wire.JSON, b"content-length: 1000") + b'{"jsonrpc"')
        while not envoy.stat("http.mcp.downstream_rq_active"):
            time.sleep(0.02)
        # What a client sees of a trap: a reset, or a 503.
        with contextlib.suppress(EOFError, OSError):
            wire.ask2(envoy.port, wire.call("open_tool"), trailers=(("x-end", "1"),))
        deadline = time.monotonic() + 30
        while wire.ask(envoy.port, call).status != 200:
            assert time.monotonic() < deadline, "the filter did not come back"
            time.sleep(0.05)
        waiting.close()
        lines = envoy.records(8)
        whole, lost = [line for line in lines if line], [line for line in lines if not line]
        checked(whole)
        # Two were in flight; requests that met no virtual machine got 503 and have no record either.
        assert len([line for line in whole if line["outcome"] == "allow"]) == 6
        assert len(lost) == len(lines) - len(whole) >= 1
        assert total(envoy, "toolgate_decisions_total") == len(whole)


def test_no_secret_is_in_any_record_log_or_metric(start, upstream: Server) -> None:
    policy = {"version": "1", **POLICY}
    grants = {"agent": {"token_sha256": hashlib.sha256(TOKEN.encode()).hexdigest(), "policy": "p"}}
    configuration = {**audited(log="all"), "policy": policy, "policies": {"p": policy}, "identity": [{"bearer": True}], "grants": grants, "metrics": {"callers": True}}
    envoy = start(upstream=upstream.address, plugin=configuration)
    secrets = [b"authorization: Bearer " + TOKEN.encode(), b"cookie: session=" + COOKIE.encode()]
    for fields in (secrets, [secrets[0] + b"x", secrets[1]], secrets[1:]):
        for body in (wire.call("open_tool", {"a": ARGUMENT}), wire.call("pay", {"amount": ARGUMENT}), wire.call("other", {ARGUMENT[:0] + "n": ARGUMENT}), b'{"' + ARGUMENT.encode()):
            wire.ask(envoy.port, wire.post(body, *fields))
    records = checked(envoy.records(12))
    assert {record.get("caller") for record in records} == {"agent", None}
    everything = [envoy.records_path.read_text(), envoy.log(), *(envoy.admin_get(page) for page in ("/stats", "/stats/prometheus"))]
    assert "toolgate: audit" in everything[1] and 'caller="agent"' in everything[3]
    for text in everything:
        assert "tg-secret" not in text, text[max(0, text.index("tg-secret") - 200) :][:400]
