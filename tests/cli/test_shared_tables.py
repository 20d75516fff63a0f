"""A row of a table that more than one entry reads is nobody's to delete."""

from __future__ import annotations

import pytest

from groupsync.errors import ExitCode

ROWS = "Employee,Deputy,Team\n" + "".join(
    f"{one}@example.com,{other}@example.com,{team}\n"
    for one, other, team in (("ada", "bob", "red"), ("bob", "eve", "red"), ("carl", "dan", "blue"))
)
EMPLOYEE, DEPUTY = "{path: org.csv, column: Employee}", "{path: org.csv, column: Deputy}"
RED = "{path: org.csv, column: Employee, where: {Team: red}}"
BLUE = "{path: org.csv, column: Employee, where: {Team: blue}}"
LINKED = DEPUTY.replace("org", "linked")
GROUP = "kind: known-user-group\nname: {}\nmembers_from: [{}]\n"


@pytest.fixture
def shared(quick):
    """Return a project to which `write` gives groups that read one table, by name their entries."""
    project = quick

    def write(**groups):
        project.write("groups/org.csv", ROWS)
        (project.folder / "groups/linked.csv").symlink_to("org.csv")
        project.write("groups/org.yaml", "---\n".join(GROUP.format(*each) for each in groups.items()))
        assert ExitCode.OK == (done := project("validate")).code, done.err
        return project

    return write


CASES = {
    "two columns": {"all": f"{EMPLOYEE}, {DEPUTY}"},
    "two conditions": {"all": f"{RED}, {BLUE}"},
    "two groups": {"all": EMPLOYEE, "more": DEPUTY},
    "a link": {"all": f"{EMPLOYEE}, {LINKED}"},
    "two groups and a link": {"all": EMPLOYEE, "more": LINKED},
}


@pytest.mark.parametrize("groups", CASES.values(), ids=CASES)
def test_remove_refuses(shared, groups):
    """Nothing is written; the file and the other entry are named."""
    done = (project := shared(**groups))("remove", "bob@example.com", "all")
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    told = " ".join(done.err.split())
    assert "`groups/org.csv` is not for this entry of `all` alone" in told or "`groups/linked.csv` is not" in told
    assert f"read for `{max(groups)}` (groups/org.yaml:" in told
    assert ROWS == project.read("groups/org.csv")


@pytest.mark.parametrize("groups", CASES.values(), ids=CASES)
def test_offboard_leaves_it_and_says_so(shared, groups):
    """What else lists the person is edited all the same."""
    project = shared(**groups)
    project.write("groups/press.yaml", "kind: known-user-group\nname: press\nmembers: [bob@example.com]\n")
    done = project("offboard", "bob@example.com", "--no-targets")
    assert (ExitCode.INCOMPLETE, "groups/press.yaml:3:11  bob@example.com removed\n") == (done.code, done.out)
    assert "where no edit is sure: it is read for" in done.err
    assert ROWS == project.read("groups/org.csv")
    assert "members: []" in project.read("groups/press.yaml")


def test_a_list_that_two_groups_have_by_a_link_is_edited_once(quick):
    """It has nobody else on a line, so that offboard takes the person out of both; remove leaves it."""
    project = quick
    project.write("groups/l.txt", "ada@example.com\nbob@example.com\n")
    (project.folder / "groups/linked.txt").symlink_to("l.txt")
    pair = GROUP.format("all", "{path: l.txt}"), GROUP.format("more", "{path: linked.txt}")
    project.write("groups/org.yaml", "---\n".join(pair))
    assert ExitCode.ERROR == project("remove", "bob@example.com", "all").code
    assert "ada@example.com\nbob@example.com\n" == project.read("groups/l.txt")
    done = project("offboard", "bob@example.com", "--no-targets")
    assert (ExitCode.OK, 1) == (done.code, done.out.count("removed")), done.err
    assert "ada@example.com\n" == project.read("groups/linked.txt")


@pytest.mark.parametrize(
    "typed", [("remove", "bob@example.com", "all"), ("offboard", "bob@example.com", "--no-targets")]
)
@pytest.mark.parametrize("wrong", ["too few", "too many"])
def test_what_is_written_is_proven(shared, monkeypatch, typed, wrong):
    """An edit that leaves the person, or takes somebody else too, is put back and told."""
    from groupsync import offboarding, rewriting
    from groupsync.edits.text import Edited

    data = ROWS if wrong == "too few" else ROWS.splitlines(keepends=True)[0] + "carl@example.com,x@example.com,blue\n"
    for module in (rewriting, offboarding):
        monkeypatch.setattr(module, "remove_lines", lambda *_, **__: Edited(data.encode(), ()))
    done = (project := shared(all=EMPLOYEE))(*typed)
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    said = "`bob@example.com` would be still in it" if wrong == "too few" else "`ada@example.com` would be taken off"
    assert said in " ".join(done.err.split())
    assert ROWS == project.read("groups/org.csv")
