"""Say of a change what caused it where nobody touched the group's own definition: what it is built from. Pure.

Nobody knows what a definition said when it was applied last. So a reason says only what is sure: which of the groups
that a group is built on change in this very plan; or, held against a revision, what was edited since.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from groupsync.diff import CUSTOMERS_CHANGED, DEFINITION_CHANGED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from groupsync.model import Change, Definition, Drift

ANYTHING_CHANGED: Final = "the definition or what it is built from changed"
FILES_OR_DEFINITION_CHANGED: Final = "the definition or a member file changed"
FILES_CHANGED: Final = "a member file changed"
BASES_CHANGE: Final = "what it is built from changes"
BASES_CHANGED: Final = "what it is built from changed"
BOTH_CHANGED: Final = "the definition and what it is built from changed"
_DATED: Final = ", or a date in it came"
_FIXED: Final = {CUSTOMERS_CHANGED: "the customers, the definition or what it is built from changed"}
_TOLD: Final = (
    BASES_CHANGE,
    *_FIXED.values(),
    ANYTHING_CHANGED,
    FILES_OR_DEFINITION_CHANGED,
    CUSTOMERS_CHANGED,
    DEFINITION_CHANGED,
)
"""What a reason may say of edits, none of it part of one that comes later."""


def with_causes(
    changes: Iterable[Change],
    drift: Sequence[Drift],
    definitions: Iterable[Definition],
    built_on: Mapping[str, Collection[str]],
) -> tuple[Change, ...]:
    """Return changes, in their order, with reasons that blame no definition for what it is built from.

    Args:
        changes: as they were compared.
        drift: how groups stand to what was applied last, those that are left out of the plan, too.
        definitions: of all groups.
        built_on: by a group's name, the groups that it is built on directly.
    """
    pending = {(each.target, each.name) for each in drift if each.pending}
    known = {definition.name: definition for definition in definitions}
    return tuple(_explained(change, known.get(change.name), pending, built_on) for change in changes)


def nearest_first(name: str, built_on: Mapping[str, Collection[str]]) -> list[str]:
    """Return the groups that a group is built on, over any number of steps, the nearest first, then by name."""
    found: dict[str, None] = {}
    level = [name]
    while level := sorted({base for each in level for base in built_on.get(each, ())}.difference(found)):
        found |= dict.fromkeys(level)
    return list(found)


def _explained(
    change: Change,
    definition: Definition | None,
    pending: Collection[tuple[str, str]],
    built_on: Mapping[str, Collection[str]],
) -> Change:
    blamed = next((each for each in (CUSTOMERS_CHANGED, DEFINITION_CHANGED) if each in change.reason), None)
    if blamed is None or definition is None:
        return change
    bases = nearest_first(change.name, built_on)
    through = tuple(base for base in bases if (change.target, base) in pending)
    if through:
        words = BASES_CHANGE
    elif bases or definition.members_from:
        words = _FIXED.get(blamed, ANYTHING_CHANGED if bases else FILES_OR_DEFINITION_CHANGED)
    else:
        words = blamed
    words += _DATED if not through and _is_dated(definition) else ""
    return replace(change, reason=change.reason.replace(blamed, words), through=through)


def _is_dated(definition: Definition) -> bool:
    """Tell whether there are dates in a definition, so that it may say something else without an edit."""
    references = (definition.include, definition.exclude, definition.restrict_to)
    periods = [each.period for some in references for each in some or ()]
    periods += [each.period for each in definition.members.timed] if definition.members else []
    return definition.until is not None or any(each.start or each.until for each in periods)


# --- Held against a revision ------------------------------------------------------------------------------------------


def with_edits(
    changes: Iterable[Change], edited: Mapping[str, Sequence[str]], built_on: Mapping[str, Collection[str]]
) -> tuple[Change, ...]:
    """Return changes that come of edits with what was edited.

    Args:
        changes: with the reasons of `with_causes`.
        edited: by a group's name, the files of its definition and members that say something else than then; groups
            of which nothing was edited are left out.
        built_on: by a group's name, the groups that it is built on directly.
    """
    return tuple(_edited(change, edited, built_on) for change in changes)


def _edited(change: Change, edited: Mapping[str, Sequence[str]], built_on: Mapping[str, Collection[str]]) -> Change:
    blamed = next((each for each in _TOLD if each in change.reason), None)
    files = edited.get(change.name, ())
    is_edited = change.at is not None and change.at.path in files
    bases = [base for base in nearest_first(change.name, built_on) if base in edited]
    own = [path for path in files if change.at is None or path != change.at.path]
    if blamed is None or not (is_edited or bases or own):
        return change
    through = (*own, *(f"{base} ({', '.join(edited[base])})" for base in bases))
    if is_edited:
        words = BOTH_CHANGED if through else DEFINITION_CHANGED
    else:
        words = BASES_CHANGED if bases else FILES_CHANGED
    return replace(change, reason=change.reason.replace(blamed, words).replace(_DATED, ""), through=through)
