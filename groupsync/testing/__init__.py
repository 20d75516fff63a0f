"""The shipped test kit for plugin authors: `BackendContract`, `SourceContract`, and `strategies` for Hypothesis.

Needs the extra `groupsync[testing]`.
"""

from __future__ import annotations

import pytest

# So that a failed assertion of the contract shows its values, as one of the author's own tests does.
_ROOMS = ("target", "room", "reading", "updating", "lifecycle", "living", "customers", "conditions", "answers")
pytest.register_assert_rewrite(*(f"groupsync.testing.{room}" for room in _ROOMS))

from groupsync.testing.contract import BackendContract  # noqa: E402 - after the registration
from groupsync.testing.source_contract import SourceContract  # noqa: E402 - the same

__all__ = ["BackendContract", "SourceContract"]
