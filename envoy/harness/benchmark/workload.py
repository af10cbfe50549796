"""What is sent: the bodies by the recipe that every benchmark of this repository uses, and what is expected back."""

from __future__ import annotations

import json
from typing import Any

from ..paths import ENVOY_DIR

FOLDER = ENVOY_DIR / "benchmark"
TOOLS = 40
"""How many tools the upstream lists."""


def call(size: int) -> bytes:
    """A tools/call of exactly `size` bytes (`bodies.json` says how)."""
    recipe = json.loads((FOLDER / "bodies.json").read_text())
    head, item, middle, tail = (recipe[part].encode() for part in ("head", "item", "middle", "tail"))
    items = (size - len(head) - len(middle) - len(tail) + 1) // (len(item) + 1)
    body = head + b",".join([item] * items) + middle
    body += b"x" * (size - len(body) - len(tail)) + tail
    assert len(body) == size, f"a call cannot be {size} bytes long"
    return body


def denied(size: int) -> bytes:
    """The same call of a tool that no policy lists."""
    return call(size).replace(b"create_refund", b"delete_orders")


def tools_list() -> bytes:
    return b'{"jsonrpc":"2.0","id":17,"method":"tools/list","params":{}}'


def result() -> str:
    """What the upstream answers to a call."""
    return _answer({"content": [{"type": "text", "text": "refunded"}], "isError": False})


def listing() -> str:
    """What the upstream answers to tools/list: of four tools, the full policy shows one."""
    names = [f"{('send', 'admin', 'other', 'more')[number % 4]}_{number}" for number in range(TOOLS)]
    schema = {"type": "object", "properties": {"order": {"type": "string"}}}
    about = "Does what its name says, and says what it did."
    return _answer({"tools": [{"name": name, "description": about, "inputSchema": schema} for name in names]})


def _answer(value: dict[str, Any]) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 17, "result": value}, separators=(",", ":"))


def plugin(policy: str) -> str:
    """The plugin's configuration with a policy of `policies/`."""
    return (FOLDER / "policies" / f"{policy}.json").read_text()
