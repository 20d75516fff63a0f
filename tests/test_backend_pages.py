"""What README and `docs/backends.md` say of backends is what the code says; `UPDATE_GOLDEN=1` writes it anew."""

from __future__ import annotations

import pytest

from groupsync.plugins import Plugins
from tests.backend_pages import DOCS, PAGES, ROWS, SERVED, capability_rows, hold, options_table, served_rows

BACKENDS = sorted(Plugins.discover({}).backends)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_table_of_capabilities_is_what_backends_declare(page):
    """Each line is what a backend with such options says of itself."""
    hold(page, "capabilities", capability_rows() + served_rows(page))


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_options_of_a_backend_are_those_of_its_schema(backend):
    """Each option has a line, with its values, its meaning and its default."""
    hold(DOCS, f"options: {backend}", options_table(Plugins.discover({}).backend(backend).options_schema()))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_has_its_place_in_the_pages(backend):
    """A bundled backend has a line among the capabilities and a section of its own."""
    assert backend in {plugin for plugin, _ in ROWS.values()} | {plugin for _, plugin in SERVED.values()}
    assert f"\n## `{backend}`" in DOCS.read_text("utf-8")
