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

_INTENT: Final = "target name action prior_name prior_count count"
_RESULT: Final = "outcome attempts added removed readdressed unseen_added unseen_removed"
_KEPT: Final = {
    "header": "format_version run kind of project config as_of started_at targets changes version approvals sources",
    "planned": _INTENT,
    "before": f"{_INTENT} consented",
    "step": "target name added removed",
    "after": f"at target name {_RESULT}",
    "result": f"{_INTENT} consented {_RESULT}",
    "links": "built_on counts later",
    "end": "at interrupted left applied sources",
}
"""By record, the fields that are let through."""
_KEPT_WITHIN: Final = {
    "targets": "name identity",
    "approvals": "kind name path definition target count",
    "sources": "name rows identity",
}
"""By field, the fields of each element that are let through."""
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
    if not isinstance(kind, str) or kind not in _KEPT:
        return {"record": "withheld"}
    kept = _KEPT[kind].split()
    told = {field: _told(field, value) for field, value in record.items() if field in kept}
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
    }


def _told(field: str, value: object) -> object:
    match field, value:
        case "later", list():
            return [each for each in value if _is_of_many(each)]
        case (("targets" | "approvals" | "sources"), list()):
            kept = _KEPT_WITHIN[field].split()
            return [{key: each[key] for key in kept if key in each} for each in value if isinstance(each, dict)]
        case _:
            return value


def _is_of_many(element: object) -> bool:
    """Tell whether what a date does, as `[target, name, at, leaving, digest]`, is about too many to be guessed."""
    if not isinstance(element, list) or len(element) != 5:
        return False
    leaving = element[3]
    return isinstance(leaving, int) and leaving >= MIN_LEAVING
