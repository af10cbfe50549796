"""Builds and starts what tests of `global_limits` need: Debian's Redis, and the rate limit service of host-test/services."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from pathlib import Path

from . import process, setup
from .paths import CACHE, ROOT, target_dir
from .process import Process

PACKAGES = ["redis-server", "redis-tools", "liblzf1", "libjemalloc2", "libatomic1"]
"""Debian's, of whatever release this is: apt has no older ones."""
REDIS = CACHE / "redis"
SERVICES = ROOT / "host-test" / "services"
DOMAIN = "toolgate"


def redis_binary() -> Path:
    """Debian's redis-server, unpacked into .cache; nothing is installed."""
    binary = REDIS / "root" / "usr" / "bin" / "redis-server"
    REDIS.mkdir(parents=True, exist_ok=True)
    with (REDIS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            _unpack()
    return binary


def _unpack() -> None:
    setup.say("unpacking Debian's Redis ...")
    fresh = REDIS / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        process.run(["apt-get", "download", *PACKAGES], cwd=fresh, limit=120)
    except process.ProcessError:
        # A machine that never asked knows no packages.
        process.run(["apt-get", "update"], limit=300)
        process.run(["apt-get", "download", *PACKAGES], cwd=fresh, limit=120)
    for package in sorted(fresh.glob("*.deb")):
        process.run(["dpkg", "-x", package, fresh / "root"], limit=60)
    shutil.rmtree(REDIS / "root", ignore_errors=True)
    (fresh / "root").rename(REDIS / "root")
    shutil.rmtree(fresh)


def service_binary(name: str = "ratelimit") -> Path:
    """A service, built from its sources as they are; what it depends on, once."""
    setup.say(f"building the rate limit service {name} (the first time that takes a minute or three) ...")
    folder = target_dir() / "ratelimit-service"
    process.run(["cargo", "build", "--quiet", "--locked", "--target-dir", folder], cwd=SERVICES / name, limit=1200)
    return folder / "debug" / f"{name}-service"


def free_port() -> int:
    """A port that nobody listens on now, for what must come back on the same one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Redis:
    """One Redis without a disk, on loopback."""

    def __init__(self, log: Path, *, port: int | None = None, limit: float = 300) -> None:
        binary = redis_binary()
        self.port = port or free_port()
        libraries = [str(path) for path in (REDIS / "root" / "usr" / "lib").glob("*-linux-gnu*")]
        path = ":".join([*libraries, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])
        argv = [binary, "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", log.parent]
        self.process = Process("Redis", [str(part) for part in argv], log=log, limit=limit, env={"LD_LIBRARY_PATH": path})
        try:
            self.process.wait_for("Ready to accept connections")
        except BaseException:
            self.process.stop()
            raise

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"


class RateLimit:
    """One rate limit service on loopback; `more` is what the program wants to know besides."""

    def __init__(self, binary: Path, redis: str, log: Path, *more: str, port: int = 0, domain: str = DOMAIN, limit: float = 300) -> None:
        self.process = Process("the rate limit service", [binary, f"127.0.0.1:{port}", redis, domain, *more], log=log, limit=limit)
        try:
            self.port = int(self.process.wait_for(r"listening on (\d+)\n")[1])
        except BaseException:
            self.process.stop()
            raise

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port
