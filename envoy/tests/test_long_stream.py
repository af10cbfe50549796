"""Streams that stay open for ten minutes: each event leaves when it is whole, silence ends nothing, and nothing piles up."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

import wire
from harness.envoy import Envoy
from policies import GATE, holds, plugin
from scripted import STREAM, Scripted, chunk

MINUTES = 10
SILENCES = [0.0, 0.5, 5.0, 0.0, 1.0, 30.0, 2.0]
"""Seconds between events, over and over."""
PADDING = "x" * 200_000
MOST_GROWTH = 32 << 20
"""Bytes: less than a tenth of what passes."""

CONFIGS = {"hold": "envoy.yaml", "nohold": "envoy-no-hold.yaml"}
REQUESTS = {
    "get": wire.head("GET", b"accept: text/event-stream", b"x-stream: %b"),
    "list": wire.post(wire.listing(), b"x-stream: %b"),
    "call": wire.post(wire.call("open_tool"), b"x-stream: %b"),
}
STREAMS = [f"{config}_{request}" for config in CONFIGS for request in REQUESTS]


def event(number: int) -> bytes:
    """A list that hides something, each second time; else what is no list. Large, so that what is kept would show."""
    tools = [{"name": name, "description": PADDING} for name in ("open_tool", "secret_tool")]
    if number % 2:
        message = {"jsonrpc": "2.0", "id": f"i-{number}", "result": {"tools": tools}}
    else:
        message = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": PADDING, "number": number}}
    return f"id: {number}\ndata: {json.dumps(message)}\n\n".encode()


class Lockstep:
    """The server sends an event only when the client has the one before: what is held back stops everything."""

    def __init__(self) -> None:
        self.got = {name: threading.Semaphore(0) for name in STREAMS}
        self.ends = time.monotonic() + MINUTES * 60
        self.sent = dict.fromkeys(STREAMS, 0)

    def send(self, name: str, connection: socket.socket) -> None:
        connection.sendall(STREAM + chunk(b": open\n\n"))
        while time.monotonic() < self.ends:
            number = self.sent[name] + 1
            data = event(number)
            half = len(data) // 2
            connection.sendall(chunk(data[:half]) + chunk(data[half:]))
            self.sent[name] = number
            assert self.got[name].acquire(timeout=60), f"event {number} did not arrive"
            time.sleep(SILENCES[number % len(SILENCES)])
        connection.sendall(b"0\r\n\r\n")


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) << 10


def watch(port: int, name: str, steps: Lockstep) -> int:
    """Reads a stream to its end; how many events there were."""
    count, unread = 0, b""
    with wire.Connection(port, timeout=120) as connection:
        connection.send(REQUESTS[name.split("_")[1]].replace(b"%b", name.encode()))
        assert connection.read_head().status == 200
        while part := connection.read_chunk():
            unread += part
            while b"\n\n" in unread:
                whole, _, unread = unread.partition(b"\n\n")
                if whole == b": open":
                    continue
                count += 1
                assert f"id: {count}\n".encode() in whole + b"\n", whole[:80]
                assert b"secret_tool" not in whole
                assert (b"open_tool" if count % 2 else b'"number": %d' % count) in whole, whole[:200]
                steps.got[name].release()
    assert not unread
    return count


@pytest.fixture
def server() -> Iterator[Scripted]:
    running = Scripted()
    yield running
    running.close()


@pytest.mark.full
@pytest.mark.seconds(MINUTES * 60 + 300)
def test_streams_of_ten_minutes_deliver_each_event_at_once_in_steady_memory(module: Path, tmp_path: Path, server: Scripted) -> None:
    steps = Lockstep()
    by_header = re.compile(rb"x-stream: (\w+)")

    def script(connection: socket.socket) -> None:
        # The request that this connection just brought: they come one at a time.
        found = by_header.search(server.seen[-1])
        assert found
        steps.send(found[1].decode(), connection)

    server.script = script
    with ExitStack() as stack:
        envoys = {}
        for name, config in CONFIGS.items():
            options = {"plugin": plugin(GATE, hold=holds(config)), "concurrency": 1, "limit": MINUTES * 60 + 300}
            envoys[name] = stack.enter_context(Envoy(module=module, config=config, folder=tmp_path / name, upstream=server.address, **options))
        pool = stack.enter_context(ThreadPoolExecutor(len(STREAMS)))
        watching = []
        for name in STREAMS:
            watching.append(pool.submit(watch, envoys[name.split("_")[0]].port, name, steps))
            while not steps.sent[name]:
                assert not watching[-1].done(), watching[-1].result()
                time.sleep(0.05)
        while min(steps.sent.values()) < 10 and not any(one.done() for one in watching):
            time.sleep(0.1)
        early = {name: resident(envoy.process.pid) for name, envoy in envoys.items()}
        late = early
        while not any(one.done() for one in watching):
            late = {name: resident(envoy.process.pid) for name, envoy in envoys.items()}
            time.sleep(1)
        counts = [one.result() for one in watching]
    passed = sum(counts) * len(event(1)) >> 20
    print(f"{counts} events on {len(STREAMS)} streams in {MINUTES} minutes, about {passed} MiB")
    print(f"memory after 10 events each and at the end: {', '.join(f'{name} {early[name] >> 20} and {late[name] >> 20} MiB' for name in CONFIGS)}")
    assert counts == list(steps.sent.values())
    assert all(late[name] - early[name] < MOST_GROWTH for name in CONFIGS)
