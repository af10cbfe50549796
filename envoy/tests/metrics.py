"""Reads Envoy's Prometheus page."""

from __future__ import annotations

import re

from harness.envoy import Envoy

LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def samples(envoy: Envoy, family: str) -> list[tuple[dict[str, str], float]]:
    """The samples of one family, each with its labels."""
    found = []
    for line in envoy.admin_get("/stats/prometheus").splitlines():
        match = LINE.match(line)
        if match and match[1] == family:
            found.append((dict(LABEL.findall(match[2] or "")), float(match[3])))
    return found


def total(envoy: Envoy, family: str, **labels: str) -> float:
    """The sum of those samples that have these labels."""
    return sum(value for have, value in samples(envoy, family) if labels.items() <= have.items())
