"""What `groupsync preview` prints."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groupsync.model import SourceRange
from groupsync.ranges import Slice
from groupsync.report.escape import cell_width
from groupsync.report.preview import Overlap, Preview, Step, percent_of, render_preview
from groupsync.report.style import Style
from tests.plans import AS_OF, HOSTILE

PREVIEW = Preview(
    "big-spenders",
    "customers",
    SourceRange("groups/spend.yaml", 31, 7),
    AS_OF,
    size=63,
    blocked="",
    refusals=(),
    eligible=4310,
    matched=101,
    held_out=3,
    steps=(Step("age ≥ 50", 1461, 1461), Step("country in DE, AT, CH or in group beta-testers", 1010, 101)),
    then=("`restrict_to`", "the config's `exclude`"),
    overlaps=(Overlap("consented", 63), Overlap("beta", 6)),
    by=("country", (Slice("DE", 75), Slice("AT", 25), Slice("others", 1, 3))),
    statement="SELECT email\nFROM customers",
)
TEXT = """\
big-spenders: 63 members  2026-12-01 00:00:00 UTC · groups/spend.yaml:31:7
  It matches 101 of 4,310 customers (2.3 %), and holds out 3 of them.
  Then `restrict_to` and the config's `exclude` make it 63.

  CONDITION                                               ALONE       TOGETHER
  age ≥ 50                                        1,461  33.9 %  1,461  33.9 %
  country in DE, AT, CH or in group beta-testers  1,010  23.4 %    101   2.3 %

ALSO IN
  consented  63  100.0 %
  beta        6    9.5 %

WHO MATCHES, BY country
  DE                 75  74.3 %  ███████████████████████████████████████████████
  AT                 25  24.8 %  ████████████████
  others (3 values)   1   1.0 %  █

WHAT customers IS ASKED
  SELECT email
  FROM customers
"""


def test_it_reads_from_size_to_statement():
    """Funnel, overlaps, bars, what the engine is asked."""
    assert TEXT == render_preview(PREVIEW)


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_lines_keep_to_the_terminal(width):
    """Bars are scaled, and conditions broken."""
    text = render_preview(replace(PREVIEW, then=(), statement=""), Style(width=width))

    assert max(40, min(width, 120)) >= max(cell_width(line) for line in text.splitlines())
    assert "█" in text


def test_bars_are_left_out_where_there_is_no_room():
    """Numbers come first."""
    wide = replace(PREVIEW, by=("country", (Slice("others", 10_000_000, 3),)))

    assert "█" not in render_preview(wide, Style(width=40))
    assert "10,000,000" in render_preview(wide, Style(width=40))


def test_colour_is_for_those_who_want_it():
    """Without it there is no escape sequence, and with it nothing else is different."""
    import re

    colored = render_preview(PREVIEW, Style(color=True))

    assert "\x1b[36m█" in colored
    assert TEXT == re.sub(r"\x1b\[[0-9;]*m", "", colored)


def test_only_ten_overlaps_are_shown():
    """The rest is counted, and shown on demand."""
    many = replace(PREVIEW, overlaps=tuple(Overlap(f"g{number:02}", 20 - number) for number in range(13)))

    assert "g09" in render_preview(many)
    assert "… and 3 groups more" in render_preview(many)
    assert "g12" in render_preview(many, Style(full=True))


def test_what_others_wrote_can_not_act_on_the_terminal():
    """Names, values, conditions and statements are escaped."""
    hostile = replace(
        PREVIEW,
        steps=(Step(HOSTILE, 1, 1),),
        overlaps=(Overlap(HOSTILE, 1),),
        by=(HOSTILE, (Slice(HOSTILE, 1),)),
        blocked=HOSTILE,
        statement=HOSTILE,
    )
    text = render_preview(hostile)

    assert not {char for char in text if not char.isprintable()} - {"\n"}
    assert "\nPlan: 0 to delete" not in text


def test_a_segment_without_anybody_has_no_shares():
    """Nothing is divided by nothing."""
    text = render_preview(replace(PREVIEW, size=None, eligible=0, matched=0, overlaps=(), by=("country", ())))

    assert "big-spenders: no size" in text
    assert "Nobody matches." in text
    assert "-" == percent_of(0, 0)
