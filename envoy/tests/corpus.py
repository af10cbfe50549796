"""Reads the corpus of raw requests in host-test/tests/wire (its README.md says what is what) and turns it into bytes.

Run with a folder, it writes each request there as the fuzz target `request` takes it.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "host-test" / "tests" / "wire"
FORBIDDEN = {"secret_tool", "other_tool", "pay_too_much"}
"""What no policy of the corpus ever lets run."""

HOST = b"host: 127.0.0.1:80"
HEADERS = ["content-type: application/json", "accept: application/json, text/event-stream"]
BYTES = re.compile(r"<((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: \* ([0-9]+))?>")
KEYS = {"name", "why", "policy", "start", "headers", "with", "body", "framing", "trailers", "then", "after", "stream", "alone", "expect", "runs", "bites"}


@dataclass(frozen=True)
class Case:
    theme: str
    name: str
    policy: str
    method: str
    data: bytes
    """Everything that is sent, in one write."""
    answers: int
    """How many answers there can be, if what looks like a request is one."""
    stream: bool
    """Whether the answer may never end."""
    alone: str
    expect: str
    runs: list[str]
    bites: list[str]

    @property
    def id(self) -> str:
        return f"{self.theme}/{self.name}"

    @property
    def forwarded(self) -> bool:
        return self.expect == "forwarded"


def policies() -> dict[str, dict[str, Any]]:
    """The plugin configurations by the names that requests use."""
    return json.loads((FOLDER / "policies.json").read_text())


def read() -> list[Case]:
    """Every request of every file."""
    return [case for path in sorted(FOLDER.glob("*.yaml")) for case in _file(path)]


def themes() -> list[str]:
    return [path.stem for path in sorted(FOLDER.glob("*.yaml"))]


def seeds() -> Iterator[bytes]:
    """Header lines, an empty line, a body; of what fits into the fuzzer's inputs."""
    for path in sorted(FOLDER.glob("*.yaml")):
        for given in _entries(path):
            lines = [_bytes(line) for line in given.get("headers", HEADERS) + given.get("with", [])]
            for body in (given.get("body", ""), *given.get("then", [])):
                seed = b"\n".join(lines) + b"\n\n" + _bytes(body)
                if len(seed) <= 4096:
                    yield seed


def _file(path: Path) -> list[Case]:
    return [_case(path.stem, given) for given in _entries(path)]


def _entries(path: Path) -> list[dict[str, Any]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(), Loader=loader)["requests"]  # noqa: S506


def _case(theme: str, given: dict[str, Any]) -> Case:
    unknown = set(given) - KEYS
    if unknown:
        raise ValueError(f"{theme}/{given.get('name')}: unknown keys {sorted(unknown)}; there are {sorted(KEYS)}")
    start = given.get("start", "POST /mcp HTTP/1.1")
    data = _request(start, given.get("headers", HEADERS) + given.get("with", []), given)
    for further in given.get("then", []):
        data += _request("POST /mcp HTTP/1.1", HEADERS, {"body": further})
    data += _bytes(given.get("after", ""))
    return Case(
        theme=theme,
        name=given["name"],
        policy=given.get("policy", "gate"),
        method=start.split(" ")[0],
        data=data,
        answers=max(1, data.count(b" HTTP/1.1\r\n")),
        stream=given.get("stream", False),
        alone=given.get("alone", ""),
        expect=given["expect"],
        runs=given.get("runs", []),
        bites=given.get("bites", []),
    )


def _request(start: str, headers: list[str], given: dict[str, Any]) -> bytes:
    lines = [start.encode(), HOST, *(_bytes(line) for line in headers)]
    body = _bytes(given.get("body", ""))
    framing = given.get("framing", "length")
    if framing.startswith("chunked"):
        size = int(framing.split(" ")[1])
        lines.append(b"transfer-encoding: chunked")
        parts = [body[at : at + size] for at in range(0, len(body), size)]
        trailers = b"".join(_bytes(line) + b"\r\n" for line in given.get("trailers", []))
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailers + b"\r\n"
    elif framing == "length" and "body" in given:
        lines.append(b"content-length: %d" % len(body))
    elif framing not in ("length", "none"):
        raise ValueError(f"{given['name']}: framing `{framing}` is none of `length`, `chunked N`, `none`")
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _bytes(text: str) -> bytes:
    """UTF-8, with `<ff 00>` and `<20 * 100>` as the bytes that they name."""
    parts, at = [], 0
    for found in BYTES.finditer(text):
        parts += [text[at : found.start()].encode(), bytes.fromhex(found[1]) * int(found[2] or 1)]
        at = found.end()
    return b"".join([*parts, text[at:].encode()])


if __name__ == "__main__":
    for one in seeds():
        (Path(sys.argv[1]) / f"wire-{hashlib.sha256(one).hexdigest()[:16]}").write_bytes(one)
