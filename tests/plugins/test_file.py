"""The file backend: both layouts keep the contract, and tell a crash, a hand edit and damage apart."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.backend import BackendContext
from groupsync.errors import BackendError, ConfigError, LockHeldError, StaleRead
from groupsync.identity import Identity
from groupsync.lease import FileSlot, Lease
from groupsync.model import Action, Group, Members, Scope
from groupsync.testing import BackendContract
from groupsync.testing.strategies import groups, states
from groupsync.testing.target import (
    IDENTITY,
    PROJECT,
    Target,
    change_of,
    creation,
    loaded,
    mark_for,
)
from groupsync_file.backend import FileBackend
from groupsync_file.document_text import format_document, parse_document
from groupsync_file.index import Entry, IndexDamaged, Record, format_entry, format_header, parse_index

ADA, BOB, CY = "ada@example.com", "bob@example.com", "cy@example.com"
DOCUMENTS = ["state.yaml", "state.json"]


class TestFolderContract(BackendContract):
    """The layout `state/` keeps the contract."""

    two_stores: ClassVar = ({"path": "state/"}, {"path": "other"}, {"path": "../state"})

    @pytest.fixture
    def make_backend(self, context):
        return lambda: FileBackend.from_options({"path": "state/"}, context)


class TestYamlContract(BackendContract):
    """The layout `state.yaml` keeps the contract."""

    two_stores: ClassVar = ({"path": "state.yaml"}, {"path": "state.yml"})

    @pytest.fixture
    def make_backend(self, context):
        return lambda: FileBackend.from_options({"path": "state.yaml"}, context)


class TestJsonContract(BackendContract):
    """The layout `state.json` keeps the contract."""

    @pytest.fixture
    def make_backend(self, context):
        return lambda: FileBackend.from_options({"path": "kept/state.json"}, context)


@pytest.fixture
def root(tmp_path):
    return tmp_path


@pytest.fixture
def connect(root):
    """Return a new backend of the project; `identity` as in the config."""

    def connected(path="state/", identity=Identity()):  # noqa: B008 - a frozen value
        context = BackendContext(root, PROJECT, "local", identity.canonical, identity.rule)
        return FileBackend.from_options({"path": path}, context)

    return connected


@pytest.fixture
def target(connect):
    target = Target(connect)
    yield target
    target.close()


@pytest.fixture
def member_file(root):
    return lambda name: root / "state/groups" / f"{name}.txt"


@pytest.fixture
def index(root):
    return root / "state/index.jsonl"


def names_in(index):
    return [json.loads(line).get("name") for line in index.read_text().splitlines()[1:]]


# The folder, as people see it


def test_a_folder_that_was_never_written_reads_as_empty_and_stays_away(root, connect):
    """Looking leaves no trace on the disk."""
    backend = connect()

    assert () == backend.read(Scope()).groups
    backend.close()
    assert [] == list(root.iterdir())


def test_the_folder_is_plain_text_that_git_can_show(target, index, member_file):
    """A member file is the sorted addresses, one a line; the index has a line a group, sorted, after the run."""
    target.create("b", [CY, ADA], display_name="Bé")
    target.create("a", [BOB])
    target.close()

    assert f"{ADA}\n{CY}\n" == member_file("b").read_text()
    assert ["a", "b"] == names_in(index)
    assert '"display_name": "Bé"' in index.read_text()


def test_the_files_do_not_tell_how_they_came_about(tmp_path, connect):
    """The same groups give the same bytes, whatever was done and undone on the way."""
    target = Target(lambda: connect("straight/"))
    target.create("a", [ADA])
    target.create("b", [BOB])
    target.close()
    target = Target(lambda: connect("roundabout/"))
    target.create("b", [CY, BOB])
    target.create("x")
    target.create("a", [ADA])
    target.backend.apply(change_of(target.group("b"), remove=[CY]))
    target.backend.apply(change_of(target.group("x"), Action.DELETE))
    target.close()
    files = [
        {path.relative_to(top): path.read_bytes() for path in top.rglob("*") if path.is_file()}
        for top in (tmp_path / "straight", tmp_path / "roundabout")
    ]

    assert files[0] == files[1]


def test_reading_alone_writes_nothing(root, connect, target):
    """A plan leaves every file, and its time, as it is, even where the index is not tidy."""
    target.create("b", [ADA])
    target.create("a", [BOB])
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    backend = connect()
    for group in backend.read(Scope()).groups:
        loaded(group)
    backend.close()

    assert before == {path: path.stat().st_mtime_ns for path in root.rglob("*")}


def test_committing_one_group_costs_the_same_among_many(target, monkeypatch):
    """What is written for one commit does not grow with the number of groups."""
    written = []
    real = os.write

    def counting(descriptor, data):
        written.append(len(data))
        return real(descriptor, data)

    for number in range(100):
        target.backend.apply(creation(f"group-{number:03}", [ADA]))
    monkeypatch.setattr(os, "write", counting)
    costs = []
    for name in ("group-000", "group-099"):
        written.clear()
        target.backend.apply(change_of(target.group(name), add=[BOB]))
        costs.append((len(written), sum(written)))
    monkeypatch.undo()

    assert costs[0] == costs[1]
    assert costs[0][0] == 2
    assert costs[0][1] < 2000


def test_the_mode_of_a_file_is_kept(target, member_file):
    """A member file that only its owner may read stays so."""
    group = target.create("a", [ADA])
    member_file("a").chmod(0o600)
    target.backend.apply(change_of(group, add=[BOB]))

    assert 0o600 == stat.S_IMODE(member_file("a").stat().st_mode)


# Hand edits


@pytest.mark.parametrize("text", [f"{BOB}\n{ADA}\n", f"\ufeff{ADA}\r\n\r\nBOB@Example.com", f"  {ADA}\n{ADA}\n{BOB}"])
def test_a_hand_edit_is_read_leniently_and_shows_as_drift(target, member_file, text):
    """Order, spelling, blank lines and repeats don't matter; the mark still tells what was applied."""
    target.create("a", [ADA])
    member_file("a").write_text(text)
    group = target.group("a")

    assert {ADA, BOB} == loaded(group)
    assert mark_for([ADA]) == group.mark
    assert Members.of([ADA, BOB]).digest == group.members.digest


def test_a_hand_edit_moves_the_revision(target, member_file):
    """A plan made before the edit is stale."""
    group = target.create("a", [ADA])
    member_file("a").write_text(f"{ADA}\n{BOB}\n")

    assert group.revision != target.group("a").revision


def test_applying_mends_a_hand_edit(target, member_file):
    """The next commit writes the file in canonical form."""
    target.create("a", [ADA])
    member_file("a").write_text(f"{CY}\n{ADA.upper()}")
    target.backend.apply(change_of(target.group("a"), remove=[CY]))

    assert f"{ADA}\n" == member_file("a").read_text()
    assert target.group("a").members.known_digest == mark_for([ADA]).digest


def test_members_read_for_a_plan_that_change_before_they_are_loaded_are_stale(target, member_file):
    """The names that a plan shows are those that its digests were taken of."""
    group = target.create("a", [ADA])
    member_file("a").write_text(f"{BOB}\n")
    with pytest.raises(StaleRead):
        group.members.load()


def test_a_member_file_alone_is_a_group_that_nobody_manages(target, member_file):
    """Without a line in the index there is no mark, and nothing is touched."""
    target.create("a", [ADA])
    member_file("x").write_text(f"{BOB}\n")
    group = target.group("x")

    assert ({BOB}, None, None) == (set(loaded(group)), group.mark, group.id)


def test_without_its_index_every_group_is_unmanaged(target, index):
    """Losing the index never makes a group look deleted or new."""
    target.create("a", [ADA])
    index.unlink()

    assert (None, {ADA}) == (target.group("a").mark, set(loaded(target.group("a"))))


def test_files_with_odd_names_are_ignored_and_said(target, member_file, connect):
    """A file that no group can be named after gives a warning with its path; other files are none of ours."""
    target.create("a", [ADA])
    member_file("Not A Name").write_text(f"{BOB}\n")
    (member_file("a").parent / "README.md").write_text("about this folder")
    snapshot = connect().read(Scope())

    assert ["a"] == [group.name for group in snapshot.groups]
    assert [("GS702", "state/groups/Not A Name.txt")] == [
        (found.code, str(found.subject)) for found in snapshot.diagnostics
    ]


def test_a_changed_identity_rule_trusts_no_recorded_digest(target, connect):
    """Text that was canonical under another rule is made canonical again."""
    target.close()
    preserving = Target(lambda: connect(identity=Identity(case="preserve")))
    preserving.create("a", ["Ada@example.com", "ada@example.com"])
    preserving.close()
    group = target.group("a")

    assert (None, {ADA}) == (group.members.known_digest, set(loaded(group)))


def test_only_the_last_commit_can_be_in_doubt(target, member_file):
    """Bytes of before a commit that was followed by another are a hand edit, not a crash, though nobody tidied up."""
    group = target.create("a", [ADA])
    target.backend.apply(change_of(group, add=[BOB]))
    target.create("b")
    member_file("a").write_text(f"{ADA}\n")

    assert mark_for([ADA, BOB]) == target.group("a").mark
    assert {ADA} == loaded(target.group("a"))


# Damage


def damage_by_removing(path):
    path.unlink()


def damage_by_a_folder(path):
    path.unlink()
    path.mkdir()


def damage_by_a_link_out(path):
    outside = path.parents[3] / "elsewhere.txt"
    outside.write_text("bob@example.com\n")
    path.unlink()
    path.symlink_to(outside)


def damage_by_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def damage_by_a_line(path):
    path.write_text("ada@example.com\nnobody\n")


def damage_by_bytes(path):
    path.write_bytes(b"ada@example.com\n\xff\xfe\n")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (damage_by_removing, r"a\.txt is missing"),
        (damage_by_a_folder, r"a\.txt can't be read: not a regular file"),
        (damage_by_a_link_out, r"a\.txt can't be read: Too many levels of symbolic links"),
        (damage_by_a_pipe, r"a\.txt can't be read: not a regular file"),
        (damage_by_a_line, r"a\.txt:2 is no member: 'nobody': "),
        (damage_by_bytes, r"a\.txt:2 is no member: it is not UTF-8"),
    ],
)
def test_damage_is_never_an_empty_group(tmp_path, damage, words):
    """A member file that can't be read keeps its group in sight; who loads it is told which file, and what to do."""
    context = BackendContext(tmp_path / "project", PROJECT, "t", Identity().canonical, IDENTITY)
    target = Target(lambda: FileBackend.from_options({"path": "state/"}, context))
    target.create("a", [ADA])
    target.create("b", [BOB])
    damage(tmp_path / "project/state/groups/a.txt")
    found = target.groups()

    assert {BOB} == loaded(found["b"])
    with pytest.raises(BackendError, match=words) as caught:
        found["a"].members.load()
    assert caught.value.hint
    if damage not in (damage_by_a_line, damage_by_bytes):
        with pytest.raises(BackendError, match=words):
            target.backend.apply(creation("a", [CY]))


def test_names_are_never_paths(target, root):
    """A scope with names that no group can have finds nothing, and looks nowhere else."""
    (root / "secret.txt").write_text(f"{ADA}\n")
    target.create("a")

    assert () == target.snapshot("../../secret", "a/b", "..", "").groups


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("<<<<<<< HEAD", "it is not a JSON object"),
        ("[]", "it is a list, expected an object"),
        ('{"name": "x"}', "a group has no 'digest'"),
        ('{"name": "../x", "digest": "' + "0" * 64 + '"}', "is no name of a group"),
        ('{"name": "x", "digest": "' + "0" * 64 + '", "colour": 1}', "has 'colour', which this version does not know"),
        ('{"name": "x", "digest": "' + "0" * 64 + '", "name": "y"}', "it is not a JSON object"),
        ('{"name": "x", "digest": "' + "0" * 64 + '", "owners": "y"}', "its owners are 'y', expected a list"),
        ('{"groupsync_state": 2}', "it was written in format 2, and this version of groupsync knows 1"),
    ],
)
def test_a_damaged_index_stops_everything_and_says_where(target, index, line, words):
    """A line that groupsync did not write is reported with file and line; nothing is read past it or written."""
    target.create("a", [ADA])
    target.close()
    first, second = index.read_text().splitlines()
    index.write_text(f"{first}\n{line}\n{second}\n")
    before = index.read_bytes()
    with pytest.raises(BackendError, match=r"state/index\.jsonl:2") as caught:
        target.connect().read(Scope())
    assert words in str(caught.value)
    with pytest.raises(BackendError):
        target.connect().apply(creation("b", [BOB]))

    assert before == index.read_bytes()


@pytest.mark.parametrize("tail", [b'{"name": "b", "dig', b"\0\0\0\0", b"\xc3", b"{{{"])
def test_a_torn_last_line_is_passed_over_and_repaired(target, index, tail):
    """What a crash left of an append is as if it had never begun, and is gone with the next write."""
    target.create("a", [ADA])
    index.write_bytes(index.read_bytes() + tail)

    assert ["a"] == list(target.groups())
    target.create("c", [CY])
    assert tail not in index.read_bytes()
    assert ["a", "c"] == list(target.groups())


def test_a_last_line_without_its_line_break_counts(target, index):
    """An editor that leaves out the final line break loses no group."""
    target.create("a", [ADA])
    index.write_bytes(index.read_bytes().rstrip(b"\n"))
    target.create("b", [BOB])

    assert {"a": mark_for([ADA]), "b": mark_for([BOB])} == {name: group.mark for name, group in target.groups().items()}


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize(
    "text", ["", "{", "version: 1", '{"version": 2, "groups": {}}', '{"version": 1, "groups": []}', "- a", "\0",
             '{"version": 1, "groups": {"a": {"members": ["x@example.com"], "colour": 1}}}',
             '{"version": 1, "groups": {"a": {"members": "x@example.com"}}}',
             '{"version": 1, "groups": {"a": {"members": [], "members": []}}}',
             '{"version": 1, "groups": {"A": {"members": []}}}'],
)  # fmt: skip
def test_a_damaged_document_stops_everything(root, connect, path, text):
    """What groupsync did not write is damage with the file's name, never an empty target, and is not overwritten."""
    (root / path).write_text(text)
    with pytest.raises(BackendError, match=f"{path.replace('.', '[.]')}.* is damaged"):
        connect(path).read(Scope())
    with pytest.raises(BackendError):
        connect(path).apply(creation("a"))

    assert text == (root / path).read_text()


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_edited_by_hand_shows_as_drift(root, connect, path):
    """Other members under the same mark, in any spelling; one that is no identifier is damage of its group."""
    target = Target(lambda: connect(path))
    target.create("a", [ADA, BOB])
    target.create("b", [CY])
    text = (root / path).read_text()
    (root / path).write_text(text.replace(BOB, "Zoe@Example.com").replace(CY, "nobody"))
    found = target.groups()

    assert {ADA, "zoe@example.com"} == loaded(found["a"])
    assert mark_for([ADA, BOB]) == found["a"].mark
    with pytest.raises(BackendError, match="a member of `b`"):
        found["b"].members.load()


def test_a_document_that_could_not_be_read_again_is_not_written(connect, monkeypatch):
    """Past the size that a document may have, the layout with a folder is recommended."""
    monkeypatch.setattr("groupsync_file.document.MAX_BYTES", 500)
    target = Target(lambda: connect("state.yaml"))
    target.create("a", [ADA])
    with pytest.raises(BackendError) as caught:
        target.backend.apply(creation("b", [f"person-{number}@example.com" for number in range(100)]))

    assert "path: state/" in caught.value.hint
    assert ["a"] == list(target.groups())


# Paths


@pytest.mark.parametrize("path", ["../state/", "/etc/state.yaml", ".", "a/../../b", "link/state", "link"])
def test_the_state_stays_inside_the_project(tmp_path, path):
    """Neither `..` nor an absolute path nor a symbolic link leads out."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    context = BackendContext(root, PROJECT, "t", Identity().canonical, IDENTITY)
    with pytest.raises(ConfigError, match="must lie inside the project"):
        FileBackend.from_options({"path": path}, context)


@pytest.mark.parametrize(("path", "is_folder"), [("state.yaml", True), ("state", False)])
def test_a_path_that_holds_something_else_is_refused(root, connect, path, is_folder):
    """A document must not be a folder, nor a folder a file."""
    if is_folder:
        (root / path).mkdir()
    else:
        (root / path).write_text("")
    with pytest.raises(ConfigError, match="the state path"):
        connect(path)


def test_a_link_that_appears_later_is_not_followed(tmp_path):
    """The folder of member files is looked at again with every read."""
    root, outside = tmp_path / "project", tmp_path / "outside"
    outside.mkdir()
    (root / "state").mkdir(parents=True)
    context = BackendContext(root, PROJECT, "t", Identity().canonical, IDENTITY)
    backend = FileBackend.from_options({"path": "state/"}, context)
    (root / "state/groups").symlink_to(outside)
    for call in (lambda: backend.read(Scope()), lambda: backend.apply(creation("a", [ADA]))):
        with pytest.raises(BackendError, match="leads out of the project"):
            call()

    assert [] == list(outside.iterdir())


def test_an_unwritable_folder_is_a_backend_error(target, root, monkeypatch):
    """What the operating system refuses is told with the path, and leaves the state as it was."""
    target.create("a", [ADA])
    before = target.state()

    def refuse(*args, **kwargs):
        raise OSError(28, "No space left on device", "state/groups/a.txt")

    change = change_of(target.group("a"), add=[BOB])
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(BackendError, match="No space left on device"):
        target.backend.apply(change)
    monkeypatch.undo()

    assert before == target.state()
    target.backend.apply(change)
    assert {ADA, BOB} == loaded(target.group("a"))


# Several at once


@pytest.mark.parametrize("path", ["state/", *DOCUMENTS])
def test_writers_at_the_same_time_lose_nothing(connect, path):
    """Each has a backend of its own, as processes have; every commit of each is there in the end."""
    numbers = count()

    def write(writer):
        backend = connect(path)
        for _ in range(12):
            backend.apply(creation(f"group-{next(numbers)}", [ADA], display_name=f"by {writer}"))
        backend.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    assert 48 == len(connect(path).read(Scope()).groups)


def test_reading_while_others_write_sees_whole_commits(connect):
    """No reader meets a mark that belongs to other members."""
    target = Target(connect)
    target.create("a", [ADA])

    def write():
        backend = connect()
        for number in range(30):
            [group] = backend.read(Scope()).groups
            backend.apply(change_of(group, add=[f"person-{number}@example.com"]))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        backend = connect()
        while not writing.done():
            [group] = backend.read(Scope()).groups
            assert group.mark.digest == group.members.known_digest
        writing.result()


# The lock


@pytest.fixture
def clock():
    class Clock:
        now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    return Clock()


@pytest.fixture
def lease(root, clock):
    return lambda: Lease(FileSlot(root / "state/.lock"), "local", lambda: clock.now)


def test_a_lock_holds_for_its_time_and_no_longer(lease, clock, root):
    """Up to the last second it is refused with holder, time and the command that breaks it; then it is taken over."""
    first, second = lease(), lease()
    first.lock(60)
    clock.now += timedelta(seconds=60)
    with pytest.raises(LockHeldError, match="since 2026-11-24 12:00:00 UTC, for 60 seconds") as caught:
        second.lock(60)
    assert "groupsync lock break -t local" in caught.value.hint
    clock.now += timedelta(seconds=1)

    assert second.lock(60) == first.lock_status()


def test_the_lock_of_a_dead_process_is_taken_over_at_once(root, connect):
    """A run that was killed on this machine locks nobody out."""
    code = (
        "import os, sys, signal; from pathlib import Path; from groupsync.lease import FileSlot, Lease;"
        "Lease(FileSlot(Path(sys.argv[1])), 'local').lock(3600); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, root / "state/.lock"], check=False)
    backend = connect()
    left = backend.lock_status()

    assert left is not None
    assert left.is_gone
    assert left.token != backend.lock(60).token
    assert not backend.lock_status().is_gone


def test_the_lock_of_a_process_elsewhere_is_respected(lease, root):
    """Whether a process on another machine lives can't be known: only time or a person ends its lock."""
    lease().lock(60)
    path = root / "state/.lock"
    path.write_text(json.dumps({**json.loads(path.read_text()), "place": "another machine", "pid": 2**22 + 1}))
    assert not lease().lock_status().is_gone
    with pytest.raises(LockHeldError):
        lease().lock(60)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"holder": 5}'])
def test_a_damaged_lock_file_is_told_and_can_be_broken(connect, root, text):
    """It is neither ignored nor a dead end."""
    backend = connect()
    backend.lock(60)
    (root / "state/.lock").write_text(text)
    for call in (backend.lock_status, lambda: backend.lock(60)):
        with pytest.raises(BackendError, match=r"the lock file .* is damaged"):
            call()

    assert backend.break_lock() is None
    backend.lock(60)


def test_only_one_of_many_gets_an_expired_lock(lease, clock):
    """Taking over is a race that one wins."""
    lease().lock(1)
    clock.now += timedelta(hours=1)

    def attempt(_):
        try:
            return lease().lock(60).token
        except LockHeldError:
            return None

    with ThreadPoolExecutor(8) as pool:
        tokens = [token for token in pool.map(attempt, range(16)) if token]

    assert 1 == len(tokens)


# The texts, as laws


@given(states(), st.booleans())
def test_a_document_reads_back_as_it_was_written(state, is_json):
    """Any state, with any text in it, survives either document."""
    text = format_document(state.values(), is_json=is_json)
    found = parse_document(text, "state", is_json=is_json)

    assert [(group.name, sorted(group.members)) for group in state.values()] == [
        (group.name, members) for group, members in found
    ]
    assert [_bare(group) for group in state.values()] == [_bare(group) for group, _ in found]
    assert text == format_document(state.values(), is_json=is_json)


DIGESTS = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
RECORDS = st.builds(
    lambda group, digest, number: Record(_bare(group), digest, number, None if number is None else IDENTITY),
    groups(),
    DIGESTS,
    st.none() | st.integers(0, 10**9),
)
ENTRIES = st.one_of(
    RECORDS.map(lambda record: Entry(record.name, record)),
    st.builds(lambda record, before: Entry(record.name, record, False, before), RECORDS, st.none() | RECORDS),
    st.builds(lambda before: Entry(before.name, None, False, before), RECORDS),
    RECORDS.map(lambda record: Entry(record.name, record, instead_of="zz")),
    RECORDS.map(lambda record: Entry(record.name, None)),
)


@given(ENTRIES)
def test_an_index_line_reads_back_as_it_was_written(entry):
    """Whatever a group is called and described as, its line is one line and says the same."""
    line = format_entry(entry)

    assert 1 == line.count(b"\n")
    found = parse_index(format_header() + line)

    assert entry == found.last or entry.is_settled
    assert ({entry.name: entry.record} if entry.record else {}) == found.records


@given(st.lists(ENTRIES, max_size=4), st.data())
def test_an_index_cut_off_anywhere_is_an_earlier_one(entries, data):
    """A crash while appending leaves the index of some number of whole lines, never an error or something new."""
    lines = [format_header(), *map(format_entry, entries)]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    earlier = [parse_index(b"".join(lines[:number])) for number in range(len(lines) + 1)]
    found = parse_index(whole[:cut])

    assert (found.records, found.last) in [(index.records, index.last) for index in earlier]


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_of_the_index(data):
    """Anything is either an index or damage with its line."""
    try:
        found = 1 + len(parse_index(data).records)
    except IndexDamaged as error:
        found = error.line

    assert 1 <= found <= data.count(b"\n") + 1


def _bare(group: Group) -> Group:
    return Group(
        **{name: getattr(group, name) for name in ("name", "kind", "display_name", "description", "owners", "labels")},
        members=None,
        mark=group.mark,
    )
