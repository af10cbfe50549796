"""Starts Envoy with Toolgate from one of our configurations, and reads its records, log and statistics."""

from __future__ import annotations

import contextlib
import http.client
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import bootstrap, setup
from .process import Process, ProcessError


class Envoy:
    """One Envoy on 127.0.0.1, on ports the system chooses."""

    def __init__(
        self,
        *,
        module: Path,
        upstream: tuple[str, int],
        plugin: dict[str, Any] | str | None = None,
        config: str = "envoy.yaml",
        concurrency: int = 2,
        clock_file: Path | None = None,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        upstream_http2: bool = False,
        upstream_tls: bool = False,
        operators: dict[str, Any] | None = None,
        sites: Mapping[str, bootstrap.Site] | None = None,
        rate_limit: tuple[str, int] | None = None,
        edit: Callable[[dict[str, Any]], None] | None = None,
        folder: Path | None = None,
        limit: float = 600,
        ready_in: float = 60,
    ) -> None:
        """Starts and waits until it serves; raises `ProcessError` with the log's end when it does not.

        `clock_file` holds the time that this Envoy's wall clock shows (see wallclock.c).
        """
        self._scratch = None if folder else tempfile.TemporaryDirectory(prefix="toolgate-envoy-")
        self.folder = folder or Path(self._scratch.name)  # type: ignore[union-attr]
        self.folder.mkdir(parents=True, exist_ok=True)
        self.module = module
        self.records_path = self.folder / "records.jsonl"
        self.records_path.touch()
        written = bootstrap.write(
            config,
            self.folder,
            module=module,
            upstream=upstream,
            records=self.records_path,
            plugin=plugin,
            listen=listen,
            upstream_http2=upstream_http2,
            upstream_tls=upstream_tls,
            operators=operators,
            sites=sites,
            rate_limit=rate_limit,
            edit=edit,
        )
        self._ecds = written.ecds
        admin_file = self.folder / "admin-address"
        argv: list[str | Path] = [
            setup.envoy_binary(),
            *("-c", written.path),
            *("--concurrency", str(concurrency)),
            *("--admin-address-path", admin_file),
            *("--file-flush-interval-msec", "50"),
            *("--log-level", "warning", "--component-log-level", "wasm:info,config:info"),
            # Several Envoys on one machine must not share a region of memory.
            "--use-dynamic-base-id",
        ]
        env = {}
        if clock_file is not None:
            env = {"LD_PRELOAD": str(setup.CLOCK), "WALLCLOCK_FILE": str(clock_file)}
        self.process = Process("Envoy", argv, log=self.folder / "envoy.log", limit=limit, env=env)
        try:
            self.admin = self._admin_address(admin_file, ready_in)
            self.ports = self._listener_ports(written.listeners, ready_in)
            self.host, self.port = listen[0], self.ports[written.listener]
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{host}:{self.port}/mcp"

    def _admin_address(self, path: Path, timeout: float) -> tuple[str, int]:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.process.check()
            text = path.read_text() if path.exists() else ""
            host, _, port = text.strip().rpartition(":")
            if host and port.isdigit() and int(port):
                return host, int(port)
            time.sleep(0.02)
        raise self.process.failure(f"no admin address after {timeout} s")

    def _listener_ports(self, number: int, timeout: float) -> dict[str, int]:
        """The ports of all listeners by their names, once there are so many."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.process.check()
            try:
                if self.admin_get("/ready").startswith("LIVE"):
                    listeners = json.loads(self.admin_get("/listeners?format=json")).get("listener_statuses", [])
                    if len(listeners) == number:
                        return {status["name"]: int(status["local_address"]["socket_address"]["port_value"]) for status in listeners}
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                pass
            time.sleep(0.02)
        raise self.process.failure(f"serves nothing after {timeout} s")

    def admin_get(self, path: str, method: str = "GET") -> str:
        """Asks the admin page."""
        connection = http.client.HTTPConnection(*self.admin, timeout=10)
        try:
            connection.request(method, path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def stats(self, contains: str) -> dict[str, int]:
        """Counters and gauges whose name contains the text."""
        found = {}
        for line in self.admin_get("/stats").splitlines():
            name, _, value = line.partition(": ")
            if contains in name and value.isdigit():
                found[name] = int(value)
        return found

    def stat(self, name: str) -> int:
        return self.stats(name).get(name, 0)

    def records(self, at_least: int = 0, *, tool: str | None = None, timeout: float = 10) -> list[dict[str, Any]]:
        """The decision records so far, after waiting until there are `at_least` that many; only those about `tool`.

        A request for which the filter wrote none counts as `{}`.
        """
        deadline = time.monotonic() + timeout
        while True:
            # The last piece is empty, or a line that is still being written.
            lines = self.records_path.read_text().split("\n")[:-1]
            found = [{} if line == "-" else json.loads(line) for line in lines]
            if tool is not None:
                found = [entry for entry in found if entry.get("tool") == tool]
            if len(found) >= at_least:
                return found
            if time.monotonic() > deadline:
                raise self.process.failure(f"wrote {len(found)} decision records in {timeout} s, not {at_least}")
            time.sleep(0.02)

    def log(self) -> str:
        return self.process.log()

    def update(self, plugin: dict[str, Any] | str) -> None:
        """Renames a new filter file into place (envoy-ecds.yaml) and waits until Envoy took or refused it."""
        if self._ecds is None:
            raise ProcessError("this Envoy does not read its filter from a file")
        before = self._updates()
        bootstrap.write_ecds(self._ecds, module=self.module, plugin=plugin)
        deadline = time.monotonic() + 20
        while self._updates() == before:
            self.process.check()
            if time.monotonic() > deadline:
                raise self.process.failure("took no notice of the new filter file in 20 s")
            time.sleep(0.02)

    def _updates(self) -> tuple[int, int]:
        """How many filter files Envoy took and refused."""
        found = self.stats("extension_config_discovery")
        taken = sum(value for name, value in found.items() if name.endswith(".update_success"))
        refused = sum(value for name, value in found.items() if name.endswith(".update_rejected"))
        return taken, refused

    def stop(self) -> None:
        if hasattr(self, "admin"):
            # For who looks for what should not be there.
            with contextlib.suppress(OSError, http.client.HTTPException):
                (self.folder / "metrics.prom").write_text(self.admin_get("/stats/prometheus"))
        self.process.stop()
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def __enter__(self) -> "Envoy":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
