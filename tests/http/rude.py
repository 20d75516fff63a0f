"""A server that behaves as each test wants: raw bytes on a socket, since no library sends such answers."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress


class RudeServer:
    """Answers the nth request with the nth of its `replies`, the last one again and again.

    A reply is bytes, or a function that is given the connection. Each connection serves one request.
    """

    def __init__(self):
        self.replies = []
        self.seen = []
        self._mutex = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/api"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection:
            data = b""
            while b"\r\n\r\n" not in data and (piece := connection.recv(65_536)):
                data += piece
            head, _, body = data.partition(b"\r\n\r\n")
            lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
            length = int(lengths[0].split(b":")[1]) if lengths else 0
            while len(body) < length:
                body += connection.recv(65_536)
            with self._mutex:
                reply = self.replies[min(len(self.seen), len(self.replies) - 1)]
                self.seen.append((head + b"\r\n\r\n" + body).decode())
            with suppress(OSError):  # the client has had enough
                if callable(reply):
                    reply(connection)
                else:
                    connection.sendall(reply)


def answer(status=200, body=b"{}", headers=(), length=None):
    """Return a whole answer as bytes; `length` is what is claimed of the body."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def drip(connection):
    """Send a body one byte at a time, for as long as anybody listens."""
    connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b" ")
        time.sleep(0.02)


def drip_head(connection):
    """Send a header one byte at a time, each within every wait."""
    connection.sendall(b"HTTP/1.1 200 X\r\nX-Slow: ")
    for _ in range(1000):
        connection.sendall(b"a")
        time.sleep(0.02)


def drip_size(connection):
    """Send the size of a chunk one digit at a time."""
    connection.sendall(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"0")
        time.sleep(0.02)


def reset(connection):
    """End the connection with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silence(connection):
    """Say nothing until the other side goes."""
    connection.settimeout(5)
    connection.recv(1)
