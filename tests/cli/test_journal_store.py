"""The journal in a ref of the remote: what one runner did the next one knows, though it starts from nothing."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout

import pytest

from groupsync.cli import run
from groupsync.config import load_config
from groupsync.connect import lock_of, open_targets
from groupsync.errors import BackendError
from groupsync.journal_git import GitStore
from groupsync.journal_manifest import MANIFEST
from groupsync.journal_mirror import Mirror
from groupsync.journal_sealing import Sealer
from groupsync.journal_store import StoreError
from groupsync.journal_stores import StoreSlot
from groupsync.lease import Lease
from groupsync.model import Group, Members
from groupsync.plugins import Plugins
from groupsync_memory.store import MemoryStore
from tests.clones import CONFIG, ENVIRONMENT, KEY, Repository, git, listed, people

REF = "refs/groupsync/journal"
SMALL = {"beta": ["ada@example.com", "bob@example.com"], "staff": ["cy@example.com"]}


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path, {"groupsync.yaml": CONFIG, **listed(**SMALL)})


def members(repository, group):
    return (repository.folder / f"state/groups/{group}.txt").read_text().split()


def test_another_runner_knows_takes_back_and_goes_on(repository):
    """History and undo work from a clone that never saw the run; the undo is a run like any other."""
    repository.run("apply", "--yes")
    repository.merge(listed(beta=["ada@example.com", "dee@example.com"]))
    repository.run("apply", "--yes")
    told = repository.run("history")
    assert 2 == told.count("applied")
    assert {"+ dee@example.com", "- bob@example.com"} <= {
        line.strip() for line in repository.run("history", "last", "--full").splitlines()
    }
    repository.run("undo", "last", "--yes")
    told = repository.run("history")
    assert 3 == len(re.findall(r"^\d{8}T", told, re.MULTILINE))
    assert "2 in" not in told
    assert "undo" in told


def test_guards_of_another_runner_compare_with_what_was_applied(repository):
    """What was taken away in small steps adds up, whoever took it."""
    guard = "guards: {removed_over: {days: 7, refuse: {count: 5, floor: 5}}}\n"
    repository.merge({"groupsync.yaml": CONFIG + guard, **listed(beta=people(0, 40))})
    repository.run("apply", "--yes")
    repository.merge(listed(beta=people(3, 40)))
    repository.run("apply", "--yes")
    repository.merge(listed(beta=people(6, 40)))
    told = repository.run("apply", "--yes", code=3)
    assert "removed_over" in told
    repository.run("plan", code=3)


def test_nothing_of_it_is_readable_without_the_key(repository):
    """The ref is in the remote, for everybody who may fetch."""
    repository.run("apply", "--yes")
    everything = b"".join(repository.held().values())
    assert everything
    for name in ("ada", "beta", "staff", "local", "apply", "root", "header"):
        assert name.encode() not in everything
    told = repository.run("plan", code=1, JOURNAL_KEY="another key that is long enough too")
    assert "was sealed with another key" in told
    repository.merge({"groupsync.yaml": CONFIG.replace(', key: "${env:JOURNAL_KEY}"', "")})
    told = repository.run("plan", code=1)
    assert "encrypted, and the config has no key" in told


def test_a_key_that_is_not_there_is_told_by_its_name(repository):
    """As any secret is."""
    told = repository.run("plan", code=1, JOURNAL_KEY="")
    assert "JOURNAL_KEY" in told
    assert "groupsync.yaml:6" in told
    told = repository.run("plan", code=1, JOURNAL_KEY="short")
    assert "groupsync.yaml:6" in told
    assert "openssl rand -base64 32" in told


def test_keys_are_rotated(repository):
    """The newest seals, the others open; later the old one can go, once its runs have."""
    repository.run("apply", "--yes")
    keys = '["${env:NEW}", "${env:JOURNAL_KEY}"]'
    repository.merge(
        {"groupsync.yaml": CONFIG.replace('"${env:JOURNAL_KEY}"', keys), **listed(staff=["di@example.com"])}
    )
    new = "another key that is long enough too"
    repository.run("apply", "--yes", NEW=new)
    assert 2 == repository.run("history", NEW=new).count("applied")
    data = [each for name, each in repository.held().items() if name.endswith(".jsonl")]
    ids = {line.split(b":")[1] for each in data for line in each.splitlines()}
    assert 2 == len(ids)


# --- Two configs of one name, in two folders --------------------------------------------------------------------------


class Folders:
    """Two folders of a repository, each with a project config of the same name, and one ref for both."""

    def __init__(self, folder, config=CONFIG, names=("a", "b")):
        files = {"groupsync.yaml": config, **listed(**SMALL)}
        there = {name: f"{name}/" if name else "" for name in names}
        self.repository = Repository(
            folder, {f"{place}{path}": text for place in there.values() for path, text in files.items()}
        )
        self.there = there
        self.clone = self.repository.clone()

    def __call__(self, name, *arguments, code=0):
        config = f"{self.there[name]}groupsync.yaml"
        return self.repository.run(*arguments, "-c", config, code=code, clone=self.clone)

    def edit(self, name, **groups):
        for path, text in listed(**groups).items():
            (self.clone / self.there[name] / path).write_text(text)

    def state(self, name):
        held = self.clone / name if name else self.repository.folder  # see `Repository.state_in`
        return (held / "state/groups/beta.txt").read_text().split()

    def runs(self, name):
        return json.loads(self(name, "history", "--format", "json"))["runs"]


@pytest.mark.parametrize("names", [("a", "b"), ("", "b")])
def test_each_of_two_folders_goes_by_its_own_runs(tmp_path, names):
    """`last` is the own config's, and a run of the other is refused with the command that takes it back."""
    folders, (one, other) = Folders(tmp_path, names=names), names
    for name in (one, other):
        folders(name, "apply", "--yes")
    for name in (other, one):
        folders.edit(name, beta=["ada@example.com"])
        folders(name, "apply", "--yes")
    folders(other, "undo", "last", "--yes")
    assert (["ada@example.com"], SMALL["beta"]) == (folders.state(one), folders.state(other))
    paths = [f"shop/{folders.there[name]}groupsync.yaml" for name in (other, one, other, other, one)]
    assert paths == [run["config"] for run in folders.runs(one)]

    run = folders.runs(one)[1]["id"]
    told = " ".join(folders(other, "undo", run, "--yes", code=1).split())
    assert "belongs to another config" in told
    assert f"groupsync undo {run} -c {folders.there[one]}groupsync.yaml" in told
    folders(one, "undo", run, "--yes")
    assert SMALL["beta"] == folders.state(one)


@pytest.mark.parametrize("names", [("a", "b"), ("", "b")])
def test_a_plan_of_one_folder_is_refused_in_the_other(tmp_path, names):
    """Both are named, and the hint works when followed from where one is."""
    folders, (one, other) = Folders(tmp_path, names=names), names
    folders(one, "plan", "--out", "one.plan")
    told = " ".join(folders(other, "apply", "one.plan", "--yes", code=1).split())
    path = f"{folders.there[one]}groupsync.yaml"
    assert f"It was made with `shop/{path}`, and this is `shop/b/groupsync.yaml`" in told
    assert f"Name its own config: -c {path}" in told
    folders(one, "apply", "one.plan", "--yes")


def test_a_run_that_was_cut_short_is_gone_on_with_in_its_own_folder_alone(tmp_path):
    """The other is neither told of it nor resumes it."""
    folders = Folders(tmp_path)
    folders("a", "apply", "--yes")
    (name,) = [each for each in folders.repository.held() if each.endswith(".jsonl")]
    sealer = Sealer((KEY,))
    lines = folders.repository.held()[name].splitlines(keepends=True)
    whole = b"".join(sealer.open(name, number, line) for number, line in enumerate(lines, 1))
    cut = b"".join(whole.splitlines(keepends=True)[:2])
    folders.repository.put_with_the_key({name: sealer.seal(name, 1, cut)})
    shutil.rmtree(folders.clone / "a/.groupsync")

    assert "GS610" not in folders("b", "plan")
    assert "Nothing to resume" in folders("b", "apply", "--resume", "--yes")
    assert "Going on with the run" in folders("a", "apply", "--resume", "--yes")


# --- Without a key ----------------------------------------------------------------------------------------------------


@pytest.fixture
def nameless(tmp_path):
    """A project whose journal is kept without a key."""
    config = CONFIG.replace(', key: "${env:JOURNAL_KEY}"', "")
    guard = "guards: {removed_over: {days: 7, refuse: {count: 5, floor: 5}}}\n"
    return Repository(
        tmp_path, {"groupsync.yaml": config + guard, **listed(beta=people(0, 40), staff=["cy@example.com"])}
    )


def test_without_a_key_the_ref_names_nobody(nameless):
    """Neither members, nor who ran it where; what is there says so of itself."""
    nameless.run("apply", "--yes")
    everything = b"".join(nameless.held().values())
    for name in (b"example.com", b"root", os.uname().nodename.encode()):
        assert name not in everything
    header = json.loads(everything.splitlines()[0])
    assert header["withheld"] is True
    assert {".jsonl"} == {name[-6:] for name in nameless.held()}


def test_without_a_key_guards_work_and_undo_says_what_it_lacks(nameless):
    """Counts are enough to compare; names are not there to take back, but on the machine that ran it."""
    first = nameless.clone()
    nameless.run("apply", "--yes", clone=first)
    nameless.merge(listed(beta=people(3, 40)))
    nameless.run("apply", "--yes")
    nameless.merge(listed(beta=people(6, 40)))
    assert "removed_over" in nameless.run("plan", code=3)
    told = nameless.run("undo", "last", "--yes", code=1)
    assert "key" in told
    assert "names: not kept: the journal's store had no key" in nameless.run("history", "last", "--full")
    assert "Of 2 runs nobody can say" in nameless.run("history", "--who", people(0, 1)[0])
    told = nameless.run("history", clone=first)
    assert 2 == told.count("applied")
    assert f"+ {people(0, 1)[0]}" in nameless.run("history", "--group", "beta", "--full", clone=first)


def test_a_key_that_is_added_later_begins_with_what_a_folder_has(nameless):
    """What is in the clear is not believed; once the ref is gone, a folder that has the runs sends them sealed."""
    first = nameless.clone()
    nameless.run("apply", "--yes", clone=first)
    clear = nameless.held()
    nameless.merge({"groupsync.yaml": CONFIG, **listed(staff=["di@example.com"])})
    git(first, "pull", "--quiet")
    assert "with a key nothing else is believed" in nameless.run("plan", code=1)
    git(nameless.remote, "update-ref", "-d", REF)
    nameless.run("apply", "--yes", clone=first)
    assert all(each.startswith(b"gs2:") for each in nameless.held().values())
    assert 2 == nameless.run("history").count("applied")
    nameless.put(clear)
    assert "is not encrypted" in nameless.run("plan", code=1)


def test_a_folder_does_not_write_with_another_key(repository):
    """Though it has everything: others could not read what it would send."""
    clone = repository.clone()
    repository.run("apply", "--yes", clone=clone)
    other = "another key that is long enough too"
    assert "another key" in repository.run("plan", code=1, clone=clone, JOURNAL_KEY=other)
    assert "another key" in repository.run("apply", "--yes", code=1, clone=clone, JOURNAL_KEY=other)
    repository.run("history")


# --- Forgery ----------------------------------------------------------------------------------------------------------


def _flipped(data):
    return data[:200] + bytes([data[200] ^ 1]) + data[201:]


ALTERED = {
    "a byte": (lambda name, data, _: {name: _flipped(data)}, "was altered"),
    "two lines changed about": (
        lambda name, data, _: {name: b"".join(reversed(data.splitlines(keepends=True)))},
        "belongs elsewhere",
    ),
    "a line twice": (lambda name, data, _: {name: data + data.splitlines(keepends=True)[-1]}, "belongs elsewhere"),
    "a line left out": (lambda name, data, _: {name: data.splitlines(keepends=True)[1]}, "belongs elsewhere"),
    "another run's": (lambda name, _, other: {name: other}, "belongs elsewhere"),
    "cut in a line": (lambda name, data, _: {name: data[:-20]}, "is not whole"),
    "in the clear": (lambda name, *_: {name: b'{"record":"header","withheld":true}\n'}, "is not encrypted"),
    "what is no record": (lambda name, *_: {name: b"\0\n"}, "is not encrypted"),
    "a later format": (lambda name, *_: {name: b"gs3:0123456789abcdef:xxxx\n"}, "begins with 'gs3:'"),
}


@pytest.mark.parametrize("altered", ALTERED)
def test_a_ref_that_somebody_altered_is_refused(repository, altered):
    """Who may push there has not the key: nothing is believed, and nothing is applied."""
    repository.run("apply", "--yes")
    repository.merge(listed(staff=["di@example.com"]))
    repository.run("apply", "--yes")
    runs = sorted(name for name in repository.held() if name.endswith(".jsonl"))
    alter, why = ALTERED[altered]
    repository.put(alter(runs[1], repository.held()[runs[1]], repository.held()[runs[0]]))
    for command in (["plan"], ["apply", "--yes"], ["history"], ["undo", "last", "--yes"]):
        assert why in repository.run(*command, code=1)


TAKEN_OUT = {
    "a run": (lambda held, runs: dict.fromkeys(name for name in held if runs[1] in name), "is gone"),
    "the newest run": (lambda held, runs: dict.fromkeys(name for name in held if runs[2] in name), "is gone"),
    "all runs": (
        lambda held, _: dict.fromkeys(name for name in held if "runs/" in name),
        "is gone (and so are 5 more)",
    ),
    "the end of a run": (lambda held, runs: cut_off(held, runs[1]), "is not the one of then"),
    "the end of the newest": (lambda held, runs: cut_off(held, runs[2]), "is not the one of then"),
    "the manifest": (lambda *_: {MANIFEST: None}, "its manifest is gone"),
    "a run and the manifest": (
        lambda held, runs: {MANIFEST: None, **dict.fromkeys(name for name in held if runs[1] in name)},
        "its manifest is gone",
    ),
}


def cut_off(held, run):
    name = f"runs/{run}.jsonl"
    first, *rest = held[name].splitlines(keepends=True)
    assert rest
    return {name: first}


@pytest.fixture
def thrice(repository):
    """Three runs in the ref, and what it held after each."""
    held = []
    for number in range(3):
        repository.merge(listed(staff=people(0, number + 1)))
        repository.run("apply", "--yes")
        held.append(repository.held())
    return repository, held


def test_what_somebody_takes_out_is_missed(thrice):
    """Whoever has not the key can't name anew what is there; each command that reads the journal says what is wrong."""
    repository, (*_, held) = thrice
    runs = sorted(name[5:-6] for name in held if name.endswith(".jsonl"))
    for what, (take, why) in TAKEN_OUT.items():
        repository.put(dict.fromkeys(repository.held()) | held | take(held, runs))
        for command in (["plan"], ["apply", "--yes"]) if what == "a run" else (["history"],):
            told = " ".join(repository.run(*command, code=1).split())
            assert "The journal's store is not as groupsync left it" in told, what
            assert why in told, what
            assert "find out who could push there" in told
    repository.put(dict.fromkeys(repository.held()) | held)
    assert 3 == repository.run("history").count("applied")


def test_a_manifest_of_another_state_does_not_vouch_for_this_one(thrice):
    """Neither an older one, nor does what was forgotten come back beside a newer one."""
    repository, (first, second, last) = thrice
    repository.put({MANIFEST: second[MANIFEST]})
    assert "was put there (and so is 1 more)" in " ".join(repository.run("plan", code=1).split())
    repository.put(last)
    oldest = dict.fromkeys(name for name in first if name.startswith("runs/"))
    repository.put_with_the_key(oldest)
    assert 2 == repository.run("history").count("applied")
    repository.put({name: first[name] for name in oldest})
    assert "was put there (and so is 1 more)" in " ".join(repository.run("plan", code=1).split())


def test_nobody_seals_what_somebody_else_took_out(thrice):
    """A run that was begun when all was there does not name anew a store of which something was taken out since."""
    repository, (*_, held) = thrice
    clone = repository.clone()
    mirror = Mirror(clone / ".groupsync", clone, GitStore(clone, "origin", REF), "the ref", Sealer([KEY]))
    mirror.fetch()
    name = min(each for each in held if each.endswith(".jsonl"))
    repository.put({name: None})
    (clone / ".groupsync/runs/20991231T000000Z-00000000.jsonl").write_bytes(b"{}\n")
    with pytest.raises(StoreError, match="is not as groupsync left it") as caught:
        mirror.send()
    assert f"`{name}` is gone" in caught.value.detail
    assert held[MANIFEST] == repository.held()[MANIFEST]


def test_a_ref_of_before_there_was_a_manifest_gets_one_with_the_next_run(repository, monkeypatch):
    """What an earlier groupsync wrote is read; from then on the ref can't be made to look as if that had written it."""
    repository.run("apply", "--yes")
    held = {name: data for name, data in repository.held().items() if name != MANIFEST}
    with monkeypatch.context() as patch:
        opened = {name: opened_as(name, data) for name, data in held.items()}
        patch.setattr("groupsync.journal_sealing._PREFIX", b"gs1:")
        held = {name: sealed_as(name, data) for name, data in opened.items()}
    assert all(data.startswith(b"gs1:") for data in held.values())
    repository.put({MANIFEST: None, **held})
    assert 1 == repository.run("history").count("applied")
    repository.merge(listed(staff=["di@example.com"]))
    repository.run("apply", "--yes")
    assert MANIFEST in repository.held()
    assert 2 == repository.run("history").count("applied")
    repository.put({MANIFEST: None})
    assert "its manifest is gone" in " ".join(repository.run("plan", code=1).split())


def opened_as(name, data):
    sealer = Sealer([KEY])
    if name.endswith(".plan"):
        return sealer.open_all(name, data)
    return b"".join(sealer.open(name, number, line) for number, line in enumerate(data.splitlines(keepends=True), 1))


def sealed_as(name, data):
    sealer = Sealer([KEY])
    return sealer.seal_all(name, data) if name.endswith(".plan") else sealer.seal(name, 1, data)


def test_a_plan_that_somebody_cut_is_refused(repository):
    """It was sealed as a whole."""
    repository.run("apply", "--yes")
    plan = next(name for name in repository.held() if name.endswith(".plan"))
    data = repository.held()[plan]
    repository.put({plan: data[:-20]})
    assert "is not whole" in repository.run("undo", "last", "--yes", code=1)
    repository.put({plan: b""})
    assert "is not encrypted" in repository.run("undo", "last", "--yes", code=1)


def test_a_plan_in_the_clear_is_refused_whatever_it_says_of_itself(nameless):
    """Without a key none is ever sent: who may push can't hand out what an undo or a resume would do."""
    clone = nameless.clone()
    nameless.run("apply", "--yes", clone=clone)
    plan = next((clone / ".groupsync/runs").glob("*.plan"))
    header, *rest = plan.read_bytes().splitlines(keepends=True)
    said = json.dumps({**json.loads(header), "withheld": True}).encode() + b"\n"
    nameless.put({f"runs/{plan.name}": said + b"".join(rest)})
    for command in (["undo", "last", "--yes"], ["apply", "--resume", "--yes"], ["plan"]):
        told = " ".join(nameless.run(*command, code=1).split())
        assert f"`runs/{plan.name}` in the journal's store is not as groupsync writes it" in told


def test_what_is_none_of_ours_in_the_ref_becomes_no_file(repository):
    """Names that lead elsewhere, or mean nothing here, are left alone; also when we write."""
    repository.put({"runs/notes.txt": b"x", "other/20261130T000000Z-00000000.jsonl": b"x", "locks/x": b"x"})
    clone = repository.clone()
    repository.run("apply", "--yes", clone=clone)
    assert {".gitignore", "runs", "store.json"} == {each.name for each in (clone / ".groupsync").iterdir()}
    assert 2 == len(list((clone / ".groupsync/runs").iterdir()))
    assert b"x" == repository.held()["runs/notes.txt"]


# --- Ledgers and locks ------------------------------------------------------------------------------------------------


class Markless:
    """Runners beside a target that holds neither marks nor locks; each command is typed in a fresh clone."""

    def __init__(self, repository, monkeypatch):
        self.repository = repository
        self.monkeypatch = monkeypatch
        self.store = MemoryStore.named(str(repository.folder))
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)

    def __call__(self, *arguments, code=0, clone=None):
        self.monkeypatch.chdir(clone or self.repository.clone())
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            assert code == run(arguments), said.getvalue()
        return said.getvalue()

    def members(self):
        return {name: sorted(group.members.load()) for name, group in self.store.groups.items()}


@pytest.fixture
def markless(tmp_path, monkeypatch):
    can = "ownership: false, locks: false, owns: {ledger: ledgers/there.jsonl}"
    target = f"{{plugin: memory, store: '{tmp_path}', {can}}}"
    config = CONFIG.replace("{plugin: file, path: state/}", target)
    return Markless(Repository(tmp_path, {"groupsync.yaml": config, **listed(**SMALL)}), monkeypatch)


def test_a_ledger_is_known_to_every_runner(markless):
    """What was applied there, drift, and a definition that is gone: as with marks, though no clone keeps the file."""
    markless("apply", "--yes")
    assert "No changes" in markless("plan", "--detailed-exitcode")
    assert {"ledgers/ledgers%2Fthere.jsonl"} == {name for name in markless.repository.held() if "ledgers" in name}
    assert b"beta" not in markless.repository.held()["ledgers/ledgers%2Fthere.jsonl"]
    markless.store.put(Group("staff", members=Members.of(["zoe@example.com"])))
    assert "1 of 2 groups" in markless("drift", "--detailed-exitcode", code=2)
    markless("apply", "--yes")
    markless.repository.merge({"groups/staff.yaml": None})
    markless("apply", "--yes")
    assert {"beta": sorted(SMALL["beta"])} == markless.members()


def test_a_ledger_of_the_project_begins_the_one_in_the_store(markless):
    """What was recorded before the journal had a store is not forgotten."""
    config = (markless.repository.work / "groupsync.yaml").read_text()
    markless.repository.merge({"groupsync.yaml": re.sub("journal: .*", "", config)})
    clone = markless.repository.clone()
    markless("apply", "--yes", clone=clone)
    ledger = (clone / "ledgers/there.jsonl").read_text()
    markless.repository.merge({"groupsync.yaml": config, "ledgers/there.jsonl": ledger, "groups/staff.yaml": None})
    assert "delete staff" in markless("plan")
    markless("apply", "--yes")
    markless.repository.merge({"ledgers/there.jsonl": None})
    assert "No changes" in markless("plan")
    assert b"gs2:" == markless.repository.held()["ledgers/ledgers%2Fthere.jsonl"][:4]


def test_a_lock_that_is_held_elsewhere_is_told_and_can_be_broken(markless):
    """Two runners never write to one target at once."""
    clone = markless.repository.clone()
    config = load_config(clone / "groupsync.yaml")
    with open_targets(config, Plugins.discover(), to_write=True) as backends:
        lock = lock_of(config, "local", backends["local"])
        lock.lock(600)
        assert "`local` is locked" in markless("apply", "--yes", code=1)
        assert "held by" in markless("lock", "status")
        assert {} == markless.members()
        markless("lock", "break", "--yes")
    markless("apply", "--yes")
    assert "locks" not in "".join(markless.repository.held())


# --- When something goes wrong ----------------------------------------------------------------------------------------


def test_a_remote_that_takes_nothing_stops_before_anything_is_changed(repository):
    """The run is in the store before its first write, or there is none."""
    hook = repository.remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho no room\nexit 1\n")
    hook.chmod(0o755)
    clone = repository.clone()
    told = repository.run("apply", "--yes", code=1, clone=clone)
    assert "no room" in told
    assert not (repository.folder / "state/groups").exists()
    assert [] == list((clone / ".groupsync/runs").iterdir())
    repository.run("plan")


def test_a_run_that_could_not_be_sent_to_its_end_is_sent_by_the_next_one(repository, monkeypatch, capsys):
    """The folder keeps it; elsewhere it looks cut short until then, and can be gone on with."""
    from groupsync.journal_sender import Sender

    clone = repository.clone()
    monkeypatch.chdir(clone)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with monkeypatch.context() as patch:
        patch.setattr(
            Sender, "_send", lambda self, _=(): setattr(self, "_error", StoreError("gone", "no way")) or False
        )
        patch.setattr("groupsync.journal_sender._PAUSES_SECONDS", ())
        with repository.state_in(clone):
            assert 4 == run(["apply", "--yes"])
    assert "warning[GS630]" in capsys.readouterr().err
    told = repository.run("apply", "--resume", "--yes")
    assert "2 of which turn out to be done" in told
    repository.merge(listed(staff=["di@example.com"]))
    git(clone, "pull", "--quiet")
    repository.run("apply", "--yes", clone=clone)
    told = repository.run("history")
    assert "cut short" not in told
    assert 3 == len(re.findall(r"^\d{8}T", told, re.MULTILINE))


def test_a_ref_that_was_deleted_is_made_again_from_a_folder_that_has_it(repository):
    """And forgotten by a runner that has nothing."""
    clone = repository.clone()
    repository.run("apply", "--yes", clone=clone)
    git(repository.remote, "update-ref", "-d", REF)
    assert "Nothing was applied" in repository.run("undo", "last", code=1)
    assert "applied" in repository.run("history", clone=clone)
    repository.merge(listed(staff=["di@example.com"]))
    git(clone, "pull", "--quiet")
    repository.run("apply", "--yes", clone=clone)
    assert 2 == repository.run("history").count("applied")


def test_a_ref_that_was_put_back_is_told_and_made_good_by_a_folder_that_knows_more(repository):
    """Others forget the oldest runs, never the newest: those that are missing are kept here, and sent again."""
    clone = repository.clone()
    repository.run("apply", "--yes", clone=clone)
    earlier = repository.held()
    repository.merge(listed(staff=["di@example.com"]))
    git(clone, "pull", "--quiet")
    repository.run("apply", "--yes", clone=clone)
    repository.put(dict.fromkeys(repository.held()) | earlier)
    told = repository.run("history", clone=clone)
    assert "warning[GS631]: The journal's store lacks 1 run that it had" in told
    assert 2 == told.count("applied")
    assert 1 == repository.run("history").count("applied")
    repository.merge(listed(staff=["eve@example.com"]))
    git(clone, "pull", "--quiet")
    repository.run("apply", "--yes", clone=clone)
    assert 3 == repository.run("history").count("applied")


def test_another_remote_takes_nothing_from_a_folder(repository, tmp_path):
    """For as long as the clone's remote is another one its copy is left alone."""
    clone = repository.clone()
    repository.run("apply", "--yes", clone=clone)
    git(tmp_path, "init", "--quiet", "--bare", tmp_path / "other.git")
    url = git(clone, "remote", "get-url", "origin").strip()
    git(clone, "remote", "set-url", "origin", str(tmp_path / "other.git"))
    assert "applied" in repository.run("history", clone=clone)
    git(clone, "remote", "set-url", "origin", url)
    repository.run("undo", "last", "--yes", clone=clone, code=3)


def test_a_project_in_a_folder_of_the_repository_remembers_as_well(tmp_path):
    """Runs of others in the same ref stay, too."""
    files = {"groupsync.yaml": CONFIG, **listed(**SMALL)}
    repository = Repository(tmp_path, {f"shop/{name}": text for name, text in files.items()})
    repository.put({"runs/notes.txt": b"x"})

    def typed(*arguments):
        clone = repository.clone()
        with repository.state_in(clone / "shop"):
            done = subprocess.run(
                [sys.executable, "-m", "groupsync", *arguments],
                cwd=clone / "shop",
                env={"PATH": os.environ["PATH"], **ENVIRONMENT},
                capture_output=True,
                text=True,
                check=False,
            )
        assert 0 == done.returncode, done.stderr
        return done.stdout

    typed("apply", "--yes")
    repository.merge({f"shop/{name}": text for name, text in listed(staff=["di@example.com"]).items()})
    typed("apply", "--yes")
    assert 2 == typed("history").count("applied")
    assert b"x" == repository.held()["runs/notes.txt"]


def test_a_folder_without_a_repository_or_remote_is_told_what_it_lacks(tmp_path, repository):
    """And what to do."""
    clone = repository.clone()
    git(clone, "remote", "rename", "origin", "upstream")
    told = repository.run("plan", code=1, clone=clone)
    assert "This clone has no remote `origin`, where the journal is kept" in told
    assert "It has upstream." in told
    shutil.rmtree(clone / ".git")
    assert "is in no git repository" in " ".join(repository.run("plan", code=1, clone=clone).split())


def test_old_runs_go_from_the_ref_as_well(repository):
    """As many are kept as the config says, and what goes is in no history."""
    repository.merge({"groupsync.yaml": CONFIG.replace("store: git", "store: git, keep: 2")})
    for number in range(4):
        repository.merge(listed(staff=[f"p{number}@example.com"]))
        repository.run("apply", "--yes")
    runs = {name[:30] for name in repository.held() if name.startswith("runs/")}
    assert 2 == len(runs)
    assert 2 == repository.run("history").count("applied")


# --- Several at once --------------------------------------------------------------------------------------------------


def test_eight_runners_at_once_lose_no_run(tmp_path):
    """Each applies to a target of its own; whoever comes second is judged again, and goes on."""
    targets = "".join(f"  t{number}: {{plugin: file, path: state/{number}}}\n" for number in range(8))
    config = CONFIG.replace("  local: {plugin: file, path: state/}\n", targets)
    repository = Repository(tmp_path, {"groupsync.yaml": config, **listed(**SMALL)})
    clones = [repository.clone() for _ in range(8)]

    def apply(number):
        return subprocess.run(
            [sys.executable, "-m", "groupsync", "apply", "--yes", "-t", f"t{number}"],
            cwd=clones[number],
            env={"PATH": os.environ["PATH"], **ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
        )

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(apply, range(8)))
    assert [0] * 8 == [each.returncode for each in done], [each.stderr for each in done]
    told = repository.run("history", "--format", "json")
    runs = json.loads(told)["runs"]
    assert {f"t{number}" for number in range(8)} == {target for run in runs for target in run["targets"]}
    assert all(run["finished_at"] for run in runs)


def test_one_of_eight_takes_a_lock(repository, monkeypatch):
    """Elsewhere, too, it is held until it is given back."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    slots = [StoreSlot(GitStore(repository.clone(), "origin", REF), "locks/a.lock", Sealer([KEY])) for _ in range(8)]
    leases = [Lease(slot, "crm") for slot in slots]

    def take(lease):
        try:
            return lease.lock(600)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is told
            return error

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, leases))
    held = [each for each in taken if not isinstance(each, Exception)]
    assert 1 == len(held)
    assert all("is locked" in str(each) for each in taken if isinstance(each, Exception))
    winner = leases[taken.index(held[0])]
    assert held[0].token == winner.lock(600).token
    winner.unlock(held[0])
    assert leases[0].lock_status() is None
    assert "locks/a.lock" not in repository.held()


def test_a_lock_of_another_key_is_told_and_can_be_broken(repository, monkeypatch):
    """As after a key was replaced while a run was lost, or where somebody put something there."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    store = GitStore(repository.clone(), "origin", REF)
    ours, other = (Lease(StoreSlot(store, "locks/a.lock", Sealer([key])), "crm") for key in (KEY, KEY[::-1]))
    other.lock(600)
    for ask in (ours.lock_status, lambda: ours.lock(600)):
        with pytest.raises(BackendError, match="sealed with another key"):
            ask()
    assert ours.break_lock() is None
    assert "locks/a.lock" not in repository.held()
    assert ours.break_lock() is None
    ours.lock(600)


# --- What the config says ---------------------------------------------------------------------------------------------

WRONG = {
    "{store: git, ref: refs/heads/main}": "refs/groupsync/",
    "{store: git, ref: refs/groupsync/../heads/main}": "refs/groupsync/",
    "{store: git, remote: 'https://example.com/x.git'}": "the name of a remote",
    "{store: git, remote: --upload-pack=x}": "the name of a remote",
    "{store: git, key: a key that is written here}": "${env:GROUPSYNC_JOURNAL_KEY}",
    "{store: git, ref: refs/groupsync/a.lock}": "refs/groupsync/",
    "{store: Git}": "Write `git`",
    "{store: GIT/}": "Write `git`",
    "{ref: refs/groupsync/x}": "goes only with `store: git`",
    "{store: .groupsync, key: '${env:X}'}": "goes only with `store: git`",
    "{store: a, path: b}": "names two folders",
    "{store: ../a}": "does not lie inside the project",
    "{store: git, path: /tmp}": "does not lie inside the project",
}


@pytest.mark.parametrize("written", WRONG)
def test_a_store_that_can_not_be_is_told_at_its_place(repository, written):
    """A branch is never a journal, an address never a remote, a key never written down."""
    clone = repository.clone()
    config = (clone / "groupsync.yaml").read_text()
    (clone / "groupsync.yaml").write_text(re.sub(r"journal: .*", f"journal: {written}", config))
    told = repository.run("validate", code=1, clone=clone)
    assert WRONG[written] in told
    assert "groupsync.yaml:6" in told
