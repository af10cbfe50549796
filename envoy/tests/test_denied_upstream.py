"""What the server sees of a call that is denied: nothing, or without held headers, no byte of its body."""

from __future__ import annotations

from pathlib import Path

import pytest

import wire
from harness.servers import Server
from policies import GATE, holds, plugin

BIG = wire.call("open_tool", {"padding": "x" * (2 << 20)})

DENIED = {
    "unlisted": wire.call("other_tool"),
    "hidden": wire.call("secret_tool"),
    "malformed": b'{"jsonrpc":"2.0","id":1,',
    "too large": BIG,
}


@pytest.mark.parametrize("upstream_http2", [False, True], ids=["upstream-h1", "upstream-h2"])
@pytest.mark.parametrize("downstream_http2", [False, True], ids=["downstream-h1", "downstream-h2"])
@pytest.mark.parametrize("config", ["envoy.yaml", "envoy-no-hold.yaml"])
def test_a_denied_call_does_not_reach_the_server(start, tmp_path: Path, config: str, downstream_http2: bool, upstream_http2: bool) -> None:
    with Server("counting.py", *(["--http2"] if upstream_http2 else []), log=tmp_path / "upstream.log") as upstream:
        envoy = start(config=config, upstream=upstream.address, upstream_http2=upstream_http2, plugin=plugin(GATE, hold=holds(config)))

        def ask(body: bytes, pieces: int = 1) -> wire.Response:
            if downstream_http2:
                return wire.ask2(envoy.port, body, pieces=pieces)
            return wire.ask(envoy.port, wire.post(body))

        for what, body in DENIED.items():
            response = ask(body, pieces=3)
            assert b'"isError":true' in response.body or b'"error"' in response.body, f"{what}: {response}"

        seen = upstream.counts()
        assert seen["body_bytes"] == 0, "a byte of a denied body was delivered"
        assert seen["complete"] == 0, "a denied request was delivered whole"
        assert seen["calls"] == {}
        if holds(config):
            assert seen["connections"] == 0, "a denied call opened a connection to the server"
            assert seen["requests"] == 0

        allowed = wire.call("open_tool", {"text": "grüß dich"})
        response = ask(allowed, pieces=3)
        assert (response.status, response.json()["result"]["isError"]) == (200, False)
        seen = upstream.counts()
        assert seen["calls"] == {"open_tool": 1}
        assert seen["bodies"][-1].encode() == allowed, "the server got other bytes than the policy read"


def test_a_connection_serves_on_after_a_denial(start, upstream: Server) -> None:
    envoy = start(upstream=upstream.address, plugin=plugin(GATE))
    with wire.Connection(envoy.port) as connection:
        for number in range(20):
            denied = connection.ask(wire.post(wire.call("other_tool", id_=number)))
            assert (denied.status, denied.json()["id"], denied.json()["result"]["isError"]) == (200, number, True)
            allowed = connection.ask(wire.post(wire.call("open_tool", id_=f"a-{number}")))
            assert (allowed.status, allowed.json()["id"], allowed.json()["result"]["isError"]) == (200, f"a-{number}", False)
    assert upstream.counts()["calls"] == {"open_tool": 20}


def test_pipelined_requests_are_each_decided(start, upstream: Server) -> None:
    """Envoy may close a connection after an answer of its own, with requests unread; those must not have run."""
    envoy = start(upstream=upstream.address, plugin=plugin(GATE))
    tools = ["open_tool", "open_tool", "other_tool", "open_tool", "secret_tool", "open_tool"]
    answers = []
    with wire.Connection(envoy.port) as connection:
        connection.send(b"".join(wire.post(wire.call(tool, id_=number)) for number, tool in enumerate(tools)))
        try:
            for _ in tools:
                answers.append(connection.read().json())
        except EOFError:
            pass
    assert len(answers) >= 3
    assert [answer["id"] for answer in answers] == list(range(len(answers)))
    expected = [False, False, True, False, "error", False][: len(answers)]
    assert ["error" if "error" in answer else answer["result"]["isError"] for answer in answers] == expected
    assert upstream.counts()["calls"] == {"open_tool": expected.count(False)}
