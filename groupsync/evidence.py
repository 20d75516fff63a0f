"""Gather what is known of one person, for `groupsync why`. An edge: it reads files and asks sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groupsync.binding import bind
from groupsync.condition_words import attributes_of, renamed
from groupsync.errors import ConfigError
from groupsync.files import UnreadableFile, read_found_file
from groupsync.lookup import group_named
from groupsync.model import State
from groupsync.references import Graph
from groupsync.segments import open_sources
from groupsync.why import Evidence, explain, explain_each
from groupsync.yaml.events import MAX_FILE_BYTES, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from groupsync.identity import Identity
    from groupsync.model import Definition, SourceRange
    from groupsync.model.criteria import Condition, Scalar
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.segments import OpenSource
    from groupsync.why import Why
    from groupsync.yaml.document import Document


def person_named(written: str, identity: Identity) -> str:
    """Return the canonical identifier of somebody who is named on the command line.

    Raises:
        ConfigError: it is none; says why.
    """
    try:
        return identity.named(written.strip())
    except ValueError as reason:
        noun, example = ("address", "ada@example.com") if identity.type == "email" else ("identifier", "ada")
        detail = f"{str(reason)[:1].upper()}{str(reason)[1:]}."
        raise ConfigError(f"`{written}` is no {noun}", detail, f"Expected one such as `{example}`.") from reason


def explain_membership(project: Project, plugins: Plugins, person: str, group: str, as_of: datetime) -> Why:
    """Return why a person is in a group, or is not.

    Args:
        project: its segments are computed.
        plugins: those that offer sources.
        person: canonical.
        group: its name.
        as_of: the instant that it is about.

    Raises:
        ConfigError: no definition defines the group.
        InvalidDefinitions: a file that the group needs can't be read.
        SourceError: a source does not answer.
    """
    group_named(project, group)
    graph = _graph(project)
    names = _built_from(group, graph)
    told = _asked(project, plugins, person, [graph.definitions[name] for name in names], as_of)
    return explain(group, _evidence(project, graph, names, person, told))


def explain_memberships(project: Project, plugins: Plugins, person: str, as_of: datetime) -> list[Why]:
    """Return for every group that should exist, by name, why a person is in it, or is not.

    Args, and what is raised: as for `explain_membership`.
    """
    graph = _graph(project)
    told = _asked(project, plugins, person, graph.definitions.values(), as_of)
    evidence = _evidence(project, graph, list(graph.definitions), person, told)
    present = [name for name, each in graph.definitions.items() if each.lifecycle.state is State.PRESENT]
    return explain_each(sorted(present), evidence)


def _graph(project: Project) -> Graph:
    return Graph({each.name: each for each in project.definitions}, project.config.exclude)


def _evidence(project: Project, graph: Graph, names: Iterable[str], person: str, told: _Told) -> Evidence:
    """Gather what is known of a person and the groups called `names`, which are built from none but each other."""
    blocked = {each.definition.name: found for each in project.resolution.groups if (found := each.blocked)}
    involved = [graph.definitions[name] for name in names]
    ranked = [each.name for each in involved if each.limit and each.name not in blocked]
    rankings = {name: project.resolution.ranking(name) for name in ranked}
    return Evidence(
        person,
        told.as_of,
        graph,
        places=_plain_places(project, involved, person),
        files=_file_places(project, involved, person),
        conditions=told.conditions,
        eligible=told.eligible,
        rows=told.rows,
        ranks={name: ranking.index(person) + 1 for name, ranking in rankings.items() if person in ranking},
        blocked=blocked,
        everywhere=tuple(project.config.exclude),
        known_as=told.known_as,
    )


def _built_from(group: str, graph: Graph) -> list[str]:
    """Return the group and all that it is built from."""
    found, waiting = {group: None}, [group]
    while waiting:
        for edge in graph.edges[waiting.pop()]:
            if edge.target not in found:
                found[edge.target] = None
                waiting.append(edge.target)
    return list(found)


# --- Sources ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Told:
    """What the sources know at an instant; see `Evidence`."""

    as_of: datetime
    conditions: Mapping[str, Condition]
    eligible: Mapping[str, Condition | None]
    rows: Mapping[str, Mapping[str, Scalar | None] | None]
    known_as: Mapping[str, str]


def _asked(project: Project, plugins: Plugins, person: str, involved: Iterable[Definition], as_of: datetime) -> _Told:
    """Ask each source that segments are computed from for one row."""
    segments = [each for each in involved if each.where is not None and each.source is not None]
    if not segments:
        return _Told(as_of, {}, {}, {}, {})
    conditions: dict[str, Condition] = {}
    eligible: dict[str, Condition | None] = {}
    rows: dict[str, Mapping[str, Scalar | None] | None] = {}
    known_as: dict[str, str] = {}
    names = sorted({each.source for each in segments if each.source})
    spellings = project.config.identity.spellings(person)
    with open_sources(project.config, plugins, as_of, names) as opened:
        for name, source in opened.items():
            written = {each.name: each.where for each in segments if each.source == name and each.where}
            # They were bound without errors before.
            bound = {
                segment: bind(where, source.attributes, source.as_of, name)[0] for segment, where in written.items()
            }
            asked = [*bound.values(), *([source.eligible] if source.eligible is not None else [])]
            columns = sorted({column for condition in asked for column in attributes_of(condition)})
            known = source.source.rows(spellings, columns)
            known_as[name] = next((each for each in spellings if each in known), person)
            row = known.get(known_as[name])
            called = _names_of_columns(source)
            conditions |= {segment: renamed(condition, called) for segment, condition in bound.items()}
            eligible[name] = renamed(source.eligible, called) if source.eligible is not None else None
            rows[name] = None if row is None else {called.get(column, column): row[column] for column in columns}
    return _Told(as_of, conditions, eligible, rows, known_as)


def _names_of_columns(source: OpenSource) -> dict[str, str]:
    """Return what the config calls columns that it calls otherwise; of several names the first."""
    found: dict[str, str] = {}
    for note in source.config.attributes:
        if note.column and note.column != note.name:
            found.setdefault(note.column, note.name)
    return found


# --- Files ------------------------------------------------------------------------------------------------------------


def _plain_places(project: Project, involved: Iterable[Definition], person: str) -> dict[str, SourceRange]:
    """Return by group where `members` names a person as plain text; each file is read once."""
    listing = [each for each in involved if each.members is not None and person in each.members.plain_members()]
    found: dict[str, SourceRange] = {}
    for path in dict.fromkeys(each.at.path for each in listing):
        documents = _documents(project, path)
        here = [each for each in listing if each.at.path == path]
        found |= {each.name: _plain_place(project, documents, each, person) for each in here}
    return found


def _documents(project: Project, path: str) -> list[Document]:
    try:
        return parse_yaml(read_found_file(project.config.root, path, MAX_FILE_BYTES), path)[0]
    except UnreadableFile:
        return []


def _plain_place(project: Project, documents: Iterable[Document], definition: Definition, person: str) -> SourceRange:
    """Return where the entry is written; where the definition is, if its file was changed since."""
    for document in documents:
        value: Any = document.value
        if isinstance(value, dict) and value.get("name") == definition.name:
            for index, entry in enumerate(value.get("members") or ()):
                if isinstance(entry, str) and _is_person(entry, person, project.config.identity):
                    return document.locate(("members", index))
    return definition.at


def _is_person(entry: str, person: str, identity: Identity) -> bool:
    try:
        return identity.canonical(entry) == person
    except ValueError:
        return False


def _file_places(project: Project, involved: Iterable[Definition], person: str) -> dict[str, SourceRange]:
    files = {file.key: file for definition in involved for file in definition.members_from or ()}
    places = {key: project.files.place_of(file, person) for key, file in files.items()}
    return {key: at for key, at in places.items() if at}
