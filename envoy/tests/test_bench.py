"""`envoy/bench` works: every variant answers as it should, and the results are whole. It measures nothing here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from harness.paths import ENVOY_DIR


def test_the_benchmark_runs_and_writes_its_results(module: Path, tmp_path: Path) -> None:
    out = tmp_path / "bench"
    argv = [sys.executable, ENVOY_DIR / "bench", "--quick", "--sizes", "300,1000,262144", "--out", out]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((out / "results.json").read_text())
    measured = {(case["protocol"], case["size"], case["variant"]) for case in results["cases"]}
    for protocol in ("h1", "h2"):
        for size in (300, 1000, 262144):
            for variant in ("bare", "floor", "toolgate allow-all", "toolgate name-only", "toolgate full", "native", "lua"):
                assert (protocol, size, variant) in measured
        for variant in ("toolgate denied", "toolgate refused", "toolgate list"):
            assert (protocol, 1000, variant) in measured
    assert all(len(case["cpu_ratio"]) == 2 and min(case["cpu"]) > 0 for case in results["cases"])
    assert len(results["many_tools"]["cpu_ratio"]) == 2
    assert {found["connections"] for found in results["latency"]} == {1, 32}
    ElementTree.fromstring((out / "chart.svg").read_text())
    assert "| HTTP/1.1 | 1 kB | toolgate full |" in (out / "table.md").read_text()
