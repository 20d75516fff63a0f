"""What README and `docs/backends.md` say of servers that tell by themselves what they can do."""

from __future__ import annotations

import pytest

from tests.backend_pages import PAGES, SERVED, capabilities_of, capability_rows, hold, row_of, served_rows


@pytest.mark.parametrize("server", SERVED, indirect=True)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_server_can_do_what_the_table_of_capabilities_says(request, server, page):
    """Its line is what the backend says after asking the server; `UPDATE_GOLDEN=1` writes it anew."""
    title, plugin = SERVED[request.node.callspec.params["server"]]
    line = row_of(title, capabilities_of(plugin, {"url": server.url, "auth": server.auth}))
    others = [each for each in served_rows(page).splitlines(keepends=True) if not each.startswith(f"| {title} |")]
    hold(page, "capabilities", capability_rows() + "".join(sorted([*others, line], reverse=True)))
