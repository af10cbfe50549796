"""An upstream that does to each connection what the test says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

# Every answer ends its connection and says so: else Envoy may send the next test's request into the closing one.
STREAM = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def json_answer(body: bytes) -> bytes:
    return answer(b"200 OK", b"content-type: application/json", b"content-length: %d" % len(body), body=body)


def answer(status: bytes, *fields: bytes, body: bytes = b"") -> bytes:
    ends = b"" if status.startswith(b"1") else b"connection: close\r\n"
    return b"HTTP/1.1 " + status + b"\r\n" + ends + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


class Scripted:
    """An upstream that does to each connection what the test says, after it has read a request."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.script: Callable[[socket.socket], None] = lambda _: None
        self.seen: list[bytes] = []
        """The requests, whole."""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        connection.settimeout(60)
        try:
            with connection:
                if data := request(connection):
                    self.seen.append(data)
                    self.script(connection)
        except OSError:
            pass

    def close(self) -> None:
        self._listener.close()


def request(connection: socket.socket) -> bytes:
    """Reads one request with its body, however that is framed."""
    data = b""
    while not whole(data):
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    return data


def whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if not end:
        return False
    if fields.get(b"transfer-encoding") == b"chunked":
        return body.endswith(b"0\r\n\r\n")
    return len(body) >= int(fields.get(b"content-length", 0))
