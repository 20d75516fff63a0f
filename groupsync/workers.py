"""Do several things at once. An edge: it starts threads.

The threads are daemons, unlike those of `concurrent.futures`, so that a second Ctrl-C ends the process at once and
doesn't wait for what is in flight.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(slots=True)
class _Crew(Generic[Item, Made]):
    """What the threads share. `None` among what is done says that one thread has ended."""

    work: Callable[[Item], Made]
    waiting: SimpleQueue[Item] = field(default_factory=SimpleQueue)
    done: SimpleQueue[tuple[Item, Made] | BaseException | None] = field(default_factory=SimpleQueue)
    is_dismissed: bool = False

    def toil(self) -> None:
        """Take one thing after the other until there is none, or nothing more is wanted."""
        try:
            while not self.is_dismissed:
                try:
                    item = self.waiting.get_nowait()
                except Empty:
                    return
                self.done.put((item, self.work(item)))
        except BaseException as error:  # noqa: BLE001 -- goes on in the thread that asked for the work
            self.is_dismissed = True
            self.done.put(error)
        finally:
            self.done.put(None)


def each_done(work: Callable[[Item], Made], items: Sequence[Item], at_once: int) -> Iterator[tuple[Item, Made]]:
    """Give each item with what `work` makes of it, as they are done.

    What `work` raises is raised here, once all that was in flight is over; nothing new begins after it. Who leaves the
    loop early leaves what is in flight to itself.

    Args:
        work: what to do; called in this thread where one at a time is asked for, so that it may hold what belongs to
            a thread, and in others otherwise.
        items: what to do it with; begun in this order.
        at_once: how many at a time.
    """
    threads = min(at_once, len(items))
    if threads <= 1:
        for item in items:
            yield item, work(item)
        return
    crew = _Crew(work)
    for item in items:
        crew.waiting.put(item)
    for number in range(threads):
        threading.Thread(target=crew.toil, name=f"groupsync-{number + 1}", daemon=True).start()
    try:
        yield from _gather(crew, threads)
    finally:
        crew.is_dismissed = True


def _gather(crew: _Crew[Item, Made], threads: int) -> Iterator[tuple[Item, Made]]:
    problem: BaseException | None = None
    while threads:
        match crew.done.get():
            case None:
                threads -= 1
            case BaseException() as error:
                problem = problem or error
            case done:
                yield done
    if problem is not None:
        raise problem
