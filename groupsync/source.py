"""The contract between groupsync and a source of customers, in words that a plugin's author can follow.

A source is a class that satisfies `Source`, offered through the hook `groupsync_register_sources`
(`groupsync.hookspecs`). It holds one row for each customer, and answers which of them bound conditions are true for
(`groupsync.model.criteria` says what that means). What comes of it goes through the same guards as lists do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from groupsync.backend import JsonSchema
    from groupsync.identity import Identity
    from groupsync.model import Members
    from groupsync.model.criteria import Attribute, Condition, Scalar, Share, Top

__all__ = [
    "Answer",
    "Census",
    "Misfits",
    "Question",
    "Remark",
    "Source",
    "SourceAnswers",
    "SourceContext",
    "SupportsRemarks",
]


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a source may know of the run it serves.

    Attributes:
        root: the project's folder; relative paths in options start here, and must not lead out of it.
        source: the source's name in the config.
        identity: how identifiers are made canonical. A source gives canonical ones alone.
        as_of: the plan's instant, in the time zone of the source: UTC, or a `ZoneInfo`. What a source works out from
            the time of day it must work out from this, and never from a clock, so that the same customers give the same
            answers at `--at`. Times that are kept without a zone must be read in this one, and given in UTC; of a time
            that the clock shows twice, or skips, the later reading is meant (`groupsync.times.read_in`).
    """

    root: Path
    source: str
    identity: Identity
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that people should know of a source's options, though they can be used; shown as a warning.

    Attributes:
        option: which one it is about.
        summary: one line that names the source, without a final stop.
        detail: what was found, and why it matters; whole sentences.
        hint: the edit that mends it; a whole sentence.
    """

    option: str
    summary: str
    detail: str
    hint: str


@dataclass(frozen=True, slots=True)
class Question:
    """One segment.

    Attributes:
        name: of the group.
        where: a bound condition.
        holdout: who is in this part is left out.
        sample: who is not in this part is left out.
        top: give the order of this `limit` as well; its field is bound. Nobody is cut off.
        sought: more bound conditions, none of which names a group: tell which of them are true for nobody.
    """

    name: str
    where: Condition
    holdout: Share | None = None
    sample: Share | None = None
    top: Top | None = None
    sought: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Who belongs to one segment.

    Attributes:
        members: count and digest known; `load` and `raw` read a file of the folder that was given.
        held_out: how many `holdout` left out.
        matched: how many `where` is true for, before holdout and sample.
        order: reads the members once, the first of the order asked for first; None where no order was asked for.
        unmet: those of the question's `sought` that are true for no eligible customer, in their order.
    """

    members: Members
    held_out: int
    matched: int
    order: Callable[[], Sequence[str]] | None = None
    unmet: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Misfits:
    """Values of one column that are none of its type, and so are unknown (null).

    Attributes:
        column: its name.
        count: in how many rows; of all rows, eligible or not.
        samples: some of them as they stand there, at most three.
    """

    column: str
    count: int
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Census:
    """What a source holds as a whole, after `eligible`: what its guards judge before any segment counts.

    Attributes:
        rows: how many.
        nulls: rows whose identifier is null, empty or blank.
        invalid: rows whose identifier is no identifier, such as an address without an @-sign.
        duplicates: canonical identifiers that more than one row has. Blanks around an identifier are none of it.
        invalid_samples, duplicate_samples: some of what `invalid` and `duplicates` count, at most five each, for
            messages; invalid ones as they stand there.
        newest: the latest `updated_at` of all rows, or when the file was last written; None where nobody knows.
        misfits: of the columns that were asked for and whose type does not hold for every row, in their order.
        empty_files: names of the source's files that hold no row at all, sorted.
    """

    rows: int
    nulls: int = 0
    invalid: int = 0
    duplicates: int = 0
    invalid_samples: tuple[str, ...] = ()
    duplicate_samples: tuple[str, ...] = ()
    newest: datetime | None = None
    misfits: tuple[Misfits, ...] = ()
    empty_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceAnswers:
    """What came of one pass.

    Attributes:
        census: of the very rows that the answers come from.
        answers: by the question's name. A row whose identifier is null or invalid is in none.
    """

    census: Census
    answers: Mapping[str, Answer]


class Source(Protocol):
    """Something that knows customers.

    One instance serves one source of the config in one run, from one thread. It must not change anything where the
    customers are kept, must not print, and must turn its own library's exceptions into `SourceError`:
    with `option` where an option of the config names what is not there, without where the source or data are to blame.

    Values of conditions are hostile until proven otherwise: they must stay values on the way to an engine.
    """

    name: ClassVar[str]
    """The name used as `plugin:` in the config; `[a-z][a-z0-9_-]*`."""
    options_schema: ClassVar[JsonSchema]
    """Describes the source's own options; must refuse unknown ones."""

    @classmethod
    def from_options(cls, options: Mapping[str, Any], context: SourceContext) -> Self:
        """Make a source from checked options. Must not do network I/O.

        Raises:
            ConfigError: the options fit the schema but not each other or the machine.
        """
        ...

    def attributes(self) -> tuple[Attribute, ...]:
        """Read which columns there are, with their real types: sorted by name, `name` and `column` the same.

        Raises:
            SourceError: the table is not there, has no such identifier column, or can't be reached.
        """
        ...

    def evaluate(
        self,
        questions: Sequence[Question],
        groups: Mapping[str, Members],
        folder: Path,
        eligible: Condition | None = None,
    ) -> SourceAnswers:
        """Answer all questions in one pass over the customers.

        Must not need more memory for more customers, nor go over them once a question. Conditions that several
        questions share should be tested once.

        Args:
            questions: with distinct names; may be empty, for the census alone.
            groups: members of the groups that `InGroup` names, canonical.
            folder: an empty folder of this call's own, which outlives the answers; members go there.
            eligible: who it does not hold true for is not a customer at all.

        Raises:
            SourceError: nothing may be made of what came until then.
        """
        ...

    def rows(self, ids: Collection[str], columns: Sequence[str]) -> Mapping[str, Mapping[str, Scalar | None]]:
        """Read what is known of some people, by their canonical identifier; who is not there is left out.

        Args:
            ids: canonical; at most 1,000.
            columns: of which attributes; NaN is given as None.
        """
        ...

    def count(
        self,
        conditions: Sequence[Condition],
        groups: Mapping[str, Members],
        eligible: Condition | None = None,
    ) -> tuple[int, ...]:
        """Count for how many eligible customers each condition is true, in one pass."""
        ...

    def shares(
        self,
        where: Condition,
        column: str,
        groups: Mapping[str, Members],
        eligible: Condition | None = None,
        most: int | None = None,
    ) -> tuple[tuple[Scalar | None, int], ...]:
        """Count eligible customers that `where` is true for by the value of an attribute, the most frequent first.

        Args:
            where: bound.
            column: of the attribute.
            groups: as for `evaluate`.
            eligible: as for `evaluate`.
            most: of how many values; None for all. Must not need memory for more.
        """
        ...

    def statement(self, question: Question, eligible: Condition | None = None) -> str:
        """Return what would be asked of the engine for one question, as text for people, such as SQL."""
        ...

    def close(self) -> None:
        """Let go of connections. Called once or more often."""
        ...


@runtime_checkable
class SupportsRemarks(Protocol):
    """A source that can tell what is odd about its options."""

    def remarks(self) -> tuple[Remark, ...]:
        """Return what is odd, without asking for customers. Called after `attributes`."""
        ...
