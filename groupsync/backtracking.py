"""Tell which patterns may take an engine that goes back and tries again longer than anybody waits. Pure.

RE2, which DuckDB has, takes time in proportion to a text, whatever the pattern. Python, which matches for SQLite, and
Java, which matches for Spark, try one way after the other: a repetition of what itself repeats or alternates has
exponentially many of them (`(a+)+$`), and each open repetition beside others multiplies them by the text's length.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\(\?:|\)|\||[*+?]|\{(\d+)(,(\d*))?\}|.", re.DOTALL)
_MOST_OPEN: Final = 3


def why_slow(pattern: str) -> str:
    """Return why a pattern may take very long where an engine goes back, as a clause; empty where it does not.

    Args:
        pattern: as `groupsync.patterns.portable` writes it.
    """
    varies, after_group, opened = [False], False, 0
    for token in _TOKEN.finditer(pattern):
        was_group, after_group = after_group, False
        match token[0]:
            case "(?:":
                varies.append(False)
            case ")":
                after_group = varies.pop()
                varies[-1] |= after_group
            case "|":
                varies[-1] = True
            case text if text in {"*", "+", "?"} or token[1] is not None:
                low, high = _bounds(token)
                if was_group and high != 1:
                    return "it repeats what itself repeats or has alternatives"
                opened += high is None
                varies[-1] |= low != high
            case _:
                pass
    return f"it has more than {_MOST_OPEN} repetitions without an end" if opened > _MOST_OPEN else ""


def _bounds(token: re.Match[str]) -> tuple[int, int | None]:
    """Return how often at least and at most; None for any number."""
    if token[1] is None:
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[token[0]]
    low = int(token[1])
    return low, low if token[2] is None else int(token[3]) if token[3] else None
