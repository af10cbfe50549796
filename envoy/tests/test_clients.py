"""The official SDKs' clients work through Toolgate, and read a denial as a result while their session lives on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.client import HANDSHAKE, STATELESS, Client
from harness.envoy import Envoy
from harness.servers import Server
from policies import GATE, holds, plugin

POLICY = {
    "default": "allow",
    "hide": ["delete_workspace"],
    "tools": {
        "claim_job": {
            "deny_if": [{"conditions": [{"path": "args.job_id", "op": "eq", "value": "j-666"}], "on_deny": "This job is not yours."}],
        },
        "run_job": {"limits": [{"counter": "runs", "window": "day", "max": 1, "scope": "grant"}]},
    },
}

CLIENTS = [
    ("python2", HANDSHAKE),
    ("python2", STATELESS),
    ("python1", HANDSHAKE),
    ("typescript2", HANDSHAKE),
    ("typescript2", STATELESS),
    ("typescript1", HANDSHAKE),
]


@pytest.fixture(scope="module")
def server(any_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(any_server, log=tmp_path_factory.mktemp("server") / "log") as server:
        yield server


@pytest.mark.parametrize(("sdk", "version"), CLIENTS, ids=lambda part: part)
def test_a_client_lists_calls_and_reads_denials(start, server: Server, tmp_path: Path, sdk: str, version: str) -> None:
    envoy: Envoy = start(upstream=server.address, plugin=plugin(POLICY, server=f"{sdk}-{version}"))
    before = server.ran()
    with Client(sdk, server.url, version, log=tmp_path / "client.log") as direct:
        everything = direct.list()["tools"]
    with Client(sdk, envoy.url, version, log=tmp_path / "client.log") as agent:
        assert agent.version == version
        visible = [tool for tool in everything if tool != "delete_workspace"]
        assert agent.list() == {"tools": visible}

        assert agent.call("claim_job", {"job_id": "j-1"})["text"] == ['claim_job ran (job_id="j-1")']

        denial = agent.call("claim_job", {"job_id": "j-666"})
        assert denial["is_error"] is True, denial
        assert denial["text"][0].startswith("[POLICY DENIED] This job is not yours."), denial
        assert denial["meta"]["toolgate/denial"]["rule"] == "/tools/claim_job/deny_if/0"

        assert agent.call("run_job", {"template_id": 1})["is_error"] is False
        limited = agent.call("run_job", {"template_id": 1})
        assert limited["is_error"] is True, limited
        assert limited["text"][0].startswith("[POLICY DENIED] Rate limit of 1 per day reached. Try again later."), limited
        assert 0 < limited["meta"]["toolgate/denial"]["retry_after"] <= 86400

        hidden = agent.call("delete_workspace", {"workspace_id": "w-1"})
        assert hidden.get("code") == -32602, hidden
        assert "Unknown tool: delete_workspace" in hidden["message"]

        # After every kind of denial the session still lives.
        assert agent.list() == {"tools": visible}
        assert agent.call("claim_job", {"job_id": "j-2"})["is_error"] is False
    ran = {tool: times - before.get(tool, 0) for tool, times in server.ran().items() if times != before.get(tool, 0)}
    assert ran == {"claim_job": 2, "run_job": 1}


@pytest.mark.parametrize(("sdk", "program"), [("typescript1", "lenient_typescript1.mjs"), ("python1", "lenient_python1.py"), ("python1", "lenient_python2.py")])
@pytest.mark.parametrize("config", ["envoy.yaml", "envoy-no-hold.yaml"])
def test_over_http_sse_lists_are_filtered_and_calls_run(start, tmp_path: Path, config: str, sdk: str, program: str) -> None:
    """The transport of 2024-11-05: what is asked by POST is answered on the stream of a GET."""
    with Server(program, log=tmp_path / "server.log") as server:
        envoy = start(config=config, upstream=server.address, plugin=plugin(GATE, hold=holds(config)))
        with Client(sdk, envoy.url.replace("/mcp", "/sse"), "2024-11-05", log=tmp_path / "client.log") as agent:
            assert agent.list() == {"tools": ["open_tool"]}
            assert agent.call("open_tool") == {"is_error": False, "text": ["open_tool ran"], "meta": {}}
            assert agent.list() == {"tools": ["open_tool"]}
        assert server.ran() == {"open_tool": 1}


def test_a_large_result_passes_whole(start, server: Server, tmp_path: Path) -> None:
    envoy = start(upstream=server.address, plugin=plugin({"default": "allow"}))
    note = "x" * 500_000
    with Client("python2", envoy.url, HANDSHAKE, log=tmp_path / "client.log") as agent:
        assert note in agent.call("claim_job", {"job_id": "j-1", "note": note})["text"][0]
