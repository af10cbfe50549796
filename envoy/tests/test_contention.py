"""A limit is exact however many workers and connections there are."""

from __future__ import annotations

import asyncio
import time

import wire
from harness.servers import Server
from policies import limit, plugin

CALLS = 5000
CONNECTIONS = 64
LIMIT = 1000


async def _calls(port: int) -> tuple[int, int]:
    """Makes all the calls over all the connections; returns how many were allowed and how many denied."""
    left = iter(range(CALLS))
    allowed = denied = 0

    async def one() -> None:
        nonlocal allowed, denied
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in left:
            writer.write(wire.post(wire.call("open_tool", id_=number)))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            size = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            body = await reader.readexactly(size)
            if b'"isError":true' in body:
                assert b"Rate limit of 1000 per day reached" in body, body
                denied += 1
            else:
                assert b"open_tool ran" in body, body
                allowed += 1
        writer.close()

    await asyncio.wait_for(asyncio.gather(*(one() for _ in range(CONNECTIONS))), 120)
    return allowed, denied


def test_two_workers_admit_exactly_the_limit_three_times(start, upstream: Server) -> None:
    # The day must not end between two calls.
    left = 86400 - time.time() % 86400
    if left < 150:
        time.sleep(left + 1)
    envoy = start(config="envoy-ecds.yaml", upstream=upstream.address, concurrency=2, plugin=plugin(limit(LIMIT, "day"), server="run-0"))
    for run in range(3):
        # Counters belong to the server's name: another name starts from nothing, in the same Envoy.
        if run:
            envoy.update(plugin(limit(LIMIT, "day"), server=f"run-{run}"))
        before = upstream.counts()["calls"].get("open_tool", 0)
        assert asyncio.run(_calls(envoy.port)) == (LIMIT, CALLS - LIMIT)
        assert upstream.counts()["calls"]["open_tool"] - before == LIMIT
    workers = [envoy.stats(f"worker_{number}.downstream_cx_total") for number in (0, 1)]
    assert all(sum(found.values()) > 0 for found in workers), f"one worker did all the work: {workers}"
