"""Counts the instructions of the native engine with callgrind and compares them with the figures on record.

They do not depend on how fast or how busy the machine is. `python -m harness.instructions` in envoy/ prints new ones.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

from . import debian, process
from .paths import ROOT

FIGURES = ROOT / "plugin" / "engine" / "benches" / "instructions.json"
VALGRIND = debian.ROOT / "valgrind"
TIMES = 20
"""How often a case runs beyond the first time; what is counted is the difference, without the start of the program."""


def check() -> tuple[int, list[str]]:
    """Compares; the lines say what was found. For envoy/test."""
    figures = json.loads(FIGURES.read_text())
    tolerance = figures["tolerance_percent"]
    found = measure()
    lines = []
    code = 0
    for name in sorted(found.keys() | figures["cases"].keys()):
        now, known = found.get(name), figures["cases"].get(name)
        if now is None or known is None:
            verdict, code = "is not on record" if known is None else "is not measured any more", 1
        elif now > known * (1 + tolerance / 100):
            verdict, code = f"FAILED: more than {tolerance} % above {known}", 1
        elif now < known * (1 - 2 * tolerance / 100):
            verdict, code = f"FAILED: so far below {known} that the figure should be lowered", 1
        else:
            verdict = f"as on record ({known})"
        lines.append(f"{name}: {now} instructions, {verdict}")
    for size in (300, 1000, 16384, 262144):
        ratio = found[f"scan/{size}"] / found[f"IgnoredAny/{size}"]
        lines.append(f"scan beside serde_json's IgnoredAny, {size} bytes: {ratio:.2f}")
    for line in lines:
        print(line, flush=True)
    return code, lines


def measure() -> dict[str, int]:
    """Instructions of one execution of each case."""
    program = _build()
    names = process.run([program], limit=60).split("\n")
    return {name: _count(program, name) for name in names if name}


def _count(program: Path, name: str) -> int:
    once, often = (_refs(program, name, times) for times in (1, 1 + TIMES))
    return (often - once) // TIMES


def _refs(program: Path, name: str, times: int) -> int:
    own = VALGRIND / "usr" / "bin" / "valgrind"
    valgrind = shutil.which("valgrind") or own
    environment = {"VALGRIND_LIB": str(VALGRIND / "usr" / "libexec" / "valgrind")} if valgrind == own else {}
    argv = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", program, name, str(times)]
    output = process.run(argv, limit=600, env=environment)
    return int(re.search(r"I\s+refs:\s+([0-9,]+)", output)[1].replace(",", ""))  # type: ignore[index]


def _build() -> Path:
    """Builds the cases as `cargo bench` does and returns the program."""
    if not shutil.which("valgrind") and not VALGRIND.exists():
        debian.unpack(["valgrind"], VALGRIND)
    argv = ["cargo", "bench", "--quiet", "-p", "toolgate-engine", "--bench", "instructions", "--no-run", "--message-format", "json"]
    for line in process.run(argv, cwd=ROOT, limit=1800).splitlines():
        if line.startswith("{") and (program := json.loads(line).get("executable")):
            return Path(program)
    raise process.ProcessError("cargo built no `instructions`")


if __name__ == "__main__":
    cases = measure()
    about = "Instructions of one execution of each case of the native engine, counted by callgrind; see envoy/harness/instructions.py."
    json.dump({"about": about, "tolerance_percent": 5, "cases": cases}, sys.stdout, indent=2)
