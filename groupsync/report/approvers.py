"""Who should approve a plan: as `groupsync approvers` prints it, and in a few words for a plan. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from groupsync.report.change_text import SYMBOLS
from groupsync.report.escape import escape
from groupsync.report.markdown_escape import code
from groupsync.report.style import BOLD, FAINT, GREEN, PLAIN, RED, YELLOW, counted, flow, headline, joined, number, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from groupsync.approvers import Approver, Approvers, OwnedChange
    from groupsync.records import Record
    from groupsync.report.style import Style

SHOWN: Final = 10
"""How many owners, or groups of one kind, are named in a plan; `groupsync approvers` names all."""

NO_OWNER: Final = "no owner"
NO_CONSENT: Final = "nobody to ask about taking over"

_INDENT: Final = "    "


# --- In a plan --------------------------------------------------------------------------------------------------------


def approver_words(found: Approvers) -> str:
    """Say who should approve a plan, escaped: `growth@contoso.com (2 groups); no owner: legacy`. Empty for no group."""
    if not found.groups:
        return ""
    asked = [f"{escape(each.owner)} ({counted(len(each.groups), 'group')})" for each in found.approvers[:SHOWN]]
    words = [joined(_cut(asked, len(found.approvers))) if asked else "nobody is named"]
    for about, names in ((NO_OWNER, _unowned(found)), (NO_CONSENT, _without_consent(found))):
        words += [f"{about}: {joined(_cut(map(escape, names[:SHOWN]), len(names)))}"] if names else []
    return "; ".join(words)


def approver_items(found: Approvers) -> Iterator[str]:
    """Give the same as items of a list in Markdown, what nobody owns first."""
    for about, names in ((NO_OWNER, _unowned(found)), (NO_CONSENT, _without_consent(found))):
        if names:
            yield f"- **{about}**: {joined(_cut(map(code, names[:SHOWN]), len(names)))}"
    for each in found.approvers[:SHOWN]:
        yield f"- {code(each.owner)}: {_sum_words(each)}"
    if len(found.approvers) > SHOWN:
        yield f"- … and {counted(len(found.approvers) - SHOWN, 'more owner')}"


def _unowned(found: Approvers) -> list[str]:
    return list(dict.fromkeys(group.name for group in found.unowned))


def _without_consent(found: Approvers) -> list[str]:
    return list(dict.fromkeys(group.name for group in found.groups if group.has_nobody_to_ask and group.owners))


def _cut(shown: Iterable[str], count: int) -> list[str]:
    pieces = list(shown)
    return [*pieces, f"{number(count - len(pieces))} more"] if count > len(pieces) else pieces


def _sum_words(each: Approver) -> str:
    removed = f"{number(each.removed)} removed" if each.removed else "none removed"
    moved = f"{counted(each.added, 'member')} added, {removed}" if each.added else f"no members added, {removed}"
    if not each.added and not each.removed:
        moved = "no members added or removed"
    refused = f", {number(each.refused)} of them refused" if each.refused else ""
    return f"{counted(len(each.groups), 'group')}{refused}; {moved}"


# --- The command ------------------------------------------------------------------------------------------------------


def render_approvers(
    found: Approvers, approved: Sequence[str] = (), *, is_check: bool = False, style: Style = PLAIN
) -> str:
    """Return every approver with their groups, and the groups without one, as text that ends with a line break.

    Args:
        found: who should approve.
        approved: who has.
        is_check: say what still needs approval.
        style: how.
    """
    lines = list(_lines(found, style))
    if is_check and found.groups:
        lines += ["", *_missing_lines(found, approved, style)]
    lines += ["", f"Plan digest: {found.plan_digest}"]
    return "".join(f"{line}\n" for line in lines)


def _lines(found: Approvers, style: Style) -> Iterator[str]:
    if not found.groups:
        yield "Nobody has to approve: the plan changes no group."
        return
    groups = {(group.target, group.name): group for group in found.groups}
    describe = _describer(found)
    for each in found.approvers:
        yield from headline(style.paint(escape(each.owner), BOLD), _sum_words(each), style)
        for key in each.groups:
            yield from _group_lines(groups[key], describe, style)
    if found.unowned:
        yield style.paint("no owner", BOLD, YELLOW)
        for group in found.unowned:
            yield from _group_lines(group, describe, style)
    if found.approvers:
        yield ""
        words = "One approval a group is enough; two where a group changes hands or is taken over."
        yield from wrap(words, "", style.columns)


def _describer(found: Approvers) -> Callable[[OwnedChange], str]:
    several = len({group.target for group in found.groups if group.target}) > 1

    def describe(group: OwnedChange) -> str:
        where = f" on {escape(group.target)}" if several and group.target else ""
        return f"{group.action.value} {escape(group.name)}{where}"

    return describe


def _group_lines(group: OwnedChange, describe: Callable[[OwnedChange], str], style: Style) -> Iterator[str]:
    symbol, color = SYMBOLS[group.action]
    notes = ["refused as things are"] if group.is_refused else ["without effect today"] if group.is_quiet else []
    if len(group.one_of_each) > 1 or group.is_taken_over:
        what = "is taken over" if group.is_taken_over else "changes hands"
        notes.append(f"{what}: " + ", and ".join(map(_one_of, group.one_of_each)))
    notes += [f"allowed by exception: {escape(each)}" for each in group.exceptions]
    first, *rest = flow([describe(group), *notes], _INDENT, style.columns)
    yield f"  {style.paint(symbol, BOLD, color)} {first.removeprefix(_INDENT)}"
    yield from (style.paint(line, FAINT) for line in rest)


def _one_of(owners: Sequence[str]) -> str:
    if not owners:
        return "who has it now, of whom neither the target nor the config's `adopt.approvers` tells"
    return escape(owners[0]) if len(owners) == 1 else f"one of {', '.join(map(escape, owners))}"


def _missing_lines(found: Approvers, approved: Sequence[str], style: Style) -> Iterator[str]:
    missing = found.missing(approved)
    if not missing:
        yield style.paint("Every group is approved.", GREEN)
        return
    count = counted(len(missing), "group")
    yield style.paint(f"{count} still {'needs' if len(missing) == 1 else 'need'} approval:", BOLD, RED)
    describe = _describer(found)
    for group in missing:
        asked = ", and ".join(map(_one_of, group.one_of_each)) or "nobody owns it"
        yield from wrap(f"{describe(group)}: {asked}", "  ", style.columns, hanging=_INDENT)


# --- For programs -----------------------------------------------------------------------------------------------------


def render_approvers_json(found: Approvers, approved: Sequence[str] = ()) -> str:
    """Return `{"plan_digest", "groups", "approvers", "unowned", "approved", "missing"}`, ended by a line break."""
    document: Record = {
        "plan_digest": found.plan_digest,
        "groups": [_group_record(group) for group in found.groups],
        "approvers": [
            {
                "owner": each.owner,
                "groups": [{"target": target, "name": name} for target, name in each.groups],
                "added": each.added,
                "removed": each.removed,
                "refused": each.refused,
            }
            for each in found.approvers
        ],
        "unowned": [{"target": group.target, "name": group.name} for group in found.unowned],
        "approved": list(approved),
        "missing": [
            {"target": group.target, "name": group.name, "one_of_each": list(map(list, group.one_of_each))}
            for group in found.missing(approved)
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _group_record(group: OwnedChange) -> Record:
    return {
        "target": group.target,
        "name": group.name,
        "action": group.action.value,
        "owners": list(group.owners),
        "one_of_each": [list(owners) for owners in group.one_of_each],
        "added": group.added,
        "removed": group.removed,
        "refused": group.is_refused,
        "taken_over": group.is_taken_over,
        "quiet": group.is_quiet,
        "exceptions": list(group.exceptions),
    }
