"""The ref of a remote as a store: laws that every store of the journal keeps, and what is git's own."""

from __future__ import annotations

import threading

import pytest

from groupsync.journal_git import GitStore
from groupsync.journal_store import Append, Delete, Replace, StoreError, StoreMovedError
from tests.clones import ENVIRONMENT, git

REF = "refs/groupsync/journal"


@pytest.fixture
def remote(tmp_path, monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    git(tmp_path, "init", "--quiet", "--bare", tmp_path / "remote.git")
    return tmp_path / "remote.git"


@pytest.fixture
def opened(remote, tmp_path):
    """Open the store in a clone of its own."""
    numbers = iter(range(1000))

    def store(ref=REF, **how):
        clone = tmp_path / f"clone-{next(numbers)}"
        git(tmp_path, "clone", "--quiet", f"file://{remote}", clone)
        return GitStore(clone, "origin", ref, **{"sleep": lambda _: None} | how)

    return store


def text_of(store, name):
    return store.read({name: store.names()[name]})[name]


def test_a_store_that_nobody_wrote_to_holds_nothing(opened):
    """A ref that is not there is a store without names."""
    assert {} == opened().names()


def test_what_one_clone_writes_another_reads(opened):
    """Versions that a write returns are those that others see."""
    one, other = opened(), opened()
    made = one.write([Append("runs/a.jsonl", b"1\n", None), Replace("locks/b.lock", b"x", None)])
    assert made == other.names()
    assert {"runs/a.jsonl": b"1\n", "locks/b.lock": b"x"} == other.read(made)


def test_appending_keeps_what_is_there(opened):
    """What is added stands behind what was there, in the version that was named."""
    one, other = opened(), opened()
    first = one.write([Append("a", b"1\n", None)])["a"]
    second = other.write([Append("a", b"2\n", first)])["a"]
    assert b"1\n2\n" == text_of(one, "a")
    with pytest.raises(StoreMovedError):
        one.write([Append("a", b"3\n", first)])
    assert {"a": second} == one.names()


@pytest.mark.parametrize(
    "edit", [Replace("a", b"2", None), Replace("a", b"2", "0" * 40), Append("a", b"2", None), Delete("a", "0" * 40)]
)
def test_an_edit_of_what_others_changed_is_refused_and_nothing_is_done(opened, edit):
    """Neither that edit nor those that came with it."""
    one = opened()
    made = one.write([Replace("a", b"1", None)])
    with pytest.raises(StoreMovedError, match="is not as it was read"):
        one.write([Replace("b", b"1", None), edit])
    assert made == opened().names()


def test_an_edit_that_is_done_already_is_done(opened):
    """As after an answer that was lost: the same edit once more changes nothing."""
    one = opened()
    made = one.write([Replace("a", b"1", None)])
    assert made == one.write([Replace("a", b"1", None)])
    one.write([Delete("a", made["a"])])
    assert {} == one.write([Delete("a", made["a"])])
    assert {} == one.names()


def test_a_check_sees_what_is_there_right_before(opened):
    """What it raises stops the edit."""
    one, other, seen = opened(), opened(), []
    one.names()
    other.write([Append("a", b"1", None)])

    def refuse(names):
        seen.append(sorted(names))
        if names:
            raise LookupError

    with pytest.raises(LookupError):
        one.write([Append("b", b"1", None)], check=refuse)
    assert ["a"] == seen[-1]
    assert {"a"} == opened().names().keys()


def test_what_goes_along_is_made_of_what_is_there_each_time(opened):
    """Where others were first it is asked again, with what they left; what it raises stops the edit."""
    one, other, seen = opened(), opened(), []
    one.names()
    theirs = other.write([Append("a", b"1", None)])

    def count(held, after):
        seen.append((sorted(held), sorted(after)))
        return Replace("count", b"%d" % len(after), held.get("count"))

    made = one.write([Append("b", b"1", None)], also=count)
    assert [([], ["b"]), (["a"], ["a", "b"])] == seen
    assert {"b"} == made.keys()
    store = opened()
    assert b"2" == store.read(store.names())["count"]

    one.names()
    one.write([Delete("a", theirs["a"])], also=count)
    assert (["a", "b", "count"], ["b", "count"]) == seen[-1]

    def refuse(held, after):
        raise LookupError

    with pytest.raises(LookupError):
        one.write([Append("c", b"1", None)], also=refuse)
    assert {"b", "count"} == opened().names().keys()


def test_of_eight_who_race_none_is_lost(opened):
    """Each clone adds to a file of its own and to none of the others'; and just one takes what all want."""
    stores = [opened(sleep=threading.Event().wait) for _ in range(8)]
    start, won = threading.Barrier(8), []

    def race(number):
        start.wait()
        version = None
        for line in range(3):
            name = f"runs/{number}.jsonl"
            version = stores[number].write([Append(name, f"{line}\n".encode(), version)])[name]
        try:
            stores[number].write([Replace("locks/a.lock", b"%d" % number, None)])
            won.append(number)
        except StoreMovedError:
            pass

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = opened()
    data = store.read(store.names())
    assert {f"runs/{number}.jsonl": b"0\n1\n2\n" for number in range(8)} == {
        name: each for name, each in data.items() if name.startswith("runs/")
    }
    assert 1 == len(won)
    assert b"%d" % won[0] == data["locks/a.lock"]


def test_what_is_deleted_is_in_no_history(opened, remote):
    """The ref's commit has no parents."""
    one = opened()
    made = one.write([Replace("a", b"secret", None)])
    one.write([Delete("a", made["a"]), Replace("b", b"1", None)])
    assert 1 == len(git(remote, "rev-list", "--all").split())
    assert "b" == git(remote, "ls-tree", "-r", "--name-only", REF).strip()


def test_the_clone_is_left_as_it_was(opened, tmp_path):
    """No branch, no tag, no ref, no index and no file of the working copy comes or changes."""
    one = opened()
    clone = one._root
    one.write([Replace("runs/a", b"1", None)])
    opened().write([Replace("runs/b", b"2", None)])
    one.names()
    assert "" == git(clone, "for-each-ref")
    assert "" == git(clone, "status", "--porcelain")
    assert {".git"} == {each.name for each in clone.iterdir()}
    assert not (clone / ".git/FETCH_HEAD").exists()


def test_a_shallow_clone_without_blobs_and_one_whose_hooks_refuse_do_as_well(remote, tmp_path, opened):
    """As runners have them; hooks are for people's pushes."""
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", f"file://{remote}", work)
    git(work, "commit", "--quiet", "--allow-empty", "--message", "one")
    git(work, "push", "--quiet", "origin", "HEAD:main")
    git(remote, "config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--filter=blob:none", "--branch=main", f"file://{remote}", partial)
    hook = partial / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    opened().write([Replace("a", b"1", None)])
    store = GitStore(partial, "origin", REF)
    assert b"1" == text_of(store, "a")
    store.write([Append("a", b"2", store.names()["a"])])
    assert b"12" == text_of(opened(), "a")


def test_another_ref_whose_name_ends_alike_is_another_one(opened, remote, tmp_path):
    """Git lists refs by the end of their names."""
    git(tmp_path, "clone", "--quiet", f"file://{remote}", tmp_path / "work")
    git(tmp_path / "work", "commit", "--quiet", "--allow-empty", "--message", "one")
    git(tmp_path / "work", "push", "--quiet", "origin", f"HEAD:refs/heads/{REF}")
    assert {} == opened().names()


def test_a_remote_that_is_not_there_is_told(tmp_path, opened, remote):
    """With what git says, and what to look at."""
    one = opened()
    remote.rename(tmp_path / "away")
    with pytest.raises(StoreError, match="can't be read") as told:
        one.names()
    assert "refs/groupsync/journal" in told.value.detail


def test_a_remote_that_refuses_the_ref_is_told_and_not_asked_for_ever(opened, remote):
    """A hook of the server that declines is no race."""
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'refs/groupsync is not allowed here'\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(StoreError, match="can't be written") as told:
        opened().write([Replace("a", b"1", None)])
    assert "not allowed here" in told.value.detail


@pytest.mark.parametrize(
    "address",
    [
        "http://bot:hunter2@127.0.0.1:9/x.git",
        "http://b:hun@ter/hunter2@127.0.0.1:9/x",
        "http://127.0.0.1:9/?key=hunter2",
    ],
)
def test_credentials_in_an_address_are_not_told(tmp_path, address):
    """Neither by us nor by what git quotes."""
    git(tmp_path, "init", "--quiet", tmp_path / "clone")
    git(tmp_path / "clone", "remote", "add", "origin", address)
    store = GitStore(tmp_path / "clone", "origin", REF)
    with pytest.raises(StoreError) as told:
        store.names()
    assert "hunter2" not in told.value.detail
    assert "hunter2" not in store.place()


def test_a_remote_that_is_stuck_is_no_race(opened, remote):
    """Where nobody moved the ref nobody was first: what git says is told, after a few tries."""
    (remote / "refs/groupsync").mkdir(parents=True)
    (remote / "refs/groupsync/journal.lock").write_text("")
    with pytest.raises(StoreError) as told:
        opened().write([Replace("a", b"1", None)])
    assert "others were first" not in told.value.detail
    assert "lock" in told.value.detail


def test_others_who_are_always_first_end_in_an_error(opened):
    """Tries are bounded."""
    one, other = opened(), opened()
    push, counter = one._push, iter(range(1000))

    def overtaken(commit, tip):
        other.write([Replace(f"other-{next(counter)}", b"1", None)])
        return push(commit, tip)

    one._push = overtaken
    with pytest.raises(StoreError, match="can't be written") as told:
        one.write([Replace("a", b"1", None)])
    assert "others were first" in told.value.detail


def test_a_write_after_a_look_takes_one_call_of_the_remote(opened, monkeypatch):
    """Each call of a far remote takes a second: the tip that was seen is not asked for, and an old one is noticed."""
    one, other, calls = opened(), opened(), []
    asked = GitStore._ask

    def counted(self, *arguments, **more):
        if self is one and arguments[0] in {"ls-remote", "fetch", "push"}:
            calls.append(arguments[0])
        return asked(self, *arguments, **more)

    monkeypatch.setattr(GitStore, "_ask", counted)
    one.names()
    version = one.write([Append("a", b"1", None)])["a"]
    version = one.write([Append("a", b"2", version)])["a"]
    assert ["ls-remote", "push", "push"] == calls
    other.write([Replace("b", b"1", None)])
    calls.clear()
    one.write([Append("a", b"3", version)])
    assert ["push", "ls-remote", "fetch", "push"] == calls
    assert {"a": b"123", "b": b"1"} == one.read(one.names())
    moved = other.write([Replace("b", b"2", other.names()["b"])])
    one.write([Replace("b", b"3", moved["b"])])
    assert b"3" == text_of(other, "b")
