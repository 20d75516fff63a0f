"""Canonical identifiers: one spelling for each person, whoever wrote it.

Pure. The rule is chosen by `identity:` in the config; its name (`email/fold`) is stored with every ownership mark,
because a digest only means something under the rule it was made with. What people write may also be the address that
somebody had before (`aliases:`), and is refused where it is an address by the letter alone (`unusual:`); what targets
and sources hold is taken as it is.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from groupsync.addresses import (
    MAX_ADDRESS_LENGTH,
    PLAIN,
    PLAIN_LENGTH,
    PLAIN_LINES,
    USUAL,
    USUAL_LINES,
    meant,
    whole_address_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_ID_LENGTH: Final = 256
_SHORTENED: Final = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?[eE][+-][0-9]+")
NO_ALIASES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Identity:
    """How identifiers are checked and made canonical.

    Attributes:
        type: `email`, or `id` for text that only has to be one word.
        case: `fold` maps to lower case (`str.lower`, never `casefold`: straße is not strasse); `preserve` keeps the
            local part of an address, or the id, as written. A domain is always lower case, in IDNA.
        unusual: whether an address by the letter of the rules alone, such as `Ada|ada@example.com`, is one, and a
            number with an exponent, `1.2E+11`, an id.
        aliases: by the address that somebody had before, the one they have now; both are spelled canonically, and none
            of now is one of before.
    """

    type: Literal["email", "id"] = "email"
    case: Literal["fold", "preserve"] = "fold"
    aliases: Mapping[str, str] = field(default_factory=lambda: NO_ALIASES, hash=False, repr=False)
    unusual: Literal["allow", "refuse"] = "allow"

    @property
    def rule(self) -> str:
        """The name that marks record, such as `email/fold`."""
        return f"{self.type}/{self.case}"

    @property
    def unaliased(self) -> Identity:
        """The same without `aliases`: for what is spelled as it stands, as where it is formatted."""
        return replace(self, aliases=NO_ALIASES) if self.aliases else self

    @property
    def held(self) -> Identity:
        """The same for what targets and sources hold: without `aliases`, and whatever its shape."""
        return replace(self, aliases=NO_ALIASES, unusual="allow")

    def present(self, people: Iterable[str]) -> frozenset[str]:
        """Return the addresses that people have now, of their canonical spellings."""
        return frozenset(self.aliases.get(each, each) for each in people) if self.aliases else frozenset(people)

    def spellings(self, person: str) -> tuple[str, ...]:
        """Return the address that somebody has now, which is given, and those that they had before, sorted."""
        return (person, *sorted(old for old, now in self.aliases.items() if now == person))

    def canonical(self, value: str) -> str:
        """Return the canonical form of one identifier; idempotent.

        Raises:
            ValueError: `value` is not an identifier; the message says why, as a clause without a final stop.
        """
        spelled = self.as_written(value)
        return self.aliases.get(spelled, spelled)

    def named(self, value: str) -> str:
        """Return the canonical form of somebody who is asked for: as `canonical`, whatever shape a target has them in.

        Raises:
            ValueError: as `canonical` does.
        """
        spelled = self.held.as_written(value)
        return self.aliases.get(spelled, spelled)

    def likely(self, value: str) -> str:
        """Return the address that is probably meant by what is none; empty where that can't be told.

        Never the end of another one; what can't be seen is no part of it.
        """
        if self.type != "email" or not (found := whole_address_in(value)):
            return ""
        try:
            self.held.as_written(found)
        except ValueError:
            return ""
        return found if found != value else ""

    def owner(self, written: str) -> str:
        """Return one spelling for an owner: that of a member; of a team's name, which is no address, its own."""
        try:
            return self.canonical(written)
        except ValueError:
            return written

    def owners(self, now: Iterable[str], before: Iterable[str]) -> tuple[str, ...]:
        """Return who answers for a group, sorted.

        Args:
            now: its owners as defined, spelled canonically.
            before: those that the target has, as it spells them; they stay so where they are nobody of now.
        """
        known = frozenset(now)
        return tuple(sorted(known.union(each for each in before if self.unaliased.owner(each) not in known)))

    def are_owners(self, now: Iterable[str], before: Iterable[str]) -> bool:
        """Tell whether owners as defined are the very people that a target has; spelling does not matter."""
        return frozenset(now) == frozenset(map(self.unaliased.owner, before))

    def as_written(self, value: str) -> str:
        """Return the canonical form of one identifier, whatever address its person has now.

        Raises:
            ValueError: as `canonical` does.
        """
        if self.type == "id":
            if self.unusual == "refuse" and _SHORTENED.fullmatch(value):
                message = "it is a number that a spreadsheet has shortened, so digits are lost"
                raise ValueError(message)
            return self._fold(_checked_id(value))
        plain = PLAIN if self.unusual == "allow" else USUAL
        if len(value) <= PLAIN_LENGTH and plain.fullmatch(value):
            local, _, domain = value.rpartition("@")
            return f"{self._fold(local)}@{domain.lower()}"
        return self._address(value)

    def canonical_plain(self, values: Sequence[str]) -> list[str] | None:
        """Return the canonical forms of `values`, in their order, if all have the plain shape; else None.

        A regular expression over all of them at once, about fifty times faster than one call each.
        """
        if self.type != "email" or not values:
            return [] if not values else None
        text = "\n".join(values)
        lines = PLAIN_LINES if self.unusual == "allow" else USUAL_LINES
        if len(max(values, key=len)) > PLAIN_LENGTH or not lines.fullmatch(text):
            return None
        if self.case == "preserve":
            spelled = [f"{local}@{domain.lower()}" for local, _, domain in (value.rpartition("@") for value in values)]
        else:
            spelled = text.lower().split("\n")
        if len(spelled) != len(values):
            return None
        if not self.aliases or self.aliases.keys().isdisjoint(spelled):
            return spelled
        return [self.aliases.get(each, each) for each in spelled]

    def _fold(self, text: str) -> str:
        return unicodedata.normalize("NFC", text.lower() if self.case == "fold" else text)

    def _address(self, value: str) -> str:
        if "@" not in value:
            message = "it has no @-sign"
            raise ValueError(message)
        from email_validator import EmailNotValidError, validate_email

        if len(value) > MAX_ADDRESS_LENGTH:
            message = f"it has {len(value)} characters, more than the {MAX_ADDRESS_LENGTH} an address may have"
            raise ValueError(message)
        try:
            found = validate_email(value, check_deliverability=False, globally_deliverable=False, strict=True)
        except EmailNotValidError as error:
            raise ValueError(_clause(str(error))) from error
        domain = found.ascii_domain or found.domain
        if "." not in domain:
            message = f"{domain!r} after the @-sign is not a full domain"
            raise ValueError(message)
        if self.unusual == "refuse" and meant(value):
            likely = self.likely(value)
            message = "it is an address by the letter of the rules alone"
            raise ValueError(f"{message}; `{likely}` is probably meant" if likely else message)
        return f"{self._fold(found.local_part)}@{domain}"


def _checked_id(value: str) -> str:
    if not value:
        message = "it is empty"
    elif len(value) > MAX_ID_LENGTH:
        message = f"it has {len(value)} characters, more than {MAX_ID_LENGTH}"
    elif any(character.isspace() or unicodedata.category(character).startswith("C") for character in value):
        message = "it has white space or a control character"
    else:
        return value
    raise ValueError(message)


def _clause(sentence: str) -> str:
    """Make a library's sentence fit behind a colon."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")
