"""What the journal's records tell where others can read them and there is no key: counts, and nobody's name. Pure.

Nothing goes out that is not listed here: names of groups, targets and sources, of the project and its config, which all
lie in the same repository, instants, and counts. A digest over few people can be guessed, so that of dates alone some
are kept: those by which 100 people or more leave.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from groupsync.model import Change, Plan
    from groupsync.records import Record

__all__ = ["MIN_LEAVING", "planned", "withheld"]

MIN_LEAVING: Final = 100
"""Of how many people at least a digest is kept."""


def _shape(texts: str, counts: str = "", **more: object) -> dict[str, object]:
    """Return the fields of an object that are let through: texts, numbers and flags, and others by their shape."""
    return {**dict.fromkeys(texts.split(), str), **dict.fromkeys(counts.split(), int), **more}


_INTENT: Final = _shape("target name action prior_name", "prior_count count")
_RESULT: Final = _shape("outcome", "attempts added removed readdressed unseen_added unseen_removed")
_DATE: Final = (str, str, str, int, str)
"""Target, name, when, how many leave, and a digest of who."""
_REFUSED: Final = (str, str)
"""Whether it is a source or a list, and its name."""
_SOURCES: Final = [_shape("name identity", "rows")]
_TOLD: Final[Mapping[str, dict[str, object]]] = {
    "header": _shape(
        "run kind of project config as_of started_at version",
        "format_version changes",
        targets=[_shape("name identity")],
        approvals=[_shape("kind name path definition target", "count")],
        sources=_SOURCES,
    ),
    "planned": _INTENT | _shape("", "removed"),
    "before": _INTENT | _shape("", "consented"),
    "step": _shape("target name", "added removed"),
    "after": _RESULT | _shape("at target name"),
    "result": _INTENT | _RESULT | _shape("", "consented"),
    "links": {"built_on": {str: [str]}, "counts": {str: int}, "later": [_DATE], "doubted": [_REFUSED]},
    "end": _shape("at", "interrupted left applied", sources=_SOURCES),
}
"""By record, the shape of what is let through; a tuple is a list of so many, `str` stands for every field."""
_UNTOLD: Final[Mapping[str, object]] = MappingProxyType({"error": "", "hint": "", "revision": None})
_EMPTIED: Final[Mapping[str, Mapping[str, object]]] = {
    "header": {"plan_digest": "", "user": "", "host": "", "pid": 0, "allowances": [], "withheld": True},
    "before": {"precondition": None},
    "step": {"revision": None},
    "after": _UNTOLD,
    "result": _UNTOLD,
}
"""By record, what stands in for fields that readers expect."""


def withheld(record: Record) -> Record:
    """Return what may be told of a record of the journal; of one of an unknown kind, that there was one.

    Args:
        record: as `groupsync.journal` writes it.
    """
    kind = record.get("record")
    if not isinstance(kind, str) or kind not in _TOLD:
        return {"record": "withheld"}
    told = {field: _told(record[field], shape) for field, shape in _TOLD[kind].items() if field in record}
    if kind == "links":
        told["later"] = _of_many(told.get("later"))
    return {"record": kind, **told, **_EMPTIED.get(kind, {})}


def planned(plan: Plan) -> Iterator[Record]:
    """Give a record for each change of a plan, to follow the header of its run where the plan itself is not kept."""
    return (_planned(change) for change in plan.changes)


def _planned(change: Change) -> Record:
    return {
        "record": "planned",
        "target": change.target,
        "name": change.name,
        "action": change.action.value,
        "prior_name": change.prior_name,
        "prior_count": change.prior_count,
        "count": change.prior_count + change.add.count - change.remove.count,
        "removed": change.going.count,
    }


def _told(value: object, shape: object) -> object:
    """Return as much of a value as has a shape; None in place of what has another."""
    match shape:
        case list() if isinstance(value, list):
            return [_told(each, shape[0]) for each in value]
        case tuple() if isinstance(value, list) and len(value) == len(shape):
            return [_told(each, part) for each, part in zip(value, shape, strict=True)]
        case dict() if isinstance(value, dict):
            of_all = shape.get(str)
            return {
                name: _told(each, shape.get(name, of_all)) for name, each in value.items() if of_all or name in shape
            }
        case type() if isinstance(value, shape):
            return value
    return None


def _of_many(dates: object) -> list[object]:
    """Return the dates by which so many leave that a digest of who they are can't be guessed."""
    known = [each for each in dates if isinstance(each, list)] if isinstance(dates, list) else []
    return [each for each in known if each[3] is not None and each[3] >= MIN_LEAVING]
