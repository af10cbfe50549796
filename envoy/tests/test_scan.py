"""`host-test scan` on MCP servers as others publish them, over stdio and HTTP; Envoy then enforces what it wrote."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness import process
from harness.client import HANDSHAKE, Client
from harness.paths import PYTHON_SERVERS, REAL_SERVERS, ROOT
from harness.policy import plugin_config
from harness.process import Process
from harness.servers import Server


@dataclass
class Real:
    """One server, and what must come of scanning it."""

    name: str
    argv: list[str]
    judged: dict[str, str]
    """Some of its tools, and their categories."""
    allowed: tuple[str, dict[str, Any]]
    """A call that passes."""
    hidden: str | None = None
    limited: tuple[str, dict[str, Any], int] | None = field(default=None)
    """A call that has a limit, and how often a minute it passes."""


def npm(name: str, *arguments: str) -> list[str]:
    return [shutil.which("node") or "node", str(REAL_SERVERS / "node_modules" / ".bin" / name), *arguments]


def pypi(name: str, *arguments: str) -> list[str]:
    return [str(PYTHON_SERVERS.with_name(name)), *arguments]


SERVERS = [
    Real("everything", npm("mcp-server-everything", "stdio"), {"get-sum": "Read", "trigger-long-running-operation": "Execute"}, ("get-sum", {"a": 1, "b": 2})),
    Real(
        "filesystem",
        npm("mcp-server-filesystem", "{folder}"),
        {"read_text_file": "Read", "write_file": "Write", "move_file": "Write"},
        ("list_directory", {"path": "{folder}"}),
        limited=("create_directory", {"path": "{folder}/new"}, 30),
    ),
    Real(
        "memory",
        npm("mcp-server-memory"),
        {"read_graph": "Read", "create_entities": "Write", "delete_entities": "Destructive"},
        ("read_graph", {}),
        hidden="delete_entities",
    ),
    Real("sequential-thinking", npm("mcp-server-sequential-thinking"), {"sequentialthinking": "Read"}, ("sequentialthinking", {"thought": "x", "nextThoughtNeeded": False, "thoughtNumber": 1, "totalThoughts": 1})),
    Real("time", pypi("mcp-server-time", "--local-timezone", "UTC"), {"get_current_time": "Read", "convert_time": "Read"}, ("get_current_time", {"timezone": "UTC"})),
    Real(
        "git",
        pypi("mcp-server-git", "--repository", "{folder}"),
        {"git_status": "Read", "git_commit": "Write", "git_reset": "Destructive"},
        ("git_status", {"repo_path": "{folder}"}),
        hidden="git_reset",
    ),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the servers of files and of git work on."""
    folder = tmp_path / "folder"
    subprocess.run(["git", "init", "--quiet", folder], check=True, timeout=30)
    return folder.resolve()


def filled(value: Any, folder: Path) -> Any:
    return json.loads(json.dumps(value).replace("{folder}", str(folder)))


def scan(host_test: Path, policy: Path, *source: str | Path) -> dict[str, Any]:
    """What the scan says, as JSON; its policy is written to a file and passes `check`."""
    said = process.run([host_test, "scan", "--quiet", "--format", "json", "-o", policy, *source], cwd=ROOT, limit=120)
    process.run([host_test, "check", "--strict", policy], cwd=ROOT, limit=60)
    return json.loads(said)


@pytest.mark.parametrize("real", SERVERS, ids=lambda real: real.name)
def test_a_scan_over_stdio_and_http_writes_a_policy_that_envoy_enforces(
    start, host_test: Path, tmp_path: Path, folder: Path, real: Real
) -> None:
    argv = filled(real.argv, folder)
    os.environ["MEMORY_FILE_PATH"] = str(tmp_path / "memory.jsonl")
    report = scan(host_test, tmp_path / "stdio.json", "--", *argv)
    categories = {tool["name"]: tool["category"] for tool in report["tools"]}
    assert real.judged.items() <= categories.items()

    with Server("bridge.py", "--", *argv, log=tmp_path / "bridge.log") as server:
        policy = tmp_path / "http.json"
        over_http = scan(host_test, policy, "--upstream", server.url, "--header", "X-Team: tests")
        assert {tool["name"]: tool["category"] for tool in over_http["tools"]} == categories

        envoy = start(upstream=server.address, plugin=plugin_config(policy, real.name))
        with Client("python2", envoy.url, HANDSHAKE, log=tmp_path / "client.log") as agent:
            written = json.loads(policy.read_text())
            assert set(agent.list()["tools"]) == set(written["tools"])
            assert written["default"] == "deny"

            tool, arguments = real.allowed
            allowed = agent.call(tool, filled(arguments, folder))
            assert allowed.get("is_error") is False, allowed
            ran = {tool: 1}

            if real.hidden:
                assert agent.call(real.hidden, {})["code"] == -32602
            if real.limited:
                tool, arguments, times = real.limited
                for _ in range(times):
                    assert agent.call(tool, filled(arguments, folder)).get("is_error") is False
                # A minute may have turned in between; then as many again are enough.
                answers = [agent.call(tool, filled(arguments, folder)) for _ in range(times + 1)]
                assert any(answer["text"][0].startswith(f"[POLICY DENIED] Rate limit of {times} per minute") for answer in answers)
                ran[tool] = times + sum(answer.get("is_error") is False for answer in answers)
            assert agent.call("not_there", {}).get("is_error") is True
        assert server.ran() == ran


@contextmanager
def everything_over_http(log: Path) -> Iterator[tuple[str, int]]:
    """The reference server with its own HTTP transport."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = probe.getsockname()
    argv = ["env", f"PORT={address[1]}", *npm("mcp-server-everything", "streamableHttp")]
    running = Process("everything", argv, log=log, limit=300)
    try:
        running.wait_for(r"listening on port (\d+)")
        yield address
    finally:
        running.stop()


def test_a_server_with_http_of_its_own_is_scanned_and_guarded(start, host_test: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    with everything_over_http(tmp_path / "server.log") as (host, port):
        report = scan(host_test, policy, "--upstream", f"http://{host}:{port}/mcp", "--preset", "strict", "--report", tmp_path / "page.html")
        assert len(report["tools"]) > 10
        assert (tmp_path / "page.html").stat().st_size > 10_000
        envoy = start(upstream=(host, port), plugin=plugin_config(policy, "everything"))
        # Through Envoy a scan sees what the policy shows, so nothing that it hides or that was not there has appeared.
        with Client("typescript1", envoy.url, HANDSHAKE, log=tmp_path / "client.log") as agent:
            assert agent.call("get-sum", {"a": 1, "b": 2})["text"] == ["The sum of 1 and 2 is 3."]
            denied = agent.call("trigger-long-running-operation", {"duration": 1, "steps": 1})
            assert denied["is_error"] is True and "POLICY DENIED" in denied["text"][0]
        process.run([host_test, "scan", "--quiet", "--upstream", f"http://{host}:{port}/mcp", "--against", policy], cwd=ROOT, limit=120)
