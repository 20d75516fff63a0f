"""Runs of which no names were kept, on the command line: listed with that said, neither taken back nor gone on with."""

from __future__ import annotations

import json
import shutil

import pytest

from groupsync.errors import ExitCode
from tests.withholding import withhold

STATE = "state/groups/staff.txt"
MEMBERS = "groups/members/staff.txt"
UNTOLD = ("radia", "alan@", "hedy@")


@pytest.fixture
def shop(project):
    """The quickstart, applied, and applied again with one more in two groups."""
    assert ExitCode.OK == project("apply", "--yes").code
    shutil.copytree(project.folder / "state", project.folder / "before")
    project.write(MEMBERS, project.read(MEMBERS) + "radia@contoso.com\n")
    assert ExitCode.OK == project("apply", "--yes").code
    return project


def runs(project):
    return json.loads(project("history", "--format", "json").out)["runs"]


def without_names(project, *, records=None, outcome=""):
    """Keep of the newest run what is told without a key; of a run that was cut short after so many records.

    Where an outcome is given, its first change had that.
    """
    run = runs(project)[0]["id"]
    path = project.folder / ".groupsync" / "runs" / f"{run}.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()[:records]]
    if outcome:
        lines[2] |= {"outcome": outcome, "error": "radia@contoso.com is unknown", "added": 0}
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    withhold(project.folder / ".groupsync", run)
    return run


def restore(project):
    """Bring the target back to what it was before the last run."""
    shutil.rmtree(project.folder / "state")
    shutil.copytree(project.folder / "before", project.folder / "state")


def said(done):
    return " ".join((done.out + done.err).split())


# --- Listed -----------------------------------------------------------------------------------------------------------


def test_history_says_of_which_runs_no_names_were_kept(shop):
    """Who ran it and the digest of its plan are missing as such, and it is said why; counts are there."""
    run = without_names(shop)
    listed = shop("history").out
    row = next(line for line in listed.splitlines() if line.startswith(run))
    assert ["apply", "not", "kept", "not", "kept", "2", "applied"] == row.split()[1:]
    assert "2 runs. Of 1 no names were kept: the journal's store had no key." == listed.splitlines()[-1]
    shown = said(shop("history", run))
    for told in (
        "by not kept, groupsync",
        "plan digest not kept, as of",
        "names not kept: the journal's store had no key",
        "allowed not kept",
        "applied ~ update staff 1 member added, none removed",
        "2 applied.",
    ):
        assert told in shown


def test_a_program_sees_what_was_not_kept(shop):
    """It is null, and `withheld` is true; of a whole run it is false."""
    run = without_names(shop)
    newest, oldest = runs(shop)
    missing = {"user": None, "host": None, "pid": None, "plan_digest": None, "allowances": None}
    assert {"id": run, "withheld": True, **missing} == {key: newest[key] for key in ("id", "withheld", *missing)}
    assert (2, False) == (newest["summary"]["applied"], oldest["withheld"])
    assert None not in {oldest[key] for key in missing if key != "allowances"}
    changes = json.loads(shop("history", run, "--format", "json").out)["run"]["changes"]
    assert [("staff", 4, 5, None, None), ("early-access", 9, 10, None, None)] == [
        (each["name"], each["prior_count"], each["count"], each["error"], each["revision"]) for each in changes
    ]


def test_why_a_change_failed_is_told_to_be_missing(shop):
    """An error may name people: it is not kept, which is no change without an error."""
    run = without_names(shop, outcome="failed")
    assert "failed ~ update staff why: not kept" in said(shop("history", run))


def test_nobody_is_named_anywhere(shop):
    """Neither in the journal's files nor in what is shown of them."""
    run = without_names(shop, outcome="failed")
    kept = [path for path in (shop.folder / ".groupsync/runs").iterdir() if path.name.startswith(run)]
    assert [f"{run}.jsonl"] == [path.name for path in kept]
    texts = [
        kept[0].read_text(),
        shop("history").out,
        shop("history", run).out,
        shop("history", run, "--format", "json").out,
    ]
    assert [] == [name for name in UNTOLD for text in texts if name in text]


# --- Not taken back, not gone on with ---------------------------------------------------------------------------------


def test_undo_says_what_it_lacks_and_what_to_do(shop):
    """Who came and went is not known: nothing is written, and the machine that has it is named."""
    run = without_names(shop)
    before = shop.read(STATE)
    done = shop("undo", "last", "--yes")
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    assert (
        f"error: The run {run} can't be taken back "
        "Who was to be added and removed was not kept: the journal's store has no key. "
        "hint: Give `journal.key` in the config, and the names of later runs are kept; docs/journal.md. "
        f"The machine that ran this one may still have its own copy: try `groupsync undo {run}` there."
    ) in said(done)
    assert before == shop.read(STATE)


def test_undo_of_a_machine_that_has_its_own_copy_takes_back(shop):
    """The plan beside the record is enough, wherever the record comes from."""
    run = runs(shop)[0]["id"]
    plan = shop.folder / ".groupsync/runs" / f"{run}.plan"
    shutil.copy(plan, shop.folder / "kept")
    without_names(shop)
    shutil.copy(shop.folder / "kept", plan)
    assert ExitCode.OK == shop("undo", "last", "--yes").code
    assert "radia" not in shop.read(STATE)


def test_a_saved_undo_of_such_a_run_is_not_applied(shop):
    """It can't be held against what the run did."""
    shop("undo", "last", "--out", "back.plan")
    without_names(shop)
    done = shop("apply", "back.plan", "--yes")
    assert ExitCode.ERROR == done.code
    assert "can't be taken back" in done.err


def test_resume_says_what_is_left_and_a_new_plan_does_it(shop):
    """By counts; plan says the same, and the next apply does it, after which nothing is left."""
    wanted = shop.read(STATE)
    restore(shop)
    run = without_names(shop, records=2)
    done = shop("apply", "--resume", "--yes")
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    assert (
        f"error: The run {run} can't be gone on with "
        "Who was to be added and removed was not kept: the journal's store has no key. "
        "Of its 2 changes 1 was not tried, 1 may be done or not. "
        "hint: Apply anew with `groupsync apply`: a new plan does the rest. "
        "Give `journal.key` in the config, and the names of later runs are kept; docs/journal.md. "
        "The machine that ran this one may still have its own copy: try `groupsync apply --resume` there."
    ) in said(done)

    warned = said(shop("plan"))
    assert f"The run {run} was cut short" in warned
    assert "2 of those are in this plan, too" in warned
    assert "Apply this plan: it does that part of it. `--resume` can't." in warned
    assert ExitCode.OK == shop("apply", "--yes").code
    assert wanted == shop.read(STATE)
    assert "Nothing to resume" in shop("apply", "--resume", "--yes").err


def test_a_run_that_was_cut_before_its_first_change_left_all_of_them(shop):
    """It is known by what it was to do."""
    restore(shop)
    run = without_names(shop, records=1)
    assert "Of its 2 changes 2 were not tried." in said(shop("apply", "--resume", "--yes"))
    assert "Nothing is known of 2 changes." in shop("history", run).out


def test_a_plan_goes_on_without_a_word_of_damage(shop):
    """What past runs did to a group that somebody changed is not known, which is no damage of the journal."""
    without_names(shop)
    shop.write(STATE, shop.read(STATE) + "zoe@contoso.com\n")
    for typed in (["plan"], ["drift"], ["accept", "--keep-all", "--dry-run"]):
        done = shop(*typed)
        assert ExitCode.OK == done.code, done.err
        assert "GS611" not in done.err
