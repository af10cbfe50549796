"""The table: medians and quartiles of the paired ratios."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any


def spread(ratios: Sequence[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper quartile."""
    if len(ratios) < 2:
        return ratios[0], ratios[0], ratios[0]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return low, middle, high


def shown(ratios: Sequence[float]) -> str:
    low, middle, high = spread(ratios)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def size_name(size: int) -> str:
    return f"{size} B" if size < 1000 else "1 kB" if size < 1024 else f"{round(size / 1024)} kB"


def summary(results: dict[str, Any]) -> str:
    """Markdown for the README: the first protocol that was measured, and what the run says of the goals."""
    first = results["cases"][0]["protocol"]
    lines = [_machine(results), "", "| body | variant | CPU a request beside bare Envoy |", "|---|---|---|"]
    for case in results["cases"]:
        if case["protocol"] == first and not case["variant"].startswith("bare"):
            lines.append(f"| {size_name(case['size'])} | {case['variant']} | {shown(case['cpu_ratio'])} |")
    return "\n".join([*lines, *_goals(results)]) + "\n"


def _machine(results: dict[str, Any]) -> str:
    machine = results["machine"]
    return (
        f"Envoy {machine['envoy'].split('/')[1] if '/' in machine['envoy'] else machine['envoy']} on {machine['cores']} cores of {machine['processor']}, "
        f"{machine['rounds']} rounds of {machine['seconds']} s, load average {machine['load']:.1f} before them (0 is a quiet machine); median (quartiles) of the ratios to bare Envoy in the same round."
    )


def table(results: dict[str, Any]) -> str:
    """Markdown: a block for each protocol and size."""
    lines = [
        _machine(results),
        "",
        "| client | body | variant | CPU a request | requests a second |",
        "|---|---|---|---|---|",
    ]
    for case in results["cases"]:
        if case["variant"].startswith("bare"):
            continue
        protocol = {"h1": "HTTP/1.1", "h2": "HTTP/2"}[case["protocol"]]
        lines.append(f"| {protocol} | {size_name(case['size'])} | {case['variant']} | {shown(case['cpu_ratio'])} | {shown(case['rate_ratio'])} |")
    lines += ["", "| latency, 1 kB, HTTP/1.1 | connections | p50 | p99 |", "|---|---|---|---|"] if results["latency"] else []
    for found in results["latency"]:
        if found["variant"] != "bare":
            lines.append(f"| {found['variant']} | {found['connections']} | {shown(found['p50_ratio'])} | {shown(found['p99_ratio'])} |")
    many = results["many_tools"]
    lines += [
        "",
        f"A policy of 10,000 tools beside one of 10: CPU a request {shown(many['cpu_ratio'])}; loading it takes {many['load_seconds']:.2f} s more of CPU time in each virtual machine.",
        f"The module has {results['module_bytes']:,} bytes.",
        *_goals(results),
    ]
    return "\n".join(lines) + "\n"


def _goals(results: dict[str, Any]) -> list[str]:
    """The goals that this run can judge, and what it says of each."""
    cost = {(case["variant"], case["protocol"], case["size"]): spread(case["cpu_ratio"])[1] for case in results["cases"]}

    def of(variant: str, size: int = 1000, protocol: str = "h1") -> float | None:
        return cost.get((variant, protocol, size))

    goals: list[tuple[str, float | None, float | None]] = [
        ("full policy, 1 kB: at most 1.35 times bare", of("toolgate full"), 1.35),
        ("name-only, 1 kB: at most 1.27 times bare", of("toolgate name-only"), 1.27),
        ("denied, 1 kB: less than forwarding", of("toolgate denied"), of("toolgate full")),
        ("10,000 tools: at most 1.05 times 10", spread(results["many_tools"]["cpu_ratio"])[1], 1.05),
    ]
    goals.append(("the module: at most 400 kB, in kB", results["module_bytes"] / 1000, 400.0))
    full, native = of("toolgate full"), of("native")
    if full and native:
        goals.append(("full policy, 1 kB: adds at most half of what the native chain adds", full - 1, (native - 1) / 2))
    for size in (16384, 262144):
        full, native = of("toolgate full", size), of("native", size)
        if full and native:
            goals.append((f"full policy, {size_name(size)}: adds at most what the native chain adds", full - 1, native - 1))
    lines = ["", "| goal | this run | |", "|---|---|---|"]
    for name, found, most in goals:
        if found is not None and most is not None:
            lines.append(f"| {name} | {found:.2f} of {most:.2f} | {'met' if found <= most else 'missed'} |")
    return lines
