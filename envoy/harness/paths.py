"""Where things are in this checkout."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVOY_DIR = ROOT / "envoy"
CACHE = ROOT / ".cache"
EXAMPLES = ROOT / "examples"
SERVERS = ENVOY_DIR / "servers"
CLIENTS = ENVOY_DIR / "clients"

PYTHON = CACHE / "python" / "bin" / "python"
"""The Python with the packages of requirements.txt."""

PYTHON_MCP1 = CACHE / "python-mcp1" / "bin" / "python"
"""The Python with the MCP SDK before 2.0."""

REAL_SERVERS = SERVERS / "real"
"""Where MCP servers as others publish them are pinned."""

PYTHON_SERVERS = CACHE / "python-servers" / "bin" / "python"
"""The Python with those of them that are for Python."""


def target_dir() -> Path:
    """Cargo's target folder, which the user may have moved."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()


def module() -> Path:
    """The filter, once `build.module` has built it."""
    return target_dir() / "wasm32-wasip1" / "release" / "toolgate.wasm"
