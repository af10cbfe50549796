"""Turns a policy file into the plugin's configuration, as text, so that no number and no key is changed on the way."""

from __future__ import annotations

import json
from pathlib import Path

from . import build, process
from .paths import ROOT


def plugin_config(policy: Path, server: str) -> str:
    """The plugin's configuration for the policy in a JSON or YAML file; `server` names it in counters and records.

    JSON goes in byte for byte, so that Toolgate itself says what is wrong with it. YAML is converted by `host-test`,
    which takes a while to build and is not needed for JSON.
    """
    if policy.suffix != ".json":
        command = [build.host_test(), "config", "--policy", policy.absolute(), "--server", server]
        return process.run(command, cwd=ROOT, limit=60)
    try:
        text = policy.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise process.ProcessError(f"cannot read the policy `{policy}`: {error}") from error
    return f'{{"server": {json.dumps(server)}, "policy": {text.strip()}}}'
