"""Which tests ask the clock: no other can depend on the date.

`--note-asking FILE` adds those that do, in their own process or in a child, to a file, a line each.
`--only-asking FILE` runs those of a file alone.
A test whose fixture asked, perhaps for an earlier test already, counts like one that asks itself.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.clock import ASKED, install

NAME = pytest.StashKey[str]()
"""The name of a test, before pytest-xdist puts its group behind it."""


def pytest_addoption(parser):
    """Add the options."""
    group = parser.getgroup("clock")
    group.addoption("--note-asking", type=Path, metavar="FILE", help="Add the tests that ask the clock to a file.")
    group.addoption("--only-asking", type=Path, metavar="FILE", help="Run the tests of such a file alone.")


def pytest_configure(config):
    """Let tests have their clock, and note who asks it where that is wanted."""
    install()
    if config.option.note_asking:
        config.pluginmanager.register(Noting(config.option.note_asking), "noting")


def pytest_itemcollected(item):
    """Keep the name."""
    item.stash[NAME] = item.nodeid


def pytest_collection_modifyitems(config, items):
    """Leave out what does not ask."""
    if config.option.only_asking:
        asking = set(config.option.only_asking.read_text("utf-8").splitlines())
        config.hook.pytest_deselected(items=[item for item in items if item.stash[NAME] not in asking])
        items[:] = [item for item in items if item.stash[NAME] in asking]


class Noting:
    """Writes down which tests ask."""

    def __init__(self, file):
        self._file = file.absolute()
        self._looks = Path(f"{self._file}.{os.getpid()}")
        self._asking_fixtures = set()

    def pytest_sessionstart(self):
        """Begin with no look at the clock."""
        self._looks.write_bytes(b"")
        os.environ[ASKED] = str(self._looks)

    def pytest_sessionfinish(self):
        """Tidy up."""
        del os.environ[ASKED]
        self._looks.unlink()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        """Remember a fixture that asks: the next tests that share it may not ask any more."""
        before = self._count()
        made = yield
        if self._count() > before:
            self._asking_fixtures.add(fixturedef)
        return made

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """Write a test down that asked."""
        before = self._count()
        done = yield
        used = {each for found in item._fixtureinfo.name2fixturedefs.values() for each in found}
        if self._count() > before or used & self._asking_fixtures:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{item.stash[NAME]}\n")
        return done

    def _count(self):
        return self._looks.stat().st_size
