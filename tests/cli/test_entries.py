"""Dates and reasons that are written of members and references stand in the plans that bring them in."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from groupsync.errors import ExitCode
from groupsync.model import ALWAYS
from groupsync.planfile import read_plan, write_plan

MORE = """\
kind: known-user-group
name: guests
members:
  - ada@contoso.com
  - {email: Grace@contoso.com, until: 2097-01-31, reason: trial}
  - {email: gone@contoso.com, until: 2020-01-01, reason: long over}
  - {email: soon@contoso.com, from: 2096-05-01, reason: not yet}
include: [{group: beta-testers, until: 2098-06-01T09:00:00Z, reason: pilot}]
"""


@pytest.fixture
def guests(quick):
    quick("apply", "--yes")
    quick.write("groups/guests.yaml", MORE)
    return quick


def _told(project):
    """Return the entries of a plan, from its document, as (role, name, from, until, reason)."""
    document = json.loads(project("plan", "--format", "json").out)
    (change,) = document["changes"]
    return [tuple(each.values()) for each in change["entries"]]


def test_who_comes_is_told_with_until_and_reason(guests):
    """Of those who come alone; a reference with the group that it names."""
    assert [
        ("members", "grace@contoso.com", None, "2097-01-31T00:00:00Z", "trial"),
        ("include", "beta-testers", None, "2098-06-01T09:00:00Z", "pilot"),
    ] == _told(guests)


@pytest.mark.parametrize("typed", [[], ["--full"], ["--format", "markdown"], ["--format", "html"]], ids=" ".join)
def test_every_form_for_people_has_both(guests, typed):
    """Beside the member, and with the reference."""
    guests("plan", "--out", "a.plan")
    for said in (guests("plan", *typed).out, guests("report", "a.plan", *typed).out):
        assert "until 2097-01-31, trial" in said
        assert "until 2098-06-01 09" in said
        assert "pilot" in said
        assert "long over" not in said
        assert "not yet" not in said


def test_a_member_who_stays_has_nothing_new_to_tell(guests):
    """A plan that removes somebody else tells nothing of entries that it does not bring in."""
    guests("apply", "--yes")
    guests.write("groups/guests.yaml", MORE.replace("  - ada@contoso.com\n", "  - bea@contoso.com\n"))
    assert ["beta-testers"] == [entry[1] for entry in _told(guests)]
    guests.write("groups/guests.yaml", MORE.replace("name: guests\n", "name: guests\ndisplay_name: Guests\n"))
    guests("apply", "--yes")
    assert ExitCode.OK == guests("plan").code


@pytest.mark.parametrize(
    "typed", [[], ["--format", "json"], ["--format", "markdown"], ["--format", "html"]], ids=" ".join
)
def test_redacted_neither_name_nor_reason_is_told(guests, typed):
    """When the entry expires is."""
    said = guests("plan", "--redact", *typed).out
    assert "2097-01-31" in said
    assert "grace@" not in said.lower()
    assert not [word for word in ("trial", "pilot") if word in said]


def test_dates_of_a_saved_plan_are_those_of_the_definitions(guests):
    """What a file says of them is shown by `report`; who is asked whether to apply sees what is written."""
    guests("plan", "--out", "a.plan")
    path = guests.folder / "a.plan"
    plan = read_plan(path)
    (change,) = plan.changes
    forged = tuple(replace(entry, reason="for ever", period=ALWAYS) for entry in change.entries)
    write_plan(replace(plan, changes=(replace(change, entries=forged),)), path)
    assert "for ever" in guests("report", "a.plan").out
    shown = guests("apply", "a.plan", "--yes").out
    assert "for ever" not in shown
    assert "until 2097-01-31, trial" in shown
