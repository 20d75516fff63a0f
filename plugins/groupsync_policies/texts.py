"""Policies over what is written in definitions. They load nobody's members."""

from __future__ import annotations

import fnmatch
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from groupsync.files import path_expression
from groupsync.records import format_instant
from groupsync_policies.breach import SHOWN, Breach, because, counted, picked, present

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from groupsync.model import Definition, SourceRange
    from groupsync.policy import PolicyContext


def owners_required(context: PolicyContext, rule: Any) -> Iterator[Breach]:
    """Find groups without an owner."""
    options: Mapping[str, Any] = rule if isinstance(rule, dict) else {}
    for definition in picked(options, context):
        if not definition.owners:
            yield Breach(
                (definition.name,),
                f"`{definition.name}` has no owner",
                context.options.locate(("owners_required",)),
                f"Nobody is named who answers for it.{because(options)}",
                "Add a line `owners: [somebody@…]`.",
                definition.at,
                is_about_members=False,
            )


def names(context: PolicyContext, rules: list[Any]) -> Iterator[Breach]:
    """Find groups whose name must not be used in the folder they are written in."""
    for index, rule in enumerate(rules):
        files = path_expression(rule["path"])
        wanted = rule.get("match") or rule["regex"]
        fits = re.compile(rule["regex"] if "regex" in rule else fnmatch.translate(wanted)).fullmatch
        for definition in present(context):
            if files.fullmatch(definition.at.path) and not fits(definition.name):
                yield Breach(
                    (definition.name,),
                    f"`{definition.name}` can't be the name of a group in `{rule['path']}`",
                    context.options.locate(("names", index)),
                    f"Names there must match `{wanted}`.{because(rule)}",
                    "Give it another name, or move it to another folder.",
                    definition.at,
                    is_about_members=False,
                )


def longest_until(context: PolicyContext, rules: list[Any]) -> Iterator[Breach]:
    """Find entries that hold for too long, or without end where they must have one."""
    for index, rule in enumerate(rules):
        at = context.options.locate(("longest_until", index))
        latest = context.as_of + timedelta(days=rule["days"])
        for definition in picked(rule, context):
            if definition.until is not None and definition.until <= latest:
                continue  # ends everything that is in it
            late = [(until, place) for until, place in _ends(definition) if until > latest]
            if late:
                yield _too_late(definition, late, latest, rule, at)
            endless = list(_endless(definition)) if rule.get("required") and definition.until is None else []
            if endless:
                yield _without_end(definition, endless, rule, at)


def _ends(definition: Definition) -> Iterator[tuple[datetime, SourceRange]]:
    """Give every `until` that is written, with its place."""
    if definition.until is not None:
        yield definition.until, definition.at
    timed = definition.members.timed if definition.members else ()
    written = [(each.period.until, each.at) for each in timed]
    written += [(each.period.until, each.at) for each in definition.include or ()]
    yield from ((until, place) for until, place in written if until is not None)


def _endless(definition: Definition) -> Iterator[tuple[str, SourceRange]]:
    """Give what has no end of its own, in words, with its place."""
    plain = definition.members.plain_members() if definition.members else []
    if plain:
        yield f"{counted(len(plain), 'member')} written without `until`, such as `{plain[0]}`", definition.at
    for timed in definition.members.timed if definition.members else ():
        if timed.period.until is None:
            yield f"`{timed.address}`", timed.at
    for file in definition.members_from or ():
        yield f"everybody in `{file.path}`, which can't say until when", file.at
    for reference in definition.include or ():
        if reference.period.until is None:
            yield f"everybody in `{reference.target}`", reference.at


def _too_late(
    definition: Definition,
    late: list[tuple[datetime, SourceRange]],
    latest: datetime,
    rule: Mapping[str, Any],
    at: SourceRange,
) -> Breach:
    places = tuple(place for _, place in late)
    return Breach(
        (definition.name,),
        f"{counted(len(late), 'entry', 'entries')} of `{definition.name}` would hold until "
        f"{format_instant(max(late)[0])}, and may hold for {counted(rule['days'], 'day')}",
        at,
        f"The latest `until` is {format_instant(latest)} now.{because(rule)}",
        "Set an earlier `until`, and prolong it when the time comes.",
        places[0],
        places[1:SHOWN],
        count=len(late),
    )


def _without_end(
    definition: Definition, endless: list[tuple[str, SourceRange]], rule: Mapping[str, Any], at: SourceRange
) -> Breach:
    what = "\n".join(words for words, _ in endless[:SHOWN])
    return Breach(
        (definition.name,),
        f"`{definition.name}` has members without an end, and must not",
        at,
        f"{what}{because(rule)}",
        "Write them as `{email: …, until: …}`, or give the definition an `until`.",
        endless[0][1],
        tuple(place for _, place in endless[1:SHOWN]),
        count=len(endless),
    )
