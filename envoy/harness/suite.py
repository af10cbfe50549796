"""The whole test run: every part, in an order that finds cheap faults first, and a summary at the end."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import build, fuzz, instructions, process, setup
from .paths import ENVOY_DIR, PYTHON, ROOT

CARGO = ["cargo"]
CLOSING = re.compile(r"^(test result: .*|=+ .* in [0-9.]+s.*=+|[0-9]+ passed.*|[0-9]+ (?:failed|error).*|Every call went as the policies say\.|[0-9]+ sessions: .*)$")
"""What the runners say at the end: cargo test, pytest, host-test run, the demo, and what a test measured."""


@dataclass(frozen=True)
class Part:
    name: str
    run: Callable[[], tuple[int, list[str]]]
    quoted: bool = False
    """Whether its runner's closing lines are repeated in the summary."""


def main(arguments: list[str]) -> int:
    """Runs every part and returns 0 when all passed."""
    parser = argparse.ArgumentParser(prog="envoy/test", description="Runs every test, in a real Envoy too.")
    parser.add_argument("--full", action="store_true", help="also the combinations that have not failed so far: every configuration with hostile requests, every client with every server")
    full = parser.parse_args(arguments).full
    started = time.monotonic()
    report: list[str] = []
    failed: list[str] = []
    for part in _parts(full):
        print(f"\n##### {part.name}", flush=True)
        began = time.monotonic()
        try:
            code, lines = part.run()
        except process.ProcessError as error:
            print(error, flush=True)
            code, lines = 1, []
        spent = f"{time.monotonic() - began:.0f} s"
        report.append(f"{'passed' if code == 0 else 'FAILED':<7} {part.name} ({spent})" + (f", exit code {code}" if code else ""))
        if part.quoted:
            report.extend(f"          {line.strip()}" for line in _closing(lines))
        if code:
            failed.append(part.name)
            if part.name == SETUP:
                break
    print(f"\n##### summary after {time.monotonic() - started:.0f} s\n" + "\n".join(report))
    print(f"\n{len(failed)} parts FAILED: {', '.join(failed)}" if failed else "\nall parts passed")
    return 1 if failed else 0


SETUP = "installing the pinned tools"
SESSIONS = ("test", "-p", "host-test", "--test", "module_sessions", "--", "--ignored", "--nocapture")


def _parts(full: bool) -> list[Part]:
    return [
        Part(SETUP, _did(setup.everything)),
        Part("cargo fmt --check", _cargo("fmt", "--all", "--check", limit=120)),
        Part("building toolgate.wasm", _did(build.module_now)),
        Part("cargo clippy", _cargo("clippy", "--workspace", "--all-targets", "--", "-D", "warnings", limit=1800)),
        Part("cargo test", _cargo("test", "--workspace", limit=2400), quoted=True),
        Part("fuzzing what reads an attacker's bytes", lambda: fuzz.run(600 if full else 60), quoted=True),
        # `cargo test` has just built the command.
        Part("the scenarios in host-test", _command([build.host_test_path(), "run", "examples"], limit=900), quoted=True),
        Part(
            "the tests in a real Envoy",
            _command([PYTHON, "-m", "pytest", *(["--full"] if full else [])], limit=7200 if full else 2400, cwd=ENVOY_DIR),
            quoted=True,
        ),
        Part("envoy/demo", _command([ENVOY_DIR / "demo"], limit=900), quoted=True),
        *([Part("envoy/matrix --full", _command([ENVOY_DIR / "matrix", "--full"], limit=3600))] if full else []),
        *(_full_parts() if full else []),
    ]


def _full_parts() -> list[Part]:
    """What takes minutes and seldom changes."""
    million = ["test", "--release", "-p", "host-test", "--test", "module_memory", "--", "--ignored"]
    return [
        Part("the conformance suite with and without Toolgate", _command([ENVOY_DIR / "conformance"], limit=1200)),
        Part("a million requests through one virtual machine", _cargo(*million, limit=2400), quoted=True),
        Part("a million sessions in bounded shared data", _cargo(*SESSIONS, limit=2400), quoted=True),
        Part("instructions of the native engine", instructions.check),
    ]


def _cargo(*arguments: str, limit: float) -> Callable[[], tuple[int, list[str]]]:
    return _command([*CARGO, *arguments], limit=limit)


def _command(argv: Sequence[str | Path], *, limit: float, cwd: Path = ROOT) -> Callable[[], tuple[int, list[str]]]:
    return lambda: process.stream(argv, limit=limit, cwd=cwd)


def _did(work: Callable[[], object]) -> Callable[[], tuple[int, list[str]]]:
    def run() -> tuple[int, list[str]]:
        work()
        return 0, []

    return run


def _closing(lines: list[str]) -> list[str]:
    """The runner's own last words: the lines that sum up, else its last ones."""
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    return [line for line in plain if CLOSING.match(line.strip())] or [line for line in plain if line.strip()][-3:]
