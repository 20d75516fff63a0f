"""`groupsync add` and `groupsync remove`."""

from __future__ import annotations

import pytest

from groupsync.errors import ExitCode

NEW = "mel@example.com"


def test_who_is_added_and_removed_leaves_the_files_as_they_were(project):
    """The place is printed both times; what can't be seen in between is not lost afterwards."""
    before = project.read("groups/beta-testers.yaml")
    added = project("add", "Mel@Example.com", "beta-testers", "--until", "2099-01-31", "--reason", "Helps: a bit")
    line = '  - {email: mel@example.com, until: 2099-01-31, reason: "Helps: a bit"}\n'

    assert (ExitCode.OK, f"groups/beta-testers.yaml:12:5  {NEW} added to beta-testers\n") == (added.code, added.out)
    assert before.replace("members_from", f"{line}members_from") == project.read("groups/beta-testers.yaml")
    removed = project("remove", NEW, "beta-testers")
    assert (ExitCode.OK, f"groups/beta-testers.yaml:12:5  {NEW} removed from beta-testers\n") == (
        removed.code,
        removed.out,
    )
    assert before == project.read("groups/beta-testers.yaml")


def test_a_group_with_a_list_in_a_file_is_edited_there(project):
    """In its place, so that the file stays canonical; with a time it has to be the definition."""
    assert "members/staff.txt:4:1" in project("add", NEW, "staff").out
    assert "margaret@contoso.com\nmel@example.com\ntim" in project.read("groups/members/staff.txt")
    assert "staff.yaml" in project("add", "zoe@example.com", "staff", "--until", "2099-01-01").out
    assert "zoe@example.com" in project("show", "staff", "--members").out


def test_a_table_with_other_columns_is_not_added_to(segments):
    """Its other cells are not known: the definition takes the member, and that is said."""
    text = "kind: known-user-group\nname: only\nmembers_from: [{path: ../members/beta.csv}]\n"
    segments.write("groups/only.yaml", text)
    segments.write("groups/lists.yaml", segments.read("groups/lists.yaml").replace("members_from", "#members_from"))
    done = segments("add", NEW, "only")

    assert ExitCode.OK == done.code, done.err
    assert "has more columns" in done.err
    assert text.replace("members_from", f"members:\n  - {NEW}\nmembers_from") == segments.read("groups/only.yaml")
    assert "members/beta.csv:3:5" in segments("remove", "ida@example.com", "only").out
    assert "name,email\nHal,hal@example.com\n" == segments.read("members/beta.csv")


def test_who_stays_out_all_the_same_is_told(segments):
    """The entry is written, and what keeps them out is named with its place."""
    done = segments("add", "cy@example.com", "beta")

    assert ExitCode.OK == done.code, done.err
    assert "stay out of beta all the same: exclude blocked" in done.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("add", "ada@example.com", "bete"), "Did you mean `beta`?"),
        (("add", "ada@example.com", "beta"), "is listed in `beta` already"),
        (("add", "gus@example.com", "beta"), "`groupsync remove gus@example.com beta`"),
        (("add", "ida@example.com", "everybody"), "include beta → listed in members/beta.csv"),
        (("add", "di@example.com", "big"), "`where` over the source customers"),
        (("add", NEW, "beta", "--until", "2020-01-01"), "never hold"),
        (("remove", NEW, "beta"), "is not in `beta`"),
        (("remove", "di@example.com", "everybody"), "include big → `where` over the source customers"),
        (("remove", "di@example.com", "big"), "`where` over the source customers"),
    ],
)
def test_what_can_not_be_done_is_told_and_nothing_is_written(segments, arguments, expected):
    """Who is in already, who is in by another group or a condition, who is not in."""
    before = {path: path.read_bytes() for path in segments.folder.rglob("*.*") if path.is_file()}
    done = segments(*arguments)

    assert ExitCode.ERROR == done.code
    assert expected in done.err
    assert before == {path: path.read_bytes() for path in before}


def test_a_file_of_several_groups_is_left_alone(segments):
    """Else somebody would leave groups that nobody spoke of."""
    segments.write("groups/o.yaml", "kind: known-user-group\nname: o\nmembers_from: [{path: ../members/beta.csv}]\n")
    done = segments("remove", "ida@example.com", "beta")

    assert ExitCode.ERROR == done.code
    assert "It is read for `o` (groups" in done.err
