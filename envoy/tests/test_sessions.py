"""A session belongs to the caller that opened it, whichever worker sees it, in a real Envoy."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

import wire
from harness.servers import Server
from policies import holds, plugin

INITIALIZE = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}).encode()


def granted(names: list[str], policy: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A configuration in which each name has a grant, and its own name for a token."""
    grants = {name: {"token_sha256": hashlib.sha256(name.encode()).hexdigest(), "policy": "p"} for name in names}
    document = {"server": "test", "policies": {"p": {"version": "1", **policy}}, "grants": grants, "identity": [{"bearer": True}]}
    return {**document, **more}


def ask(port: int, who: str, body: bytes, *fields: bytes) -> wire.Response:
    """On a connection of its own, so that any worker may get it."""
    return wire.ask(port, wire.post(body, b"authorization: Bearer " + who.encode(), *fields))


def session(id_: str) -> bytes:
    return b"mcp-session-id: " + id_.encode()


def rule(response: wire.Response) -> str | None:
    return response.json().get("result", {}).get("_meta", {}).get("toolgate/denial", {}).get("rule")


@pytest.mark.parametrize("config", ["envoy.yaml", "envoy-no-hold.yaml"])
def test_a_session_is_its_callers_alone_and_counts_alone(start, upstream: Server, config: str) -> None:
    limits = {"limits": [{"counter": "each", "window": "day", "max": 2, "scope": "session"}]}
    given = granted(["ann", "bob"], {"default": "allow", "all_tools": limits}, hold_headers=holds(config))
    envoy = start(config=config, upstream=upstream.address, plugin=given, concurrency=4)
    opened = [ask(envoy.port, "ann", INITIALIZE).headers["mcp-session-id"] for _ in range(3)]
    call = wire.call("open_tool")
    for id_ in opened:
        for _ in range(8):
            assert rule(ask(envoy.port, "bob", call, session(id_))) == "(session)"
        answers = [rule(ask(envoy.port, "ann", call, session(id_))) for _ in range(4)]
        assert answers == [None, None, *["/all_tools/limits/each"] * 2], id_
    # Made-up sessions of one grant count together.
    answers = [rule(ask(envoy.port, "ann", call, session(f"made-up-{n}"))) for n in range(4)]
    assert answers == [None, None, *["/all_tools/limits/each"] * 2]
    if holds(config):
        assert upstream.counts()["calls"] == {"open_tool": 8}

    head = wire.head("DELETE", b"authorization: Bearer bob", session(opened[0]))
    assert wire.ask(envoy.port, head).status == 403
    head = wire.head("DELETE", b"authorization: Bearer ann", session(opened[0]))
    assert wire.ask(envoy.port, head).status == 200
    # It has ended; whoever uses it now gets the upstream's word on it.
    assert rule(ask(envoy.port, "bob", call, session(opened[0]))) is None


def test_rotation_and_revocation_hold_from_the_next_request_and_reset_nothing(start, upstream: Server) -> None:
    limits = {"limits": [{"counter": "calls", "window": "day", "max": 6}]}

    def given(tokens: dict[str, list[str]]) -> dict[str, Any]:
        document = granted([], {"default": "allow", "all_tools": limits})
        for name, those in tokens.items():
            document["grants"][name] = {"token_sha256": [hashlib.sha256(t.encode()).hexdigest() for t in those], "policy": "p"}
        return document

    envoy = start(config="envoy-ecds.yaml", upstream=upstream.address, plugin=given({"ann": ["old"], "bob": ["bob"]}), concurrency=2)
    with wire.Connection(envoy.port) as connection:

        def call(token: str) -> str | None:
            return rule(connection.ask(wire.post(wire.call("open_tool"), b"authorization: Bearer " + token.encode())))

        assert [call("old"), call("new"), call("bob")] == [None, "(no policy)", None]
        envoy.update(given({"ann": ["old", "new"], "bob": ["bob"]}))
        assert [call("old"), call("new"), call("bob")] == [None, None, None]
        envoy.update(given({"ann": ["new"]}))
        assert [call("old"), call("bob")] == ["(no policy)", "(no policy)"]
        # Three of six are used: an update resets no count.
        assert [call("new") for _ in range(4)] == [None, None, None, "/all_tools/limits/calls"]


@pytest.mark.parametrize("config", ["envoy.yaml", "envoy-no-hold.yaml"])
def test_a_stripped_credential_does_not_reach_the_server(start, upstream: Server, config: str) -> None:
    given = granted(["s3cret"], {"default": "allow"}, hold_headers=holds(config))
    given["identity"] = [{"bearer": True, "strip": True}, {"header": "x-api-key", "strip": True}]
    envoy = start(config=config, upstream=upstream.address, plugin=given)
    fields = (("content-type", "application/json"), ("accept", "application/json, text/event-stream"))
    call = wire.call("open_tool")
    assert ask(envoy.port, "s3cret", call).status == 200
    assert wire.ask(envoy.port, wire.post(call, b"X-Api-Key: s3cret", b"authorization: Basic a2VwdA==")).status == 200
    assert wire.ask(envoy.port, wire.head("GET", b"authorization: Bearer s3cret")).status == 200
    for trailers in ((), (("x-trailer", "1"),)):
        response = wire.ask2(envoy.port, call, fields=(*fields, ("authorization", "Bearer s3cret")), trailers=trailers, pieces=2)
        assert response.status == 200, response
    heads = upstream.counts()["heads"]
    assert len(heads) == 5 and not any("s3cret" in head for head in heads), heads
    assert sum("basic a2v" in head for head in heads) == 1, "another scheme's credentials stay"
