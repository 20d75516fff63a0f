"""`groupsync why`."""

from __future__ import annotations

import json

import pytest

from groupsync.errors import ExitCode

AT = ("--at", "2026-12-01")
IN = """\
di@example.com is in everybody  2026-12-01 00:00:00 UTC · groups/lists.yaml:13:7

  in   include big  groups/lists.yaml:14:11
       in   `where` over the source customers  groups/segments.yaml:5:3
            who is a customer:
              true    years ≥ 18: it is 70
            the condition:
              true    all of
                true    years ≥ 40: it is 70
                true    any of
                  unknown country in AT, CH: it is null
"""
OUT = """\
         out  exclude blocked, as from every group: they are in it
              groupsync.yaml:21:11
              in   listed in `members`  groups/lists.yaml:10:11
  out  exclude blocked, as from every group: they are in it
       groupsync.yaml:21:11
       in   listed in `members`  groups/lists.yaml:10:11

  local does not have them: it does not have the group yet
"""


def test_who_is_in_is_shown_the_chain(segments):
    """From group to group, down to each test with the person's own value, all with their places."""
    done = segments("why", "di@example.com", "everybody", *AT)

    assert ExitCode.OK == done.code, done.err
    assert done.out.startswith(IN)


def test_what_could_have_kept_somebody_out_is_shown(segments):
    """A group that they have to be in is a part of why they are in."""
    out = segments("why", "di@example.com", "everybody", *AT).out

    assert "  ok   restrict_to consented: they are in it  groups/lists.yaml:15:15\n" in out
    assert "  ok   exclude blocked, as from every group: they are not in it" in out


def test_who_is_kept_out_is_shown_by_what(segments):
    """The condition is true, and the config's own exclusion keeps out all the same; that is no failure."""
    done = segments("why", "cy@example.com", "big", *AT)

    assert ExitCode.OK == done.code, done.err
    assert done.out.endswith(OUT)


def test_a_line_of_a_member_file_is_named(segments):
    """And spelling does not matter, there and on the command line."""
    done = segments("why", "IDA@Example.COM", "beta", *AT)

    assert "  in   listed in members/beta.csv  members/beta.csv:3:5\n" in done.out


def test_an_entry_that_has_passed_is_shown_with_its_reason(segments):
    """At another time it let them in."""
    now, then = (segments("why", "gus@example.com", "beta", "--at", at).out for at in ("2026-12-01", "2026-05-01"))

    assert "but it does not hold now, until 2026-06-01, intern" in now
    assert "in   listed in `members`, until 2026-06-01, intern" in then


@pytest.mark.parametrize(
    ("person", "group", "expected"),
    [
        ("di@example.com", "tiny", "?    it has 1 of at least 5 members"),
        ("nobody@example.com", "big", "`where`: the source customers has no such customer"),
        ("flo@example.com", "top", "out  held out: 50 % by the seed global"),
        ("flo@example.com", "big", r"country in AT, CH: it is \"D\x1b[31mE\""),
    ],
)
def test_whatever_decides_is_told(segments, person, group, expected):
    """Sizes, holdouts, strangers; and what the data holds can't repaint the screen."""
    out = segments("why", person, group, *AT).out

    assert expected.replace('\\"', '"') in out
    assert "\x1b" not in out


def test_targets_tell_what_they_have(segments):
    """One line a target, after an apply and before it."""
    (segments.folder / "groups" / "segments.yaml").unlink()
    segments.write("groups/lists.yaml", segments.read("groups/lists.yaml").replace("big, ", ""))
    before = segments("why", "ada@example.com", "beta", *AT, "--target", "local").out
    assert ExitCode.OK == segments("apply", "--yes").code
    after = segments("why", "ada@example.com", "beta", *AT).out

    assert before.endswith("  local does not have them: it does not have the group yet\n")
    assert after.endswith("  local has them\n")


def test_programs_get_the_whole_tree(segments):
    """Ways with their places, conditions with truth and value, and what the targets have."""
    found = json.loads(segments("why", "di@example.com", "everybody", *AT, "--format", "json").out)
    [big, beta] = found["ways"]
    [_, where] = [None, *big["why"]["ways"]]

    assert ("di@example.com", "everybody", "in", "local") == (
        found["person"], found["group"], found["state"], found["targets"][0]["target"]
    )  # fmt: skip
    assert (True, False, "out") == (big["lets_in"], beta["lets_in"], beta["why"]["state"])
    assert {"condition": "years ≥ 40", "truth": True, "value": 70, "parts": []} == where["where"]["parts"][0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("ada.example.com", "beta"), "It has no @-sign."),
        (("ada@example.com", "bete"), "Did you mean `beta`?"),
    ],
)
def test_a_question_about_nobody_or_nothing_is_an_error(segments, arguments, expected):
    """It says what is wrong with the address, or which group was probably meant."""
    done = segments("why", *arguments)

    assert ExitCode.ERROR == done.code
    assert expected in done.err


def test_what_counts_from_now_is_told_in_its_words_with_its_ends(segments):
    """The word that was written, what is known of the person, and between which days it looks."""
    written = "kind: segment\nname: recent\nsource: customers\nwhere: {seen_on: {within_days: 30}}\n"
    segments.write("groups/recent.yaml", written)
    told = " ".join(segments("why", "ada@example.com", "recent", "--at", "2026-11-25").out.split())
    assert (
        "true seen_on within the last 30 days: it is 2026-11-01 (seen_on ≥ 2026-10-26 and seen_on ≤ 2026-11-25)" in told
    )
    segments.write("groups/recent.yaml", written.replace("within_days: 30", "more_than_days_ago: 30"))
    told = " ".join(segments("why", "ada@example.com", "recent", "--at", "2026-11-25").out.split())
    assert "false seen_on more than 30 days ago: it is 2026-11-01 (seen_on < 2026-10-26)" in told
    told = " ".join(segments("why", "di@example.com", "recent", "--at", "2026-11-25").out.split())
    assert "unknown seen_on more than 30 days ago: it is null (seen_on < 2026-10-26)" in told
