"""The official SDK for Python 2.x in both eras of the protocol, stateless, and with the HTTP+SSE transport of 2024.

It runs any tool that it is asked for. Prints `listening on PORT`; `GET /calls` says what ran, how often.
"""

from __future__ import annotations

from typing import Any

import lenient
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

sse = SseServerTransport("/messages/")


async def list_tools(_context: Any, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    tools = [types.Tool.model_validate({"name": name, "inputSchema": {"type": "object"}}) for name in lenient.TOOLS]
    return types.ListToolsResult(tools=tools)


async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=lenient.run(params.name, params.arguments))])


server = Server("lenient", version="1.0.0", on_list_tools=list_tools, on_call_tool=call_tool)


async def open_stream(request: Request) -> Response:
    async with sse.connect_sse(request.scope, request.receive, request._send) as (read, write):
        await server.run(read, write, server.create_initialization_options())
    return Response()


if __name__ == "__main__":
    legacy = [Route("/sse", open_stream), Mount("/messages/", app=sse.handle_post_message)]
    lenient.serve(server.streamable_http_app(json_response=True, stateless_http=True, custom_starlette_routes=[lenient.CALLS, *legacy]))
