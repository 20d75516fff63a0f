"""End an exchange that takes too long as a whole, however steadily it drips. An edge: it shuts sockets down.

A socket's timeout bounds one wait alone. A service that sends a byte a second, be it in the headers, keeps every wait
short and never ends. So somebody has to look at the clock from outside.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from urllib3 import HTTPResponse, PoolManager, ProxyManager

_current: Final = threading.local()


class Deadline:
    """Shuts down the connection that the exchange within it waits for, once its time is over.

    Attributes:
        is_over: whether that happened. What came by then must not be taken for an answer: a connection that ends among
            the headers reads like one that had no more of them.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._socket: socket.socket | None = None
        self._has_ended = False
        self._mutex = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        _current.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        _current.deadline = None
        with self._mutex:
            self._has_ended = True
        self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        """Take this for what is waited for; shut it down at once where the time is over already."""
        with self._mutex:
            self._socket = connection
            if self.is_over:
                _shut_down(connection)

    def _end(self) -> None:
        with self._mutex:
            if not self._has_ended:
                self.is_over = True
                if self._socket is not None:
                    _shut_down(self._socket)


def _watch(connection: socket.socket | None) -> None:
    """Tell the deadline of this thread what is waited for now."""
    deadline: Deadline | None = getattr(_current, "deadline", None)
    if deadline is not None and connection is not None:
        deadline.watch(connection)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        # The plain socket's own: that of a TLS socket would take away what another thread is reading with.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as with urllib3's own
        _watch(self.sock)
        return super().getresponse()


class _TlsConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as with urllib3's own
        _watch(self.sock)
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class WatchedAdapter(HTTPAdapter):
    """Sends through connections that a `Deadline` can end, by a proxy or not."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, with connections of our own."""
        super().init_poolmanager(*args, **kwargs)
        _use_watched(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> ProxyManager:
        """Make the pools of a proxy, likewise; those of a SOCKS proxy have connections of their own kind."""
        manager: ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            _use_watched(manager)
        return manager


def _use_watched(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
