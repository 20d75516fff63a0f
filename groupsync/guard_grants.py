"""Exceptions from guards: how they are written, and what each is good for. Pure.

An option, `--allow 'remove:beta-testers<=9@3f9a1c2b4d5e6f70'`, is good for one plan, known by the first digits of its
digest. An approval, a reviewed file, is good for one definition, known by the first digits of its digest, and once:
what a run took of it is gone. Neither is good for more than its ceiling, and nothing allows everything.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from groupsync.model import CONFIG_NAME, KINDS, PLAN_DIGITS, Allowance, Kind, Use, subject_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from groupsync.model import Change, Plan, Refusal, SourceRange, SourceState

DEFINITION_DIGITS: Final = 32
"""What an approval is bound by: whoever writes definitions may look for two that are alike in fewer digits."""
APPROVAL_DAYS: Final = 7
OPTION: Final = "--allow"
_ALLOW: Final = "allow just this: "
_FORM: Final = re.compile(
    r"(?P<kind>[a-z_]+):(?P<name>[^<>@\s]+)<=(?P<ceiling>[0-9]{1,12})@(?P<digest>[0-9a-fA-F]{16,64})"
)


@dataclass(frozen=True, slots=True)
class Grant:
    """An exception as somebody gives it; whether it is good for anything is for the guards to say.

    Attributes:
        kind: what it allows.
        name: of the group, of the target for a limit of the run, or of the source for one of its guards; for
            `unjudged` the guard and its subject.
        ceiling: up to how many.
        source: `--allow`, or where the approval is written.
        digest: the first digits of the plan's digest, for an approval of the definition's.
        reason: why; empty for an option.
        at: where the approval is written; None for an option.
    """

    kind: Kind
    name: str
    ceiling: int
    source: str
    digest: str
    reason: str = ""
    at: SourceRange | None = None

    @property
    def is_option(self) -> bool:
        """Whether it is bound to one plan, and not to a definition."""
        return self.at is None

    @property
    def allowance(self) -> Allowance:
        """What is written down when it is used."""
        return Allowance(self.kind, self.name, self.ceiling, self.source, self.reason)

    def use(self, target: str, count: int) -> Use:
        """Return what a plan takes of an approval on a target."""
        return Use(self.kind, self.name, self.at.path if self.at else "", self.digest, target, count)

    def is_taken_by(self, use: Use, target: str) -> bool:
        """Whether something was taken of this approval on a target: of one in this file, for the same definition."""
        if self.at is None or (self.kind, self.name, self.at.path, target) != (
            use.kind,
            use.name,
            use.path,
            use.target,
        ):
            return False
        return self.digest.startswith(use.definition) or use.definition.startswith(self.digest)

    def __str__(self) -> str:
        return f"{self.allowance}@{self.digest}"


def parse_allow(text: str) -> Grant:
    """Read what is given to `--allow`.

    Raises:
        ValueError: it has another form; the message says what was expected, as a clause without a final stop.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        form = "`kind:name<=ceiling@digest`, such as `remove:beta-testers<=120@3f9a1c2b4d5e6f70`"
        message = f"expected {form}, with {PLAN_DIGITS} or more digits of the plan's digest"
        raise ValueError(message)
    try:
        kind = Kind(found["kind"])
    except ValueError as error:
        message = f"`{found['kind']}` is none of {', '.join(Kind)}"
        raise ValueError(message) from error
    return Grant(kind, found["name"], int(found["ceiling"]), OPTION, found["digest"].lower())


def option_for(kind: Kind, name: str, count: int, plan_digest: str) -> str:
    """Return the option that allows just `count`, to be typed in a shell."""
    return f"{OPTION} {shlex.quote(f'{kind}:{name}<={count}@{plan_digest[:PLAN_DIGITS]}')}"


def undo_command(plan: Plan) -> str:
    """Return the command that made a plan which takes a run back, from the folder of its config; empty for any other.

    What allows such a plan is the whole command: `last` may be another run by then.
    """
    if not plan.undoes:
        return ""
    path = plan.config.rpartition("/")[2]
    return f"groupsync undo {plan.undoes}" + (f" -c {shlex.quote(path)}" if path not in {"", CONFIG_NAME} else "")


def allowing_hint(first: str, option: str) -> str:
    """Return the hint of a refusal that an option allows, or a command with it."""
    return f"{first} Otherwise {_ALLOW}{option}" if first else f"{_ALLOW[0].upper()}{_ALLOW[1:]}{option}"


def later_hint(hint: str) -> str:
    """Return such a hint as it is right once anything else of the plan was applied: the option is then for no plan."""
    start = hint.lower().find(_ALLOW)
    if start < 0:
        return hint
    command = hint[start + len(_ALLOW) :].partition(OPTION)[0].strip()
    again = f"Run `{command}` again" if command else "Plan again"
    return f"{hint[:start].removesuffix('Otherwise ')}{again} for the option that allows just this."


def approval_for(kind: Kind, name: str, count: int, definition: str, as_of: datetime) -> str:
    """Return the document that approves just `count`, but for its reason; empty where nothing can be bound to it."""
    if not definition:
        return ""
    subject, guard = subject_of(kind, name), ""
    if kind is Kind.UNJUDGED:
        guard, _, name = name.partition(":")
        guard = f"guard: {guard}\n"
    until = (as_of + timedelta(days=APPROVAL_DAYS)).date()
    return (
        f"{subject}: {name}\nkind: {kind}\n{guard}ceiling: {count}\n"
        f'definition: "{definition[:DEFINITION_DIGITS]}"\nuntil: {until}\nreason: ""\n'
    )


def written(allowance: Allowance, plan_digest: str) -> str:
    """Return an exception that was used in one line, for the journal: the option itself, or what was approved where."""
    option = f"{allowance}@{plan_digest[:PLAN_DIGITS]}"
    return option if allowance.source == OPTION else f"{option} ({allowance.source}: {allowance.reason})"


def run_definition(changes: Iterable[Change]) -> str:
    """Return the digest that an approval of a target's limits is bound to: over the definitions of all its changes."""
    return digest_of_all((change.name, change.definition_digest) for change in changes)


def digest_of_all(definitions: Iterable[tuple[str, str]]) -> str:
    """Return one digest for several definitions, each with the name of its group."""
    lines = sorted(f"{name} {digest}\n" for name, digest in definitions)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def source_definition(refusal: Refusal, source: SourceState, segments: Mapping[str, str]) -> str:
    """Return the digest that an approval of a source's rule is bound to; empty where no segment is computed from it.

    It is over the definitions of its segments, and over what was seen: what a shrunken source is compared with, and
    which load it is that is too old. How much is allowed is for the approval's ceiling to say.

    Args:
        refusal: by the rule.
        source: as it was when segments were computed.
        segments: digests of the definitions that are computed from it, by name.
    """
    if not segments:
        return ""
    newest = source.newest.isoformat(timespec="seconds") if source.newest else ""
    seen = {Kind.MAX_SHRINK: str(source.rows + refusal.count), Kind.MAX_AGE: newest}.get(KINDS[refusal.rule], "")
    lines = [f"{refusal.rule} {seen}\n", *sorted(f"{name} {digest}\n" for name, digest in segments.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
