"""Where something is in an answer: JMESPath. Pure.

Why JMESPath: it is a specification with a test suite, which others implement too; an expression can't loop, write or
reach outside the value it is given; and the library is small and needs no other. JSONPath's answers differ between
libraries, jq is a programming language.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult

_PROJECTIONS: Final = frozenset({"projection", "filter_projection", "value_projection"})


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, compiled once for the process."""

    text: str

    def of(self, value: object) -> Any:
        """Return what the expression finds in a value that came as JSON; None where there is nothing of the kind."""
        from jmespath.exceptions import JMESPathError

        try:
            return _compiled(self.text).search(value)
        except JMESPathError:
            return None  # a function was given another type than it takes: what was looked for is not there

    def dropped(self, value: object) -> int:
        """Return how many items of the list that the expression goes through have nothing of what it looks for there.

        `data[].mail` leaves out each item without `mail`. What a filter such as `data[?mail]` leaves out is not
        counted: the profile says so.
        """
        whole = _unprojected(self.text)
        items = whole.search(value) if whole is not None else None
        found = self.of(value) if isinstance(items, list) else None
        return len(items) - len(found) if isinstance(items, list) and isinstance(found, list) else 0

    def problem(self) -> str:
        """Say why this is no expression; empty where it is one."""
        from jmespath.exceptions import JMESPathError

        try:
            _compiled(self.text)
        except JMESPathError as error:
            return str(error).partition("\n")[0]
        return ""


@lru_cache(maxsize=256)
def _compiled(text: str) -> ParsedResult:
    import jmespath

    return jmespath.compile(text)


@lru_cache(maxsize=256)
def _unprojected(text: str) -> ParsedResult | None:
    """Return the expression up to its items; None for one that takes nothing out of them."""
    from jmespath.parser import ParsedResult

    node: Any = _compiled(text).parsed
    while node["type"] == "or_expression":
        node = node["children"][0]
    if node["type"] not in _PROJECTIONS or node["children"][1]["type"] == "identity":
        return None
    left, _, *rest = node["children"]
    whole: Any = {**node, "children": [left, {"type": "identity", "children": []}, *rest]}
    return ParsedResult(text, whole)
