"""Say what is different in a group that moved since a change of it was planned. Pure but for loading members."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from groupsync.model import ATTRIBUTES
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.model import Change, Group


def what_moved(change: Change, group: Group | None) -> str:
    """Return how a group differs from what the change was planned on, as far as the change tells that; one line.

    Args:
        change: as it was planned.
        group: what goes by its name now, None where nothing does.

    Returns:
        Empty where nothing shows: what moved is not what the change is about, or was moved back.
    """
    return "; ".join(_differences(change, group)) if group else ""


def _differences(change: Change, group: Group) -> Iterator[str]:
    if group.mark and change.mark and group.mark.project != change.mark.project:
        yield f"it carries the mark of the project `{group.mark.project}`"
    if group.members is not None:
        now = group.members.load()
        if len(now) != change.prior_count:
            yield f"it has {counted(len(now), 'member')}, and had {change.prior_count:,}"
        there, gone = len(change.add.load() & now), len(change.remove.load() - now)
        if there:
            yield f"{there:,} of {change.add.count:,} to add {'is' if there == 1 else 'are'} there already"
        if gone:
            yield f"{gone:,} of {change.remove.count:,} to remove {'is' if gone == 1 else 'are'} gone already"
    for each in change.attributes:
        if each.name in ATTRIBUTES and not group.says(each.name, each.before):
            yield f"its {each.name} is {_shown(group.attribute(each.name))}, and was {_shown(each.before)}"


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
