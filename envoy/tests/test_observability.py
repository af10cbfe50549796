"""The examples of envoy/observability at work: Prometheus, its alert rules, the dashboard's queries, OpenTelemetry."""

from __future__ import annotations

import contextlib
import json
import re
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

import trapping
import wire
from harness import process, telemetry
from harness.envoy import Envoy
from harness.paths import ENVOY_DIR
from harness.process import Process
from harness.servers import Server
from test_audit import POLICY, audited, checked

FILES = ENVOY_DIR / "observability"


def queries() -> list[str]:
    """Every query of the dashboard, and of the rules without what they are compared with."""
    dashboard = json.loads((FILES / "dashboard.json").read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load((FILES / "alerts.yml").read_text())["groups"][0]["rules"]
    return [*shown, *(rule["expr"] for rule in rules)]


def answerable(query: str) -> str:
    """A query as the test asks it: over seconds, and whether or not an alert would fire."""
    query = re.sub(r"\[(\$__rate_interval|\d+m)\]", "[30s]", query)
    # The comparison at the end decides about an alert; what is compared must be there.
    query = re.sub(r"\s*(>=|>)\s*[\d.]+\s*$", "", query.strip())
    # How far another proxy may lag behind: here there is one proxy, which does not.
    return query.replace("< on (policy)", "<= on (policy)").replace("- 300", "- 0")


class Prometheus:
    """A Prometheus that scrapes one Envoy every second."""

    def __init__(self, envoy: Envoy, folder: Path) -> None:
        folder.mkdir()
        (folder / "alerts.yml").write_text((FILES / "alerts.yml").read_text())
        document = yaml.safe_load((FILES / "prometheus.yml").read_text())
        document["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        document["scrape_configs"][0]["static_configs"][0]["targets"] = [":".join(map(str, envoy.admin))]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(document))
        argv: list[str | Path] = [
            telemetry.prometheus() / "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--web.listen-address=127.0.0.1:0",
            "--log.level=info",
        ]
        self.process = Process("Prometheus", argv, log=folder / "prometheus.log", limit=300)
        address = self.process.wait_for(r"Listening on\W+address=(127\.0\.0\.1:\d+)", timeout=60)[1]
        self.url = f"http://{address}"

    def get(self, path: str, **parameters: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def answers(self, query: str) -> list[Any]:
        """What a query answers, without what is no number."""
        found = self.get("/api/v1/query", query=query)["result"]
        return [entry for entry in found if entry["value"][1] != "NaN"]


def test_promtool_finds_nothing_wrong(tmp_path: Path) -> None:
    for name in ("alerts.yml", "prometheus.yml"):
        (tmp_path / name).write_text((FILES / name).read_text())
    promtool = telemetry.prometheus() / "promtool"
    rules = len(yaml.safe_load((FILES / "alerts.yml").read_text())["groups"][0]["rules"])
    assert f"SUCCESS: {rules} rules found" in process.run([promtool, "check", "rules", tmp_path / "alerts.yml"], limit=60)
    assert "SUCCESS" in process.run([promtool, "check", "config", tmp_path / "prometheus.yml"], limit=60)


PERSON = {"approve_if": [{"conditions": [{"path": "args.n", "op": "gt", "value": 0}], "message": "A person must see it."}]}
TOOLS = {
    **POLICY["tools"],
    "failing_tool": {"limits": [{"counter": "failing", "window": "day", "max": 5, "scope": "global", "refund_on": ["is_error"]}]},
    "pinned_tool": {"pin": "sha256:" + "0" * 64},
    "grave": PERSON,
}
CONFIGURATION = {**audited(), "policy": {"version": "1", **POLICY, "tools": TOOLS}, "approvals": {"keys": ["ab" * 32]}}


def load(envoy: Envoy) -> None:
    """Some of everything, so that each series moves."""
    calls = [("few_tool", {}), ("other", {}), ("dry_tool", {"n": 5}), ("pay", {"amount": 500}), ("failing_tool", {}), ("grave", {"n": 1})]
    bodies = [wire.call("open_tool")] * 20 + [wire.call(*call) for call in calls] + [wire.listing(), b"{"]
    for body in bodies:
        # Requests that meet no virtual machine are refused, or end unanswered.
        with contextlib.suppress(EOFError, OSError):
            wire.ask(envoy.port, wire.post(body))


def test_every_query_of_the_dashboard_and_the_alerts_has_data_from_an_envoy_under_load(module: Path, tmp_path: Path) -> None:
    # A module that traps when it is told to, so that there is a failed filter to alert of.
    broken = trapping.with_fuse(module, tmp_path / "trap.wasm")
    with (
        Server("counting.py", "--tools", "open_tool,hidden_tool,pinned_tool", log=tmp_path / "server.log") as upstream,
        Envoy(module=broken, config="envoy-ecds.yaml", upstream=upstream.address, plugin=CONFIGURATION, folder=tmp_path / "envoy") as envoy,
    ):
        prometheus = Prometheus(envoy, tmp_path / "prometheus")
        try:
            load(envoy)
            with contextlib.suppress(EOFError, OSError):
                wire.ask(envoy.port, wire.post(wire.call("few_tool"), *[b"x-fuse: 1"] * trapping.MANY))
            envoy.update({**CONFIGURATION, "policy": {"version": "1", "defalt": "deny"}})
            left = queries()
            deadline = time.monotonic() + 150
            while left:
                assert time.monotonic() < deadline, f"no data for {left}"
                load(envoy)
                left = [query for query in left if not prometheus.answers(answerable(query))]
            alerts = prometheus.get("/api/v1/rules")["groups"][0]["rules"]
            assert [(rule["name"], rule["health"]) for rule in alerts if rule["health"] != "ok"] == []
            # No series is named as no one would expect it.
            names = {name for name in prometheus.get("/api/v1/label/__name__/values") if "toolgate" in name and not name.startswith("envoy_")}
            assert {re.sub("_(bucket|count|sum)$", "", name) for name in names} == {
                "toolgate_decisions_total", "toolgate_shadowed_total", "toolgate_limit_used_percent", "toolgate_hidden_total", "toolgate_refunded_total",
                "toolgate_decision_microseconds", "toolgate_policy_loaded_timestamp_seconds", "toolgate_config_loads_total",
                "toolgate_approvals_total", "toolgate_pins_changed_total",
            }  # fmt: skip
        finally:
            prometheus.process.stop()


def test_records_and_spans_reach_an_opentelemetry_collector(start, upstream: Server, tmp_path: Path) -> None:
    logs, spans = tmp_path / "logs.jsonl", tmp_path / "spans.jsonl"
    logs.touch(), spans.touch()
    env = {"PYTHONPATH": str(telemetry.packages())}
    with Server("otel.py", "--logs", str(logs), "--traces", str(spans), log=tmp_path / "otel.log", env=env) as collector:

        def add(document: dict[str, Any]) -> None:
            more = yaml.safe_load((FILES / "envoy-otel.yaml").read_text())
            resources = document["static_resources"]
            manager = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
            manager["access_log"] += more["access_log"]
            manager["tracing"] = more["tracing"]
            endpoint = more["clusters"][0]["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
            endpoint["address"]["socket_address"]["port_value"] = collector.port
            resources["clusters"] += more["clusters"]

        envoy = start(upstream=upstream.address, plugin=audited(), edit=add)
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        fields = [f"traceparent: 00-{trace}-00f067aa0ba902b7-01".encode()]
        for body in (wire.call("open_tool"), wire.call("other_tool"), b"{"):
            wire.ask(envoy.port, wire.post(body, *fields))
        found = [_lines(path, 3) for path in (logs, spans)]
        assert [len(lines) for lines in found] == [3, 3]
        records = checked([json.loads(entry["body"]) for entry in found[0]])
        # Each worker exports on its own.
        by_id = sorted(records, key=lambda record: record["id"])
        assert by_id == sorted(envoy.records(3), key=lambda record: record["id"])
        statuses = {record["outcome"]: entry["attributes"]["http.response.status_code"] for record, entry in zip(records, found[0])}
        assert statuses == {"allow": "200", "deny": "200", "reject": "400"}
        assert all(entry["trace"] == trace for entry in found[0] + found[1])
        decisions = checked([json.loads(span["attributes"]["toolgate.decision"]) for span in found[1]])
        assert sorted(record["outcome"] for record in decisions) == ["allow", "deny", "reject"]


def _lines(path: Path, at_least: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 30
    while True:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        if len(lines) >= at_least or time.monotonic() > deadline:
            return lines
        time.sleep(0.05)
