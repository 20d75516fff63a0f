"""A gate before a server, which keeps writes until as many are in flight as may be.

How many are in flight at once is no matter of luck then, nor of how quickly the server answers:

    proxy.choose = Gate(8)
    ...  # write through the proxy
    assert 8 == proxy.most_in_flight
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.proxy import Call, Exchange


class Gate:
    """Keeps writes until so many have come; then it is open for good.

    It opens a moment later than that, so that one that should not come is there to be counted; and it opens anyway
    once it has waited for long. `keeps` tells what is a write.
    """

    def __init__(
        self,
        count: int,
        *,
        keeps: Callable[[Call], bool] = lambda call: call.method != "GET",
        patience_seconds: float = 10,
        moment_seconds: float = 1,
    ) -> None:
        self._missing = count
        self._keeps = keeps
        self._patience_seconds = patience_seconds
        self._moment_seconds = moment_seconds
        self._open = threading.Event()

    def __call__(self, call: Call) -> Callable[[Exchange], None] | None:
        """Choose what is kept, as `Proxy.choose` does: one call at a time."""
        if self._open.is_set() or not self._keeps(call):
            return None
        self._missing -= 1
        return self._open_after(self._moment_seconds if self._missing == 0 else self._patience_seconds)

    def _open_after(self, seconds: float) -> Callable[[Exchange], None]:
        def keep(exchange: Exchange) -> None:
            self._open.wait(seconds)
            self._open.set()
            exchange.send(exchange.forward())

        return keep
