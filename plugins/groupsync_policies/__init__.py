"""What must hold of every group, whatever its definition says: the section `policies` of the config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.hookspecs import hookimpl

if TYPE_CHECKING:
    from groupsync.policy import PolicyAnswer, PolicyContext


@hookimpl
def groupsync_check_plan(context: PolicyContext) -> PolicyAnswer:
    """Say which groups break which policy."""
    from groupsync.policy import PolicyAnswer

    if not context.options:
        return PolicyAnswer()
    from groupsync_policies.answer import answer

    return answer(context)
