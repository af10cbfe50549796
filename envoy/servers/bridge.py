"""Serves an MCP server that speaks on its standard input and output over HTTP, with the official SDK for Python 2.x.

    bridge.py [--port PORT] -- COMMAND...

Prints `listening on PORT`; /mcp is the endpoint. `GET /calls` says which tools were called, how often.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import os
import socket
from typing import Any

import mcp_types as types
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.server.lowlevel import Server
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

called: collections.Counter[str] = collections.Counter()


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0, help="0: the system chooses")
    options.add_argument("command", nargs="+")
    given = options.parse_args()
    program = StdioServerParameters(command=given.command[0], args=given.command[1:], env=dict(os.environ))
    async with Client(program, mode="legacy", read_timeout_seconds=30, cache=None) as client:

        async def list_tools(_context: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
            return await client.list_tools(cursor=params.cursor if params else None)

        async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
            called[params.name] += 1
            return await client.call_tool(params.name, params.arguments or {})

        async def calls(_request: Request) -> Response:
            return JSONResponse(dict(called))

        server = Server("bridge", version="1.0.0", on_list_tools=list_tools, on_call_tool=call_tool)
        app = server.streamable_http_app(custom_starlette_routes=[Route("/calls", calls)])
        with socket.create_server(("127.0.0.1", given.port)) as listener:
            print(f"listening on {listener.getsockname()[1]}", flush=True)
            await uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)).serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(main())
