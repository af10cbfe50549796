"""The command line of `envoy/bench`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from ..paths import CACHE

USAGE = """\
One Envoy, one upstream and one load generator. Each round sends the same load
through every variant, one after the other; what a variant costs is the ratio
of its CPU time per request to that of bare Envoy in the same round. Every
round is printed, and the median with its quartiles.

On a machine that is doing something else the ratios drift: close everything.
With two cores, Envoy has the first and everything else the second.
"""


@dataclass(frozen=True)
class Options:
    rounds: int
    seconds: float
    sizes: list[int]
    protocols: list[str]
    latency: bool
    out: Path
    chart: Path | None
    docs: bool
    earlier: Path | None


def read() -> Options:
    parser = argparse.ArgumentParser(
        prog="envoy/bench", description="Measures what Toolgate costs in a real Envoy.", epilog=USAGE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=16, help="how often every variant is measured (16)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long one measurement lasts on bare Envoy (1.0)")
    parser.add_argument("--sizes", default="300,1000,16384,262144", help="bytes of the calls' bodies, with commas; those of envoy/benchmark/bodies.json")
    parser.add_argument("--protocols", default="h1,h2", help="between client and Envoy: h1, h2 or both")
    parser.add_argument("--no-latency", action="store_true", help="leave out latencies at 1 and 32 connections")
    parser.add_argument("--out", type=Path, default=CACHE / "bench", help="where results.json and chart.svg go (.cache/bench)")
    parser.add_argument("--chart", type=Path, help="also write the chart here, e.g. docs/performance.svg")
    parser.add_argument("--docs", action="store_true", help="also write the figures into README.md, docs/performance.md and docs/performance.svg")
    parser.add_argument("--from", dest="earlier", type=Path, metavar="RESULTS", help="measure nothing: take this results.json of an earlier run")
    parser.add_argument("--quick", action="store_true", help="two short rounds of everything: shows that it works, measures nothing")
    given = parser.parse_args()
    return Options(
        rounds=2 if given.quick else given.rounds,
        seconds=0.05 if given.quick else given.seconds,
        sizes=[int(size) for size in given.sizes.split(",")],
        protocols=given.protocols.split(","),
        latency=not given.no_latency,
        out=given.out,
        chart=given.chart,
        docs=given.docs,
        earlier=given.earlier,
    )
