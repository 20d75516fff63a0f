"""Groups as the service tells them into ours, and changes of ours into what a request sends. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from groupsync.convert_past import past_of_text, past_text
from groupsync.errors import BackendError
from groupsync.model import ATTRIBUTES, KNOWN_USER_GROUP, Group, Mark, Members
from groupsync.secrets import scrub
from groupsync.wording import counted
from groupsync_rest.pages import NotWhole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from groupsync.model import Change
    from groupsync.model.group import AttributeValue
    from groupsync_rest.profile import Profile

    Canonical = Callable[[str, str], str]
    """Makes of a group's name and a member, as the service writes it, what the member is compared by."""

_HINT = "Compare the profile with what the service answers: `groupsync profile check`."


# --- From the service -------------------------------------------------------------------------------------------------


def group_of(raw: object, profile: Profile, canonical: Canonical, revision: str | None = None) -> Group:
    """Return a group as the service tells it.

    Args:
        raw: the group, as JSON.
        profile: says where things are in it.
        canonical: for members that come with it.
        revision: that came besides, in a header.

    Raises:
        NotWhole: it has no name, or something in it is of another kind than it must be.
    """
    found = {name: expression.of(raw) for name, expression in profile.fields.items()}
    name = found["name"]
    if not isinstance(name, str) or not name:
        raise NotWhole(f"a group has no name at `{profile.fields['name'].text}`: {_shown(raw)}")
    attributes = {each: _attribute(each, found.get(each), name) for each in ATTRIBUTES}
    attributes["kind"] = attributes["kind"] or KNOWN_USER_GROUP
    group = Group(
        name,
        id=_text_or_none(found.get("id")),
        mark=mark_of(found.get("mark")),
        revision=_text_or_none(found.get("revision")) or revision,
        members=_members(found, name, profile, canonical),
    )
    changed: dict[str, Any] = attributes
    return replace(group, **changed)


def mark_of(value: object) -> Mark | None:
    """Return a mark as it was stored; None for none, and for what is none of ours."""
    if isinstance(value, str):
        try:
            return mark_of(json.loads(value)) if value.startswith("{") else None
        except (ValueError, RecursionError):
            return None
    match value:
        case {"project": str(project), "digest": str(digest), "count": int(count), "identity": str(identity), **rest}:
            name = rest.get("name")
            named, past = name if isinstance(name, str) else "", past_of_text(rest.get("past"))
            return Mark(project, digest, count, identity, rest.get("prevent_delete") is True, named, past)
        case _:
            return None


def canonical_members(raw: Iterable[object], name: str, canonical: Canonical) -> list[tuple[str, str]]:
    """Return members as they are compared, each with how the service writes it.

    Raises:
        BackendError: one of them can't be told.
    """
    made = []
    for each in raw:
        if not isinstance(each, str):
            detail = f"expected a text, found {_shown(each)}"
            raise BackendError(f"a member of `{name}` can't be read", detail, _HINT, name=name)
        try:
            made.append((canonical(name, each), each))
        except ValueError as error:
            hint = "Take it out there, or choose another `identity`."
            raise BackendError(f"`{name}` has a member that is none", f"{each!r}: {error}", hint, name=name) from error
    return made


def _members(found: Mapping[str, Any], name: str, profile: Profile, canonical: Canonical) -> Members | None:
    count = found.get("member_count")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
        raise NotWhole(f"the member count of `{name}` is no number: {_shown(count)}")
    if "members" in profile.fields:
        raw = found["members"]
        return Members(_loader(raw, name, count, canonical), count=len(raw) if isinstance(raw, list) else count)
    if "members" not in profile.calls:
        return None
    digest = found.get("member_digest")
    return Members.unread(count=count, digest=digest if isinstance(digest, str) else None)


def _loader(raw: object, name: str, count: int | None, canonical: Canonical) -> Callable[[], frozenset[str]]:
    def load() -> frozenset[str]:
        if not isinstance(raw, list):
            detail = f"expected a list, found {_shown(raw)}"
            raise BackendError(f"the members of `{name}` are not told", detail, _HINT, name=name)
        if count is not None and count != len(raw):
            detail = f"the service tells of {counted(count, 'member')} and {len(raw):,} came"
            raise BackendError(f"`{name}` was not read wholly", detail, "Plan again.", name=name, retryable=True)
        made = canonical_members(raw, name, canonical)
        held = frozenset(member for member, _ in made)
        if len(held) != len(made):
            raise twice(name, made)
        return held

    return load


def twice(name: str, members: Iterable[tuple[str, str]]) -> BackendError:
    """Return the error about somebody who is in a group twice."""
    seen: dict[str, str] = {}
    for member, spelled in members:
        if member in seen:
            detail = f"as {seen[member]!r} and as {spelled!r}"
            is_same = seen[member] == spelled
            hint = ("Plan again; if it stays so, take" if is_same else "Take") + " one of the two out there."
            summary = f"`{name}` has `{member}` twice"
            return BackendError(summary, detail, hint, name=name, retryable=is_same)
        seen[member] = spelled
    return BackendError(f"`{name}` has somebody twice", name=name)


def _attribute(attribute: str, value: object, name: str) -> AttributeValue:
    match attribute, value:
        case _, None:
            return None
        case "owners", list() if all(isinstance(each, str) for each in value):
            return tuple(sorted(value)) or None
        case "labels", Mapping() if all(isinstance(each, str) for each in value.values()):
            return tuple(sorted(value.items())) or None
        case (("kind" | "display_name" | "description"), str()):
            return value or None
        case _:
            raise NotWhole(f"`{attribute}` of `{name}` is of another kind than it must be: {_shown(value)}")


def _text_or_none(value: object) -> str | None:
    return None if value is None or isinstance(value, bool) else str(value)


def _shown(value: object) -> str:
    text = scrub(json.dumps(value, ensure_ascii=True, default=str))
    return text if len(text) <= 80 else text[:80] + "…"


# --- To the service ---------------------------------------------------------------------------------------------------


def mark_value(mark: Mark | None) -> dict[str, Any] | None:
    """Return a mark as it is stored where there is no room for its past."""
    if mark is None:
        return None
    stored: dict[str, Any] = {"project": mark.project, "digest": mark.digest, "count": mark.count}
    stored |= {"identity": mark.identity, "prevent_delete": mark.prevent_delete}
    return stored | ({"name": mark.name} if mark.name else {})


def mark_values(change: Change, *, is_last: bool = True) -> dict[str, Any]:
    """Return what a request sends as the mark, an unfinished one unless it is the last; None takes it away."""
    mark = change.mark if is_last or change.mark is None else change.mark.unfinished()
    value = mark_value(mark)
    text = json.dumps(value, separators=(",", ":")) if value else None
    past = past_text(mark.past) if mark else None
    return {"mark": value, "mark_text": text, "mark_past": value | {"past": past} if value and past else value}


def changed_values(change: Change) -> dict[str, Any]:
    """Return by name the attributes as far as they change; None for one that goes."""
    return {each.name: _sent(each.name, each.after) for each in change.attributes if each.name in ATTRIBUTES}


def whole_values(change: Change, prior: Group | None) -> dict[str, Any]:
    """Return by name all attributes that the group shall have; what it shall not have is left out."""
    after = {name: prior.attribute(name) for name in ATTRIBUTES} if prior is not None else {}
    after |= {each.name: each.after for each in change.attributes if each.name in ATTRIBUTES}
    return {name: _sent(name, value) for name, value in after.items() if value is not None}


def _sent(name: str, value: AttributeValue) -> Any:
    if isinstance(value, tuple):
        pairs: Any = value
        return dict(pairs) if name == "labels" else list(pairs)
    return value
