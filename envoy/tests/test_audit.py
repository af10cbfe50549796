"""Every request leaves one record and one count, whatever becomes of it, and none of them holds a secret."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import trapping
import wire
from harness import process
from harness.envoy import Envoy
from harness.paths import ROOT
from harness.servers import Server
from metrics import samples, total
from policies import plugin

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


def test_whatever_the_upstream_does_and_whenever_the_client_leaves_there_is_a_record(start, tmp_path: Path) -> None:
    limit = {"counter": "calls", "window": "day", "max": 9, "scope": "global", "refund_on": ["error"]}
    tools = ["error", "sse_error", "http_error", "reset", "close", "half", "slow", "fine"]
    with Server("failing.py", log=tmp_path / "failing.log") as failing:
        envoy = start(upstream=failing.address, plugin={**audited(), "policy": {"version": "1", "default": "deny", "tools": {tool: {"limits": [limit]} for tool in tools}}})
        for number, tool in enumerate(tools):
            connection = wire.Connection(envoy.port)
            connection.send(wire.post(wire.call(tool)))
            if tool == "sse_error":
                # The client leaves in the middle of the stream, which stays open.
                response = connection.read_head()
                while b"no" not in response.body:
                    response.body += connection.read_chunk()
            elif tool == "slow":
                while not failing.counts()["calls"].get("slow"):
                    time.sleep(0.02)
            else:
                with contextlib.suppress(EOFError, OSError):
                    connection.read()
            connection.close()
            (*_, record) = checked(envoy.records(number + 1))
            assert (record["outcome"], record["tool"], record.get("refunded")) == ("allow", tool, 1 if tool in ("error", "sse_error") else None), record
        assert total(envoy, "toolgate_decisions_total") == len(tools) == len(envoy.records())
        assert total(envoy, "toolgate_refunded_total") == 2


def test_a_pinned_tool_that_changed_and_a_call_that_waits_for_a_person_are_recorded(start, tmp_path: Path) -> None:
    pin = "sha256:" + "0" * 64
    tools = {"open_tool": {"pin": pin}, "pay": {"approve_if": [{"conditions": [{"path": "args.n", "op": "gt", "value": 1}], "message": "A person must see it."}]}}
    given = {**audited(), "policy": {"version": "1", "default": "deny", "tools": tools}, "approvals": {"keys": ["ab" * 32]}}
    with Server("counting.py", "--tools", "open_tool,pay", log=tmp_path / "server.log") as upstream:
        envoy = start(upstream=upstream.address, plugin=given)
        for number, body in enumerate([wire.listing(), wire.call("open_tool"), wire.call("pay", {"n": 2}), wire.call("pay", {"n": 2})]):
            wire.ask(envoy.port, wire.post(body))
            envoy.records(number + 1)
        listed, called, asked, again = checked(envoy.records(4))
        assert (listed["outcome"], listed["rule"], listed["hidden"]) == ("allow", "/tools/open_tool/pin", 1)
        assert [changed["rule"] for changed in listed["changed"]] == ["/tools/open_tool/pin"]
        assert (called["outcome"], called["rule"]) == ("deny", "/tools/open_tool/pin")
        assert [entry["approval"]["state"] for entry in (asked, again)] == ["requested", "pending"]
        assert asked["approval"]["id"] == again["approval"]["id"]
        assert total(envoy, "toolgate_pins_changed_total", rule="/tools/open_tool/pin") == 1
        assert total(envoy, "toolgate_approvals_total", state="requested") == 1


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
WHOLE = [
    wire.post(wire.call("open_tool", {"x": 1})),
    wire.post(wire.call("few_tool")),
    wire.post(wire.call("other_tool")),
    wire.post(wire.listing()),
    wire.post(wire.call("pay", {"amount": 7})),
    wire.post(wire.call("pay", {"amount": 700})),
    wire.post(wire.call("dry_tool", {"n": 5})),
    wire.post(b"{"),
    wire.head("GET", wire.ACCEPT),
    wire.head("POST", b"content-type: text/plain", wire.length(b"x")) + b"x",
]
RESET = wire.head("POST", wire.JSON, b"expect: 100-continue", b"content-length: 1000")
"""A request that its client gives up, once the proxy has asked for its body."""
MIX = [*WHOLE, RESET]


async def _load(port: int, requests: int, halfway: Any) -> None:
    """Sends so many requests of the mix over all connections; `halfway` runs meanwhile."""
    left = itertools.count()
    begun = asyncio.Event()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (number := next(left)) < requests:
            if number >= requests // 3:
                begun.set()
            request = MIX[number % len(MIX)]
            writer.write(request)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if request is RESET:
                assert head.startswith(b"http/1.1 100")
                writer.write(b'{"jsonrpc"')
                writer.transport.abort()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                continue
            if b"transfer-encoding: chunked" in head:
                while size := int(await reader.readline(), 16):
                    await reader.readexactly(size + 2)
                await reader.readline()
            else:
                size = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0)
                await reader.readexactly(size)
            if b"connection: close" in head:
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    async def change() -> None:
        await begun.wait()
        await asyncio.to_thread(halfway)

    await asyncio.wait_for(asyncio.gather(*(one() for _ in range(CONNECTIONS)), change()), 150)


@pytest.fixture
def runs(request: pytest.FixtureRequest) -> int:
    return 5 if request.config.getoption("--full") else 1


def test_under_load_each_request_has_one_record_and_one_count_across_updates(start, upstream: Server, runs: int) -> None:
    envoy = start(config="envoy-ecds.yaml", upstream=upstream.address, concurrency=2, plugin=audited())
    for run in range(1, runs + 1):
        # Another policy each time, so that the update is one.
        policy = {**POLICY, "tools": {**POLICY["tools"], f"tool_{run}": {}}}
        update = {**audited(), "policy": {"version": "1", **policy}}
        asyncio.run(_load(envoy.port, REQUESTS, lambda update=update: envoy.update(update)))
        records = checked(envoy.records(run * REQUESTS))
        assert len(records) == run * REQUESTS
        assert len({record["id"] for record in records}) == len(records)
        counted = Counter(record["outcome"] for record in records)
        for outcome in ("allow", "deny", "reject"):
            assert total(envoy, "toolgate_decisions_total", outcome=outcome) == counted[outcome], f"run {run}: {outcome}"
        assert total(envoy, "toolgate_decisions_total") == run * REQUESTS
        assert counted["reject"] >= run * REQUESTS // len(MIX)
        assert any(record.get("cause") == "incomplete" for record in records)
    assert len({record.get("policy_hash") for record in records} - {None}) == runs + 1
    assert len(samples(envoy, "toolgate_policy_loaded_timestamp_seconds")) == runs + 1
    workers = [envoy.stats(f"worker_{number}.downstream_cx_total") for number in (0, 1)]
    assert all(sum(found.values()) > 0 for found in workers), f"one worker did all the work: {workers}"


def test_gauges_of_what_an_update_takes_away_say_zero(start, upstream: Server) -> None:
    """In every worker, with a stream open that began before."""
    envoy = start(config="envoy-ecds.yaml", upstream=upstream.address, concurrency=2, plugin=audited())
    call = wire.post(wire.call("few_tool"))
    for _ in range(3):
        assert wire.ask(envoy.port, call).status == 200
    assert total(envoy, "toolgate_limit_used_percent", counter="few") == 100
    with wire.Connection(envoy.port) as before:
        before.send(wire.head("POST", wire.JSON, b"content-length: 1000") + b'{"jsonrpc"')
        tools = {**POLICY["tools"], "few_tool": {"limits": [{"counter": "some", "window": "day", "max": 4, "scope": "global"}]}}
        envoy.update({**audited(), "policy": {"version": "1", **POLICY, "tools": tools}})
        assert wire.ask(envoy.port, call).status == 200
    deadline = time.monotonic() + 30
    while total(envoy, "toolgate_limit_used_percent", counter="few"):
        assert time.monotonic() < deadline, "the gauge of a limit that is gone was not reset"
        time.sleep(0.1)
    assert total(envoy, "toolgate_limit_used_percent", counter="some") == 25
    loaded = [value for _, value in samples(envoy, "toolgate_policy_loaded_timestamp_seconds")]
    assert len(loaded) == 2
    while len([value for _, value in samples(envoy, "toolgate_policy_loaded_timestamp_seconds") if value]) > 1:
        assert time.monotonic() < deadline, "the gauge of a policy that is gone was not reset"
        time.sleep(0.1)


def test_a_trap_loses_no_record_but_those_of_requests_in_flight(module: Path, upstream: Server, tmp_path: Path) -> None:
    broken = trapping.with_fuse(module, tmp_path / "trap.wasm")
    with Envoy(module=broken, upstream=upstream.address, plugin=audited(), concurrency=1, folder=tmp_path / "envoy") as envoy:
        call, counted = wire.post(wire.call("open_tool")), wire.post(wire.call("few_tool"))
        answered = 0
        for _ in range(5):
            assert wire.ask(envoy.port, call).status == 200
            answered += 1
        waiting = wire.Connection(envoy.port)
        waiting.send(wire.head("POST", wire.JSON, b"content-length: 1000") + b'{"jsonrpc"')
        while not envoy.stat("http.mcp.downstream_rq_active"):
            time.sleep(0.02)
        # One of the next looks at a counter traps. What a client sees of it: a reset, or a 503.
        request = wire.post(wire.call("few_tool"), *[b"x-fuse: 1"] * trapping.MANY)
        with contextlib.suppress(EOFError, OSError):
            while wire.ask(envoy.port, request).status == 200:
                answered += 1
                request = counted
                assert answered < 100, "nothing trapped"
        deadline = time.monotonic() + 60
        while wire.ask(envoy.port, call).status != 200:
            assert time.monotonic() < deadline, "the filter did not come back"
            time.sleep(0.05)
        answered += 1
        waiting.close()
        requests = envoy.stat("http.mcp.downstream_rq_total")
        # A line for each request; what the trap cut off, and what met no virtual machine, has an empty one.
        lines = envoy.records(requests)
        whole, lost = [line for line in lines if line], [line for line in lines if not line]
        checked(whole)
        assert len(whole) == answered
        # Two were in flight; all others without a record were answered 503 while the filter was loaded anew.
        failed = envoy.stat("http.mcp.downstream_rq_5xx")
        assert 1 <= len(lost) == len(lines) - len(whole) <= failed + 2
        assert total(envoy, "toolgate_decisions_total") == len(whole)
        # They are counted: by what Envoy received, less what was decided; and the fault itself.
        assert requests - total(envoy, "toolgate_decisions_total") == len(lost)
        assert sum(envoy.stats("vm_reload_success").values()) >= 1


@pytest.mark.parametrize("hold", [True, False], ids=["hold", "no-hold"])
@pytest.mark.parametrize(
    ("function", "settings", "what"),
    [
        ("proxy_remove_header_map_value", {}, "remove accept-encoding from the request"),
        # A service that speaks no gRPC: the call waits for it, and goes on without it.
        ("proxy_continue_stream", {"global_limits": {"service": {"cluster": "mcp_server"}, "limits": "all", "on_error": "local"}}, "let the request go on"),
    ],
    ids=["remove", "resume"],
)
def test_a_call_that_envoy_does_not_let_go_on_is_recorded_and_counted_so(
    module: Path, upstream: Server, tmp_path: Path, hold: bool, function: str, settings: dict[str, Any], what: str
) -> None:
    refused = trapping.refused(module, tmp_path / "refused.wasm", function)
    config = "envoy.yaml" if hold else "envoy-no-hold.yaml"
    configuration = {**audited(), "hold_headers": hold, **settings}
    with Envoy(module=refused, upstream=upstream.address, plugin=configuration, config=config, folder=tmp_path / "envoy") as envoy:
        # More calls than the limit has units: they go back.
        for _ in range(5):
            assert wire.ask(envoy.port, wire.post(wire.call("few_tool"), b"accept-encoding: gzip")).status == 500
        records = checked(envoy.records(5))
        told = {(record["outcome"], record["cause"], record["message"], record["status"]) for record in records}
        assert told == {("reject", "not_forwarded", f"the proxy did not {what}", 500)}
        if hold or settings:
            assert {(record["tool"], record["limits"][0]["remaining"], record["refunded"]) for record in records} == {("few_tool", 2, 1)}
            assert total(envoy, "toolgate_refunded_total") == 5
        assert total(envoy, "toolgate_decisions_total", outcome="reject", rule="not_forwarded") == 5
        assert total(envoy, "toolgate_decisions_total") == 5
        assert upstream.ran() == {}


def _commands() -> list[str]:
    """The commands of docs/audit.md."""
    lines = (ROOT / "docs" / "audit.md").read_text().splitlines()
    return [line.strip() for line in lines if line.startswith(("    printf", "    host-test"))]


def test_the_commands_of_the_documentation_say_what_it_says(start, upstream: Server, host_test: Path) -> None:
    digested, summed = _commands()
    envoy = start(upstream=upstream.address, plugin=audited())
    wire.ask(envoy.port, wire.post(b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"other_tool","arguments":{ "b": "\\u0078", "a": 1e2 }}}'))
    for body in (wire.call("open_tool"), wire.call("pay", {"amount": 700}), wire.call("few_tool"), b"{", wire.listing()):
        wire.ask(envoy.port, wire.post(body))
    first = envoy.records(6)[0]
    digest = process.run(["sh", "-c", digested], env={"KEY": KEY}, limit=20).split()[-1]
    assert first["arguments"]["digest"] == digest
    requests = envoy.stat("http.mcp.downstream_rq_total")
    command = [host_test, *summed.split()[1:]]
    command[command.index("records.jsonl")] = str(envoy.records_path)
    for made, code in ((requests, 0), (requests + 1, 1)):
        command[-1] = str(made)
        told = process.run(command, limit=60, fine=[code])
        assert f"6 records for {made} requests" in told, told
        assert ("incomplete:" in told) == (code == 1)
    assert all(part in told for part in ("other_tool", "/tools/pay/require/0", "not_json", "over time")), told


def test_no_secret_is_in_any_record_log_or_metric(start, upstream: Server) -> None:
    policy = {"version": "1", **POLICY}
    grants = {"agent": {"token_sha256": hashlib.sha256(TOKEN.encode()).hexdigest(), "policy": "p"}}
    configuration = {**audited(log="all"), "policy": policy, "policies": {"p": policy}, "identity": [{"bearer": True}], "grants": grants, "metrics": {"callers": True}}
    envoy = start(upstream=upstream.address, plugin=configuration)
    secrets = [b"authorization: Bearer " + TOKEN.encode(), b"cookie: session=" + COOKIE.encode()]
    for fields in (secrets, [secrets[0] + b"x", secrets[1]], secrets[1:]):
        for body in (wire.call("open_tool", {"a": ARGUMENT}), wire.call("pay", {"note": ARGUMENT}), wire.call("other", {"n": ARGUMENT}), b'{"' + ARGUMENT.encode()):
            wire.ask(envoy.port, wire.post(body, *fields))
    records = checked(envoy.records(12))
    assert {record.get("caller") for record in records} == {"agent", None}
    everything = [envoy.records_path.read_text(), envoy.log(), *(envoy.admin_get(page) for page in ("/stats", "/stats/prometheus"))]
    assert "toolgate: audit" in everything[1] and 'caller="agent"' in everything[3]
    for text in everything:
        assert "tg-secret" not in text, text[max(0, text.index("tg-secret") - 200) :][:400]
