"""Workers' virtual machines trap while they count: no call too many is admitted, none passes undecided, and few are lost."""

from __future__ import annotations

import asyncio
import collections
from pathlib import Path

import pytest
import yaml

import trapping
import wire
from harness.envoy import Envoy
from harness.paths import ENVOY_DIR
from harness.servers import Server
from policies import holds, plugin

MOST = 1500
COST = 2
CONNECTIONS = 128
FUSES = 24
EVERY = 50
"""So many calls from one that lights a fuse to the next."""
LIMITS = [
    {"counter": "burst", "window": "minute", "max": MOST},
    {"counter": "daily", "window": "day", "max": MOST},
    {"counter": "spend", "window": 604800, "max": MOST * COST, "cost": "args.units"},
]


SHIPPED = sorted(file for folder in (".", "gateway", "istio") for file in (ENVOY_DIR / folder).glob("*.yaml"))


async def load(port: int) -> collections.Counter[str]:
    """Calls over all the connections until the limits are reached and the fuses are lit: how the calls ended."""
    ended: collections.Counter[str] = collections.Counter()
    sent = 0

    async def one() -> None:
        nonlocal sent
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while ended["limited"] < 2 * CONNECTIONS or sent < FUSES * EVERY:
            number, sent = sent, sent + 1
            denied = number % 7 == 3
            fields: list[bytes] = []
            if number % EVERY == EVERY - 1 and number < FUSES * EVERY:
                # The trap stands at another step of a call each time.
                fields = [b"x-fuse: 1"] * (trapping.MANY + number // EVERY % 10)
            body = wire.call("other_tool" if denied else "open_tool", {"units": COST}, id_=number)
            try:
                writer.write(wire.post(body, *fields))
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
                text = await reader.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionError):
                ended["failed"] += 1
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                continue
            if head.startswith(b"http/1.1 503"):
                ended["failed"] += 1
                # Until the module is there again.
                await asyncio.sleep(0.05)
            elif b"open_tool ran" in text:
                ended["ran"] += 1
            elif denied:
                assert b"is not permitted by policy" in text, text
            else:
                assert b"Rate limit of" in text, text
                ended["limited"] += 1
        writer.close()

    await asyncio.wait_for(asyncio.gather(*(one() for _ in range(CONNECTIONS))), 150)
    return ended


@pytest.mark.parametrize("config", ["envoy.yaml", "envoy-no-hold.yaml"])
def test_traps_lose_no_more_than_was_in_flight_and_let_nothing_pass(start, module: Path, tmp_path: Path, upstream: Server, clock, config: str) -> None:
    given = plugin({"default": "deny", "tools": {"open_tool": {"limits": LIMITS}}}, hold=holds(config))
    fused = trapping.with_fuse(module, tmp_path / "fused.wasm")
    options = {"clock_file": clock("2026-01-05T10:00:01Z"), "concurrency": 4, "plugin": given}
    with Envoy(module=fused, folder=tmp_path / "envoy", config=config, upstream=upstream.address, **options) as envoy:
        ended = asyncio.run(load(envoy.port))
        calls = upstream.counts()["calls"]
        traps = envoy.log().count("Uncaught RuntimeError: unreachable")
        turned_away = envoy.stat("wasm.toolgate.vm_reload_backoff")
        # One for each request that Envoy saw; of a call that failed, it holds what had been decided.
        records = envoy.records(envoy.stat("http.mcp.downstream_rq_completed"))
    allowed = sum(entry.get("outcome") == "allow" for entry in records)
    ran = calls["open_tool"]
    in_flight = ended["failed"] - turned_away
    print(f"{config}: {ran} of {MOST} calls ran, {traps} traps, {in_flight} calls were in flight at them, {turned_away} turned away, {ended['limited']} over the limit")
    assert traps >= 4, "too few to prove anything"
    assert set(calls) == {"open_tool"}, "what the policy denies ran"
    assert ended["ran"] <= ran <= MOST
    assert ran <= allowed, "a call ran that no decision stands for"
    assert MOST - ran <= in_flight
    # More exactly: but for the one call in each trap, whatever was charged was also decided.
    assert MOST <= allowed + traps


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_no_configuration_that_we_ship_lets_calls_pass_after_a_trap(file: Path) -> None:
    found = []

    def look(node: object) -> None:
        if isinstance(node, dict):
            found.extend(node[key] for key in ("failure_policy", "failStrategy", "failOpen", "fail_open") if key in node)
            for value in node.values():
                look(value)
        elif isinstance(node, list):
            for value in node:
                look(value)

    for document in yaml.safe_load_all(file.read_text()):
        look(document)
    assert all(value in ("FAIL_RELOAD", "FAIL_CLOSE", False) for value in found), found
    # With ECDS that stands in the filter's own file.
    assert found or file.name == "envoy-ecds.yaml", "it does not say what happens after a trap"
