"""The official SDKs' clients complete a session through `host-test serve`: allowed, denied, limited and streamed calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.client import Client
from harness.serve import Serve
from harness.servers import Server
from policies import plugin
from test_clients import CLIENTS, POLICY


@pytest.fixture(scope="module")
def server(any_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # The SDK's server for Python answers calls in event streams.
    with Server(any_server, log=tmp_path_factory.mktemp("server") / "log") as server:
        yield server


@pytest.mark.parametrize(("sdk", "version"), CLIENTS, ids=lambda part: part)
def test_a_client_completes_a_session(host_test: Path, module: Path, server: Server, tmp_path: Path, sdk: str, version: str) -> None:
    configuration = plugin(POLICY, server=f"serve-{sdk}-{version}")
    before = server.ran()
    with (
        Serve(host_test, module=module, upstream=server.url, plugin=configuration, folder=tmp_path) as serve,
        Client(sdk, serve.url, version, log=tmp_path / "client.log") as agent,
    ):
        assert agent.version == version
        assert "delete_workspace" not in agent.list()["tools"]
        assert agent.call("claim_job", {"job_id": "j-1"})["text"] == ['claim_job ran (job_id="j-1")']

        denial = agent.call("claim_job", {"job_id": "j-666"})
        assert denial["is_error"] is True, denial
        assert denial["text"][0].startswith("[POLICY DENIED] This job is not yours."), denial

        assert agent.call("run_job", {"template_id": 1})["is_error"] is False
        limited = agent.call("run_job", {"template_id": 1})
        assert limited["text"][0].startswith("[POLICY DENIED] Rate limit of 1 per day reached."), limited

        assert agent.call("delete_workspace", {"workspace_id": "w-1"}).get("code") == -32602
        assert agent.call("claim_job", {"job_id": "j-2"})["is_error"] is False
        serve.process.wait_for(r"allow +claim_job")
        serve.process.wait_for(r"deny +claim_job +.*by /tools/claim_job/deny_if/0: This job is not yours\.")
        log = serve.log()
    assert "Traceback" not in log and "trap" not in log, log
    ran = {tool: times - before.get(tool, 0) for tool, times in server.ran().items() if times != before.get(tool, 0)}
    assert ran == {"claim_job": 2, "run_job": 1}
