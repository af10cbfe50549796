"""Limitador's own library behind the same protocol: one limit for two Envoys, and by how much it passes its number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import ratelimit
from harness.ratelimit import RateLimit, Redis
from harness.servers import Server
from test_global_limits import CONNECTIONS, LIMIT, call, fleet, load, ran, redis, same_day

__all__ = ["redis", "same_day"]
SECONDS = 86400


@pytest.fixture
def limitador(tmp_path: Path) -> Callable[..., RateLimit]:
    """Starts services with one limit: `limitador(storage)`."""
    running: list[RateLimit] = []
    binary = ratelimit.service_binary("limitador")

    def one(storage: str) -> RateLimit:
        number = len(running)
        running.append(RateLimit(binary, storage, tmp_path / f"limitador-{number}.log", "calls", str(LIMIT), str(SECONDS)))
        return running[-1]

    yield one
    for service in running:
        service.process.stop()


# Building it takes minutes.
pytestmark = [pytest.mark.full, pytest.mark.seconds(1500)]


def started(start, upstream: Server, services: list[RateLimit], number: int):
    """Envoys whose own count is so far above the limit that only the service's counts."""
    return [start(config="envoy-global-limits.yaml", upstream=upstream.address, rate_limit=service.address, plugin=fleet(number, numbers="service")) for service in services]


def test_one_limitador_in_memory_counts_exactly_for_two_envoys(start, upstream: Server, limitador) -> None:
    service = limitador("memory")
    envoys = started(start, upstream, [service, service], 10 * LIMIT)
    ended = asyncio.run(load([envoy.port for envoy in envoys], 3 * LIMIT))
    assert ended == {"allowed": LIMIT, "limited": 2 * LIMIT, "uncounted": 0, "failed": 0}
    assert ran(upstream) == LIMIT


def test_limitador_on_redis_admits_all_of_the_limit_and_what_races_past_it(start, upstream: Server, limitador, redis: Redis) -> None:
    """Each of two services checks, then adds, so calls that are checked before others have been added pass as well."""
    envoys = started(start, upstream, [limitador(redis.url), limitador(redis.url)], 10 * LIMIT)
    ended = asyncio.run(load([envoy.port for envoy in envoys], 4 * LIMIT))
    passed = ran(upstream)
    print(f"limitador on Redis: {passed} of {LIMIT} ran, {passed - LIMIT} too many, with {CONNECTIONS} calls at once")
    assert (ended["uncounted"], ended["failed"]) == (0, 0)
    assert ended["allowed"] == passed
    # No more can be between check and addition than there are callers.
    assert LIMIT <= passed < LIMIT + CONNECTIONS
    # When nobody races, it holds.
    assert [call(envoy) for envoy in envoys] == ["limited"] * 2
    assert ran(upstream) == passed


def test_this_proxys_own_count_bounds_what_limitador_lets_race(start, upstream: Server, limitador, redis: Redis) -> None:
    """Where both have the same number, one Envoy alone never passes it."""
    [envoy] = started(start, upstream, [limitador(redis.url)], LIMIT)
    ended = asyncio.run(load([envoy.port], 3 * LIMIT))
    assert ended == {"allowed": LIMIT, "limited": 2 * LIMIT, "uncounted": 0, "failed": 0}
    assert ran(upstream) == LIMIT


def test_without_redis_limitador_lets_nothing_pass(start, upstream: Server, limitador, redis: Redis) -> None:
    [envoy] = started(start, upstream, [limitador(redis.url)], LIMIT)
    assert call(envoy) == "allowed"
    redis.process.stop()
    assert [call(envoy) for _ in range(3)] == ["uncounted"] * 3
    assert ran(upstream) == 1
