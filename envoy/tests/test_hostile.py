"""Requests that no honest client sends: each is answered or passed as it should be, and the worker lives."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import wire
from harness.envoy import Envoy
from harness.servers import Server
from policies import GATE, holds, plugin
from wire import JSON, call, chunks, head, length, post

OPEN = call("open_tool")
OTHER = call("other_tool")
TRAPPED = re.compile(r"Uncaught|panicked|proxy_on_\w+ failed|vm_reload")


class Site:
    """One Envoy with one worker, so that a request that kills the worker is noticed by the next."""

    def __init__(self, envoy: Envoy, upstream: Server) -> None:
        self.envoy = envoy
        self.upstream = upstream

    @property
    def port(self) -> int:
        return self.envoy.port

    def serves(self) -> None:
        """An allowed call still passes, a denied one is still denied, and the module has not trapped."""
        allowed = wire.ask(self.port, post(OPEN))
        assert (allowed.status, allowed.json()["result"]["isError"]) == (200, False), "an allowed call no longer passes"
        denied = wire.ask(self.port, post(OTHER))
        assert (denied.status, denied.json()["result"]["isError"]) == (200, True), "a denied call is no longer denied"
        trap = TRAPPED.search(self.envoy.log())
        assert not trap, f"the module trapped: {self.envoy.process.tail(5)}"

    def refuses(self, request: bytes | Callable[[], wire.Response], statuses: set[int], codes: set[int] | None = None) -> wire.Response:
        """The request is answered with an error of JSON-RPC, and the server gets nothing of it."""
        before = self.upstream.counts()
        response = wire.ask(self.port, request) if isinstance(request, bytes) else request()
        assert response.status in statuses, response
        assert response.headers.get("content-type", "").startswith("application/json"), response
        answer = response.json()
        assert answer["jsonrpc"] == "2.0" and "result" not in answer, response
        if codes is not None:
            assert answer["error"]["code"] in codes, response
        after = self.upstream.counts()
        assert (after["complete"], after["body_bytes"], after["calls"]) == (before["complete"], before["body_bytes"], before["calls"])
        self.serves()
        return response

    def passes(self, request: bytes | Callable[[], wire.Response], tool: str = "open_tool") -> wire.Response:
        """The call reaches the server, once."""
        before = self.upstream.ran().get(tool, 0)
        response = wire.ask(self.port, request) if isinstance(request, bytes) else request()
        assert (response.status, response.json()["result"]["isError"]) == (200, False), response
        assert self.upstream.ran().get(tool, 0) == before + 1
        self.serves()
        return response

    def denies(self, request: bytes | Callable[[], wire.Response]) -> wire.Response:
        """The call is denied by policy, in words that the agent can read."""
        before = self.upstream.counts()
        response = wire.ask(self.port, request) if isinstance(request, bytes) else request()
        assert (response.status, response.json()["result"]["isError"]) == (200, True), response
        assert response.json()["result"]["content"][0]["text"].startswith("[POLICY DENIED] ")
        after = self.upstream.counts()
        assert (after["complete"], after["body_bytes"]) == (before["complete"], before["body_bytes"])
        self.serves()
        return response


@pytest.fixture(scope="module")
def site(any_config: str, module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("hostile")
    with (
        Server("counting.py", log=folder / "upstream.log") as upstream,
        Envoy(
            module=module,
            config=any_config,
            upstream=upstream.address,
            concurrency=1,
            folder=folder,
            plugin=plugin(GATE, hold=holds(any_config)),
        ) as envoy,
    ):
        yield Site(envoy, upstream)


MALFORMED = {
    "cut off": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool"',
    "not JSON": b"hello",
    "blank": b"   ",
    "trailing bytes": OPEN + b"x",
    "two messages": OPEN + OPEN,
    "comment": OPEN[:-1] + b"/* */}",
    "byte order mark": b"\xef\xbb\xbf" + OPEN,
    "UTF-16": OPEN.decode().encode("utf-16-le"),
    "not UTF-8": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool","arguments":{"a":"\xff"}}}',
    "lone surrogate": rb'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool","arguments":{"a":"\ud800"}}}',
    "NaN": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool","arguments":{"a":NaN}}}',
    "129 deep": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool","arguments":{"a":' + b"[" * 200 + b"]" * 200 + b"}}}",
    "100,000 deep": b"[" * 100_000,
    "duplicate name": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool","name":"other_tool"}}',
    "duplicate name, escaped": rb'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool","n\u0061me":"other_tool"}}',
    "duplicate method": b'{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":{"name":"other_tool"}}',
    "duplicate params": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool"},"params":{"name":"other_tool"}}',
    "duplicate key in arguments": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool","arguments":{"a":1,"a":2}}}',
    "Name beside name": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool","Name":"other_tool"}}',
    "batch": b"[" + OPEN + b"]",
    "batch with a denied call": b"[" + OPEN + b"," + OTHER + b"]",
    "empty batch": b"[]",
    "a string": b'"tools/call"',
    "method with result": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool"},"result":{}}',
    "id 1.0": b'{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"name":"open_tool"}}',
    "id null": b'{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"open_tool"}}',
    "a call without id": b'{"jsonrpc":"2.0","method":"tools/call","params":{"name":"open_tool"}}',
    "arguments that are no object": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open_tool","arguments":[1]}}',
    "a name that is no string": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["open_tool"]}}',
    "no params": b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_is_refused(site: Site, body: bytes) -> None:
    site.refuses(post(body), {400}, {-32700, -32600, -32602})


@pytest.mark.parametrize("body", [MALFORMED["cut off"], MALFORMED["duplicate name"], MALFORMED["batch"]], ids=["cut off", "duplicate name", "batch"])
def test_a_malformed_body_is_refused_over_http2(site: Site, body: bytes) -> None:
    site.refuses(lambda: wire.ask2(site.port, body), {400}, {-32700, -32600})


BIG = call("open_tool", {"padding": "x" * (2 << 20)})


def test_a_body_of_2_mib_gets_413(site: Site) -> None:
    site.refuses(post(BIG), {413})


def test_a_chunked_body_of_2_mib_gets_413(site: Site) -> None:
    site.refuses(head("POST", JSON, b"transfer-encoding: chunked") + chunks(*(BIG[at : at + 65536] for at in range(0, len(BIG), 65536))), {413})


def test_a_body_of_2_mib_gets_413_over_http2(site: Site) -> None:
    site.refuses(lambda: wire.ask2(site.port, BIG), {413})


def test_a_body_just_below_the_cap_passes(site: Site) -> None:
    site.passes(post(call("open_tool", {"padding": "x" * ((1 << 20) - 200)})))


ENCODED = {
    "gzip": (gzip.compress(OPEN), (b"content-encoding: gzip",)),
    "gzip, but plain": (OPEN, (b"content-encoding: gzip",)),
    "gzip of a denied call": (gzip.compress(OTHER), (b"content-encoding: gzip",)),
    "deflate": (OPEN, (b"content-encoding: deflate",)),
    "two encodings": (OPEN, (b"content-encoding: identity", b"content-encoding: gzip")),
}


@pytest.mark.parametrize(("body", "fields"), ENCODED.values(), ids=ENCODED.keys())
def test_an_encoded_body_is_refused(site: Site, body: bytes, fields: tuple[bytes, ...]) -> None:
    site.refuses(post(body, *fields), {400, 415})


CONTENT_TYPES = {
    "none": (),
    "text/plain": (b"content-type: text/plain",),
    "form": (b"content-type: application/x-www-form-urlencoded",),
    "two": (JSON, b"content-type: text/plain"),
    "two the same": (JSON, JSON),
    "utf-16": (b"content-type: application/json; charset=utf-16",),
    "almost": (b"content-type: application/jsonx",),
    "a byte that is not UTF-8": (b"content-type: application/json; charset=\xff",),
}


@pytest.mark.parametrize("fields", CONTENT_TYPES.values(), ids=CONTENT_TYPES.keys())
def test_another_content_type_is_refused(site: Site, fields: tuple[bytes, ...]) -> None:
    site.refuses(head("POST", *fields, length(OPEN)) + OPEN, {400, 415})


def test_a_charset_of_utf_8_passes(site: Site) -> None:
    site.passes(head("POST", b"content-type: application/json; charset=UTF-8", length(OPEN)) + OPEN)


def test_a_header_that_is_not_utf_8_changes_nothing(site: Site) -> None:
    site.passes(post(OPEN, b"x-odd: \xff\xfe"))
    site.denies(post(OTHER, b"x-odd: \xff\xfe"))


@pytest.mark.parametrize("name", [b"mcp-protocol-version", b"mcp-session-id", b"mcp-method", b"mcp-name", b"authorization", b"content-encoding", b"accept-encoding"])
def test_a_known_header_that_is_not_utf_8_does_not_trap(site: Site, name: bytes) -> None:
    before = site.upstream.ran().get("other_tool", 0)
    for body in (OPEN, OTHER, wire.listing()):
        assert 200 <= wire.ask(site.port, post(body, name + b": \xff")).status < 500
    assert site.upstream.ran().get("other_tool", 0) == before
    site.serves()


@pytest.mark.parametrize(
    "fields",
    [(b"mcp-protocol-version: 2025-11-25", b"mcp-protocol-version: 2026-07-28"), (b"mcp-name: open_tool", b"mcp-name: other_tool")],
    ids=["version", "name"],
)
def test_a_doubled_mcp_header_is_refused(site: Site, fields: tuple[bytes, ...]) -> None:
    site.refuses(post(OPEN, *fields), {400})


def test_a_header_that_names_another_tool_is_refused(site: Site) -> None:
    version = b'"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"},"arguments"'
    fields = (b"mcp-protocol-version: 2026-07-28", b"mcp-method: tools/call", b"mcp-name: open_tool")
    site.refuses(post(OTHER.replace(b'"arguments"', version), *fields), {400}, {-32020})
    # A version in the header alone: as servers answer it.
    site.refuses(post(OTHER, *fields), {400}, {-32602})


def test_an_empty_post_is_refused(site: Site) -> None:
    site.refuses(head("POST", JSON, b"content-length: 0"), {400}, {-32700, -32600})
    site.refuses(head("POST", JSON, b"transfer-encoding: chunked") + chunks(), {400}, {-32700, -32600})
    site.refuses(lambda: wire.ask2(site.port, b""), {400}, {-32700, -32600})


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_without_body_passes(site: Site, method: str) -> None:
    before = site.upstream.counts()["complete"]
    assert wire.ask(site.port, head(method, b"mcp-session-id: s-1", b"accept: text/event-stream")).status == 200
    assert wire.ask2(site.port, b"", method=method, fields=(("accept", "text/event-stream"),)).status == 200
    assert site.upstream.counts()["complete"] == before + 2
    site.serves()


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize("body", [OTHER, call("secret_tool")], ids=["denied", "hidden"])
def test_a_denied_call_in_another_methods_body_does_not_pass(site: Site, method: str, body: bytes) -> None:
    before = site.upstream.counts()
    wire.ask(site.port, head(method, JSON, length(body)) + body)
    wire.ask2(site.port, body, method=method)
    after = site.upstream.counts()
    assert (after["calls"], after["body_bytes"]) == (before["calls"], before["body_bytes"])
    site.serves()


def test_http2_trailers_do_not_hold_a_call_for_ever(site: Site) -> None:
    trailers = (("x-checksum", "abc"),)
    site.passes(lambda: wire.ask2(site.port, OPEN, trailers=trailers, pieces=2))
    site.denies(lambda: wire.ask2(site.port, OTHER, trailers=trailers, pieces=2))
    site.refuses(lambda: wire.ask2(site.port, b"{", trailers=trailers), {400}, {-32700})
    site.refuses(lambda: wire.ask2(site.port, b"", trailers=trailers), {400}, {-32700, -32600})


def test_a_chunked_call_is_decided_as_a_whole(site: Site) -> None:
    for body, judge in ((OPEN, site.passes), (OTHER, site.denies)):
        for size in (1, 7, len(body)):
            parts = [body[at : at + size] for at in range(0, len(body), size)]
            judge(head("POST", JSON, b"transfer-encoding: chunked") + chunks(*parts))


def test_a_call_that_comes_slowly_is_decided_as_a_whole(site: Site) -> None:
    for body, judge in ((OPEN, site.passes), (OTHER, site.denies)):

        def slowly(body: bytes = body) -> wire.Response:
            with wire.Connection(site.port) as connection:
                connection.send(head("POST", JSON, length(body)))
                for at in range(0, len(body), 20):
                    connection.send(body[at : at + 20])
                return connection.read()

        judge(slowly)


def test_a_client_that_leaves_half_way_hurts_nobody(site: Site) -> None:
    before = site.upstream.counts()["calls"]
    for sent in (b"", OTHER[:30], OPEN[:-1]):
        with wire.Connection(site.port) as connection:
            connection.send(head("POST", JSON, length(OPEN)) + sent)
    site.serves()
    after = site.upstream.counts()["calls"]
    # `serves` itself makes one call.
    assert after == {**before, "open_tool": before.get("open_tool", 0) + 1}


def test_websocket_is_refused(site: Site) -> None:
    before = site.upstream.counts()["complete"]
    response = wire.ask(
        site.port,
        head("GET", b"connection: upgrade", b"upgrade: websocket", b"sec-websocket-version: 13", b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="),
    )
    assert 400 <= response.status < 500
    assert site.upstream.counts()["complete"] == before
    site.serves()


@pytest.mark.parametrize("path", ["/mcp/", "/MCP", "/%6dcp", "/mcp?x=1", "//mcp", "/other"])
def test_no_path_leads_round_the_policy(site: Site, path: str) -> None:
    before = site.upstream.counts()["body_bytes"]
    response = wire.ask(site.port, head("POST", JSON, length(OTHER), path=path) + OTHER)
    assert (response.status, response.json()["result"]["isError"]) == (200, True)
    assert site.upstream.counts()["body_bytes"] == before
    site.serves()
