"""Put changes together to a plan, and give it its digest. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groupsync.model import Change, Mark, Members, TargetState

_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def plan_digest(targets: Sequence[TargetState], changes: Iterable[Change], undoes: str = "") -> str:
    """Return the digest that identifies a plan: SHA-256 in hexadecimal.

    Covers which targets were read, and whether wholly, which run it takes back, and all of each change but what is only
    for people (`reason`, `at`, `owners`, `criteria`). It doesn't depend on the clock, on the order in which files were
    read, or on groups that don't change.
    """
    digest = hashlib.sha256()
    if undoes:
        digest.update(_line([undoes]))
    for target in targets:
        digest.update(_line([target.name, target.plugin, target.complete]))
    for change in changes:
        digest.update(
            _line(
                [
                    change.target,
                    change.name,
                    change.action,
                    change.prior_name,
                    change.id,
                    [[each.name, each.before, each.after] for each in change.attributes],
                    _names(change.add),
                    _names(change.remove),
                    change.precondition,
                    change.prior_count,
                    change.expired,
                    _stored(change.mark) if change.mark else None,
                    change.definition_digest,
                    *([change.readdressed] if change.readdressed else []),
                ]
            )
        )
    return digest.hexdigest()


def _names(members: Members) -> list[object]:
    return [members.count, members.digest]


def _stored(mark: Mark) -> dict[str, object]:
    return {
        "project": mark.project,
        "digest": mark.digest,
        "count": mark.count,
        "identity": mark.identity,
        "prevent_delete": mark.prevent_delete,
    }


def _line(values: list[object]) -> bytes:
    return _ENCODER.encode(values).encode() + b"\n"
