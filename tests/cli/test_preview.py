"""`groupsync preview`."""

from __future__ import annotations

import json

import pytest

from groupsync.errors import ExitCode

SHOWN = r"""big: 2 members  2026-12-01 00:00:00 UTC · groups/segments.yaml:2:7
  It matches 2 of 4 customers (50.0 %).
  Then `members` and the config's `exclude` make it 2.

  CONDITION                            ALONE   TOGETHER
  years ≥ 40                       3  75.0 %  3  75.0 %
  country in AT, CH or spend > 50  3  75.0 %  2  50.0 %
  not in group beta                3  75.0 %  2  50.0 %

ALSO IN
  consented  2  100.0 %
  everybody  2  100.0 %

WHO MATCHES, BY country
  AT    1  50.0 %  █████████████████████████████████████████████████████████████
  null  1  50.0 %  █████████████████████████████████████████████████████████████

WHAT customers IS ASKED
  eligible: age ≥ 18
  where: age ≥ 40 and (country in AT, CH or spend > 50.0) and not in group beta
"""


def test_a_segment_is_shown_without_touching_a_target(segments):
    """Size, funnel, overlaps, values and statement; nothing is written anywhere."""
    before = sorted(path for path in segments.folder.rglob("*"))
    done = segments("preview", "big", "--by", "country", "--explain", "--at", "2026-12-01")

    assert (ExitCode.OK, SHOWN) == (done.code, done.out), done.err
    assert before == sorted(path for path in segments.folder.rglob("*"))


def test_programs_get_one_document(segments):
    """Counts as numbers; what was not asked for is null."""
    found = json.loads(segments("preview", "top", "--format", "json").out)

    assert (1, 4, 4, 2) == tuple(found[key] for key in ("size", "eligible", "matched", "held_out"))
    assert [{"words": "everyone", "alone": 4, "together": 4}] == found["funnel"]
    assert {"group": "beta", "count": 1} in found["overlaps"]
    assert (None, None) == (found["by"], found["statement"])


def test_a_segment_that_is_left_as_it_is_says_why(segments):
    """Its funnel is what one looks for then."""
    out = segments("preview", "tiny").out

    assert "tiny: no size" in out
    assert "Its group is left as it is: it has 1 of at least 5 members." in out
    assert "years > 60" in out


def test_a_preview_of_nobody_compares_nothing(segments):
    """That no other group has any of no members is nothing to know."""
    segments.write("groups/none.yaml", "kind: segment\nname: none\nsource: customers\nwhere: {years: {gt: 200}}\n")
    said = segments("preview", "none").out
    assert "No group is compared with it: it has no members." in said
    assert "No other group has" not in said


def test_a_source_that_is_refused_says_so(segments):
    """What the guards of the source found is shown before anything is believed."""
    segments.write(
        "groupsync.yaml", segments.read("groupsync.yaml").replace("    id: email", "    id: email\n    min_rows: 99")
    )
    done = segments("preview", "big")

    assert ExitCode.OK == done.code, done.err
    assert "min_rows of the source customers: 4 customers, and there must be 99" in done.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("bigg",), "Did you mean `big`?"),
        (("beta",), "`beta` is no segment"),
        (("big", "--by", "contry"), "Did you mean `country`?"),
    ],
)
def test_what_is_not_there_is_an_error(segments, arguments, expected):
    """A misspelt segment or attribute, and a list."""
    done = segments("preview", *arguments)

    assert ExitCode.ERROR == done.code
    assert expected in done.err
