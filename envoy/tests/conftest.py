"""What every test starts from: the module as built now, servers, Envoys, and a time limit."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import build, process, setup
from harness.envoy import Envoy
from harness.servers import Server

PLANTED = "tg-secret"
"""Every secret that a test plants (credentials, arguments, keys) holds this."""

LENIENT = {
    "careless": "careless.py",
    "typescript1": "lenient_typescript1.mjs",
    "typescript2": "lenient_typescript2.mjs",
    "python1": "lenient_python1.py",
    "python2": "lenient_python2.py",
}
"""Servers that run whatever they are asked: one of ours, and the official SDKs."""

SECONDS = 180
"""How long one test may take that says nothing else."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="also every configuration and server in every combination")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: runs only with --full")
    config.addinivalue_line("markers", "seconds(number): may take so long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--full"):
        items[:] = [item for item in items if not item.get_closest_marker("full")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Combinations that say little new run only with --full."""
    full = metafunc.config.getoption("--full")
    if "any_config" in metafunc.fixturenames:
        every = ["envoy.yaml", "envoy-no-hold.yaml", "envoy-struct.yaml", "envoy-ecds.yaml"]
        metafunc.parametrize("any_config", every if full else every[:2], scope="module")
    if "any_server" in metafunc.fixturenames:
        every = ["python_server.py", "typescript_server.mjs"]
        metafunc.parametrize("any_server", every if full else every[:1], scope="module")
    if "mode_and_lenient" in metafunc.fixturenames:
        every = [(mode, server) for mode in ("hold", "no-hold") for server in LENIENT]
        few = [(mode, server) for mode, server in every if mode == "hold" or server == "careless"]
        metafunc.parametrize("mode_and_lenient", every if full else few, ids="-".join, scope="module")


@pytest.fixture(autouse=True)
def time_limit(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that hangs, and so lets its fixtures clean up."""
    marker = request.node.get_closest_marker("seconds")
    seconds = marker.args[0] if marker else SECONDS

    def overran(_number: int, _frame: object) -> None:
        raise TimeoutError(f"the test took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, overran)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session", autouse=True)
def nothing_left() -> Iterator[None]:
    """Ends whatever a fixture could not."""
    yield
    process.stop_all()


@pytest.fixture(scope="session", autouse=True)
def no_secret_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Looks for planted secrets in every record, log and page of metrics of the whole run."""
    yield
    seen = set()
    for path in tmp_path_factory.getbasetemp().rglob("*"):
        # Configurations hold the planted ones; what programs wrote must not.
        if path.suffix in (".log", ".jsonl", ".prom") and path.is_file():
            seen.add(path.suffix)
            assert PLANTED.encode() not in path.read_bytes(), f"`{PLANTED}` is in {path}"
    assert ".prom" in seen or ".jsonl" not in seen, "no Envoy left its metrics"


@pytest.fixture(scope="session")
def module() -> Path:
    """The filter, built from the sources as they are."""
    setup.everything()
    return build.module_now()


@pytest.fixture(scope="session")
def host_test() -> Path:
    """The command `host-test`, built from the sources as they are."""
    setup.everything()
    return build.host_test()


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Server]:
    """An HTTP/1.1 server that counts."""
    with Server("counting.py", log=tmp_path / "upstream.log") as server:
        yield server


@pytest.fixture
def start(module: Path, tmp_path: Path) -> Iterator[Callable[..., Envoy]]:
    """Starts Envoys that end with the test: `start(upstream=..., plugin=..., config=...)`."""
    running: list[Envoy] = []

    def one(**options: Any) -> Envoy:
        envoy = Envoy(module=module, folder=tmp_path / f"envoy-{len(running)}", **options)
        running.append(envoy)
        return envoy

    yield one
    for envoy in running:
        envoy.stop()


@pytest.fixture
def clock(tmp_path: Path) -> Callable[[str], Path]:
    """Sets the wall clock of Envoys that were started with its file: `clock("2026-01-05T10:00:00Z")`."""
    path = tmp_path / "clock"

    def set_to(time: str) -> Path:
        fresh = tmp_path / "clock.new"
        fresh.write_text(time)
        fresh.replace(path)
        return path

    return set_to
