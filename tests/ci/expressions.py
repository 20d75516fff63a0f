"""The part of GitHub's expressions that our action and workflows use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKEN = re.compile(r"\s*('(?:[^']|'')*'|\|\||&&|==|!=|!|\(|\)|[A-Za-z_][\w.-]*)")
WRITTEN = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def filled(text: str, known: Mapping[str, object]) -> str:
    """Put the values of all `${{ … }}` into a text."""
    return WRITTEN.sub(lambda found: shown(evaluate(found[1], known)), text)


def shown(value: object) -> str:
    """Return a value as GitHub writes it into a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def evaluate(text: str, known: Mapping[str, object]) -> object:
    """Return the value of an expression; a name that is not known is an empty text, as on GitHub."""
    text = text.strip()
    tokens, at = [], 0
    while at < len(text):
        found = TOKEN.match(text, at)
        assert found, f"not understood: {text[at:]}"
        tokens.append(found[1])
        at = found.end()
    value, rest = _any(tokens, known)
    assert rest == [], rest
    return value


def _chain(operator: str, part: Callable, stops: Callable[[object], bool]) -> Callable:
    def read(tokens: list[str], known: Mapping[str, object]):
        value, tokens = part(tokens, known)
        while tokens[:1] == [operator]:
            more, tokens = part(tokens[1:], known)
            value = value if stops(value) else more
        return value, tokens

    return read


def _equality(tokens: list[str], known: Mapping[str, object]):
    value, tokens = _one(tokens, known)
    if tokens[:1] in (["=="], ["!="]):
        other, rest = _one(tokens[1:], known)
        return (shown(value).lower() == shown(other).lower()) is (tokens[0] == "=="), rest
    return value, tokens


def _one(tokens: list[str], known: Mapping[str, object]):
    first, *rest = tokens
    if first == "!":
        value, rest = _one(rest, known)
        return not value, rest
    if first == "(":
        value, rest = _any(rest, known)
        return value, rest[1:]
    if first.startswith("'"):
        return first[1:-1].replace("''", "'"), rest
    if rest[:2] == ["(", ")"]:
        return known[f"{first}()"], rest[2:]
    return known.get(first, ""), rest


_every = _chain("&&", _equality, lambda value: not value)
_any = _chain("||", _every, bool)
