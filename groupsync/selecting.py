"""Whether what a command line picked is there at all: each pattern and each label must match a group. Pure."""

from __future__ import annotations

import difflib
import fnmatch
import re
from typing import TYPE_CHECKING, Final

from groupsync.errors import ConfigError
from groupsync.schema_words import closest
from groupsync.scope import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groupsync.model import Group, Snapshot
    from groupsync.scope import Selection, Wanted

_SHOWN_NAMES: Final = 10
_WILDCARDS: Final = re.compile(r"[*?]|\[[^\]]*\]")
_WAY_OUT: Final = "With `--allow-empty-selection` a selection may match nothing."


class Search:
    """Looks for what a selection names, group by group, and tells at the end what it did not find."""

    def __init__(self, selection: Selection, *, may_be_empty: bool = False) -> None:
        self._selection = selection
        self._is_on = selection != EVERYTHING and not may_be_empty
        self._names = set(selection.names)
        self._labels = set(selection.labels)
        self._has_picked = False
        self._known: dict[str, frozenset[tuple[str, str]]] = {}
        self._looked_at_definitions = False
        self._elsewhere: set[str] = set()
        self._places: dict[str, None] = {}
        self._partly: dict[str, None] = {}

    def look(self, target: str, wanted: Wanted, snapshot: Snapshot) -> None:
        """Look through a target: the groups that go there, and those that are there."""
        if self._is_on:
            self._elsewhere |= wanted.elsewhere
            self._looked_at_definitions = True
            self.look_at(target, [each.group for each in wanted.here], is_whole=True)
            self.look_at(target, snapshot.groups, is_whole=snapshot.complete)

    def look_at(self, place: str, groups: Iterable[Group], *, is_whole: bool) -> None:
        """Look through groups of one place; `is_whole` tells whether there can be no others."""
        if not self._is_on:
            return
        self._places |= {place: None}
        self._partly |= {} if is_whole else {place: None}
        for group in groups:
            labels = frozenset(group.labels or ())
            self._known[group.name] = self._known.get(group.name, frozenset()) | labels
            self._names -= {pattern for pattern in self._names if fnmatch.fnmatchcase(group.name, pattern)}
            self._labels -= labels
            self._has_picked = self._has_picked or self._selection.picks(group)

    def check(self) -> None:
        """Stop the run where something was not found.

        Raises:
            ConfigError: a pattern or a label matches no group, or all of them together pick none.
        """
        if not self._is_on:
            return
        names = [each for each in dict.fromkeys(self._selection.names) if each in self._names]
        if names:
            raise ConfigError(
                f"No group matches {_joined(names)}", self._without(names), self._hint(map(self._meant, names))
            )
        labels = ["=".join(each) for each in dict.fromkeys(self._selection.labels) if each in self._labels]
        if labels:
            known = sorted({f"{key}={value}" for found in self._known.values() for key, value in found})
            meant = (closest(each, known) or _listed("label", known) for each in labels)
            raise ConfigError(f"No group has the label {_joined(labels)}", self._without(), self._hint(meant))
        if not self._has_picked:
            detail = "Each of its patterns and labels is there, but no group has all that is asked for."
            raise ConfigError("The selection picks no group", self._told(detail), self._hint(["Ask for less."]))

    def _meant(self, pattern: str) -> str:
        """Say which group was probably meant, by its whole name or by how it begins; or else which there are."""
        names = sorted(self._known)
        begun = _WILDCARDS.sub("", pattern)
        begins = {name[: len(begun)]: name for name in reversed(names)}
        near = difflib.get_close_matches(begun, names, n=1) or difflib.get_close_matches(
            begun, begins, n=1, cutoff=0.75
        )
        return f"Did you mean `{begins.get(near[0], near[0])}`?" if near else _listed("group", names)

    def _without(self, patterns: Iterable[str] = ()) -> str:
        """Say where was looked, and what of it is defined for other targets."""
        where = " or ".join(self._places) or "any target"
        detail = (
            f"No definition for {where} and no group on {where} fits."
            if self._looked_at_definitions
            else f"No group on {where} fits."
        )
        elsewhere = self._elsewhere.difference(self._known)
        passed = sorted({name for pattern in patterns for name in fnmatch.filter(elsewhere, pattern)})
        if passed:
            verb = "is" if len(passed) == 1 else "are"
            detail += f" {_joined(passed)} {verb} defined, but not for {where}."
        return self._told(detail)

    def _told(self, detail: str) -> str:
        unread = f" {' and '.join(self._partly)} could not be read wholly." if self._partly else ""
        return detail + unread

    @staticmethod
    def _hint(meant: Iterable[str]) -> str:
        return " ".join([*dict.fromkeys(meant), _WAY_OUT])


def _joined(names: Sequence[str]) -> str:
    more = " and more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(f"`{name}`" for name in names[:_SHOWN_NAMES]) + more


def _listed(what: str, names: Sequence[str]) -> str:
    return f"There are: {_joined(names)}." if names else f"There is no {what} at all."
