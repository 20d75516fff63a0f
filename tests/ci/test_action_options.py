"""Inputs of the action that stand for one option each."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from groupsync.errors import ExitCode

ADDRESS = re.compile(r"[\w.+-]+@(?:contoso|example|fabrikam)\.com")


class TestRedact:
    """`redact: true`."""

    def test_nobody_is_named_but_in_the_saved_plan(self, repository):
        """Not in the log, on the page of the run or in the comment; what is applied is what was planned."""
        repository.runner.environment["GROUPSYNC_REDACT_KEY"] = "k" * 32
        done = repository.act(redact="true")
        assert 0 == done.code
        (comment,) = repository.hub.comments
        assert [] == ADDRESS.findall(done.log + repository.runner.summary() + comment["body"])
        assert "alan@contoso.com" in Path(done.outputs["plan"]).read_text("utf-8")
        person = re.search(r"person-[0-9a-f]+", comment["body"])[0]
        assert person in done.log, "one person, one pseudonym"

        repository.merge()
        applied = repository.act("apply", "push", redact="true")
        assert 0 == applied.code
        assert [] == ADDRESS.findall(applied.log + repository.runner.summary())
        assert "alan@contoso.com" in repository.held("staff")

        with (repository.folder / "state/groups/staff.txt").open("a") as file:
            file.write("mallory@example.com\n")
        drift = repository.act("drift", "schedule", redact="true")
        assert 2 == drift.code
        assert [] == ADDRESS.findall(drift.log + repository.runner.summary())

    def test_what_is_wrong_names_nobody(self, repository):
        """Annotations of bad definitions, too."""
        repository.write(
            "groups/staff.yaml", "kind: known-user-group\nname: staff\nmembers: [lin@contoso.com, lin@contoso]\n"
        )
        repository.commit()
        done = repository.act(redact="true")
        assert 1 == done.code
        assert done.told("error")
        assert "lin@contoso" not in done.log


class TestApprovers:
    """`approvers: true`."""

    def test_who_answers_for_the_groups_is_an_output(self, repository):
        """As JSON in one line, for a step that asks for their review."""
        done = repository.act(approvers="true")
        assert 0 == done.code
        assert "\n" not in done.outputs["approvers"]
        assert "people@contoso.com" in str(json.loads(done.outputs["approvers"]))

    def test_nobody_is_asked_for_otherwise(self, repository):
        """The output is empty."""
        assert "" == repository.act().outputs["approvers"]


class TestFailOn:
    """`fail-on: remove, delete`."""

    def test_a_plan_with_what_is_not_wanted_fails_the_job_after_its_comment(self, repository):
        """Several kinds with commas between them; the exit code is 3."""
        assert 0 == repository.act(fail_on="remove, delete").code
        repository.merge()
        assert 0 == repository.act("apply", "push", fail_on="remove, delete").code
        repository.replace("groups/members/staff.txt", "alan@contoso.com\n", "")
        repository.commit()
        done = repository.act(fail_on="delete,remove")
        assert (ExitCode.REFUSED, "3") == (done.code, done.outputs["exit-code"])
        assert "--fail-on remove: 1 member would go" in done.log
        assert "fail-on stops at" in done.told("error")
        assert "alan@contoso.com" in repository.hub.comments[0]["body"]
        assert 0 == repository.act(fail_on="delete").code

        repository.merge()
        done = repository.act("apply", "push", fail_on="remove")
        assert (ExitCode.REFUSED, "3") == (done.code, done.outputs["exit-code"])
        assert "alan@contoso.com" in repository.held("staff")

    def test_a_kind_that_there_is_not_is_told(self, repository):
        """Wrong usage is never taken for a plan."""
        done = repository.act(fail_on="removal")
        assert (1, str(ExitCode.USAGE.value)) == (done.code, done.outputs["exit-code"])
        assert [] == repository.hub.asked


class TestByPerson:
    """`by-person: true`."""

    def test_the_comment_tells_of_each_person(self, repository):
        """And so does the log; neither does otherwise."""
        assert 0 == repository.act().code
        assert "By person" not in repository.hub.comments[0]["body"]
        done = repository.act(by_person="true")
        assert 0 == done.code
        assert "#### By person: 11 people" in repository.hub.comments[0]["body"]
        assert "11 people" in done.log


@pytest.mark.parametrize("name", ["redact", "adopt", "approvers", "by-person", "comment"])
def test_a_switch_is_on_or_off(repository, name):
    """Anything else is a mistake, and must not pass for off."""
    done = repository.act(**{name.replace("-", "_"): "yes"})
    assert 1 == done.code
    assert f"The input `{name}` is `yes`. Expected true or false." in done.told("error")


class TestResume:
    """`resume: true`."""

    def test_where_nothing_is_left_nothing_is_done(self, repository):
        """It needs no reviewed plan, and what goes with a plan alone does not stop it."""
        done = repository.act("apply", "workflow_dispatch", resume="true", targets="local", adopt="true")
        assert 0 == done.code
        assert "No run left anything to go on with. Nothing is applied." in done.told("notice")
        assert not (repository.folder / "state/groups").exists()

    def test_what_a_run_left_is_done(self, repository):
        """With a report as after any apply; the group that could not be written is written now."""
        repository.act()
        repository.merge()
        (repository.folder / "state/groups/staff.txt").mkdir(parents=True)
        assert ExitCode.INCOMPLETE == repository.act("apply", "push").code
        (repository.folder / "state/groups/staff.txt").rmdir()
        done = repository.act("apply", "workflow_dispatch", resume="true")
        assert 0 == done.code
        assert "Going on with the run" in done.log
        assert "alan@contoso.com" in repository.held("staff")

    def test_a_digest_does_not_go_with_it(self, repository):
        """Nobody can know the digest of what is left before it is looked at."""
        done = repository.act("apply", "workflow_dispatch", resume="true", expect="0" * 64)
        assert 1 == done.code
        assert "`expect` and `resume` don't go together" in done.told("error")
