"""Starts `host-test serve`, the local proxy that runs the filter without Envoy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .process import Process


class Serve:
    """A proxy on 127.0.0.1, on a port the system chose."""

    def __init__(self, host_test: Path, *, module: Path, upstream: str, plugin: dict[str, Any], folder: Path, operators: dict[str, Any] | None = None, limit: float = 300) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "plugin.json"
        config.write_text(json.dumps(plugin))
        argv = [host_test, "serve", "--config", config, "--module", module, "--upstream", upstream, "--listen", "127.0.0.1:0"]
        if operators is not None:
            (folder / "operators.json").write_text(json.dumps(operators))
            argv += ["--operators", folder / "operators.json", "--operators-listen", "127.0.0.1:0"]
        self.process = Process("host-test serve", argv, log=folder / "serve.log", limit=limit)
        try:
            self.url = self.process.wait_for(r"serving .* at (http://\S+)")[1]
            self.ports: dict[str, int] = {}
            if operators is not None:
                self.ports["operators"] = int(self.process.wait_for(r"operators at http://\S+:(\d+)")[1])
        except BaseException:
            self.process.stop()
            raise

    def log(self) -> str:
        return self.process.log()

    def stop(self) -> None:
        self.process.stop()

    def __enter__(self) -> "Serve":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
