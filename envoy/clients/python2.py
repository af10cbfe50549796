"""Drives a server with the official SDK for Python 2.x, in either era; see protocol.py."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import mcp_types as types
import protocol
from mcp import Client


async def ask(_context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    plain = params.model_dump(mode="json", by_alias=True)
    return types.ElicitResult.model_validate(protocol.user.answer(plain["message"], plain["requestedSchema"]))


async def main(url: str, version: str, elicit: str = "") -> None:
    mode = "legacy" if version < "2026" else version
    async with Client(url, mode=mode, read_timeout_seconds=30, cache=None, elicitation_callback=ask if elicit else None) as client:
        protocol.reply({"connected": client.protocol_version})

        async def list_tools() -> list[str]:
            return [tool.name for tool in (await client.list_tools()).tools]

        async def call_tool(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
            return protocol.result(await client.call_tool(name, arguments))

        await protocol.serve(list_tools, call_tool)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
