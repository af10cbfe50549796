"""Policies and plugin configurations that several tests use."""

from __future__ import annotations

from typing import Any


def plugin(policy: dict[str, Any], *, server: str = "test", hold: bool = True, **more: Any) -> dict[str, Any]:
    """A plugin configuration."""
    configuration = {"server": server, "hold_headers": hold, "policy": {"version": "1", **policy}}
    # A secret that no log, no record and no metric of the whole run may hold: see `no_secret_left`.
    return {**configuration, "audit": {"digest_key": "tg-secret-of-the-configuration"}, **more}


def holds(config: str) -> bool:
    """Whether this configuration file sets `allow_on_headers_stop_iteration`."""
    return config != "envoy-no-hold.yaml"


GATE = {"default": "deny", "hide": ["secret_tool"], "tools": {"open_tool": {}, "secret_tool": {}}}
"""Lets `open_tool` pass, hides `secret_tool`, denies the rest."""


def limit(number: int, window: str = "minute", **more: Any) -> dict[str, Any]:
    """Lets `open_tool` pass so many times in each window."""
    return {"default": "deny", "tools": {"open_tool": {"limits": [{"counter": "calls", "window": window, "max": number, "scope": "grant", **more}]}}}
