"""Every raw request that a proxy hands to its filters has the same in host-test and in Envoy: the answer, what the server received, the record."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import corpus
import wire
from corpus import Case
from harness import process
from harness.bootstrap import Site
from harness.envoy import Envoy
from harness.paths import ROOT
from harness.servers import Server
from test_corpus import CONFIGS, NOT_IN_OLDER_ENVOYS, report

CASES = [case for case in corpus.read() if not case.alone and not case.expect.startswith("proxy")]
"""Without those that Envoy answers or changes itself before a filter sees them; the corpus says which they are."""

OF_THE_PROXY = {
    *("connection", "content-length", "date", "expect", "host", "http2-settings", "keep-alive", "proxy-connection", "server"),
    *("te", "transfer-encoding", "upgrade"),
    *("x-envoy-expected-rq-timeout-ms", "x-envoy-external-address", "x-envoy-internal", "x-envoy-upstream-service-time"),
    *("x-forwarded-for", "x-forwarded-proto", "x-request-id"),
}
"""Headers that a proxy adds, or removes as belonging to one connection, or that frame the body."""

OF_THE_RUN = {"id", "time", "trace"}
"""Members of a record that are never the same twice."""


@pytest.fixture(scope="module")
def here(host_test: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What came of each request in host-test, by the way of holding headers."""
    path = tmp_path_factory.mktemp("seen") / "seen.json"
    argv = ["cargo", "test", "--quiet", "--workspace", "--test", "wire_corpus", "--", "every_request"]
    process.run(argv, cwd=ROOT, limit=1200, env={"TOOLGATE_WIRE_SEEN": str(path)})
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server("recording.py", log=tmp_path_factory.mktemp("recording") / "log") as running:
        yield running


@pytest.mark.parametrize("mode", CONFIGS)
def test_envoy_does_what_host_test_does(module: Path, here: dict[str, dict[str, Any]], server: Server, tmp_path: Path, mode: str) -> None:
    plugins = {name: {**plugin, "hold_headers": mode == "hold"} for name, plugin in corpus.policies().items()}
    sites = {name: Site(server.address, plugin) for name, plugin in plugins.items()}
    options = {"module": module, "config": CONFIGS[mode], "upstream": server.address, "plugin": plugins["gate"], "sites": sites}
    wrong = []
    with Envoy(folder=tmp_path, concurrency=1, **options) as envoy:
        # One after the other, so that the records come in their order; what is pipelined, last.
        cases = sorted(CASES, key=lambda case: case.answers)
        observed = [observe(envoy, server, case) for case in cases]
        for case, seen, record in zip(cases, observed, envoy.records(len(cases)), strict=False):
            seen["record"] = lasting(record) or None
            if case.method in NOT_IN_OLDER_ENVOYS and os.environ.get("ENVOY") and seen["answer"].body == b"Bad Request":
                # Its parser refused the request after its head, if the filter saw it at all.
                assert seen["upstream"] is None and (record or {"outcome": "reject"})["outcome"] == "reject"
                continue
            wrong += [f"{case.id}: {fault}" for fault in differences(case, here[mode][case.id], seen)]
    report(wrong)
    assert len(CASES) > 500


def observe(envoy: Envoy, server: Server, case: Case) -> dict[str, Any]:
    """Sends a request and gathers what came of it."""
    with wire.Connection(envoy.ports[case.policy]) as connection:
        try:
            connection.send(case.data)
        except (BrokenPipeError, ConnectionResetError):
            # The answer may have come before the request was all sent.
            pass
        answer = connection.read_head()
        connection.read_body(answer, case.method)
    return {"answer": answer, "upstream": server.get("/last")}


def differences(case: Case, here: dict[str, Any], there: dict[str, Any]) -> Iterator[str]:
    answer = there["answer"]
    pairs = {
        "the status": (here["answer"]["status"], answer.status),
        "the headers": (own(here["answer"]["headers"]), own(f"{name}: {value}" for name, value in answer.headers.items())),
        "the body": ("" if case.method == "HEAD" else here["answer"]["body"], answer.body.decode("latin-1")),
    }
    if case.answers == 1:
        # What is pipelined behind a request may reach the server after it, and has a record of its own.
        pairs["the record"] = (here["record"], there["record"])
        sent, received = here["upstream"] or {}, there["upstream"] or {}
        pairs["the request line upstream"] = (sent.get("line"), received.get("line"))
        pairs["the headers upstream"] = (own(sent.get("headers", [])), own(received.get("headers", [])))
        pairs["the body upstream"] = (sent.get("body"), received.get("body"))
    for what, (in_host_test, in_envoy) in pairs.items():
        if in_host_test != in_envoy:
            yield f"{what}: {str(in_host_test)[:400]} in host-test, {str(in_envoy)[:400]} in Envoy"


def own(lines: Any) -> list[str]:
    """The header lines that are not the proxy's, names in lower case, in order."""
    pairs = (line.partition(":") for line in lines)
    return sorted(f"{name.lower()}: {value.strip()}" for name, _, value in pairs if name.lower() not in OF_THE_PROXY)


def lasting(record: dict[str, Any]) -> dict[str, Any]:
    """A record without what is never the same twice."""
    kept = {key: value for key, value in record.items() if key not in OF_THE_RUN}
    if isinstance(kept.get("arguments"), dict):
        kept["arguments"] = {key: value for key, value in kept["arguments"].items() if key != "digest"}
    if "batch" in kept:
        kept["batch"] = [lasting(element) for element in kept["batch"]]
    return kept
