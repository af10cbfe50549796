"""What the lenient Python servers share: four tools that run whatever they are asked, and how they are served."""

from __future__ import annotations

import collections
import math
import socket
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOOLS = ["open_tool", "other_tool", "pay", "secret_tool"]
ran: collections.Counter[str] = collections.Counter()


def run(name: str, arguments: dict[str, Any] | None) -> str:
    """Runs any tool of any name; a payment above 100, as this server reads the amount, counts under a name of its own."""
    counted = "pay_too_much" if name == "pay" and _number((arguments or {}).get("amount")) > 100 else name
    ran[counted] += 1
    return f"{counted} ran"


def _number(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except (TypeError, ValueError):
        return math.nan


async def _calls(_request: Request) -> Response:
    return JSONResponse(dict(ran))


CALLS = Route("/calls", _calls)
"""Says which tools ran, how often."""


def serve(app: Any) -> None:
    """Serves an ASGI application on a port that the system chooses, and prints `listening on PORT`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"listening on {listener.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listener])
