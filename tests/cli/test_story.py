"""A change of customer groups, from the branch to the target and back: on a real repository, each step as typed."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from groupsync.errors import ExitCode

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")


class Repository:
    """A project in git whose main branch is applied."""

    def __init__(self, project):
        self.project = project
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("start")

    def __call__(self, *arguments):
        return self.project(*arguments)

    def git(self, *arguments):
        identity = ["-c", "user.name=Growth", "-c", "user.email=growth@contoso.com"]
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.project.folder, check=True, capture_output=True, text=True
        )
        return done.stdout

    def commit(self, message):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

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
        (path,) = (self.project.folder / "state").rglob(f"{group}.txt")
        path.write_text("".join(f"{name}\n" for name in sorted({*path.read_text().split(), *add} - {*remove})))


@pytest.fixture
def repository(project):
    assert ExitCode.OK == project("apply", "--yes").code
    return Repository(project)


def test_a_change_goes_from_a_branch_to_the_target_and_what_was_done_by_hand_comes_back(repository):
    """Branch, edit, validate, comment, approve, merge, apply what was reviewed, drift, accept: nothing is left over."""
    # A branch with three edits: somebody comes for a while, somebody goes, a group is new.
    repository.git("switch", "--quiet", "--create", "growth/spring")
    added = repository("add", "zoe@fabrikam.com", "beta-testers", "--until", "2099-06-01", "--reason", "spring trial")
    removed = repository("remove", "katherine@contoso.com", "beta-testers")
    repository.project.write(
        "groups/press.yaml",
        "kind: known-user-group\nname: press\nowners: [press@contoso.com]\nmembers: [paper@example.com]\n",
    )
    assert (ExitCode.OK, ExitCode.OK) == (added.code, removed.code)
    repository.commit("Spring trial")

    # What a pull request runs: a comment without names, a report with them, and who has to approve.
    assert (ExitCode.OK, ExitCode.OK) == (repository("validate").code, repository("fmt", "--check").code)
    comment = repository(
        *("plan", "--compare", "main", "--out", "spring.plan", "--detailed-exitcode"),
        *("--redact", "--format", "markdown"),
    )
    assert ExitCode.CHANGES == comment.code
    assert "<!-- groupsync: quickstart -->" == comment.out.partition("\n")[0]
    assert [] == ADDRESS.findall(comment.out)
    digest = re.search(r"Plan digest: `([0-9a-f]+)`", comment.out)[1]
    report = repository("report", "spring.plan", "--format", "html", "-o", "spring.html")
    assert ExitCode.OK == report.code
    assert {"zoe@fabrikam.com", "katherine@contoso.com"} <= {*ADDRESS.findall(repository.project.read("spring.html"))}
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
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--no-edit", "growth/spring")
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
    assert ExitCode.OK == repository("accept", "press", "--keep-all").code
    assert ["-members: [paper@example.com]", "+members: [paper@example.com, radio@example.com]"] == (
        repository.changed_lines()
    )
    repository.commit("Keep the radio")
    assert ExitCode.OK == repository("apply", "--yes").code
    assert ExitCode.OK == repository("drift", "--detailed-exitcode").code
    assert ["paper@example.com", "radio@example.com"] == repository.held("press")
    assert "tim@contoso.com" in repository.held("staff")


def test_a_plan_that_another_merge_overtook_does_not_undo_that_merge(repository):
    """Of two branches that change one group, the second to merge leaves it alone, says so, and loses nothing."""
    for branch, address, group in (("one", "one@example.com", "beta-testers"), ("two", "two@example.com", "staff")):
        repository.git("switch", "--quiet", "--create", branch, "main")
        assert ExitCode.OK == repository("add", address, group).code
        repository.commit(branch)
        assert ExitCode.OK == repository("plan", "--out", f"{branch}.plan").code
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-edit", "one")
    assert ExitCode.OK == repository("apply", "one.plan", "--yes").code
    repository.git("merge", "--quiet", "--no-edit", "two")
    overtaken = repository("apply", "two.plan", "--yes", "--format", "json")
    assert ExitCode.INCOMPLETE == overtaken.code
    outcomes = {each["name"]: each["outcome"] for each in json.loads(overtaken.out)["results"]}
    assert {"early-access": "stale", "staff": "applied"} == outcomes
    assert "one@example.com" in repository.held("early-access")
    assert "two@example.com" not in repository.held("early-access")
    assert ExitCode.OK == repository("apply", "--yes").code
    assert {"one@example.com", "two@example.com"} <= {*repository.held("early-access")}
