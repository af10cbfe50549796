"""The command line of `envoy/demo`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

USAGE = """\
Without options: starts a real MCP server and a real Envoy with Toolgate in
front of it, lets an agent call tools, and prints what the policy made of it.
Everything it needs is installed into this checkout. Exit code 0 means that
every call went as the policies say.

With --policy: puts a server behind Toolgate, yours with --upstream, and prints
what to point a client at:

  envoy/demo --policy my-policy.json --upstream http://127.0.0.1:3000/mcp \\
             --listen 127.0.0.1:10000 --keep
"""


@dataclass(frozen=True)
class Upstream:
    """A server's URL in parts."""

    host: str
    port: int
    path: str
    tls: bool


@dataclass(frozen=True)
class Options:
    policy: Path | None
    upstream: Upstream | None
    listen: tuple[str, int]
    keep: bool


def demo(arguments: list[str] | None = None) -> Options:
    """Parses the command line; ends the program when it is wrong."""
    parser = argparse.ArgumentParser(prog="envoy/demo", description=USAGE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", type=_file, metavar="FILE", help="a policy, JSON or YAML, to enforce instead of the demo's own")
    parser.add_argument("--upstream", type=_url, metavar="URL", help="the MCP server to protect; default: the demo's own")
    parser.add_argument("--listen", type=_address, metavar="ADDR", default=("127.0.0.1", 0), help="HOST:PORT for Envoy; default: 127.0.0.1 and a free port")
    parser.add_argument("--keep", action="store_true", help="stay until Ctrl-C")
    given = parser.parse_args(arguments)
    if given.upstream and not given.policy:
        parser.error("--upstream needs --policy: what is to be allowed?")
    return Options(given.policy, given.upstream, given.listen, given.keep)


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file `{text}`")
    return path


def _url(text: str) -> Upstream:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"`{text}` is not a URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise argparse.ArgumentTypeError(f"`{text}` is not a URL like http://127.0.0.1:3000/mcp")
    tls = parts.scheme == "https"
    return Upstream(parts.hostname, port or (443 if tls else 80), parts.path or "/", tls)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"`{text}` is not an address like 127.0.0.1:10000")
    return host.strip("[]"), int(port)
