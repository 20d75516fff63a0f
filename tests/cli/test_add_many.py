"""`groupsync add` for several people: on the command line, from stdin, from a file."""

from __future__ import annotations

import pytest

from groupsync.errors import ExitCode

NEW = ("zoe@contoso.com", "Bea@Contoso.com")


@pytest.mark.parametrize(
    ("typed", "stdin"),
    [
        (["zoe@contoso.com", "Bea@Contoso.com", "staff"], ""),
        (["-", "staff"], "zoe@contoso.com\n# a comment\nBea@Contoso.com\n"),
        (["zoe@contoso.com", "-", "staff"], "Bea@Contoso.com"),
        (["staff", "--from-file", "new.txt"], ""),
        (["staff", "--from-file", "new.csv", "--column", "mail"], ""),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else None,
)
def test_several_are_added_in_one_edit(quick, typed, stdin):
    """Into their places, in canonical form, wherever they are named; the list stays canonical."""
    quick.write("new.txt", "zoe@contoso.com\nBea@Contoso.com\n")
    quick.write("new.csv", "name,mail\nZoe,zoe@contoso.com\nBea,bea@contoso.com\n")
    before = quick.read("groups/members/staff.txt")
    done = quick("add", *typed, stdin=stdin)
    assert ExitCode.OK == done.code, done.err
    assert (
        sorted([*before.split(), "bea@contoso.com", "zoe@contoso.com"])
        == quick.read("groups/members/staff.txt").split()
    )
    assert 2 == done.out.count("added to staff")
    assert "2 people added, 0 left as they are." in done.err


def test_who_is_in_already_is_told_and_the_others_are_added(quick):
    """The same command again adds nobody, and says of each why."""
    first = quick("add", "alan@contoso.com", "zoe@contoso.com", "staff")
    assert ExitCode.OK == first.code
    assert "`alan@contoso.com` is listed in `staff` already (groups/members/staff.txt:1:1)." in first.err
    before = quick.read("groups/members/staff.txt")
    again = quick("add", "alan@contoso.com", "zoe@contoso.com", "staff")
    assert (ExitCode.OK, "") == (again.code, again.out)
    assert 2 == again.err.count("is listed in `staff` already")
    assert "0 people added, 2 left as they are." in again.err
    assert before == quick.read("groups/members/staff.txt")


def test_dates_and_reasons_hold_for_all(quick):
    """They are written with each."""
    assert ExitCode.OK == quick("add", *NEW, "beta-testers", "--until", "2099-01-31", "--reason", "pilot").code
    text = quick.read("groups/beta-testers.yaml")
    for person in ("bea@contoso.com", "zoe@contoso.com"):
        assert f"{{email: {person}, until: 2099-01-31, reason: pilot}}" in text
    assert ExitCode.OK == quick("validate").code


def test_who_stays_out_all_the_same_is_told(quick):
    """The entry is written, and `why` tells what keeps them out."""
    quick.write("groups/late.yaml", "kind: known-user-group\nname: late\nmembers: []\nexclude: [opted-out]\n")
    out = quick("show", "opted-out", "--members").out.split()
    done = quick("add", *out, "zoe@contoso.com", "late")
    assert ExitCode.OK == done.code, done.err
    assert len(out) == done.err.count("stays out of late all the same")


@pytest.mark.parametrize(
    ("typed", "stdin", "code", "said"),
    [
        (["staff"], "", ExitCode.USAGE, "Name whom to add"),
        (["zoe@contoso.com", "staff", "--column", "x"], "", ExitCode.USAGE, "--column goes with --from-file"),
        (["-", "staff"], "", ExitCode.ERROR, "names nobody"),
        (["-", "staff"], "zoe@contoso.com\nzoe\n", ExitCode.ERROR, "stdin.txt:2"),
        (["staff", "--from-file", "no.txt"], "", ExitCode.ERROR, "Can't read no.txt"),
        (["staff", "--from-file", "two.csv"], "", ExitCode.ERROR, "--column"),
        (["zoe@contoso.com", "bea@contoso.com", "stuff"], "", ExitCode.ERROR, "Did you mean `staff`?"),
        (["zoe@contoso.com", "staff", "--from", "two.csv"], "", ExitCode.USAGE, "`--from-file two.csv`"),
    ],
)
def test_what_can_not_be_done_is_told_and_nothing_is_written(quick, typed, stdin, code, said):
    """All or nothing where the list itself is wrong."""
    quick.write("two.csv", "work,home\nzoe@contoso.com,zoe@example.com\n")
    before = {path: path.read_bytes() for path in quick.folder.rglob("*.*") if path.is_file()}
    done = quick("add", *typed, stdin=stdin)
    assert code == done.code
    assert said in " ".join(done.err.split())
    assert before == {path: path.read_bytes() for path in quick.folder.rglob("*.*") if path.is_file()}


CUT = "ada@contoso.com\nzoe@contoso.c"
STATES = "email,status\nzoe@contoso.com,active\nbea@contoso.com,left\n"
ODD = "zo\u0435@contoso.com"


@pytest.mark.parametrize(
    ("typed", "stdin", "code", "said"),
    [
        (["staff", "--from-file", "cut.txt"], "", "GS315", "cut.txt:2"),
        (["-", "staff"], CUT, "GS315", "stdin.txt:2"),
        (["staff", "--from-file", "states.csv"], "", "GS316", "name it in `members_from` with `where`"),
        (["staff", "--from-file", "odd.txt"], "", "GS319", "odd.txt:1"),
        (["-", "staff"], ODD, "GS319", "U+0435"),
        ([ODD, "staff"], "", "GS319", "U+0435"),
        ([ODD, "bea@contoso.com", "staff"], "", "GS319", "U+0435"),
    ],
)
def test_what_is_odd_of_them_is_told(quick, typed, stdin, code, said):
    """As of a member file; they are added all the same."""
    for name, text in (("cut.txt", CUT), ("states.csv", STATES), ("odd.txt", f"{ODD}\n")):
        quick.write(name, text)
    done = quick("add", *typed, stdin=stdin)
    assert ExitCode.OK == done.code, done.err
    assert "added to staff" in done.out
    assert 1 == done.err.count(f"[{code}]")
    assert said in " ".join(done.err.split())
