"""Commands that only read: no method that writes a target can be reached by them, and targets stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from groupsync.backend import Backend, BackendContext, SupportsCheck, SupportsLock, SupportsSteps
from groupsync.config import load_config
from groupsync.connect import open_targets
from groupsync.errors import ExitCode
from groupsync.facade import WriteAttempt
from groupsync.identity import Identity
from groupsync.model import Action, Change
from groupsync.plugins import Plugins
from tests.cli.conftest import Project

THIRD_PARTY = Path(__file__).parents[1] / "examples/third_party_plugin/src"
NOWHERE = "http://127.0.0.1:9"
OPTIONS = {
    "file": {"path": "state/"},
    "ini": {"path": "groups.ini"},
    "memory": {},
    "rest": {"profile": "groupsync", "url": NOWHERE},
    "scim": {"url": NOWHERE},
}
READS = {"capabilities", "check", "close", "from_options", "lock_status", "members", "name", "options_schema", "read"}
WRITES = {
    "apply": (Change("there", "beta", Action.DELETE),),
    "apply_in_steps": (Change("there", "beta", Action.DELETE), lambda _: None),
    "lock": (60.0,),
    "unlock": (None,),
    "break_lock": (),
}
"""The methods that write, each with what it is called with."""
CONFIG = """\
version: 1
project: quickstart
definitions: [groups/**/*.yaml]
targets:
  folder: {plugin: file, path: state/}
  document: {plugin: file, path: held.yaml}
  ini: {plugin: ini, path: groups.ini}
  memory: {plugin: memory}
"""
COMMANDS = [
    ["plan", "--out", "../x.plan"],
    ["plan", "--select", "staff", "--format", "json"],
    ["drift"],
    ["show"],
    ["show", "staff", "--members", "--prior", "-t", "ini"],
    ["who", "ada@contoso.com"],
    ["why", "ada@contoso.com", "staff"],
    ["target", "check"],
    ["lock", "status"],
    ["accept", "--keep-all", "--dry-run"],
    ["catalog"],
    ["plugins"],
    ["offboard", "ada@contoso.com", "--dry-run"],
    ["import", "-t", "ini", "--folder", "groups/more"],
]


@pytest.fixture
def third_party(tmp_path, monkeypatch):
    """Install the plugin of the examples, for this process and for those that it starts."""
    told = tmp_path / "site" / "groupsync_ini-1.0.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: groupsync-ini\nVersion: 1.0.0\n")
    (told / "entry_points.txt").write_text("[groupsync]\nini = groupsync_ini\n")
    for folder in (THIRD_PARTY, told.parent):
        monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", f"{THIRD_PARTY}:{told.parent}")


def opened(name, folder):
    context = BackendContext(folder, "shop", "there", Identity().canonical)
    return Plugins.discover().backend(name).cls.from_options(OPTIONS[name], context)


def public(protocol):
    return {name for name in (*vars(protocol), *protocol.__annotations__) if not name.startswith("_")}


def test_each_method_of_the_contract_reads_or_writes():
    """A method that is added to the contract has to be told to be one or the other."""
    methods = set().union(*map(public, (Backend, SupportsCheck, SupportsLock, SupportsSteps)))
    assert methods == READS | set(WRITES)


def test_every_backend_is_here(third_party):
    """A backend that is added has to be held to this, too."""
    assert set(OPTIONS) == set(Plugins.discover().backends)


@pytest.mark.parametrize("name", OPTIONS)
def test_no_method_of_a_backend_opened_for_reading_writes(third_party, tmp_path, name):
    """Each method that writes or locks raises before the plugin hears of it; nothing is written anywhere."""
    backend = opened(name, tmp_path / "project").for_reading()
    for method, arguments in WRITES.items():
        if hasattr(backend, method):
            with pytest.raises(WriteAttempt, match="only reads"):
                getattr(backend, method)(*arguments)
    assert not (tmp_path / "project").exists()


def test_targets_are_opened_for_reading_unless_asked_otherwise(tmp_path):
    """Whoever opens targets and does not say that it writes can't."""
    (tmp_path / "groupsync.yaml").write_text(
        "version: 1\nproject: shop\ndefinitions: [groups/*]\ntargets: {there: {plugin: file, path: state/}}\n"
    )
    config = load_config(tmp_path / "groupsync.yaml")
    with open_targets(config, Plugins.discover()) as backends, pytest.raises(WriteAttempt):
        backends["there"].lock(60.0)
    with open_targets(config, Plugins.discover(), to_write=True) as backends:
        assert backends["there"].lock(60.0).ttl_seconds == 60.0


def everything(folder, *left_out):
    """Return the bytes of each file of a project, but for those in some folders."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder): path.read_bytes()
        for path in files
        if not any(path.is_relative_to(folder / each) for each in left_out)
    }


def test_targets_are_the_same_to_the_byte_after_each_command_that_reads(third_party, tmp_path):
    """With drift, edits that are pending and a lock on one target: nothing of it moves, no lock, no journal."""
    project = Project(tmp_path / "shop")
    project.write("groupsync.yaml", CONFIG)
    assert ExitCode.OK == project("apply", "--yes").code
    project.write("state/groups/staff.txt", "mallory@contoso.com\n")
    project.write("groups/members/staff.txt", "zoe@contoso.com\n")
    with open_targets(load_config(project.folder / "groupsync.yaml"), Plugins.discover(), to_write=True) as backends:
        backends["document"].lock(900.0)
        before = everything(project.folder)
        for command in COMMANDS:
            done = project(*command)
            assert done.code in {ExitCode.OK, ExitCode.REFUSED, ExitCode.INCOMPLETE}, (command, done.err)
            assert before == everything(project.folder, "groups/more"), command


@pytest.mark.parametrize(
    ("server", "target", "listed"),
    [
        (
            "group_service",
            "{{plugin: rest, profile: groupsync, url: '{url}', auth: {{bearer: '{token}'}}}}",
            "/groups",
        ),
        ("scim2_server", "{{plugin: scim, url: '{url}', auth: {{bearer: '{token}'}}}}", "/Groups"),
    ],
    indirect=["server"],
)
def test_a_service_is_the_same_after_each_command_that_reads(server, target, listed, tmp_path):
    """What the service tells of its groups, revisions and times of change too, is what it told before."""
    server.hand.clear()
    server.hand.add_people(["ada@contoso.com", "mallory@contoso.com"])
    for name in ("staff", "beta-testers"):
        server.hand.create(name, ["ada@contoso.com", "mallory@contoso.com"])
    project = Project(tmp_path / "shop")
    there = target.format(url=server.url, token=server.auth["bearer"])
    project.write("groupsync.yaml", f"{CONFIG.partition('targets:')[0]}targets:\n  there: {there}\n")
    before = server.hand.call("GET", listed)
    for command in [each for each in COMMANDS if "ini" not in each]:
        done = project(*command)
        assert done.code in {ExitCode.OK, ExitCode.REFUSED, ExitCode.INCOMPLETE}, (command, done.err)
    assert before == server.hand.call("GET", listed)
