"""Drives a server with the official SDK for Python 1.x; see protocol.py. For 2024-11-05 it uses HTTP+SSE."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import Any

import protocol
from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client


async def main(url: str, version: str) -> None:
    legacy = version == "2024-11-05"
    async with (
        sse_client(url) if legacy else streamable_http_client(url) as (read, write, *_),
        ClientSession(read, write, read_timeout_seconds=timedelta(seconds=30)) as session,
    ):
        negotiated = (await session.initialize()).protocolVersion
        protocol.reply({"connected": version if legacy else negotiated})

        async def list_tools() -> list[str]:
            return [tool.name for tool in (await session.list_tools()).tools]

        async def call_tool(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
            return protocol.result(await session.call_tool(name, arguments))

        await protocol.serve(list_tools, call_tool)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
