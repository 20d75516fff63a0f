"""examples/gitlab-ci.yml: each line runs in bash as on GitLab's runner, beside a server that answers as GitLab does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from groupsync.errors import ExitCode
from tests import clock
from tests.ci.conftest import ROOT
from tests.ci.fresh import KEY, killed_at, password_of
from tests.ci.gitlab_api import PROJECT, gitlab
from tests.ci.runner import read_yaml

PIPELINE = read_yaml(ROOT / "examples/gitlab-ci.yml")
JOBS = ("validate", "plan", "apply", "resume", "drift")
PUSHING = "push-token"
MARKER = "<!-- groupsync: quickstart -->"


@pytest.fixture
def lab():
    """GitLab."""
    with gitlab() as found:
        yield found


def play(repository, lab, job, **more):
    """Run a job: its lines one after the other in one shell, which the first failure ends."""
    script = "\n".join(["set -eo pipefail", *PIPELINE["default"]["before_script"], *PIPELINE[job]["script"]])
    environment = {
        **clock.inherited(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GROUPSYNC_PACKAGE": "groupsync",
        "GROUPSYNC_TOKEN": lab.token,
        "CI_API_V4_URL": lab.url,
        "CI_PROJECT_ID": str(PROJECT),
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": repository.git("rev-parse", "HEAD"),
        "LC_ALL": "C.UTF-8",
        "HOME": str(repository.folder.parent),
        **more,
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=repository.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert lab.token not in done.stdout
    assert PUSHING not in done.stdout
    return done


def merge(repository, lab):
    """Merge what the job `plan` planned."""
    plan = repository.folder / "groupsync.plan"
    lab.planned(repository.head, plan.read_bytes())
    plan.unlink()
    reviewed = repository.head
    sha = repository.commit()
    lab.merged = [{"iid": 7, "state": "merged", "sha": reviewed, "merge_commit_sha": sha, "squash_commit_sha": None}]


def test_every_job_has_its_rule_and_few_write():
    """What writes waits for each other, and is left to the default branch and one environment."""
    assert {"stages", "variables", "default", *JOBS} == PIPELINE.keys()
    assert all(PIPELINE[job]["rules"] for job in JOBS)
    writing = [job for job in JOBS if "groupsync apply" in str(PIPELINE[job]["script"])]
    assert ["apply", "resume"] == writing
    for job in writing:
        assert ("groupsync", "groups/write") == (PIPELINE[job]["resource_group"], PIPELINE[job]["environment"])
        assert "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in PIPELINE[job]["rules"][0]["if"]
    assert ("manual", True) == (PIPELINE["resume"]["rules"][0]["when"], PIPELINE["resume"]["rules"][0]["allow_failure"])
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in PIPELINE["plan"]["rules"][0]["if"]


def test_one_note_shows_the_newest_plan(repository, lab):
    """Behind many others, and not one that somebody else wrote."""
    lab.note(f"{MARKER}\nnothing to see", author=666)
    for number in range(120):
        lab.note(f"Note {number}", author=6)
    for name in ("Staff", "Everybody here"):
        repository.replace("groups/staff.yaml", "display_name: Staff", f"display_name: {name}")
        assert 0 == play(repository, lab, "plan").returncode
        assert 122 == len(lab.notes)
        assert name in lab.notes[-1]["body"]
    assert f"{MARKER}\nnothing to see" == lab.notes[0]["body"]


def test_what_was_reviewed_is_applied_and_drift_is_noticed(repository, lab):
    """From the merge request to the nights after."""
    assert 0 == play(repository, lab, "validate").returncode
    assert 0 == play(repository, lab, "plan").returncode
    merge(repository, lab)
    done = play(repository, lab, "apply")
    assert (0, True) == (done.returncode, "Applied 4 changes" in done.stdout)
    assert 0 == play(repository, lab, "drift").returncode
    with (repository.folder / "state/groups/staff.txt").open("a") as file:
        file.write("mallory@example.com\n")
    assert ExitCode.CHANGES == play(repository, lab, "drift").returncode


@pytest.mark.parametrize("what", ["nothing merged", "another commit", "a fork", "no plan"])
def test_without_the_plan_that_was_reviewed_nothing_is_applied(repository, lab, what):
    """Nothing else will do."""
    assert 0 == play(repository, lab, "plan").returncode
    merge(repository, lab)
    match what:
        case "nothing merged":
            lab.merged.clear()
        case "another commit":
            lab.pipelines[0]["sha"] = "0" * 40
        case "a fork":
            lab.pipelines[0]["project_id"] = 666
        case "no plan":
            lab.jobs[100][0]["artifacts_file"] = None
    done = play(repository, lab, "apply")
    assert (1, True) == (done.returncode, "Nothing is applied." in done.stdout)
    assert not (repository.folder / "state/groups").exists()


def test_a_plan_that_is_refused_fails_the_job_after_its_note(repository, lab):
    """The exit code is groupsync's; bad definitions leave no note."""
    play(repository, lab, "plan")
    merge(repository, lab)
    play(repository, lab, "apply")
    (repository.folder / "groups/beta-testers.yaml").unlink()
    repository.replace("groups/early-access.yaml", "beta-testers", "staff")
    assert ExitCode.REFUSED == play(repository, lab, "plan").returncode
    assert "refused" in lab.notes[0]["body"]
    repository.write("groups/staff.yaml", "kind: nothing\n")
    (repository.folder / "groupsync.plan").unlink()
    for job in ("validate", "plan", "drift"):
        assert ExitCode.ERROR == play(repository, lab, job).returncode


def test_each_job_of_a_fresh_clone_knows_what_the_others_did(repository, lab, origin, tmp_path):
    """A run whose runner was lost is gone on with; what only reads needs no token that may push."""
    journal = {"GROUPSYNC_JOURNAL_KEY": KEY, "CI_PROJECT_URL": f"file://{origin.remote.with_suffix('')}"}
    with origin.runner(may_push=False) as clone:
        assert 0 == play(repository, lab, "plan", **journal).returncode
        (clone / "groupsync.plan").rename(tmp_path / "groupsync.plan")
    (tmp_path / "groupsync.plan").rename(repository.folder / "groupsync.plan")
    merge(repository, lab)

    pushing = {**journal, "GROUPSYNC_PUSH_TOKEN": PUSHING}
    installed = tmp_path / "installed/groupsync"
    installed.parent.mkdir()
    installed.symlink_to(Path(sys.executable).parent / "groupsync")
    path = {"PATH": f"{installed.parent}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with origin.runner(), killed_at(installed, "opted-out.txt"):
        assert 0 != play(repository, lab, "apply", **pushing, **path).returncode
    with origin.runner() as clone:
        done = play(repository, lab, "resume", **pushing)
        address = f"{journal['CI_PROJECT_URL']}.git"
        assert address == repository.git("remote", "get-url", "origin")
        assert PUSHING == password_of(clone, "https://gitlab.example.com/a.git", GROUPSYNC_PUSH_TOKEN=PUSHING)
        assert PUSHING not in (clone / ".git/config").read_text("utf-8")
    assert (0, True) == (done.returncode, "Going on with the run" in done.stdout)
    assert "tim@contoso.com" in repository.held("staff")
    with origin.runner(may_push=False):
        assert 0 == play(repository, lab, "drift", **journal).returncode
