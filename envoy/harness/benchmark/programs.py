"""The programs around the filter: nginx as the upstream, one Envoy with a listener for each variant, h2load."""

from __future__ import annotations

import os
import re
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import yaml

from .. import debian, process, setup
from ..build import TARGET
from ..process import Process
from .variants import FILTERS, Variant
from .workload import FOLDER, listing, result

LIMIT = 4 * 3600
"""Seconds after which anything here is stopped."""

TOOLS = debian.ROOT / "benchmark"
CORES = sorted(os.sched_getaffinity(0))


def pinned(core: int) -> list[str]:
    """What runs a program on one core; nothing on a machine that has only one."""
    return ["taskset", "--cpu-list", str(CORES[core])] if len(CORES) > 1 and shutil.which("taskset") else []


def floor(folder: Path) -> Path:
    """Builds the filter that only buffers."""
    path = folder / "floor.wasm"
    source = FOLDER / "floor.rs"
    process.run(
        ["rustc", "--edition", "2024", "--target", TARGET, "--crate-type", "cdylib", "-C", "opt-level=3", "-C", "lto=fat", "-C", "panic=abort", "-o", path, source],
        limit=300,
    )
    return path


def upstream(folder: Path) -> tuple[Process, int]:
    """nginx that answers every call alike, and tools/list at /list."""
    port = _free_port()
    for name in ("logs", "temp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    temp = "".join(f"{kind}_temp_path temp/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"""
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  {temp}
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 1h;
  client_max_body_size 8m;
  client_body_buffer_size 1m;
  default_type application/json;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    {_parts("list", listing())}
    location /list {{ return 200 "{_joined("list", listing())}"; }}
    location / {{ return 200 '{result()}'; }}
  }}
}}
""")
    argv = [*pinned(-1), TOOLS / "usr" / "sbin" / "nginx", "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr"]
    server = Process("nginx", argv, log=folder / "nginx.log", limit=LIMIT, env=debian.environment(TOOLS))
    _wait_for(server, port)
    return server, port


def _pieces(text: str) -> list[str]:
    """nginx takes parameters of less than 4 kB."""
    return [text[at : at + 2048] for at in range(0, len(text), 2048)]


def _parts(name: str, text: str) -> str:
    return " ".join(f"set ${name}_{number} '{piece}';" for number, piece in enumerate(_pieces(text)))


def _joined(name: str, text: str) -> str:
    return "".join(f"${{{name}_{number}}}" for number in range(len(_pieces(text))))


class Proxy:
    """One Envoy with one worker, and a listener for each variant."""

    def __init__(self, variants: list[Variant], upstream: int, folder: Path) -> None:
        self.ports = {variant.name: _free_port() for variant in variants}
        listeners = [_listener(variant, self.ports[variant.name], folder) for variant in variants]
        endpoint = {"endpoint": {"address": _address(upstream)}}
        cluster = {
            "name": "server",
            "type": "STATIC",
            "per_connection_buffer_limit_bytes": 4 << 20,
            "load_assignment": {"cluster_name": "server", "endpoints": [{"lb_endpoints": [endpoint]}]},
            "circuit_breakers": {"thresholds": [{"max_connections": 4096, "max_requests": 4096, "max_pending_requests": 4096}]},
        }
        path = folder / "envoy.yaml"
        path.write_text(yaml.safe_dump({"static_resources": {"listeners": listeners, "clusters": [cluster]}}, sort_keys=False))
        argv = [*pinned(0), setup.envoy_binary(), "-c", path, "--concurrency", "1", "--log-level", "warning", "--use-dynamic-base-id"]
        self.process = Process("Envoy", argv, log=folder / "envoy.log", limit=LIMIT)
        try:
            for port in self.ports.values():
                _wait_for(self.process, port)
        except BaseException:
            self.process.stop()
            raise

    def stop(self) -> None:
        self.process.stop()

    def cpu(self) -> float:
        """CPU time so far, in seconds: all threads, in user and in kernel mode."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        try:
            # To the nanosecond, where the kernel says so.
            return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9
        except OSError:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(url: str, body: Path, variant: Variant, protocol: str, *, requests: int, connections: int, log: Path | None = None) -> float:
    """Sends that many requests and returns how many were answered in a second; each must be answered as expected."""
    argv: list[str | Path] = [*pinned(-1), TOOLS / "usr" / "bin" / "h2load"]
    argv += ["-n", str(requests), "-c", str(connections), "-t", "1", "-m", "1", "-d", body, "-H", variant.header, "-H", "accept: application/json, text/event-stream"]
    if protocol == "h1":
        argv.append("--h1")
    if log is not None:
        log.unlink(missing_ok=True)
        argv += ["--log-file", log]
    output = process.run([*argv, url], limit=600, env=debian.environment(TOOLS))
    rate = re.search(r"finished in .*?, ([0-9.]+) req/s", output)
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", output)
    if not rate or not codes or int(codes[variant.status - 1]) != requests:
        raise process.ProcessError(f"{variant.name}: not all of {requests} requests were answered with {variant.status}xx:\n{output}")
    return float(rate[1])


def latencies(log: Path) -> list[float]:
    """The times of a load with `log`, in microseconds, sorted."""
    return sorted(float(line.split("\t")[2]) for line in log.read_text().splitlines())


def _listener(variant: Variant, port: int, folder: Path) -> dict[str, Any]:
    log = {
        "name": "log",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            # Formatted and handed to the writing thread as ever; the disk is not what is measured.
            "path": "/dev/null",
            "log_format": {"text_format_source": {"inline_string": f"{variant.log}\n"}},
        },
    }
    router = {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{FILTERS}.router.v3.Router"}}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "server", "timeout": "0s"}}
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": variant.name.replace(" ", "-"),
        "codec_type": "AUTO",
        "access_log": [log],
        "http_filters": [*variant.filters, router],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {"name": variant.name, "address": _address(port), "per_connection_buffer_limit_bytes": 4 << 20, "filter_chains": [chain]}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(server: Process, port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        server.check()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise server.failure(f"does not listen on port {port} after 60 s") from None
            time.sleep(0.05)
