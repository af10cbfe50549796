"""An HTTP/1.1 or HTTP/2 server that counts, exactly, what reaches it: connections, requests, body bytes.

Prints `listening on PORT, counts on PORT`. The counts are served on a port of their own, so that asking for them does
not count: `GET /counts` and `GET /calls`. Any POST whose body is a JSON-RPC request is answered as an MCP server would:
tools/call with a text result that names the tool (an error, if its name begins with `failing`), tools/list with `--tools`, initialize (HTTP/1.1) with a new session; a
notification with 202; anything else with 200 and no meaning. Standard library only, but for `--http2`, which uses `h2`.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
from typing import Any


class Counts:
    """What arrived since the start."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests = 0
        """Request heads, whether or not a body followed."""
        self.complete = 0
        """Requests that arrived whole."""
        self.body_bytes = 0
        self.trailers = 0
        self.calls: collections.Counter[str] = collections.Counter()
        self.methods: collections.Counter[str] = collections.Counter()
        self.bodies: list[str] = []
        """The last bodies, for a test that asks what exactly was sent."""
        self.heads: list[str] = []
        """The last heads, likewise."""

    def view(self) -> dict[str, Any]:
        return {**vars(self), "calls": dict(self.calls), "methods": dict(self.methods)}


counts = Counts()
tools: list[str] = []


def answer(body: bytes) -> tuple[int, bytes]:
    """The status and body for a request that arrived whole."""
    counts.complete += 1
    counts.bodies = [*counts.bodies[-7:], body[:4096].decode(errors="replace")]
    try:
        message = json.loads(body)
        method, id_ = message["method"], message.get("id")
    except (ValueError, TypeError, KeyError, AttributeError):
        return 200, b"{}"
    counts.methods[method] += 1
    if id_ is None:
        return 202, b""
    result: dict[str, Any] = {}
    if method == "tools/call":
        name = message["params"]["name"]
        counts.calls[name] += 1
        result = {"content": [{"type": "text", "text": f"{name} ran"}], "isError": name.startswith("failing")}
    elif method == "tools/list":
        result = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in tools]}
    return 200, json.dumps({"jsonrpc": "2.0", "id": id_, "result": result}).encode()


async def http1(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One HTTP/1.1 connection: Content-Length and chunked bodies, keep-alive."""
    counts.connections += 1
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            counts.requests += 1
            counts.heads = [*counts.heads[-7:], head.decode("latin-1").lower()]
            fields = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:] if line)
            }
            if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
                body = await chunked(reader)
            else:
                body = await counted(reader, int(fields.get(b"content-length", b"0")))
            status, content = answer(body)
            kind = b"content-type: application/json\r\n" if content else b""
            if b'"initialize"' in body:
                kind += b"mcp-session-id: session-%d\r\n" % counts.methods["initialize"]
            writer.write(b"HTTP/1.1 %d X\r\n%bcontent-length: %d\r\n\r\n%b" % (status, kind, len(content), content))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def counted(reader: asyncio.StreamReader, size: int) -> bytes:
    """Reads `size` bytes, counting each as it comes, so that a body that stops half-way counts too."""
    body = b""
    while len(body) < size:
        part = await reader.read(size - len(body))
        if not part:
            raise asyncio.IncompleteReadError(body, size)
        counts.body_bytes += len(part)
        body += part
    return body


async def chunked(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await counted(reader, size)
        await reader.readuntil(b"\r\n")
    while (await reader.readuntil(b"\r\n")) != b"\r\n":
        counts.trailers += 1
    return body


def text(field: tuple[Any, Any]) -> tuple[str, ...]:
    return tuple(part.decode("latin-1") if isinstance(part, bytes) else part for part in field)


async def http2(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One cleartext HTTP/2 connection."""
    import h2.config
    import h2.connection
    import h2.events
    import h2.exceptions

    counts.connections += 1
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    bodies: dict[int, bytes] = {}
    try:
        writer.write(connection.data_to_send())
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    counts.requests += 1
                    counts.heads = [*counts.heads[-7:], "".join(f"{name}: {value}\r\n" for name, value in map(text, event.headers))]
                    bodies[event.stream_id] = b""
                elif isinstance(event, h2.events.DataReceived):
                    counts.body_bytes += len(event.data)
                    bodies[event.stream_id] += event.data
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.TrailersReceived):
                    counts.trailers += 1
                elif isinstance(event, h2.events.StreamReset):
                    bodies.pop(event.stream_id, None)
                elif isinstance(event, h2.events.StreamEnded) and event.stream_id in bodies:
                    status, content = answer(bodies.pop(event.stream_id))
                    headers = [(":status", str(status)), ("content-length", str(len(content)))]
                    if content:
                        headers.append(("content-type", "application/json"))
                    connection.send_headers(event.stream_id, headers, end_stream=not content)
                    if content:
                        connection.send_data(event.stream_id, content, end_stream=True)
            writer.write(connection.data_to_send())
            await writer.drain()
    except (ConnectionError, h2.exceptions.ProtocolError):
        pass
    finally:
        writer.close()


async def report(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serves the counts, one request a connection."""
    try:
        line = await reader.readuntil(b"\r\n\r\n")
        view = counts.view() if line.startswith(b"GET /counts") else dict(counts.calls)
        body = json.dumps(view).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--http2", action="store_true", help="speak cleartext HTTP/2 instead of HTTP/1.1")
    options.add_argument("--tools", default="", help="names for tools/list, with commas between them")
    given = options.parse_args()
    tools.extend(name for name in given.tools.split(",") if name)
    server = await asyncio.start_server(http2 if given.http2 else http1, "127.0.0.1", 0, backlog=1024)
    counter = await asyncio.start_server(report, "127.0.0.1", 0)
    ports = [listener.sockets[0].getsockname()[1] for listener in (server, counter)]
    print(f"listening on {ports[0]}, counts on {ports[1]}", flush=True)
    await asyncio.gather(server.serve_forever(), counter.serve_forever())


if __name__ == "__main__":
    asyncio.run(main())
