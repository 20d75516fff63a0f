"""A project's files: load → validate → resolve, the stretch of the line that needs no target."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from groupsync.errors import InvalidDefinitions
from groupsync.guard_limits import loosenings
from groupsync.load import load_definitions
from groupsync.members.files import MemberFiles
from groupsync.model import Diagnostic, Severity, digest_bytes
from groupsync.overlooked import find_overlooked
from groupsync.progress import Track, untracked
from groupsync.references import NO_DOUBTS, Doubts
from groupsync.resolve import resolve
from groupsync.schema_words import closest
from groupsync.scope import EVERYTHING, Selection, Wanted
from groupsync.sought import Stated, unstated_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from groupsync.config import Config, TargetConfig
    from groupsync.guard_grants import Grant
    from groupsync.model import Definition, Overlooked, SourceRange
    from groupsync.resolve import Desired, Resolution


@dataclass(frozen=True, slots=True)
class Project:
    """A project's files, loaded and resolved.

    `as_of` is the instant at which `from` and `until` were judged, in UTC; `approvals` are those that hold then;
    `findings` collects warnings all through the run; `held` keeps alive what members are read from that were made on
    the way; `overlooked` are files that seem to hold definitions and are not read, `unmatched` the patterns of
    `definitions` that match no file.
    """

    config: Config
    definitions: tuple[Definition, ...]
    resolution: Resolution
    files: MemberFiles
    as_of: datetime
    findings: list[Diagnostic] = field(default_factory=list)
    approvals: tuple[Grant, ...] = ()
    held: list[object] = field(default_factory=list, repr=False)
    overlooked: tuple[Overlooked, ...] = ()
    unmatched: tuple[tuple[str, SourceRange | None], ...] = ()


def load_project(config: Config, as_of: datetime, *, reads_files: bool = False, track: Track = untracked) -> Project:
    """Load and resolve all definitions.

    Args:
        config: says where they are.
        as_of: the instant at which `from` and `until` are judged, in UTC.
        reads_files: check every member file, too; otherwise one is read when somebody asks for its members.
        track: shows progress.

    Raises:
        InvalidDefinitions: all that the files get wrong.
    """
    loaded = load_definitions(config.root, config.definitions, config.identity, config.definitions_at)
    findings = list(loaded.diagnostics)
    everyone = (*loaded.definitions, *loaded.broken)
    files = MemberFiles(config.root, config.identity, findings.append)
    overlooked = find_overlooked(config, loaded, findings)
    doubts = Doubts(loaded.broken, loaded.knows_names, overlooked)
    resolution = _resolved(config, loaded.definitions, files, as_of, doubts)
    findings += resolution.diagnostics
    findings += _unknown_targets(everyone, config)
    findings += _unknown_sources(everyone, config)
    findings += _unstated_values(loaded.definitions, config)
    findings += loosenings(loaded.definitions, config.guards)
    approvals = _approvals(config, as_of, {each.name for each in everyone}, overlooked, findings)
    if reads_files:
        _check_files(everyone, files, findings, track)
    stop_on_errors(findings)
    return Project(
        config,
        loaded.definitions,
        resolution,
        files,
        as_of,
        findings,
        approvals,
        overlooked=overlooked,
        unmatched=loaded.unmatched,
    )


def at_instant(project: Project, as_of: datetime) -> Project:
    """Return the same files resolved as of another instant, with no segment computed; reads nothing."""
    if as_of == project.as_of:
        return project
    resolution = _resolved(project.config, project.definitions, project.files, as_of)
    return replace(project, resolution=resolution, as_of=as_of)


def _resolved(
    config: Config, definitions: Sequence[Definition], files: MemberFiles, as_of: datetime, doubts: Doubts = NO_DOUBTS
) -> Resolution:
    sources = {source.name: f"{source.digest}{_aliases_digest(config)}" for source in config.sources}
    return resolve(definitions, files, as_of, config.exclude, doubts, sources=sources)


def _aliases_digest(config: Config) -> str:
    """Return what of the aliases decides who a source names; nobody knows which of them it does before it is asked."""
    aliases = sorted(config.identity.aliases.items())
    return digest_bytes(json.dumps(aliases).encode()) if aliases else ""


def _approvals(
    config: Config, as_of: datetime, groups: set[str], overlooked: Sequence[Overlooked], findings: list[Diagnostic]
) -> tuple[Grant, ...]:
    if not (config.root / config.approvals).is_dir():
        return ()
    from groupsync.approvals import load_approvals

    targets, sources = ({each.name for each in some} for some in (config.targets, config.sources))
    known = {"group": groups, "target": targets, "source": sources}
    approvals, found = load_approvals(config.root, config.approvals, as_of, known, unread=overlooked)
    findings += found
    return approvals


def _check_files(
    definitions: Iterable[Definition], files: MemberFiles, findings: list[Diagnostic], track: Track
) -> None:
    """Read every member file once for each way that it is to be read."""
    distinct = {file.key: file for each in definitions for file in each.members_from or ()}
    for file in track("Reading member files", list(distinct.values())):
        with collecting(findings):
            files.members(file).load()


def _unknown_targets(definitions: Iterable[Definition], config: Config) -> Iterator[Diagnostic]:
    known = {target.name for target in config.targets}
    for definition in definitions:
        for name in definition.targets or ():
            if name not in known:
                yield Diagnostic(
                    "GS407",
                    Severity.ERROR,
                    f"Unknown target `{name}`",
                    f"`targets` of `{definition.name}` may name: {', '.join(sorted(known)) or 'nothing'}.",
                    f"Correct the name, or add the target to {config.path}.",
                    definition.at,
                )


def _unknown_sources(definitions: Iterable[Definition], config: Config) -> Iterator[Diagnostic]:
    known = {source.name for source in config.sources}
    for definition in definitions:
        if definition.source is not None and definition.source not in known:
            yield Diagnostic(
                "GS410",
                Severity.ERROR,
                f"Unknown source `{definition.source}`",
                f"`source` of `{definition.name}` may be: {', '.join(sorted(known)) or 'nothing'}.",
                closest(definition.source, known) or f"Add the source to `sources` in {config.path}.",
                definition.at,
            )


def _unstated_values(definitions: Iterable[Definition], config: Config) -> Iterator[Diagnostic]:
    """Hold conditions against the values that the config states for attributes."""
    for source in config.sources:
        stated = {note.name: Stated(note.values, note.at) for note in source.attributes if note.values}
        asked = [each.where for each in definitions if each.source == source.name and each.where is not None]
        for where in [*asked, *([source.eligible] if source.eligible is not None else [])] if stated else ():
            yield from unstated_findings(where, stated, source.name)


def wanted_on(project: Project, target: TargetConfig, selection: Selection = EVERYTHING) -> Wanted:
    """Return what the definitions want on a target, and what was asked for besides."""
    here: list[Desired] = []
    elsewhere: set[str] = set()
    for desired in project.resolution.groups:
        definition = desired.definition
        goes = definition.targets is None or target.name in definition.targets
        if goes and (target.select is None or target.select.matches(definition)):
            here.append(desired)
        else:
            elsewhere.update((definition.name, *definition.previously))
    config = project.config
    approvers, earlier = config.adopt.approvers, config.earlier_projects
    return Wanted(here, frozenset(elsewhere), selection, approvers=approvers, earlier=earlier)


@contextmanager
def collecting(findings: list[Diagnostic]) -> Iterator[None]:
    """Go on after what a user's file gets wrong, so that everything is reported at once."""
    try:
        yield
    except InvalidDefinitions as error:
        findings += [found for found in error.diagnostics if found not in findings]


def stop_on_errors(findings: Sequence[Diagnostic]) -> None:
    """Raise `InvalidDefinitions` with all findings, each once, if one of them is an error."""
    if any(found.severity is Severity.ERROR for found in findings):
        raise InvalidDefinitions(dict.fromkeys(findings))


def sorted_findings(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return each finding once, in the order for people."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda found: found.sort_key))
