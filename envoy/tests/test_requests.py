"""Requests of web pages, and requests that wait to be told to go on: `Origin` and `Expect`, in a real Envoy."""

from __future__ import annotations

import pytest

import wire
from harness.servers import Server
from policies import GATE, holds, plugin

CONFIGS = ["envoy.yaml", "envoy-no-hold.yaml"]
OPEN = wire.call("open_tool")
OURS = b"https://app.example"


@pytest.mark.parametrize("config", CONFIGS)
def test_only_listed_pages_may_send_requests(start, upstream: Server, config: str) -> None:
    settings = plugin(GATE, hold=holds(config), allowed_origins=["https://app.example", "http://localhost:3000"])
    envoy = start(config=config, upstream=upstream.address, plugin=settings)
    for origin in (None, OURS, b"HTTPS://APP.example", b"http://localhost:3000"):
        fields = [] if origin is None else [b"origin: " + origin]
        assert wire.ask(envoy.port, wire.post(OPEN, *fields)).json()["result"]["isError"] is False, origin
    before = upstream.counts()
    others = (b"https://evil.example", b"https://app.example.evil.example", b"http://app.example", b"https://app.example:8443", b"null", b"", b"\xff", OURS + b", https://evil.example")
    preflight = (b"access-control-request-method: POST", b"access-control-request-headers: content-type")
    for origin in others:
        field = b"origin: " + origin
        for what in (wire.post(OPEN, field), wire.head("GET", b"accept: text/event-stream", field), wire.head("DELETE", field), wire.head("OPTIONS", field, *preflight), wire.head("HEAD", field)):
            with wire.Connection(envoy.port) as connection:
                connection.send(what)
                response = connection.read(what.split(b" ")[0].decode())
            assert response.status == 403, (origin, what, response)
            assert "access-control-allow-origin" not in response.headers
    for twice in ((b"origin: " + OURS, b"origin: https://evil.example"), (b"origin: " + OURS, b"Origin: " + OURS)):
        # Envoy may join what comes twice; then it is no page that is listed.
        assert wire.ask(envoy.port, wire.post(OPEN, *twice)).status in (400, 403)
    after = upstream.counts()
    assert (after["calls"], after["body_bytes"]) == (before["calls"], before["body_bytes"])
    assert after["requests"] == before["requests"], "the server saw the head of a refused request"


@pytest.mark.parametrize("config", CONFIGS)
def test_who_waits_to_be_told_to_go_on_is_told_and_then_decided(start, upstream: Server, config: str) -> None:
    envoy = start(config=config, upstream=upstream.address, plugin=plugin(GATE, hold=holds(config)))
    for tool, denied in (("open_tool", False), ("other_tool", True), ("open_tool", False)):
        body = wire.call(tool)
        with wire.Connection(envoy.port) as connection:
            connection.send(wire.head("POST", wire.JSON, wire.ACCEPT, wire.length(body), b"expect: 100-continue"))
            assert connection.read_announcement() == 100
            connection.send(body)
            assert connection.read().json()["result"]["isError"] is denied
    assert upstream.counts()["calls"] == {"open_tool": 2}
    # Who does not wait gets the same answer.
    body = wire.call("other_tool")
    assert wire.ask(envoy.port, wire.head("POST", wire.JSON, wire.ACCEPT, wire.length(body), b"expect: 100-continue") + body).json()["result"]["isError"] is True
    assert upstream.counts()["calls"] == {"open_tool": 2}
