"""Turns a policy file into the plugin's configuration, as text, so that no number and no key is changed on the way."""

from __future__ import annotations

import json
from pathlib import Path

from . import build, process
from .paths import ROOT


def plugin_config(policy: Path, server: str, *, hold_headers: bool = True) -> str:
    """The plugin's configuration for the policy in a JSON or YAML file; `server` names it in counters and records.

    JSON goes in byte for byte, so that Toolgate itself says what is wrong with it. YAML is converted by `host-test`.
    """
    try:
        text = policy.read_text() if policy.suffix == ".json" else _from_yaml(policy)
    except OSError as error:
        raise process.ProcessError(f"cannot read the policy `{policy}`: {error.strerror}") from error
    return f'{{"server": {json.dumps(server)}, "hold_headers": {json.dumps(hold_headers)}, "policy": {text.strip()}}}'


def _from_yaml(policy: Path) -> str:
    command = build.host_test()
    configuration = process.run([command, "config", "--policy", policy.absolute()], cwd=ROOT, limit=60)
    return json.dumps(json.loads(configuration)["policy"])
