"""What the parts of the source contract share: tables of customers, and how they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

import pytest

from groupsync.model import Members, SourceRange
from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Operator, Test, Type
from groupsync.source import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from groupsync.model.criteria import Condition, Scalar
    from groupsync.source import Answer, Source, SourceAnswers

    Row: TypeAlias = Mapping[str, Scalar | None]
    MakeSource: TypeAlias = Callable[[Sequence[Row], Mapping[str, Type]], Source]

ID: Final = "email"
AT: Final = SourceRange("groups/contract.yaml", 1, 1)
EVERYONE: Final = Everyone(AT)


class CustomersRoom:
    """A part of the contract. See `SourceContract` for the attributes."""

    types: ClassVar[frozenset[Type]] = frozenset(Type) - {Type.OTHER}

    def _has(self, kind: Type) -> None:
        if kind not in self.types:
            pytest.skip(f"the engine has no {kind}")


class Asked:
    """Asks sources of one kind, each call in a folder of its own, and closes them at the end."""

    def __init__(self, make_source: MakeSource, folder: Path) -> None:
        self._make = make_source
        self._folder = folder
        self._calls = 0
        self._open: list[Source] = []

    def table(self, rows: Sequence[Row], types: Mapping[str, Type], *, has_id: bool = True) -> Source:
        """Return a source that holds the rows; the column `email` is there without being named in `types`."""
        source = self._make(rows, {ID: Type.TEXT, **types} if has_id else types)
        self._open.append(source)
        return source

    def column(self, values: Sequence[Scalar | None], kind: Type) -> Source:
        """Return a source with one customer for each value, `p00@example.com` and so on, in the attribute `value`."""
        return self.table([{ID: person(at), "value": value} for at, value in enumerate(values)], {"value": kind})

    def evaluate(
        self,
        source: Source,
        *questions: Question,
        groups: Mapping[str, Iterable[str]] | None = None,
        eligible: Condition | None = None,
    ) -> SourceAnswers:
        """Ask all questions at once."""
        self._calls += 1
        folder = self._folder / f"{self._calls}"
        folder.mkdir(parents=True)
        return source.evaluate(questions, members_of(groups), folder, eligible)

    def answer(self, source: Source, question: Question, eligible: Condition | None = None) -> Answer:
        """Ask one question."""
        return self.evaluate(source, question, eligible=eligible).answers[question.name]

    def who(
        self, source: Source, where: Condition, groups: Mapping[str, Iterable[str]] | None = None
    ) -> frozenset[str]:
        """Return whom a condition is true for."""
        return self.evaluate(source, Question("a", where), groups=groups).answers["a"].members.load()

    def close(self) -> None:
        """Close every source."""
        for source in self._open:
            source.close()


def members_of(groups: Mapping[str, Iterable[str]] | None) -> dict[str, Members]:
    """Return groups as a source takes them."""
    return {name: Members.of(frozenset(members)) for name, members in (groups or {}).items()}


def person(number: int) -> str:
    """Return an address, canonical; they sort as their numbers below 100 do."""
    return f"p{number:02}@example.com"


def people(*numbers: int) -> frozenset[str]:
    """Return several of them."""
    return frozenset(map(person, numbers))


def a_test(
    operator: Operator, value: Scalar | tuple[Scalar, ...], field: str = "value", *, ignore_case: bool = False
) -> Test:
    """Return a bound test."""
    return Test(field, operator, value, AT, ignore_case)


def both(*conditions: Condition) -> All:
    """Return what is true where each is."""
    return All(conditions, AT)


def either(*conditions: Condition) -> AnyOf:
    """Return what is true where one is."""
    return AnyOf(conditions, AT)


def opposite(condition: Condition) -> Not:
    """Return what is true where the condition is false."""
    return Not(condition, AT)


def in_group(name: str) -> InGroup:
    """Return what is true for a group's members."""
    return InGroup(name, AT)
