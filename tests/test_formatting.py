"""Formatting the files of a project."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from groupsync import engine
from groupsync.config import load_config
from groupsync.facade import checked
from groupsync.formatting import format_files, project_files
from groupsync.model import Group, Members
from groupsync.project import load_project
from groupsync.writing import write_file
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.fmt.test_texts import LISTS, TABLES, items
from tests.worlds import NOW

CONFIG = "version: 1\nproject: shop\ndefinitions: [groups/**/*.yaml]\ntargets:\n  there: {plugin: memory}\n"


@st.composite
def projects(draw):
    """Return the files of a project whose lists are as untidy as people leave them."""
    indent = draw(st.sampled_from(["", "  "]))
    members = "\n".join(["members:", *draw(st.lists(items(indent), min_size=1, max_size=6))])
    entries = ["name: a", "kind: known-user-group", members, "members_from:\n  - path: m.txt\n  - path: m.csv"]
    entries += draw(st.lists(st.sampled_from(["display_name: A", "include: [b]  ", "labels: {k: v}"]), unique=True))
    first = "\n".join(draw(st.permutations(entries)))
    return {
        "groupsync.yaml": CONFIG,
        "groups/a.yaml": f"{first}\n---\nname: b\nkind: known-user-group\nmembers: [z@x.com, B@x.com]  \n",
        "groups/m.txt": draw(LISTS),
        "groups/m.csv": draw(TABLES),
    }


def planned(root):
    """Return the changes that are planned on a target that holds one of the groups, names included."""
    store = MemoryStore()
    store.put(Group("a", members=Members.of({"a@x.com", "gone@x.com"})))
    config = load_config(root / "groupsync.yaml")
    backend = checked(MemoryBackend, "groupsync", "0")(MemoryBackend(store))
    request = engine.Request(NOW, adopt=True)
    changes = engine.make_plan(load_project(config, NOW), {"there": backend}, request).changes
    # What is written where may move; what is done to whom may not.
    return [replace(change, at=None, definition_digest="", precondition=None, id=None) for change in changes]


@settings(max_examples=40)
@given(files=projects())
def test_formatting_never_changes_the_plan(files):
    """The same people come and go, and the same attributes change, before and after `groupsync fmt`."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in files.items():
            write_file(root, path, text.encode(), replace=False)
        before = planned(root)
        config = load_config(root / "groupsync.yaml")
        found = []
        formatted = list(format_files(config, project_files(config, found.append), found.append))
        assert not found
        assert ["groups/a.yaml", "groups/m.csv", "groups/m.txt"] == [file.path for file in formatted]
        for file in formatted:
            write_file(root, file.path, file.after, replace=True)
        assert before == planned(root)
        again = format_files(config, project_files(config, found.append), found.append)
        assert not any(file.differs for file in again)


def test_a_file_that_one_entry_reads_in_its_own_way_is_left(tmp_path):
    """Another entry, of whatever group, that reads it plainly does not make it plain."""
    for path, text in {
        "groupsync.yaml": CONFIG,
        "groups/a.yaml": "kind: known-user-group\nname: a\nmembers_from: [{path: m.txt}, {path: own.txt}]\n",
        "groups/b.yaml": "kind: known-user-group\nname: b\nmembers_from: [{path: m.txt, min_rows: 1}]\n",
        "groups/m.txt": "b@x.com\na@x.com\n",
        "groups/own.txt": "b@x.com\na@x.com\n",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    config, told = load_config(tmp_path / "groupsync.yaml"), []
    changed = [each.path for each in format_files(config, project_files(config, told.append), told.append)]
    assert (["groups/a.yaml", "groups/b.yaml", "groups/own.txt"], []) == (sorted(changed), told)
