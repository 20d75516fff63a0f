"""What README and `docs/backends.md` say of servers that tell by themselves what they can do."""

from __future__ import annotations

import pytest

from tests.backend_pages import PAGES, SERVED, capabilities_of, capability_rows, hold, row_of, served_rows
from tests.servers.test_scim_contract import with_marks  # noqa: F401 - a fixture

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("name", SERVED)
def test_a_server_can_do_what_the_table_of_capabilities_says(request, name):
    """Its line is what the backend says after asking the server; `UPDATE_GOLDEN=1` writes it anew."""
    server, (title, plugin) = request.getfixturevalue(name), SERVED[name]
    line = row_of(title, capabilities_of(plugin, {"url": server.url, "auth": server.auth}))
    for page in PAGES:
        hold(page, "capabilities", capability_rows() + served_rows(page, name, line))
