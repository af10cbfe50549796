"""The chart: for each size of a body, what each variant adds to bare Envoy, every round a dot."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from .report import size_name, spread

WIDTH, LABEL, RIGHT, ROW, HEAD = 760, 170, 70, 24, 34
ORDER = ("floor", "toolgate allow-all", "toolgate name-only", "toolgate full", "toolgate denied", "lua", "native")
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f } .small { font-size: 11px; fill: #57606a }
  .axis { stroke: #d0d7de } .bare { stroke: #57606a; stroke-dasharray: 3 3 }
  .ours { fill: #1f883d } .others { fill: #8c959f } .dot { fill: #24292f; fill-opacity: .35 } .head { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #8d96a0 } .axis { stroke: #3d444d } .bare { stroke: #8d96a0 }
    .ours { fill: #3fb950 } .others { fill: #656c76 } .dot { fill: #e6edf3 }
  }
"""


def draw(results: dict[str, Any], protocol: str | None = None) -> str:
    """An SVG of the first protocol that was measured."""
    protocol = protocol or results["cases"][0]["protocol"]
    cases = [case for case in results["cases"] if case["protocol"] == protocol and case["variant"] in ORDER]
    sizes = sorted({case["size"] for case in cases})
    most = max((max(case["cpu_ratio"]) for case in cases), default=2.0)
    most = max(1.5, min(most, max(spread(case["cpu_ratio"])[1] for case in cases) * 1.15))
    scale = (WIDTH - LABEL - RIGHT) / (most - 0.5)

    def x(ratio: float) -> float:
        return round(LABEL + (min(max(ratio, 0.5), most) - 0.5) * scale, 1)

    parts = []
    top = 56
    for size in sizes:
        rows = sorted((case for case in cases if case["size"] == size), key=lambda case: ORDER.index(case["variant"]))
        parts.append(f'<text class="head" x="8" y="{top + 18}">{size_name(size)}</text>')
        bottom = top + HEAD + ROW * len(rows)
        tick = 0.5
        while tick <= most:
            kind = "bare" if tick == 1 else "axis"
            parts.append(f'<line class="{kind}" x1="{x(tick)}" x2="{x(tick)}" y1="{top + HEAD - 8}" y2="{bottom}"/>')
            parts.append(f'<text class="small" text-anchor="middle" x="{x(tick)}" y="{top + HEAD - 12}">{tick:g}</text>')
            tick += 0.5
        for number, case in enumerate(rows):
            y = top + HEAD + ROW * number
            middle = spread(case["cpu_ratio"])[1]
            kind = "ours" if case["variant"].startswith("toolgate") else "others"
            left, right = sorted((x(1), x(middle)))
            parts.append(f'<text text-anchor="end" x="{LABEL - 8}" y="{y + 14}">{escape(case["variant"])}</text>')
            parts.append(f'<rect class="{kind}" x="{left}" y="{y + 3}" width="{max(right - left, 1):.1f}" height="{ROW - 9}" rx="2"/>')
            parts += [f'<circle class="dot" cx="{x(ratio)}" cy="{y + 10.5}" r="2"/>' for ratio in case["cpu_ratio"]]
            parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{y + 14}">{middle:.2f}</text>')
        top = bottom + 14
    title = f"Envoy's CPU time a request beside bare Envoy ({ {'h1': 'HTTP/1.1', 'h2': 'HTTP/2'}[protocol] })"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" role="img" aria-label="{escape(title)}">\n'
        f"<style>{STYLE}</style>\n"
        f'<text class="head" x="8" y="20">{escape(title)}</text>\n'
        f'<text class="small" x="8" y="40">tools/call by size of its body; bars from bare Envoy to the median, a dot for each round</text>\n' + "\n".join(parts) + "\n</svg>\n"
    )
