"""Envoy's own local_ratelimit acts on the tool that Toolgate names in `x-mcp-tool`, and on nothing that a client says."""

from __future__ import annotations

import wire
from harness.servers import Server

CONFIG = "envoy-native-limits.yaml"


def statuses(port: int, number: int, *fields: bytes, tool: str = "claim_job") -> list[int]:
    body = wire.call(tool, {"job_id": "j-1"})
    return [wire.ask(port, wire.post(body, *fields)).status for _ in range(number)]


def test_the_native_limit_counts_the_tool(start, upstream: Server) -> None:
    envoy = start(config=CONFIG, upstream=upstream.address)
    assert statuses(envoy.port, 7) == [200] * 5 + [429] * 2
    assert upstream.ran() == {"claim_job": 5}


def test_a_client_cannot_name_another_tool(start, upstream: Server) -> None:
    envoy = start(config=CONFIG, upstream=upstream.address)
    assert statuses(envoy.port, 7, b"x-mcp-tool: other", b"X-Mcp-Tool: ") == [200] * 5 + [429] * 2
    assert upstream.ran() == {"claim_job": 5}


def test_what_is_no_call_of_the_tool_uses_none_of_its_tokens(start, upstream: Server) -> None:
    envoy = start(config=CONFIG, upstream=upstream.address)
    listing = wire.post(wire.listing(), b"x-mcp-tool: claim_job")
    assert [wire.ask(envoy.port, listing).status for _ in range(7)] == [200] * 7
    get = wire.head("GET", b"accept: text/event-stream", b"x-mcp-tool: claim_job")
    assert all(wire.ask(envoy.port, get).status == 200 for _ in range(7))
    # Denied calls never reach the filter behind.
    assert statuses(envoy.port, 7, tool="delete_workspace") == [200] * 7
    assert statuses(envoy.port, 6) == [200] * 5 + [429]
