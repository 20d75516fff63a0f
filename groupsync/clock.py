"""The one clock: all that asks for the time of day asks here. How long something takes is `time.monotonic`'s."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 -- the one place
