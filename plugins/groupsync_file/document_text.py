"""The layout `path: state.yaml` or `state.json`: the text of the document, written and read. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from groupsync.errors import BackendError
from groupsync.records import Fields, RecordError, kind_of
from groupsync.wording import counted
from groupsync.yaml.write import scalar
from groupsync_file.convert import Values, group_values, read_group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groupsync.model import Group

FORMAT: Final = 1
_COMMENT: Final = "# What this target holds, kept by groupsync. What you change by hand shows as drift.\n"
_TO_MEND: Final = "Mend it, or bring the file back from version control; until then nothing is changed."


def format_document(groups: Iterable[Group], *, is_json: bool) -> bytes:
    """Return the document: groups by name, members sorted, one a line. Loads the members."""
    ordered = sorted(groups, key=lambda group: group.name)
    entries = {group.name: {**group_values(group), "members": list(group.members or ())} for group in ordered}
    values: Values = {"version": FORMAT, "groups": entries}
    if is_json:
        return json.dumps(values, indent=2, ensure_ascii=False).encode() + b"\n"
    return (_COMMENT + "\n".join(_yaml_lines(values, "")) + "\n").encode()


def parse_document(data: bytes, path: str, *, is_json: bool) -> list[tuple[Group, list[str]]]:
    """Return the groups of a document, in its order, without members, each with its members as written.

    Raises:
        BackendError: the document is damaged; says where.
    """
    values = _json_values(data, path) if is_json else _yaml_values(data, path)
    try:
        return [_read_group(name, group) for name, group in _groups(values).items()]
    except RecordError as error:
        raise BackendError(f"{path} is damaged", str(error), _TO_MEND) from error


def _groups(values: object) -> dict[object, object]:
    fields = Fields(values, "the document")
    version, groups = fields.count("version"), fields.take("groups")
    fields.end()
    if version != FORMAT:
        raise RecordError(f"it has version {version}, and this groupsync knows {FORMAT}")
    if not isinstance(groups, dict):
        raise RecordError(f"'groups' is {kind_of(groups)}, expected an object")
    return groups


def _read_group(name: object, values: object) -> tuple[Group, list[str]]:
    if not isinstance(values, dict):
        raise RecordError(f"{kind_of(name)} is {kind_of(values)}, expected an object")
    rest = dict(values)
    members = rest.pop("members", None)
    if not isinstance(members, list) or not all(isinstance(member, str) for member in members):
        found = kind_of(members) if not isinstance(members, list) else "a list with something else in it"
        raise RecordError(f"the members of {kind_of(name)} are {found}, expected a list of text")
    return read_group(name, rest), members


def _json_values(data: bytes, path: str) -> object:
    try:
        return json.loads(data, object_pairs_hook=_without_repeats)
    except ValueError as error:
        raise BackendError(f"{path} is damaged", str(error), _TO_MEND) from error


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in pairs:
        if key in values:
            message = f"the key {key!r} is there twice"
            raise ValueError(message)
        values[key] = value
    return values


def _yaml_values(data: bytes, path: str) -> object:
    from groupsync.yaml.events import parse_yaml

    documents, findings = parse_yaml(data, path)
    for found in findings:
        raise BackendError(f"{found.subject or path} is damaged", f"{found.summary} {found.detail}".strip(), _TO_MEND)
    if len(documents) != 1:
        raise BackendError(
            f"{path} is damaged", f"it has {counted(len(documents), 'document')}, expected one", _TO_MEND
        )
    return documents[0].value


def _yaml_lines(value: Values | list[object], indent: str) -> Iterator[str]:
    """Give the lines of a mapping or list in block style; one inside another is indented by two."""
    pairs = [(f"{scalar(key)}:", each) for key, each in value.items()] if isinstance(value, dict) else None
    for key, each in pairs if pairs is not None else (("-", each) for each in value):
        start = indent + key
        if isinstance(each, (dict, list)) and each:
            yield start
            yield from _yaml_lines(each, indent + "  ")
        else:
            yield f"{start} {_yaml_scalar(each)}"


def _yaml_scalar(value: object) -> str:
    match value:
        case str():
            return scalar(value)
        case dict():
            return "{}"
        case list():
            return "[]"
        case _:
            return json.dumps(value)
