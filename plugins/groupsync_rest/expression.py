"""Where something is in an answer: JMESPath. Pure.

Why JMESPath: it is a specification with a test suite, which others implement too; an expression can't loop, write or
reach outside the value it is given; and the library is small and needs no other. JSONPath's answers differ between
libraries, jq is a programming language.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult


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
