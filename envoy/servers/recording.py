"""A server that keeps the last request as it came, byte by byte, and answers every one alike: 200 and an empty result.

Prints `listening on PORT`; `GET /last` gives that request, or null, and forgets it. Standard library only.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

RESULT = b'{"jsonrpc":"2.0","id":1,"result":{}}'
last: dict[str, Any] | None = None


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One HTTP/1.1 connection."""
    global last
    try:
        while True:
            start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip("\r\n").split("\r\n")
            method, path, _ = start.split(" ")
            if path == "/last":
                answer(writer, method, json.dumps(last).encode())
                last = None
                continue
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            if "chunked" in fields.get("transfer-encoding", ""):
                body, trailers = await chunked(reader)
            else:
                body, trailers = await reader.readexactly(int(fields.get("content-length", "0"))), []
            last = {"line": f"{method} {path}", "headers": lines, "body": body.decode("latin-1"), "trailers": trailers}
            answer(writer, method, RESULT)
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        pass
    finally:
        writer.close()


async def chunked(reader: asyncio.StreamReader) -> tuple[bytes, list[str]]:
    body, trailers = b"", []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readuntil(b"\r\n")
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        trailers.append(line.decode("latin-1").rstrip("\r\n"))
    return body, trailers


def answer(writer: asyncio.StreamWriter, method: str, body: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body))
    if method != "HEAD":
        writer.write(body)


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 23)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
