"""Every example's scenario runs in a real Envoy as in host-test: same decisions, same transcript.

For every request, status, headers, body, what the upstream saw and the decision record are the same.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from harness import process
from harness.paths import EXAMPLES, ROOT

SCENARIOS = sorted(EXAMPLES.rglob("scenario.yaml"))


def test_there_are_the_five_seed_examples() -> None:
    assert {"workprotocol", "safebot", "instanode", "aap-enterprise", "arcane"} <= {file.parent.name for file in SCENARIOS}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda file: file.parent.name)
def test_envoy_plays_the_scenario(start, clock, host_test: Path, module: Path, scenario: Path) -> None:
    configuration = process.run([host_test, "config", scenario], cwd=ROOT, limit=60)
    clock_file = clock("2026-01-01T00:00:00Z")
    # Operators decide on a listener of its own, whose configuration stands in that file as in the scenario's folder.
    decided = (scenario.parent / "operators.json").exists()
    # host-test plays the MCP server itself, on a port that must be known to Envoy before; it is held until Envoy has its own.
    with socket.create_server(("127.0.0.1", 0)) as held:
        upstream = held.getsockname()
        envoy = start(config="envoy-approvals.yaml" if decided else "envoy.yaml", upstream=upstream, plugin=configuration, clock_file=clock_file)
    operators = ("--via-operators", f"http://127.0.0.1:{envoy.ports['operators']}") if decided else ()
    process.run(
        [
            *(host_test, "run", scenario.parent),
            *operators,
            *("--via", f"http://127.0.0.1:{envoy.port}"),
            *("--upstream-listen", f"127.0.0.1:{upstream[1]}"),
            *("--records", envoy.records_path),
            *("--clock-file", clock_file),
            # Each request also runs in host-test; whatever then differs is a fault.
            *("--parity", "--module", module),
        ],
        cwd=ROOT,
        limit=120,
    )
