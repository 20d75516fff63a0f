"""Guards of a source as a whole."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groupsync.model import Limit, SourceRange
from groupsync.plugin_options import PluginOptions
from groupsync.source import Census, Misfits
from groupsync.source_config import SourceConfig, SourceGuards
from groupsync.source_guards import judge_source
from groupsync.yaml.document import Document
from tests.worlds import NOW

AT = SourceRange("groupsync.yaml", 7, 5)


AGE = {"max_age": timedelta(hours=26), "max_age_at": AT}


def aged(hours):
    return Census(1, newest=NOW - timedelta(hours=hours))


def source(**guards):
    options = PluginOptions({}, (), Document("groupsync.yaml", {}, None))
    return SourceConfig("customers", "ibis", options, SourceRange("groupsync.yaml", 4, 3), SourceGuards(**guards))


@pytest.mark.parametrize(
    ("guards", "census", "past", "rules"),
    [
        ({}, Census(0), None, []),
        ({"min_rows": Limit(count=100, at=AT)}, Census(100), None, []),
        ({"min_rows": Limit(count=100, at=AT)}, Census(99), None, ["min_rows"]),
        ({"max_shrink": Limit(10, at=AT)}, Census(90), 100, []),
        ({"max_shrink": Limit(10, at=AT)}, Census(89), 100, ["max_shrink"]),
        ({"max_shrink": Limit(10, at=AT)}, Census(1), None, []),
        ({"max_shrink": Limit(10, floor=20, at=AT)}, Census(80), 100, []),
        ({"max_shrink": Limit(at=AT)}, Census(0), 100, []),
        ({}, Census(100, duplicates=1), None, ["duplicate_ids"]),
        ({}, Census(1000, nulls=10), None, []),
        ({}, Census(1000, nulls=6, invalid=5), None, ["max_null_ids"]),
        ({"max_null_ids": Limit(at=AT)}, Census(10, nulls=10), None, []),
        ({}, Census(1000, misfits=(Misfits("n", 10), Misfits("m", 10))), None, []),
        ({}, Census(1000, misfits=(Misfits("n", 11), Misfits("m", 10))), None, ["max_misfits"]),
        ({"max_misfits": Limit(count=2, at=AT)}, Census(1000, misfits=(Misfits("n", 3),)), None, ["max_misfits"]),
        ({"max_misfits": Limit(at=AT)}, Census(9, misfits=(Misfits("n", 9),)), None, []),
        (AGE, aged(-0.25), None, []),
        (AGE, aged(-0.26), None, ["max_age"]),
        ({}, aged(-1000), None, []),
        (AGE, aged(26), None, []),
        (AGE, aged(27), None, ["max_age"]),
        (AGE, Census(1), None, ["max_age"]),
        (
            {"min_rows": Limit(count=9, at=AT)},
            Census(1, nulls=9, duplicates=2),
            3,
            ["min_rows", "duplicate_ids", "max_null_ids"],
        ),
    ],
)
def test_what_a_source_is_refused_for(guards, census, past, rules):
    """Each limit lets its own value pass and nothing beyond; all that speaks against a source is said at once."""
    assert rules == [refusal.rule for refusal in judge_source(source(**guards), census, past, NOW)]


def test_a_refusal_names_the_source_the_figures_and_the_line():
    """Whoever reads it knows what was found, what may be, where that is written and what to do."""
    (found,) = judge_source(source(max_shrink=Limit(10, at=AT)), Census(700_000), 1_000_000, NOW)
    assert ("", "customers", AT) == (found.target, found.name, found.at)
    assert "300,000 of 1,000,000 customers are gone since the last run, and 100,000 may be" == found.summary
    assert "lists go on" in found.hint


def test_each_finding_has_examples_of_its_own_in_quotes():
    """Blanks can be seen, a line break breaks no message, and a doubled identifier is no invalid one."""
    census = Census(
        9,
        invalid=9,
        duplicates=1,
        invalid_samples=(" a b\n",),
        duplicate_samples=("ada@example.com",),
        misfits=(Misfits("n", 9, ("two",)),),
    )
    doubled, odd, values = judge_source(source(), census, None, NOW)
    assert "1 identifier has more than one row, such as 'ada@example.com'" == doubled.summary
    assert "none that can be one, such as ' a b\\n'; 5 may" in odd.summary
    assert "9 values of `n` are none of its type, such as 'two'; 5 may be" == values.summary


def test_a_time_to_come_is_not_fresh():
    """A row of next year would hide for a year that nothing is loaded any more."""
    (found,) = judge_source(source(**AGE), Census(9, newest=NOW + timedelta(days=400)), None, NOW)
    assert "after the plan's instant" in found.summary
