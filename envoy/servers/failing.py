"""An HTTP/1.1 MCP server whose tools fail, each in the way that its name says; it counts what ran, as counting.py does.

`error` answers with a JSON-RPC error, `is_error` with a result that says so, `sse_error` with an error in an event stream
that stays open, `http_error` with 503 and text, `large_error` with an error of 2 MiB, `other_error` with an error for
another request; `reset` and `close` end the connection unanswered, `half` after half of an error, `slow` never answers. Any
other tool succeeds.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import Any

from counting import chunked, counted, counts, report


def error(id_: Any, text: str = "no") -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id_, "error": {"code": -32000, "message": text}}).encode()


def result(id_: Any, is_error: bool) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id_, "result": {"content": [], "isError": is_error}}).encode()


def http(status: int, kind: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (status, kind, len(body), body)


JSON = b"application/json"


async def answer(tool: str, id_: Any, writer: asyncio.StreamWriter) -> bool:
    """Answers one call; False when the connection ends with it."""
    match tool:
        case "error":
            writer.write(http(200, JSON, error(id_)))
        case "is_error":
            writer.write(http(200, JSON, result(id_, True)))
        case "large_error":
            writer.write(http(200, JSON, error(id_, "x" * (2 << 20))))
        case "other_error":
            writer.write(http(200, JSON, error("another")))
        case "http_error":
            writer.write(http(503, b"text/plain", b"overloaded"))
        case "sse_error":
            event = b": hi\n\ndata: %b\n\n" % error(id_)
            writer.write(b"HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            for part in (event[:20], event[20:]):
                writer.write(b"%x\r\n%b\r\n" % (len(part), part))
                await writer.drain()
            await asyncio.sleep(60)
        case "reset":
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        case "close":
            return False
        case "half":
            whole = http(200, JSON, error(id_))
            writer.write(whole[:-10])
            await writer.drain()
            return False
        case "slow":
            await asyncio.sleep(60)
        case _:
            writer.write(http(200, JSON, result(id_, False)))
    await writer.drain()
    return True


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    counts.connections += 1
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            counts.requests += 1
            if b"transfer-encoding: chunked" in head:
                body = await chunked(reader)
            else:
                size = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
                body = await counted(reader, int(size.split(b":")[1]))
            message = json.loads(body)
            tool = message["params"]["name"]
            counts.calls[tool] += 1
            if not await answer(tool, message["id"], writer):
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    counter = await asyncio.start_server(report, "127.0.0.1", 0)
    ports = [listener.sockets[0].getsockname()[1] for listener in (server, counter)]
    print(f"listening on {ports[0]}, counts on {ports[1]}", flush=True)
    await asyncio.gather(server.serve_forever(), counter.serve_forever())


if __name__ == "__main__":
    asyncio.run(main())
