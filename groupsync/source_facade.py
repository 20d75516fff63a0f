"""A source as the core calls it: what a plugin returns is checked here, and the plugin is blamed for what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from groupsync.blame import Checked, blaming, standing_for
from groupsync.model import Members
from groupsync.model.criteria import Attribute
from groupsync.source import Answer, Census, Remark, SourceAnswers, SupportsRemarks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from groupsync.model.criteria import Condition, Scalar
    from groupsync.source import Question, Source, SourceContext


class CheckedSource(Checked):
    """Call a source and hold it to its contract; `checked_source` makes the class.

    Satisfies `Source` and `SupportsRemarks`, whether the plugin's own does or not.

    Attributes:
        checks: the plugin's own class.
    """

    kind: ClassVar[str] = "source"
    checks: ClassVar[type[Source]]

    def __init__(self, source: Source) -> None:
        self._source = source

    @classmethod
    def from_options(cls, options: Mapping[str, Any], context: SourceContext) -> Self:
        """Make the plugin's source and wrap it; see `Source.from_options`."""
        with blaming(cls, "taking its options"):
            source = cls.checks.from_options(options, context)
        if not isinstance(source, cls.checks):
            raise cls._broken("from_options", f"an instance of {cls.checks.__qualname__}", source)
        return cls(source)

    def attributes(self) -> tuple[Attribute, ...]:
        """Read the attributes, each checked to be one; see `Source.attributes`."""
        with blaming(self, "reading its attributes"):
            found = tuple(self._source.attributes())
        for each in found:
            if not isinstance(each, Attribute):
                raise self._broken("attributes", "values of type Attribute", each)
        return found

    def remarks(self) -> tuple[Remark, ...]:
        """Return what is odd about its options; nothing where the plugin can't tell. See `SupportsRemarks`."""
        if not isinstance(self._source, SupportsRemarks):
            return ()
        with blaming(self, "looking at its options"):
            found = tuple(self._source.remarks())
        for each in found:
            if not isinstance(each, Remark):
                raise self._broken("remarks", "values of type Remark", each)
        return found

    def evaluate(
        self,
        questions: Sequence[Question],
        groups: Mapping[str, Members],
        folder: Path,
        eligible: Condition | None = None,
    ) -> SourceAnswers:
        """Answer all questions, each of them and with counts that fit; see `Source.evaluate`."""
        with blaming(self, "evaluating segments"):
            found = self._source.evaluate(questions, groups, folder, eligible)
        if not isinstance(found, SourceAnswers) or not isinstance(found.census, Census):
            raise self._broken("evaluate", "SourceAnswers with a Census", found)
        for question in questions:
            answer = found.answers.get(question.name)
            if not isinstance(answer, Answer) or not isinstance(answer.members, Members):
                raise self._broken("evaluate", f"an Answer for `{question.name}`", answer)
            count = answer.members.known_count
            if count is None or answer.members.known_digest is None or not count <= answer.matched <= found.census.rows:
                raise self._broken(
                    "evaluate", f"members of `{question.name}` with a count and a digest that fit", answer
                )
            if not set(answer.unmet) <= set(question.sought):
                raise self._broken("evaluate", f"of what `{question.name}` looks for what nobody has", answer.unmet)
            if question.top is not None and answer.order is None:
                raise self._broken("evaluate", f"the order of `{question.name}`", answer)
        return found

    def rows(self, ids: Collection[str], columns: Sequence[str]) -> Mapping[str, Mapping[str, Scalar | None]]:
        """Read what is known of some people; see `Source.rows`."""
        with blaming(self, "reading rows"):
            return self._source.rows(ids, columns)

    def count(
        self, conditions: Sequence[Condition], groups: Mapping[str, Members], eligible: Condition | None = None
    ) -> tuple[int, ...]:
        """Count; see `Source.count`."""
        with blaming(self, "counting"):
            found = tuple(self._source.count(conditions, groups, eligible))
        if len(found) != len(conditions):
            raise self._broken("count", f"{len(conditions)} counts", found)
        return found

    def shares(
        self,
        where: Condition,
        column: str,
        groups: Mapping[str, Members],
        eligible: Condition | None = None,
        most: int | None = None,
    ) -> tuple[tuple[Scalar | None, int], ...]:
        """Count by the value of an attribute; see `Source.shares`."""
        with blaming(self, "counting values"):
            return tuple(self._source.shares(where, column, groups, eligible, most))

    def statement(self, question: Question, eligible: Condition | None = None) -> str:
        """Return what would be asked of the engine; see `Source.statement`."""
        with blaming(self, "writing a statement"):
            return self._source.statement(question, eligible)

    def close(self) -> None:
        """Let go of connections; see `Source.close`."""
        with blaming(self, "closing"):
            self._source.close()


def checked_source(source: type[Source], plugin: str, version: str) -> type[CheckedSource]:
    """Return a class that stands for `source` and checks all it does.

    Args:
        source: the plugin's class.
        plugin: name of the plugin's distribution.
        version: of that distribution.
    """
    return standing_for(source, CheckedSource, plugin, version)
