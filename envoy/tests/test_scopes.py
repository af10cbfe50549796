"""Scopes count for whom they say: by an argument, by combinations, whichever worker sees the call, in bounded memory."""

from __future__ import annotations

import hashlib
from typing import Any

import wire
from harness.envoy import Envoy
from harness.servers import Server


def started(start, upstream: Server, scope: Any, most: int = 2, **more: Any) -> Envoy:
    limit = {"counter": "calls", "window": "day", "max": most, "scope": scope}
    grants = {name: {"token_sha256": hashlib.sha256(name.encode()).hexdigest(), "policy": "p"} for name in ("ann", "bob")}
    policy = {"version": "1", "default": "deny", "tools": {"pay": {"limits": [limit]}, "plain": {"limits": [{"counter": "own", "window": "day", "max": 5}]}}}
    document = {"server": "test", "policies": {"p": policy}, "grants": grants, "identity": [{"bearer": True}], **more}
    return start(upstream=upstream.address, plugin=document, concurrency=4)


def call(envoy: Envoy, who: str, arguments: dict[str, Any], tool: str = "pay") -> str:
    """On a connection of its own, so that any worker may get it."""
    response = wire.ask(envoy.port, wire.post(wire.call(tool, arguments), b"authorization: Bearer " + who.encode()))
    result = response.json()["result"]
    if not result["isError"]:
        return "ran"
    assert "try again later" in result["content"][0]["text"].lower() or "could not" in result["content"][0]["text"].lower(), result
    return "denied"


def used(envoy: Envoy, who: str, arguments: dict[str, Any], most: int = 2) -> int:
    """How many calls are left, found by using them."""
    return next((n for n in range(most + 1) if call(envoy, who, arguments) != "ran"), most + 1)


def test_each_value_of_an_argument_counts_alone_for_everybody(start, upstream: Server) -> None:
    envoy = started(start, upstream, "args.order.region")
    eu, us = {"order": {"region": "eu"}}, {"order": {"region": "us"}}
    assert [call(envoy, who, eu) for who in ("ann", "bob", "ann", "bob")] == ["ran", "ran", "denied", "denied"]
    assert used(envoy, "ann", us) == 2
    # Absent and null are one value, as are 1 and 1.0; "1" is another.
    assert [call(envoy, "ann", a) for a in ({}, {"order": {"region": None}}, {"order": {}})] == ["ran", "ran", "denied"]
    assert [call(envoy, "ann", {"order": {"region": n}}) for n in (1, 1.0, 1)] == ["ran", "ran", "denied"]
    assert used(envoy, "ann", {"order": {"region": "1"}}) == 2
    # What no value stands for is counted nowhere, and so denied.
    before = upstream.ran()
    for odd in ({"region": ["eu"]}, {"region": {"eu": 1}}):
        response = wire.ask(envoy.port, wire.post(wire.call("pay", {"order": odd}), b"authorization: Bearer ann"))
        assert response.json()["result"]["isError"] is True
    assert upstream.ran() == before


def test_a_list_of_scopes_counts_each_combination(start, upstream: Server) -> None:
    envoy = started(start, upstream, ["grant", "args.region", "client"])
    for who in ("ann", "bob"):
        for region in ("eu", "us"):
            assert used(envoy, who, {"region": region}) == 2, (who, region)
    assert upstream.ran() == {"pay": 8}


def test_values_without_end_are_bounded_and_hurt_no_grant(start, upstream: Server) -> None:
    envoy = started(start, upstream, "args.id", most=1, max_subjects=64)
    ended = [call(envoy, "ann", {"id": f"v-{number}"}) for number in range(300)]
    assert 8 <= ended.count("ran") <= 64, ended.count("ran")
    # What is counted stays counted: nothing was pushed out.
    again = [call(envoy, "bob", {"id": f"v-{number}"}) for number, was in enumerate(ended) if was == "ran"]
    assert set(again) == {"denied"}
    assert [call(envoy, "ann", {}, "plain") for _ in range(6)] == ["ran"] * 5 + ["denied"]
