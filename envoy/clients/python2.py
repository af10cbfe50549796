"""Drives a server with the official SDK for Python 2.x, in either era; see protocol.py."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import protocol
from mcp import Client


async def main(url: str, version: str) -> None:
    async with Client(url, mode="legacy" if version < "2026" else version, read_timeout_seconds=30, cache=None) as client:
        protocol.reply({"connected": client.protocol_version})

        async def list_tools() -> list[str]:
            return [tool.name for tool in (await client.list_tools()).tools]

        async def call_tool(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
            return protocol.result(await client.call_tool(name, arguments))

        await protocol.serve(list_tools, call_tool)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
