"""Installs what only the tests of telemetry need, into this checkout: Debian's Prometheus, and OpenTelemetry's messages."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from . import debian, process, setup
from .paths import CACHE, ENVOY_DIR

PINS = ENVOY_DIR / "requirements-telemetry.txt"
PACKAGES = CACHE / "telemetry"
PROMETHEUS = debian.ROOT / "prometheus"


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
        debian.unpack(["prometheus"], PROMETHEUS)

    with setup._one_at_a_time():
        setup._once(PROMETHEUS / ".toolgate-pins", setup._key(Path(__file__)), "Prometheus", make)
    return programs
