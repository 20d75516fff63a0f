"""The journal: what it holds, what it survives, and that a run can be gone on with after a kill at any write."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from groupsync.backend import BackendContext, Step
from groupsync.config_identity import ConfigId
from groupsync.errors import ConfigError, StalePlanError
from groupsync.identity import Identity
from groupsync.journal import Journal, Purpose, RunRecorder
from groupsync.journal_read import find_run, idle_and_busy, open_runs, plan_path, read_run, read_runs, run_ids
from groupsync.memory import past_removals, past_rows, past_sizes, past_uses
from groupsync.model import (
    DOUBTED,
    Action,
    Change,
    Kind,
    Members,
    Outcome,
    PastSource,
    Removed,
    Report,
    Result,
    RunKind,
    Scope,
    SourceState,
    TargetState,
    Use,
)
from groupsync.planfile import read_plan
from groupsync_file.backend import FileBackend
from tests import clock
from tests.clones import ENVIRONMENT, git
from tests.journal_child import typed
from tests.plans import mark, people, plan_of
from tests.withholding import withhold

CHILD = Path(__file__).parent / "journal_child.py"
FORMATS = Path(__file__).parent / "formats"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROJECT = "contoso-store"
CONFIG_ID = ConfigId.of(f"{PROJECT}/groupsync.yaml")


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def change(name, action=Action.UPDATE, *, prior=10, add=2, remove=0, **more):
    """Make a change of a group of `prior` members."""
    if action is Action.CREATE:
        prior = 0
    here = {} if action in {Action.DELETE, Action.FORGET} else {"mark": mark(prior + add - remove)}
    prior_name = None if action is Action.CREATE else name
    more = {"prior_name": prior_name, **here, **more}
    added, removed = people(add, 1000), people(remove)
    return Change("local", name, action, add=added, remove=removed, prior_count=prior, **more)


class Clock:
    """A clock that moves on by a second at each look."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def journal(tmp_path):
    """Return a journal of its own, that keeps three runs."""
    return Journal(tmp_path / ".groupsync", tmp_path, keep=3, now=Clock())


def result_of(each, outcome, error=""):
    done = outcome is Outcome.APPLIED
    counts = {"added": each.add.count, "removed": each.remove.count} if done else {}
    return Result(each.target, each.name, each.action, outcome, error, attempts=1, revision="r1", **counts)


def play(journal, plan, outcomes=(), *, purpose=None, finish=True):
    """Write down a run: `outcomes` by name, None for a change that was begun and no more; the rest is not come to."""
    with journal.run(plan, purpose or Purpose()) as run:
        results = []
        for each in plan.changes:
            if each.name not in outcomes:
                continue
            run.before(each)
            if outcomes[each.name] is not None:
                results.append(result_of(each, outcomes[each.name]))
                run.after(each, results[-1])
        if finish:
            run.finish(plan, Report(plan.digest, tuple(results)))
    return run.id


def lines_of(folder, run):
    return [json.loads(line) for line in (folder / "runs" / f"{run}.jsonl").read_text().splitlines()]


# --- What is written --------------------------------------------------------------------------------------------------


def test_a_run_is_written_down_in_its_order(journal, tmp_path):
    """Header, intent and outcome of each change, what turned out otherwise, links, the end; and the plan with names."""
    a, b, c = change("a"), change("b", Action.CREATE), change("c", Action.DELETE, add=0, remove=10)
    plan = plan_of(a, b, c)
    with journal.run(plan, Purpose(allowances=("remove:c<=10@12345678",))) as run:
        run.settle(plan, [result_of(c, Outcome.REFUSED, "too many")])
        for each in (a, b):
            run.before(each)
            run.after(each, result_of(each, Outcome.APPLIED))
        results = (result_of(a, Outcome.NOT_CONVERGED), result_of(b, Outcome.APPLIED), result_of(c, Outcome.REFUSED))
        assert () == run.finish(plan, Report(plan.digest, results, interrupted=True))
    folder = tmp_path / ".groupsync"

    expected = ["header", "result", "before", "after", "before", "after", "result", "links", "end"]
    assert expected == [line["record"] for line in lines_of(folder, run.id)]
    found = find_run(folder, CONFIG_ID, run.id)
    assert {"a": "not-converged", "b": "applied", "c": "refused"} == {each.name: each.outcome for each in found.entries}
    assert (10, 12, "r1") == (found.entries[1].prior_count, found.entries[1].count, found.entries[1].revision)
    assert (plan.digest, True, RunKind.APPLY) == (found.plan_digest, found.interrupted, found.kind)
    assert (("remove:c<=10@12345678",), os.getpid()) == (found.allowances, found.pid)
    assert plan.changes == read_plan(plan_path(folder, run.id)).changes


def test_it_is_for_its_owner_alone_and_not_for_git(journal, tmp_path):
    """Folders are 0700, files 0600, and git sees nothing of it."""
    play(journal, plan_of(change("a")), {"a": Outcome.APPLIED})
    folder = tmp_path / ".groupsync"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.parent != folder}

    assert (0o700, 0o700) == (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE((folder / "runs").stat().st_mode))
    assert {0o600} == set(modes.values())
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    status = subprocess.run(["git", "-C", tmp_path, "status", "--short"], capture_output=True, text=True, check=True)
    assert "" == status.stdout


def test_ids_sort_by_time(journal, tmp_path):
    """However many runs there are in a second, their ids are in the order in which they began."""
    moment = NOW
    made = []
    for _ in range(50):
        moment += timedelta(microseconds=997)
        journal = Journal(tmp_path / ".groupsync", tmp_path, keep=100, now=lambda: moment)  # noqa: B023 -- at once
        made.append(play(journal, plan_of(change("a")), {"a": Outcome.APPLIED}))
    assert made == run_ids(tmp_path / ".groupsync")
    assert made[::-1] == [run.id for run in read_runs(tmp_path / ".groupsync", PROJECT)]


@pytest.mark.parametrize("obstacle", [".groupsync", ".groupsync/runs"])
def test_without_a_journal_nothing_begins(journal, tmp_path, obstacle):
    """What can't be written down is not done."""
    (tmp_path / obstacle).parent.mkdir(exist_ok=True)
    (tmp_path / obstacle).write_text("in the way")
    with pytest.raises(ConfigError, match="journal can't be written") as caught, journal.run(plan_of(change("a"))):
        pytest.fail("it began")
    assert "Nothing was changed" in caught.value.hint


def test_a_journal_never_leads_out_of_the_project(tmp_path):
    """A folder that is a link to elsewhere is refused."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "shop/.groupsync").mkdir(parents=True)
    (tmp_path / "shop/.groupsync/runs").symlink_to(tmp_path / "elsewhere")
    journal = Journal(tmp_path / "shop/.groupsync", tmp_path / "shop", keep=3)
    with pytest.raises(ConfigError, match="leads out of the project"), journal.run(plan_of(change("a"))):
        pytest.fail("it began")
    assert [] == list((tmp_path / "elsewhere").iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_journal_that_is_full_stops_the_run_at_the_next_change():
    """Once something could not be noted nothing more is tried, and the report says that the journal is not whole."""
    handle = os.open("/dev/full", os.O_WRONLY)
    run = RunRecorder("20261123T120000Z-00000000", handle, Clock())
    plan = plan_of(change("a"))
    run.after(plan.changes[0], result_of(plan.changes[0], Outcome.APPLIED))
    with pytest.raises(ConfigError, match="No space left"):
        run.before(plan.changes[0])
    (found,) = run.finish(plan, Report(plan.digest, ()))
    os.close(handle)
    assert ("GS611", "No space left on device") == (found.code, found.detail)


def test_a_change_whose_names_are_lost_keeps_no_other_from_being_done(journal, tmp_path):
    """Members that can't be read again when the plan is written down make their change stale, and nothing else."""

    def moved():
        raise StalePlanError("the members changed since they were planned")

    lost = replace(change("a"), add=Members(moved, count=2, digest=people(2).digest))
    other = replace(change("b"), add=Members(frozenset, count=2, digest=people(2).digest))
    plan = plan_of(lost, other, change("c"))
    with journal.run(plan) as run:
        assert {("local", "a"), ("local", "b")} == set(run.lost)
        assert {Outcome.STALE} == {result.outcome for result in run.lost.values()}
    saved = read_plan(plan_path(tmp_path / ".groupsync", run.id))
    assert ["c"] == [each.name for each in saved.changes]


# --- What is read -----------------------------------------------------------------------------------------------------


def test_a_file_that_was_cut_off_anywhere_can_be_read(journal, tmp_path):
    """A torn last line counts for nothing: every beginning of a run tells what was noted by then."""
    plan = plan_of(change("a"), change("b"))
    run = play(journal, plan, {"a": Outcome.APPLIED, "b": Outcome.FAILED})
    path = tmp_path / ".groupsync/runs" / f"{run}.jsonl"
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        found = read_run(tmp_path / ".groupsync", run)
        records = whole[:length].count(b"\n")
        assert (found is None) == (records == 0)
        if found:
            begun = sum(b'"before"' in line for line in whole[:length].split(b"\n")[:-1])
            assert (begun, None) == (len(found.entries), found.finished_at)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (2, "nonsense"),
        (2, '{"record":"before"}'),
        (2, '{"record":"header"}'),
        (3, '{"record":7}'),
        (1, '{"record":"what"}'),
        (2, '{"record":"after","at":"2026-11-23T12:00:00Z","target":"local","name":"z"}'),
        (1, '{"record":"end"}'),
    ],
)
def test_what_is_damaged_is_told_with_its_line(journal, tmp_path, line, text):
    """Only the last line may be torn; anything else that is not as it was written names file and line."""
    run = play(journal, plan_of(change("a")), {"a": Outcome.APPLIED})
    path = tmp_path / ".groupsync/runs" / f"{run}.jsonl"
    lines = path.read_text().splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match="is damaged") as caught:
        list(read_runs(tmp_path / ".groupsync", PROJECT))
    assert f"{path}:{line}" == str(caught.value.at)


def test_runs_are_named_by_parts_of_their_ids(journal, tmp_path):
    """The beginning or the last part of an id is enough, if it is one run's; `last` is the newest."""
    folder = tmp_path / ".groupsync"
    with pytest.raises(ConfigError, match="Nothing was applied yet"):
        find_run(folder, CONFIG_ID, "last")
    first, second = (play(journal, plan_of(change("a")), {"a": Outcome.APPLIED}) for _ in range(2))

    assert second == find_run(folder, CONFIG_ID, "last").id
    assert first == find_run(folder, CONFIG_ID, first[:16]).id == find_run(folder, CONFIG_ID, first[17:]).id
    with pytest.raises(ConfigError, match="any of 2 runs"):
        find_run(folder, CONFIG_ID, "2026")
    for name in ("nobody", "", "../../etc/passwd"):
        with pytest.raises(ConfigError, match="There is no run"):
            find_run(folder, CONFIG_ID, name)
    assert [] == list(read_runs(folder, "another"))


def test_what_is_left_of_a_run(journal, tmp_path):
    """Open is what failed, was not come to or is doubtful, until a later run applies it or takes the run up."""
    folder = tmp_path / ".groupsync"
    plan = plan_of(change("a"), change("b"), change("c"), change("d"))
    cut = play(journal, plan, {"a": Outcome.APPLIED, "b": Outcome.FAILED, "c": None}, finish=False)

    def left():
        return [(run.id, {name for _, name in keys}) for run, keys in open_runs(folder, CONFIG_ID)]

    assert [(cut, {"b", "c", "d"})] == left()
    play(journal, plan_of(change("c")), {"c": Outcome.APPLIED})
    assert [(cut, {"b", "d"})] == left()
    rest = plan_of(change("b"), change("d"))
    again = play(journal, rest, {"b": Outcome.APPLIED, "d": None}, purpose=Purpose(RunKind.RESUME, cut), finish=False)
    assert [(again, {"d"})] == left()
    play(journal, plan_of(change("d")), {"d": Outcome.APPLIED}, purpose=Purpose(RunKind.RESUME, again))
    assert [] == left()


def test_a_run_of_the_first_format_version_is_read(tmp_path):
    """It tells no config, and is taken for a run of whichever config of its project asks."""
    (tmp_path / "runs").mkdir()
    for ending in ("jsonl", "plan"):
        shutil.copy(FORMATS / f"v1-run.{ending}", tmp_path / f"runs/20261123T120001Z-000007dd.{ending}")

    run, left = next(open_runs(tmp_path, ConfigId.of("contoso-store/production.yaml")))
    assert ("", ("local",), (("local", ""),)) == (run.config, run.targets, run.identities)
    assert {("local", "b")} == left
    assert run == find_run(tmp_path, CONFIG_ID, "last")
    assert [] == list(open_runs(tmp_path, ConfigId.of("fabrikam/groupsync.yaml")))


def test_what_a_later_groupsync_adds_to_a_run_is_passed_over(journal, tmp_path):
    """Keys and records that this version does not know leave the run what it is; a higher version is refused."""
    folder = tmp_path / ".groupsync"
    run = play(journal, plan_of(change("a")), {"a": Outcome.APPLIED})
    found, path = read_run(folder, run), folder / "runs" / f"{run}.jsonl"
    header, *rest = (record | {"color": "red"} for record in lines_of(folder, run))
    records = [header, {"record": "weather", "is": "fine"}, *rest]

    path.write_text("".join(f"{json.dumps(each)}\n" for each in records))
    assert found == read_run(folder, run)
    path.write_text("".join(f"{json.dumps(each)}\n" for each in [header | {"format_version": 3}, *rest]))
    with pytest.raises(ConfigError, match="is damaged: it has format version 3"):
        read_run(folder, run)


# --- Whose runs they are ----------------------------------------------------------------------------------------------


def plan_on(config, *changes, identity="file:1"):
    """Make a plan of a config, for a store."""
    return plan_of(*changes, config=config, targets=(TargetState("local", "file", identity=identity),))


def test_a_config_has_its_own_last_run_and_its_own_left_overs(journal, tmp_path):
    """Of two configs in one folder each has its last run; an id names a run of either."""
    folder, other = tmp_path / ".groupsync", ConfigId.of("contoso-store/production.yaml")
    mine = play(journal, plan_on(str(CONFIG_ID), change("a")), {"a": None}, finish=False)
    theirs = play(journal, plan_on(str(other), change("a")), {"a": Outcome.APPLIED})

    assert (mine, theirs) == (find_run(folder, CONFIG_ID, "last").id, find_run(folder, other, "last").id)
    assert theirs == find_run(folder, CONFIG_ID, theirs).id
    assert [mine] == [run.id for run, _ in open_runs(folder, CONFIG_ID)]
    assert [] == list(open_runs(folder, other))


def test_the_last_run_is_no_run_of_another_project(journal, tmp_path):
    """`last` passes over what another project applied since, though both write to one folder."""
    folder = tmp_path / ".groupsync"
    mine = play(journal, plan_of(change("a")), {"a": Outcome.APPLIED})
    play(journal, plan_of(change("a"), project="fabrikam", config="fabrikam/groupsync.yaml"), {"a": Outcome.APPLIED})

    assert mine == find_run(folder, CONFIG_ID, "last").id


def test_runs_of_one_config_are_kept_whatever_others_do(journal, tmp_path):
    """Many runs of staging don't push out those of production, whose past they are not."""
    other = ConfigId.of("contoso-store/production.yaml")
    kept = [play(journal, plan_on(str(other), change("a")), {"a": Outcome.APPLIED}) for _ in range(3)]
    newest = [play(journal, plan_on(str(CONFIG_ID), change("a")), {"a": Outcome.APPLIED}) for _ in range(5)][-3:]

    assert kept + newest == run_ids(tmp_path / ".groupsync")


def test_past_sizes_are_of_the_same_config_and_the_same_store(journal, tmp_path):
    """What another config applied, or the same one to another store, is not the past of a target of that name."""
    folder, other = tmp_path / ".groupsync", ConfigId.of("contoso-store/production.yaml")
    journal = Journal(folder, tmp_path, keep=100, now=Clock())
    for plan in (
        plan_on(str(CONFIG_ID), change("a", prior=10)),
        plan_on(str(other), change("a", prior=5000)),
        plan_on(str(CONFIG_ID), change("a", prior=700), identity="file:2"),
        plan_on(str(CONFIG_ID), change("a", prior=12)),
    ):
        play(journal, plan, {"a": Outcome.APPLIED})

    assert {("local", "a"): [12, 14]} == past_sizes(folder, CONFIG_ID, [("local", "a")], stores={"local": "file:1"})
    assert {("local", "a"): [702]} == past_sizes(folder, CONFIG_ID, [("local", "a")], stores={"local": "file:2"})
    assert {("local", "a"): [5002]} == past_sizes(folder, other, [("local", "a")], stores={"local": "file:1"})


def test_old_runs_go_and_unfinished_ones_stay(journal, tmp_path):
    """The newest three are kept, and whatever is still to be gone on with."""
    done, cut, undone = {"a": Outcome.APPLIED}, {"b": None}, {"c": Outcome.FAILED}
    play(journal, plan_of(change("a")), done)
    kept = [play(journal, plan_of(change("b")), cut, finish=False), play(journal, plan_of(change("c")), undone)]
    newest = [play(journal, plan_of(change("a")), done) for _ in range(5)][-3:]

    assert kept + newest == run_ids(tmp_path / ".groupsync")
    plans = sorted(path.stem for path in (tmp_path / ".groupsync/runs").glob("*.plan"))
    assert kept + newest == plans


def test_past_sizes_are_those_after_each_run(journal, tmp_path):
    """A group that a run leaves alone keeps its size; a rename keeps the past, a delete ends it."""
    journal = Journal(tmp_path / ".groupsync", tmp_path, keep=100, now=Clock())
    steps = [
        [change("a"), change("b", Action.CREATE, add=3)],
        [change("a", prior=12)],
        [change("c", Action.RENAME, prior=3, add=1, prior_name="b"), change("x", prior=7, add=1)],
        [change("a", Action.DELETE, prior=14, add=0, remove=14)],
    ]
    for step in steps:
        play(journal, plan_of(*step), dict.fromkeys((each.name for each in step), Outcome.APPLIED))
    play(journal, plan_of(change("x", prior=8, add=5)), {"x": None}, finish=False)
    folder = tmp_path / ".groupsync"

    expected = {("local", "c"): [3, 3, 4, 4], ("local", "x"): [7, 7, 8, 8]}
    keys = [("local", name) for name in "abcx"]
    assert expected == past_sizes(folder, CONFIG_ID, keys)
    assert {("local", "c"): [4, 4], ("local", "x"): [8, 8]} == past_sizes(folder, CONFIG_ID, keys, 2)
    assert {} == past_sizes(folder, ConfigId.of("another/groupsync.yaml"), keys)
    assert {} == past_sizes(tmp_path / "nowhere", CONFIG_ID, keys)


def test_past_sizes_reach_as_far_back_as_runs_are_kept(tmp_path):
    """A group that the last runs left alone has the size that the last change of it made, however long ago."""
    journal = Journal(tmp_path / ".groupsync", tmp_path, keep=100, now=Clock())
    play(journal, plan_of(change("a", prior=10, add=2)), {"a": Outcome.APPLIED})
    for _ in range(20):
        play(journal, plan_of(change("b")), {"b": Outcome.APPLIED})
        journal.note_unchanged(plan_of(), Report("", ()), ())
    folder = tmp_path / ".groupsync"

    assert {("local", "a"): [12] * 14} == past_sizes(folder, CONFIG_ID, [("local", "a")])
    assert {("local", "a"): [12] * 41} == past_sizes(folder, CONFIG_ID, [("local", "a")], 42)


def test_removals_of_the_last_days_are_summed_by_group_and_by_target(tmp_path):
    """What applied changes took, and what one that was cut short may have; less what an undo brought back.

    What goes by written consent is not counted.
    """
    clock = Clock()
    journal = Journal(tmp_path / ".groupsync", tmp_path, keep=100, now=clock)
    applied = dict.fromkeys("abcdx", Outcome.APPLIED)
    play(journal, plan_of(change("a", prior=500, add=0, remove=99)), applied)
    clock.now += timedelta(days=3)
    since = clock.now
    play(journal, plan_of(change("a", prior=300, add=5, remove=20), change("b", prior=50, remove=9, add=0)), applied)
    renamed = change("c", Action.RENAME, prior=285, add=0, remove=10, prior_name="a")
    gone = change("d", Action.DELETE, prior=40, add=0, remove=40)
    meant = change("x", Action.DELETE, prior=70, add=0, remove=70, definition_digest="d" * 64)
    play(journal, plan_of(renamed, gone, meant, change("b", prior=41, add=0, remove=4, expired=3)), applied)
    cut = play(journal, plan_of(change("b", prior=40, add=0, remove=30)), {"b": None}, finish=False)
    with (tmp_path / ".groupsync" / "runs" / f"{cut}.jsonl").open("a") as file:
        step = {"record": "step", "target": "local", "name": "b", "added": 0, "removed": 6, "revision": None}
        file.write(json.dumps(step) + "\n")
    play(journal, plan_of(change("c", prior=275, add=7, remove=3)), applied, purpose=Purpose(RunKind.UNDO, cut))

    expected = {
        ("local", "c"): Removed(23, 2, 300, -21),
        ("local", "b"): Removed(40, 3, 50, -13, 30),
        ("local", "d"): Removed(40, 1, 40, -40),
        ("local", "x"): Removed(0, 0, 70, -70),
        ("local", ""): Removed(103, 3, 0, -144, 30),
    }
    assert expected == past_removals(tmp_path / ".groupsync", CONFIG_ID, since)
    play(journal, plan_of(change("b", prior=34, add=0, remove=24)), applied, purpose=Purpose(RunKind.RESUME, cut))
    settled = {("local", "b"): Removed(40, 4, 50, -43), ("local", ""): Removed(103, 4, 0, -174)}
    assert expected | settled == past_removals(tmp_path / ".groupsync", CONFIG_ID, since)
    assert {} == past_removals(tmp_path / ".groupsync", CONFIG_ID, clock.now + timedelta(days=1))
    assert {} == past_removals(tmp_path / ".groupsync", ConfigId.of("another/groupsync.yaml"), since)


def test_a_run_of_which_nothing_more_is_known_may_have_done_all_of_it(tmp_path):
    """Its records may not have come as far as the store: what was planned counts, by its plan or by its counts."""
    folder = tmp_path / ".groupsync"
    journal = Journal(folder, tmp_path, keep=100, now=Clock())
    cut = play(journal, plan_of(change("a", prior=50, add=0, remove=9), change("b", prior=5, add=3)), finish=False)
    expected = {("local", "a"): Removed(9, 1, 50, 0, 9), ("local", "b"): Removed(0, 0, 5, 0)}
    expected[("local", "")] = Removed(9, 1, 0, 0, 9)
    assert expected == past_removals(folder, CONFIG_ID, NOW)
    withhold(folder, cut)
    assert expected == past_removals(folder, CONFIG_ID, NOW)


# --- Sources ----------------------------------------------------------------------------------------------------------


def sources(**rows):
    """Make sources as a plan has them; a negative count is that of a refused one."""
    return tuple(SourceState(name, "ibis", abs(count), refused=count < 0) for name, count in rows.items())


def past(**rows):
    """Make sources as the end of a run tells them."""
    return tuple(PastSource(name, count, f"id of {name}") for name, count in rows.items())


def test_sources_are_remembered_as_they_were_believed_last(tmp_path):
    """What the end of a run tells counts, from however long ago; runs that did not end and other projects do not."""
    journal = Journal(tmp_path / ".groupsync", tmp_path, keep=100, now=Clock())
    folder, applied = tmp_path / ".groupsync", {"a": Outcome.APPLIED}
    plan = plan_of(change("a"), sources=sources(crm=100, shop=-5, web=7))
    with journal.run(plan) as run:
        run.finish(plan, Report(plan.digest, ()), past(crm=100, web=7))
    assert past(crm=100, web=7) == find_run(folder, CONFIG_ID, run.id).sources
    for count in range(1, 20):
        journal.note_unchanged(plan_of(), Report("", ()), past(crm=100 + count))
    play(journal, plan_of(change("a"), sources=sources(crm=1, web=1)), applied, finish=False)
    play(
        journal,
        plan_of(change("a"), sources=sources(crm=2, web=2), project="another", config="another/groupsync.yaml"),
        applied,
    )

    asked = {name: f"id of {name}" for name in ("crm", "shop", "web")}
    assert {"crm": 119, "web": 7} == past_rows(folder, CONFIG_ID, asked)
    assert {} == past_rows(tmp_path / "nowhere", CONFIG_ID, asked)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"crm": "A"}, {"crm": 100}),
        ({"renamed": "A"}, {"renamed": 100}),
        ({"crm": "edited"}, {"crm": 100}),
        ({"renamed": "A", "crm": "new"}, {"renamed": 100}),
        ({"crm": "B"}, {"crm": 100}),
        ({"other": "B"}, {"other": 5}),
        ({"nobody": "nothing"}, {}),
    ],
)
def test_the_past_of_a_source_belongs_to_what_it_reads(tmp_path, asked, found):
    """A rename keeps it, an edit is held against what had the name in this config, and other configs come last."""
    journal = Journal(tmp_path / ".groupsync", tmp_path, keep=100, now=Clock())
    staging = plan_of(config=f"{PROJECT}/staging.yaml")
    journal.note_unchanged(plan_of(), Report("", ()), (PastSource("crm", 100, "A"),))
    journal.note_unchanged(staging, Report("", ()), (PastSource("crm", 5, "B"),))

    assert found == past_rows(tmp_path / ".groupsync", CONFIG_ID, asked)


def test_runs_that_found_nothing_to_change_push_out_none_that_can_be_undone(journal, tmp_path):
    """Of those that applied something three are kept, and of all others three more, each without a plan."""
    folder, done, refused = tmp_path / ".groupsync", {"a": Outcome.APPLIED}, {"a": Outcome.REFUSED}
    busy = [play(journal, plan_of(change("a")), done) for _ in range(4)][1:]
    play(journal, plan_of(change("a")), refused)
    for _ in range(10):
        journal.note_unchanged(plan_of(), Report("", ()), ())
    idle = [name for name in run_ids(folder) if name not in busy]

    assert 3 == len(idle)
    assert busy + idle == run_ids(folder)
    assert busy == sorted(path.stem for path in (folder / "runs").glob("*.plan"))
    assert busy[-1] == find_run(folder, CONFIG_ID, "last").id
    assert [] == list(open_runs(folder, CONFIG_ID))


def test_a_journal_of_before_is_read_with_the_sources_of_its_headers(journal, tmp_path):
    """Runs that were written down before their ends told of sources keep what their headers tell."""
    folder = tmp_path / ".groupsync"
    run = play(journal, plan_of(change("a"), sources=sources(crm=100)), {"a": Outcome.APPLIED})
    path = folder / "runs" / f"{run}.jsonl"
    *rest, end = [json.loads(line) for line in path.read_text().splitlines()]
    end = {key: value for key, value in end.items() if key not in {"applied", "sources"}}
    path.write_text("".join(f"{json.dumps(each)}\n" for each in [*rest, end]))

    assert {"crm": 100} == past_rows(folder, CONFIG_ID, {"crm": "A"})
    assert PastSource("crm", 100) == find_run(folder, CONFIG_ID, "last").sources[0]
    assert [run] == idle_and_busy(folder, CONFIG_ID)[1]


# --- Approvals --------------------------------------------------------------------------------------------------------


def taking(kind=Kind.REMOVE, name="a", count=5):
    return Purpose(uses=(Use(kind, name, "approvals/a.yaml", "d" * 12, "local", count),))


@pytest.mark.parametrize(
    ("kind", "outcome", "taken"),
    [
        (Kind.REMOVE, Outcome.APPLIED, [5]),
        *((Kind.REMOVE, outcome, [5]) for outcome in DOUBTED),
        (Kind.REMOVE, None, [5]),
        (Kind.REMOVE, Outcome.FAILED, []),
        (Kind.REMOVE, Outcome.STALE, []),
        (Kind.ADD, Outcome.REFUSED, []),
        (Kind.RUN, Outcome.APPLIED, [5]),
        (Kind.RUN, Outcome.FAILED, []),
    ],
)
def test_a_run_takes_of_an_approval_what_it_did(journal, tmp_path, kind, outcome, taken):
    """All of it where the change was carried out, or nobody knows; nothing where it was not."""
    folder, name = tmp_path / ".groupsync", "local" if kind is Kind.RUN else "a"
    plan = plan_of(change("a", add=0, remove=5), change("b"))
    run = play(
        journal, plan, {"a": outcome, "b": Outcome.FAILED}, purpose=taking(kind, name), finish=outcome is not None
    )

    assert [(run, count) for count in taken] == [(use.run, use.count) for use in past_uses(folder, CONFIG_ID)]
    assert () == past_uses(folder, ConfigId.of("another/groupsync.yaml"))


def test_of_a_change_that_stopped_halfway_only_that_much_is_taken(journal, tmp_path):
    """What is known to be written counts."""
    plan = plan_of(change("a", add=0, remove=5))
    with journal.run(plan, taking()) as run:
        run.before(plan.changes[0])
        run.step(plan.changes[0], Step(removed=3))
        run.after(plan.changes[0], replace(result_of(plan.changes[0], Outcome.FAILED), removed=3))
        run.finish(plan, Report(plan.digest, ()))
    assert [3] == [use.count for use in past_uses(tmp_path / ".groupsync", CONFIG_ID)]


def test_a_resume_takes_no_more_than_the_run_that_it_goes_on_with(journal, tmp_path):
    """What one run began and the next one finished is taken once, by the first, through any number of them."""
    plan = plan_of(change("a", add=0, remove=5))
    first = play(journal, plan, {"a": Outcome.FAILED}, purpose=taking())
    second = play(journal, plan, {"a": None}, purpose=Purpose(RunKind.RESUME, first), finish=False)
    play(journal, plan, {"a": Outcome.APPLIED}, purpose=Purpose(RunKind.RESUME, second))

    assert [(first, 5)] == [(use.run, use.count) for use in past_uses(tmp_path / ".groupsync", CONFIG_ID)]


def test_runs_that_took_of_an_approval_are_kept_as_long_as_it_can_hold(tmp_path):
    """However many runs come after them within the week; then they go like any other."""
    clock = Clock()
    journal = Journal(tmp_path / ".groupsync", tmp_path, keep=3, now=clock)
    plan = plan_of(change("a", add=0, remove=5))
    first = play(journal, plan, {"a": Outcome.APPLIED}, purpose=taking())
    for days in (0, 6, 2):
        clock.now += timedelta(days=days)
        for _ in range(5):
            play(journal, plan_of(change("b")), {"b": Outcome.APPLIED})
        assert (first in run_ids(tmp_path / ".groupsync")) == (days != 2)


# --- Killed at any write ----------------------------------------------------------------------------------------------

CONFIG = """\
version: 1
project: shop
definitions: [groups.yaml]
targets:
  local: {plugin: file, path: state/}
adopt: {match: [adopted]}
"""
BEFORE = """\
kind: known-user-group
name: changed
display_name: Before
members: [ada@example.com, bob@example.com, cy@example.com]
---
kind: known-user-group
name: renamed
members: [bob@example.com]
---
kind: known-user-group
name: deleted
members: [cy@example.com]
---
kind: known-user-group
name: kept
members: [ada@example.com]
"""
AFTER = """\
kind: known-user-group
name: changed
display_name: After
members: [ada@example.com, cy@example.com, di@example.com, ed@example.com]
---
kind: known-user-group
name: other
previously: [renamed]
members: [bob@example.com, di@example.com]
---
kind: known-user-group
name: created
members: [ada@example.com, ed@example.com]
---
kind: known-user-group
name: adopted
lifecycle: {adopt: true}
members: [bob@example.com, ed@example.com]
---
kind: known-user-group
name: kept
members: [ada@example.com]
"""


def state_of(folder):
    """Return what the target holds: members, attributes and marks by name."""
    backend = FileBackend.from_options(
        {"path": "state/"}, BackendContext(folder, "shop", "local", Identity().canonical, "email/fold")
    )
    snapshot = backend.read(Scope())
    assert snapshot.complete
    state = {group.name: (group.members.load(), group.display_name, group.mark) for group in snapshot.groups}
    backend.close()
    return state


@pytest.fixture
def start(tmp_path):
    """Return a project with an apply before it that creates, changes, renames, adopts and deletes."""
    folder = tmp_path / "start"
    folder.mkdir()
    (folder / "groupsync.yaml").write_text(CONFIG)
    (folder / "groups.yaml").write_text(BEFORE)
    assert (0, "") == typed(folder, "apply", "--yes")
    (folder / "state/groups/adopted.txt").write_text("bob@example.com\n")
    (folder / "state/groups/foreign.txt").write_text("zoe@example.com\n")
    (folder / "groups.yaml").write_text(AFTER)
    return folder


def killed_everywhere(start, *arguments, every=1):
    """Return for each write of a command, or each so many, the folder of a child that was killed at it."""
    command = [sys.executable, CHILD, start, str(every), *arguments]
    environment = {**os.environ, "PYTHONPATH": clock.python_path(str(CHILD.parents[1]))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return [Path(folder) for folder, killed in map(json.loads, done.stdout.splitlines()) if killed]


def harm(found, wanted):
    """Count the memberships that are lost and those that nobody wanted."""
    people_of = {name: members for name, (members, _, _) in found.items()}
    wanted = {name: members for name, (members, _, _) in wanted.items()}
    names = people_of.keys() | wanted.keys()
    nobody = frozenset()
    lost = sum(len(wanted.get(name, nobody) - people_of.get(name, nobody)) for name in names)
    return lost, sum(len(people_of.get(name, nobody) - wanted.get(name, nobody)) for name in names)


def undisturbed(start):
    """Return what the target holds after the apply that nobody kills."""
    folder = start.with_name("reference")
    shutil.copytree(start, folder)
    assert (0, "") == typed(folder, "apply", "--yes")
    return state_of(folder)


def test_after_a_kill_at_any_write_a_resume_finishes_or_proves(start, tell, monkeypatch):
    """`apply --resume` gets where the killed apply was going: nobody is lost, nobody is added by mistake."""
    monkeypatch.chdir(start)
    wanted, before = undisturbed(start), state_of(start)
    folders = killed_everywhere(start, "apply", "--yes")
    unbegun, lost, unintended, proven = 0, 0, 0, 0

    assert len(folders) > 60
    for folder in folders:
        code, said = typed(folder, "apply", "--resume", "--yes")
        found = state_of(folder)
        assert 0 == code, f"{folder.name}: {said}"
        if "Nothing to resume" in said and found == before:
            unbegun += 1
            assert 0 == typed(folder, "apply", "--yes")[0]
            found = state_of(folder)
        proven += "out to be done" in said
        missing, extra = harm(found, wanted)
        lost, unintended = lost + missing, unintended + extra
        assert wanted == found, folder.name
        assert (0, "Nothing to resume: no run of groupsync.yaml left anything to do.\n") == typed(
            folder, "apply", "--resume", "--yes"
        )
        assert 0 == typed(folder, "plan", "--detailed-exitcode")[0]
    tell(
        f"killed at {len(folders)} writes: {unbegun} before the run began, {proven} proved a change to be done; "
        f"{lost} memberships lost, {unintended} unintended"
    )
    assert (0, 0) == (lost, unintended)
    assert unbegun < len(folders) / 2
    assert proven


def test_after_a_kill_at_any_write_another_machine_finishes_or_proves(start, tell, monkeypatch):
    """With the journal in a ref nothing of the killed machine is needed: of its records the last ones are missing."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    git(start, "init", "--quiet", "--bare", "remote.git")
    git(start, "init", "--quiet")
    git(start, "remote", "add", "origin", "remote.git")
    (start / "groupsync.yaml").write_text(CONFIG + 'journal: {store: git, key: "${env:JOURNAL_KEY}"}\n')
    monkeypatch.chdir(start)
    wanted, before = undisturbed(start), state_of(start)
    folders = killed_everywhere(start, "apply", "--yes", every=1 if os.environ.get("GROUPSYNC_WHOLE_ROUNDS") else 4)
    unbegun, lost, unintended, proven = 0, 0, 0, 0

    assert len(folders) > 30
    for folder in folders:
        shutil.rmtree(folder / ".groupsync", ignore_errors=True)
        code, said = typed(folder, "apply", "--resume", "--yes")
        found = state_of(folder)
        assert 0 == code, f"{folder.name}: {said}"
        if "Nothing to resume" in said and found == before:
            unbegun += 1
            assert 0 == typed(folder, "apply", "--yes")[0]
            found = state_of(folder)
        proven += "out to be done" in said
        missing, extra = harm(found, wanted)
        lost, unintended = lost + missing, unintended + extra
        assert wanted == found, folder.name
        assert "Nothing to resume" in typed(folder, "apply", "--resume", "--yes")[1]
        assert 0 == typed(folder, "plan", "--detailed-exitcode")[0]
    tell(
        f"killed at {len(folders)} writes and calls of git, gone on with elsewhere: {unbegun} before the run began, "
        f"{proven} proved a change to be done; {lost} memberships lost, {unintended} unintended"
    )
    assert (0, 0) == (lost, unintended)
    assert unbegun < len(folders)
    assert proven


def test_after_a_kill_of_the_resume_another_one_finishes(start, monkeypatch):
    """A resume that is killed at any write is itself a run that can be gone on with."""
    monkeypatch.chdir(start)
    wanted = undisturbed(start)
    once = killed_everywhere(start, "apply", "--yes")
    halfway = once[len(once) // 2]
    assert wanted != state_of(halfway)
    for folder in killed_everywhere(halfway, "apply", "--resume", "--yes"):
        code, said = typed(folder, "apply", "--resume", "--yes")
        assert (0, wanted) == (code, state_of(folder)), f"{folder.name}: {said}"
        assert {"foreign", *wanted} == set(state_of(folder))


def test_a_group_that_moved_meanwhile_is_left_alone(start, monkeypatch):
    """What somebody changed after the kill is stale: it stays as they left it, and the rest is done."""
    monkeypatch.chdir(start)
    halfway = next(
        folder
        for folder in killed_everywhere(start, "apply", "--yes")
        if run_ids(folder / ".groupsync")[1:] and state_of(folder)["changed"] == state_of(start)["changed"]
        and next(open_runs(folder / ".groupsync", ConfigId.of("shop/groupsync.yaml")), None)
    )  # fmt: skip
    path = halfway / "state/groups/changed.txt"
    path.write_text(path.read_text() + "zoe@example.com\n")
    left = state_of(halfway)["changed"]
    code, _ = typed(halfway, "apply", "--resume", "--yes")
    found = {name: group for name, group in state_of(halfway).items() if name != "changed"}

    assert 4 == code
    assert left == state_of(halfway)["changed"]
    assert {name: group for name, group in undisturbed(start).items() if name != "changed"} == found


@pytest.mark.parametrize(
    ("keeps_names", "words"),
    [(True, "`groupsync apply --resume` from any clone proves"), (False, "a new plan does what is left")],
)
def test_what_could_not_be_sent_is_told_with_what_can_be_done(tmp_path, keeps_names, words):
    """Where the store keeps no names `--resume` elsewhere can't go on with the run."""

    class Unreachable:
        def __init__(self):
            self.keeps_names = keeps_names

        def send(self, **_):
            raise ConfigError("no answer")

    journal = Journal(tmp_path / ".groupsync", tmp_path, keep=3, now=Clock())
    plan = plan_of(change("a"))
    with journal.run(plan, writes=False) as run:
        run.keep_in(Unreachable(), tuple, lambda seconds: True)
        (warning,) = run.finish(plan, Report("", (result_of(change("a"), Outcome.APPLIED),)))
    assert ("GS630", True) == (warning.code, words in warning.hint)
