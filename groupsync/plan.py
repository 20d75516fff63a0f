"""Put changes together to a plan, and give it its digest. Pure.

The digest of format version 2 covers all that a decision hangs on: the identities of config and targets, which run is
taken back, whether a target was read wholly, which guards speak against a source, all of each change but what is only
for people (`reason`, `at`, `criteria`), and what written dates will do. It doesn't depend on the clock, on the order in
which files were read, or on groups that don't change. That of version 1 covered neither identities nor owners nor
dates; plans that were saved with it are still read, and keep it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.model import Change, Mark, Members, Plan

_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def sealed(plan: Plan) -> Plan:
    """Return a plan with the digest that what is in it has."""
    return replace(plan, digest=plan_digest(plan))


def plan_digest(plan: Plan) -> str:
    """Return the digest that identifies a plan by what is in it: SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    for values in _version_1(plan) if plan.format_version == 1 else _version_2(plan):
        digest.update(_ENCODER.encode(values).encode() + b"\n")
    return digest.hexdigest()


def change_digest(change: Change) -> str:
    """Return a digest of one change: of all that the digest of a plan covers of it."""
    values = ["change", *_decisive(change), change.readdressed, change.owners]
    return hashlib.sha256(_ENCODER.encode(values).encode()).hexdigest()


def _version_1(plan: Plan) -> Iterator[list[object]]:
    if plan.undoes:
        yield [plan.undoes]
    for target in plan.targets:
        yield [target.name, target.plugin, target.complete]
    for change in plan.changes:
        yield [*_decisive(change), *([change.readdressed] if change.readdressed else [])]


def _version_2(plan: Plan) -> Iterator[list[object]]:
    yield ["plan", 2, plan.project, plan.config, plan.undoes]
    for target in plan.targets:
        yield ["target", target.name, target.plugin, target.identity, target.complete]
    for source in plan.sources:
        if source.doubted_by:
            yield ["source", source.name, *source.doubted_by]
    for change in plan.changes:
        yield ["change", *_decisive(change), change.readdressed, change.owners]
        if change.consenting is not None:
            yield ["consenting", *change.consenting]
    for later in plan.later:
        yield [
            "later",
            later.target,
            later.name,
            later.at.isoformat(),
            later.entering,
            later.leaving,
            later.digest,
            later.owners,
        ]


def _decisive(change: Change) -> list[object]:
    return [
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
    ]


def _names(members: Members) -> list[object]:
    return [members.count, members.digest]


def _stored(mark: Mark) -> dict[str, object]:
    return {
        "project": mark.project,
        "digest": mark.digest,
        "count": mark.count,
        "identity": mark.identity,
        "prevent_delete": mark.prevent_delete,
        **({"name": mark.name} if mark.name else {}),
    }
