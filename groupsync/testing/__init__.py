"""The shipped test kit for plugin authors: `BackendContract`, and `strategies` for Hypothesis.

Needs the extra `groupsync[testing]`.
"""

from __future__ import annotations

import pytest

# So that a failed assertion of the contract shows its values, as one of the author's own tests does.
pytest.register_assert_rewrite(
    *(f"groupsync.testing.{room}" for room in ("target", "room", "reading", "updating", "lifecycle", "living"))
)

from groupsync.testing.contract import BackendContract  # noqa: E402 - after the registration

__all__ = ["BackendContract"]
