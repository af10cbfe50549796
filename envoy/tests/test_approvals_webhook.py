"""The webhook that announces a request: a receiver that verifies its signature, behind a real Envoy."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import wire
from harness.envoy import Envoy
from policies import plugin
from test_approvals import APPROVALS

SECRET = "a1" * 32
WEBHOOK = {"cluster": "mcp_server", "authority": "hooks.example", "path": "/toolgate", "key": SECRET, "timeout_ms": 2000}
POLICY = {"default": "deny", "tools": {"open_tool": {"approve_if": [{"conditions": [], "timeout": "1h", "show_arguments": True}]}}}


class Receiver(ThreadingHTTPServer):
    """Takes announcements, and says of each whether it is signed as it must be."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken: list[dict[str, Any]] = []
        self.arrived = threading.Semaphore(0)
        self.open = threading.Event()
        """Until it is set, nothing is answered."""
        self.status = 204


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        right = "v1," + base64.b64encode(hmac.digest(bytes.fromhex(SECRET), signed, hashlib.sha256)).decode()
        verified = hmac.compare_digest(right, self.headers["webhook-signature"])
        self.server.taken.append({"verified": verified, "path": self.path, "host": self.headers["host"], **json.loads(body)})
        self.server.arrived.release()
        self.server.open.wait(30)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        yield receiver
        receiver.open.set()
        receiver.shutdown()
        thread.join()


def counted(envoy: Envoy, result: str, number: int) -> None:
    """Waits until so many webhooks ended like this."""
    deadline = time.monotonic() + 30
    while (found := sum(envoy.stats(f"toolgate_approval_webhooks_total;result={result}").values())) != number:
        assert time.monotonic() < deadline, f"{found} {result}, not {number}:\n{envoy.log()}"
        time.sleep(0.05)


def test_a_request_is_announced_signed_and_no_call_waits_for_it(start, receiver: Receiver) -> None:
    envoy: Envoy = start(
        config="envoy-approvals.yaml",
        upstream=receiver.server_address,
        plugin=plugin(POLICY, server="shop", approvals={**APPROVALS, "webhook": WEBHOOK}),
    )
    for _ in range(3):
        # The receiver answers nothing yet, and the call is answered.
        denial = wire.ask(envoy.port, wire.post(wire.call("open_tool", {"n": 1})))
        assert denial.status == 200 and b"apr_" in denial.body, denial
    assert receiver.arrived.acquire(timeout=30)
    receiver.open.set()
    counted(envoy, "sent", 1)
    [taken] = receiver.taken
    assert taken["verified"] is True, taken
    assert (taken["path"], taken["host"], taken["type"]) == ("/toolgate", "hooks.example", "approval.requested")
    assert taken["data"]["id"].encode() in denial.body
    assert (taken["data"]["tool"], taken["data"]["server"]) == ("open_tool", "shop")
    assert "arguments" not in taken["data"], taken

    receiver.status = 500
    wire.ask(envoy.port, wire.post(wire.call("open_tool", {"n": 2})))
    counted(envoy, "failed", 1)
    assert len(receiver.taken) == 2
    assert "approvals.webhook: answered 500" in envoy.log()
