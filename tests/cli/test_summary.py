"""The end of a plan, and `--summary`: what needs a look is in sight, however long the plan is."""

from __future__ import annotations

import pytest

from groupsync.errors import ExitCode
from groupsync.report.attention import SHOWN


@pytest.fixture
def shop(quick):
    """A project with sixty new groups, one that is refused, and a warning."""
    quick.write("groups/members/staff.txt", "".join(f"u{number:02}@contoso.com\n" for number in range(40)))
    assert ExitCode.OK == quick("apply", "--yes").code
    quick.write("groups/members/staff.txt", "u00@contoso.com\nU00@contoso.com\n")
    documents = [f"kind: known-user-group\nname: new-{number:02}\nmembers: [a@contoso.com]\n" for number in range(60)]
    quick.write("groups/new.yaml", "---\n".join(documents))
    return quick


def _end(text):
    return " ".join(text.partition("Refused:")[2].split())


def test_what_is_refused_and_warned_of_stands_last(shop):
    """By name and rule, behind all groups; `--full` and the saved plan have it, too."""
    shop("plan", "--out", "a.plan")
    for typed in (["plan"], ["plan", "--full"], ["report", "a.plan"], ["plan", "--summary"]):
        said = _end(shop(*typed).out)
        assert "staff on local, by removed_members: 39 of 40 members would go" in said
        assert "GS308: " in said.partition("Warnings:")[2]
        assert "new-59" not in said


def test_a_plan_without_either_ends_as_ever(quick):
    """Nothing is said of nothing."""
    said = quick("plan").out
    assert "Refused" not in said
    assert "Warnings" not in said


def test_a_summary_has_one_line_a_group(shop):
    """With its size and how many come and go; refused ones are marked, and no member is named but by a warning."""
    shown = shop("plan", "--summary").out.splitlines()
    assert 60 == sum(line.startswith("  + create new-") for line in shown)
    (staff,) = (line for line in shown if " update staff" in line)
    assert "! ~ update staff  40 → 1 member  −39" == staff
    assert len(shown) < 100
    assert not [line for line in shown if "@contoso.com" in line and "GS308" not in line and "approve" not in line][1:]
    assert shop("plan").code == shop("plan", "--summary").code == ExitCode.REFUSED


def test_many_warnings_are_counted(shop):
    """Unless all are asked for."""
    documents = [
        f"kind: known-user-group\nname: odd-{number:02}\nmembers_from: [{{path: o/{number}.txt}}]\n"
        for number in range(30)
    ]
    shop.write("groups/odd.yaml", "---\n".join(documents))
    for number in range(30):
        shop.write(f"groups/o/{number}.txt", "a@contoso.com\nA@contoso.com\n")
    said = shop("plan").out.partition("Warnings:")[2]
    assert SHOWN == said.count("GS308")
    assert "more (--full shows all)" in said
    assert SHOWN < shop("plan", "--full").out.partition("Warnings:")[2].count("GS308")


@pytest.mark.parametrize("more", [["--full"], ["--by-person"], ["--format", "json"], ["-o", "x.html"]], ids=" ".join)
def test_a_summary_goes_with_text_alone(quick, more):
    """What it leaves out can't be asked for at once."""
    assert ExitCode.USAGE == quick("plan", "--summary", *more).code
