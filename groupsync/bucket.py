"""Holdouts and samples: which part of all people somebody is in, the same on every engine and for ever. Pure.

Somebody's bucket is the first eight hexadecimal digits of the MD5 of `seed:identifier`. Who is in the first p percent
has a bucket below ⌊p·2³²/100⌋, written in eight digits too and compared as text, so that SQL needs no conversions:

    substr(md5('spring:' || email), 1, 8) < '19999999'    -- 10 %

One seed gives one order of all people: a sample of 10 % lies within that of 20 %, and a group that is renamed keeps its
people. MD5 is used to spread, not to protect.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from decimal import Decimal

    from groupsync.model.criteria import Share

_BUCKETS: Final = 2**32


def threshold(percent: Decimal) -> str | None:
    """Return the text that buckets of the first `percent` (0 to 100) lie below; None where everybody's does."""
    first_outside = int(percent * _BUCKETS / 100)
    return None if first_outside >= _BUCKETS else f"{first_outside:08x}"


def bucket(seed: str, member: str) -> str:
    """Return the bucket of a canonical identifier: eight lower-case hexadecimal digits."""
    return hashlib.md5(f"{seed}:{member}".encode(), usedforsecurity=False).hexdigest()[:8]


def within(share: Share, member: str) -> bool:
    """Tell whether somebody is in a share of all people."""
    limit = threshold(share.percent)
    return limit is None or bucket(share.seed, member) < limit
