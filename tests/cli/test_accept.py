"""`groupsync accept`."""

from __future__ import annotations

import os
import pty
import sys

import pytest

from groupsync.errors import ExitCode

MALLORY, TIM = "mallory@example.com", "tim@contoso.com"


@pytest.fixture
def drifted(project):
    """The quickstart after an apply, with two members of staff changed by hand."""
    assert ExitCode.OK == project("apply", "--yes").code
    staff = project.read("state/groups/staff.txt")
    project.write("state/groups/staff.txt", staff.replace(f"{TIM}\n", "") + f"{MALLORY}\n")
    return project


def texts(project):
    return {path: path.read_bytes() for path in (project.folder / "groups").rglob("*.*") if path.is_file()}


def session(project, keys, *arguments):
    """Type keys on a real terminal, each once it is asked for, and return the exit code and all that was shown."""
    process, terminal = pty.fork()
    if not process:
        os.chdir(project.folder)
        os.environ |= {"NO_COLOR": "1", "TERM": "dumb"}
        os.execv(sys.executable, [sys.executable, "-m", "groupsync", "accept", *arguments])
    shown, asked = "", 0
    while True:
        try:
            shown += os.read(terminal, 4096).decode()
        except OSError:
            break
        if shown.count("?]: ") > asked and asked < len(keys):
            os.write(terminal, f"{keys[asked]}\n".encode())
            asked += 1
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    assert "Traceback" not in shown, shown
    assert len(keys) == asked, shown
    return os.waitstatus_to_exitcode(status), shown.replace("\r\n", "\n")


def test_all_that_changed_is_kept_in_place(drifted):
    """What becomes of it is seen first; then there is no difference any more, and targets were only read."""
    before, held = texts(drifted), drifted.read("state/groups/staff.txt")
    dry = drifted("accept", "--keep-all", "--dry-run")
    assert (ExitCode.OK, before) == (dry.code, texts(drifted))
    assert f"+{MALLORY}\n margaret@contoso.com\n" in dry.out
    done = drifted("accept", "staff", "--keep-all")

    assert ExitCode.OK == done.code, done.err
    assert f"{MALLORY} added to staff\n{TIM} removed from staff\n" == done.out
    assert "Written: groups/members/staff.txt." in done.err
    assert "early-access is built from staff" in done.err
    assert sorted(held.split()) == sorted(drifted.read("groups/members/staff.txt").split())
    assert held == drifted.read("state/groups/staff.txt")
    again = drifted("accept", "--keep-all")
    assert (ExitCode.OK, "") == (again.code, again.out)
    assert "No drift to accept." in again.err


def test_one_person_is_kept_till_a_time_and_for_a_reason(drifted):
    """Then the definition has the entry, since a list has no place for that."""
    done = drifted("accept", "--keep", "Mallory@example.com", "--until", "2099-01-31", "--reason", "A guest")

    assert ExitCode.OK == done.code, done.err
    assert f"  - {{email: {MALLORY}, until: 2099-01-31, reason: A guest}}\n" in drifted.read("groups/staff.yaml")
    assert TIM in drifted.read("groups/members/staff.txt")


def test_without_a_terminal_what_changed_is_listed_and_nothing_is_written(drifted):
    """It exits as `apply` does where nobody says yes."""
    before = texts(drifted)
    done = drifted("accept")

    assert (ExitCode.ERROR, before) == (done.code, texts(drifted))
    assert f"staff on local: 1 member added there, 1 member removed there\n  + {MALLORY}\n  - {TIM}\n" == done.out
    assert "Nobody is there to decide" in done.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--keep", "ada@example.com"), "`ada@example.com` was not changed on the targets"),
        (("--keep-attribute", "owners"), "`owners` was not changed on the targets"),
        (("stuff",), "Did you mean `staff`?"),
        (("--keep-all", "--until", "2020-01-01"), "never hold"),
    ],
)
def test_what_can_not_be_meant_is_told(drifted, arguments, expected):
    """And nothing is written."""
    before = texts(drifted)
    done = drifted("accept", *arguments)

    assert (ExitCode.ERROR, before) == (done.code, texts(drifted))
    assert expected in done.err


def test_what_can_not_be_kept_is_told_and_the_rest_is(drifted):
    """Who is in by another group has to leave that one; the exit code says that something is left."""
    early = drifted.read("state/groups/early-access.txt")
    drifted.write("state/groups/early-access.txt", early.replace("margaret@contoso.com\n", "") + "zed@example.com\n")
    done = drifted("accept", "early-access", "--keep-all")

    assert ExitCode.INCOMPLETE == done.code
    assert "margaret@contoso.com is not kept: in by `include: staff`" in done.err
    assert "zed@example.com added to early-access\n" == done.out


def test_on_a_terminal_each_item_is_asked_for_and_written_at_the_end(drifted):
    """With help, with a look at the edit, and just what was meant."""
    code, shown = session(drifted, ["?", "n", "y", "d", "y"])

    assert ExitCode.OK == code, shown
    assert f"(1/2) Write {MALLORY} into the definition of staff?" in shown
    assert f"(2/2) Take {TIM} out of the definition of staff?" in shown
    assert "n  no, revert it" in shown
    assert f"\n-{TIM}\n" in shown
    assert MALLORY not in drifted.read("groups/members/staff.txt")
    assert TIM not in drifted.read("groups/members/staff.txt")


@pytest.mark.parametrize(
    ("keys", "code"),
    [(["y", "q"], ExitCode.ERROR), (["a", "n"], ExitCode.ERROR), (["d"], ExitCode.OK), (["s", "n"], ExitCode.OK)],
)
def test_who_quits_declines_or_reverts_leaves_every_file_as_it_was(drifted, keys, code):
    """Even after something was kept already."""
    before = texts(drifted)
    found, shown = session(drifted, keys)

    assert (code, before) == (found, texts(drifted)), shown


def test_of_many_items_it_is_asked_first_what_becomes_of_all(drifted):
    """They can be listed, gone through, or kept at once."""
    many = [f"p{number:03}@example.com" for number in range(40)]
    drifted.write("state/groups/staff.txt", "".join(f"{each}\n" for each in many))
    code, shown = session(drifted, ["l", "o", "n", "a", "y"], "staff")

    assert ExitCode.OK == code, shown
    assert "… and 34 more" in shown
    assert "Keep all 44 in staff?" in shown
    assert ["alan@contoso.com", *many] == drifted.read("groups/members/staff.txt").split()


def test_attributes_that_were_changed_by_hand_are_kept(drifted):
    """The journal tells them from edits that are pending."""
    index = drifted.read("state/index.jsonl").replace('"Beta testers"', '"Testers \\u202e"')
    drifted.write("state/index.jsonl", index)
    text = drifted.read("groups/beta-testers.yaml")
    drifted.write("groups/beta-testers.yaml", text.replace("owners: [growth@contoso.com]", "owners: [new]"))
    listed = drifted("accept", "beta-testers")
    assert '  ~ display_name: "Beta testers" → "Testers \\u202e"\n' in listed.out
    assert "owners" not in listed.out
    done = drifted("accept", "--keep-attribute", "display_name")

    assert (ExitCode.OK, 'display_name of beta-testers is "Testers \\u202e"\n') == (done.code, done.out), done.err
    assert "owners: [new]" in drifted.read("groups/beta-testers.yaml")


def test_a_group_that_is_gone_is_told(drifted):
    """Nothing is offered: the next apply creates it again, unless its definition goes."""
    (drifted.folder / "state/groups/opted-out.txt").unlink()
    lines = drifted.read("state/index.jsonl").splitlines(keepends=True)
    drifted.write("state/index.jsonl", "".join(each for each in lines if '"opted-out"' not in each))
    done = drifted("accept", "opted-out")

    assert ExitCode.OK == done.code
    assert "opted-out is gone from local: the next apply creates it again" in done.err
    assert "Nothing else was changed" in done.err


def test_a_group_that_was_renamed_there_is_not_said_to_be_created_again(project):
    """The next apply refuses to make it anew; `accept` says so, with the edits that keep the group."""
    assert ExitCode.OK == project("apply", "--yes").code
    (project.folder / "state/groups/staff.txt").rename(project.folder / "state/groups/crew.txt")
    project.write(
        "state/index.jsonl", project.read("state/index.jsonl").replace('"name": "staff", "id"', '"name": "crew", "id"')
    )
    done = project("accept", "--keep-all")

    said = " ".join(done.err.split())
    assert ExitCode.OK == done.code, done.err
    assert "staff is gone from local, and the next apply does not create it again: `crew` on local was `staff`" in said
    assert "to keep the new name, `name: crew` and `previously: [staff]`" in said.partition("does not create")[2]
    assert "the next apply creates it" not in said
    assert ExitCode.REFUSED == project("apply", "--yes").code
    assert not (project.folder / "state/groups/staff.txt").exists()
