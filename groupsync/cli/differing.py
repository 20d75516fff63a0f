"""Files before and after, as unified diffs."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_DIFF_BYTES: Final = 2_000_000


def unified_diff(path: str, before: bytes, after: bytes) -> Iterator[str]:
    """Give the lines of a unified diff. Long lists only get its head: finding their least difference takes for ever."""
    if len(before) > _MAX_DIFF_BYTES:
        yield f"--- {path}\n+++ {path}\n(too long to compare: {len(before):,} bytes)\n"
        return
    old, new = (data.decode("utf-8", "replace").splitlines(keepends=True) for data in (before, after))
    for line in difflib.unified_diff(old, new, path, path):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
