"""A call that the client's user approves (`by: user`): the official SDKs ask in a real Envoy and in `host-test serve`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import wire
from harness.client import HANDSHAKE, STATELESS, Client
from harness.envoy import Envoy
from harness.serve import Serve
from harness.servers import Server
from policies import plugin
from test_approvals import APPROVALS, approvals, exchange, id_of

__all__ = ["approvals"]

MESSAGE = "This job needs a person."
RULE = {"conditions": [{"path": "args.amount", "op": "neq", "value": 1}], "timeout": "10m", "message": MESSAGE, "by": "user"}
POLICY = {"default": "deny", "tools": {"refund": {"approve_if": [RULE]}, "refund_plain": {"approve_if": [RULE]}}}
DENIED = {"default": "deny", "tools": {"refund_plain": {"approve_if": [{**RULE, "fallback": "deny"}]}}}
ASKING = [("typescript2", STATELESS), ("python2", STATELESS)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server("asking.py", log=tmp_path / "server.log") as server:
        yield server


def session(agent: Client, server: Server) -> None:
    """Accept, replay, tamper, decline, cancel, and a question of the server's own."""
    ran = 0

    def has_run(arguments: dict[str, Any], tool: str = "refund_plain", account: str | None = None) -> None:
        nonlocal ran
        calls = server.get("/calls")
        assert len(calls) == ran + 1, calls
        ran += 1
        last = calls[-1]
        assert (last["tool"], last["arguments"], last["account"]) == (tool, arguments, account)
        # Nothing of ours reached it, and all of its own.
        assert last["responses"] == ([] if account is None else ["account"]), last
        assert (last["state"] is None) == (account is None), last

    answer = agent.call("refund_plain", {"amount": 1}, user="decline")
    assert answer["is_error"] is False and answer["asked"] == [], answer
    has_run({"amount": 1})

    # Every call is asked about by itself: neither the same call again nor another one passes on that yes.
    for amount in (150, 150, 151):
        answer = agent.call("refund_plain", {"amount": amount}, user="accept")
        assert answer["is_error"] is False, answer
        assert len(answer["asked"]) == 1 and MESSAGE in answer["asked"][0] and str(amount) in answer["asked"][0], answer
        has_run({"amount": amount})

    for action, amount in (("decline", 160), ("cancel", 161)):
        answer = agent.call("refund_plain", {"amount": amount}, user=action)
        assert answer["is_error"] is True and "was denied by user" in answer["text"][1], answer
        assert len(answer["asked"]) == 1
        # Nor is the user asked again.
        answer = agent.call("refund_plain", {"amount": amount}, user="accept")
        assert answer["is_error"] is True and answer["asked"] == [], answer

    # One yes for both rounds of a call to which the server has a question too.
    answer = agent.call("refund", {"amount": 170}, user="accept")
    assert answer["is_error"] is False, answer
    assert len(answer["asked"]) == 2 and MESSAGE in answer["asked"][0] and answer["asked"][1] == "Which account?", answer
    has_run({"amount": 170}, "refund", "a-1")
    assert len(server.get("/calls")) == ran


@pytest.mark.parametrize(("sdk", "version"), ASKING, ids=lambda part: part)
@pytest.mark.parametrize("hold", [True, False], ids=["hold", "no-hold"])
def test_the_user_is_asked_and_exactly_that_call_passes_once(start, server: Server, tmp_path: Path, sdk: str, version: str, hold: bool) -> None:
    configuration = plugin(POLICY, server=f"user-{sdk}", hold=hold, approvals=APPROVALS)
    envoy: Envoy = start(config="envoy.yaml" if hold else "envoy-no-hold.yaml", upstream=server.address, plugin=configuration)
    with Client(sdk, envoy.url, version, elicit=True, log=tmp_path / "client.log") as agent:
        session(agent, server)


@pytest.mark.parametrize(("sdk", "version"), ASKING, ids=lambda part: part)
def test_the_same_in_host_test(host_test: Path, module: Path, server: Server, tmp_path: Path, sdk: str, version: str) -> None:
    configuration = plugin(POLICY, server=f"user-{sdk}", approvals=APPROVALS)
    with (
        Serve(host_test, module=module, upstream=server.url, plugin=configuration, folder=tmp_path) as serve,
        Client(sdk, serve.url, version, elicit=True, log=tmp_path / "client.log") as agent,
    ):
        session(agent, server)


@pytest.mark.parametrize(
    ("sdk", "version"), [("typescript1", HANDSHAKE), ("python1", HANDSHAKE), ("typescript2", STATELESS), ("python2", HANDSHAKE)], ids=lambda part: part
)
def test_a_client_that_cannot_ask_falls_to_an_operator_or_is_denied(start, server: Server, approvals, tmp_path: Path, sdk: str, version: str) -> None:
    envoy: Envoy = start(config="envoy-approvals.yaml", upstream=server.address, plugin=plugin(POLICY, server=f"falls-{sdk}", approvals=APPROVALS))
    with Client(sdk, envoy.url, version, log=tmp_path / "client.log") as agent:
        waiting = id_of(agent.call("refund_plain", {"amount": 150}))
        assert approvals(envoy, "approve", waiting)[0] == 0
        assert agent.call("refund_plain", {"amount": 150})["is_error"] is False
        id_of(agent.call("refund_plain", {"amount": 150}))
    envoy = start(config="envoy.yaml", upstream=server.address, plugin=plugin(DENIED, server=f"denied-{sdk}", approvals=APPROVALS))
    with Client(sdk, envoy.url, version, log=tmp_path / "client.log") as agent:
        answer = agent.call("refund_plain", {"amount": 150})
        assert answer["is_error"] is True and answer["text"][1].startswith("Only the user can approve this call"), answer
    assert [one["arguments"] for one in server.get("/calls")] == [{"amount": 150}]


def stateless(tool: str, arguments: dict[str, Any], **more: Any) -> bytes:
    """A whole POST of 2026-07-28 by a client that can ask its user."""
    meta = {"io.modelcontextprotocol/protocolVersion": STATELESS, "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}
    params = {**more, "name": tool, "arguments": arguments, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    fields = (b"mcp-protocol-version: " + STATELESS.encode(), b"mcp-method: tools/call", b"mcp-name: " + tool.encode())
    return wire.post(body, *fields)


def accepted(tool: str, arguments: dict[str, Any], state: str, **more: Any) -> bytes:
    return stateless(tool, arguments, inputResponses={"toolgate_approval": {"action": "accept"}}, requestState=state, **more)


def state_of(answer: bytes) -> str:
    result = json.loads(answer)["result"]
    assert result["resultType"] == "input_required", answer
    return result["requestState"]


def test_what_is_tampered_with_replayed_or_late_does_not_pass(start, upstream: Server, clock) -> None:
    policy = {"default": "deny", "tools": {"open_tool": {"approve_if": [RULE]}, "other_tool": {"approve_if": [RULE]}}}
    envoy: Envoy = start(
        config="envoy-approvals.yaml",
        upstream=upstream.address,
        plugin=plugin(policy, server="tampered", approvals=APPROVALS),
        clock_file=clock("2026-01-05T10:00:00Z"),
    )

    def ask(request: bytes) -> bytes:
        answer = wire.ask(envoy.port, request)
        assert answer.status == 200, answer
        return answer.body

    before = upstream.counts()["calls"].get("open_tool", 0)
    state = state_of(ask(stateless("open_tool", {"amount": 150})))
    assert state_of(ask(stateless("open_tool", {"amount": 150}))) == state
    for what, request in {
        "another argument": accepted("open_tool", {"amount": 151}, state),
        "another tool": accepted("other_tool", {"amount": 150}, state),
        "truncated": accepted("open_tool", {"amount": 150}, state[:-1]),
        "extended": accepted("open_tool", {"amount": 150}, state + "a"),
        "changed": accepted("open_tool", {"amount": 150}, state[:-1] + ("a" if state[-1] != "a" else "b")),
    }.items():
        answer = ask(request)
        assert b'"isError":true' in answer and b"This answer belongs to another call" in answer, (what, answer)
    assert b"open_tool ran" in ask(accepted("open_tool", {"amount": 150}, state))
    sent = json.loads(upstream.counts()["bodies"][-1])["params"]
    assert sorted(sent) == ["_meta", "arguments", "name"], sent
    assert b"This answer belongs to another call" in ask(accepted("open_tool", {"amount": 150}, state))

    late = state_of(ask(stateless("open_tool", {"amount": 150})))
    clock("2026-01-05T10:10:01Z")
    assert b"This answer belongs to another call" in ask(accepted("open_tool", {"amount": 150}, late))
    clock("2026-01-05T10:00:00Z")
    assert b"open_tool ran" not in ask(accepted("open_tool", {"amount": 150}, state))
    assert upstream.counts()["calls"]["open_tool"] - before == 1


def test_of_simultaneous_answers_exactly_one_passes(start, upstream: Server, request: pytest.FixtureRequest) -> None:
    """Each round one yes of the user's, sent eight times at once, over four workers."""
    rounds = 1000 if request.config.getoption("--full") else 40
    policy = {"default": "deny", "tools": {"open_tool": {"approve_if": [RULE]}}}
    envoy: Envoy = start(config="envoy.yaml", upstream=upstream.address, plugin=plugin(policy, server="user-races", approvals=APPROVALS), concurrency=4)
    before = upstream.counts()["calls"].get("open_tool", 0)

    async def race() -> list[int]:
        agents = [await asyncio.open_connection("127.0.0.1", envoy.port) for _ in range(8)]
        won = []
        for number in range(rounds):
            arguments = {"amount": 150, "round": number}
            yes = accepted("open_tool", arguments, state_of(await exchange(agents[0], stateless("open_tool", arguments))))
            answers = await asyncio.wait_for(asyncio.gather(*(exchange(agent, yes) for agent in agents)), 60)
            won.append(sum(b"open_tool ran" in answer for answer in answers))
        for _, writer in agents:
            writer.close()
        return won

    assert asyncio.run(race()) == [1] * rounds
    assert upstream.counts()["calls"]["open_tool"] - before == rounds
    workers = [envoy.stats(f"worker_{number}.downstream_cx_total") for number in range(4)]
    assert sum(1 for found in workers if sum(found.values())) > 1, f"one worker did all the work: {workers}"
