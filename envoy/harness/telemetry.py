"""Installs what only the tests of telemetry need, into this checkout: Debian's Prometheus, and OpenTelemetry's messages."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from . import process, setup
from .paths import CACHE, ENVOY_DIR

PINS = ENVOY_DIR / "requirements-telemetry.txt"
PACKAGES = CACHE / "telemetry"
PROMETHEUS = CACHE / "prometheus"


def packages() -> Path:
    """The folder with `grpc` and `opentelemetry.proto`, for PYTHONPATH."""

    def make() -> None:
        shutil.rmtree(PACKAGES, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        process.run([*pip, "--target", PACKAGES, "-r", PINS], limit=setup.LIMIT)

    with setup._one_at_a_time():
        setup._once(PACKAGES / ".toolgate-pins", setup._key(PINS, Path(__file__)), "OpenTelemetry's messages", make)
    return PACKAGES


def prometheus() -> Path:
    """The folder with the programs `prometheus` and `promtool`."""
    programs = PROMETHEUS / "usr" / "bin"

    def make() -> None:
        shutil.rmtree(PROMETHEUS, ignore_errors=True)
        PROMETHEUS.mkdir(parents=True)
        try:
            process.run(["apt-get", "download", "prometheus"], cwd=PROMETHEUS, limit=setup.LIMIT)
        except process.ProcessError as error:
            raise process.ProcessError(f"{error}\nThis test needs Debian's package `prometheus`; `apt-get update` may help") from error
        (package,) = PROMETHEUS.glob("prometheus_*.deb")
        process.run(["dpkg", "-x", package, PROMETHEUS], limit=60)
        package.unlink()

    with setup._one_at_a_time():
        setup._once(PROMETHEUS / ".toolgate-pins", setup._key(Path(__file__)), "Prometheus", make)
    return programs
