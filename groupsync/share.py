"""Share work among processes that are forked from this one."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

Chunk = TypeVar("Chunk")
Outcome = TypeVar("Outcome")

_NUMBER_BYTES = 4


def share(chunks: Sequence[Chunk], work: Callable[[Chunk], Outcome], processes: int) -> list[Outcome]:
    """Return what `work` makes of each chunk, in order.

    Every process, this one included, takes the next chunk until none is left. A helper may be killed, for want of
    memory perhaps; what it took is then done here, so that nothing is lost.

    Args:
        chunks: at most some thousands.
        work: is called in any of the processes; what it returns must be picklable.
        processes: how many, this one included. No other thread may be running: see `fork(2)`.
    """
    import multiprocessing

    context = multiprocessing.get_context("fork")
    # The queue is a pipe of numbers, each read whole by one process. It needs no lock that could die with its holder.
    waiting, filling = os.pipe()
    os.write(filling, b"".join(number.to_bytes(_NUMBER_BYTES) for number in range(len(chunks))))
    os.close(filling)
    helpers = []
    for _ in range(processes - 1):
        receiving, sending = context.Pipe(duplex=False)
        helper = context.Process(target=_help, args=(waiting, sending, chunks, work), daemon=True)
        helper.start()
        sending.close()
        helpers.append((helper, receiving))
    done = dict(_take(waiting, chunks, work))
    os.close(waiting)
    for helper, receiving in helpers:
        with suppress(EOFError, OSError):
            done |= receiving.recv()
        helper.join()
    return [done[number] if number in done else work(chunk) for number, chunk in enumerate(chunks)]


def _take(waiting: int, chunks: Sequence[Chunk], work: Callable[[Chunk], Outcome]) -> Iterator[tuple[int, Outcome]]:
    while number := os.read(waiting, _NUMBER_BYTES):
        index = int.from_bytes(number)
        yield index, work(chunks[index])


def _help(waiting: int, sending: Connection, chunks: Sequence[Chunk], work: Callable[[Chunk], Outcome]) -> None:
    sending.send(dict(_take(waiting, chunks, work)))
