"""Builds the filter, always, so that nothing is ever tested against a stale module."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import process
from .paths import ROOT, module, target_dir
from .setup import say

TARGET = "wasm32-wasip1"
LIMIT = 1200
"""Seconds that one build may take, from nothing on a slow machine."""


def module_now() -> Path:
    """Builds `toolgate.wasm` from the sources as they are and returns its path."""
    _target()
    say("building toolgate.wasm ...")
    path = module()
    process.run(["cargo", "build", "--release", "--target", TARGET, "-p", "toolgate"], cwd=ROOT, limit=LIMIT)
    if not path.exists():
        raise process.ProcessError(f"cargo built no `{path.name}` in {path.parent}")
    return path


def host_test() -> Path:
    """Builds the command `host-test` and returns its path."""
    say("building host-test (the first time that takes minutes) ...")
    # The same selection as `cargo test --workspace`: another would choose other features of what
    # host-test depends on, and build wasmtime a second time.
    process.run(["cargo", "test", "--workspace", "--no-run"], cwd=ROOT, limit=LIMIT)
    return host_test_path()


def host_test_path() -> Path:
    """The command `host-test`, once it has been built."""
    return target_dir() / "debug" / "host-test"


def _target() -> None:
    """Makes sure that the Rust toolchain can build for Wasm."""
    libraries = process.run(["rustc", "--print", "target-libdir", "--target", TARGET], cwd=ROOT, limit=LIMIT).split()
    if libraries and Path(libraries[-1]).is_dir():
        return
    if not shutil.which("rustup"):
        raise process.ProcessError(f"the Rust target `{TARGET}` is not installed, and there is no `rustup` to install it with")
    say(f"installing the Rust target {TARGET} ...")
    process.run(["rustup", "target", "add", TARGET], cwd=ROOT, limit=LIMIT)
