"""The matrix: every scenario and every raw request, in host-test and in each Envoy, and what came of it as a table."""

from __future__ import annotations

import argparse
import re
import xml.etree.ElementTree
from pathlib import Path

from . import envoys, process, setup
from .paths import CACHE, ENVOY_DIR, PYTHON

PARTS = {"scenarios": "test_parity.py", "raw requests": "test_corpus.py", "all that comes of them": "test_corpus_parity.py"}
"""What is compared, and the tests that do it."""

LIMIT = 1800
"""Seconds that one Envoy may take for one part."""


def main(arguments: list[str]) -> int:
    """Runs the matrix, prints the table, and returns 0 when everything is the same everywhere."""
    parser = argparse.ArgumentParser(
        prog="envoy/matrix",
        description="Plays every scenario of examples/ and every raw request in host-test and in real Envoys, and compares"
        " status, headers, body, what the upstream saw and the decision record. Prints a table.",
        epilog="example: envoy/matrix --full",
    )
    parser.add_argument("--full", action="store_true", help=f"in every Envoy ({', '.join(envoys.VERSIONS)}), not only in the pinned one")
    full = parser.parse_args(arguments).full
    setup.everything()
    versions = envoys.VERSIONS if full else envoys.VERSIONS[-1:]
    table: dict[tuple[str, str], str] = {}
    failed = False
    for version in versions:
        binary = envoys.binary(version)
        for part, test in PARTS.items():
            if not (ENVOY_DIR / "tests" / test).exists():
                continue
            print(f"\n##### {part} in Envoy {version}", flush=True)
            report = CACHE / "matrix" / f"{version}-{Path(test).stem}.xml"
            report.parent.mkdir(exist_ok=True)
            report.unlink(missing_ok=True)
            argv = [PYTHON, "-m", "pytest", "-q", f"tests/{test}", f"--junitxml={report}"]
            code, _ = process.stream(argv, limit=LIMIT, cwd=ENVOY_DIR, env={"ENVOY": str(binary)})
            failed |= code != 0
            table[version, part] = _result(report, code)
    print("\n" + _table(versions, table))
    return 1 if failed else 0


def _result(report: Path, code: int) -> str:
    """`12 same`, or how many of them differ."""
    if not report.exists():
        return f"did not run (exit code {code})"
    suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
    count = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    wrong = count["failures"] + count["errors"]
    same = count["tests"] - wrong - count["skipped"]
    return f"{same} same" + (f", {wrong} DIFFER" if wrong else "")


def _table(versions: tuple[str, ...], results: dict[tuple[str, str], str]) -> str:
    parts = [part for part in PARTS if any(key[1] == part for key in results)]
    rows = [["Envoy", *parts], *([version, *(results.get((version, part), "") for part in parts)] for version in versions)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(re.sub(r"\s+$", "", line) for line in lines)
