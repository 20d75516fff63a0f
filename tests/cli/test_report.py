"""`--format`, `-o` and `groupsync report`."""

from __future__ import annotations

import json
import re

import pytest

from groupsync.errors import ExitCode

MARKER = "<!-- groupsync: quickstart"


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "html", "github", "sarif"])
def test_a_saved_plan_is_shown_as_it_was_when_it_was_made(project, format_):
    """`report PLAN` prints what `plan` printed, whatever became of the project since."""
    made = project("plan", "--out", "a.plan", "--format", format_)
    project.write("groupsync.yaml", "")
    shown = project("report", "a.plan", "--format", format_)
    assert (ExitCode.OK, made.out) == (shown.code, shown.out)


@pytest.mark.parametrize(
    ("typed", "end"), [(["plan"], ""), (["drift"], " drift"), (["apply", "--yes"], " apply")], ids=" ".join
)
def test_markdown_goes_to_stdout_or_to_a_file(project, typed, end):
    """Each command writes a comment with its marker, and only where it is asked to."""
    done = project(*typed, "--format", "markdown", "-o", "out.md")
    assert (ExitCode.OK, "") == (done.code, done.out)
    assert f"{MARKER}{end} -->" == project.read("out.md").partition("\n")[0]
    assert project(*typed, "--format", "markdown").out.startswith(f"{MARKER}{end} -->\n")


def test_a_report_of_an_apply_goes_to_a_file_while_the_plan_is_shown(project):
    """With `-o`, the person who is asked still sees the plan."""
    done = project("apply", "--yes", "-o", "out.txt")
    assert "Plan digest" in done.out
    assert "Applied 4 changes" in project.read("out.txt")


def test_exit_codes_are_those_of_plan(project):
    """Changes are 2 when asked, what is refused is 3, what is no plan is 1."""
    project("plan", "--out", "a.plan")
    assert ExitCode.CHANGES == project("report", "a.plan", "--detailed-exitcode").code
    project("apply", "--yes")
    for name in ("early-access", "beta-testers"):
        (project.folder / "groups" / f"{name}.yaml").unlink()
    refused = project("plan", "--out", "a.plan")
    assert (ExitCode.REFUSED, ExitCode.REFUSED) == (refused.code, project("report", "a.plan").code)
    missing = project("report", "b.plan")
    assert ExitCode.ERROR == missing.code
    assert "b.plan" in missing.err


def test_warnings_of_a_saved_plan_are_talk(project):
    """`report` tells them on stderr, and stdout is the payload alone."""
    project.write("groups/members/staff.txt", "ada@contoso.com\nADA@contoso.com\n")
    project("plan", "--out", "a.plan")
    shown = project("report", "a.plan", "--format", "json")
    assert "GS308" in shown.err
    assert "changes" in json.loads(shown.out)


@pytest.mark.parametrize("typed", [["validate"], ["plan"], ["drift"], ["apply", "--yes"]], ids=" ".join)
def test_what_is_wrong_with_a_definition_is_annotated_where_it_is_written(project, typed):
    """The run stops as ever, and all findings are there as annotations; as SARIF in one document, in a file too."""
    project.write("groups/wrong.yaml", "kind: known-user-group\nname: wrong\nmembers: [nobody]\nmembrs: []\n")
    shown = project(*typed, "--format", "github")
    assert ExitCode.ERROR == shown.code
    assert ["3", "4"] == sorted(re.findall(r"^::error file=groups/wrong\.yaml,line=(\d)", shown.out, re.MULTILINE))
    stopped = project(*typed, "--format", "sarif", "-o", "out.sarif")
    assert (ExitCode.ERROR, "") == (stopped.code, stopped.out)
    (run,) = json.loads(project.read("out.sarif"))["runs"]
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    assert {"groups/wrong.yaml"} == {each["artifactLocation"]["uri"] for each in places}
    assert [3, 4] == sorted(each["region"]["startLine"] for each in places)


@pytest.mark.parametrize("typed", [["validate"], ["plan"], ["report", "no.plan"]], ids=" ".join)
def test_what_stops_a_run_is_annotated(project, typed):
    """A config or plan that can't be read is one error without a place, on stdout as on stderr."""
    (project.folder / "groupsync.yaml").unlink()
    shown = project(*typed, "--format", "github")
    assert ExitCode.ERROR == shown.code
    (line,) = shown.out.splitlines()
    assert line.startswith("::error title=stopped::")
    assert shown.err.splitlines()[0].removeprefix("error: ") in line


def test_findings_go_to_a_file_as_text(project):
    """`validate -o` writes what the terminal would show."""
    project.write("groups/wrong.yaml", "kind: known-user-group\nname: wrong\nmembrs: []\n")
    told = project("validate").err
    done = project("validate", "-o", "out.txt")
    assert (ExitCode.ERROR, "", "") == (done.code, done.out, done.err)
    assert told == project.read("out.txt")


@pytest.mark.parametrize("typed", [["plan"], ["report", "a.plan"], ["plan", "--at", "2027-03-01"]], ids=" ".join)
def test_people_are_told_what_a_plan_means_for_them(project, typed):
    """Who loses every group comes first, from a saved plan as from a new one; a comment says it without being asked."""
    project("apply", "--yes")
    staff = project.read("groups/members/staff.txt")
    project.write("groups/members/staff.txt", staff.replace("tim@contoso.com", "radia@contoso.com"))
    project("plan", "--out", "a.plan")
    shown = project(*typed, "--by-person")
    told = "  ! tim@contoso.com  -2, loses every group\n      - early-access, staff\n    radia@contoso.com  +2\n"
    assert (ExitCode.OK, True) == (shown.code, told in shown.out)
    comment = project(*typed, "--format", "markdown").out
    assert "**1 person loses every group** on `local`: `tim@contoso.com`." in comment
    assert "By person: 2 people" in project(*typed, "--by-person", "--format", "markdown").out


def test_people_are_told_what_drifted(project):
    """`drift --by-person` tells whom somebody else put into a group."""
    project("apply", "--yes")
    project.write("state/groups/staff.txt", project.read("state/groups/staff.txt") + "zoe@example.com\n")
    assert "    zoe@example.com  +1\n      + staff\n" in project("drift", "--by-person").out


@pytest.mark.parametrize("command", [["plan"], ["drift"], ["report", "a.plan"]], ids=" ".join)
@pytest.mark.parametrize("format_", ["json", "github", "sarif"])
def test_people_are_told_in_text_and_markdown_alone(project, command, format_):
    """Another form would leave them out, so that asking for both is wrong usage."""
    assert ExitCode.USAGE == project(*command, "--by-person", "--format", format_).code
