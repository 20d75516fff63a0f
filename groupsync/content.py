"""A revision for groups whose target has none. Pure but for loading members."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from groupsync.model import ATTRIBUTES

if TYPE_CHECKING:
    from groupsync.model import Group

CONTENT: Final = "content:"
"""What such a revision starts with."""


def content_revision(group: Group, *, holds_marks: bool) -> str:
    """Return a digest of all in a group that a change of it could overwrite; loads members without a known digest.

    Args:
        group: as it was read.
        holds_marks: whether its mark is one that the target holds, and not one that stands in for it.
    """
    mark, members = group.mark if holds_marks else None, group.members
    content = [
        [group.name, group.id, members and (members.known_digest or members.digest)],
        [group.attribute(name) for name in ATTRIBUTES],
        [mark.project, mark.digest, mark.count, mark.prevent_delete] if mark else None,
    ]
    return CONTENT + hashlib.sha256(json.dumps(content).encode()).hexdigest()


def precondition_of(group: Group, *, revisions: bool, marks: bool) -> str | None:
    """Return what must still hold of a group when a change to it is written: its revision, or one of its content.

    Args:
        group: as it was read.
        revisions: whether its target has revisions.
        marks: whether its target holds marks.
    """
    return group.revision if revisions else content_revision(group, holds_marks=marks)
