"""Which store a target is: the same for every clone of a project, and no two stores alike."""

from __future__ import annotations

from typing import ClassVar

import pytest

from groupsync.config import load_config
from groupsync.connect import open_targets
from groupsync.facade import checked
from groupsync.plugins import Plugins
from groupsync.secrets import Secret
from groupsync.target_identity import shown_identity, target_identity
from groupsync_file.backend import FileBackend
from groupsync_memory.backend import MemoryBackend
from groupsync_rest.backend import RestBackend
from groupsync_scim.backend import ScimBackend

URL = {"url": "https://crm.example.com/api", "profile": "groupsync"}


class Silent:
    """A backend of a plugin that does not say which of its options tell the store."""

    name = "silent"
    options_schema: ClassVar = {
        "type": "object",
        "properties": {"pin": {"type": "string", "writeOnly": True}, "pass": {"type": "string", "format": "password"}},
    }


def identity(backend, options):
    """Return the identity of a target of that backend; it is the same past the facade."""
    held = checked(backend, "a plugin", "1")
    found = target_identity(backend.name, options, held)
    assert found == target_identity(backend.name, options, backend)
    return found


@pytest.mark.parametrize(
    ("backend", "one", "other"),
    [
        (FileBackend, {"path": "state/"}, {"path": "./state"}),
        (FileBackend, {"path": "state/"}, {"path": Secret("state")}),
        (MemoryBackend, {}, {"store": "default", "concurrent": 1, "ownership": False}),
        (RestBackend, URL, URL | {"url": "https://CRM.example.com:443/api/"}),
        (RestBackend, URL, URL | {"url": Secret("https://crm.example.com/api")}),
        (RestBackend, URL, URL | {"auth": {"bearer": Secret("abc")}, "proxy": "http://proxy.example.com:3128"}),
        (RestBackend, URL, URL | {"ca_file": "ca.pem", "timeout_seconds": 7, "max_in_flight": 1, "plain_http": True}),
        (RestBackend, URL, URL | {"create_missing_users": True, "max_response_bytes": 2048}),
        (ScimBackend, {"url": "https://idp.example.com"}, {"url": "https://idp.example.com/", "page_size": 7}),
        (Silent, {"at": "a"}, {"at": "a", "pin": "1234", "pass": "x", "api_key": "k", "crm_token": "t"}),
        (Silent, {"at": "a"}, {"at": "a", "read_timeout_seconds": 9, "proxy": "http://p", "ca_file": "c"}),
        (Silent, {"at": "db://ada:secret@db.example.com/x"}, {"at": "db://db.example.com/x"}),
    ],
)
def test_one_store_has_one_identity(backend, one, other):
    """However it is spelled, wherever it is written, and whatever credentials and limits stand beside it."""
    assert identity(backend, one) == identity(backend, other)


@pytest.mark.parametrize(
    ("backend", "one", "other"),
    [
        (FileBackend, {"path": "state/"}, {"path": "prod-state/"}),
        (RestBackend, URL, URL | {"url": "https://crm.fabrikam.com/api"}),
        (RestBackend, URL, URL | {"url": "http://crm.example.com/api"}),
        (RestBackend, URL, URL | {"url": "https://crm.example.com:8443/api"}),
        (RestBackend, URL, URL | {"url": Secret("https://crm.example.com/test")}),
        (RestBackend, URL, URL | {"headers": {"X-Tenant": "fabrikam"}}),
        (RestBackend, URL, URL | {"profile": "jupyterhub"}),
        (RestBackend, URL, URL | {"parameters": {"domain": "lists.example.com"}}),
        (ScimBackend, {"url": "https://idp.example.com"}, {"url": "https://idp.example.com/scim/v2"}),
        (Silent, {"at": "a"}, {"at": "b"}),
        (Silent, {"at": "a"}, {"at": Secret("b")}),
        (Silent, {"at": "a"}, {"at": "a", "account": 7}),
    ],
)
def test_two_stores_have_two_identities(backend, one, other):
    """Whatever may say where the groups are counts, also of a plugin that does not say what does."""
    assert identity(backend, one) != identity(backend, other)


def test_a_plugin_is_part_of_the_identity():
    """Two plugins with the same options are two stores, and the plugin is seen."""
    found = identity(FileBackend, {"path": "state/"})
    assert found != target_identity("other", {"path": "state/"}, FileBackend)
    assert ("file", 32) == (found.partition(":")[0], len(found.partition(":")[2]))
    assert found[: len("file:") + 16] == shown_identity(found)


def test_a_plugin_that_names_no_mapping_is_blamed():
    """What a plugin returns is checked, and the plugin named."""
    for answer in ("state", {"place": object()}):
        wrong = type(
            "Wrong", (MemoryBackend,), {"identity_of": classmethod(lambda cls, options, answer=answer: answer)}
        )
        with pytest.raises(Exception, match="a plugin 1"):
            checked(wrong, "a plugin", "1").identity_of({})


def test_two_clones_of_a_project_have_one_store(tmp_path):
    """A plan is made on one runner and applied on another, in another folder: the path counts as it is written."""
    found = []
    for clone in ("laptop", "runner"):
        folder = tmp_path / clone
        folder.mkdir()
        (folder / "groupsync.yaml").write_text(
            "version: 1\nproject: shop\ndefinitions: [groups.yaml]\ntargets: {local: {plugin: file, path: state/}}\n"
        )
        config = load_config(folder / "groupsync.yaml")
        (target,) = config.targets
        with open_targets(config, Plugins.discover()) as backends:
            found.append((str(config.id), target_identity(target.plugin, target.options.values, backends["local"])))

    assert [found[0]] * 2 == found
    assert "shop/groupsync.yaml" == found[0][0]
