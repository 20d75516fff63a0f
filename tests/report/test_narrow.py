"""Tables on terminals that are too narrow for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from groupsync.cli.deciding import _GROUP_KEYS, _ITEM_KEYS, _WRITE_KEYS, key_lines
from groupsync.model import Action, Group, Members, Outcome, Run, RunEntry, RunKind
from groupsync.report.history import render_runs
from groupsync.report.show import Sides, render_show
from groupsync.report.style import Style
from tests.plans import AS_OF

RUN = Run(
    "20261125T200106Z-f2b1006c",
    RunKind.APPLY,
    "",
    "shop",
    "146912ff29aadc3e",
    AS_OF,
    AS_OF,
    ("local",),
    "somebody",
    "a-runner-with-a-name",
    12,
    "0.1.0",
    (),
    46,
    tuple(RunEntry("local", f"g{number:02}", Action.UPDATE, outcome=Outcome.APPLIED) for number in range(44)),
    AS_OF + timedelta(seconds=2),
)


@pytest.mark.parametrize("width", [40, 44, 60, 80, 100, 120])
def test_history_breaks_no_number_from_its_word(width):
    """What does not fit as a table stands below its run."""
    lines = render_runs([(RUN,), (replace(RUN, id="20261124T200106Z-f2b1006d"),)], "", Style(width=width)).splitlines()
    assert all(len(line) <= max(width, 40) for line in lines)
    assert 2 == sum("44 applied" in line for line in lines)
    assert 2 == sum("2 not tried" in line for line in lines)
    assert all(any(part in line for line in lines) for part in ("146912ff29aadc3e", "somebody@a-runner-with-a-name"))
    assert "\N{NO-BREAK SPACE}" not in "".join(lines)


@pytest.mark.parametrize("width", [40, 44, 60, 100])
def test_show_breaks_no_word(width):
    """A group stands with its status, and the other columns below it, where a table does not fit."""
    group = Group("a-group-with-a-longer-name", kind="known-user-group", members=Members.of({"ada@contoso.com"}))
    sides = [Sides("local", name, replace(group, name=name), None) for name in ("a-group-with-a-longer-name", "b")]
    lines = render_show(sides, Style(width=width)).splitlines()
    assert all(len(line) <= width for line in lines)
    text = " ".join(" ".join(lines).split()).lower()
    assert all(word in text for word in ("a-group-with-a-longer-name", "known-user-group", "desired", "prior"))


@pytest.mark.parametrize("keys", [_ITEM_KEYS, _GROUP_KEYS, _WRITE_KEYS])
def test_what_keys_do_fits_a_terminal(keys):
    """Eighty columns take each in a line, and fewer break between words."""
    assert len(keys) == len([*key_lines(keys, 80)])
    assert all(len(line) <= 44 for line in key_lines(keys, 44))
