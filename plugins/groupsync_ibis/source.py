"""The source `ibis`: each question of the contract as one statement for the engine."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from groupsync.bucket import threshold
from groupsync.model.criteria import All, Type
from groupsync.source import Remark, SourceAnswers
from groupsync_ibis.answers import NEWEST, Segment, Sought, answer_batches
from groupsync_ibis.bits import ALWAYS, Registry, columns_of, formula_sql, mentions_group, tested
from groupsync_ibis.client import Client
from groupsync_ibis.compile import compile_bits, compile_condition, moment, never, readable
from groupsync_ibis.convert import attributes_of, scalar_of
from groupsync_ibis.local import Local
from groupsync_ibis.options import SCHEMA, IbisOptions
from groupsync_ibis.query import AS_OF, clocks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from groupsync.backend import JsonSchema
    from groupsync.model import Members
    from groupsync.model.criteria import Attribute, Condition, Scalar, Share
    from groupsync.source import Question, SourceContext
    from groupsync_ibis.answers import Counter
    from groupsync_ibis.client import Session
    from groupsync_ibis.compile import Dialect

_CAPITALS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONG_CHARACTERS: Final = 1_024
"""More than any identifier has, with the blanks around it that one might have."""
_NOT_PLAIN: Final = r'[^!-~]|"'
"""Identifiers whose canonical form can differ from them by more than the case of ASCII letters."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one pass is to find.

    Attributes:
        registry: has the bits of all segments.
        segments: whose members are found.
        sought: conditions by number, of which those stay that are true for nobody.
        tops: column of the engine that a segment is ordered by, by the name that it gets.
    """

    registry: Registry
    segments: Sequence[Segment]
    tops: Mapping[str, str] = field(default_factory=dict)
    sought: Sought = field(default_factory=Sought)


class IbisSource:
    """Customers in any engine that Ibis speaks to."""

    name: ClassVar[str] = "ibis"
    options_schema: ClassVar[JsonSchema] = SCHEMA

    def __init__(self, options: IbisOptions, context: SourceContext) -> None:
        self._options = options
        self._identity = context.identity
        self._source = context.source
        self._client = Client(options, context)

    @classmethod
    def from_options(cls, options: Mapping[str, Any], context: SourceContext) -> Self:
        """Make a source; nothing is connected to yet.

        Raises:
            ConfigError: both or neither of `table` and `query` are given.
        """
        return cls(IbisOptions.of(options, context.source), context)

    def attributes(self) -> tuple[Attribute, ...]:
        """Read the columns of the table or query."""
        with self._client.session() as session:
            mapper = session.engine.compiler.type_mapper
            found = attributes_of(session.table, lambda dtype: str(mapper.to_string(dtype)).lower())
            hints = self._client.hints(session, [each.name for each in found if each.type is Type.TEXT])
        return tuple(replace(each, hint=hints.get(each.name, "")) for each in found)

    def remarks(self) -> tuple[Remark, ...]:
        """Tell of a query that asks the clock of its engine."""
        found = clocks(self._options)
        if not found:
            return ()
        summary = f"The query of the source `{self._source}` asks the engine's clock"
        detail = f"By {', '.join(f'`{each}`' for each in found)}. It ignores `--at`, and goes on while a plan is made."
        return (Remark("query", summary, detail, f"Write `{AS_OF}`, which is the plan's instant."),)

    def evaluate(
        self,
        questions: Sequence[Question],
        groups: Mapping[str, Members],
        folder: Path,
        eligible: Condition | None = None,
    ) -> SourceAnswers:
        """Answer all questions with one statement, sorted by the embedded DuckDB."""
        registry = Registry()
        # First: a list of values that have their bits needs none of its own.
        sought = Sought({each: registry.formula(each) for question in questions for each in question.sought})
        segments = [_segment(number, question, registry, folder) for number, question in enumerate(questions)]
        tops = {f"t{number}": each.top.field for number, each in enumerate(questions) if each.top is not None}
        columns = _named(registry, eligible, tops.values())
        with self._client.session(folder, columns) as session:
            misfits = self._client.misfits(session, columns | {self._options.id, self._options.updated_at})
            counter = self._pass(session, _Asked(registry, segments, tops, sought), groups, eligible)
            answers = {
                question.name: replace(
                    segment.answer(session.local, descending=question.top is not None and question.top.descending),
                    unmet=tuple(each for each in question.sought if each in sought.unmet),
                )
                for question, segment in zip(questions, segments, strict=True)
            }
            counted = counter.census(self._client.newest_file())
            census = replace(counted, misfits=misfits, empty_files=self._client.empty_files)
            return SourceAnswers(census, answers)

    def count(
        self,
        conditions: Sequence[Condition],
        groups: Mapping[str, Members],
        eligible: Condition | None = None,
    ) -> tuple[int, ...]:
        """Count as `evaluate` does, and write nothing."""
        registry = Registry()
        segments = [Segment(registry.formula(condition)) for condition in conditions]
        with (
            tempfile.TemporaryDirectory(prefix="groupsync-") as folder,
            self._client.session(Path(folder), _named(registry, eligible)) as session,
        ):
            self._pass(session, _Asked(registry, segments), groups, eligible)
        return tuple(segment.matched for segment in segments)

    def shares(
        self,
        where: Condition,
        column: str,
        groups: Mapping[str, Members],
        eligible: Condition | None = None,
        most: int | None = None,
    ) -> tuple[tuple[Scalar | None, int], ...]:
        """Count people by value. Who has several rows counts once for each value."""
        registry = Registry()
        condition = where if eligible is None else All((eligible, where), where.at)
        formula = registry.formula(condition)
        with (
            tempfile.TemporaryDirectory(prefix="groupsync-") as folder,
            self._client.session(Path(folder), _named(registry, None, [column])) as session,
        ):
            table = session.table
            rows = table.select(
                self._raw(table),
                *_bits(registry, table, session.dialect),
                readable(table[column], session.dialect).name("value"),
            )
            local = Local(session, self._identity, registry, groups)
            found = local.shares(session.relation(rows, "found"), formula_sql(formula), most)
        return tuple((scalar_of(value), count) for value, count in found)

    def rows(self, ids: Collection[str], columns: Sequence[str]) -> Mapping[str, Mapping[str, Scalar | None]]:
        """Read some people's rows: those that can have one of the identifiers, and then those that do."""
        wanted = set(ids)
        with self._client.session(columns=columns) as session:
            table = session.table
            raw = table[self._options.id].cast("string")
            folded = raw.translate(_CAPITALS, _CAPITALS.lower())
            is_near = folded.isin(sorted({each.lower() for each in wanted})) | raw.re_search(_NOT_PLAIN)
            chosen = [
                readable(table[column], session.dialect).name(f"v{number}") for number, column in enumerate(columns)
            ]
            near = table.filter(is_near).select(raw.name("raw"), *chosen)
            relation = session.relation(near, "near")
            found: dict[str, Mapping[str, Scalar | None]] = {}
            reader = session.local.execute(f"SELECT * FROM {relation}").to_arrow_reader(10_000)
            for row in (row for batch in reader for row in batch.to_pylist()):
                identifier = self._canonical(row["raw"])
                if identifier in wanted:
                    values = {column: scalar_of(row[f"v{number}"]) for number, column in enumerate(columns)}
                    found.setdefault(identifier, values)
        return found

    def statement(self, question: Question, eligible: Condition | None = None) -> str:
        """Return the SELECT that a person would write; other groups and buckets as if the engine had them."""
        import ibis

        columns = tested(question.where) | tested(eligible) | ({question.top.field} if question.top else set())
        with self._client.session(columns=columns) as session:
            table = session.table
            text = table[self._options.id].cast("string")

            def in_group(name: str) -> Any:
                members = ibis.table({"id": "string"}, name=name)
                return text.isin(members.id)

            parts = [question.where] if eligible is None else [eligible, question.where]
            tests = [compile_condition(each, table, in_group, session.dialect) for each in parts]
            if question.holdout is not None:
                tests.append(~_within(question.holdout, text))
            if question.sample is not None:
                tests.append(_within(question.sample, text))
            found = table.filter(*tests)
            if question.top is not None:
                key = readable(found[question.top.field], session.dialect)
                direction = key.desc(nulls_first=False) if question.top.descending else key.asc(nulls_first=False)
                found = found.order_by([direction, self._options.id])
            return session.sql(found.select(self._options.id))

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _pass(
        self,
        session: Session,
        asked: _Asked,
        groups: Mapping[str, Members],
        eligible: Condition | None,
    ) -> Counter:
        """Go over the customers once; the segments asked for know their members afterwards."""
        registry = asked.registry
        is_local = eligible is not None and mentions_group(eligible)
        limit = registry.formula(eligible) if eligible is not None and is_local else ALWAYS
        table = session.table
        if eligible is not None and not is_local:
            table = table.filter(compile_condition(eligible, table, never, session.dialect))
        extra = [readable(table[column], session.dialect).name(name) for name, column in asked.tops.items()]
        if self._options.updated_at:
            extra.append(moment(table[self._options.updated_at], session.dialect).name(NEWEST))
        rows = table.select(self._raw(table), *_bits(registry, table, session.dialect), *extra)
        local = Local(session, self._identity, registry, groups)
        names = [each.get_name() for each in extra]
        relation = session.relation(rows, "found")
        batches = local.sorted_batches(relation, names, formula_sql(limit))
        return answer_batches(batches, [*asked.segments, asked.sought])

    def _raw(self, table: Any) -> Any:
        """Return the identifiers as texts; what is too long to be one is cut, since all are sorted."""
        column = table[self._options.id]
        return (column.left(_LONG_CHARACTERS) if column.type().is_string() else column.cast("string")).name("raw")

    def _canonical(self, raw: str | None) -> str | None:
        try:
            written = raw.strip() if raw else ""
            return self._identity.canonical(written) if written else None
        except ValueError:
            return None


def _segment(number: int, question: Question, registry: Registry, folder: Path) -> Segment:
    return Segment(
        registry.formula(question.where),
        folder / f"{number}.members",
        None if question.holdout is None else registry.within(question.holdout),
        ALWAYS if question.sample is None else registry.within(question.sample),
        None if question.top is None else f"t{number}",
    )


def _named(registry: Registry, eligible: Condition | None, more: Iterable[str] = ()) -> set[str]:
    """Return the columns whose values are asked for."""
    return {test.field for test in registry.atoms} | tested(eligible) | set(more)


def _bits(registry: Registry, table: Any, dialect: Dialect) -> list[Any]:
    columns = compile_bits(registry.atoms, table, dialect)
    return [column.name(name) for column, name in zip(columns, columns_of("b", len(registry.atoms)), strict=True)]


def _within(share: Share, text: Any) -> Any:
    """Return who is in a part of all people, for people to read: `groupsync.bucket` on the identifier as it is."""
    import ibis

    def md5(text: str) -> str:
        raise NotImplementedError  # the engine's own is called

    digest: Any = ibis.udf.scalar.builtin(md5)
    limit = threshold(share.percent)
    if limit is None:
        return ibis.literal(value=True)
    return digest(ibis.literal(f"{share.seed}:") + text).substr(0, 8) < limit
