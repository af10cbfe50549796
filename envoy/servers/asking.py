"""An MCP server that asks its callers (2026-07-28, multi round-trip requests), with the official SDK for Python 2.x.

Its one tool `refund` asks which account, and runs when it is told with the `requestState` that it gave; `refund_plain` runs
at once. Prints `listening on PORT`. `GET /calls` lists what ran, in order, with everything that the call brought along:
[{"tool": "refund", "arguments": {...}, "account": "a-1", "state": "...", "responses": [...]}].
"""

from __future__ import annotations

import argparse
import secrets
import socket
from typing import Any

import mcp_types as types
import uvicorn
from mcp import MCPError
from mcp.server.lowlevel import Server
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SCHEMA = {"type": "object", "properties": {"amount": {"type": "integer"}}}
TOOLS = [types.Tool.model_validate({"name": name, "inputSchema": SCHEMA}) for name in ("refund", "refund_plain")]
QUESTION = types.ElicitRequest(
    params=types.ElicitRequestFormParams.model_validate(
        {
            "message": "Which account?",
            "requestedSchema": {"type": "object", "properties": {"account": {"type": "string"}}, "required": ["account"]},
        }
    )
)
states: set[str] = set()
ran: list[dict[str, Any]] = []


async def list_tools(_context: Any, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    return types.ListToolsResult(tools=TOOLS)


async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult | types.InputRequiredResult:
    responses = {key: value.model_dump(mode="json") for key, value in (params.input_responses or {}).items()}
    account = (responses.get("account", {}).get("content") or {}).get("account")
    if params.name == "refund" and account is None:
        state = secrets.token_hex(8)
        states.add(state)
        return types.InputRequiredResult(input_requests={"account": QUESTION}, request_state=state)
    if params.name == "refund":
        if params.request_state not in states:
            raise MCPError(types.INVALID_PARAMS, f"no such state: {params.request_state}")
        states.remove(params.request_state)
    ran.append({"tool": params.name, "arguments": params.arguments, "account": account, "state": params.request_state, "responses": sorted(responses)})
    return types.CallToolResult(content=[types.TextContent(type="text", text=f"{params.name} ran")])


async def calls(_request: Request) -> Response:
    return JSONResponse(ran)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0, help="0: the system chooses")
    port = options.parse_args().port
    server = Server("asking", version="1.0.0", on_list_tools=list_tools, on_call_tool=call_tool)
    app = server.streamable_http_app(custom_starlette_routes=[Route("/calls", calls)])
    with socket.create_server(("127.0.0.1", port)) as listener:
        print(f"listening on {listener.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listener])


if __name__ == "__main__":
    main()
