"""A call that needs a person's yes: the official SDKs ask for it in a real Envoy, an operator gives it with `host-test`."""

from __future__ import annotations

import asyncio
import collections
import hashlib
import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import wire
from harness.client import HANDSHAKE, STATELESS, Client
from harness.envoy import Envoy
from harness.serve import Serve
from harness.servers import Server
from policies import plugin

KEY = "5f1d9c3b7a2e4860b1c8d7e6f5a49382716059483c2b1a0f9e8d7c6b5a493827"
APPROVALS = {"keys": [KEY]}
TOKEN = "change-me"

POLICY = {
    "default": "deny",
    "tools": {
        "claim_job": {
            "approve_if": [
                {
                    "conditions": [{"path": "args.job_id", "op": "neq", "value": "j-1"}],
                    "timeout": "10m",
                    "message": "This job needs a person.",
                    "show_arguments": True,
                }
            ]
        }
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server("python_server.py", log=tmp_path_factory.mktemp("server") / "log") as server:
        yield server


@pytest.fixture
def approvals(host_test: Path) -> Callable[..., tuple[int, Any]]:
    """`host-test approvals`: its exit code, and what it printed as JSON."""

    def run(envoy: Envoy | Serve, *arguments: str, token: str = TOKEN) -> tuple[int, Any]:
        done = subprocess.run(
            [host_test, "approvals", "--json", "--admin", f"http://127.0.0.1:{envoy.ports['operators']}", *arguments],
            env={**os.environ, "TOOLGATE_ADMIN_TOKEN": token},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else done.stderr

    return run


def id_of(denial: dict[str, Any]) -> str:
    """The id in a denial that asks for a yes."""
    assert denial["is_error"] is True, denial
    assert denial["text"][0] == "[POLICY DENIED] This job needs a person.", denial
    state = denial["meta"]["toolgate/denial"]["approval"]
    assert state["status"] == "pending", denial
    return state["id"]


CLIENTS = [("typescript2", STATELESS), ("python2", STATELESS), ("typescript1", HANDSHAKE), ("python1", HANDSHAKE)]


def session(agent: Client, approvals: Callable[..., tuple[int, Any]], proxy: Envoy | Serve) -> str:
    """Approve, deny, replay and tamper; the id of a request that was approved and not used."""
    assert agent.call("claim_job", {"job_id": "j-1"})["is_error"] is False

    first = id_of(agent.call("claim_job", {"job_id": "j-2"}))
    assert id_of(agent.call("claim_job", {"job_id": "j-2"})) == first
    code, listed = approvals(proxy, "list")
    assert code == 0
    assert [(one["id"], one["state"], one["tool"], one["arguments"]) for one in listed["approvals"]] == [
        (first, "pending", "claim_job", {"job_id": "j-2"})
    ]
    assert approvals(proxy, "approve", first, token="guessed")[0] == 2
    assert approvals(proxy, "approve", first)[0] == 0

    # Another call does not pass on it; it asks for itself, and is denied.
    tampered = id_of(agent.call("claim_job", {"job_id": "j-3"}))
    assert tampered != first
    assert approvals(proxy, "deny", tampered)[0] == 0
    refused = agent.call("claim_job", {"job_id": "j-3"})
    assert refused["meta"]["toolgate/denial"]["approval"]["status"] == "denied", refused

    assert agent.call("claim_job", {"job_id": "j-2"})["is_error"] is False
    # Used up: the next asks anew, and what was used cannot be approved again.
    replayed = id_of(agent.call("claim_job", {"job_id": "j-2"}))
    assert replayed != first
    assert approvals(proxy, "approve", first)[0] == 1
    return replayed


@pytest.mark.parametrize(("sdk", "version"), CLIENTS, ids=lambda part: part)
def test_an_agent_waits_an_operator_decides_and_exactly_that_call_passes(start, server: Server, clock, approvals, tmp_path: Path, sdk: str, version: str) -> None:
    envoy: Envoy = start(
        config="envoy-approvals.yaml",
        upstream=server.address,
        plugin=plugin(POLICY, server=f"{sdk}-{version}", approvals=APPROVALS),
        clock_file=clock("2026-01-05T10:00:00Z"),
    )
    before = server.ran().get("claim_job", 0)
    with Client(sdk, envoy.url, version, log=tmp_path / "client.log") as agent:
        replayed = session(agent, approvals, envoy)
        # A yes ends with its time.
        assert approvals(envoy, "approve", replayed)[0] == 0
        clock("2026-01-05T10:10:01Z")
        assert id_of(agent.call("claim_job", {"job_id": "j-2"})) != replayed
    assert server.ran()["claim_job"] - before == 2


@pytest.mark.parametrize(("sdk", "version"), CLIENTS, ids=lambda part: part)
def test_the_same_in_host_test(host_test: Path, module: Path, server: Server, approvals, tmp_path: Path, sdk: str, version: str) -> None:
    short = {"conditions": [], "timeout": "1s", "message": "This job needs a person."}
    policy = {"default": "deny", "tools": {**POLICY["tools"], "list_jobs": {"approve_if": [short]}}}
    operators = {"server": "operators", "approvals": APPROVALS, "admin": {"operators": {"ada": {"token_sha256": hashlib.sha256(TOKEN.encode()).hexdigest()}}}}
    configuration = plugin(policy, server=f"{sdk}-{version}", approvals=APPROVALS)
    before = server.ran()
    with (
        Serve(host_test, module=module, upstream=server.url, plugin=configuration, operators=operators, folder=tmp_path) as serve,
        Client(sdk, serve.url, version, log=tmp_path / "client.log") as agent,
    ):
        session(agent, approvals, serve)
        # A yes ends with its time; whether it came in time at all does not matter.
        late = id_of(agent.call("list_jobs", {}))
        approvals(serve, "approve", late)
        time.sleep(1.1)
        assert id_of(agent.call("list_jobs", {})) != late
    ran = collections.Counter(server.ran()) - collections.Counter(before)
    assert ran == {"claim_job": 2}


def test_a_list_of_several_pages_is_shown_whole(host_test: Path, module: Path, server: Server, approvals, tmp_path: Path) -> None:
    policy = {"default": "deny", "tools": {"list_jobs": {"approve_if": [{"conditions": [], "timeout": "1h"}]}}}
    operators = {"server": "operators", "approvals": APPROVALS, "admin": {"operators": {"ada": {"token_sha256": hashlib.sha256(TOKEN.encode()).hexdigest()}}}}
    configuration = plugin(policy, server="pages", approvals=APPROVALS, identity=[{"header": "x-user"}])
    with Serve(host_test, module=module, upstream=server.url, plugin=configuration, operators=operators, folder=tmp_path) as serve:
        asked = set()
        for number in range(110):
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_jobs", "arguments": {"n": number}}})
            request = urllib.request.Request(
                serve.url,
                body.encode(),
                {"content-type": "application/json", "accept": "application/json, text/event-stream", "x-user": f"user-{number // 5}"},
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                asked.add(re.search(r"apr_[a-z2-7]{24}", answer.read().decode()).group())
        assert len(asked) == 110
        code, listed = approvals(serve, "list")
    ids = [one["id"] for one in listed["approvals"]]
    assert (code, len(ids), set(ids)) == (0, 110, asked)
    assert "next" not in listed


def test_of_simultaneous_retries_exactly_one_passes(start, upstream: Server, approvals, request: pytest.FixtureRequest) -> None:
    """Each round one yes and eight retries at once, over four workers."""
    rounds = 1000 if request.config.getoption("--full") else 40
    policy = {"default": "deny", "tools": {"open_tool": {"approve_if": [{"conditions": [], "timeout": "1h"}]}}}
    envoy: Envoy = start(
        config="envoy-approvals.yaml",
        upstream=upstream.address,
        plugin=plugin(policy, server="races", approvals=APPROVALS),
        concurrency=4,
    )
    before = upstream.counts()["calls"].get("open_tool", 0)
    won = asyncio.run(_race(envoy, rounds))
    assert won == [1] * rounds
    assert upstream.counts()["calls"]["open_tool"] - before == rounds
    workers = [envoy.stats(f"worker_{number}.downstream_cx_total") for number in range(4)]
    assert sum(1 for found in workers if sum(found.values())) > 1, f"one worker did all the work: {workers}"


async def exchange(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], data: bytes) -> bytes:
    reader, writer = streams
    writer.write(data)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    size = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return await reader.readexactly(size)


async def _race(envoy: Envoy, rounds: int) -> list[int]:
    """How many of eight simultaneous retries passed in each round."""
    agents = [await asyncio.open_connection("127.0.0.1", envoy.port) for _ in range(8)]
    operator = await asyncio.open_connection("127.0.0.1", envoy.ports["operators"])
    won = []
    # The losers of a round ask anew, all for the same: that request is the next round's.
    call = wire.post(wire.call("open_tool", {"n": 1}))
    for _ in range(rounds):
        denial = await exchange(agents[0], call)
        found = re.search(rb"apr_[a-z2-7]{24}", denial)
        assert found, denial
        approve = f"POST /approvals/{found.group().decode()}/approve HTTP/1.1\r\nhost: operators\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 0\r\n\r\n"
        await exchange(operator, approve.encode())
        answers = await asyncio.wait_for(asyncio.gather(*(exchange(agent, call) for agent in agents)), 60)
        won.append(sum(b"open_tool ran" in answer for answer in answers))
    for _, writer in [*agents, operator]:
        writer.close()
    return won
