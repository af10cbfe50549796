"""Which failures give units back, in a real Envoy: those that `refund_on` names, and never what may have run."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wire
from harness.envoy import Envoy
from harness.servers import Server
from policies import holds, plugin

ALL = ["error", "is_error", "unreachable"]
CONFIGS = ["envoy.yaml", "envoy-no-hold.yaml"]


def policy(refund_on: list[str], most: int = 2) -> dict[str, Any]:
    """So many calls a day of each tool."""
    limit = {"counter": "calls", "window": "day", "max": most, "refund_on": refund_on}
    names = ["error", "is_error", "sse_error", "http_error", "large_error", "other_error", "reset", "close", "half", "slow", "fine", "next"]
    return {"default": "deny", "tools": {name: {"limits": [limit]} for name in names}}


def until(holds: Callable[[], bool]) -> None:
    """Waits for something that another process does."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in 20 s"
        time.sleep(0.02)


def remaining(port: int, tool: str, most: int = 2) -> int:
    """How many units the counter of a tool still has, found by using them up; every call must be counted."""
    for used in range(most + 1):
        try:
            response = wire.ask(port, wire.post(wire.call(tool)))
        except EOFError:
            continue
        if b"Rate limit of" in response.body:
            assert response.headers["ratelimit"].startswith('"calls";r=0;t='), response.headers
            assert int(response.headers["retry-after"]) >= 1
            return used
    return most + 1


@pytest.fixture
def failing(tmp_path: Path):
    with Server("failing.py", log=tmp_path / "failing.log") as server:
        yield server


@pytest.mark.parametrize("config", CONFIGS)
def test_answers_give_back_what_the_policy_names(start, failing: Server, config: str) -> None:
    # A call that always gets its unit back never meets the limit.
    never = 3
    envoy = start(config=config, upstream=failing.address, plugin=plugin(policy(["error"]), hold=holds(config)))
    assert remaining(envoy.port, "error") == never
    assert remaining(envoy.port, "is_error") == 2
    assert remaining(envoy.port, "fine") == 2
    for tool in ("large_error", "other_error", "http_error", "half"):
        assert remaining(envoy.port, tool) == 2, tool
    envoy = start(config=config, upstream=failing.address, plugin=plugin(policy(["is_error"]), hold=holds(config)))
    assert (remaining(envoy.port, "error"), remaining(envoy.port, "is_error")) == (2, never)


@pytest.mark.parametrize("config", CONFIGS)
def test_an_event_gives_back_while_its_stream_is_open(start, failing: Server, config: str) -> None:
    envoy = start(config=config, upstream=failing.address, plugin=plugin(policy(["error"]), hold=holds(config)))
    streams = []
    for _ in range(4):
        stream = socket.create_connection(("127.0.0.1", envoy.port), timeout=20)
        stream.sendall(wire.post(wire.call("sse_error")))
        seen = b""
        while b"-32000" not in seen:
            part = stream.recv(65536)
            assert part and b"Rate limit" not in seen, seen
            seen += part
        streams.append(stream)
    for stream in streams:
        stream.close()


@pytest.mark.parametrize("config", CONFIGS)
def test_what_may_have_run_is_never_given_back(start, failing: Server, config: str) -> None:
    envoy = start(config=config, upstream=failing.address, plugin=plugin(policy(ALL), hold=holds(config)))
    for tool in ("reset", "close", "half", "http_error"):
        assert remaining(envoy.port, tool) == 2, tool
        assert failing.ran()[tool] == 2
    # A client that leaves: the server has the call, the client gives up.
    for called in (1, 2):
        leaving = socket.create_connection(("127.0.0.1", envoy.port), timeout=20)
        leaving.sendall(wire.post(wire.call("slow")))
        until(lambda: failing.ran().get("slow") == called)
        leaving.close()
        until(lambda: len(envoy.records(tool="slow")) == called)
    response = wire.ask(envoy.port, wire.post(wire.call("slow")))
    assert b"Rate limit of 2 per day" in response.body


def edit(change: Callable[[dict[str, Any], dict[str, Any]], Any]) -> Callable[[dict[str, Any]], None]:
    """Lets `change` edit the cluster and the route of a configuration."""

    def edited(document: dict[str, Any]) -> None:
        static = document["static_resources"]
        manager = static["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        change(static["clusters"][0], manager["route_config"]["virtual_hosts"][0]["routes"][0]["route"])

    return edited


@pytest.mark.parametrize("config", CONFIGS)
def test_a_timeout_is_never_given_back(start, failing: Server, config: str) -> None:
    short = edit(lambda _cluster, route: route.update(timeout="0.2s"))
    envoy = start(config=config, upstream=failing.address, plugin=plugin(policy(ALL), hold=holds(config)), edit=short)
    assert wire.ask(envoy.port, wire.post(wire.call("slow"))).status == 504
    assert remaining(envoy.port, "slow") == 1


def refused() -> tuple[tuple[str, int], socket.socket]:
    """An address that refuses connections for as long as the socket lives."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock.getsockname(), sock


@pytest.mark.parametrize("refund_on, want", [(ALL, 3), (["unreachable"], 3), (["error", "is_error"], 2), ([], 2)])
def test_a_refused_connection_gives_back_where_the_policy_says(start, refund_on: list[str], want: int) -> None:
    address, _keep = refused()
    envoy: Envoy = start(upstream=address, plugin=plugin(policy(refund_on)))
    assert remaining(envoy.port, "fine") == want


def test_without_held_headers_a_refused_connection_costs_nothing_either(start) -> None:
    address, _keep = refused()
    envoy = start(config="envoy-no-hold.yaml", upstream=address, plugin=plugin(policy(["unreachable"]), hold=False))
    assert remaining(envoy.port, "fine") == 3


def test_no_attempt_and_no_host_give_back_and_retries_do_not(start) -> None:
    address, _keep = refused()
    nowhere = edit(lambda cluster, _route: cluster["load_assignment"].update(endpoints=[]))
    assert remaining(start(upstream=address, plugin=plugin(policy(["unreachable"])), edit=nowhere).port, "fine") == 3
    # Of several attempts nobody can say what the earlier ones did.
    again = edit(lambda _cluster, route: route.update(retry_policy={"retry_on": "connect-failure", "num_retries": 1}))
    assert remaining(start(upstream=address, plugin=plugin(policy(["unreachable"])), edit=again).port, "fine") == 2


def test_intercept_rules_give_back_errors_too(start, failing: Server) -> None:
    rules = {"error": {"rules": [{"name": "few", "rate_limit": "2/day"}]}, "is_error": {"rules": [{"name": "few", "rate_limit": "2/day"}]}}
    envoy = start(upstream=failing.address, plugin=plugin({"default": "deny", "tools": rules}))
    assert remaining(envoy.port, "error") == 3
    response = [wire.ask(envoy.port, wire.post(wire.call("is_error"))) for _ in range(3)][-1]
    assert b"Rate limit of 2 per day" in response.body or b"Denied" in response.body
