"""`groupsync who`."""

from __future__ import annotations

import json

import pytest

from groupsync.errors import ExitCode

AT = ("--at", "2026-12-01")
DI = """\
di@example.com is in 3 groups  2026-12-01 00:00:00 UTC

  big
    derived  `where` over the source customers  groups/segments.yaml:5:3
  consented
    direct   listed in `members`  groups/lists.yaml:19:28
  everybody
    derived  include big → `where` over the source customers
             groups/lists.yaml:14:11

Named, but not in:
  tiny
    derived  `where` over the source customers  groups/segments.yaml:21:21
    ?        the group is left as it is: it has 1 of at least 5 members
             groups/segments.yaml:19:7
  top
    derived  `where` over the source customers  groups/segments.yaml:14:9
    out      held out: 50 % by the seed global  groups/segments.yaml:12:7

  local
    not yet in big, consented, everybody
"""


def test_all_groups_of_somebody_are_listed_with_the_way_into_each(segments):
    """Direct and derived, those that something keeps them out of, and what the target lacks."""
    done = segments("who", "DI@example.com", *AT)

    assert ExitCode.OK == done.code, done.err
    assert DI == done.out


def test_entries_show_where_they_stand_and_how_long_they_hold(segments):
    """A line of a member file, an entry that has passed with its reason, the time of an include."""
    ida = segments("who", "ida@example.com", *AT).out
    gus = segments("who", "gus@example.com", *AT).out

    assert "direct   listed in members/beta.csv  members/beta.csv:3:5\n" in ida
    assert gus.startswith("gus@example.com is in no group")
    assert "intern  groups/lists.yaml:5:5" in gus
    assert "from 2026-01-01" in segments("who", "ada@example.com", *AT).out


def test_targets_tell_what_they_have(project):
    """What is ours there, what nobody manages, and what is still to come."""
    assert ExitCode.OK == project("apply", "--yes").code
    project.write("state/groups/by-hand.txt", "ada@contoso.com\n")
    out = json.loads(project("who", "ada@contoso.com", "--format", "json").out)
    [target] = out["targets"]

    assert ["beta-testers", "early-access"] == [each["group"] for each in out["groups"] if each["state"] == "in"]
    assert ["beta-testers", "early-access"] == target["managed"]
    assert ["by-hand"] == target["unmanaged"]
    assert [] == target["missing"] + target["untold"]


def test_programs_get_every_step_of_every_way(segments):
    """With its place, and the time for which all of it holds."""
    found = json.loads(segments("who", "ada@example.com", *AT, "--format", "json").out)
    [everybody] = [each for each in found["groups"] if each["group"] == "everybody"]
    [way] = everybody["ways"]

    assert ["include", "members"] == [step["way"] for step in way["steps"]]
    assert (False, "2026-01-01T00:00:00Z", None) == (way["direct"], way["from"], way["until"])
    assert {"path": "groups/lists.yaml", "line": 4, "column": 5} == way["steps"][1]["at"]


@pytest.mark.parametrize("address", ["ada.example.com", ""])
def test_a_question_about_nobody_is_an_error(segments, address):
    """It says what an address looks like."""
    done = segments("who", address)

    assert ExitCode.ERROR == done.code
    assert "Expected one such as `ada@example.com`." in done.err
