"""Two environments in one folder, and what is made for one of them and given to the other."""

from __future__ import annotations

import json
import shutil

import pytest

from groupsync.errors import ExitCode

MEMBERS = "groups/members/staff.txt"
STAFF = "state/groups/staff.txt"
PRODUCTION = "prod-state/groups/staff.txt"
OTHER = ("-c", "production.yaml")


@pytest.fixture
def both(project):
    """The quickstart with a second config for another place, both applied."""
    config = project.read("groupsync.yaml")
    project.write("production.yaml", config.replace("state/", "prod-state/"))
    for options in ((), OTHER):
        assert ExitCode.OK == project("apply", "--yes", *options).code
    return project


def edit(project):
    project.write(MEMBERS, project.read(MEMBERS) + "zoe@example.com\n")


def runs(project, *options):
    """Return what `history` tells a program, newest first."""
    return json.loads(project("history", "--format", "json", *options).out)["runs"]


def cut(project, run, *, records):
    """Leave only so many records of a run, as a kill would."""
    path = project.folder / ".groupsync" / "runs" / f"{run}.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:records]))


def refused(done, *texts):
    """See that a command did nothing, and said why with these texts."""
    said = " ".join(done.err.split())
    assert [ExitCode.ERROR, *texts] == [done.code, *(text for text in texts if text in said)], said


def test_undo_last_takes_back_the_last_run_of_its_own_config(both):
    """Though production's is the newer one, the default config takes its own back, and production stays."""
    edit(both)
    for options in ((), OTHER):
        assert ExitCode.OK == both("apply", "--yes", *options).code
    assert ExitCode.OK == both("undo", "last", "--yes").code

    assert ("zoe@example.com" in both.read(STAFF), "zoe@example.com" in both.read(PRODUCTION)) == (False, True)
    assert ["undo", "apply", "apply", "apply", "apply"] == [run["kind"] for run in runs(both)]
    assert runs(both)[0]["of"] == runs(both)[2]["id"]


def test_a_plan_of_one_config_is_refused_by_the_other(both):
    """Both configs are named, before anything is shown to say yes to; the hint says which one to name."""
    edit(both)
    assert ExitCode.OK == both("plan", "--out", "staging.plan").code
    done = both("apply", "staging.plan", "--yes", *OTHER)

    refused(done, "another config", "quickstart/groupsync.yaml", "quickstart/production.yaml", "-c groupsync.yaml")
    assert "zoe@example.com" not in both.read(PRODUCTION)
    assert ExitCode.OK == both("apply", "staging.plan", "--yes", "-c", "groupsync.yaml").code


def test_plans_of_two_configs_have_two_digests(both):
    """What was reviewed for staging does not pass `--expect` on production."""
    edit(both)
    digest, other = (json.loads(both("plan", "--format", "json", *each).out)["digest"] for each in ((), OTHER))

    assert digest != other
    refused(both("apply", "--yes", "--expect", digest, *OTHER), "not the plan that was expected")


def test_a_plan_is_refused_where_its_target_is_another_store_by_now(both):
    """One config whose path was changed since: both stores are named, nothing is written."""
    edit(both)
    assert ExitCode.OK == both("plan", "--out", "a.plan").code
    both.write("groupsync.yaml", both.read("groupsync.yaml").replace("state/", "state2/"))
    stores = [each["identity"] for each in json.loads(both("report", "a.plan", "--format", "json").out)["targets"]]
    (now,) = [each["identity"] for each in json.loads(both("plan", "--format", "json").out)["targets"]]

    refused(both("apply", "a.plan", "--yes"), "`local` is another store", stores[0][:21], now[:21])
    assert not (both.folder / "state2").exists()


def test_a_saved_plan_is_applied_in_another_clone(both, tmp_path):
    """The folder that a project lies in is no part of a store."""
    edit(both)
    assert ExitCode.OK == both("plan", "--out", "a.plan").code
    clone = type(both)(tmp_path / "elsewhere", both.folder)

    assert ExitCode.OK == clone("apply", "a.plan", "--yes").code
    assert "zoe@example.com" in clone.read(STAFF)


def test_resume_goes_on_with_nothing_of_another_config(both):
    """A run of production that was cut short is not made good on staging, and stays there to be resumed."""
    edit(both)
    before = both.read(STAFF)
    assert ExitCode.OK == both("apply", "--yes", *OTHER).code
    cut(both, runs(both)[0]["id"], records=2)
    done = both("apply", "--resume", "--yes")

    assert (ExitCode.OK, "Nothing to resume: no run of groupsync.yaml left anything to do.\n") == (done.code, done.err)
    assert before == both.read(STAFF)
    assert "Going on with the run" in both("apply", "--resume", "--yes", *OTHER).err


def test_only_the_own_config_is_told_of_a_run_that_was_cut_short(both):
    """GS610 is about runs of this config."""
    edit(both)
    shutil.copytree(both.folder / "prod-state", both.folder / "before")
    assert ExitCode.OK == both("apply", "--yes", *OTHER).code
    cut(both, runs(both)[0]["id"], records=2)
    shutil.rmtree(both.folder / "prod-state")
    shutil.copytree(both.folder / "before", both.folder / "prod-state")

    assert ["GS610" in both("plan", *options).err for options in ((), OTHER)] == [False, True]


@pytest.mark.parametrize("command", [("undo", "last"), ("apply", "--resume")])
def test_a_run_is_refused_where_its_target_is_another_store_by_now(both, command):
    """What was done in one place is neither taken back nor finished in another."""
    edit(both)
    assert ExitCode.OK == both("apply", "--yes").code
    (run, *_) = runs(both)
    if command == ("apply", "--resume"):
        cut(both, run["id"], records=2)
    both.write("groupsync.yaml", both.read("groupsync.yaml").replace("state/", "prod-state/"))
    before = both.read(PRODUCTION)

    refused(
        both(*command, "--yes"), "`local` is another store", f"the run {run['id']}", run["identities"]["local"][:21]
    )
    assert before == both.read(PRODUCTION)


def test_undo_refuses_a_run_of_another_config(both):
    """By its id it is found, and the config that it belongs to is named; with that one it is taken back."""
    edit(both)
    assert ExitCode.OK == both("apply", "--yes", *OTHER).code
    run = runs(both)[0]["id"]

    refused(
        both("undo", run, "--yes"), "another config", "quickstart/production.yaml", f"undo {run} -c production.yaml"
    )
    assert ExitCode.OK == both("undo", run, "--yes", *OTHER).code
    assert "zoe@example.com" not in both.read(PRODUCTION)


def test_history_says_whose_each_run_is(both):
    """With runs of several configs in a folder each has its own beside it, and one run names config and stores."""
    newest, oldest = runs(both)
    assert ("quickstart/production.yaml", "quickstart/groupsync.yaml") == (newest["config"], oldest["config"])
    assert newest["identities"]["local"] != oldest["identities"]["local"]
    said = " ".join(both("history").out.split())
    of_newest, of_oldest = said.split(newest["id"])[1].split(oldest["id"])
    assert ("config production.yaml" in of_newest, "config groupsync.yaml" in of_oldest) == (True, True), said
    shown = both("history", newest["id"]).out
    assert f"local, {newest['identities']['local'][:21]}\n" in shown
    assert "production.yaml" in shown
    assert oldest["id"] == json.loads(both("history", "last", "--format", "json").out)["run"]["id"]


def test_history_of_one_config_alone_has_no_word_of_it(project):
    """Who has one config reads the same table as ever."""
    assert ExitCode.OK == project("apply", "--yes").code
    assert "config" not in project("history").out.lower()


def test_past_sizes_of_one_environment_do_not_judge_the_other(both):
    """`size_deviation` compares production with production, not with the staging that shares its folder."""
    config = both.read("production.yaml")
    both.write("production.yaml", config + "guards: {size_deviation: {warn: {percent: 10, floor: 1}}}\n")
    both.write(MEMBERS, "".join(f"person{number}@example.com\n" for number in range(40)))
    assert ExitCode.OK == both("apply", "--yes").code
    edit(both)
    assert "mean of 4" in " ".join(both("plan", *OTHER).err.split())
