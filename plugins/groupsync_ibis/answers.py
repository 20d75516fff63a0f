"""Sorted batches become members, counts and the census: in one pass, batch by batch."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from groupsync.model import Members
from groupsync.model.members import decode_members
from groupsync.source import Answer, Census
from groupsync_ibis.bits import ALWAYS, holds
from groupsync_ibis.convert import scalar_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from concurrent.futures import Future
    from datetime import datetime
    from pathlib import Path

    from groupsync.model.criteria import Condition
    from groupsync_ibis.bits import Formula

_SAMPLES: Final = 5
_SAMPLE_LENGTH: Final = 100
NEWEST: Final = "newest"
"""Name of the column with the time that a row last changed, where there is one."""


@dataclass(slots=True)
class Segment:
    """One question, and what is known of its answer until now.

    Attributes:
        where: whom it is true for.
        held_out: who is left out of those; None for nobody.
        sample: who is kept of the others.
        path: where members are written; None where only counts are asked for.
        top: column with the values that members are ordered by; None where no order is asked for.
        matched, held, members: how many, of all batches until now.
        is_open: whether the last person of the last batch, whose rows may go on in the next, was matched already.
    """

    where: Formula
    path: Path | None = None
    held_out: Formula | None = None
    sample: Formula = ALWAYS
    top: str | None = None
    matched: int = 0
    held: int = 0
    members: int = 0
    is_open: bool = False
    digest: Any = field(default_factory=hashlib.sha256)
    ranked: Any = None

    def take(self, batch: Batch) -> None:
        """Count one batch, and write the members in it."""
        found = holds(self.where, batch.columns, batch.rows)
        people = self._unseen(batch, batch.by_person(found))
        self.matched += _count(people)
        if self.held_out is not None:
            held_out = holds(self.held_out, batch.columns, batch.rows)
            found = found & ~held_out
            self.held += _count(people & batch.of_person(held_out))
            people = people & ~batch.of_person(held_out)
        if self.sample != ALWAYS:
            sampled = holds(self.sample, batch.columns, batch.rows)
            found = found & sampled
            people = people & batch.of_person(sampled)
        self.members += _count(people)
        if self.path is not None:
            self._write(batch.lines(people), self.path)
            if self.top is not None:
                self._rank(batch, found, self.top, self.path)

    def _unseen(self, batch: Batch, people: Any) -> Any:
        """Leave out the first person where the batch before counted them already."""
        if not (batch.continues and self.is_open):
            self.is_open = bool(people[-1])
            return people
        self.is_open = batch.people == 1 or bool(people[-1])
        unseen = people.copy()
        unseen[0] = False
        return unseen

    def _write(self, lines: memoryview, path: Path) -> None:
        if lines:
            self.digest.update(lines)
            with path.open("ab") as stream:  # not kept open: there may be more segments than open files
                stream.write(lines)

    def _rank(self, batch: Batch, found: Any, top: str, path: Path) -> None:
        import pyarrow as pa

        rows = batch.arrow.select(["id", top]).filter(_mask(found)).rename_columns(["id", "value"])
        if self.ranked is None:
            self.ranked = pa.ipc.new_stream(str(path.with_suffix(".ranked")), rows.schema)
        self.ranked.write_batch(rows)

    def answer(self, local: Any, *, descending: bool) -> Answer:
        """Return what came of it, once there are no more batches."""
        path = self.path
        if path is None:
            raise ValueError("members of a segment that is only counted")
        path.touch()
        members = Members(
            lambda: decode_members(path.read_bytes()),
            count=self.members,
            digest=self.digest.hexdigest(),
            raw=path.read_bytes,
        )
        if self.top is None:
            return Answer(members, self.held, self.matched)
        return Answer(members, self.held, self.matched, self._order(local, path, descending=descending))

    def _order(self, local: Any, path: Path, *, descending: bool) -> Any:
        """Sort who is ranked by value, the best of somebody's several rows counting, into a file."""
        import pyarrow as pa

        ordered = path.with_suffix(".order")
        ordered.touch()
        if self.ranked is not None:
            self.ranked.close()
            best, order = ("max", "DESC") if descending else ("min", "ASC")
            with pa.ipc.open_stream(str(path.with_suffix(".ranked"))) as reader, ordered.open("wb") as stream:
                local.register("ranked", reader)
                statement = f"SELECT id FROM ranked GROUP BY id ORDER BY {best}(value) {order} NULLS LAST, id"
                for batch in local.execute(statement).to_arrow_reader(100_000):
                    stream.write(_text_of(batch.column(0)))
                local.unregister("ranked")
            path.with_suffix(".ranked").unlink()
        return lambda: ordered.read_text(encoding="utf-8").split("\n")[:-1]


class Sought:
    """Conditions that nobody was found for until now.

    Attributes:
        unmet: their formulas.
    """

    def __init__(self, unmet: Mapping[Condition, Formula] | None = None) -> None:
        self.unmet = dict(unmet or {})

    def take(self, batch: Batch) -> None:
        """Let go of what is true for anybody in a batch."""
        met = [each for each, where in self.unmet.items() if holds(where, batch.columns, batch.rows).any()]
        for each in met:
            del self.unmet[each]


class Batch:
    """Some rows with an identifier, sorted by it.

    Attributes:
        arrow: the rows.
        columns: the columns of bits, as NumPy arrays.
        rows, people: how many.
        continues: whether the first person's rows began in the batch before.
    """

    def __init__(self, arrow: Any, last: str | None) -> None:
        import numpy as np
        import pyarrow.compute as pc

        self.arrow = arrow
        self.rows = arrow.num_rows
        self.columns = {
            name: arrow.column(name).to_numpy() for name in arrow.schema.names if _is_bits(name, arrow.schema)
        }
        self._ids = arrow.column("id")
        self.continues = self._ids[0].as_py() == last
        repeated = pc.equal(self._ids[1:], self._ids[:-1]).to_numpy(zero_copy_only=False)
        self._is_first = np.concatenate([[True], ~repeated])
        self._starts = np.flatnonzero(self._is_first)
        self.people = len(self._starts)
        self._unique = self._ids if self.people == self.rows else self._ids.filter(_mask(self._is_first))

    @property
    def last(self) -> str:
        """The identifier of the last row."""
        return str(self._ids[-1].as_py())

    def by_person(self, rows: Any) -> Any:
        """Return for which people any row is true."""
        import numpy as np

        return rows if self.people == self.rows else np.logical_or.reduceat(rows, self._starts)

    def of_person(self, rows: Any) -> Any:
        """Return what is the same for all rows of a person, once for each."""
        return rows if self.people == self.rows else rows[self._starts]

    def lines(self, people: Any) -> memoryview:
        """Return the lines of a member file for these people."""
        return _text_of(self._unique.filter(_mask(people)))

    def repeated(self) -> tuple[Any, Any]:
        """Return which people have more than one row in this batch, and their identifiers."""
        import numpy as np

        sizes = np.diff(np.append(self._starts, self.rows))
        return sizes > 1, self._unique


class Counter:
    """The census, batch by batch."""

    def __init__(self) -> None:
        self._rows = self._nulls = self._invalid = self._duplicates = 0
        self._repeated_samples: list[str] = []
        self._invalid_samples: list[str] = []
        self._is_open = False
        self._newest: datetime | None = None

    def take_rows(self, arrow: Any) -> None:
        """Count the rows of a batch, and remember the newest."""
        import pyarrow.compute as pc

        self._rows += arrow.num_rows
        if NEWEST in arrow.schema.names:
            found = scalar_of(pc.max(arrow.column(NEWEST)).as_py())
            known: list[Any] = [each for each in (self._newest, found) if each is not None]
            self._newest = max(known, default=None)

    def take_odd(self, odd: Any) -> None:
        """Count the identifiers of rows that have none that is one."""
        import pyarrow.compute as pc

        nulls = int(pc.sum(pc.equal(odd, "")).as_py() or 0)
        self._nulls += nulls
        self._invalid += len(odd) - nulls
        wanted = _SAMPLES - len(self._invalid_samples)
        if wanted and len(odd) > nulls:
            self._invalid_samples += odd.filter(pc.not_equal(odd, ""))[:wanted].to_pylist()

    def take_people(self, batch: Batch) -> None:
        """Count who has more than one row."""
        import numpy as np

        repeated, ids = batch.repeated()
        if batch.continues:
            repeated[0] = True
        counted_already = batch.continues and self._is_open
        self._is_open = bool(repeated[-1])
        self._duplicates += int(repeated.sum()) - counted_already
        for at in np.flatnonzero(repeated)[counted_already:][: _SAMPLES - len(self._repeated_samples)]:
            self._repeated_samples.append(ids[int(at)].as_py().removesuffix("\n"))

    def census(self, newest_file: datetime | None) -> Census:
        """Return what was counted."""
        invalid, repeated = (
            tuple(each[:_SAMPLE_LENGTH] for each in samples)
            for samples in (self._invalid_samples, self._repeated_samples)
        )
        newest = self._newest or newest_file
        return Census(self._rows, self._nulls, self._invalid, self._duplicates, invalid, repeated, newest)


def answer_batches(batches: Iterable[Any], segments: Iterable[Segment | Sought]) -> Counter:
    """Go over sorted batches once; each segment knows its members afterwards, and the census is returned."""
    counter, last = Counter(), None
    every = list(segments)
    taking: list[Future[None]] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for arrow in batches:  # the next one comes while segments take the last
            counter.take_rows(arrow)
            odd = arrow.column("id").null_count
            if odd:
                counter.take_odd(arrow.column("odd")[arrow.num_rows - odd :])
            if odd < arrow.num_rows:
                batch = Batch(arrow[: arrow.num_rows - odd], last)
                counter.take_people(batch)
                _finish(taking)
                taking = [pool.submit(segment.take, batch) for segment in every]
                last = batch.last
        _finish(taking)
    return counter


def _finish(taking: Iterable[Future[None]]) -> None:
    for done in taking:
        done.result()


def _is_bits(name: str, schema: Any) -> bool:
    return name[0] in "bgs" and name[1:].isdigit() and str(schema.field(name).type) == "int64"


def _count(values: Any) -> int:
    """Return how many of a NumPy array of booleans are true."""
    import numpy as np

    return int(np.count_nonzero(values))


def _mask(values: Any) -> Any:
    """Return a NumPy array of booleans as Arrow has it; `pyarrow.array` takes twenty times as long."""
    import numpy as np
    import pyarrow as pa

    bits = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, bits])


def _text_of(array: Any) -> memoryview:
    """Return the bytes of all texts of an Arrow array, one after the other; no copy is made."""
    import numpy as np

    if not len(array):
        return memoryview(b"")
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    return memoryview(data)[int(ends[0]) : int(ends[-1])]
