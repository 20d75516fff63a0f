"""The usual bounds of requests; a room of their own, so that to know them needs no HTTP library."""

from __future__ import annotations

from typing import Final

TIMEOUT_SECONDS: Final = 30.0
MAX_RESPONSE_BYTES: Final = 64 * 1024 * 1024
MAX_IN_FLIGHT: Final = 8
