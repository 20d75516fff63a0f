"""The workflows in examples/github-actions: a pull request, its merge, and the nights after."""

from __future__ import annotations

import json
import re

import pytest

from tests.ci.conftest import ROOT
from tests.ci.fresh import KEY, killed_at
from tests.ci.runner import read_yaml

FOLDER = ROOT / "examples/github-actions"
WORKFLOWS = {path.stem: read_yaml(path) for path in sorted(FOLDER.glob("*.yml"))}
INPUTS = read_yaml(ROOT / "action.yml")["inputs"]


def steps_of(workflow):
    """Give every step of a workflow."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_do_what_it_needs(name):
    """Nothing by default, and each job names what it may; only the one that applies may write the journal."""
    workflow = WORKFLOWS[name]
    assert {} == workflow["permissions"]
    allowed = {
        "plan": {"contents": "read", "pull-requests": "write"},
        "apply": {"contents": "write", "pull-requests": "write", "actions": "read"},
        "drift": {"contents": "read"},
    }
    for job in workflow["jobs"].values():
        assert allowed[name] == job["permissions"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_can_read_the_journal(name):
    """The checkout leaves the token to git, and each step that runs groupsync has the key and what decrypts."""
    steps = steps_of(WORKFLOWS[name])
    (checkout,) = [step for step in steps if step.get("uses", "").startswith("actions/checkout")]
    assert checkout["with"]["persist-credentials"] is True
    ours = [step for step in steps if step.get("uses", "").startswith("contoso/")]
    assert ours
    assert {"${{ secrets.GROUPSYNC_JOURNAL_KEY }}"} == {step["env"]["GROUPSYNC_JOURNAL_KEY"] for step in ours}
    assert {"journal"} == {step["with"]["extras"] for step in ours}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_uses_what_there_is_at_a_commit(name):
    """Inputs are those of the action, others' are pinned to a commit, and no value becomes part of a script."""
    for step in steps_of(WORKFLOWS[name]):
        assert "${{" not in step.get("run", "")
        if "uses" in step:
            assert re.fullmatch(r"actions/checkout@[0-9a-f]{40}|contoso/groupsync@v\d+\.\d+\.\d+", step["uses"])
        if step.get("uses", "").startswith("contoso/"):
            assert step.get("with", {}).keys() <= INPUTS.keys()


def test_two_applies_do_not_race_and_none_is_stopped_halfway():
    """One group for merges and for runs by hand; plans of one pull request replace each other."""
    assert {"group": "groupsync-apply", "cancel-in-progress": False} == WORKFLOWS["apply"]["concurrency"]
    assert WORKFLOWS["plan"]["concurrency"]["cancel-in-progress"] is True


def test_no_workflow_gives_secrets_to_forks():
    """`pull_request` does not, `pull_request_target` and `workflow_run` do."""
    events = [WORKFLOWS[name]["on"] for name in ("plan", "apply", "drift")]
    assert ["pull_request", ["push", "workflow_dispatch"], ["schedule", "workflow_dispatch"]] == [
        each if isinstance(each, str) else list(each) for each in events
    ]


def play(repository, name, event, digest="", *, resume=False):
    """Run the only job of a workflow."""
    pull = repository.event["pull_request"]
    pull["head"]["sha"] = repository.head
    (repository.runner.temp / "groupsync/installed").write_text(f"{ROOT}[journal]\n", "utf-8")
    place = repository.runner.temp / "event.json"
    place.write_text(json.dumps(repository.event if event == "pull_request" else {}), "utf-8")
    (job,) = WORKFLOWS[name]["jobs"].values()
    known = {"github.event_name": event, "github.ref": "refs/heads/main", "secrets.GROUPSYNC_JOURNAL_KEY": KEY}
    known |= {"inputs.digest": digest, "inputs.resume": resume} if event == "workflow_dispatch" else {}
    sha = repository.git("rev-parse", "HEAD")
    more = {"GITHUB_EVENT_PATH": str(place), "GITHUB_SHA": sha}
    return repository.runner.job(job, known, ROOT / "action.yml", event, **more)


def test_from_a_pull_request_to_the_nights_after(repository):
    """What was reviewed is applied; a hand edit, and a merge that was left out, are noticed at night and mended."""
    repository.commit()  # HEAD^1 is there
    assert 0 == play(repository, "plan", "pull_request").code
    assert "Plan: 4 to create" in repository.hub.comments[0]["body"]
    repository.merge()
    assert 0 == play(repository, "apply", "push").code
    assert "tim@contoso.com" in repository.held("staff")
    assert 0 == play(repository, "drift", "schedule").code

    held = repository.folder / "state/groups/staff.txt"
    before = held.read_bytes()
    held.write_bytes(b"mallory@example.com\n" + before)
    night = play(repository, "drift", "schedule")
    assert {"Look for drift": 2, "Look for what waits": 0, "Nothing waits": 1} == night.codes

    held.write_bytes(before)
    repository.replace("groups/members/staff.txt", "alan@contoso.com\n", "")
    repository.commit()
    night = play(repository, "drift", "schedule")
    assert {"Look for drift": 0, "Look for what waits": 0, "Nothing waits": 1} == night.codes

    planned = play(repository, "apply", "workflow_dispatch")
    assert {0} == set(planned.codes.values())
    assert "alan@contoso.com" in repository.held("staff")
    digest = re.findall(r"Plan digest: `([0-9a-f]{64})`", repository.runner.summary())[-1]
    assert 0 == play(repository, "apply", "workflow_dispatch", digest).code
    assert "alan@contoso.com" not in repository.held("staff")
    assert 0 == play(repository, "drift", "schedule").code


def test_a_branch_other_than_main_applies_nothing(repository):
    """A run by hand can be started on any branch."""
    (job,) = WORKFLOWS["apply"]["jobs"].values()
    known = {"github.event_name": "workflow_dispatch", "github.ref": "refs/heads/mallory"}
    assert {} == repository.runner.job(job, known, ROOT / "action.yml", "workflow_dispatch").codes


# --- Each job on a runner that starts from nothing --------------------------------------------------------------------


def planned(repository, origin, code=0):
    """Plan in a fresh clone, whose token may only read."""
    with origin.runner(may_push=False):
        done = play(repository, "plan", "pull_request")
    assert code == done.code, done.log
    return done


def applied(repository, origin, event="push", code=0, **how):
    """Apply in another fresh clone."""
    with origin.runner():
        done = play(repository, "apply", event, **how)
    assert code == done.code, done.log
    return done


def test_a_guard_knows_what_another_runner_took_away(repository, origin):
    """Two small removals in two merges are more than may go in a week; nobody can read them in the ref."""
    with (repository.folder / "groupsync.yaml").open("a") as file:
        file.write("guards: {removed_over: {days: 7, refuse: {count: 1, floor: 1}}}\n")
    repository.commit()
    for gone in ("", "alan@contoso.com\n"):
        repository.replace("groups/members/staff.txt", gone, "")
        repository.commit()
        planned(repository, origin)
        repository.merge()
        applied(repository, origin)
    repository.replace("groups/members/staff.txt", "hedy@contoso.com\n", "")
    repository.commit()
    assert "removed_over" in planned(repository, origin, code=3).log
    repository.merge()
    assert "removed_over" in applied(repository, origin, code=3).log
    assert "hedy@contoso.com" in repository.held("staff")
    assert all(each.startswith(b"gs2:") for each in origin.held().values())


def test_a_run_whose_runner_was_lost_is_gone_on_with(repository, origin):
    """By hand, from a clone that never saw it; then it is over, and another time there is nothing to go on with."""
    repository.commit()
    planned(repository, origin)
    repository.merge()
    with killed_at(repository.runner.temp / "groupsync/bin/groupsync", "opted-out.txt"):
        lost = applied(repository, origin, code=137)
    assert "what it had begun may be done or not" in lost.told("error")
    assert "Nothing" not in lost.told("error")
    there = {path.stem for path in (repository.folder / "state/groups").glob("*.txt")}
    assert {"opted-out"} == there
    assert 3 == len(origin.held())  # a plan, its run and the manifest

    found = applied(repository, origin, "workflow_dispatch", resume=True)
    assert "Going on with the run" in found.log
    assert "tim@contoso.com" in repository.held("staff")
    assert "gone on with, as it was planned" in found.told("notice")
    again = applied(repository, origin, "workflow_dispatch", resume=True)
    assert "No run left anything to go on with" in again.told("notice")
    with origin.runner(may_push=False):
        assert 0 == play(repository, "drift", "schedule").code
