"""The contract of backends, held by the backend `rest` on real servers through the profiles that are shipped."""

from __future__ import annotations

from typing import ClassVar

import pytest

from groupsync.testing import BackendContract
from groupsync.testing.room import TEXTS
from groupsync_rest.backend import RestBackend
from tests.servers.mailman import DOMAIN


class OnServer(BackendContract):
    """A service that is emptied before each test; what it does is looked at from outside."""

    options: ClassVar = {}

    @pytest.fixture
    def make_backend(self, context, service):
        service.hand.clear()
        options = {"url": service.url, "auth": service.auth, **self.options}
        return lambda: RestBackend.from_options(options, context)


class TestGroupService(OnServer):
    """Everything: marks, revisions, digests, renames, members together with attributes."""

    options: ClassVar = {"profile": "groupsync"}

    @pytest.fixture
    def service(self, group_service):
        return group_service


class TestJupyterHub(OnServer):
    """Marks and attributes in a group's properties, no revisions, no renames; users must exist, in lower case."""

    options: ClassVar = {"profile": "jupyterhub", "create_missing_users": True}
    many = 700
    unusual = ("o'brien+news@example.com", "straße@example.com", "名前@example.com", "b=c{d}@xn--bcher-kva.example")

    @pytest.fixture
    def service(self, jupyterhub):
        return jupyterhub


class TestMailman(OnServer):
    """Neither marks nor revisions nor renames; members one by one, addresses in ASCII."""

    options: ClassVar = {"profile": "mailman3", "parameters": {"domain": DOMAIN}}
    attributes = ("display_name", "description")
    many = 120
    texts = tuple(text for text in TEXTS if "\n" not in text)
    filled_in = ("display_name",)
    unusual = ("o'brien+news@example.com", "x_y=z@xn--bcher-kva.example")

    @pytest.fixture
    def service(self, mailman):
        return mailman
