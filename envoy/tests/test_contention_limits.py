"""Several limits and a budget on one tool stay exact: four workers, 128 connections, and updates while calls come."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

import wire
from harness import bootstrap
from harness.envoy import Envoy
from harness.servers import Server
from policies import plugin

CONNECTIONS = 128
COST = 2
LIMITS = [
    {"counter": "burst", "window": "minute", "max": 300},
    {"counter": "hourly", "window": "hour", "max": 500},
    {"counter": "daily", "window": "day", "max": 650},
    # Seven days that begin on a Thursday, as 1970 did.
    {"counter": "spend", "window": 604800, "max": 1500, "cost": "args.units"},
]
PHASES = [
    ("2026-01-05T10:00:01Z", 300, "burst"),
    ("2026-01-05T10:01:01Z", 200, "hourly"),
    ("2026-01-05T11:00:01Z", 150, "daily"),
    ("2026-01-06T10:00:01Z", 100, "spend"),
]
"""When calls come, how many must be admitted then, and which limit refuses the rest."""


def given(run: int, text: str = "") -> dict[str, Any]:
    """Counters belong to the server's name: each run has its own. `text` makes an update differ."""
    limits = [{**limit, "on_deny": f"{limit['counter']} {text}"} for limit in LIMITS]
    return plugin({"default": "deny", "tools": {"open_tool": {"limits": limits}}}, server=f"run-{run}")


async def load(port: int, calls: int) -> tuple[int, set[str]]:
    """Makes all the calls over all the connections: how many were admitted, and which limits refused."""
    left = iter(range(calls))
    admitted = 0
    refused: set[str] = set()

    async def one() -> None:
        nonlocal admitted
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in left:
            writer.write(wire.post(wire.call("open_tool", {"units": COST}, id_=number)))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert head.startswith(b"http/1.1 200"), head
            size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
            body = await reader.readexactly(size)
            if b'"isError":true' in body:
                refused.add(body.split(b"[POLICY DENIED] ")[1].split(b" ")[0].decode())
            else:
                assert b"open_tool ran" in body, body
                admitted += 1
        writer.close()

    await asyncio.wait_for(asyncio.gather(*(one() for _ in range(CONNECTIONS))), 150)
    return admitted, refused


@pytest.fixture
def runs(request: pytest.FixtureRequest) -> int:
    return 10 if request.config.getoption("--full") else 1


def started(start, upstream: Server, clock) -> Envoy:
    options = {"clock_file": clock(PHASES[0][0]), "concurrency": 4}
    return start(config="envoy-ecds.yaml", upstream=upstream.address, plugin=given(0), **options)


def test_every_limit_and_the_budget_are_exact(start, upstream: Server, clock, runs: int) -> None:
    envoy = started(start, upstream, clock)
    for run in range(runs):
        clock(PHASES[0][0])
        if run:
            envoy.update(given(run))
        for time, admitted, refuses in PHASES:
            clock(time)
            assert asyncio.run(load(envoy.port, 900)) == (admitted, {refuses}), (run, time)
    admitted = sum(phase[1] for phase in PHASES)
    assert admitted * COST == LIMITS[3]["max"], "the budget is spent to the last unit"
    assert upstream.counts()["calls"]["open_tool"] == runs * admitted
    workers = [envoy.stats(f"worker_{number}.downstream_cx_total") for number in range(4)]
    assert all(sum(found.values()) > 0 for found in workers), f"some worker did nothing: {workers}"


def other_bytes(module: Path, folder: Path) -> Path:
    """The same module with a custom section more: to Envoy, another one."""
    section = b"\x04note1"
    copy = folder / "other.wasm"
    copy.write_bytes(module.read_bytes() + bytes([0, len(section)]) + section)
    return copy


def test_updates_of_policy_and_module_while_calls_come_lose_no_count(start, upstream: Server, clock, module: Path, tmp_path: Path, runs: int) -> None:
    """Twice a second a new policy, each second time with a new module."""
    envoy = started(start, upstream, clock)
    modules = itertools.cycle([module, other_bytes(module, tmp_path)])
    ecds = envoy.folder / bootstrap.ECDS_FILE

    async def updated(run: int) -> tuple[int, set[str], int]:
        loading = asyncio.create_task(load(envoy.port, 4000))
        updates = 0
        while not loading.done():
            bootstrap.write_ecds(ecds, module=next(modules), plugin=given(run, f"update {updates}"))
            updates += 1
            await asyncio.sleep(0.5)
        return *await loading, updates

    for run in range(runs):
        if run:
            envoy.update(given(run))
        before = envoy._updates()[0]
        admitted, refused, updates = asyncio.run(updated(run))
        assert (admitted, refused) == (300, {"burst"}), run
        assert updates >= 2 and envoy._updates()[0] > before, "the policy was not updated meanwhile"
    assert envoy._updates()[1] == 0, "an update was refused"
