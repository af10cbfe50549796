"""The corpus of raw requests, through Envoy to lenient servers: whatever is sent, no server runs what the policy denies.

Every request first goes to every server directly: what would run there without Toolgate is what the corpus says under
`bites`, so it is known to be dangerous; and what a legitimate request runs there is what it must run through Toolgate.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import corpus
import wire
from conftest import LENIENT as SERVERS
from corpus import FORBIDDEN, Case
from harness.bootstrap import Site
from harness.envoy import Envoy
from harness.servers import Server

CONFIGS = {"hold": "envoy.yaml", "no-hold": "envoy-no-hold.yaml"}
PATIENCE = 3
"""Seconds to wait for a server that may never answer what nobody should send."""

CASES = corpus.read()
BY_THEME: dict[str, list[Case]] = collections.defaultdict(list)
for _case in CASES:
    BY_THEME[_case.theme].append(_case)


@dataclass(frozen=True)
class Seen:
    """What came of a request."""

    answers: list[wire.Response]
    ran: collections.Counter[str]


class Runs:
    """What a server has run since it was asked last, so that what runs late is not missed."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._before: collections.Counter[str] = collections.Counter()

    def since(self) -> collections.Counter[str]:
        now = collections.Counter(self._server.ran())
        new, self._before = now - self._before, now
        return new


def send(port: int, runs: Runs, case: Case, timeout: float) -> Seen:
    """Sends a request and waits for its answers, as far as there are any."""
    answers: list[wire.Response] = []
    try:
        with wire.Connection(port, timeout) as connection:
            try:
                connection.send(case.data)
            except (BrokenPipeError, ConnectionResetError):
                # The answer may have come before the request was all sent.
                pass
            for _ in range(case.answers):
                answers.append(connection.read_head())
                if case.stream or (case.method == "GET" and answers[-1].headers.get("content-type") == "text/event-stream"):
                    break
                if answers[-1].status == 101:
                    # The server hears that nothing follows, and has then read what did.
                    connection.finish()
                connection.read_body(answers[-1], case.method)
                if answers[-1].headers.get("connection") == "close":
                    break
    except (EOFError, TimeoutError, ConnectionResetError, ValueError):
        pass
    return Seen(answers, runs.since())


def report(wrong: list[str]) -> None:
    """Fails with every fault, and nothing else."""
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.fixture(scope="session")
def servers(module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    folder = tmp_path_factory.mktemp("corpus")
    started: dict[str, Server] = {}
    try:
        for name, program in SERVERS.items():
            started[name] = Server(program, log=folder / f"{name}.log")
        yield started
    finally:
        for server in started.values():
            server.stop()


@pytest.fixture(scope="session")
def direct(servers: dict[str, Server]) -> dict[str, dict[str, Seen]]:
    """What comes of every request at every server, without Toolgate."""

    def ask(server: Server) -> dict[str, Seen]:
        runs = Runs(server)
        return {case.id: send(server.port, runs, case, PATIENCE) for case in CASES}

    with ThreadPoolExecutor(len(servers)) as pool:
        return dict(zip(servers, pool.map(ask, servers.values()), strict=True))


@pytest.fixture(scope="session")
def gates(module: Path, servers: dict[str, Server], direct: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Envoy]]:
    """An Envoy with held headers and one without, each with a listener for every policy in front of every server."""
    started: dict[str, Envoy] = {}
    any_address = next(iter(servers.values())).address
    try:
        for mode, config in CONFIGS.items():
            plugins = {name: {**plugin, "hold_headers": mode == "hold"} for name, plugin in corpus.policies().items()}
            sites = {f"{policy}-{name}": Site(server.address, plugin) for policy, plugin in plugins.items() for name, server in servers.items()}
            folder = tmp_path_factory.mktemp(mode)
            started[mode] = Envoy(module=module, config=config, upstream=any_address, plugin=plugins["gate"], sites=sites, folder=folder, concurrency=1)
        yield started
    finally:
        for envoy in started.values():
            envoy.stop()


def test_the_corpus_is_large_and_names_are_unique() -> None:
    assert len(CASES) >= 250
    assert len({case.id for case in CASES}) == len(CASES)
    assert sum(case.forwarded for case in CASES) >= 60, "too few requests that must pass"


@pytest.mark.parametrize("theme", corpus.themes())
def test_the_corpus_bites_as_it_says(direct: dict[str, dict[str, Seen]], theme: str) -> None:
    wrong = []
    for case in BY_THEME[theme]:
        bites = [name for name in SERVERS if set(direct[name][case.id].ran) & FORBIDDEN]
        if bites != case.bites:
            wrong.append(f"{case.id}: without Toolgate it runs what is denied on {bites}, the corpus says {case.bites}")
        if case.forwarded and not case.bites and direct["careless"][case.id].ran != collections.Counter(case.runs):
            wrong.append(f"{case.id}: without Toolgate the careless server runs {dict(direct['careless'][case.id].ran)}, the corpus says {case.runs}")
    report(wrong)


def test_most_attacks_bite() -> None:
    attacks = [case for case in CASES if not case.forwarded]
    assert sum(bool(case.bites) for case in attacks) >= len(attacks) // 2
    for name in SERVERS:
        assert sum(name in case.bites for case in attacks) >= 20, f"too few attacks work on {name}"


@pytest.mark.parametrize("theme", corpus.themes())
def test_no_server_runs_what_is_denied(
    gates: dict[str, Envoy], servers: dict[str, Server], direct: dict[str, dict[str, Seen]], mode_and_lenient: tuple[str, str], theme: str
) -> None:
    mode, name = mode_and_lenient
    wrong = []
    runs = Runs(servers[name])
    runs.since()
    for case in BY_THEME[theme]:
        seen = send(gates[mode].ports[f"{case.policy}-{name}"], runs, case, wire.TIMEOUT)
        wrong += [f"{case.id}: {fault}" for fault in faults(case, seen, direct[name][case.id], name)]
    report(wrong)


def faults(case: Case, seen: Seen, directly: Seen, name: str) -> list[str]:
    """What is not as the corpus says."""
    found = []
    beyond = seen.ran - collections.Counter(case.runs)
    if beyond:
        found.append(f"{dict(beyond)} RAN")
    if not seen.answers:
        return [*found, "there was no answer"]
    first = seen.answers[0]
    if case.forwarded and name in case.bites:
        # The proxy takes the sting out of it: what is left is a legitimate request.
        return found or ([] if seen.ran == collections.Counter(case.runs) else [f"ran {dict(seen.ran)}"])
    if case.forwarded:
        if seen.ran != directly.ran:
            found.append(f"ran {dict(seen.ran)}, and {dict(directly.ran)} without Toolgate")
        without = [answer.status for answer in directly.answers]
        if [answer.status for answer in seen.answers] != without:
            found.append(f"answered {[answer.status for answer in seen.answers]}, and {without} without Toolgate: {first}")
    elif not answered(case, first):
        found.append(f"expected `{case.expect}`, got {str(first)[:600]}")
    return found


def answered(case: Case, answer: wire.Response) -> bool:
    """Whether this is the answer that the corpus expects instead of the server's."""
    kind, *rest = case.expect.split(" ")
    numbers = [int(word) for word in rest if word.lstrip("-").isdigit()]
    if kind == "proxy":
        return answer.status == numbers[0]
    if kind == "accepted":
        return (answer.status, answer.body) == (202, b"")
    if case.method == "HEAD":
        return answer.status == numbers[0]
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return False
    message = answer.json()
    if kind != "batch" and not isinstance(message, dict):
        return False
    if kind == "batch":
        return answer.status == 200 and isinstance(message, list) and all("error" in part or part["result"]["isError"] for part in message)
    error = message.get("error", {})
    if kind == "refused":
        return answer.status == numbers[0] and "result" not in message and error.get("code") == numbers[1]
    if kind == "hidden":
        return (answer.status, error.get("code")) == (200, -32602)
    if numbers:
        return (answer.status, error.get("code")) == (200, numbers[0]) and error["message"].startswith("[POLICY DENIED] ")
    result = message.get("result", {})
    return answer.status == 200 and result.get("isError") is True and result["content"][0]["text"].startswith("[POLICY DENIED] ")


@pytest.mark.parametrize("mode", CONFIGS)
def test_the_filter_never_trapped(gates: dict[str, Envoy], mode: str) -> None:
    for word in ("Uncaught", "panicked", "proxy_on_", "vm_reload"):
        assert word not in gates[mode].log()
