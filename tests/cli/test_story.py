"""A change of customer groups, from the branch to the target and back: each step as typed, in a fresh clone."""

from __future__ import annotations

import json
import re

import pytest

from groupsync.errors import ExitCode
from tests.cli.conftest import Project
from tests.clones import ENVIRONMENT, git

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")


class Repository:
    """A project in git whose main branch is applied: somebody's working copy, and runners that remember nothing.

    Each command is typed on a runner, a fresh clone of the branch that the working copy is on, but for those that edit
    files. What the target holds and what a step hands to the next one are the only things that outlive a runner.
    """

    def __init__(self, project, monkeypatch):
        self.project = project
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        self.folder = project.folder.parent
        self.remote = self.folder / "remote.git"
        git(self.folder, "init", "--quiet", "--bare", "--initial-branch=main", self.remote)
        config = project.read("groupsync.yaml")
        project.write("groupsync.yaml", config + 'journal: {store: git, key: "${env:JOURNAL_KEY}"}\n')
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "origin", str(self.remote))
        self.commit("start")
        self.count = 0

    def __call__(self, *arguments):
        """Type a command on a runner."""
        self.count += 1
        runner = Project(self.folder / f"runner-{self.count}", None)
        branch = self.git("branch", "--show-current").strip()
        git(self.folder, "clone", "--quiet", f"--branch={branch}", self.remote, runner.folder)
        return self.typed(runner, *arguments)

    def edit(self, *arguments):
        """Type a command in the working copy."""
        return self.typed(self.project, *arguments)

    def typed(self, project, *arguments):
        """Type a command beside the target's state and what earlier steps handed on."""
        for kept in (self.folder / "kept").glob("*"):
            kept.rename(project.folder / kept.name)
        done = project(*arguments)
        (self.folder / "kept").mkdir(exist_ok=True)
        for made in [project.folder / "state", *project.folder.glob("*.plan"), *project.folder.glob("*.html")]:
            if made.exists():
                made.rename(self.folder / "kept" / made.name)
        return done

    def read(self, name):
        """Return what a step handed on."""
        return (self.folder / "kept" / name).read_text()

    def git(self, *arguments):
        return git(self.project.folder, *arguments)

    def commit(self, message):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.push()

    def merge(self, branch):
        self.git("switch", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--no-edit", branch)
        self.push()

    def push(self):
        self.git("push", "--quiet", "origin", "HEAD")

    def changed_lines(self):
        """Return what differs from the last commit, line by line, without the heads."""
        lines = self.git("diff", "--unified=0").splitlines()
        return [line for line in lines if line[:1] in "+-" and not line.startswith(("+++", "---"))]

    def held(self, group):
        """Return the members that the target holds."""
        (shown,) = json.loads(self("show", group, "--format", "json").out)["groups"]
        return shown["prior_members"]

    def by_hand(self, group, *, add=(), remove=()):
        """Change a group on the target past groupsync."""
        (path,) = (self.folder / "kept/state").rglob(f"{group}.txt")
        path.write_text("".join(f"{name}\n" for name in sorted({*path.read_text().split(), *add} - {*remove})))


@pytest.fixture
def repository(project, monkeypatch):
    made = Repository(project, monkeypatch)
    assert ExitCode.OK == made("apply", "--yes").code
    return made


def test_a_change_goes_from_a_branch_to_the_target_and_what_was_done_by_hand_comes_back(repository):
    """Branch, edit, validate, comment, approve, merge, apply what was reviewed, drift, accept: nothing is left over."""
    # A branch with three edits: somebody comes for a while, somebody goes, a group is new.
    repository.git("switch", "--quiet", "--create", "growth/spring")
    added = repository.edit(
        "add", "zoe@fabrikam.com", "beta-testers", "--until", "2099-06-01", "--reason", "spring trial"
    )
    removed = repository.edit("remove", "katherine@contoso.com", "beta-testers")
    repository.project.write(
        "groups/press.yaml",
        "kind: known-user-group\nname: press\nowners: [press@contoso.com]\nmembers: [paper@example.com]\n",
    )
    assert (ExitCode.OK, ExitCode.OK) == (added.code, removed.code)
    repository.commit("Spring trial")

    # What a pull request runs: a comment without names, a report with them, and who has to approve.
    assert (ExitCode.OK, ExitCode.OK) == (repository("validate").code, repository("fmt", "--check").code)
    comment = repository(
        *("plan", "--compare", "origin/main", "--out", "spring.plan", "--detailed-exitcode"),
        *("--redact", "--format", "markdown"),
    )
    assert ExitCode.CHANGES == comment.code
    assert "<!-- groupsync: quickstart -->" == comment.out.partition("\n")[0]
    assert [] == ADDRESS.findall(comment.out)
    digest = re.search(r"Plan digest: `([0-9a-f]+)`", comment.out)[1]
    report = repository("report", "spring.plan", "--format", "html", "-o", "spring.html")
    assert ExitCode.OK == report.code
    assert {"zoe@fabrikam.com", "katherine@contoso.com"} <= {*ADDRESS.findall(repository.read("spring.html"))}
    approvers = json.loads(repository("approvers", "spring.plan", "--format", "json").out)
    assert {
        "beta-testers": ["growth@contoso.com"],
        "early-access": ["release@contoso.com"],
        "press": ["press@contoso.com"],
    } == {each["name"]: each["owners"] for each in approvers["groups"]}
    approved = ["--check", "--approved", "growth@contoso.com", "--approved", "press@contoso.com"]
    assert ExitCode.REFUSED == repository("approvers", "spring.plan", *approved).code
    approved += ["--approved", "release@contoso.com"]
    assert ExitCode.OK == repository("approvers", "spring.plan", *approved).code

    # Merged, and applied as it was reviewed.
    repository.merge("growth/spring")
    applied = repository("apply", "spring.plan", "--yes", "--expect", digest)
    assert ExitCode.OK == applied.code, applied.err
    assert ExitCode.OK == repository("plan", "--detailed-exitcode").code
    assert ["paper@example.com"] == repository.held("press")

    # Somebody helps a customer by hand. It is seen, and kept where it was right.
    repository.by_hand("press", add=["radio@example.com"])
    repository.by_hand("staff", remove=["tim@contoso.com"])
    drift = repository("drift", "--detailed-exitcode", "--format", "json")
    assert ExitCode.CHANGES == drift.code
    assert ["press", "staff"] == [each["name"] for each in json.loads(drift.out)["drift"] if each["drifted"]]
    assert ExitCode.OK == repository.edit("accept", "press", "--keep-all").code
    assert ["-members: [paper@example.com]", "+members: [paper@example.com, radio@example.com]"] == (
        repository.changed_lines()
    )
    repository.commit("Keep the radio")
    assert ExitCode.OK == repository("apply", "--yes").code
    assert ExitCode.OK == repository("drift", "--detailed-exitcode").code
    assert ["paper@example.com", "radio@example.com"] == repository.held("press")
    assert "tim@contoso.com" in repository.held("staff")

    # It was not right after all: it is taken back, by a runner that only has the key.
    assert 3 == repository("history").out.count("applied\n")
    assert ExitCode.OK == repository("undo", "last", "--yes").code
    assert "tim@contoso.com" not in repository.held("staff")


def test_a_plan_that_another_merge_overtook_does_not_undo_that_merge(repository):
    """Of two branches that change one group, the second to merge leaves it alone, says so, and loses nothing."""
    for branch, address, group in (("one", "one@example.com", "beta-testers"), ("two", "two@example.com", "staff")):
        repository.git("switch", "--quiet", "--create", branch, "main")
        assert ExitCode.OK == repository.edit("add", address, group).code
        repository.commit(branch)
        assert ExitCode.OK == repository("plan", "--out", f"{branch}.plan").code
    repository.merge("one")
    assert ExitCode.OK == repository("apply", "one.plan", "--yes").code
    repository.merge("two")
    overtaken = repository("apply", "two.plan", "--yes", "--format", "json")
    assert ExitCode.INCOMPLETE == overtaken.code
    outcomes = {each["name"]: each["outcome"] for each in json.loads(overtaken.out)["results"]}
    assert {"early-access": "stale", "staff": "applied"} == outcomes
    assert "one@example.com" in repository.held("early-access")
    assert "two@example.com" not in repository.held("early-access")
    assert ExitCode.OK == repository("apply", "--yes").code
    assert {"one@example.com", "two@example.com"} <= {*repository.held("early-access")}
