"""Importing what a target holds."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupsync import engine
from groupsync.cli import run
from groupsync.config import load_config
from groupsync.export import INLINE_LIMIT
from groupsync.facade import checked
from groupsync.importing import Import, import_groups
from groupsync.model import Action, Group, Mark, Members
from groupsync.progress import untracked
from groupsync.project import load_project
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.worlds import NOW

CONFIG = "version: 1\nproject: shop\ndefinitions: [groups/**/*.yaml]\ntargets:\n  there: {plugin: memory}\n"


def memory(*groups):
    """Open a store with these groups the way the engine does."""
    store = MemoryStore()
    for group in groups:
        store.put(group)
    return store, checked(MemoryBackend, "groupsync", "0")(MemoryBackend(store))


def imported(root: Path, backend, **more):
    """Import everything into the project at `root`; return the paths written and what was reported."""
    found = []
    wanted = Import(load_config(root / "groupsync.yaml"), "there", **more)
    return list(import_groups(wanted, backend, found.append, untracked)), found


@pytest.fixture
def root(tmp_path):
    (tmp_path / "groupsync.yaml").write_text(CONFIG, "utf-8")
    return tmp_path


def mark(members: Members, project="shop", *, prevent_delete=False):
    return Mark(project, members.digest, members.count, "email/fold", prevent_delete)


PEOPLE = [f"m{n}@example.com" for n in range(INLINE_LIMIT + 10)] + ["#1@example.com", "no@example.com"]
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
people = st.frozensets(st.sampled_from(PEOPLE), max_size=4) | st.just(frozenset(PEOPLE[: INLINE_LIMIT + 5]))


@st.composite
def groups(draw):
    """Groups of ours and groups that nobody manages, as any target may hold them."""
    members = Members.of(draw(people))
    owner = draw(st.sampled_from([None, mark(members), mark(members, prevent_delete=True)]))
    return Group(
        draw(st.sampled_from(["a", "no", "1e3", "b.c", "d_e-f", "2026-01-01"])),
        display_name=draw(texts),
        description=draw(texts),
        owners=draw(st.none() | st.just(()) | st.just(("crm", "x@example.com"))),
        labels=draw(st.none() | st.dictionaries(st.just("k"), st.text(max_size=3)).map(lambda d: tuple(d.items()))),
        members=members,
        mark=owner,
    )


@settings(max_examples=40)
@given(held=st.lists(groups(), unique_by=lambda group: group.name, max_size=3))
def test_planning_after_an_import_changes_nobody_and_nothing(held):
    """Only groups without a mark are adopted, with consent for all; no member and no attribute changes."""
    _, backend = memory(*held)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "groupsync.yaml").write_text(CONFIG, "utf-8")
        imported(Path(folder), backend)
        config = load_config(Path(folder) / "groupsync.yaml")
        plan = engine.make_plan(load_project(config, NOW), {"there": backend}, engine.Request(NOW, adopt=True))
    assert not plan.verdict.refusals
    assert {(group.name, Action.ADOPT) for group in held if group.mark is None} == {
        (change.name, change.action) for change in plan.changes
    }
    assert not any(change.touches_members or change.attributes for change in plan.changes)


def test_an_import_writes_consent_where_the_config_lets_definitions_take_over(root):
    """Elsewhere it would count for nothing; with it, no `--adopt` is needed."""
    _, backend = memory(Group("crm-a"), Group("b"))
    (root / "groupsync.yaml").write_text(CONFIG + "adopt: {match: [crm-*]}\n", "utf-8")
    imported(root, backend)
    plan = engine.make_plan(
        load_project(load_config(root / "groupsync.yaml"), NOW), {"there": backend}, engine.Request(NOW)
    )
    assert {"b": Action.ADOPT, "crm-a": Action.ADOPT} == {change.name: change.action for change in plan.changes}
    assert [("b", "adopt")] == [(refusal.name, refusal.rule) for refusal in plan.verdict.refusals]


def test_groups_that_are_defined_are_left_alone(root):
    """An import adds what is missing; what somebody wrote stays, and is said."""
    _, backend = memory(Group("a"), Group("b"))
    (root / "groups").mkdir()
    (root / "groups/mine.yaml").write_text("kind: known-user-group\nname: a\nmembers: [x@example.com]\n", "utf-8")
    written, found = imported(root, backend)
    assert ["groups/b.yaml"] == written
    assert [("GS690", "groups/mine.yaml:2:7")] == [(each.code, str(each.subject)) for each in found]


def test_files_in_the_way_stop_it_before_anything_is_written(root, monkeypatch, capsys):
    """Nothing is overwritten, and nothing is half imported."""
    members = Members.of(PEOPLE)
    _, backend = memory(Group("a"), Group("b", members=members))
    (root / "groups/members").mkdir(parents=True)
    (root / "groups/members/b.txt").write_text("mine", "utf-8")
    with pytest.raises(engine.ConfigError) as raised:
        imported(root, backend)
    assert "`groups/members/b.txt`" in raised.value.detail
    assert not (root / "groups/a.yaml").exists()


def test_force_writes_over_an_earlier_import_but_never_over_other_groups(root):
    """A file that defines just the group is replaced; one that holds others, too, is not."""
    _, backend = memory(Group("a", display_name="A"), Group("b", display_name="B"))
    (root / "groups").mkdir()
    (root / "groups/a.yaml").write_text("kind: known-user-group\nname: a\n", "utf-8")
    both = "kind: known-user-group\nname: b\n---\nkind: known-user-group\nname: c\n"
    (root / "groups/b.yaml").write_text(both, "utf-8")
    written, found = imported(root, backend, overwrite=True)
    assert ["groups/a.yaml"] == written
    assert "display_name: A" in (root / "groups/a.yaml").read_text("utf-8")
    assert both == (root / "groups/b.yaml").read_text("utf-8")
    assert ["GS690"] == [each.code for each in found]


def test_a_group_that_cannot_be_read_is_told_and_the_rest_is_imported(root):
    """A short read never becomes a definition with fewer members."""
    store, backend = memory(Group("a", members=Members.of(PEOPLE)), Group("b"))
    store.truncated["a"] = 3
    written, found = imported(root, backend)
    assert ["groups/b.yaml"] == written
    assert ["GS693"] == [each.code for each in found]


def test_an_incomplete_read_is_told(root):
    """What may be missing is said, so that nobody takes the import for everything there is."""
    store, backend = memory(Group("a"))
    store.incomplete = "page 2 failed"
    written, found = imported(root, backend)
    assert ["groups/a.yaml"] == written
    assert [("GS693", "page 2 failed")] == [(each.code, each.detail) for each in found]


def test_a_folder_outside_of_the_patterns_is_warned_about(root):
    """Definitions that no pattern matches would never be read."""
    _, backend = memory(Group("a"))
    written, found = imported(root, backend, folder="elsewhere")
    assert ["elsewhere/a.yaml"] == written
    assert "GS692" in [each.code for each in found]


def test_definitions_point_editors_to_the_schema_where_it_is(root):
    """The path is right from whatever folder the definitions are in."""
    _, backend = memory(Group("a"))
    (root / "schemas").mkdir()
    (root / "schemas/group.v1.schema.json").write_text("{}", "utf-8")
    imported(root, backend, folder="groups/from/there")
    text = (root / "groups/from/there/a.yaml").read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=../../../schemas/group.v1.schema.json\n")


def test_the_command_imports_what_another_project_left(tmp_path, monkeypatch, capsys):
    """From a folder of text files that lost its definitions back to a project that plans nothing."""
    monkeypatch.chdir(tmp_path)
    run(["init", "."])
    run(["apply", "--yes"])
    for file in [*tmp_path.glob("groups/*.yaml"), *tmp_path.glob("groups/members/*")]:
        file.unlink()
    capsys.readouterr()
    assert run(["import"]) == 0
    assert capsys.readouterr().out == "groups/beta-testers.yaml\ngroups/opted-out.yaml\n"
    assert run(["plan", "--detailed-exitcode"]) == 0
    assert run(["fmt", "--check"]) == 0


def test_the_target_must_be_said_where_there_are_several(tmp_path, monkeypatch, capsys):
    """Nobody guesses which of two targets was meant."""
    monkeypatch.chdir(tmp_path)
    text = CONFIG + "  here: {plugin: memory, store: other}\n"
    (tmp_path / "groupsync.yaml").write_text(text, "utf-8")
    assert run(["import"]) == 1
    assert "there, here" in capsys.readouterr().err


def test_a_folder_outside_the_project_is_wrong_usage(root, monkeypatch):
    """Definitions go into the project or nowhere."""
    monkeypatch.chdir(root)
    assert run(["import", "--folder", "../x"]) == 64
