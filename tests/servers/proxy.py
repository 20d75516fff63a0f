"""A proxy in front of an HTTP server, on the loopback interface, that lets a chosen request go wrong.

It speaks HTTP/1.1: bodies by `Content-Length` or in chunks, connections that are kept. It writes down every request
that reaches it, whatever becomes of it.

    with Proxy(server.url) as proxy:
        proxy.choose = lambda call: faults.reset_after if call.number == 3 else None
        ...  # use proxy.url
        assert 7 == len(proxy.calls)
"""

from __future__ import annotations

import http.client
import select
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 120
PER_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}
BODILESS = {204, 304}


@dataclass(frozen=True, slots=True)
class Call:
    """A request that came.

    Attributes:
        number: the how many-th, from 1.
        nth: the how many-th of this very method and path.
        method: in capitals.
        path: with the query.
        headers: as they came, with names in lower case.
        body: decoded from its chunks.
    """

    number: int
    nth: int
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def place(self) -> str:
        """Return the path without the query."""
        return self.path.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, from the server or made up; `headers` without those that are for one connection only."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def as_bytes(self, *, length: int | None = None) -> bytes:
        """Return it as it is sent; `length` is announced instead of what the body has."""
        lines = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, '')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.status not in BODILESS:
            lines.append(f"Content-Length: {len(self.body) if length is None else length}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


class Exchange:
    """One request and what becomes of it; a fault is a function that is given this."""

    def __init__(self, proxy: Proxy, call: Call, handler: _Handler) -> None:
        self.call = call
        self.proxy = proxy
        self._handler = handler
        self._over = False

    def forward(self, path: str | None = None) -> Answer:
        """Let the server do it, or something else in its place, and return what it says."""
        connection = http.client.HTTPConnection(*self.proxy.upstream, timeout=PATIENCE_SECONDS)
        try:
            connection.putrequest(self.call.method, path or self.call.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.call.headers:
                if name not in PER_HOP:
                    connection.putheader(name, self.proxy.host if name == "host" and self.proxy.host else value)
            if self.call.body or self.call.method in {"POST", "PUT", "PATCH"}:
                connection.putheader("Content-Length", str(len(self.call.body)))
            connection.endheaders(self.call.body or None)
            heard = connection.getresponse()
            headers = tuple((name, value) for name, value in heard.getheaders() if name.lower() not in PER_HOP)
            answer = Answer(heard.status, headers, heard.read())
        finally:
            connection.close()
        if self.call.method == "GET" and heard.status == http.client.OK:
            self.proxy.remember(self.call.place, answer)
        return answer

    def previous(self) -> Answer | None:
        """Return the last good answer to a GET of the same path, whatever the query."""
        return self.proxy.recall(self.call.place)

    def send(self, answer: Answer) -> None:
        """Answer, and keep the connection."""
        self.end()
        self._handler.wfile.write(answer.as_bytes())

    def send_cut(self, answer: Answer) -> None:
        """Announce the whole answer, send half of its body, and close the connection.

        Without a body the first line breaks off: of a head that ends later, `http.client` does not notice that.
        """
        self.end()
        whole = answer.as_bytes()
        self._handler.wfile.write(whole[: -(len(answer.body) + 1) // 2] if answer.body else whole[:7])
        self._handler.close_connection = True

    def send_slowly(self, answer: Answer, pause_seconds: float = 0.05, most: int = 15) -> None:
        """Send byte after byte with a pause before each, the head too; break off after so many, or a client's end."""
        self.end()
        with suppress(OSError):
            for byte in answer.as_bytes()[:most]:
                if self.proxy.closed.wait(pause_seconds):
                    break
                self._handler.wfile.write(bytes([byte]))
        self._handler.close_connection = True

    def hold(self) -> None:
        """Say nothing until the client closes the connection."""
        self.end()
        connection = self._handler.connection
        while not self.proxy.closed.is_set():
            readable, _, _ = select.select([connection], [], [], 0.05)
            if readable and not connection.recv(1, socket.MSG_PEEK):
                break
        self._handler.close_connection = True

    def reset(self) -> None:
        """Close the connection in such a way that the client sees `connection reset by peer`."""
        self.end()
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._handler.connection.close()
        self._handler.close_connection = True

    def end(self) -> None:
        """Count it as over, before the client can tell and comes with the next one."""
        if not self._over:
            self._over = True
            self.proxy.end()


class Proxy:
    """See above.

    Attributes:
        url: to be used instead of the server's.
        host: what the server is told it was called by; empty for what the client says.
        choose: says which fault a request has, None for none; called in the order in which they come.
        calls: all requests so far, in that order.
        most_in_flight: how many there were at once at the most.
        closed: set once the proxy is to end.
    """

    def __init__(self, url: str, *, rewrites_host: bool = False) -> None:
        parts = urlsplit(url)
        self.upstream = (parts.hostname, parts.port)
        self.host = parts.netloc if rewrites_host else ""
        self.closed = threading.Event()
        self._mutex = threading.Lock()
        self._last: dict[str, Answer] = {}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_port}{parts.path}"
        self.reset()

    def reset(self) -> None:
        """Forget all requests and let nothing go wrong from now on."""
        with self._mutex:
            self.choose: Callable[[Call], Callable[[Exchange], None] | None] = lambda call: None
            self.calls: list[Call] = []
            self._nth: Counter[tuple[str, str]] = Counter()
            self._in_flight = self.most_in_flight = 0

    def counts(self) -> Counter[tuple[str, str]]:
        """Return how many requests came, by method and path without the query."""
        return Counter((call.method, call.place) for call in list(self.calls))

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def begin(self, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes):
        """Write a request down; return it with its fault."""
        with self._mutex:
            self._nth[method, path] += 1
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            call = Call(len(self.calls) + 1, self._nth[method, path], method, path, headers, body)
            self.calls.append(call)
            return call, self.choose(call)

    def end(self) -> None:
        """Note that a request is over."""
        with self._mutex:
            self._in_flight -= 1

    def remember(self, place: str, answer: Answer) -> None:
        """Keep an answer, for it to come again."""
        with self._mutex:
            self._last[place] = answer

    def recall(self, place: str) -> Answer | None:
        """Return the last answer that was kept."""
        with self._mutex:
            return self._last.get(place)


class _Server(ThreadingHTTPServer):
    """Listens, with a thread for each connection; all of them are over once it is closed."""

    daemon_threads = False
    proxy: Proxy

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()

    def process_request(self, request, client_address) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close what clients keep open."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address) -> None:
        """Say nothing: a client that hangs up is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    """Serves one connection, request after request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def relay(self) -> None:
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        call, fault = self.server.proxy.begin(self.command, self.path, headers, self._body())
        exchange = Exchange(self.server.proxy, call, self)
        try:
            if fault is None:
                exchange.send(exchange.forward())
            else:
                fault(exchange)
        except OSError:
            self.close_connection = True
        finally:
            exchange.end()

    do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = relay  # noqa: N815 -- the names that the base class asks for

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def log_message(self, *_: object) -> None:
        """Write nothing."""
