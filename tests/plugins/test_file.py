"""The file backend: both layouts keep the contract, and tell a crash, a hand edit and damage apart."""

from __future__ import annotations

import pytest

from groupsync.testing import BackendContract
from groupsync_file.backend import FileBackend


class TestFolderContract(BackendContract):
    """The layout `state/` keeps the contract."""

    @pytest.fixture
    def make_backend(self, context):
        return lambda: FileBackend.from_options({"path": "state/"}, context)


class TestYamlContract(BackendContract):
    """The layout `state.yaml` keeps the contract."""

    @pytest.fixture
    def make_backend(self, context):
        return lambda: FileBackend.from_options({"path": "state.yaml"}, context)


class TestJsonContract(BackendContract):
    """The layout `state.json` keeps the contract."""

    @pytest.fixture
    def make_backend(self, context):
        return lambda: FileBackend.from_options({"path": "kept/state.json"}, context)
