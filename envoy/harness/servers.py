"""Starts the MCP servers and counting upstreams of envoy/servers."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .paths import PYTHON, PYTHON_MCP1, SERVERS
from .process import Process

READY = r"listening on (\d+)(?:, counts on (\d+))?\n"


class Server:
    """A program of envoy/servers, on 127.0.0.1, on a port the system chose."""

    def __init__(self, program: str, *options: str, log: Path, limit: float = 600, env: Mapping[str, str] | None = None) -> None:
        python = PYTHON_MCP1 if program.endswith("_python1.py") else PYTHON
        interpreter = shutil.which("node") or "node" if program.endswith(".mjs") else python
        self.process = Process(program, [interpreter, SERVERS / program, *options], log=log, limit=limit, env=env)
        try:
            ready = self.process.wait_for(READY)
            self.port = int(ready[1])
            self._side_port = int(ready[2] or ready[1])
        except BaseException:
            self.process.stop()
            raise

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def get(self, path: str) -> Any:
        """Asks the server itself, not through Envoy."""
        connection = http.client.HTTPConnection("127.0.0.1", self._side_port, timeout=10)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def ran(self) -> dict[str, int]:
        """Which tools ran, how often."""
        return self.get("/calls")

    def counts(self) -> dict[str, Any]:
        """What arrived at counting.py."""
        return self.get("/counts")

    def stop(self) -> None:
        self.process.stop()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
