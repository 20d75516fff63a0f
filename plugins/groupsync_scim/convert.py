"""Groups, users and changes as SCIM resources and PATCH operations, both ways. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote

from groupsync.convert_past import past_of_text, past_text
from groupsync.model import KNOWN_USER_GROUP, Action, Group, Mark, Members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from groupsync.model import Change

Resource: TypeAlias = Mapping[str, Any]

GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
EXTENSION: Final = "urn:groupsync:params:scim:schemas:extension:mark:1.0:Group"
"""The schema extension that keeps marks, and what else SCIM has no place for; see `messages.GroupsyncGroup`."""

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9._-]+")
_LONGEST_FILTER: Final = 6000
"""As it stands in the URL; many servers take 8 KB for a request's head."""
_EXTENDED: Final = ("kind", "description", "owners", "labels")


@dataclass(frozen=True, slots=True)
class Naming:
    """How a group's name is told.

    Attributes:
        attribute: where it is: `externalId`, or `displayName` on a server that keeps no other.
        derives: whether a group without a usable `externalId` is called by its `displayName`, spelled as a name.
    """

    attribute: str = "externalId"
    derives: bool = False

    @property
    def keeps_display_names(self) -> bool:
        """Whether a group's display name is free to be another than its name."""
        return self.attribute == "externalId"

    def name_of(self, resource: Resource) -> tuple[str, bool]:
        """Return a group's name, empty for none, and whether it is derived."""
        own = _text(resource, self.attribute)
        if NAME.fullmatch(own):
            return own, False
        return (spelled_as_name(_text(resource, "displayName")), True) if self.derives else ("", False)


@dataclass(frozen=True, slots=True)
class Found:
    """A group as it was read.

    Attributes:
        group: all but its members.
        values: of its members that stand for people, in the server's order.
        nested: how many members are groups themselves.
        is_derived: it has no name of its own, and is called by its display name.
    """

    group: Group
    values: tuple[str, ...]
    nested: int = 0
    is_derived: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A user. `address` is canonical; None where there is none."""

    id: str
    user_name: str
    address: str | None


def field(resource: object, name: str) -> Any:
    """Return an attribute, None where it is not there. Names have no case (RFC 7643, 2.1)."""
    if not isinstance(resource, Mapping):
        return None
    if name in resource:
        return resource[name]
    folded = name.lower()
    return next((value for key, value in resource.items() if key.lower() == folded), None)


def spelled_as_name(text: str) -> str:
    """Return a display name as a group's name would be written; empty where nothing is left of it."""
    return _NOT_IN_NAMES.sub("-", text.lower()).strip("-._")[:128]


# --- Reading ----------------------------------------------------------------------------------------------------------


def read_group(resource: Resource, naming: Naming, *, has_versions: bool) -> Found | None:
    """Read a group; None for one that has no name here."""
    name, is_derived = naming.name_of(resource)
    if not name:
        return None
    display_name = _text(resource, "displayName")
    extension = field(resource, EXTENSION)
    values, nested = member_values(resource)
    group = Group(
        name,
        kind=_text(extension, "kind") or KNOWN_USER_GROUP,
        display_name=display_name if naming.keeps_display_names and display_name != name else None,
        description=_text(extension, "description") or None,
        owners=tuple(sorted(map(str, _list(extension, "owners")))) or None,
        labels=tuple(sorted((_text(each, "name"), _text(each, "value")) for each in _list(extension, "labels")))
        or None,
        members=Members.unread(),
        id=_text(resource, "id"),
        mark=_read_mark(field(extension, "mark")),
        revision=version_of(resource) if has_versions else None,
    )
    return Found(group, values, nested, is_derived)


def version_of(resource: Resource) -> str | None:
    """Return the version that a group came with: what its ETag would be."""
    return _text(field(resource, "meta"), "version") or None


def member_values(resource: Resource) -> tuple[tuple[str, ...], int]:
    """Return the values of the members that stand for people, and how many members are groups."""
    values: list[str] = []
    nested = 0
    for member in _list(resource, "members"):
        if is_person(member):
            values.append(_text(member, "value"))
        else:
            nested += 1
    return tuple(values), nested


def is_person(member: object) -> bool:
    """Tell whether a member is a user; RFC 7643, 4.2, has groups as well, told by `type` or `$ref`."""
    kind = _text(member, "type").lower()
    is_group = kind == "group" or (not kind and "/Groups/" in _text(member, "$ref"))
    return bool(_text(member, "value")) and not is_group


def read_person(resource: Resource, address_in: str, canonical: Callable[[str], str]) -> Person:
    """Read a user.

    Args:
        resource: as it came.
        address_in: the option: `any`, `userName` or `emails`.
        canonical: makes an address canonical; raises ValueError for what is none.
    """
    user_name = _text(resource, "userName")
    emails = _list(resource, "emails")
    primary = [each for each in emails if field(each, "primary") is True]
    written = [user_name] if address_in != "emails" else []
    written += [_text(each, "value") for each in (*primary, *emails)[:1]] if address_in != "userName" else []
    return Person(_text(resource, "id"), user_name, next(_canonical(written, canonical), None))


def _canonical(written: Iterable[str], canonical: Callable[[str], str]) -> Iterator[str]:
    for text in written:
        try:
            yield canonical(text)
        except ValueError:
            continue


def _read_labels(extension: object) -> tuple[tuple[str, str], ...] | None:
    return tuple(sorted((_text(each, "name"), _text(each, "value")) for each in _list(extension, "labels"))) or None


def _read_mark(values: object) -> Mark | None:
    project = _text(values, "project")
    if not project:
        return None
    count = field(values, "count")
    return Mark(
        project,
        _text(values, "digest"),
        count if isinstance(count, int) else 0,
        _text(values, "identity"),
        field(values, "preventDelete") is True,
        _text(values, "name"),
        past_of_text(field(values, "past")),
    )


def _text(resource: object, name: str) -> str:
    found = field(resource, name)
    return found if isinstance(found, str) else ""


def _list(resource: object, name: str) -> list[Any]:
    found = field(resource, name)
    return found if isinstance(found, list) else []


# --- Writing ----------------------------------------------------------------------------------------------------------


def path_of(kind: str, id_: str) -> str:
    """Return the path of one resource; an id may hold any character (RFC 7643, 3.1)."""
    return f"{kind}/{quote(id_, safe='')}"


def filters(attributes: tuple[str, ...], values: Iterable[str], most: int) -> Iterator[str]:
    """Give filters that together find the resources of which one of the attributes is one of the values.

    Args:
        attributes: their paths.
        values: any.
        most: values in one filter; fewer where the URL would grow longer than servers take.
    """
    terms: list[str] = []
    length = 0
    for value in values:
        term = " or ".join(f"{attribute} eq {_quoted(value)}" for attribute in attributes)
        if terms and (len(terms) == most or length + len(quote(term)) > _LONGEST_FILTER):
            yield " or ".join(terms)
            terms, length = [], 0
        terms.append(term)
        length += len(quote(term))
    if terms:
        yield " or ".join(terms)


def member(value: str, ref: str = "") -> dict[str, str]:
    """Return a member to be added."""
    return {"value": value, "$ref": ref} if ref else {"value": value}


def member_operations(add: list[dict[str, str]], remove: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Give the operations that add members, and take others away by value (RFC 7644, 3.5.2)."""
    if add:
        yield {"op": "add", "path": "members", "value": add}
    for value in remove:
        yield {"op": "remove", "path": f"members[value eq {_quoted(value)}]"}


def mark_values(mark: Mark | None, *, named: bool = True, remembers: bool = False) -> dict[str, Any]:
    """Return what becomes of a group's mark, by path; None where it is taken away.

    Args:
        mark: to be written.
        named: whether the server has room for the name that it is for.
        remembers: whether it has room for the mark's past.
    """
    written = _written_mark(mark)
    if written is not None and named and mark is not None and mark.name:
        written["name"] = mark.name
    if written is not None and remembers and mark is not None and mark.past:
        written["past"] = past_text(mark.past)
    return {f"{EXTENSION}:mark": written}


def attribute_values(change: Change, naming: Naming, *, extended: bool) -> dict[str, Any]:
    """Return what becomes of a group's attributes and mark, by path; None for those that are taken away.

    Args:
        change: any but a delete.
        naming: how names are told.
        extended: whether the server has our extension.
    """
    values: dict[str, Any] = {}
    if change.action in (Action.CREATE, Action.RENAME, Action.ADOPT) or naming.derives:
        values[naming.attribute] = change.name
    for each in change.attributes:
        if each.name == "display_name" and naming.keeps_display_names:
            values["displayName"] = each.after or change.name
        elif each.name in _EXTENDED and extended:
            values[f"{EXTENSION}:{each.name}"] = _written(each.name, each.after)
    return values | mark_values(change.mark) if extended else values


def attribute_operations(values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the operations that set attributes to these values, and remove those that are None."""
    for path, value in values.items():
        yield {"op": "remove", "path": path} if value is None else {"op": "replace", "path": path, "value": value}


def with_values(resource: Resource, values: Mapping[str, Any], members: list[Any]) -> dict[str, Any]:
    """Return a whole group, as it was read, with other members and attributes: the body of a PUT or POST.

    What isn't known of it is kept; `meta` is the server's own.
    """
    body = {key: value for key, value in resource.items() if key.lower() not in ("meta", "members")}
    extension = dict(field(resource, EXTENSION) or {})
    for path, value in values.items():
        where, key = (extension, path.rpartition(":")[2]) if path.startswith(EXTENSION) else (body, path)
        where.pop(key, None)
        if value is not None:
            where[key] = value
    body.pop(EXTENSION, None)
    if extension:
        body[EXTENSION] = extension
    body["schemas"] = sorted({GROUP, *_list(resource, "schemas")} | ({EXTENSION} if extension else set()))
    return {**body, "members": members}


def after(change: Change, prior: Group, revision: str | None) -> Group:
    """Return a group as a change left it, of which the server told nothing but the version."""
    changed: dict[str, Any] = {each.name: each.after for each in change.attributes if each.name != "prevent_delete"}
    group = replace(prior, name=change.name, mark=change.mark, revision=revision, members=Members.unread())
    changed |= {"display_name": None} if changed.get("display_name") == change.name else {}
    return replace(group, **changed)


def _written(name: str, value: Any) -> Any:
    if not value:
        return None
    return [{"name": key, "value": text} for key, text in value] if name == "labels" else _plain(value)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _written_mark(mark: Mark | None) -> dict[str, Any] | None:
    if mark is None:
        return None
    return {
        "project": mark.project,
        "digest": mark.digest,
        "count": mark.count,
        "identity": mark.identity,
        "preventDelete": mark.prevent_delete,
    }


def _quoted(value: str) -> str:
    """Return a filter's text value, written as JSON has it (RFC 7644, 3.4.2.2)."""
    return json.dumps(value, ensure_ascii=False)
