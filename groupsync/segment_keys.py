"""The keys of a definition that came with segments: which go with which kind, and what they say. Pure."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from groupsync.model import KNOWN_USER_GROUP, SEGMENT, Diagnostic, Severity
from groupsync.model.criteria import Floor, Share, Top

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupsync.yaml.document import Document

_SEGMENT_KEYS: Final = ("source", "where", "limit", "min_size")
_MEMBER_KEYS: Final = ("members", "members_from", "include", "where")
_SHARES: Final = ("holdout", "sample")


def check_kind(document: Document, found: list[Diagnostic]) -> None:
    """Add to `found` which keys of a definition don't go with its kind, or are missing for it.

    Args:
        document: a mapping; nothing else of it need be sound.
        found: findings go here.
    """
    written: Any = document.value
    if written.get("kind") == KNOWN_USER_GROUP:
        _no_segment_keys(document, written, found)
    if written.get("kind") == SEGMENT:
        _needed_keys(document, written, found)
    if not any(key in written for key in _MEMBER_KEYS):
        for key in _SHARES:
            if key in written:
                summary = f"`{key}` needs members to choose from"
                detail = "Without members, members_from and include the membership is left as it is on the target."
                hint = "Say who belongs, or take it out."
                at = document.locate((key,), key=True)
                found.append(Diagnostic("GS208", Severity.ERROR, summary, detail, hint, at))
    holdout, sample = (written.get(key) for key in _SHARES)
    if isinstance(holdout, dict) and isinstance(sample, dict) and holdout.get("seed") == sample.get("seed") is not None:
        _same_seed(document, holdout, found)


def share_of(document: Document, value: Mapping[str, Any], key: str, found: list[Diagnostic]) -> Share | None:
    """Return the `holdout` or `sample` of a definition that fits its schema; adds to `found` what is wrong with it."""
    share = value.get(key)
    if share is None:
        return None
    if math.isnan(share["percent"]):
        detail = "Expected a number that there is."
        at = document.locate((key, "percent"))
        found.append(Diagnostic("GS206", Severity.ERROR, f"`{key}.percent` is no number", detail, "", at))
        return None
    return Share(Decimal(str(share["percent"])), share["seed"])


def top_of(document: Document, value: Mapping[str, Any], found: list[Diagnostic]) -> Top | None:
    """Return the `limit` of a definition that fits its schema; adds to `found` what is wrong with it."""
    limit = value.get("limit")
    if limit is None:
        return None
    ((field, order),) = limit["order_by"].items()
    count, rank = limit["count"], limit.get("keep_until_rank")
    if rank is not None and rank < count:
        summary = f"`limit.keep_until_rank` is {rank:,}, less than `limit.count`, {count:,}"
        detail = "It is the rank as far as which somebody stays who is in already."
        hint = f"Set it to more than {count:,}, or take it out."
        at = document.locate(("limit", "keep_until_rank"))
        found.append(Diagnostic("GS208", Severity.ERROR, summary, detail, hint, at))
    at = document.locate(("limit", "order_by", field), key=True)
    return Top(int(count), field, order == "desc", None if rank is None else int(rank), at)


def floor_of(value: Mapping[str, Any]) -> Floor | None:
    """Return the `min_size` of a definition that fits its schema."""
    floor = value.get("min_size")
    return None if floor is None else Floor(int(floor["count"]), floor.get("below", "keep") == "empty")


def _no_segment_keys(document: Document, written: Mapping[str, Any], found: list[Diagnostic]) -> None:
    for key in _SEGMENT_KEYS:
        if key in written:
            summary = f"`{key}` does not go with `kind: {KNOWN_USER_GROUP}`"
            detail = "A known user group lists its people; who is in a segment is computed from a source."
            hint = f"Take it out, or write `kind: {SEGMENT}` for a group with `source` and `where`."
            at = document.locate((key,), key=True)
            found.append(Diagnostic("GS218", Severity.ERROR, summary, detail, hint, at))


def _needed_keys(document: Document, written: Mapping[str, Any], found: list[Diagnostic]) -> None:
    needed = {
        "source": ("Name of the source in the config whose customers it is computed from.", "source: customers"),
        "where": ("Which of its customers belong.", "where: {age: {gte: 50}}"),
    }
    for key, (detail, example) in needed.items():
        if key not in written:
            hint = f"Add `{example}`, or list people in a group with `kind: {KNOWN_USER_GROUP}`."
            at = document.locate(("kind",))
            found.append(Diagnostic("GS202", Severity.ERROR, f"A segment needs `{key}`", detail, hint, at))


def _same_seed(document: Document, holdout: Mapping[str, Any], found: list[Diagnostic]) -> None:
    summary = f"`holdout` and `sample` have the same seed, `{holdout['seed']}`"
    detail = "One seed gives one order of all people: the sample would be taken from the very people held out first."
    hint = "Give the sample a seed of its own."
    at, first = (document.locate((key, "seed")) for key in reversed(_SHARES))
    found.append(Diagnostic("GS208", Severity.ERROR, summary, detail, hint, at, (first,)))
