"""A server that understands everything: whatever can be read as a tools/call, it runs.

It stands for all the servers that are not made with an official SDK. It decodes gzip, deflate, UTF-7, UTF-16 and UTF-32,
eats byte order marks, comments and whatever stands around JSON, takes the last of duplicate keys, folds keys as Go's
encoding/json does, trims and folds names, runs batches, texts within texts and calls without an id, under every HTTP
method and path, believes headers and trailers (the last of them) more than the body, and talks on after an Upgrade.

Prints `listening on PORT`; `GET /calls` says which tools ran, how often. Standard library only.
"""

from __future__ import annotations

import asyncio
import base64
import collections
import json
import re
import unicodedata
import urllib.parse
import zlib
from typing import Any

TOOLS = ["open_tool", "other_tool", "pay", "secret_tool"]
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\x00]")
OPENING = re.compile(r"[\[{]")
ATTEMPTS = 500
"""How often the start of a JSON text is looked for."""
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
ran: collections.Counter[str] = collections.Counter()


def decode(body: bytes, fields: dict[str, str]) -> str:
    """The body as text, whatever was done to it."""
    for encoding in reversed(fields.get("content-encoding", "").lower().split(",")):
        body = inflate(body, encoding.strip())
    if body[:2] == b"\x1f\x8b":
        body = inflate(body, "gzip")
    charset = re.search(r"charset\s*=\s*\"?([\w-]+)", fields.get("content-type", ""), re.IGNORECASE)
    for name in [charset[1] if charset else "", json.detect_encoding(body)]:
        try:
            return body.decode(name, errors="replace").lstrip("\ufeff")
        except LookupError:
            pass
    return body.decode("latin-1")


def inflate(body: bytes, encoding: str) -> bytes:
    kinds = {"gzip": [31], "x-gzip": [31], "deflate": [15, -15]}
    for bits in kinds.get(encoding, []):
        try:
            return zlib.decompressobj(bits).decompress(body)
        except zlib.error:
            pass
    return body


def values(text: str) -> list[Any]:
    """Every JSON object or array in the text, one after the other, whatever stands between."""
    found: list[Any] = []
    decoder = json.JSONDecoder(object_pairs_hook=folded, strict=False)
    for candidate in (text, COMMENT.sub("", text), urllib.parse.unquote_plus(text)):
        at = 0
        for _ in range(ATTEMPTS):
            start = OPENING.search(candidate, at)
            if not start:
                break
            try:
                value, at = decoder.raw_decode(candidate, start.start())
                found.append(value)
            except (ValueError, RecursionError):
                at = start.end()
        if found:
            break
    return found


def folded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object by its keys, folded and ended by a zero as in C; the last of them wins."""
    return {key.split("\x00")[0].casefold(): value for key, value in pairs}


def plain(text: Any, known: list[str]) -> str:
    """The known name that the text could mean."""
    if text in known:
        return str(text)
    seen = unicodedata.normalize("NFKC", INVISIBLE.sub("", str(text))).strip().casefold()
    seen = urllib.parse.unquote(seen).replace("\\/", "/").split("\x00")[0]
    return seen if seen in known else str(text)


def unwrapped(value: Any) -> Any:
    """What a text holds that is JSON itself."""
    if isinstance(value, str):
        inner = values(value)
        return inner[0] if inner else value
    return value


def header(value: str | None) -> str | None:
    """A header's value, its base64 form decoded, carelessly."""
    if value is None:
        return None
    wrapped = re.fullmatch(r"=\?base64\?(.*?)(\?=)?", value.strip(), re.IGNORECASE)
    if not wrapped:
        return value.strip()
    return base64.b64decode(wrapped[1] + "===", validate=False).decode(errors="replace")


def run(message: Any, fields: dict[str, str]) -> list[dict[str, Any]]:
    """Runs what the message asks for, and all that is in it."""
    message = unwrapped(message)
    if isinstance(message, list):
        return [answer for element in message for answer in run(element, fields)]
    if not isinstance(message, dict):
        return []
    method = plain(header(fields.get("mcp-method")) or message.get("method"), ["tools/call", "tools/list"])
    params = unwrapped(message.get("params"))
    params = params if isinstance(params, dict) else {}
    if method == "tools/list":
        result: dict[str, Any] = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]}
    elif method == "tools/call":
        name = plain(header(fields.get("mcp-name")) or params.get("name"), TOOLS)
        result = {"content": [{"type": "text", "text": call(name, unwrapped(params.get("arguments")))}], "isError": False}
    else:
        result = {}
    return [{"jsonrpc": "2.0", "id": message.get("id"), "result": result}]


def call(name: str, arguments: Any) -> str:
    if name == "pay" and isinstance(arguments, dict):
        amount = arguments.get("amount")
        amount = amount[-1] if isinstance(amount, list) and amount else amount
        try:
            name = "pay_too_much" if float(amount) > 100 else name  # type: ignore[arg-type]
        except OverflowError:
            name = "pay_too_much"
        except (TypeError, ValueError):
            pass
    ran[name] += 1
    return f"{name} ran"


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One HTTP/1.1 connection."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            start = head[0].split(" ")
            fields = fields_of(head[1:])
            if start[:2] == ["GET", "/calls"]:
                answer(writer, "200 OK", json.dumps(dict(ran)))
                continue
            if fields.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if "upgrade" in fields:
                await upgraded(reader, writer, fields["upgrade"])
                return
            if "chunked" in fields.get("transfer-encoding", "").lower():
                body, trailers = await chunked(reader)
                fields.update(trailers)
            else:
                body = await reader.readexactly(int(fields.get("content-length", "0") or "0"))
            answers = [reply for value in values(decode(body, fields)) for reply in run(value, fields)]
            if len(answers) == 1:
                answer(writer, "200 OK" if answers[0]["id"] is not None else "202 Accepted", json.dumps(answers[0]), start[0])
            else:
                answer(writer, "200 OK", json.dumps(answers), start[0])
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, RecursionError, ValueError, IndexError):
        pass
    finally:
        writer.close()


def fields_of(lines: list[str]) -> dict[str, str]:
    """Headers by name, underscores read as hyphens (as CGI does), the last of each."""
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower().replace("_", "-"): value.strip() for name, _, value in pairs}


async def chunked(reader: asyncio.StreamReader) -> tuple[bytes, dict[str, str]]:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readuntil(b"\r\n")
    trailers = []
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        trailers.append(line.decode("latin-1").rstrip("\r\n"))
    return body, fields_of(trailers)


async def upgraded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: str) -> None:
    """Takes every byte after the Upgrade for messages, until the client leaves."""
    writer.write(f"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n\r\n".encode())
    while part := await reader.read(65536):
        for value in values(part.decode(errors="replace")):
            run(value, {})


def answer(writer: asyncio.StreamWriter, status: str, text: str, method: str = "") -> None:
    content = text.encode()
    writer.write(f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n".encode())
    if method != "HEAD":
        writer.write(content)


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 23)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
