"""Which config of which project: by the path from the top of its repository."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from groupsync.config import load_config
from groupsync.config_identity import ConfigId
from groupsync.journal import Journal
from groupsync.journal_read import find_run, open_runs
from groupsync.ledger import ledger_of
from groupsync.memory import remembered_links
from groupsync.model import Plan
from tests.clones import CONFIG, KEY

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PLAIN = "version: 1\nproject: shop\ndefinitions: [groups/*.yaml]\ntargets: {local: {plugin: file, path: state/}}\n"
LEDGER = CONFIG.replace("path: state/}", "path: state/, owns: {ledger: ours.jsonl}}")


@pytest.fixture
def top(tmp_path, monkeypatch):
    """A folder that is the top of a repository."""
    monkeypatch.setenv("JOURNAL_KEY", KEY)
    (tmp_path / ".git").mkdir()
    return tmp_path


def config_in(folder, text=PLAIN, name="groupsync.yaml"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return load_config(folder / name)


def test_a_config_is_known_by_its_path_from_the_top(top):
    """Whatever else leads there; the nearest repository counts, be its `.git` a folder or a file."""
    assert "shop/groupsync.yaml" == str(config_in(top).id)
    assert "shop/teams/growth/production.yaml" == str(config_in(top / "teams/growth", name="production.yaml").id)
    (top / "link").symlink_to(top / "teams")
    assert "shop/teams/growth/production.yaml" == str(load_config(top / "link/growth/production.yaml").id)
    (top / "teams/.git").write_text("gitdir: elsewhere\n")
    assert "shop/growth/production.yaml" == str(load_config(top / "teams/growth/production.yaml").id)


def test_outside_of_a_repository_a_config_is_known_by_its_name(tmp_path):
    """Where nobody can tell in which folder of a repository it lies, any counts."""
    found = config_in(tmp_path / "teams").id
    assert "shop/groupsync.yaml" == str(found)
    for own in ("shop/groupsync.yaml", "shop/teams/groupsync.yaml"):
        assert found.is_named(own)
    for other in ("shop/production.yaml", "other/groupsync.yaml", "shop/teams/production.yaml", ""):
        assert not found.is_named(other)


def test_what_was_recorded_by_the_name_alone_counts_as_own(top):
    """As long as there is no config of that project at the top, which is still called so."""
    inner = config_in(top / "a").id
    for own in ("shop/a/groupsync.yaml", "shop/groupsync.yaml"):
        assert inner.is_named(own)
    for other in ("shop/b/groupsync.yaml", "shop/a/production.yaml", "other/groupsync.yaml"):
        assert not inner.is_named(other)

    config_in(top, PLAIN.replace("shop", "other"))
    assert load_config(top / "a/groupsync.yaml").id.is_named("shop/groupsync.yaml")
    for text in (PLAIN, "version: 1\nextends: base.yaml\n", "no config: [", "[]"):
        (top / "base.yaml").write_text(PLAIN)
        (top / "groupsync.yaml").write_text(text)
        found = load_config(top / "a/groupsync.yaml").id
        assert (True, False) == (found.is_named("shop/a/groupsync.yaml"), found.is_named("shop/groupsync.yaml")), text


def begun(config, name):
    """Write down a run that was cut short, under an identity."""
    journal = Journal(config.journal, config.root, keep=9, config=ConfigId.of(name))
    with journal.run(Plan("shop", NOW, (), (), "0" * 64, config=name), writes=False) as run:
        return run.id


def test_runs_of_before_are_read_and_those_of_another_folder_are_not(top):
    """Undo, resume and what guards compare with: all ask for the runs of a config."""
    config = config_in(top / "a")
    own = begun(config, "shop/groupsync.yaml")
    assert own == find_run(config.journal, config.id, own).id
    begun(config, "shop/b/groupsync.yaml")
    assert [] == list(open_runs(config.journal, config.id))
    assert remembered_links(config.journal, config.id) is None


def test_two_folders_have_two_ledgers_in_one_store(top):
    """Each config has its own, though both call it the same; what both shared before begins each."""
    ledgers = {}
    for folder in ("", "a", "b"):
        config = config_in(top / folder, LEDGER)
        ledgers[folder] = ledger_of(config, config.targets[0])
        ledgers[folder].check()
    kept = [sorted(path.name for path in (top / folder / ".groupsync/ledgers").iterdir()) for folder in ("", "a", "b")]
    assert [["ours.jsonl"], ["a%2Fours.jsonl"], ["b%2Fours.jsonl"]] == kept


def test_a_ledger_of_before_begins_the_one_of_a_folder(top):
    """Groups that were recorded in it are still ours; where the top has a config it is that one's."""
    line = '{"name": "g", "digest": "%s", "count": 1, "identity": "email/fold", "prevent_delete": false}\n' % ("0" * 64)
    for is_shared in (False, True):
        config = config_in(top / "a", LEDGER)
        (config.journal / "ledgers").mkdir(parents=True, exist_ok=True)
        (config.journal / "ledgers/ours.jsonl").write_text(line)
        found = ledger_of(config, config.targets[0])
        assert ([] if is_shared else ["g"]) == list(found.read())
        assert found.is_there is not is_shared
        config_in(top)


def test_a_config_that_is_taken_out_of_its_repository_keeps_what_is_its_own(top):
    """A copy of a checkout without `.git`, as an image has it."""
    config = config_in(top / "a")
    (top / ".git").rmdir()
    copied = load_config(top / "a/groupsync.yaml")
    assert copied.id.is_named(str(config.id))
    assert replace(copied.id, is_placed=True) == ConfigId("shop", "groupsync.yaml")
