"""Compute segments: ask their sources, and judge the sources before anything they say counts. An edge: it does I/O."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from groupsync.aliases import with_former, with_present
from groupsync.errors import ConfigError, SourceError
from groupsync.journal_read import unread_run
from groupsync.memory import past_rows
from groupsync.model import NOT_COMPUTED, UNREADABLE, Diagnostic, Refusal, Severity, SourceState
from groupsync.model.criteria import Type
from groupsync.plugin_options import check_options
from groupsync.project import stop_on_errors
from groupsync.resolve import Blocked
from groupsync.source import Question, SourceContext, SupportsRemarks
from groupsync.source_guards import judge_by_marks, judge_source, such_as
from groupsync.typed_values import TYPE_WORDS
from groupsync.unmet import Customers, search_findings, search_of
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from groupsync.config import Config
    from groupsync.errors import GroupsyncError
    from groupsync.model import Definition, Members, SourceRange
    from groupsync.model.criteria import Attribute, Condition
    from groupsync.offers import Offer
    from groupsync.pasts import Told
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.resolve import Resolution
    from groupsync.source import Answer, Census, Misfits, Remark, Source, SourceAnswers
    from groupsync.source_config import SourceConfig
    from groupsync.source_facade import CheckedSource


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source that is connected to.

    Attributes:
        config: what the config says of it.
        source: asks it.
        attributes: by the name that conditions use: its columns, and what the config calls otherwise.
        eligible: who is a customer; bound. None for everybody.
        as_of: the instant that conditions are about, in the time zone of the source.
        found: warnings about its entry in the config.
    """

    config: SourceConfig
    source: Source
    attributes: Mapping[str, Attribute]
    eligible: Condition | None
    as_of: datetime
    found: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Computed:
    """A project whose segments are computed.

    Attributes:
        project: the same project; the members of its segments lie in a folder that is there as long as the project.
        sources: those that were asked, in the order of the config.
        refusals: what their guards say against them. Segments are computed all the same, but for those of a source
            whose identifiers are doubled.
        remembered: names of those of which runs tell how many customers they had.
    """

    project: Project
    sources: tuple[SourceState, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    remembered: frozenset[str] = frozenset()

    def judged_by_marks(self, told: Told) -> Computed:
        """Return the same with what guards say of sources that no run tells of, and marks do."""
        found = judge_by_marks(self.project.config.sources, self.sources, told, self.remembered)
        refusals: list[Refusal] = []
        states: list[SourceState] = []
        for state in self.sources:
            own = [each for each in self.refusals if each.name == state.name]
            if state.name in found:
                own.insert(sum(each.rule == "min_rows" for each in own), found[state.name])
            refusals += own
            states.append(replace(state, refused=bool(own), doubted_by=tuple(each.rule for each in own)))
        return replace(self, sources=tuple(states), refusals=tuple(refusals))


class Folder:
    """A folder of this process alone, which goes with this object; it holds names of members."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="groupsync-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def new(self, name: str) -> Path:
        """Make an empty folder in it."""
        path = self.path / name
        path.mkdir()
        return path


def segments_of(project: Project) -> tuple[Definition, ...]:
    """Return the definitions that are computed from a source, sorted by name."""
    return tuple(definition for definition in project.definitions if definition.where is not None)


@contextmanager
def open_sources(
    config: Config,
    plugins: Plugins,
    as_of: datetime,
    names: Sequence[str] = (),
    unread: dict[str, SourceError] | None = None,
) -> Iterator[dict[str, OpenSource]]:
    """Open the named sources, or all, in the config's order, and read what they know; close them at the end.

    Args:
        config: names them.
        plugins: offer them.
        as_of: the instant that `eligible` is about.
        names: of those to open; empty for all.
        unread: is given those that can't be read; None to stop at the first.

    Raises:
        InvalidDefinitions: options that a plugin does not accept or that name what is not there, and what the config
            gets wrong about attributes.
        PluginError: a plugin that can't be used.
        SourceError: one of them can't be read, and `unread` is None.
    """
    chosen = [source for source in config.sources if not names or source.name in names]
    offers, found = _offers(chosen, plugins)
    stop_on_errors(found)
    with ExitStack() as stack:
        opened: dict[str, OpenSource] = {}
        for source in chosen:
            context = SourceContext(config.root, source.name, config.identity.held, source.local(as_of))
            try:
                asked = offers[source.name].cls.from_options(source.options.values, context)
                stack.callback(asked.close)
                opened[source.name] = _known(source, asked, context.as_of, found)
            except ConfigError as error:
                found.append(_misnamed(source, error))
            except SourceError as error:
                if error.option:
                    found.append(_misnamed(source, error, error.option, error.key))
                elif unread is None:
                    raise
                else:
                    unread[source.name] = error
        stop_on_errors(found)
        yield opened


def _offers(
    chosen: Sequence[SourceConfig], plugins: Plugins
) -> tuple[dict[str, Offer[CheckedSource]], list[Diagnostic]]:
    """Return what offers each source, and all that is wrong with their options."""
    offers: dict[str, Offer[CheckedSource]] = {}
    found: list[Diagnostic] = []
    for source in chosen:
        try:
            offers[source.name] = plugins.source(source.plugin)
        except ConfigError as error:
            found.append(_misnamed(source, error, "plugin"))
        else:
            found += check_options(source.options, offers[source.name].options_schema())
    return offers, found


def _misnamed(source: SourceConfig, error: GroupsyncError, option: str = "", key: str = "") -> Diagnostic:
    """Return what an option of a source gets wrong, where that is written."""
    document = source.options.document
    at = document.locate((option, key), key=True) if key else document.locate((option,)) if option else source.at
    summary, detail = (f"{text[:1].upper()}{text[1:]}" for text in (error.summary, error.detail))
    stop = "" if not detail or detail.endswith((".", "?")) else "."
    return Diagnostic("GS512", Severity.ERROR, summary, f"{detail}{stop}", error.hint, at)


def _known(config: SourceConfig, source: Source, as_of: datetime, found: list[Diagnostic]) -> OpenSource:
    from groupsync.binding import bind

    attributes = _named(config, {each.name: each for each in source.attributes()}, found)
    eligible, problems = None, list[Diagnostic]()
    if config.eligible is not None:
        eligible, problems = bind(config.eligible, attributes, as_of, config.name)
    if isinstance(source, SupportsRemarks):
        problems += [_remarked(config, each) for each in source.remarks()]
    found += problems
    return OpenSource(config, source, attributes, eligible, as_of, tuple(problems))


def _remarked(config: SourceConfig, remark: Remark) -> Diagnostic:
    at = config.options.document.locate((remark.option,))
    return Diagnostic("GS513", Severity.WARNING, remark.summary, remark.detail, remark.hint, at)


def _named(config: SourceConfig, columns: dict[str, Attribute], found: list[Diagnostic]) -> dict[str, Attribute]:
    """Return the columns with what the config says of them, and under the names that it gives them."""
    named = dict(columns)
    for note in config.attributes:
        column = columns.get(note.column or note.name)
        if column is None:
            found.append(_unknown_column(config, note.column or note.name, columns, note.at))
            continue
        named[note.name] = replace(
            column,
            name=note.name,
            description=note.description,
            category=note.category,
            unit=note.unit,
            look_back=note.look_back,
            values=note.values,
        )
        if note.values and column.type is not Type.TEXT:
            found.append(_no_texts(named[note.name], note.at))
    return named


def _no_texts(attribute: Attribute, at: SourceRange) -> Diagnostic:
    summary = f"`values` of `{attribute.name}` are texts, and the column is {TYPE_WORDS[attribute.type]}"
    detail = "No value of a column of another type is one of them."
    return Diagnostic("GS512", Severity.ERROR, summary, detail, attribute.hint or "Take `values` out.", at)


def check_segments(project: Project, plugins: Plugins, as_of: datetime) -> None:
    """Hold the conditions of all segments against the columns of their sources.

    Asks the sources for nothing else, but for values that the hint of an error names.

    Raises:
        InvalidDefinitions: all that does not fit, besides what `open_sources` raises.
    """
    wanted = {definition.source for definition in segments_of(project) if definition.source}
    if not wanted:
        return
    with open_sources(project.config, plugins, as_of, sorted(wanted)) as opened:
        _bound(project, opened)


def compute_segments(project: Project, plugins: Plugins | None, as_of: datetime, *, tolerant: bool = False) -> Computed:
    """Compute every segment of a project, each source in as few passes as can be.

    Args:
        project: its definitions are in order.
        plugins: those that offer sources; None for those installed.
        as_of: the instant that conditions about time are about.
        tolerant: refuse a source that can't be read, and go on with the others.

    Raises:
        InvalidDefinitions, PluginError, SourceError: as `open_sources` and `check_segments` raise them. Nothing was
            computed.
    """
    wanted = {definition.source for definition in segments_of(project) if definition.source}
    if not wanted:
        return Computed(project)
    if plugins is None:
        from groupsync.plugins import Plugins as Installed

        plugins = Installed.discover()
    unread: dict[str, SourceError] | None = {} if tolerant else None
    with open_sources(project.config, plugins, as_of, sorted(wanted), unread) as opened:
        computing = _Computing(project, opened, as_of, unread)
        resolution = project.resolution.computed(computing.ask)
    return computing.done(resolution)


def computed_project(project: Project, plugins: Plugins | None, as_of: datetime) -> Project:
    """Compute every segment to be looked at; a source that is refused is among the findings.

    Args, and what is raised: as for `compute_segments`.
    """
    computed = compute_segments(project, plugins, as_of)
    told = [_refused(each) for each in computed.refusals if each.rule != NOT_COMPUTED]
    project.findings.extend(each for each in told if each not in project.findings)
    return computed.project


def _bound(project: Project, opened: Mapping[str, OpenSource]) -> dict[str, Question]:
    """Return the question of every segment, by its name."""
    from groupsync.binding import bind, bind_order

    project.findings.extend(each for source in opened.values() for each in source.found)
    questions: dict[str, Question] = {}
    for definition in segments_of(project):
        source = opened.get(definition.source or "")
        if source is None or definition.where is None:
            continue
        where, problems = bind(
            definition.where, source.attributes, source.as_of, source.config.name, texts_of=partial(_texts_of, source)
        )
        project.findings.extend(problems)
        top = definition.limit
        if top is not None:
            project.findings.extend(bind_order(top.field, source.attributes, source.as_of, source.config.name, top.at))
            known = source.attributes.get(top.field)
            top = replace(top, field=known.column or known.name) if known else None
        questions[definition.name] = Question(definition.name, where, definition.holdout, definition.sample, top)
    stop_on_errors(project.findings)
    return questions


def _texts_of(source: OpenSource, attribute: Attribute) -> tuple[str, ...]:
    """Return texts of an attribute that may be named."""
    if attribute.values:
        return attribute.values
    common = Customers(source.source, {}, source.eligible).common_or_none(attribute.column or attribute.name)
    return () if common is None else common.texts


class _Computing:
    """One computation: what is asked of whom, and what came of it."""

    def __init__(
        self,
        project: Project,
        opened: Mapping[str, OpenSource],
        as_of: datetime,
        not_read: dict[str, SourceError] | None,
    ) -> None:
        self.project = project
        self.identity = project.config.identity
        self.opened = opened
        self.as_of = as_of
        self.questions = _bound(project, opened)
        config, unread = project.config, list[ConfigError]()
        identities = {name: each.config.identity for name, each in opened.items()}
        self.past = past_rows(config.journal, config.id, identities, unread)
        project.findings.extend(map(unread_run, unread))
        self.folder = Folder()
        project.held.append(self.folder)
        self.passes = 0
        self.states: dict[str, SourceState] = {}
        self.refusals: dict[str, list[Refusal]] = {}
        self.unread = not_read
        self.searches = {
            each.name: search_of(each.where, source.config, source.attributes, source.as_of)
            for each in segments_of(project)
            if each.where is not None and (source := opened.get(each.source or ""))
        }

    def ask(self, segments: Sequence[Definition], groups: Mapping[str, Members]) -> Mapping[str, Answer | Blocked]:
        """Ask each source about its segments, in one pass; see `groupsync.evaluation.Ask`.

        A source may know people by an address that they had before: it is asked for them by either, and what it answers
        is told by the one they have now.
        """
        groups = {name: with_former(members, self.identity) for name, members in groups.items()}
        found: dict[str, Answer | Blocked] = {}
        for name, source in self.opened.items():
            questions = [
                replace(self.questions[each.name], sought=self.searches[each.name].conditions)
                for each in segments
                if each.source == name
            ]
            if not questions:
                continue
            self.passes += 1
            folder = self.folder.new(f"{self.passes}")
            try:
                came = source.source.evaluate(questions, groups, folder, source.eligible)
            except SourceError as error:
                if self.unread is None:
                    raise
                self.unread[name] = error
                continue
            self._note(source, came.census, len(questions))
            self._note_unmet(source, came, groups)
            is_stopped = NOT_COMPUTED in self.states[name].doubted_by
            for question in questions:
                blocked = Blocked(question.name, f"its source `{name}` is refused")
                found[question.name] = blocked if is_stopped else self._told(came.answers[question.name])
        for name in self.unread or ():
            blocked_by = f"its source `{name}` can't be read"
            found |= {each.name: Blocked(each.name, blocked_by) for each in segments if each.source == name}
        return found

    def _told(self, answer: Answer) -> Answer:
        members, order, aliases = with_present(answer.members, self.identity), answer.order, self.identity.aliases
        if members is answer.members:
            return answer
        ranked = (lambda: [aliases.get(each, each) for each in order()]) if order else None
        return replace(answer, members=members, order=ranked)

    def _note(self, source: OpenSource, census: Census, segments: int) -> None:
        name = source.config.name
        refusals = judge_source(source.config, census, self.past.get(name), self.as_of)
        doubted_by = tuple(each.rule for each in refusals)
        known = self.states.get(name)
        if known is not None and known.doubted_by != doubted_by:
            before, after = (each[0].summary if each else "it was in order" for each in (self.refusals[name], refusals))
            summary = f"the source `{name}` changed while segments were computed"
            raise SourceError(summary, f"At first: {before}. Then: {after}.", "Plan again once it is loaded.")
        self.refusals[name] = refusals
        self.states[name] = SourceState(
            name,
            source.config.plugin,
            census.rows,
            census.newest,
            segments + (known.segments if known else 0),
            refused=bool(refusals),
            nulls=census.nulls,
            invalid=census.invalid,
            doubted_by=doubted_by,
        )
        if census.invalid:
            self.project.findings.append(_invalid_ids(source.config, census))
        self.project.findings.extend(_misfits(source.config, each) for each in census.misfits)
        self.project.findings.extend(_empty_files(source.config, census))

    def _note_unmet(self, source: OpenSource, came: SourceAnswers, groups: Mapping[str, Members]) -> None:
        """Tell the texts that no customer has; where there is no customer at all, that alone."""
        census = came.census
        if not census.rows - census.nulls - census.invalid:
            self._find([_nobody(source.config)])
            return
        looked = [(self.searches[name], answer.unmet) for name, answer in came.answers.items()]
        self._find(search_findings(looked, Customers(source.source, groups, source.eligible), source.config.name))

    def _find(self, findings: Sequence[Diagnostic]) -> None:
        self.project.findings.extend(each for each in findings if each not in self.project.findings)

    def _refuse(self, source: SourceConfig, error: SourceError) -> None:
        """Note that a source can't be read; nothing is said of its customers."""
        named = [each for each in segments_of(self.project) if each.source == source.name]
        self.states[source.name] = SourceState(
            source.name, source.plugin, 0, segments=len(named), refused=True, doubted_by=(UNREADABLE,)
        )
        hint = f"Nothing that is computed from it is planned; lists go on. {error.hint}"
        self.refusals[source.name] = [Refusal("", source.name, UNREADABLE, str(error), hint.rstrip(), source.at)]

    def done(self, resolution: Resolution) -> Computed:
        """Return the project with its segments."""
        for source in self.project.config.sources:
            if error := (self.unread or {}).get(source.name):
                self._refuse(source, error)
        order = [source.name for source in self.project.config.sources if source.name in self.states]
        return Computed(
            replace(self.project, resolution=resolution),
            tuple(self.states[name] for name in order),
            tuple(refusal for name in order for refusal in self.refusals[name]),
            frozenset(self.past),
        )


def _unknown_column(config: SourceConfig, column: str, columns: Mapping[str, Attribute], at: SourceRange) -> Diagnostic:
    from groupsync.schema_words import closest

    return Diagnostic(
        "GS506",
        Severity.ERROR,
        f"The source `{config.name}` has no column `{column}`",
        f"It has {', '.join(sorted(columns)[:20])}{' and more' if len(columns) > 20 else ''}.",
        closest(column, tuple(columns)) or "Correct `column`, or take the attribute out.",
        at,
    )


def _refused(refusal: Refusal) -> Diagnostic:
    return Diagnostic(
        "GS624",
        Severity.WARNING,
        f"The source `{refusal.name}` is refused by `{refusal.rule}`, so what is computed from it is not applied",
        f"{refusal.summary[0].upper()}{refusal.summary[1:]}.",
        "`groupsync plan` shows what would allow it.",
        refusal.at,
    )


def _invalid_ids(config: SourceConfig, census: Census) -> Diagnostic:
    return Diagnostic(
        "GS620",
        Severity.WARNING,
        counted(
            census.invalid,
            f"row of the source `{config.name}` is left out: it names nobody",
            f"rows of the source `{config.name}` are left out: they name nobody",
        ),
        f"What stands there can be no identifier{such_as(census.invalid_samples)}.",
        "Mend them where they are kept.",
        config.at,
    )


def _empty_files(config: SourceConfig, census: Census) -> Iterator[Diagnostic]:
    names = census.empty_files
    if names:
        of = f"of the source `{config.name}`"
        summary = counted(len(names), f"file {of} holds no rows", f"files {of} hold no rows")
        detail = f"Nobody comes of it{such_as(names)}."
        hint = "See whether it was written wholly, or take it away."
        yield Diagnostic("GS626", Severity.WARNING, summary, detail, hint, config.at)


def _nobody(config: SourceConfig) -> Diagnostic:
    who = "no row with an identifier" if config.eligible is None else "nobody who is eligible"
    return Diagnostic(
        "GS628",
        Severity.WARNING,
        f"The source `{config.name}` has no customers",
        f"There is {who} in it, so that every condition is true for nobody.",
        "See to what it reads, and to `eligible`; `min_rows` refuses a source that has too few customers.",
        config.at,
    )


def _misfits(config: SourceConfig, found: Misfits) -> Diagnostic:
    return Diagnostic(
        "GS625",
        Severity.WARNING,
        counted(
            found.count,
            f"value of `{found.column}` in the source `{config.name}` is unknown: it is none of its type",
            f"values of `{found.column}` in the source `{config.name}` are unknown: they are none of its type",
        ),
        f"What stands there can't be read{such_as(found.samples)}.",
        "Correct them where they are kept, or how the source is read.",
        config.at,
    )
