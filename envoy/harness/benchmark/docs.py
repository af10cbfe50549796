"""Writes the figures of a run into the documentation: the README's table and chart, and all of them in docs/performance.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..paths import ROOT
from . import chart, report

BEGIN, END = "<!-- envoy/bench --docs writes this -->", "<!-- as far as here -->"


def write(results: dict[str, Any], root: Path = ROOT) -> None:
    """Replaces what stands between the marks of both documents, and draws the chart."""
    (root / "docs" / "performance.svg").write_text(chart.draw(results))
    _replace(root / "README.md", report.summary(results))
    _replace(root / "docs" / "performance.md", report.table(results))


def _replace(path: Path, text: str) -> None:
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no `{BEGIN}` with `{END}` after it")
    path.write_text(f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}")
