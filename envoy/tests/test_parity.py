"""Every example's scenario runs in a real Envoy as in host-test: same decisions, same transcript."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import yaml

from harness import policy, process
from harness.paths import EXAMPLES, ROOT

SCENARIOS = sorted(EXAMPLES.glob("*/scenario.yaml"))


def _configuration(scenario: Path) -> str:
    """The plugin configuration that the scenario names, or the one made of its policy."""
    document = yaml.safe_load(scenario.read_text())
    if "config" in document:
        return (scenario.parent / document["config"]).read_text()
    return policy.plugin_config(scenario.parent / document["policy"], document.get("server", scenario.parent.name))


def test_there_are_the_five_seed_examples() -> None:
    assert {"workprotocol", "safebot", "instanode", "aap-enterprise", "arcane"} <= {file.parent.name for file in SCENARIOS}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda file: file.parent.name)
def test_envoy_plays_the_scenario(start, clock, host_test: Path, tmp_path: Path, scenario: Path) -> None:
    # host-test plays the MCP server itself, on a port that must be known to Envoy before.
    with socket.create_server(("127.0.0.1", 0)) as probe:
        upstream = probe.getsockname()
    clock_file = clock("2026-01-01T00:00:00Z")
    envoy = start(upstream=upstream, plugin=_configuration(scenario), clock_file=clock_file)
    process.run(
        [
            *(host_test, "run", scenario.parent),
            *("--via", f"http://127.0.0.1:{envoy.port}"),
            *("--upstream-listen", f"127.0.0.1:{upstream[1]}"),
            *("--records", envoy.records_path),
            *("--clock-file", clock_file),
        ],
        cwd=ROOT,
        limit=120,
    )
