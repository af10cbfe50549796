"""An MCP server made with the official SDK for Python 2.x: the tools of tools.json, on /mcp, both eras of the protocol.

Prints `listening on PORT`. `GET /calls` says which tools really ran, how often: {"claim_job": 3}.
"""

from __future__ import annotations

import argparse
import collections
import json
import socket
from pathlib import Path
from typing import Any

import mcp_types as types
import uvicorn
from mcp import MCPError
from mcp.server.lowlevel import Server
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOOLS = [types.Tool.model_validate(tool) for tool in json.loads(Path(__file__).with_name("tools.json").read_text())]
NAMES = {tool.name for tool in TOOLS}
ran: collections.Counter[str] = collections.Counter()


async def list_tools(_context: Any, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    return types.ListToolsResult(tools=TOOLS)


async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    if params.name not in NAMES:
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
    ran[params.name] += 1
    given = ", ".join(f"{key}={json.dumps(value)}" for key, value in sorted((params.arguments or {}).items()))
    return types.CallToolResult(content=[types.TextContent(type="text", text=f"{params.name} ran ({given})")])


async def calls(_request: Request) -> Response:
    return JSONResponse(dict(ran))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0, help="0: the system chooses")
    port = options.parse_args().port
    server = Server("jobs", version="1.0.0", on_list_tools=list_tools, on_call_tool=call_tool)
    app = server.streamable_http_app(custom_starlette_routes=[Route("/calls", calls)])
    with socket.create_server(("127.0.0.1", port)) as listener:
        print(f"listening on {listener.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listener])


if __name__ == "__main__":
    main()
