"""Ask every policy of the config, take the waivers into account, and answer. Pure but for loading members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from groupsync.model import Diagnostic, Severity, unread_as
from groupsync.policy import PolicyAnswer, PolicyFinding
from groupsync.times import parse_instant
from groupsync_policies import members, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from groupsync.model import SourceRange
    from groupsync.policy import PolicyContext
    from groupsync_policies.breach import Breach

POLICIES: Final[dict[str, tuple[str, Callable[[PolicyContext, Any], Iterator[Breach]]]]] = {
    "allowed_domains": ("GS851", members.allowed_domains),
    "owners_required": ("GS852", texts.owners_required),
    "names": ("GS853", texts.names),
    "pinned": ("GS854", members.pinned),
    "no_overlap": ("GS855", members.no_overlap),
    "size": ("GS856", members.size),
    "longest_until": ("GS857", texts.longest_until),
}
"""By key of the config: the code of its findings, and how to find them."""


def answer(context: PolicyContext) -> PolicyAnswer:
    """Say which groups break which policy."""
    values = context.options.values
    waivers = _Waivers(context)
    findings = [*_unknown_groups(context), *waivers.expired()]
    for key, (code, find) in POLICIES.items():
        for breach in find(context, values[key]) if key in values else ():
            findings += waivers.judged(key, code, breach)
    return PolicyAnswer(tuple(findings), frozenset(POLICIES) & context.options.keys)


class _Waivers:
    """The exceptions that the config makes, by policy and group."""

    def __init__(self, context: PolicyContext) -> None:
        self._context = context
        self._known = {definition.name for definition in context.definitions}
        self._waivers = context.options.values.get("waivers", ())
        self._ends = {
            (waiver["policy"], waiver["group"]): (parse_instant(waiver["until"]), waiver) for waiver in self._waivers
        }

    def judged(self, key: str, code: str, breach: Breach) -> Iterator[PolicyFinding]:
        """Give an error for the groups of a breach that nothing excuses, and a warning for the rest."""
        at = breach.until or self._context.as_of
        waived = {name: waiver for name in breach.groups if (waiver := self._waiver(key, name, at))}
        refused = tuple(name for name in breach.groups if name not in waived)
        for name, waiver in waived.items():
            hint = f"Waived for `{name}` until {waiver['until']}: {waiver['reason']}"
            yield _finding(Severity.WARNING, code, breach, (name,), hint)
        if refused or not breach.groups:
            yield _finding(Severity.ERROR, code, breach, refused, breach.hint)

    def _waiver(self, key: str, name: str, at: datetime) -> Mapping[str, Any] | None:
        """Return what excuses a group from a policy at an instant; None for nothing."""
        end, waiver = self._ends.get((key, name), (at, None))
        return waiver if end > at else None

    def expired(self) -> Iterator[PolicyFinding]:
        """Give a warning for each exception that has ended."""
        for index, waiver in enumerate(self._waivers):
            key, name = waiver["policy"], waiver["group"]
            if not self._waiver(key, name, self._context.as_of) and name in self._known:
                found = Diagnostic(
                    "GS858",
                    Severity.WARNING,
                    f"The waiver of `{key}` for `{name}` has ended",
                    f"It was given until {waiver['until']}: {waiver['reason']}\nThe policy counts again.",
                    "Take it out, or have it prolonged.",
                    self._at(index, "until"),
                )
                yield PolicyFinding(found, (name,))

    def _at(self, index: int, key: str) -> SourceRange:
        return self._context.options.locate(("waivers", index, key))


def _finding(severity: Severity, code: str, breach: Breach, groups: tuple[str, ...], hint: str) -> PolicyFinding:
    places = (*breach.others, breach.rule) if breach.at else breach.others
    subject = breach.at or breach.rule
    related = tuple(dict.fromkeys(place for place in places if place != subject))
    found = Diagnostic(code, severity, breach.summary, breach.detail, hint, subject, related)
    return PolicyFinding(found, groups, breach.count, breach.limit, breach.is_about_members, breach.people)


def _unknown_groups(context: PolicyContext) -> Iterator[PolicyFinding]:
    """Refuse everything where a policy names a group that is nowhere: a typo would silently ask nothing."""
    known = {definition.name for definition in context.definitions}
    going = {change.name for change in context.plan.changes}
    for pointer, name in _named_groups(context):
        if name not in known and not (pointer[0] == "pinned" and name in going):  # which `pinned` itself refuses
            harmless = pointer[0] == "waivers"
            unread = unread_as(name, context.unread)
            does = "It excuses nothing." if harmless else "Nothing would be held to it."
            found = Diagnostic(
                "GS850",
                Severity.WARNING if harmless else Severity.ERROR,
                f"A policy names the group `{name}`, which no definition defines",
                f"{does} {unread}" if unread else does,
                unread.cure if unread else f"Correct the name, or take it out of `policies.{pointer[0]}`.",
                context.options.locate(pointer),
            )
            yield PolicyFinding(found)


def _named_groups(context: PolicyContext) -> Iterator[tuple[tuple[str | int, ...], str]]:
    values = context.options.values
    for index, rule in enumerate(values.get("pinned", ())):
        yield ("pinned", index, "group"), rule["group"]
    for index, names in enumerate(values.get("no_overlap", ())):
        for place, name in enumerate(names):
            yield ("no_overlap", index, place), name
    for index, waiver in enumerate(values.get("waivers", ())):
        yield ("waivers", index, "group"), waiver["group"]
