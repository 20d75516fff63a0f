"""What tests of faults share."""

from __future__ import annotations

import pytest

from tests.servers.fixtures import STARTS
from tests.servers.proxy import Proxy
from tests.servers.worlds import KINDS, World


def _marked(kind):
    # A server of their own, so that they need not wait for the other tests of this kind of server.
    marks = [pytest.mark.servers, pytest.mark.xdist_group(f"faults on {kind.fixture}")]
    return pytest.param(kind, id=kind.fixture, marks=marks)


@pytest.fixture(scope="session", params=[_marked(kind) for kind in KINDS])
def world(request, tmp_path_factory):
    """Give 200 groups that are to change, on a server behind a proxy."""
    kind, folder = request.param, tmp_path_factory.mktemp("world")
    (folder / "server").mkdir()
    with STARTS[kind.fixture](folder / "server", **kind.settings) as server, Proxy(server.url) as proxy:
        yield World(folder, server, proxy, kind.target)
