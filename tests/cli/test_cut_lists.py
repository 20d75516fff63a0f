"""A service whose next pages the profile can't see: nothing is believed to be whole that may have been cut."""

from __future__ import annotations

import json

import pytest

from groupsync.cli import run as run_command
from groupsync.errors import ExitCode
from tests.cli.conftest import Done
from tests.plugins.shelves import PROFILE, Shelves, serving

PEOPLE = [f"p{number:02}@example.com" for number in range(25)]
MANY = [f"seg-{number:02}" for number in range(1, 15)]
CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
targets:
  shelf: {plugin: rest, url: "%s", profile: shelf.yaml}
"""


@pytest.fixture
def shelves():
    return Shelves()


@pytest.fixture
def typed(shelves, tmp_path, monkeypatch, capsys):
    """Run a command in a project whose target is the service."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "groups").mkdir()
    with serving(shelves) as url:
        (tmp_path / "groupsync.yaml").write_text(CONFIG % url)
        (tmp_path / "shelf.yaml").write_text(PROFILE)

        def run(*arguments):
            return Done(run_command(list(arguments)), *capsys.readouterr())

        run.url = url
        yield run


def define(folder, name, *members):
    text = f"kind: known-user-group\nname: {name}\nmembers: [{', '.join(members)}]\n"
    (folder / f"groups/{name}.yaml").write_text(text)


def test_a_group_that_a_cut_list_does_not_show_is_not_overwritten(typed, shelves, tmp_path):
    """Its PUT makes or overwrites: what may be there is not created."""
    for name in (*MANY, "zebra"):
        shelves.put(name, ["x01@example.com"])
    define(tmp_path, "zebra", "ada@example.com", "bob@example.com")
    planned = typed("plan")
    assert "zebra" in planned.out + planned.err
    said = " ".join((planned.out + planned.err).split())
    assert (
        "10 came, as many as one answer has, and no next page in a `Link` header: see `pages` in shelf.yaml:5" in said
    )
    typed("apply", "--yes")
    assert [{"email": "x01@example.com"}] == shelves.groups["zebra"]["people"]
    assert not [each for each in shelves.asked if each.startswith("PUT")]


def test_members_that_were_cut_at_the_first_page_are_not_imported(typed, shelves):
    """10 of 25 people are no group."""
    shelves.put("seg-01", PEOPLE)
    done = typed("import")
    assert ExitCode.OK != done.code
    assert "`seg-01` was not read wholly" in done.out + done.err


@pytest.mark.parametrize("count", [9, 10])
def test_a_list_that_only_just_fits_is_proven_by_smaller_pages(typed, shelves, tmp_path, count):
    """Where the next page is where the profile looks for it; one that is not full needs no proof."""
    shelves.link_header = "Link"
    shelves.put("seg-01", PEOPLE[:count])
    done = typed("import")
    assert ExitCode.OK == done.code, done.err
    asked = [each for each in shelves.asked if "people" in each]
    assert {9: 1, 10: 3}[count] == len(asked), asked


def test_a_service_that_caps_its_pages_is_not_believed(typed, shelves):
    """It gives ten whatever is asked for: smaller pages prove nothing."""
    shelves.put("seg-01", PEOPLE)
    shelves.page = lambda url, items: (200, {}, {"data": items[:10]})
    done = typed("import")
    assert ExitCode.OK != done.code
    assert "`seg-01` was not read wholly" in done.out + done.err


def test_profile_check_proves_that_pages_lead_on(typed, shelves):
    """With pages of one, which the smallest of groups has two of."""
    shelves.put("seg-01", PEOPLE[:2])
    shelves.put("seg-02", PEOPLE[:1])
    cut = typed("profile", "check", "shelf.yaml", "--url", typed.url)
    assert ExitCode.ERROR == cut.code
    assert 2 == cut.out.count("1 came, as many as one answer has, and no next page in a `Link`"), cut.out
    shelves.link_header = "Link"
    whole = typed("profile", "check", "shelf.yaml", "--url", typed.url)
    assert ExitCode.OK == whole.code, whole.out


def test_records_without_what_is_looked_for_are_no_empty_list(typed, shelves, tmp_path):
    """All of them, where the profile is wrong; one of them, where the service has somebody without an address."""
    shelves.put("seg-01", PEOPLE[:3])
    (tmp_path / "shelf.yaml").write_text(PROFILE.replace("data[].email", "data[].mail"))
    checked = typed("profile", "check", "shelf.yaml", "--url", typed.url)
    assert ExitCode.ERROR == checked.code
    assert "3 of 3 items have nothing at `data[].mail`" in checked.out
    (tmp_path / "shelf.yaml").write_text(PROFILE)
    shelves.groups["seg-01"]["people"].append({"id": 4})
    done = typed("import")
    assert ExitCode.OK != done.code
    assert "1 of 4 items have nothing at `data[].email`" in done.out + done.err
    (tmp_path / "shelf.yaml").write_text(PROFILE.replace("data[].email", "data[?email].email"))
    assert ExitCode.OK == typed("import").code


def test_a_new_group_has_its_members_where_only_create_carries_them(typed, shelves, tmp_path):
    """What the plan says goes is sent."""
    define(tmp_path, "zz", "ada@example.com", "bob@example.com")
    done = typed("apply", "--yes")
    assert ExitCode.OK == done.code, done.out + done.err
    assert ["ada@example.com", "bob@example.com"] == [each["email"] for each in shelves.groups["zz"]["people"]]


def test_a_new_group_that_nobody_could_get_into_is_refused_in_the_plan(typed, shelves, tmp_path):
    """And one that is too large for its one request before anything is sent."""
    define(tmp_path, "zz", "ada@example.com", "bob@example.com")
    (tmp_path / "shelf.yaml").write_text(PROFILE.replace("people: $add, ", ""))
    plan = json.loads(typed("plan", "--format", "json").out)
    assert "capability" in json.dumps(plan)
    (tmp_path / "shelf.yaml").write_text(PROFILE.replace("member_page: 10", "member_page: 10, bulk: 1"))
    done = typed("apply", "--yes")
    assert ExitCode.OK != done.code
    assert "`zz` can't be made with 2 members" in done.out + done.err
    assert not shelves.groups
