"""Answers that come slowly, in part or not at all: events leave when they are whole, and nothing hidden ever leaves."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import wire
from harness.envoy import Envoy
from policies import GATE, holds, plugin
from scripted import STREAM, Scripted, answer, chunk

TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in ("open_tool", "other_tool", "secret_tool")]
LIST = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"tools": TOOLS}}).encode()
EVENT = b"event: message\ndata: " + LIST + b"\n\n"
GET = wire.head("GET", b"accept: text/event-stream")


class Site:
    def __init__(self, envoy: Envoy, upstream: Scripted) -> None:
        self.port = envoy.port
        self.upstream = upstream

    @contextmanager
    def asked(self, data: bytes, script: Callable[[socket.socket], None]) -> Iterator[wire.Connection]:
        self.upstream.script = script
        with wire.Connection(self.port) as connection:
            connection.send(data)
            yield connection


@pytest.fixture(scope="module")
def site(any_config: str, module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    upstream = Scripted()
    folder = tmp_path_factory.mktemp("streams")
    gate = plugin(GATE, hold=holds(any_config))
    with Envoy(module=module, config=any_config, upstream=upstream.address, folder=folder, concurrency=1, plugin=gate) as envoy:
        yield Site(envoy, upstream)
    upstream.close()


def names(event: bytes) -> list[str]:
    """The tools that an event lists."""
    data = b"".join(line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:"))
    return [tool["name"] for tool in json.loads(data)["result"]["tools"]]


def read_event(connection: wire.Connection) -> bytes:
    event = b""
    while not event.endswith(b"\n\n"):
        part = connection.read_chunk()
        assert part, f"the stream ended after {event!r}"
        event += part
    return event


@pytest.mark.parametrize("data", [wire.post(wire.listing()), GET], ids=["POST", "GET"])
def test_an_event_leaves_when_it_is_whole_and_not_when_the_stream_ends(site: Site, data: bytes) -> None:
    went_on = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.sendall(STREAM + chunk(b": hello\n\n") + chunk(EVENT[:200]) + chunk(EVENT[200:]))
        # Only when the client has the first event, the second is sent.
        assert went_on.wait(60)
        connection.sendall(chunk(EVENT) + b"0\r\n\r\n")

    with site.asked(data, script) as connection:
        assert connection.read_head().status == 200
        first = read_event(connection)
        while b"data:" not in first:
            first = read_event(connection)
        assert names(first) == ["open_tool"]
        went_on.set()
        assert names(read_event(connection)) == ["open_tool"]


def test_a_silent_stream_is_open_at_once(site: Site) -> None:
    done = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.sendall(STREAM)
        assert done.wait(60)

    with site.asked(GET, script) as connection:
        assert connection.read_head().headers["content-type"] == "text/event-stream"
        done.set()


@pytest.mark.parametrize("cut", [1, len(LIST) // 2, len(LIST) - 1])
def test_of_a_list_that_breaks_off_nothing_hidden_leaves(site: Site, cut: int) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(answer(b"200 OK", b"content-type: application/json", b"content-length: %d" % len(LIST), body=LIST[:cut]))

    with site.asked(wire.post(wire.listing()), script) as connection:
        try:
            received = connection.read().body
        except EOFError as error:
            received = str(error).encode()
    assert b"secret_tool" not in received and b"other_tool" not in received


@pytest.mark.parametrize("cut", [30, len(EVENT) - 2])
def test_of_an_event_that_breaks_off_nothing_hidden_leaves(site: Site, cut: int) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(STREAM + chunk(EVENT[:cut]))

    received = b""
    with site.asked(wire.post(wire.listing()), script) as connection:
        try:
            connection.read_head()
            while part := connection.read_chunk():
                received += part
        except EOFError as error:
            received += str(error).encode()
    assert b"secret_tool" not in received and b"other_tool" not in received


def test_an_answer_that_only_announces_changes_nothing(site: Site) -> None:
    early = answer(b"103 Early Hints", b"link: </style>; rel=preload")
    body = answer(b"200 OK", b"content-type: application/json", b"content-length: %d" % len(LIST), body=LIST)
    with site.asked(wire.post(wire.listing()), lambda connection: connection.sendall(early + body)) as connection:
        assert [tool["name"] for tool in connection.read().json()["result"]["tools"]] == ["open_tool"]


def test_trailers_of_a_list_pass_and_the_list_is_filtered(site: Site) -> None:
    body = answer(b"200 OK", b"content-type: application/json", b"transfer-encoding: chunked", b"trailer: x-sum", body=chunk(LIST) + b"0\r\nx-sum: 1\r\n\r\n")
    with site.asked(wire.post(wire.listing()), lambda connection: connection.sendall(body)) as connection:
        assert [tool["name"] for tool in connection.read().json()["result"]["tools"]] == ["open_tool"]


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_without_a_body_passes(site: Site, status: bytes) -> None:
    with site.asked(wire.post(wire.listing()), lambda connection: connection.sendall(answer(status))) as connection:
        assert connection.read().status == int(status[:3])


def test_head_passes_with_the_length_that_get_would_have(site: Site) -> None:
    script = answer(b"200 OK", b"content-type: application/json", b"content-length: 1234")
    with site.asked(wire.head("HEAD"), lambda connection: connection.sendall(script)) as connection:
        response = connection.read("HEAD")
    assert (response.status, response.headers.get("content-length")) == (200, "1234")


@pytest.mark.parametrize("status", [b"400 Bad Request", b"404 Not Found", b"500 Internal Server Error", b"503 Service Unavailable"])
def test_an_error_of_the_server_passes_as_it_is(site: Site, status: bytes) -> None:
    error = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"it is broken"}}'
    script = answer(status, b"content-type: application/json", b"content-length: %d" % len(error), body=error)
    with site.asked(wire.post(wire.call("open_tool")), lambda connection: connection.sendall(script)) as connection:
        response = connection.read()
    assert (response.status, response.body) == (int(status[:3]), error)


def test_a_list_in_an_error_answer_is_filtered_too(site: Site) -> None:
    script = answer(b"500 Internal Server Error", b"content-type: application/json", b"content-length: %d" % len(LIST), body=LIST)
    with site.asked(wire.post(wire.listing()), lambda connection: connection.sendall(script)) as connection:
        assert b"secret_tool" not in connection.read().body


def test_a_server_that_resets_is_told_to_the_client(site: Site) -> None:
    with site.asked(wire.post(wire.call("open_tool")), lambda connection: None) as connection:
        assert connection.read().status == 503
