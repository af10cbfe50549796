"""Drives the official MCP SDKs' clients of envoy/clients, each a program of its own."""

from __future__ import annotations

import json
import select
import shutil
import time
from pathlib import Path
from typing import Any

from .paths import CLIENTS, PYTHON, PYTHON_MCP1
from .process import Process

HANDSHAKE = "2025-11-25"
STATELESS = "2026-07-28"

SDKS = {
    "python2": "the SDK for Python 2.3.0",
    "python1": "the SDK for Python 1.30.0",
    "typescript2": "the SDK for TypeScript 2.4.0",
    "typescript1": "the SDK for TypeScript 1.32.2",
}


class Client:
    """One connected client. Answers are those of clients/protocol.py."""

    def __init__(self, sdk: str, url: str, version: str = HANDSHAKE, *, log: Path, elicit: bool = False, limit: float = 300) -> None:
        if sdk.startswith("typescript"):
            argv = [shutil.which("node") or "node", CLIENTS / f"{sdk}.mjs", url, version]
        else:
            argv = [PYTHON_MCP1 if sdk == "python1" else PYTHON, CLIENTS / f"{sdk}.py", url, version]
        if elicit:
            argv.append("elicit")
        self.process = Process(f"the {sdk} client", argv, log=log, limit=limit, pipes=True)
        self._unread = b""
        try:
            self.version = self._read(60)["connected"]
        except BaseException:
            self.process.stop()
            raise

    def list(self) -> dict[str, Any]:
        return self._ask({"list": True})

    def call(self, name: str, arguments: dict[str, Any] | None = None, *, user: str | None = None) -> dict[str, Any]:
        """Calls a tool; `user` is what the user does with every question: accept, decline or cancel."""
        says = {} if user is None else {"user": user}
        return self._ask({"call": name, "arguments": arguments or {}, **says})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        return self._read(60)

    def _read(self, timeout: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        pipe = self.process.stdout.fileno()
        while b"\n" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                raise self.process.failure(f"did not answer in {timeout} s")
            part = self.process.stdout.read1(65536)  # type: ignore[attr-defined]
            if not part:
                raise self.process.failure("ended instead of answering")
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        return json.loads(line)

    def stop(self) -> None:
        self.process.stop()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
