"""What a mark remembers for machines that remember nothing: how it is kept, written and read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.convert import change_record, mark_record, read_mark
from groupsync.convert_past import MOST_TEXT, UNREADABLE, past_of_text, past_record, past_text, read_past
from groupsync.ledger import Ledger
from groupsync.model import Mark, Past
from groupsync.plan import change_digest
from groupsync.records import RecordError
from groupsync.testing.target import PAST, creation, mark_for

KEYS = st.text("0123456789abcdef", min_size=16, max_size=16)
NUMBERS = st.integers(0, 2**53 - 1)
PASTS = st.builds(
    Past,
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.lists(st.tuples(KEYS, KEYS, NUMBERS), max_size=8).map(tuple),
    st.lists(st.tuples(KEYS, NUMBERS), max_size=32).map(tuple),
    st.booleans(),
)


@given(PASTS)
def test_it_comes_back_from_values_and_from_text(past):
    """In a file it is an object, for a service one line of text that is never longer than what is promised."""
    text = past_text(past)

    assert [past, past] == [read_past(json.loads(json.dumps(past_record(past)))), past_of_text(text)]
    assert len(text) <= MOST_TEXT
    assert mark_for(["ada@example.com"]) == replace(mark_for(["ada@example.com"]), past=past)


@pytest.mark.parametrize(
    "text", ["x", "{}", "[1]", 7, {"at": "2026-11-23T12:00:00Z"}, '{"at":"soon","rows":[],"counts":[]}', "[" * 100_000]
)
def test_what_nobody_can_read_is_nothing_known(text):
    """It is not taken for a mark that remembers nothing: what is missing from it is not new."""
    assert UNREADABLE == past_of_text(text)
    assert not UNREADABLE.is_whole
    assert [None, None] == [past_of_text(None), past_of_text("")]


@pytest.mark.parametrize(
    "values",
    [
        {"at": "2026-11-23T12:00:00Z", "rows": [["a", "b", True]], "counts": []},
        {"at": "2026-11-23T12:00:00Z", "rows": [["a", 1]], "counts": []},
        {"at": "2026-11-23T12:00:00Z", "rows": [], "counts": [["a", -1]]},
        {"at": "2026-11-23", "rows": [], "counts": []},
        [],
    ],
)
def test_a_damaged_one_is_told_where_files_are_read(values):
    """Like all else that is damaged there."""
    with pytest.raises(RecordError):
        read_mark({**mark_record(mark_for([])), "past": values})


def test_a_mark_has_it_only_where_there_is_one():
    """A mark of before is written as it was, and an unfinished one remembers nothing."""
    mark = mark_for(["ada@example.com"], name="a")
    kept = replace(mark, past=PAST)

    assert "past" not in mark_record(mark)
    assert (PAST, None) == (read_mark(mark_record(kept)).past, kept.unfinished().past)


def test_no_plan_tells_it_and_no_digest_covers_it():
    """It is known when a change is applied, and is not to be had from a file."""
    change = creation("a", ["ada@example.com"])
    remembering = replace(change, mark=replace(change.mark, past=PAST))

    assert change_record(change, {}, {}) == change_record(remembering, {}, {})
    assert change_digest(change) == change_digest(remembering)


def test_a_ledger_keeps_it(tmp_path):
    """A line of before has none, and is read as ever."""
    ledger = Ledger(tmp_path, "ledger.jsonl", "shop")
    change = creation("a", ["ada@example.com"])
    ledger.record(replace(change, mark=replace(change.mark, past=PAST)))
    ledger.record(replace(change, name="b"))

    assert {"a": PAST, "b": None} == {name: mark.past for name, mark in ledger.read().items()}
    assert all(isinstance(mark, Mark) for mark in ledger.read().values())
