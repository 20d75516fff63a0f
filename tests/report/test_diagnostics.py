"""Findings for a person: every one with its place, its line and a caret under the very character."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.errors import ConfigError, PluginError
from groupsync.model import Diagnostic, Severity, SourceRange
from groupsync.report.diagnostics import render_diagnostics, render_error
from groupsync.report.escape import cell_width
from groupsync.report.style import Style
from tests.plans import HOSTILE, findings, golden

LINES = {
    ("groups/beta.yaml", 4): "memberss:",
    (
        "groups/beta.yaml",
        9,
    ): "\t- 名前@@contoso.com  # a comment that goes on for longer than a terminal is wide",
    ("groups/beta.yaml", 2): "name: beta-testers",
    ("members/list.csv", 700): "z" * 300 + ";ada@contoso.com;" + "y" * 300,
}
FOUND = [
    Diagnostic(
        "GS602", Severity.WARNING, "No file matches `groups/**/*.yml`", hint="Correct `definitions` in groupsync.yaml."
    ),
    Diagnostic(
        "GS301",
        Severity.ERROR,
        "`名前@@contoso.com` is not an address",
        "It has two @-signs.\nAn address was expected.",
        "Correct the address, or remove the line.",
        SourceRange("groups/beta.yaml", 9, 4),
    ),
    Diagnostic(
        "GS201",
        Severity.ERROR,
        "Unknown key `memberss`",
        "A definition of kind known-user-group has no such key.",
        "Did you mean `members`?",
        SourceRange("groups/beta.yaml", 4, 1),
    ),
    Diagnostic(
        "GS302",
        Severity.WARNING,
        "`ada@contoso.com` is there twice",
        subject=SourceRange("members/list.csv", 700, 302),
        related=(SourceRange("groups/beta.yaml", 2, 7),),
        plugin="csv 1.0",
    ),
]


def line_of(place):
    return LINES.get((place.path, place.line))


def test_text_is_exactly():
    """At 80 columns, without colour, the text is what was approved."""
    found = render_diagnostics(FOUND, line_of)
    assert golden("diagnostics", found) == found


def test_nothing_found_is_no_text():
    """Without findings there is nothing to print."""
    assert "" == render_diagnostics([], line_of)


def test_colour_only_adds_colour():
    """Without its colours, coloured text is the plain text."""
    colored = render_diagnostics(FOUND, line_of, Style(color=True))
    assert render_diagnostics(FOUND, line_of) == re.sub(r"\x1b\[[0-9;]+m", "", colored)
    error = ConfigError("a", "b", "c")
    assert render_error(error) == re.sub(r"\x1b\[[0-9;]+m", "", render_error(error, Style(color=True)))


@given(st.text(st.characters(exclude_characters="\n\r"), min_size=1, max_size=200), st.data(), st.integers(40, 120))
def test_caret_stands_under_its_character(line, data, width):
    """Past tabs, wide characters, escapes and cuts, the caret is below the character it is about."""
    column = data.draw(st.integers(1, len(line)))
    marked = line[: column - 1] + "¤" + line[column:]
    found = Diagnostic("GS100", Severity.ERROR, "x", subject=SourceRange("a", 1, column))
    text = render_diagnostics([found], lambda _: marked, Style(width=width))
    shown, caret = text.split("\n")[2:4]
    offset = caret.index("^")
    assert width >= cell_width(shown)
    before = ""
    for character in shown:
        if cell_width(before) == offset and cell_width(character):
            assert "¤" == character
            return
        before += character
    pytest.fail("the caret is beyond the line")


def test_enormous_line_is_cut_around_the_caret():
    """A line of many megabytes shows as one line of the terminal, with the character in question in it."""
    line = "x" * 10_000_000 + "¤" + "y" * 10_000_000
    found = Diagnostic("GS100", Severity.ERROR, "x", subject=SourceRange("a", 1, 10_000_001))
    shown = render_diagnostics([found], lambda _: line).split("\n")[2]
    assert (True, True, 80) == ("¤" in shown, "…x" in shown, len(shown))


@pytest.mark.parametrize("place", [None, SourceRange("a"), SourceRange("a", 3), SourceRange("a", 3, 999)])
def test_place_may_be_less_than_certain(place):
    """A finding without a place, line or column, or past the end of its line, is shown as far as it is known."""
    found = Diagnostic("GS100", Severity.ERROR, "Broken", subject=place)
    text = render_diagnostics([found], lambda _: "some line")
    assert text.startswith("error[GS100]: Broken\n")
    assert bool(place and place.line) == ("some line" in text)
    assert bool(place and place.column) == ("^" in text)


def test_vanished_line_is_left_out():
    """Where the line can't be had any more, the finding is shown without it."""
    assert "|" not in render_diagnostics(FOUND, lambda _: None)


@given(st.lists(findings, max_size=4), st.text())
def test_findings_are_inert_and_counted(found, line):
    """Whatever findings say, the text has printable characters only, and its last line counts them."""
    text = render_diagnostics(found, lambda _: line)
    assert text.replace("\n", "").replace("\u3000", "").isprintable()
    if found:
        errors = sum(each.severity is Severity.ERROR for each in found)
        counted = dict(reversed(pair) for pair in re.findall(r"(\d+) (error|warning)", text.splitlines()[-1]))
        assert {"error": errors, "warning": len(found) - errors} == {
            kind: int(counted.get(kind, 0)) for kind in ("error", "warning")
        }


@given(st.lists(findings, max_size=5).flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_order_of_findings_does_not_matter(both):
    """The text is the same in whatever order findings come, by file and line."""
    one, other = (sorted(found, key=repr) for found in both)
    assert render_diagnostics(one, lambda _: None) == render_diagnostics(other, lambda _: None)


def test_error_says_where_what_and_what_to_do():
    """An exception is a line with its place, then detail and hint."""
    error = ConfigError("No such target", "`crn` is not in the config.", "Did you mean `crm`?", at=SourceRange("a", 3))
    expected = "error: a:3: No such target\n  `crn` is not in the config.\n  hint: Did you mean `crm`?\n"
    assert expected == render_error(error)


def test_plugin_error_blames_the_plugin():
    """An error of a plugin names it and its version."""
    assert "error: It returned None (plugin rest 1.2)\n" == render_error(PluginError("rest", "1.2", "It returned None"))


def test_hostile_error_is_inert():
    """An error made of hostile text stays in its lines."""
    text = render_error(ConfigError(HOSTILE, HOSTILE, HOSTILE, at=SourceRange(HOSTILE, 1)))
    assert text.replace("\n", "").isprintable()
    assert not re.search(r"^Plan:", text, re.MULTILINE)
