"""`envoy/bench` works: every variant answers as it should, and the results are whole. It measures nothing here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from harness.benchmark import docs
from harness.paths import ENVOY_DIR, ROOT


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


def test_the_figures_of_a_run_are_written_between_the_marks_of_both_documents(tmp_path: Path) -> None:
    case = {"variant": "toolgate full", "protocol": "h1", "size": 1000, "cpu": [1.0, 1.0], "rate": [1.0, 1.0], "cpu_ratio": [1.2, 1.4], "rate_ratio": [0.8, 1.0]}
    results = {
        "machine": {"cores": 2, "processor": "a machine", "envoy": "hash/1.40.0/Clean", "rounds": 2, "seconds": 1.0, "load": 0.1},
        "cases": [case],
        "many_tools": {"cpu_ratio": [1.0, 1.02], "load_seconds": 0.1},
        "latency": [],
        "module_bytes": 1000,
        "minutes": 1.0,
    }
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/performance.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    docs.write(results, tmp_path)
    docs.write(results, tmp_path)
    readme, page = ((tmp_path / name).read_text() for name in ("README.md", "docs/performance.md"))
    assert "| 1 kB | toolgate full | 1.30 (1.25 to 1.35) |" in readme
    assert "| full policy, 1 kB: at most 1.35 times bare | 1.30 of 1.35 | met |" in readme
    assert page.count("| HTTP/1.1 | 1 kB | toolgate full | 1.30 (1.25 to 1.35) | 0.90 (0.85 to 0.95) |") == 1
    assert readme.partition(docs.BEGIN)[0] == (ROOT / "README.md").read_text().partition(docs.BEGIN)[0]
    ElementTree.fromstring((tmp_path / "docs" / "performance.svg").read_text())
