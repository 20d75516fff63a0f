"""Write what a target holds as definitions and member files, so that planning with them changes nothing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from groupsync.adoption import NO_ADOPTION, Adoption
from groupsync.fmt.texts import is_plain_list
from groupsync.model import KNOWN_USER_GROUP, Diagnostic, Severity, encode_members
from groupsync.schema_check import check
from groupsync.yaml.events import parse_yaml
from groupsync.yaml.write import scalar, text_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from groupsync.model import Group

INLINE_LIMIT: Final = 20
"""Up to so many members stand in the definition itself, more in a file of their own."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where and how definitions are written.

    Attributes:
        project: the ownership mark. Groups that carry another project's mark are left out.
        schema: the JSON Schema of definitions, as plain values.
        folder: for the definitions, relative to the project's folder, `/` between the parts; member files go to
            `members` below it.
        modeline: path from the folder to the schema, for editors; empty for no such line.
        targets: the targets that the definitions are to name; empty for every one.
        adoption: which groups the config lets definitions take over; what others would say of it counts for nothing.
    """

    project: str
    schema: Mapping[str, Any]
    folder: str = "groups"
    modeline: str = "../schemas/group.v1.schema.json"
    targets: tuple[str, ...] = ()
    adoption: Adoption = NO_ADOPTION

    def definition_path(self, name: str) -> str:
        """Return where the definition of a group goes."""
        return f"{self.folder}/{name}.yaml"

    def member_path(self, name: str) -> str:
        """Return where the members of a group go, if they are many."""
        return f"{self.folder}/members/{name}.txt"


def export_groups(
    groups: Iterable[Group], layout: Layout, report: Callable[[Diagnostic], None]
) -> Iterator[tuple[str, bytes]]:
    """Write prior groups as files, each a path relative to the project's folder and its bytes.

    One group's members are in memory at a time. A member file comes before the definition that names it, so that
    whoever stops half-way has no definition that refers to nothing.

    Args:
        groups: as a backend holds them.
        layout: where and how.
        report: is told what can't be written: groups that are left out, and attributes, which then are not managed.
    """
    for group in groups:
        obstacle = _obstacle(group, layout)
        if obstacle is not None:
            report(obstacle)
            continue
        lines = [f"# yaml-language-server: $schema={layout.modeline}"] if layout.modeline else []
        lines += [f"kind: {KNOWN_USER_GROUP}", f"name: {scalar(group.name)}", *_attributes(group, layout, report)]
        if layout.targets:
            lines.append(f"targets: {_flow_list(layout.targets)}")
        if group.members is not None:
            members = group.members.load()
            canonical = encode_members(members)
            if len(members) > INLINE_LIMIT and is_plain_list(canonical):
                yield layout.member_path(group.name), canonical
                lines += ["members_from:", f"  - path: {scalar(f'members/{group.name}.txt')}"]
            else:
                lines += ["members:", *(f"  - {scalar(member)}" for member in sorted(members))]
                lines[-1] += "" if members else " []"
        lines += _lifecycle(group, layout)
        yield layout.definition_path(group.name), ("\n".join(lines) + "\n").encode()


def _obstacle(group: Group, layout: Layout) -> Diagnostic | None:
    """Return why a group can't be written at all, None where it can."""
    if group.kind != KNOWN_USER_GROUP:
        detail = f"It is a `{group.kind}`; only a `{KNOWN_USER_GROUP}` is a list of members."
        return _left_out(group, detail, "Write its definition by hand.")
    if group.mark is not None and group.mark.project != layout.project:
        detail = f"It belongs to the project `{group.mark.project}`; two projects must not manage one group."
        return _left_out(group, detail, "Import it there.")
    if not _fits(f"name: {scalar(group.name)}", layout):
        detail = f"Its name is not {layout.schema['properties']['name']['x-expected']}."
        return _left_out(group, detail, "Rename it on the target, then import again.")
    return None


def _left_out(group: Group, detail: str, hint: str) -> Diagnostic:
    return Diagnostic("GS690", Severity.WARNING, f"`{group.name}` is not imported", detail, hint)


def _fits(entry: str, layout: Layout) -> bool:
    """Tell whether an entry, as written, fits a definition."""
    name = "" if entry.startswith("name:") else "name: a\n"
    documents, found = parse_yaml(f"kind: {KNOWN_USER_GROUP}\n{name}{entry}\n".encode(), "")
    return not found and all(not check(document, layout.schema) for document in documents)


def _attributes(group: Group, layout: Layout, report: Callable[[Diagnostic], None]) -> Iterator[str]:
    values: dict[str, str | list[str] | dict[str, str] | None] = {
        "display_name": group.display_name,
        "description": group.description,
        "owners": None if group.owners is None else list(group.owners),
        "labels": None if group.labels is None else dict(group.labels),
    }
    for key, value in values.items():
        if value is None:
            continue
        entry = f"{key}: {_written(value)}"
        if _fits(entry, layout):
            yield entry
        elif value:
            report(
                Diagnostic(
                    "GS691",
                    Severity.WARNING,
                    f"`{key}` of `{group.name}` is not imported",
                    "What the target holds does not fit a definition.",
                    f"Write a `{key}` of your own into the definition, or leave it unmanaged.",
                )
            )


def _written(value: str | list[str] | dict[str, str]) -> str:
    match value:
        case str():
            return text_block(value, "  ")
        case list():
            return _flow_list(value)
        case dict():
            return "{" + ", ".join(f"{scalar(key)}: {scalar(text)}" for key, text in value.items()) + "}"


def _flow_list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(scalar, values))}]"


def _lifecycle(group: Group, layout: Layout) -> list[str]:
    """Return what the definition must say for the plan to change nothing: consent to adopt, and stored protection."""
    entries = ["adopt: true"] if group.mark is None and layout.adoption.lets(group.name) else []
    if group.mark is not None and group.mark.prevent_delete:
        entries.append("prevent_delete: true")
    return [f"lifecycle: {{{', '.join(entries)}}}"] if entries else []
