"""Values of the model to and from plain JSON-able records: one place for plan files, plan documents and reports.

Pure. Writing gives every key, always in the same order. Reading is strict and raises `RecordError`, see
`groupsync.records`.
"""

from __future__ import annotations

from dataclasses import replace

from groupsync.convert_findings import place_or_none, place_record
from groupsync.convert_past import past_record, read_past
from groupsync.model import (
    ATTRIBUTES,
    Action,
    AttributeChange,
    AttributeValue,
    Change,
    EntryNote,
    Mark,
    Members,
    Period,
    SourceState,
    TargetState,
    digest_bytes,
)
from groupsync.records import Fields, Record, RecordError, format_instant, kind_of
from groupsync.wording import counted

# --- Parts of a plan --------------------------------------------------------------------------------------------------


def target_record(target: TargetState) -> Record:
    """Write a target as it was read."""
    return {
        "name": target.name,
        "plugin": target.plugin,
        "revision": target.revision,
        "groups": target.groups,
        "memberships": target.memberships,
        "complete": target.complete,
        "reason": target.reason,
        "withheld": list(target.withheld),
        "owns": target.owns,
        "records": target.records,
        "identity": target.identity,
    }


def read_target(value: object) -> TargetState:
    """Read what `target_record` wrote."""
    fields = Fields(value, "a target")
    return TargetState(
        name=fields.text("name"),
        plugin=fields.text("plugin"),
        revision=fields.text_or_none("revision"),
        groups=fields.count("groups"),
        memberships=fields.count("memberships"),
        complete=fields.flag("complete"),
        reason=fields.text("reason"),
        withheld=fields.each("withheld", lambda name: _text(name, "a withheld name")),
        owns=fields.text("owns"),
        records=fields.flag("records"),
        identity=fields.text("identity"),
    )


def source_record(source: SourceState) -> Record:
    """Write a source as segments were computed from it."""
    return {
        "name": source.name,
        "plugin": source.plugin,
        "rows": source.rows,
        "newest": format_instant(source.newest) if source.newest else None,
        "segments": source.segments,
        "refused": source.refused,
        "nulls": source.nulls,
        "invalid": source.invalid,
        "doubted_by": list(source.doubted_by),
    }


def read_source(value: object) -> SourceState:
    """Read what `source_record` wrote."""
    fields = Fields(value, "a source")
    return SourceState(
        name=fields.text("name"),
        plugin=fields.text("plugin"),
        rows=fields.count("rows"),
        newest=fields.instant_or_none("newest"),
        segments=fields.count("segments"),
        refused=fields.flag("refused"),
        nulls=fields.count("nulls") if fields.has("nulls") else 0,
        invalid=fields.count("invalid") if fields.has("invalid") else 0,
        doubted_by=fields.each("doubted_by", lambda rule: _text(rule, "a rule")) if fields.has("doubted_by") else (),
    )


# --- Changes ----------------------------------------------------------------------------------------------------------


def attribute_record(name: str, value: AttributeValue) -> object:
    """Write the value of the attribute `name`: owners as a list, labels as an object, the rest as it is."""
    if not isinstance(value, tuple):
        return value
    return dict(pair for pair in value if isinstance(pair, tuple)) if name == "labels" else list(value)


def _read_attribute(name: str, value: object) -> AttributeValue:
    if value is None:
        return None
    what = f"the attribute {name!r}"
    match name:
        case "owners" if isinstance(value, list):
            return tuple(_text(owner, f"an element of {what}") for owner in value)
        case "labels" if isinstance(value, dict):
            return tuple((key, _text(label, f"a value of {what}")) for key, label in value.items())
        case "prevent_delete" if isinstance(value, bool):
            return value
        case "kind" | "display_name" | "description" if isinstance(value, str):
            return value
        case _:
            raise RecordError(f"{what} is {kind_of(value)}, which it can't be")


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise RecordError(f"{what} is {kind_of(value)}, expected text")
    return value


def _attribute_change_record(change: AttributeChange) -> Record:
    before, after = (attribute_record(change.name, value) for value in (change.before, change.after))
    return {"name": change.name, "before": before, "after": after}


def _read_attribute_change(value: object) -> AttributeChange:
    fields = Fields(value, "an attribute")
    name = fields.text("name")
    if name not in ATTRIBUTES and name != "prevent_delete":
        raise RecordError(f"there is no attribute {name!a}")
    return AttributeChange(
        name, _read_attribute(name, fields.take("before")), _read_attribute(name, fields.take("after"))
    )


def mark_record(mark: Mark | None) -> Record | None:
    """Write an ownership mark; name and past only where they are known, so that an earlier one is written as it was."""
    if mark is None:
        return None
    named: Record = {"name": mark.name} if mark.name else {}
    named |= {"past": past_record(mark.past)} if mark.past else {}
    return {
        "project": mark.project,
        "digest": mark.digest,
        "count": mark.count,
        "identity": mark.identity,
        "prevent_delete": mark.prevent_delete,
        **named,
    }


def read_mark(value: object) -> Mark | None:
    """Read what `mark_record` wrote; what a later version added to it is passed over."""
    if value is None:
        return None
    fields = Fields({"name": "", **value} if isinstance(value, dict) else value, "a mark")
    past = fields.take("past") if fields.has("past") else None
    return Mark(
        project=fields.text("project"),
        digest=fields.digest("digest") if not isinstance(value, dict) or value.get("digest") != "" else "",
        count=fields.count("count"),
        identity=fields.text("identity"),
        prevent_delete=fields.flag("prevent_delete"),
        name=fields.text("name"),
        past=None if past is None else read_past(past),
    )


def change_record(change: Change, add: Record, remove: Record) -> Record:
    """Write a change; `add` and `remove` are records of its members in whatever form the caller keeps them.

    What its mark will remember is not in it: that is known when it is applied, and is not to be had from a file.
    """
    return {
        "target": change.target,
        "name": change.name,
        "action": change.action.value,
        "prior_name": change.prior_name,
        "id": change.id,
        "reason": change.reason,
        "attributes": [_attribute_change_record(attribute) for attribute in change.attributes],
        "add": add,
        "remove": remove,
        "precondition": change.precondition,
        "prior_count": change.prior_count,
        "expired": change.expired,
        "mark": mark_record(change.mark and replace(change.mark, past=None)),
        "definition_digest": change.definition_digest,
        "at": place_record(change.at),
        "owners": list(change.owners),
        "criteria": change.criteria,
        "readdressed": [list(pair) for pair in change.readdressed],
        "consenting": None if change.consenting is None else list(change.consenting),
        "through": list(change.through),
        "entries": [_entry_record(entry) for entry in change.entries],
    }


def read_change(fields: Fields, add: Members, remove: Members) -> Change:
    """Read what `change_record` wrote; the caller has taken `add` and `remove` from it."""
    mark = read_mark(fields.take("mark"))
    change = Change(
        target=fields.text("target"),
        name=fields.text("name"),
        action=fields.one_of("action", Action),
        prior_name=fields.text_or_none("prior_name"),
        id=fields.text_or_none("id"),
        reason=fields.text("reason"),
        attributes=fields.each("attributes", _read_attribute_change),
        add=add,
        remove=remove,
        precondition=fields.text_or_none("precondition"),
        prior_count=fields.count("prior_count"),
        expired=fields.count("expired"),
        mark=mark and replace(mark, past=None),
        definition_digest=fields.text("definition_digest"),
        at=place_or_none(fields.take("at")),
        owners=fields.each("owners", lambda owner: _text(owner, "an owner")),
        criteria=fields.text("criteria"),
        readdressed=fields.each("readdressed", _read_readdressed),
        consenting=_read_consenting(fields),
        through=fields.each("through", lambda base: _text(base, "a cause")) if fields.has("through") else (),
        entries=fields.each("entries", _read_entry) if fields.has("entries") else (),
    )
    for side in zip(*change.readdressed, strict=True):
        if len(set(side)) < len(side) or len(side) > min(add.count, remove.count):
            raise RecordError("more addresses changed than there are members to add and to remove")
    return change


def _entry_record(entry: EntryNote) -> Record:
    start, until = entry.period.start, entry.period.until
    return {
        "role": entry.role,
        "name": entry.name,
        "from": format_instant(start) if start else None,
        "until": format_instant(until) if until else None,
        "reason": entry.reason,
    }


def _read_entry(value: object) -> EntryNote:
    fields = Fields(value, "an entry")
    return EntryNote(
        role=fields.text("role"),
        name=fields.text("name"),
        period=Period(fields.instant_or_none("from"), fields.instant_or_none("until")),
        reason=fields.text("reason"),
    )


def _read_consenting(fields: Fields) -> tuple[str, ...] | None:
    """Read who is asked about a takeover; plans of before do not tell."""
    match fields.take("consenting") if fields.has("consenting") else None:
        case None:
            return None
        case list(names):
            return tuple(_text(name, "somebody who is asked") for name in names)
        case other:
            raise RecordError(f"'consenting' is {kind_of(other)}, expected a list or null")


def _read_readdressed(value: object) -> tuple[str, str]:
    match value:
        case [str(before), str(after)]:
            return before, after
        case _:
            raise RecordError(f"a changed address is {kind_of(value)}, expected two texts")


def member_list(value: object) -> list[str]:
    """Read a list of members as it stands; `checked_members` tells whether it is the right one."""
    if not isinstance(value, list) or set(map(type, value)) - {str}:
        raise RecordError("the members are not a list of texts")
    return value


def checked_members(names: list[str], count: int, digest: str) -> frozenset[str]:
    """Return the members in a list, best sorted, that a count and a digest announce.

    Raises:
        RecordError: they are others, or one is there twice.
    """
    members = frozenset(names)
    if len(members) != len(names):
        raise RecordError("a member is listed twice")
    # Sorting what is sorted already costs one look at each.
    check_members(sorted(names), count, digest)
    return members


def check_members(names: list[str], count: int, digest: str) -> None:
    """Hold distinct members, sorted, against the count and the digest that announce them.

    Raises:
        RecordError: they are others.
    """
    text = "\n".join([*names, ""]).encode("utf-8", "surrogatepass")
    if len(names) != count or digest_bytes(text) != digest:
        found = counted(len(names), "member was found", "members were found")
        raise RecordError(f"{found}, not the {count:,} that digest {digest[:8]} stands for")
