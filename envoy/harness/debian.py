"""Programs from Debian's archive, unpacked into this checkout: nothing is installed on the machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from . import process
from .paths import CACHE

ROOT = CACHE / "debian"
LIMIT = 300
"""Seconds that one step may take."""


def unpack(packages: list[str], folder: Path) -> None:
    """Downloads packages and unpacks them into `folder`."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise process.ProcessError(f"`apt-get` and `dpkg` are not there; install {', '.join(packages)} yourself")
    shutil.rmtree(folder, ignore_errors=True)
    downloads = folder / "packages"
    downloads.mkdir(parents=True)
    try:
        process.run(["apt-get", "download", "-qq", *packages], cwd=downloads, limit=LIMIT)
    except process.ProcessError:
        # The lists of a fresh machine are empty or old.
        process.run(["apt-get", "update", "-qq"], limit=LIMIT)
        process.run(["apt-get", "download", "-qq", *packages], cwd=downloads, limit=LIMIT)
    for package in sorted(downloads.glob("*.deb")):
        process.run(["dpkg", "-x", package, folder], limit=LIMIT)
    shutil.rmtree(downloads)


def environment(folder: Path) -> dict[str, str]:
    """What a program from `folder` needs to find its libraries."""
    libraries = [str(path) for path in sorted((folder / "usr" / "lib").glob("*-linux-gnu"))]
    return {"LD_LIBRARY_PATH": os.pathsep.join(libraries)}
