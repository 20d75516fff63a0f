"""Ask sources again before a saved plan is carried out, and find whom they make otherwise. An edge: it does I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.model import NO_MEMBERS, Action, Members, Mode, Outcome, Result
from groupsync.reading import members_now
from groupsync.saved_plan import desired_by_key
from groupsync.segments import compute_segments
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from groupsync.backend import Backend
    from groupsync.identity import Identity
    from groupsync.model import Change, Plan
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.resolve import Desired
    from groupsync.retry import Retries

_GOING: Final = frozenset({Action.DELETE, Action.FORGET})


def turned_since(
    plan: Plan,
    project: Project,
    settled: Container[tuple[str, str]] = (),
    *,
    plugins: Plugins | None,
    backends: Mapping[str, Backend],
    retry: Retries,
) -> dict[tuple[str, str], Result]:
    """Return stale results for the changes of segments, and of groups that are built on them, to other members by now.

    Sources are asked only where the plan has such a change that may be applied.

    Args:
        plan: that was saved; not one that takes a run back.
        project: its definitions, as of now.
        settled: keys of changes that are over already.
        plugins: whose sources are asked; None for those installed.
        backends: the opened targets; read where it matters who is in a group already.
        retry: how patient to be with them.

    Raises:
        InvalidDefinitions, PluginError, SourceError: as `compute_segments` raises them.
        BackendError: a target could not be read.
    """
    before = desired_by_key(project)
    asked = [
        change
        for change in plan.changes
        if change.key not in settled
        and change.mark is not None
        and change.action not in _GOING
        and not plan.verdict.refusal_of(change)
        and (desired := before.get(change.key)) is not None
        and desired.blocked is not None
    ]
    if not asked:
        return {}
    after = desired_by_key(compute_segments(project, plugins, project.as_of).project)
    partly = {target.name for target in plan.targets if not target.complete}
    found: dict[tuple[str, str], Result] = {}
    for change in asked:
        desired, held = after[change.key], members_now(change, backends[change.target], retry)
        may_keep = change.target in partly or desired.group.lifecycle.mode is Mode.ADDITIVE
        if error := _difference(change, desired, held, project.config.identity, may_keep=may_keep):
            found[change.key] = Result(change.target, change.name, change.action, Outcome.STALE, error, "Plan again.")
    return found


def _difference(change: Change, desired: Desired, held: Members, identity: Identity, *, may_keep: bool) -> str:
    """Say what a change would leave otherwise than its definition does now; empty for nothing.

    Args:
        change: with its mark.
        desired: with segments computed.
        held: who is in the group; loaded only where that has a say.
        identity: knows the aliases.
        may_keep: others may stay in the group than those who belong to it.
    """
    count, digest = (change.mark.count, change.mark.digest) if change.mark else (0, "")
    if desired.blocked is not None:
        size = desired.definition.min_size
        is_emptied = desired.blocked.size is not None and size is not None and size.empties and not count
        return "" if is_emptied else f"its source was asked again: {desired.blocked.reason}"
    members = desired.group.members or NO_MEMBERS
    if desired.settled is not None or may_keep:
        prior = held.load()
        wanted = desired.settled(identity.present(prior)) if desired.settled else members.load()
        left = identity.present((prior - change.remove.load()) | change.add.load())
        is_same = wanted <= left and (left - wanted <= identity.present(prior) if may_keep else left == wanted)
        members = Members.of(wanted)
    else:
        is_same = (members.count, members.digest) == (count, digest)
    other = counted(members.count, "member") if members.count != count else "others"
    return "" if is_same else f"its source was asked again: it has {other} now, and the plan leaves {count:,}"
