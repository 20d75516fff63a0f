"""What Mailman does that the contract does not ask about."""

from __future__ import annotations

import pytest

from groupsync.backend import BackendContext
from groupsync.errors import BackendError
from groupsync.model import Action, Change, Members
from groupsync_rest.backend import RestBackend
from tests.servers.mailman import DOMAIN


@pytest.fixture
def backend(mailman, tmp_path):
    mailman.hand.clear()
    context = BackendContext(tmp_path, "shop", "lists", str.lower)
    options = {"url": mailman.url, "auth": mailman.auth, "profile": "mailman3", "parameters": {"domain": DOMAIN}}
    backend = RestBackend.from_options(options, context)
    yield backend
    backend.close()


def change_of(*add):
    return Change("lists", "staff", Action.UPDATE, "staff", reason="the definition differs", add=Members.of(add))


def test_somebody_who_has_asked_to_join_is_no_member(mailman, backend):
    """Mailman answers 409 to both, and must not be believed to have added who still has to confirm."""
    mailman.hand.create("staff", ["ada@example.com"])
    asks = {"list_id": f"staff.{DOMAIN}", "subscriber": "grace@example.com"}
    mailman.hand.call("POST", "/members", data=asks, expected=[202])

    with pytest.raises(BackendError, match="already pending"):
        backend.apply(change_of("grace@example.com"))
    assert {"staff": {"ada@example.com"}} == mailman.hand.memberships()

    backend.apply(change_of("ada@example.com", "eve@example.com"))
    assert {"staff": {"ada@example.com", "eve@example.com"}} == mailman.hand.memberships()
