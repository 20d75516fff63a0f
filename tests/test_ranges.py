"""Counts by value in few lines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.ranges import MAX_LINES, Slice, slices_of

VALUES = [
    st.text(max_size=5),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.booleans(),
]
shares = st.one_of(
    *(
        st.dictionaries(st.none() | values, st.integers(1, 1000), max_size=40).map(dict.items).map(tuple)
        for values in VALUES
    )
)


@given(shares)
def test_nobody_is_lost_and_lines_are_few(shares):
    """The counts of all lines are those of all values, and so are the numbers of values."""
    found = slices_of(shares)

    assert sum(count for _, count in shares) == sum(each.count for each in found)
    assert len(shares) == sum(each.values for each in found)
    assert MAX_LINES + 2 >= len(found)


def test_few_values_stand_by_themselves():
    """The most frequent first; null is a value, and a whole number has no decimals."""
    found = slices_of([("AT", 1), (None, 5), ("DE", 7)])

    assert (Slice("DE", 7), Slice("null", 5), Slice("AT", 1)) == found
    assert (Slice("80", 2), Slice("0.5", 1)) == slices_of([(0.5, 1), (80.0, 2)])


def test_many_texts_are_put_together():
    """Twelve stand by themselves, the others in one line that says how many they are."""
    found = slices_of([(f"v{number:02}", 100 - number) for number in range(20)])

    assert ["v00", "v11", "others"] == [found[at].label for at in (0, 11, 12)]
    assert Slice("others", sum(100 - number for number in range(12, 20)), 8) == found[-1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (range(18, 68), ["15 to 19", "20 to 24", "25 to 29"]),
        ([number / 4 for number in range(40)], ["0 to < 1", "1 to < 2", "2 to < 3"]),
        ([Decimal(number) * 1000 for number in range(-3, 17)], ["-4000 to -2001", "-2000 to -1", "0 to 1999"]),
        ([date(2026, 1, 1) + timedelta(days=7 * week) for week in range(30)], ["2026-01", "2026-02", "2026-03"]),
        (
            [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=90 * each) for each in range(20)],
            ["2020", "2021", "2022"],
        ),
    ],
)
def test_many_numbers_and_days_come_in_ranges(values, expected):
    """Of one round width, in order; a year by months, more by years; null comes last."""
    found = slices_of([*((value, 1) for value in values), (None, 3)])

    assert expected == [each.label for each in found[:3]]
    assert Slice("null", 3) == found[-1]
