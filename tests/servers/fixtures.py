"""Fixtures that start real servers, one each a run and worker; see `Server` for what a test gets.

A test that asks for one, directly or through another fixture, is marked `servers` by that alone, and goes with all the
others that ask for it to one worker of pytest-xdist (`--dist=loadgroup`), so that a server is started once.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.servers import groups, hub, mailman, scim
from tests.servers.environments import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator

STARTS = {
    "canaille": scim.canaille,
    "group_service": groups.group_service,
    "jupyterhub": hub.jupyterhub,
    "mailman": mailman.mailman,
    "scim2_server": scim.scim2_server,
}
"""By the name of the fixture, what starts the server in a folder; also for a test that wants one to itself."""

TOLD = "told"


def _fixture(name: str) -> object:
    def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
        with STARTS[name](tmp_path_factory.mktemp(name)) as server:
            yield server

    return pytest.fixture(started, scope="session", name=name)


canaille, group_service, jupyterhub, mailman_, scim2_server = map(_fixture, STARTS)


@pytest.fixture
def own_server(tmp_path):
    """Give a function that starts a server by its fixture's name, empty and for this test alone."""
    with ExitStack() as stack:

        def start(name, **options):
            folder = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return stack.enter_context(STARTS[name](folder, **options))

        yield start


@pytest.fixture(scope="session")
def server(request):
    """Give the server whose fixture a test is parametrised with, indirectly."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def tell(record_property):
    """Give a function that prints a text at the end of the run, whichever worker the test ran on."""
    return lambda text: record_property(TOLD, text)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what asks for a server."""
    for item in items:
        names = asked_for(item)
        for name in sorted(names & STARTS.keys()):
            item.add_marker(pytest.mark.xdist_group(name))
        if names & {*STARTS, "own_server", "server"}:
            item.add_marker(pytest.mark.servers)


def asked_for(item):
    """Return the names of fixtures that a test asks for; the texts that it is parametrised with may be some, too."""
    spec = getattr(item, "callspec", None)
    return {*item.fixturenames, *(each for each in (spec.params.values() if spec else ()) if isinstance(each, str))}


def pytest_terminal_summary(terminalreporter):
    """Print what tests tell, and name the servers whose tests were left out."""
    ended = [*terminalreporter.stats.get("passed", ()), *terminalreporter.stats.get("failed", ())]
    for text in sorted({value for each in ended for name, value in each.user_properties if name == TOLD}):
        terminalreporter.write_line(text)
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = [each.longrepr[2] for each in skipped if isinstance(each.longrepr, tuple)]
    missing = sorted({why.removeprefix("Skipped: ") for why in reasons if why.endswith(LEFT_OUT)})
    for reason in missing:
        count = sum(why.endswith(reason) for why in reasons)
        terminalreporter.write_line(f"{count} tests were left out: {reason}", yellow=True)
