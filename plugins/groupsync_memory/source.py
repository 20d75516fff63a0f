"""The source `memory`: customers written in the config, every question answered as plainly as it can be.

For tests, cases and trials: it goes over its rows once a question, and needs memory for all of them. What a condition
is for somebody is `groupsync.truth`'s to say.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from groupsync.bucket import within
from groupsync.condition_words import in_words
from groupsync.errors import SourceError
from groupsync.model import Members, digest_bytes, encode_members
from groupsync.model.criteria import Attribute, Type
from groupsync.model.members import decode_members
from groupsync.source import Answer, Census, SourceAnswers
from groupsync.truth import is_null, truth
from groupsync_memory.store import MemoryStore
from groupsync_memory.table import TYPES, Table, table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from groupsync.backend import JsonSchema
    from groupsync.identity import Identity
    from groupsync.model.criteria import Condition, Scalar, Top
    from groupsync.source import Question, SourceContext

_SAMPLES: Final = 5
_VALUE: Final = {"type": ["string", "number", "boolean", "null"]}


@dataclass(frozen=True, slots=True)
class _Customer:
    """One row; `member` is empty where its identifier is null or none that can be one."""

    member: str
    row: Mapping[str, Scalar | None]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """Groups as conditions ask for them."""

    groups: Mapping[str, frozenset[str]]

    def holds(self, condition: Condition | None, customer: _Customer) -> bool:
        return condition is None or truth(condition, customer.row, customer.member, self.groups) is True


class MemorySource:
    """Customers in the memory of the process. It fails when the `MemoryStore` that it belongs to is told to."""

    name: ClassVar[str] = "memory"
    options_schema: ClassVar[JsonSchema] = {
        "type": "object",
        "properties": {
            "rows": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": _VALUE},
                "title": "Rows",
                "description": "The customers, a mapping of attributes each; what is not there is null.",
                "examples": [[{"email": "ada@example.com", "age": 36}]],
            },
            "id": {
                "type": "string",
                "minLength": 1,
                "title": "Id",
                "description": "The attribute that holds each customer's identifier.",
                "examples": ["email"],
            },
            "types": {
                "type": "object",
                "additionalProperties": {"enum": list(TYPES)},
                "title": "Types",
                "description": "What the values of an attribute are, where the rows alone don't tell: dates and "
                "instants are written as texts, decimal numbers as texts or numbers.",
                "default": {},
                "examples": [{"born": "date", "spend": "decimal"}],
            },
            "updated_at": {
                "type": "string",
                "minLength": 1,
                "title": "Updated at",
                "description": "The attribute, an instant, that tells when a row last changed.",
                "examples": ["updated_at"],
            },
            "store": {
                "type": "string",
                "minLength": 1,
                "title": "Store",
                "description": "Which of the process's stores tells it when to fail; for tests.",
                "default": "default",
                "examples": ["trial"],
            },
        },
        "required": ["rows", "id"],
        "additionalProperties": False,
    }

    def __init__(self, table: Table, options: Mapping[str, Any], context: SourceContext) -> None:
        self._table = table
        self._id: str = options["id"]
        self._updated_at: str = options.get("updated_at", "")
        self._store = MemoryStore.named(options.get("store", "default"))
        self._source = context.source
        self._identity = context.identity

    @classmethod
    def from_options(cls, options: Mapping[str, Any], context: SourceContext) -> Self:
        """Make a source of the rows in the options.

        Raises:
            ConfigError: values that don't fit their types.
        """
        zone = context.as_of.tzinfo or UTC
        return cls(table_of(options["rows"], options.get("types", {}), context.source, zone), options, context)

    def attributes(self) -> tuple[Attribute, ...]:
        """Return the columns of the rows."""
        with self._store.failing("attributes"):
            self._check()
            return tuple(Attribute(name, kind, str(kind), name) for name, kind in self._table.types.items())

    def evaluate(
        self,
        questions: Sequence[Question],
        groups: Mapping[str, Members],
        folder: Path,
        eligible: Condition | None = None,
    ) -> SourceAnswers:
        """Answer one question after the other."""
        with self._store.failing("evaluate"):
            self._check()
            loaded = _load(groups)
            everyone = self._customers(loaded, eligible)
            answers = {
                question.name: _answer(question, everyone, loaded, folder / f"{number}.members")
                for number, question in enumerate(questions)
            }
            return SourceAnswers(self._census(everyone), answers)

    def rows(self, ids: Collection[str], columns: Sequence[str]) -> Mapping[str, Mapping[str, Scalar | None]]:
        """Return the first row of each of some people."""
        with self._store.failing("rows"):
            self._check(*columns)
            wanted = set(ids)
            found: dict[str, Mapping[str, Scalar | None]] = {}
            for customer in self._customers(_load({}), None):
                if customer.member in wanted and customer.member:
                    found.setdefault(customer.member, {name: _known(customer.row[name]) for name in columns})
            return found

    def count(
        self,
        conditions: Sequence[Condition],
        groups: Mapping[str, Members],
        eligible: Condition | None = None,
    ) -> tuple[int, ...]:
        """Count people; who has several rows counts where any of them does."""
        with self._store.failing("count"):
            loaded = _load(groups)
            everyone = self._customers(loaded, eligible)
            return tuple(len({each.member for each in _matching(where, everyone, loaded)}) for where in conditions)

    def shares(
        self,
        where: Condition,
        column: str,
        groups: Mapping[str, Members],
        eligible: Condition | None = None,
        most: int | None = None,
    ) -> tuple[tuple[Scalar | None, int], ...]:
        """Count people by value; who has several rows counts once for each of their values."""
        with self._store.failing("shares"):
            self._check(column)
            loaded = _load(groups)
            matching = _matching(where, self._customers(loaded, eligible), loaded)
            pairs = {(each.member, _known(each.row[column])) for each in matching}
            counts = Counter(value for _, value in pairs)
            return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0] is None, str(pair[0])))[:most])

    def statement(self, question: Question, eligible: Condition | None = None) -> str:
        """Return the question in words, a line for each part."""
        self._check()
        lines = [f"eligible: {in_words(eligible)}"] if eligible is not None else []
        lines.append(f"where: {in_words(question.where)}")
        if question.holdout is not None:
            lines.append(f"without {question.holdout.percent} % by the seed {question.holdout.seed}")
        if question.sample is not None:
            lines.append(f"only {question.sample.percent} % by the seed {question.sample.seed}")
        if question.top is not None:
            first = "largest" if question.top.descending else "smallest"
            lines.append(f"by {question.top.field}, the {first} first")
        return "\n".join(lines)

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _check(self, *columns: str) -> None:
        for name in (self._id, *filter(None, [self._updated_at]), *columns):
            self._table.check_column(name, self._source)
        if self._updated_at and self._table.types[self._updated_at] is not Type.INSTANT:
            summary = f"`updated_at` of source `{self._source}` is no instant"
            hint = f"Add `{self._updated_at}: instant` to `types`."
            raise SourceError(summary, f"`{self._updated_at}` is {self._table.types[self._updated_at]}", hint)

    def _customers(self, loaded: _Loaded, eligible: Condition | None) -> list[_Customer]:
        everyone = [_Customer(_canonical(row[self._id], self._identity), row) for row in self._table.rows]
        return [customer for customer in everyone if loaded.holds(eligible, customer)]

    def _census(self, everyone: Sequence[_Customer]) -> Census:
        odd = [customer.row[self._id] for customer in everyone if not customer.member]
        invalid = [str(raw) for raw in odd if raw is not None and str(raw).strip()]
        counts = Counter(customer.member for customer in everyone if customer.member)
        repeated = [member for member, count in counts.items() if count > 1]
        return Census(
            len(everyone),
            len(odd) - len(invalid),
            len(invalid),
            len(repeated),
            tuple(invalid[:_SAMPLES]),
            tuple(repeated[:_SAMPLES]),
            self._newest(everyone),
        )

    def _newest(self, everyone: Sequence[_Customer]) -> datetime | None:
        if not self._updated_at:
            return None
        times: list[Any] = [customer.row[self._updated_at] for customer in everyone]
        return max((time for time in times if time is not None), default=None)


def _canonical(raw: Scalar | None, identity: Identity) -> str:
    try:
        written = "" if raw is None else str(raw).strip()
        return identity.canonical(written) if written else ""
    except ValueError:
        return ""


def _load(groups: Mapping[str, Members]) -> _Loaded:
    return _Loaded({name: members.load() for name, members in groups.items()})


def _known(value: Scalar | None) -> Scalar | None:
    return None if is_null(value) else value


def _matching(where: Condition, everyone: Iterable[_Customer], loaded: _Loaded) -> list[_Customer]:
    return [customer for customer in everyone if customer.member and loaded.holds(where, customer)]


def _answer(question: Question, everyone: Sequence[_Customer], loaded: _Loaded, path: Path) -> Answer:
    matching = _matching(question.where, everyone, loaded)
    matched = {customer.member for customer in matching}
    holdout, sample = question.holdout, question.sample
    held_out = {member for member in matched if holdout is not None and within(holdout, member)}
    kept = {member for member in matched - held_out if sample is None or within(sample, member)}
    text = encode_members(kept)
    path.write_bytes(text)
    members = Members(
        lambda: decode_members(path.read_bytes()), count=len(kept), digest=digest_bytes(text), raw=path.read_bytes
    )
    unmet = tuple(each for each in question.sought if not _matching(each, everyone, loaded))
    if question.top is None:
        return Answer(members, len(held_out), len(matched), unmet=unmet)
    order = _ordered([customer for customer in matching if customer.member in kept], question.top)
    return Answer(members, len(held_out), len(matched), lambda: order, unmet)


def _ordered(customers: Sequence[_Customer], top: Top) -> tuple[str, ...]:
    """Return people in the order of a limit; the best of somebody's several rows counts, nulls come last."""
    best: dict[str, Any] = {}
    nulls: set[str] = set()
    for customer in customers:
        value: Any = _known(customer.row[top.field])
        if value is None:
            nulls.add(customer.member)
        elif customer.member not in best:
            best[customer.member] = value
        else:
            better = max if top.descending else min
            best[customer.member] = better(best[customer.member], value)
    ranked = sorted(sorted(best), key=lambda member: best[member], reverse=top.descending)
    return (*ranked, *sorted(nulls - best.keys()))
