"""The INI backend keeps the contract of groupsync."""

from __future__ import annotations

import pytest
from groupsync_ini.backend import IniBackend

from groupsync.plugins import Plugins
from groupsync.testing import BackendContract


class TestIni(BackendContract):
    """Everything that the contract asks, of groups in an INI file."""

    two_stores = ({"path": "groups.ini"}, {"path": "others.ini"})

    @pytest.fixture
    def make_backend(self, context):
        return lambda: IniBackend.from_options({"path": "groups.ini"}, context)


def test_groupsync_finds_the_plugin():
    """Being installed is enough."""
    found = Plugins.discover().backend("ini")

    assert (found.plugin, found.distribution) == ("ini", "groupsync-ini")
