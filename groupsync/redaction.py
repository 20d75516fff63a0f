"""Take people out of what is shown: a plan, a report or findings with pseudonyms in place of names. Pure.

It is done to the values, before any renderer sees them, so that no form of the output can forget it. What stays: names
of groups, targets, sources and files, places, actions, counts, and the plan's digest. What people wrote freely, or a
server answered, is not searched for names but left out, see `TOLD` and `PLAIN_RULES` for what is known to have none.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from groupsync.codes import CODES
from groupsync.model import KINDS, Members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groupsync.model import (
        Allowance,
        AttributeChange,
        AttributeValue,
        Change,
        Comparison,
        Diagnostic,
        EntryNote,
        Later,
        Mark,
        Plan,
        Refusal,
        Report,
        Result,
        TargetState,
    )

MIN_KEY_BYTES: Final = 16
_DIGITS: Final = 16
"""Of 64 bits: of ten million people two have one pseudonym with a chance of about one in 400,000."""

TOLD: Final = frozenset(
    {
        *(f"GS{number}" for number in (601, 602, 603, 604, 605, 606, 607, 609, 610, 612, 620, 621, 622, 624)),
        *(f"GS{number}" for number in range(801, 809)),
    }
)
"""Findings whose summary has names of groups, targets and sources, and figures, and nothing else."""
PLAIN_RULES: Final = (KINDS.keys() - {"max_null_ids"}) | {
    *("prevent_delete", "owns", "capability"),
    *("built_on", "held"),
}
"""Rules whose refusals say no more than that, either."""
WITHHELD: Final = "withheld here; the full output says it"
_LETTER: Final = r"[^\s\"'`<>()\[\]{},;:=|]"
_ADDRESS: Final = re.compile(rf"(?<!{_LETTER}){_LETTER}+@{_LETTER}*(?!\.){_LETTER}")
"""Begins where a run of letters does, so that a long run is looked at once, and not once from each letter of it."""
_LONG_NUMBER: Final = re.compile(r"\d[\d .,/-]{5,}\d")
"""A number of a phone, a card or a customer; also a large sum, which is no loss."""
_PSEUDONYM: Final = re.compile(r"(person-[0-9a-f]{16})")


class Pseudonyms:
    """Names for people that tell who is who to nobody without the key, the same ones wherever that key is used."""

    def __init__(self, key: bytes) -> None:
        """Begin; whoever has `key` can try names, so it must be long, random and secret."""
        self._person = hmac.new(key, b"person\0", sha256)
        self._digest = hmac.new(key, b"digest\0", sha256)

    def of(self, name: str) -> str:
        """Return `person-` and 16 hexadecimal digits: HMAC-SHA256 of a canonical identifier."""
        mac = self._person.copy()
        mac.update(name.encode("utf-8", "surrogatepass"))
        return f"person-{mac.hexdigest()[:_DIGITS]}"

    def digest(self, digest: str) -> str:
        """Return 64 hexadecimal digits for a digest or revision, which without a key would tell who guesses right."""
        mac = self._digest.copy()
        mac.update(digest.encode("utf-8", "surrogatepass"))
        return mac.hexdigest()

    def members(self, members: Members) -> Members:
        """Return as many pseudonyms; nothing is loaded before they are asked for."""
        return Members(lambda: frozenset(map(self.of, members.load())), count=members.count)

    def text(self, text: str) -> str:
        """Return a text with a pseudonym for whatever looks like an address."""
        return _ADDRESS.sub(lambda found: self.of(found[0].lower()), text)

    def prose(self, text: str) -> str:
        """Return what somebody wrote freely with a pseudonym for each address, and without long numbers."""
        parts = _PSEUDONYM.split(self.text(text))
        parts[::2] = [_LONG_NUMBER.sub("…", part) for part in parts[::2]]
        return "".join(parts)


# --- Plans ------------------------------------------------------------------------------------------------------------


def redacted_plan(plan: Plan, pseudonyms: Pseudonyms) -> Plan:
    """Return a plan to be looked at: who comes and goes has a pseudonym, and nothing can be applied."""
    return replace(
        plan,
        redacted=True,
        known_as=tuple(sorted((pseudonyms.of(owner), pseudonyms.of(now)) for owner, now in plan.known_as)),
        targets=tuple(_target(target, pseudonyms) for target in plan.targets),
        drift=tuple(replace(drift, applied="") for drift in plan.drift),
        changes=tuple(_change(change, pseudonyms) for change in plan.changes),
        diagnostics=redacted_findings(plan.diagnostics),
        verdict=replace(
            plan.verdict,
            refusals=tuple(_refusal(refusal, pseudonyms) for refusal in plan.verdict.refusals),
            allowances=_allowances(plan.verdict.allowances, pseudonyms),
            uses=(),
        ),
        compared=_compared(plan.compared, pseudonyms),
        later=tuple(_later(each, pseudonyms) for each in plan.later),
        lost=tuple(replace(loss, some=tuple(sorted(map(pseudonyms.of, loss.some)))) for loss in plan.lost),
    )


def _target(target: TargetState, pseudonyms: Pseudonyms) -> TargetState:
    return replace(
        target,
        revision=_keyed(target.revision, pseudonyms),
        reason=WITHHELD if target.reason else "",
        owns=pseudonyms.text(target.owns),
    )


def _change(change: Change, pseudonyms: Pseudonyms) -> Change:
    return replace(
        change,
        id=None if change.id is None else pseudonyms.text(change.id),
        reason=pseudonyms.text(change.reason),
        attributes=tuple(_attribute(attribute, pseudonyms) for attribute in change.attributes),
        add=pseudonyms.members(change.add),
        remove=pseudonyms.members(change.remove),
        precondition=_keyed(change.precondition, pseudonyms),
        mark=_mark(change.mark, pseudonyms),
        definition_digest=pseudonyms.digest(change.definition_digest) if change.definition_digest else "",
        owners=tuple(sorted(map(pseudonyms.of, change.owners))),
        consenting=change.consenting and tuple(sorted(map(pseudonyms.of, change.consenting))),
        criteria=pseudonyms.prose(change.criteria),
        through=tuple(map(pseudonyms.text, change.through)),
        entries=tuple(_entry(entry, pseudonyms) for entry in change.entries),
        readdressed=tuple(
            sorted((pseudonyms.of(before), pseudonyms.of(after)) for before, after in change.readdressed)
        ),
    )


def _entry(entry: EntryNote, pseudonyms: Pseudonyms) -> EntryNote:
    name = pseudonyms.of(entry.name) if entry.role == "members" else entry.name
    return replace(entry, name=name, reason=WITHHELD if entry.reason else "")


def _attribute(change: AttributeChange, pseudonyms: Pseudonyms) -> AttributeChange:
    def value(of: AttributeValue) -> AttributeValue:
        match of:
            case str():
                return pseudonyms.prose(of)
            case tuple() if change.name == "owners":
                return tuple(sorted(pseudonyms.of(owner) for owner in of if isinstance(owner, str)))
            case tuple():
                return tuple((pair[0], pseudonyms.prose(pair[1])) for pair in of if isinstance(pair, tuple))
            case _:
                return of

    return replace(change, before=value(change.before), after=value(change.after))


def _mark(mark: Mark | None, pseudonyms: Pseudonyms) -> Mark | None:
    return mark and replace(mark, digest=mark.digest and pseudonyms.digest(mark.digest), past=None)


def _keyed(revision: str | None, pseudonyms: Pseudonyms) -> str | None:
    return None if revision is None else pseudonyms.digest(revision)


def _later(later: Later, pseudonyms: Pseudonyms) -> Later:
    owners = tuple(sorted(map(pseudonyms.of, later.owners)))
    return replace(later, digest=pseudonyms.digest(later.digest), owners=owners)


def _refusal(refusal: Refusal, pseudonyms: Pseudonyms) -> Refusal:
    """Keep what our own guards say; of a policy or a plugin, what its rule stands for."""
    if refusal.rule in PLAIN_RULES:
        return replace(refusal, summary=pseudonyms.text(refusal.summary), approval="")
    meaning = CODES.get(refusal.rule.removeprefix("policy:"), f"Why is {WITHHELD}.")
    return replace(refusal, summary=meaning, hint="", approval="")


def _allowances(allowances: Iterable[Allowance], pseudonyms: Pseudonyms) -> tuple[Allowance, ...]:
    return tuple(replace(each, source=pseudonyms.text(each.source), reason="") for each in allowances)


def _compared(compared: Comparison | None, pseudonyms: Pseudonyms) -> Comparison | None:
    if compared is None:
        return None
    quiet = tuple(
        replace(
            each,
            owners=tuple(sorted(map(pseudonyms.of, each.owners))),
            owners_before=tuple(sorted(map(pseudonyms.of, each.owners_before))),
        )
        for each in compared.quiet
    )
    return replace(compared, revision=pseudonyms.text(compared.revision), quiet=quiet)


# --- Reports and findings ---------------------------------------------------------------------------------------------


def redacted_report(report: Report, pseudonyms: Pseudonyms) -> Report:
    """Return a report that tells what became of each change, and of errors only that there was one."""
    return replace(
        report,
        results=tuple(_result(result, pseudonyms) for result in report.results),
        diagnostics=redacted_findings(report.diagnostics),
        allowances=_allowances(report.allowances, pseudonyms),
    )


def _result(result: Result, pseudonyms: Pseudonyms) -> Result:
    return replace(
        result,
        error=WITHHELD if result.error else "",
        hint="",
        revision=_keyed(result.revision, pseudonyms),
    )


def redacted_findings(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return findings with their code, its meaning and the place; no more of the text than is known to name nobody."""
    return tuple(
        replace(
            found,
            summary=found.summary if found.code in TOLD else CODES.get(found.code, "A finding of a plugin."),
            detail="",
            hint="",
        )
        for found in findings
    )
