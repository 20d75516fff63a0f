"""The backend contract as tests: what passes is safe to apply with.

    class TestMine(BackendContract):
        @pytest.fixture
        def make_backend(self, context):
            return lambda: MyBackend.from_options({"path": "groups.ini"}, context)

What a backend doesn't declare in its `capabilities` is skipped, or tested to be refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groupsync.backend import BackendContext
from groupsync.identity import Identity
from groupsync.testing.lifecycle import Leaving, Marking
from groupsync.testing.living import Living, Locking
from groupsync.testing.reading import Creating, Reading
from groupsync.testing.target import IDENTITY, PROJECT, Target
from groupsync.testing.updating import Preconditions, Updating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from groupsync.backend import Backend


class BackendContract(Reading, Creating, Updating, Preconditions, Leaving, Marking, Living, Locking):
    """Inherit this in a test module of your plugin, and override the fixture `make_backend`.

    Attributes:
        attributes: those that the target can store; leave out what it can't.
        many: how many members the large test uses; fewer where the target is slow, but more than one page and one bulk.
        unusual: members that the target must be able to hold; leave out what it can't have at all.
        texts: what attributes must be able to hold, likewise.
        filled_in: attributes to which the target gives a value of its own where none is written.
        two_stores: the options of two targets that are different stores, to hold `identity_of` against.
    """

    @pytest.fixture
    def context(self, tmp_path: Path) -> BackendContext:
        """What the backend may know of its run: an empty project folder, addresses in lower case."""
        return BackendContext(tmp_path, PROJECT, "contract", Identity().canonical, IDENTITY)

    @pytest.fixture
    def make_backend(self, context: BackendContext) -> Callable[[], Backend]:
        """Return a function that returns a new backend each time, always on one store, which is empty at first."""
        raise NotImplementedError(context)

    @pytest.fixture
    def target(self, make_backend: Callable[[], Backend]) -> Iterator[Target]:
        """The store under test."""
        target = Target(make_backend)
        yield target
        target.close()
