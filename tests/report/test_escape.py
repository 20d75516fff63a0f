"""Escaping, cutting and laying out text for a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.report.escape import cell_width, escape, quote, shorten
from groupsync.report.style import flow


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bêta-Tester 名前", "Bêta-Tester 名前"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[31m\x9b31m", "\\x1b[31m\\x9b31m"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("ada\u200b", "ada\\u200b"),
        ("a\xa0b", "a\\xa0b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_hides_is_shown(text, expected):
    """Controls, overrides, zero-width characters and odd spaces are written out, letters of any script are not."""
    assert expected == escape(text)


@given(st.text())
def test_escaped_text_is_printable(text):
    """Escaped text has no character that a terminal or a reader's eye would not take for itself."""
    assert escape(text).replace("\u3000", "").isprintable()
    assert quote(text).replace("\u3000", "").isprintable()


@given(st.text(), st.text())
def test_quoting_loses_nothing(one, other):
    """Different texts look different between quotes."""
    assert (one == other) == (quote(one) == quote(other))


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_plain_text_stays_as_it_is(text):
    """Printable ASCII is not touched."""
    assert text == escape(text)


@given(st.text().map(escape), st.integers(1, 50))
def test_shortened_text_fits(text, width):
    """Shortened text takes at most the columns given, and is the text itself where that fits."""
    short = shorten(text, width)
    assert cell_width(short) <= width
    assert (short == text) == (cell_width(text) <= width)


@given(st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1)), st.integers(40, 100))
def test_layout_keeps_every_word(pieces, width):
    """Breaking lines drops no word and goes over the width only for a word that is too long."""
    lines = flow(pieces, "  ", width, separator=" ")
    assert " ".join(pieces).split() == " ".join(lines).split()
    assert [] == [line for line in lines if len(line) > width and " " in line.strip()]
