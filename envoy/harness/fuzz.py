"""Fuzzes what reads an attacker's bytes: seeds from the case files, the raw requests and what is kept beside the targets, then libFuzzer."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

from . import process
from .paths import CACHE, ENVOY_DIR, PYTHON, ROOT

ENGINE = ROOT / "plugin" / "engine"
FUZZ = ENGINE / "fuzz"
TARGETS = ("request", "stream", "list")
WIRE = ENVOY_DIR / "tests" / "corpus.py"
TOOL = CACHE / "cargo-fuzz"
CARGO_FUZZ = TOOL / "bin" / "cargo-fuzz"
VERSION = "0.13.1"
WORK = CACHE / "fuzz"
"""What the fuzzer has collected so far, and its logs; a folder a target."""

BUILD_LIMIT = 1800
GRACE = 600
"""Seconds beyond the fuzzing itself: reading the seeds, and a machine that has other work."""

STABLE = {"RUSTC_BOOTSTRAP": "1"}
"""cargo-fuzz passes flags of a nightly compiler; the pinned stable one takes them when told to."""


def run(seconds: int) -> tuple[int, list[str]]:
    """Fuzzes every target for so long, all at once; the exit code and a line for each target."""
    build = [CARGO_FUZZ, "build", "--fuzz-dir", FUZZ, "--target-dir", WORK / "target", "--sanitizer", "none"]
    code, lines = process.stream(build, limit=BUILD_LIMIT, cwd=ENGINE, env=STABLE)
    if code:
        return code, lines
    started = [_start(target, seconds) for target in TARGETS]
    return _ended(started, seconds)


def _start(target: str, seconds: int) -> process.Process:
    corpus, found = WORK / target / "corpus", WORK / target / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds(target):
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    if target == "request":
        # In the Python that can read YAML; this one may not.
        process.run([PYTHON, WIRE, corpus], limit=120)
    log = WORK / target / "log"
    log.unlink(missing_ok=True)
    binary = next((WORK / "target").glob(f"*/release/{target}"))
    options = [f"-dict={FUZZ / (target + '.dict')}", f"-artifact_prefix={found}/", f"-max_total_time={seconds}", "-max_len=4096", "-timeout=60"]
    return process.Process(f"fuzzing {target}", [binary, *options, corpus, FUZZ / "seeds" / target], log=log, limit=seconds + GRACE)


def _ended(started: list[process.Process], seconds: int) -> tuple[int, list[str]]:
    deadline = time.monotonic() + seconds + GRACE
    while any(one.exit_code() is None for one in started) and time.monotonic() < deadline:
        time.sleep(0.5)
    failed, lines = 0, []
    for target, one in zip(TARGETS, started, strict=True):
        code = one.exit_code()
        if code != 0:
            failed = 1
            print(f"{target}:\n{one.tail(60)}\nThe input is in {WORK / target / 'found'}: mend it and add it to {FUZZ / 'seeds' / target}.", flush=True)
        runs = re.findall(r"^Done (\d+) runs", one.log(), re.MULTILINE)
        lines.append(f"fuzz {target}: {runs[-1] if runs else 'unknown'} executions, {'nothing found' if code == 0 else f'exit code {code}'}")
        print(lines[-1], flush=True)
    return failed, lines


def seeds(target: str) -> Iterator[bytes]:
    """What the case files hold for a target."""
    for path in sorted((ENGINE / "tests" / "cases").rglob("*.json")):
        for step in json.loads(path.read_text()).get("steps", []):
            if target == "request":
                yield from _requests(step)
            elif "learn" in step:
                answer = json.dumps({"jsonrpc": "2.0", "id": 1, "result": step["learn"]}).encode()
                yield b"\0" + answer if target == "list" else b"\7event: message\ndata: " + answer + b"\n\n"


def _requests(step: dict) -> Iterator[bytes]:
    lines = "".join(f"{name}: {value}\n" for name, value in step.get("headers", {}).items() if isinstance(value, str))
    head = f"{lines}\n".encode() if lines else b""
    if "call" in step or "method" in step:
        params = step.get("params", {})
        if "call" in step:
            params = {"name": step["call"], **({"arguments": step["args"]} if "args" in step else {})}
        message = {"jsonrpc": "2.0", "id": step.get("id", 1), "method": step.get("method", "tools/call"), "params": params}
        yield head + json.dumps(message, separators=(",", ":")).encode()
    elif "body_hex" in step:
        yield head + bytes.fromhex(step["body_hex"])
    elif "body" in step:
        yield head + step["body"].encode()
