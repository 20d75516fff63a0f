"""Segments are computed from one state of their source, however many passes they take."""

from __future__ import annotations

import gc
from dataclasses import replace
from types import ModuleType

import pluggy
import pytest

from groupsync import hookspecs
from groupsync.config import load_config
from groupsync.discovery import LoadedPlugin, PluginInfo
from groupsync.errors import PluginError, SourceError
from groupsync.model import Severity
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.segments import check_segments, compute_segments
from groupsync.source import Remark
from groupsync_memory.source import MemorySource
from tests.worlds import NOW

CONFIG = """\
version: 1
project: shop
definitions: [groups.yaml]
sources:
  customers: {plugin: waning, id: email, min_rows: 2, rows: [{email: a@example.com}, {email: b@example.com}]}
"""
GROUPS = """\
{kind: segment, name: first, source: customers, where: {everyone: true}}
---
{kind: segment, name: then, source: customers, where: {SECOND: first}}
"""


class Lasting(MemorySource):
    """Has the same customers all the time."""

    name = "waning"


class Waning(Lasting):
    """Has its customers when it is asked first, and half of them afterwards."""

    def evaluate(self, questions, groups, folder, eligible=None):
        found = super().evaluate(questions, groups, folder, eligible)
        self._table = replace(self._table, rows=self._table.rows[:1])
        return found


def plugins(source):
    """Offer one source as a stranger's plugin does."""
    plugin = ModuleType("stranger")
    plugin.groupsync_register_sources = hookspecs.hookimpl(lambda: [source])
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    info = PluginInfo("stranger", "stranger", "1", hooks=("groupsync_register_sources",))
    return Plugins([LoadedPlugin(info, plugin, manager)])


class Odd(Lasting):
    """Has something to tell of an option."""

    told = (Remark("rows", "The rows are odd", "There are two.", "Write three."),)

    def remarks(self):
        return self.told


class Stuttering(Odd):
    """Tells what is no remark."""

    told = ("The rows are odd",)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "groupsync.yaml").write_text(CONFIG)
    (tmp_path / "groups.yaml").write_text(GROUPS.replace("SECOND", "in_group"))
    return load_project(load_config(tmp_path / "groupsync.yaml"), NOW)


def test_a_source_that_is_refused_between_two_passes_stops_the_run(project):
    """What came of the first pass is of another state than what the second is refused for."""
    with pytest.raises(SourceError) as caught:
        compute_segments(project, plugins(Waning), NOW)
    assert "the source `customers` changed while segments were computed" == caught.value.summary
    assert "1 customer, and there must be 2" in caught.value.detail


def test_the_folder_with_members_is_there_as_long_as_the_project(project):
    """Plans read members when they are shown, saved and applied; afterwards nothing of them is left on the disk."""
    found = compute_segments(project, plugins(Lasting), NOW)
    folder = project.held[0].path
    members = next(each.group.members for each in found.project.resolution.groups if each.group.name == "then")
    assert {"a@example.com", "b@example.com"} == members.load()
    assert any(folder.rglob("*"))
    del found, members
    project.held.clear()
    gc.collect()
    assert not folder.exists()


@pytest.mark.parametrize("look", [check_segments, compute_segments])
def test_what_a_source_tells_of_its_options_is_a_warning_at_the_option(project, look):
    """Once, for who validates and for who plans."""
    look(project, plugins(Odd), NOW)
    assert [("GS513", Severity.WARNING, "The rows are odd", 5)] == [
        (each.code, each.severity, each.summary, each.subject.line) for each in project.findings
    ]


def test_a_source_that_tells_what_is_no_remark_is_blamed(project):
    """As for anything else that breaks the contract."""
    with pytest.raises(PluginError, match="broke its contract in `remarks`"):
        check_segments(project, plugins(Stuttering), NOW)


def test_warnings_about_eligible_are_shown(project):
    """They are about each segment of the source, and no less true than those about one."""
    path = project.config.root / "groupsync.yaml"
    path.write_text(
        CONFIG.replace("min_rows: 2", "eligible: {any: [{email: {is_null: true}}, {email: {is_null: false}}]}")
    )
    odd = load_project(load_config(path), NOW)
    check_segments(odd, plugins(Lasting), NOW)
    assert ["GS224"] == [each.code for each in odd.findings]
