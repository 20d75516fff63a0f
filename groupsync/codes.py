"""Every diagnostic code, with its meaning. A code never changes its meaning and is never reused.

1xx reading YAML · 2xx definitions · 3xx members · 4xx references · 5xx config · 6xx targets and plans · 7xx plugins
"""

from __future__ import annotations

from typing import Final

CODES: Final[dict[str, str]] = {}
