"""Runs the rounds: every variant after the other, again and again, and what each cost beside bare Envoy."""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .. import build, process, setup
from . import chart, docs, programs, report, workload
from .arguments import Options
from .variants import Variant, every, with_tools

BARE = {"list": "bare list"}
"""What a variant is compared with, by what is sent; `bare` when it is not here."""

LATENCY = ("bare", "floor", "toolgate name-only", "toolgate full", "native")
CONNECTIONS = 32


@dataclass
class Case:
    """One variant with one size and one protocol."""

    variant: str
    protocol: str
    size: int
    cpu: list[float] = field(default_factory=list)
    """CPU time of Envoy for one request in microseconds, a number a round."""
    rate: list[float] = field(default_factory=list)
    """Requests in a second."""
    cpu_ratio: list[float] = field(default_factory=list)
    """To bare Envoy in the same round."""
    rate_ratio: list[float] = field(default_factory=list)


class Bench:
    """The programs that run, and the files that they send."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self.folder = folder
        module = build.module_now()
        self.variants = every(module, programs.floor(folder))
        self.module = module
        self.server, port = programs.upstream(folder / "nginx")
        self.port = port
        self.proxy = programs.Proxy(self.variants, port, folder)
        for size in options.sizes:
            (folder / f"call-{size}").write_bytes(workload.call(size))
            (folder / f"denied-{size}").write_bytes(workload.denied(size))
            (folder / f"list-{size}").write_bytes(workload.tools_list())

    def stop(self) -> None:
        self.proxy.stop()
        self.server.stop()

    def send(self, variant: Variant, size: int, protocol: str, requests: int, connections: int = CONNECTIONS, log: Path | None = None) -> tuple[float, float]:
        """CPU time a request in microseconds, and requests a second."""
        path = "list" if variant.body == "list" else "mcp"
        url = f"http://127.0.0.1:{self.proxy.ports[variant.name]}/{path}"
        body = self.folder / f"{variant.body}-{size}"
        before = self.proxy.cpu()
        rate = programs.load(url, body, variant, protocol, requests=requests, connections=connections, log=log)
        return (self.proxy.cpu() - before) / requests * 1e6, rate

    def requests(self, size: int, protocol: str, seconds: float) -> int:
        """How many requests bare Envoy answers in that time."""
        bare = self.variants[0]
        self.send(bare, size, protocol, 320)
        _, rate = self.send(bare, size, protocol, 640)
        return max(64, int(rate * seconds))

    def rounds(self) -> list[Case]:
        cases = []
        for protocol in self.options.protocols:
            for size in self.options.sizes:
                cases += self._rounds_of(size, protocol)
        return cases

    def _rounds_of(self, size: int, protocol: str) -> list[Case]:
        variants = [variant for variant in self.variants if variant.sizes is None or size in variant.sizes]
        requests = self.requests(size, protocol, self.options.seconds)
        cases = {variant.name: Case(variant.name, protocol, size) for variant in variants}
        print(f"\n{protocol}, {size} bytes, {requests} requests a measurement over {CONNECTIONS} connections; CPU as a ratio to bare Envoy", flush=True)
        for variant in variants:
            self.send(variant, size, protocol, max(64, requests // 4))
        for number in range(self.options.rounds):
            # Another one is first in each round, so that none has a place of its own.
            turned = variants[number % len(variants) :] + variants[: number % len(variants)]
            for variant in turned:
                cpu, rate = self.send(variant, size, protocol, requests)
                cases[variant.name].cpu.append(cpu)
                cases[variant.name].rate.append(rate)
            for variant in variants:
                case, bare = cases[variant.name], cases[BARE.get(variant.body, "bare")]
                case.cpu_ratio.append(case.cpu[-1] / bare.cpu[-1])
                case.rate_ratio.append(case.rate[-1] / bare.rate[-1])
            line = "  ".join(f"{case.variant} {case.cpu_ratio[-1]:.2f}" for case in cases.values() if not case.variant.startswith("bare"))
            print(f"  round {number + 1:2}: {line}", flush=True)
        return list(cases.values())

    def latencies(self) -> list[dict[str, Any]]:
        """p50 and p99 beside bare Envoy, over one connection and over many."""
        variants = [variant for variant in self.variants if variant.name in LATENCY]
        found = []
        log = self.folder / "latency.log"
        for connections in (1, CONNECTIONS):
            requests = max(64, int(self.requests(1000, "h1", self.options.seconds) / (1 if connections > 1 else 4)))
            seen: dict[str, list[tuple[float, float]]] = {variant.name: [] for variant in variants}
            for number in range(min(self.options.rounds, 8)):
                for variant in variants[number % len(variants) :] + variants[: number % len(variants)]:
                    self.send(variant, 1000, "h1", requests, connections, log)
                    times = programs.latencies(log)
                    seen[variant.name].append((times[len(times) // 2], times[len(times) * 99 // 100]))
            for variant in variants:
                ratios = [[own[part] / bare[part] for own, bare in zip(seen[variant.name], seen["bare"], strict=True)] for part in (0, 1)]
                found.append({"variant": variant.name, "connections": connections, "p50_ratio": ratios[0], "p99_ratio": ratios[1]})
        return found

    def many_tools(self) -> dict[str, Any]:
        """A policy of 10,000 tools beside one of 10: CPU a request in the same rounds, and the time to load it."""
        few, many = with_tools(self.module, 10), with_tools(self.module, 10_000)
        # Each virtual machine loads it: a canary, the main thread's and the worker's.
        loads = [(self._start(many) - self._start(few)) / 3 for _ in range(1 if self.options.rounds < 3 else 5)]
        with self._only(few, many):
            requests = max(64, int(self.options.seconds * 10_000))
            ratios = []
            for number in range(self.options.rounds):
                order = (few, many) if number % 2 else (many, few)
                cost = {variant.name: self.send(variant, 1000, "h1", requests)[0] for variant in order}
                ratios.append(cost[many.name] / cost[few.name])
        return {"cpu_ratio": ratios, "load_seconds": statistics.median(loads)}

    def _start(self, variant: Variant) -> float:
        """CPU seconds that an Envoy with this variant alone takes until it has answered: its port listens before that."""
        with self._only(variant):
            self.send(variant, 1000, "h1", 1, connections=1)
            return self.proxy.cpu()

    @contextmanager
    def _only(self, *variants: Variant) -> Iterator[None]:
        """Another Envoy in the place of the usual one, with these variants."""
        usual, self.proxy = self.proxy, programs.Proxy(list(variants), self.port, self.folder)
        try:
            yield
        finally:
            self.proxy.stop()
            self.proxy = usual


def main(options: Options) -> int:
    folder = options.out.absolute()
    if options.earlier:
        results = json.loads(options.earlier.read_text())
        folder.mkdir(parents=True, exist_ok=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        results = _measured(options, folder)
        (folder / "results.json").write_text(json.dumps(results, indent=1))
    table = report.table(results)
    (folder / "table.md").write_text(table)
    drawn = chart.draw(results)
    (folder / "chart.svg").write_text(drawn)
    if options.chart:
        options.chart.write_text(drawn)
    if options.docs:
        docs.write(results)
    print(f"\n{table}\n{folder}: results.json, table.md and chart.svg; {results['minutes']} minutes")
    return 0


def _measured(options: Options, folder: Path) -> dict[str, Any]:
    load = os.getloadavg()[0]
    bench = Bench(options, folder)
    try:
        began = time.monotonic()
        results: dict[str, Any] = {
            "machine": {"cores": os.cpu_count(), "processor": _processor(), "envoy": _version(), "rounds": options.rounds, "seconds": options.seconds, "load": load},
            "about": {variant.name: variant.about for variant in bench.variants},
            "cases": [asdict(case) for case in bench.rounds()],
            "many_tools": bench.many_tools(),
            "latency": bench.latencies() if options.latency else [],
            "module_bytes": bench.module.stat().st_size,
        }
        results["minutes"] = round((time.monotonic() - began) / 60, 1)
    finally:
        bench.stop()
    return results


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version() -> str:
    return process.run([setup.envoy_binary(), "--version"], limit=30).strip().rpartition("version: ")[2]
