"""Match a pattern in time that is in proportion to the text, whatever the pattern. Pure.

Python's expressions try one way after the other; for `(a+)+$` that does not end. Here all ways are followed at once
(Thompson's construction). It is far slower for patterns that are harmless, and is for the others alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


_TOKEN: Final = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\(\?:|.", re.DOTALL)
_REPETITION: Final = re.compile(r"[*+?]|\{(\d+)(,(\d*))?\}")
_FOUND: Final = -1


@dataclass(slots=True)
class Automaton:
    """A pattern as states; each has what it takes (empty for nothing) and the states that follow.

    Attributes:
        takes: a character, class or anchor as the pattern has it.
        follows: numbers of the next states; `_FOUND` is the end of the pattern.
        start: the number of the first.
    """

    takes: list[str] = field(default_factory=list)
    follows: list[tuple[int, ...]] = field(default_factory=list)
    start: int = _FOUND

    def add(self, takes: str, *follows: int) -> int:
        """Add a state, and return its number."""
        self.takes.append(takes)
        self.follows.append(follows)
        return len(self.takes) - 1

    def finds(self, text: str) -> bool:
        """Tell whether the pattern is anywhere in a text."""
        here: set[int] = set()
        for position in range(len(text) + 1):
            here = self._reached([*here, self.start], is_start=position == 0, is_end=position == len(text))
            if _FOUND in here:
                return True
            char = text[position : position + 1]
            here = {each for state in here if _is_taken(self.takes[state], char) for each in self.follows[state]}
        return False

    def _reached(self, states: Iterable[int], *, is_start: bool, is_end: bool) -> set[int]:
        """Return these states, and those that are reached from them without a character."""
        waiting, found = list(states), set[int]()
        while waiting:
            state = waiting.pop()
            if state in found:
                continue
            found.add(state)
            takes = self.takes[state] if state != _FOUND else "."
            if takes == "" or (takes == "^" and is_start) or (takes == "$" and is_end):
                waiting += self.follows[state]
        return found


@lru_cache(maxsize=64)
def automaton(pattern: str) -> Automaton:
    """Return a pattern as states.

    Args:
        pattern: as `groupsync.patterns.portable` writes it.
    """
    made = Automaton()
    whole, _ = _alternatives(pattern, 0)
    made.start = _built(whole, made, _FOUND)
    return made


@lru_cache(maxsize=4096)
def _is_taken(takes: str, char: str) -> bool:
    return bool(char) and takes not in {"", "^", "$"} and re.fullmatch(takes, char) is not None


# --- From text to states ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a pattern: one token, several alternatives, a sequence, or a repetition of one part."""

    kind: str
    parts: tuple[_Part, ...] = ()
    low: int = 1
    high: int | None = 1


def _alternatives(pattern: str, at: int) -> tuple[_Part, int]:
    branches: list[_Part] = []
    while True:
        branch, at = _branch(pattern, at)
        branches.append(branch)
        if pattern[at : at + 1] != "|":
            return _Part("|", tuple(branches)), at
        at += 1


def _branch(pattern: str, at: int) -> tuple[_Part, int]:
    parts: list[_Part] = []
    while (token := _TOKEN.match(pattern, at)) and token[0] not in {"|", ")"}:
        if token[0] == "(?:":
            part, at = _alternatives(pattern, token.end())
            at += 1
        else:
            part, at = _Part(token[0]), token.end()
        if repetition := _REPETITION.match(pattern, at):
            part, at = _Part("repeat", (part,), *_bounds(repetition)), repetition.end()
        parts.append(part)
    return _Part("sequence", tuple(parts)), at


def _bounds(found: re.Match[str]) -> tuple[int, int | None]:
    if found[1] is None:
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[found[0]]
    low = int(found[1])
    return low, low if found[2] is None else int(found[3]) if found[3] else None


def _built(part: _Part, made: Automaton, then: int) -> int:
    """Add the states of a part that goes on with another state; return the first of them."""
    match part.kind:
        case "|":
            return made.add("", *(_built(each, made, then) for each in part.parts))
        case "sequence":
            for each in reversed(part.parts):
                then = _built(each, made, then)
            return then
        case "repeat":
            return _repeated(part, made, then)
        case token:
            return made.add(token, then)


def _repeated(part: _Part, made: Automaton, then: int) -> int:
    (inner,) = part.parts
    if part.high is None:
        loop = made.add("")
        made.follows[loop] = (_built(inner, made, loop), then)
        then = loop
    else:
        for _ in range(part.high - part.low):
            then = made.add("", _built(inner, made, then), then)
    for _ in range(part.low):
        then = _built(inner, made, then)
    return then
