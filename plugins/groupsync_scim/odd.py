"""What a read finds that is not as it should be, and does no harm: told once, with names. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from groupsync.errors import BackendError
from groupsync.model import Diagnostic, Severity
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupsync_scim.convert import Found

_SHOWN: Final = 5


class Oddities:
    """What was odd in one read of a target."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._namesakes: dict[str, list[str]] = {}
        self._hidden: list[str] = []
        self._strangers: dict[str, list[str]] = {}
        self._nested: dict[str, int] = {}

    def namesake(self, first: Found, other: Found) -> None:
        """Note that two groups have one name. Of two of which one's is derived, the other is it."""
        name = first.group.name
        if other.is_derived and not first.is_derived:
            self._hidden.append(f"`{other.group.display_name or name}` (id {other.group.id})")
        else:
            self._namesakes.setdefault(name, [first.group.id or ""]).append(other.group.id or "")

    def is_ambiguous(self, name: str) -> bool:
        """Tell whether it is unclear which group is meant by a name."""
        return name in self._namesakes

    def refuse(self, name: str) -> NoReturn:
        """Raise the error of a group whose name others have as well."""
        summary = f"`{name}` on {self._target} is the name of several groups"
        detail = f"they have the ids {', '.join(self._namesakes[name])}"
        raise BackendError(summary, detail, "Delete or rename all but one of them there.", name=name)

    def strangers(self, name: str, values: Sequence[str], nested: int) -> None:
        """Note members of a group that are nobody we know, or groups themselves."""
        if values:
            self._strangers[name] = list(values)
        if nested:
            self._nested[name] = nested

    def findings(self) -> tuple[Diagnostic, ...]:
        """Return all as warnings."""
        found: list[Diagnostic] = []
        if self._strangers:
            count = sum(map(len, self._strangers.values()))
            members = counted(count, "member") if count > 1 else "A member"
            names = [f"`{name}`: {_listed(values)}" for name, values in sorted(self._strangers.items())]
            found.append(
                Diagnostic(
                    "GS705",
                    Severity.WARNING,
                    f"{members} on {self._target} {'are' if count > 1 else 'is'} nobody that we know",
                    "No user with an address stands for what is there, in " + "; ".join(names[:_SHOWN]) + _more(names),
                    "They are left as they are. Take them out there, or give the users back their addresses.",
                )
            )
        if self._nested:
            names = [f"`{name}`" for name in sorted(self._nested)]
            found.append(
                Diagnostic(
                    "GS706",
                    Severity.WARNING,
                    f"Groups on {self._target} have groups among their members",
                    f"In {_listed(names)}. Only people are looked at; who is in by such a group is not.",
                    "They are left as they are.",
                )
            )
        if self._hidden:
            found.append(
                Diagnostic(
                    "GS707",
                    Severity.WARNING,
                    f"A group on {self._target} is left out, because its display name is another's name",
                    _listed(self._hidden),
                    "Give it another display name there, or an `externalId`.",
                )
            )
        return tuple(found)


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + _more(texts)


def _more(texts: Sequence[str]) -> str:
    return f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
