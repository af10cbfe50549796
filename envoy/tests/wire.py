"""Speaks HTTP/1.1 and HTTP/2 byte by byte, so that a test can send what no client library would."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any

import h2.config
import h2.connection
import h2.events

TIMEOUT = 15
"""Seconds to wait for an answer."""


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        return json.loads(self.body)


def call(tool: str, arguments: dict[str, Any] | None = None, *, id_: int | str = 1) -> bytes:
    """A tools/call as its bytes."""
    return json.dumps({"jsonrpc": "2.0", "id": id_, "method": "tools/call", "params": {"name": tool, "arguments": arguments or {}}}).encode()


def listing() -> bytes:
    """A tools/list as its bytes."""
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'


def head(method: str = "POST", *fields: bytes, path: str = "/mcp") -> bytes:
    """An HTTP/1.1 request head with exactly these fields besides Host."""
    return b"".join([f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n".encode(), *(line + b"\r\n" for line in fields), b"\r\n"])


JSON = b"content-type: application/json"
ACCEPT = b"accept: application/json, text/event-stream"


def length(body: bytes) -> bytes:
    return b"content-length: %d" % len(body)


def post(body: bytes, *fields: bytes) -> bytes:
    """A whole POST of JSON, with further fields."""
    return head("POST", JSON, ACCEPT, length(body), *fields) + body


def chunks(*parts: bytes) -> bytes:
    """A chunked body."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"


class Connection:
    """One HTTP/1.1 connection; answers are read with a time limit."""

    def __init__(self, port: int, timeout: float = TIMEOUT, tls: ssl.SSLContext | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname="localhost")
        self._unread = b""

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def ask(self, data: bytes) -> Response:
        """Sends a request and reads its answer."""
        try:
            self.send(data)
        except (BrokenPipeError, ConnectionResetError):
            # The answer may have come before the request was all sent.
            pass
        return self.read()

    def read(self, method: str = "POST") -> Response:
        """Reads one answer to a request of this method; raises `EOFError` when there is none."""
        return self.read_body(self.read_head(), method)

    def read_body(self, response: Response, method: str = "POST") -> Response:
        """Reads what follows the head of an answer."""
        headers = response.headers
        if method == "HEAD" or response.status in (101, 204, 304):
            pass
        elif headers.get("transfer-encoding") == "chunked":
            while chunk := self.read_chunk():
                response.body += chunk
        elif "content-length" in headers or headers.get("connection") != "close":
            response.body = self._exactly(int(headers.get("content-length", 0)))
        else:
            response.body = self._rest()
        return response

    def read_head(self) -> Response:
        """Reads the head of an answer, past those that only announce it (1xx)."""
        while True:
            lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
            status = int(lines[0].split(" ")[1])
            if status == 101 or status >= 200:
                return Response(status, headers)

    def read_announcement(self) -> int:
        """Reads a head that only announces an answer, and returns its status."""
        return int(self._until(b"\r\n\r\n").split(b" ")[1])

    def read_chunk(self) -> bytes:
        """Reads one chunk of a chunked body; the last one is empty."""
        size = int(self._until(b"\r\n").split(b";")[0], 16)
        chunk = self._exactly(size)
        self._until(b"\r\n")
        return chunk

    def _rest(self) -> bytes:
        """Reads until the connection ends."""
        try:
            while True:
                self._more()
        except EOFError:
            rest, self._unread = self._unread, b""
            return rest

    def _more(self) -> None:
        part = self._socket.recv(65536)
        if not part:
            raise EOFError(f"the connection ended after {self._unread!r}")
        self._unread += part

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._unread:
            self._more()
        found, _, self._unread = self._unread.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._unread) < size:
            self._more()
        found, self._unread = self._unread[:size], self._unread[size:]
        return found

    def finish(self) -> None:
        """Says that nothing more is sent, and waits until the other side has nothing more to say either."""
        self._socket.shutdown(socket.SHUT_WR)
        self._rest()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ask(port: int, data: bytes, tls: ssl.SSLContext | None = None) -> Response:
    """Sends one request on a connection of its own."""
    with Connection(port, tls=tls) as connection:
        return connection.ask(data)


def ask2(
    port: int,
    body: bytes,
    *,
    method: str = "POST",
    fields: tuple[tuple[str, str], ...] = (("content-type", "application/json"), ("accept", "application/json, text/event-stream")),
    trailers: tuple[tuple[str, str], ...] = (),
    pieces: int = 1,
) -> Response:
    """Sends one request over cleartext HTTP/2, its body in so many pieces, with trailers if there are any."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as sock:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8", validate_outbound_headers=False))
        connection.initiate_connection()
        pseudo = [(":method", method), (":path", "/mcp"), (":scheme", "http"), (":authority", "127.0.0.1")]
        connection.send_headers(1, [*pseudo, *fields], end_stream=not body and not trailers)
        sock.sendall(connection.data_to_send())
        step = max(1, -(-len(body) // pieces))
        parts = [body[at : at + step] for at in range(0, len(body), step)]
        response = Response(0, {})
        for number, part in enumerate(parts):
            while part and not response.status:
                room = min(connection.local_flow_control_window(1), connection.max_outbound_frame_size)
                if not room:
                    _receive(sock, connection, response)
                    continue
                sending, part = part[:room], part[room:]
                last = not part and number == len(parts) - 1 and not trailers
                connection.send_data(1, sending, end_stream=last)
                sock.sendall(connection.data_to_send())
        if trailers and not response.status:
            connection.send_headers(1, list(trailers), end_stream=True)
            sock.sendall(connection.data_to_send())
        while not _receive(sock, connection, response):
            pass
        return response


def _receive(sock: socket.socket, connection: h2.connection.H2Connection, response: Response) -> bool:
    """Reads once; True when the answer is whole. Raises `EOFError` when the stream or connection ends without one."""
    data = sock.recv(65536)
    if not data:
        raise EOFError("the connection ended without an answer")
    done = False
    for event in connection.receive_data(data):
        if isinstance(event, h2.events.ResponseReceived):
            response.headers = dict(event.headers)
            response.status = int(response.headers[":status"])
        elif isinstance(event, h2.events.DataReceived):
            response.body += event.data
            connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            response.trailers = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            done = True
        elif isinstance(event, h2.events.StreamReset):
            # A server that has answered may refuse the rest of the request.
            if not response.status:
                raise EOFError(f"the stream was reset with {event.error_code}")
            done = True
    sock.sendall(connection.data_to_send())
    return done
