"""The line protocol that all four client programs speak, so that one test drives every official SDK.

The program gets the server's URL and the protocol version as arguments. It answers each line on its standard input,
one JSON object, with one line on its standard output, in the same shape whatever the SDK:

    (connected)                                   {"connected": "2026-07-28"}, or {"failed": "..."}
    {"list": true}                                {"tools": ["claim_job", ...]}
    {"call": "claim_job", "arguments": {...}}     {"is_error": false, "text": ["..."], "meta": {...}}
    either, when the SDK raised                   {"code": -32602, "message": "..."} (code null: not a JSON-RPC error)

With a third argument, `elicit`, the SDKs of 2.x declare the capability `elicitation`; a call may then say what the user does
with every question, `"user": "accept"`, and the answer says what was asked: `"asked": ["..."]`. An accepted form that wants an
`account` gets one. The program ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any


class User:
    """Who is asked."""

    def __init__(self) -> None:
        self.action = "cancel"
        self.asked: list[str] = []

    def answer(self, message: str, schema: dict[str, Any]) -> dict[str, Any]:
        """An ElicitResult."""
        self.asked.append(message)
        if self.action != "accept":
            return {"action": self.action}
        return {"action": "accept", "content": {"account": "a-1"} if "account" in schema.get("properties", {}) else {}}


user = User()


def reply(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


async def serve(list_tools: Callable[[], Awaitable[list[str]]], call_tool: Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]) -> None:
    """Answers requests until there are no more."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = json.loads(line)
        try:
            if "call" in request:
                user.action, user.asked = request.get("user", "cancel"), []
                answer = await call_tool(request["call"], request.get("arguments", {}))
                reply({**answer, "asked": user.asked} if "user" in request else answer)
            else:
                reply({"tools": await list_tools()})
        except Exception as error:
            reply(describe(error))


def describe(error: BaseException) -> dict[str, Any]:
    """An SDK's exception as an answer: the JSON-RPC code, where it carries one, and the text."""
    inner = getattr(error, "error", error)
    return {"code": getattr(inner, "code", None), "message": getattr(inner, "message", None) or str(error) or repr(error)}


def result(call: Any) -> dict[str, Any]:
    """A tool's result, from either SDK's model."""
    plain = call.model_dump(mode="json", by_alias=True)
    return {
        "is_error": bool(plain.get("isError")),
        "text": [part["text"] for part in plain.get("content", []) if part.get("type") == "text"],
        "meta": plain.get("_meta") or {},
    }
