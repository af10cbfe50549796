"""One limit for several Envoys, counted by a rate limit service on a real Redis: exact, and safe when any of it is gone."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import wire
from harness import ratelimit
from harness.envoy import Envoy
from harness.ratelimit import RateLimit, Redis
from harness.servers import Server
from policies import plugin

LIMIT = 150
CONNECTIONS = 16
PATIENCE = 5000
"""Milliseconds that a call waits for the service: these tests are about answers, not about speed."""


def fleet(number: int, *, server: str = "fleet", hold: bool = True, limits: Any = "all", **settings: Any) -> dict[str, Any]:
    """Lets `open_tool` pass so many times a day in the whole fleet."""
    policy = {"default": "deny", "tools": {"open_tool": {"limits": [{"counter": "calls", "window": "day", "max": number, "scope": "global"}]}}}
    settings = {"service": {"cluster": "rate_limit"}, "timeout_ms": PATIENCE, "limits": limits, **settings}
    return plugin(policy, server=server, hold=hold, global_limits=settings)


@pytest.fixture(autouse=True)
def same_day() -> None:
    """The day must not end between two calls."""
    left = 86400 - time.time() % 86400
    if left < 150:
        time.sleep(left + 1)


@pytest.fixture(scope="session")
def binary(module: Path) -> Path:
    return ratelimit.service_binary()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    running = Redis(tmp_path / "redis.log")
    yield running
    running.process.stop()


@pytest.fixture
def service(binary: Path, redis: Redis, tmp_path: Path) -> Iterator[RateLimit]:
    running = RateLimit(binary, redis.url, tmp_path / "service.log")
    yield running
    running.process.stop()


async def load(ports: list[int], calls: int, during: Callable[[], None] | None = None, after: int = 0) -> dict[str, int]:
    """Makes `calls` calls over many connections to all the Envoys; says how they ended.

    `during` is called once `after` of them have been answered, with others on their way; the second half waits until it is done.
    """
    left = iter(range(calls))
    ended = {"allowed": 0, "limited": 0, "uncounted": 0, "failed": 0}
    answered = 0
    happened = asyncio.Event()
    if during is None:
        happened.set()

    async def one(port: int) -> None:
        nonlocal answered, during
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in left:
            if number >= calls // 2:
                await happened.wait()
            writer.write(wire.post(wire.call("open_tool", id_=number)))
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                size = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                body = await reader.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionError):
                ended["failed"] += 1
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                continue
            ended[outcome(body)] += 1
            answered += 1
            if during is not None and answered >= after:
                happen, during = during, None
                await asyncio.to_thread(happen)
                happened.set()
        writer.close()

    await asyncio.wait_for(asyncio.gather(*(one(ports[number % len(ports)]) for number in range(CONNECTIONS))), 120)
    return ended


def outcome(body: bytes) -> str:
    if b"open_tool ran" in body:
        return "allowed"
    assert b"POLICY DENIED" in body, body
    if b"could not be counted" in body:
        return "uncounted"
    assert b"Rate limit of" in body, body
    return "limited"


def call(envoy: Envoy) -> str:
    return outcome(wire.ask(envoy.port, wire.post(wire.call("open_tool"))).body)


def ran(upstream: Server) -> int:
    return upstream.counts()["calls"].get("open_tool", 0)


@pytest.mark.parametrize("hold", [True, False], ids=["hold", "no-hold"])
def test_two_envoys_admit_exactly_one_limit(start, upstream: Server, service: RateLimit, hold: bool) -> None:
    config = "envoy-global-limits.yaml" if hold else "envoy-no-hold.yaml"
    envoys = [start(config=config, upstream=upstream.address, rate_limit=service.address, plugin=fleet(LIMIT, hold=hold)) for _ in range(2)]
    ended = asyncio.run(load([envoy.port for envoy in envoys], 3 * LIMIT))
    assert ended == {"allowed": LIMIT, "limited": 2 * LIMIT, "uncounted": 0, "failed": 0}
    seen = upstream.counts()
    assert seen["calls"] == {"open_tool": LIMIT}
    assert seen["complete"] == LIMIT, "a denied call was delivered"
    allowed = [sum(entry["outcome"] == "allow" for entry in envoy.records()) for envoy in envoys]
    assert all(allowed), f"one Envoy did all the work: {allowed}"


def test_the_shipped_configuration_counts_in_the_service(start, upstream: Server, service: RateLimit, clock) -> None:
    envoys = [start(config="envoy-global-limits.yaml", upstream=upstream.address, rate_limit=service.address) for _ in range(2)]
    job = wire.post(wire.call("claim_job", {"job_id": "j-1"}))
    # All in one minute, or the next ten are admitted.
    while time.time() % 60 > 45:
        time.sleep(1)
    answers = [wire.ask(envoys[number % 2].port, job).json()["result"]["isError"] for number in range(12)]
    assert answers == [False] * 10 + [True] * 2, [envoy.log() for envoy in envoys]
    assert upstream.ran() == {"claim_job": 10}


def test_a_restart_of_envoy_loses_nothing_that_the_service_counts(start, upstream: Server, service: RateLimit) -> None:
    first = start(config="envoy-global-limits.yaml", upstream=upstream.address, rate_limit=service.address, plugin=fleet(5))
    assert [call(first) for _ in range(4)] == ["allowed"] * 4
    first.stop()
    second = start(config="envoy-global-limits.yaml", upstream=upstream.address, rate_limit=service.address, plugin=fleet(5))
    assert [call(second) for _ in range(3)] == ["allowed", "limited", "limited"]


@pytest.mark.parametrize("victim", ["service", "redis"])
@pytest.mark.parametrize("on_error", ["deny", "local"])
def test_what_is_killed_under_load_lets_no_extra_call_pass(start, upstream: Server, binary: Path, redis: Redis, service: RateLimit, tmp_path: Path, victim: str, on_error: str) -> None:
    settings = fleet(LIMIT, on_error=on_error)
    envoys = [start(config="envoy-global-limits.yaml", upstream=upstream.address, rate_limit=service.address, plugin=settings) for _ in range(2)]
    ports = [envoy.port for envoy in envoys]
    gone = {"service": service, "redis": redis}[victim]
    ended = asyncio.run(load(ports, 3 * LIMIT, gone.process.stop, after=LIMIT // 3))
    assert ended["failed"] == 0
    passed = ran(upstream)
    assert passed == ended["allowed"]
    if on_error == "deny":
        # What is killed dies when it dies: the limit may be reached before, but never passed.
        assert LIMIT // 3 <= passed <= LIMIT, ended
        assert ended["uncounted"] == 3 * LIMIT - passed - ended["limited"]
        assert ended["uncounted"] > 0
    else:
        # Each Envoy's own count holds, and nothing was lost of what they could admit.
        assert ended["uncounted"] == 0
        per_envoy = [sum(entry.get("outcome") == "allow" for entry in envoy.records(len(envoy.records()))) for envoy in envoys]
        assert max(per_envoy) <= LIMIT
        assert passed <= 2 * LIMIT
        assert any("global_limits" in envoy.log() for envoy in envoys), "the log does not say why"

    # It comes back where it was; nothing else is done.
    if victim == "service":
        back: Redis | RateLimit = RateLimit(binary, redis.url, tmp_path / "service-2.log", port=service.port)
    else:
        back = Redis(tmp_path / "redis-2.log", port=redis.port)
    try:
        fresh = [start(config="envoy-global-limits.yaml", upstream=upstream.address, rate_limit=service.address, plugin=fleet(3, server="later")) for _ in range(1)]
        assert [call(fresh[0]) for _ in range(4)] == ["allowed"] * 3 + ["limited"]
        if on_error == "deny":
            deadline = time.monotonic() + 60
            while (answer := call(envoys[0])) == "uncounted" and time.monotonic() < deadline:
                time.sleep(0.2)
            assert answer in ("allowed", "limited"), "it did not recover"
            asyncio.run(load(ports, 3 * LIMIT))
            # Redis forgets when it is killed; the service does not. This Envoy's own counts hold either way.
            assert ran(upstream) <= (LIMIT if victim == "service" else 2 * LIMIT) + 3
    finally:
        back.process.stop()


@pytest.mark.parametrize("hold", [True, False], ids=["hold", "no-hold"])
def test_a_stripped_credential_stays_here_while_the_service_is_asked(start, upstream: Server, service: RateLimit, hold: bool) -> None:
    """The headers are changed before the answer comes, and go up after it."""
    settings = fleet(3, hold=hold)
    settings["policies"] = {"p": settings.pop("policy")}
    settings["identity"] = [{"bearer": True, "strip": True}, {"header": "x-api-key", "strip": True}]
    settings["grants"] = {"ann": {"token_sha256": hashlib.sha256(b"s3cret").hexdigest(), "policy": "p"}}
    config = "envoy-global-limits.yaml" if hold else "envoy-no-hold.yaml"
    envoy = start(config=config, upstream=upstream.address, rate_limit=service.address, plugin=settings)
    credentials = [(b"authorization: Bearer s3cret",), (b"X-Api-Key: s3cret",)]
    body = wire.call("open_tool")
    answers = [outcome(wire.ask(envoy.port, wire.post(body, *credentials[number % 2], b"x-kept: yes")).body) for number in range(2)]
    fields = (("content-type", "application/json"), ("accept", "application/json, text/event-stream"), ("x-kept", "yes"))
    with_trailers = wire.ask2(envoy.port, body, fields=(*fields, ("authorization", "Bearer s3cret")), trailers=(("x-trailer", "1"),), pieces=2)
    answers += [outcome(with_trailers.body), outcome(wire.ask(envoy.port, wire.post(body, *credentials[0])).body)]
    assert answers == ["allowed"] * 3 + ["limited"]
    assert ran(upstream) == 3
    heads = upstream.counts()["heads"]
    assert not any("s3cret" in head for head in heads), heads
    assert sum("x-kept: yes" in head for head in heads) == 3, heads


def test_a_service_that_knows_another_domain_lets_nothing_pass(start, upstream: Server, binary: Path, redis: Redis, tmp_path: Path) -> None:
    other = RateLimit(binary, redis.url, tmp_path / "other.log", domain="another")
    try:
        envoy = start(config="envoy-global-limits.yaml", upstream=upstream.address, rate_limit=other.address, plugin=fleet(3))
        assert call(envoy) == "uncounted"
        assert ran(upstream) == 0
        assert "does it know the domain" in envoy.log()
    finally:
        other.process.stop()


def test_a_cluster_that_is_not_there_denies_and_traps_nothing(start, upstream: Server) -> None:
    for cluster in ("nowhere", "quota_svc"):
        settings = fleet(3, server=cluster)
        settings["global_limits"]["service"]["cluster"] = cluster
        envoy = start(config="envoy.yaml", upstream=upstream.address, plugin=settings)
        assert [call(envoy) for _ in range(3)] == ["uncounted"] * 3
        assert "panicked" not in envoy.log()
    assert ran(upstream) == 0


class Mute:
    """A service that takes connections and never answers."""

    def __init__(self) -> None:
        import socket

        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = ("127.0.0.1", self._socket.getsockname()[1])

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def mute() -> Iterator[Mute]:
    running = Mute()
    yield running
    running.close()


@pytest.mark.parametrize(("on_error", "answers"), [("deny", ["uncounted"] * 3), ("local", ["allowed"] * 2 + ["limited"]), ("allow", ["allowed"] * 3)])
def test_a_timeout_is_no_answer(start, upstream: Server, mute: Mute, on_error: str, answers: list[str]) -> None:
    envoy = start(config="envoy-global-limits.yaml", upstream=upstream.address, rate_limit=mute.address, plugin=fleet(2, on_error=on_error, timeout_ms=100))
    assert [call(envoy) for _ in range(3)] == answers
    assert ran(upstream) == answers.count("allowed")


def test_a_caller_that_leaves_while_waiting_takes_nothing(start, upstream: Server, mute: Mute) -> None:
    settings = fleet(2, on_error="local", timeout_ms=3000)
    envoy = start(config="envoy-global-limits.yaml", upstream=upstream.address, rate_limit=mute.address, plugin=settings)
    for _ in range(5):
        with wire.Connection(envoy.port) as connection:
            connection.send(wire.post(wire.call("open_tool")))
            deadline = time.monotonic() + 30
            while envoy.stat("http.mcp.downstream_rq_active") == 0 and time.monotonic() < deadline:
                time.sleep(0.01)
    deadline = time.monotonic() + 30
    while envoy.stat("http.mcp.downstream_rq_active") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ran(upstream) == 0
    assert [call(envoy) for _ in range(3)] == ["allowed", "allowed", "limited"]


@pytest.mark.parametrize("on_error", ["deny", "local"])
def test_a_call_that_waits_while_the_configuration_changes_is_answered(start, upstream: Server, mute: Mute, on_error: str) -> None:
    settings = fleet(2, on_error=on_error, timeout_ms=2000)
    envoy = start(config="envoy-ecds.yaml", upstream=upstream.address, rate_limit=mute.address, plugin=settings)
    with wire.Connection(envoy.port) as connection:
        connection.send(wire.post(wire.call("open_tool")))
        deadline = time.monotonic() + 30
        while envoy.stat("http.mcp.downstream_rq_active") == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        envoy.update(json.dumps({**settings, "max_body_bytes": 4096}))
        expected = {"deny": "uncounted", "local": "allowed"}[on_error]
        assert outcome(connection.read().body) == expected
    assert "panicked" not in envoy.log()
