"""The official SDK for Python 1.x, stateless, and with the HTTP+SSE transport of 2024.

It runs any tool that it is asked for. Prints `listening on PORT`; `GET /calls` says what ran, how often.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import lenient
import mcp.types as types
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

server: Server[Any, Any] = Server("lenient")
streamable = StreamableHTTPSessionManager(app=server, json_response=True, stateless=True)
sse = SseServerTransport("/messages/")


@server.list_tools()
async def list_tools() -> list[types.Tool]:
    return [types.Tool(name=name, inputSchema={"type": "object"}) for name in lenient.TOOLS]


@server.call_tool(validate_input=False)
async def call_tool(name: str, arguments: dict[str, Any]) -> list[types.ContentBlock]:
    return [types.TextContent(type="text", text=lenient.run(name, arguments))]


async def open_stream(request: Request) -> Response:
    async with sse.connect_sse(request.scope, request.receive, request._send) as (read, write):
        await server.run(read, write, server.create_initialization_options())
    return Response()


@contextlib.asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    async with streamable.run():
        yield


if __name__ == "__main__":
    lenient.serve(
        Starlette(
            routes=[
                lenient.CALLS,
                Route("/sse", open_stream),
                Mount("/messages/", app=sse.handle_post_message),
                Mount("/", app=streamable.handle_request),
            ],
            lifespan=lifespan,
        )
    )
