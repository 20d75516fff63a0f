"""The groups that somebody is in: by which way, and for how long."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from groupsync.memberships import memberships, overlap
from groupsync.model import MemberFile, Period
from groupsync.references import Graph
from groupsync.resolve import resolve
from groupsync.why import Evidence, Included, explain_each
from tests.worlds import HERE, NOW, HeldFiles, definition

ADA = "ada@example.com"
NAMES = "abcd"

days = st.integers(-5, 5).map(lambda number: NOW + timedelta(days=number))


@st.composite
def periods(draw):
    """Half open or wholly open, and never empty."""
    start, until = draw(st.none() | days), draw(st.none() | days)
    is_empty = start is not None and until is not None and start >= until
    return Period(start, None if is_empty else until)


def found_for(definitions, files=(), as_of=NOW):
    """Return the memberships of one person, lists and includes alone."""
    evidence = Evidence(
        ADA, as_of, Graph({each.name: each for each in definitions}, ()),
        places={each.name: HERE for each in definitions if each.members and ADA in each.members.plain_members()},
        files={MemberFile(path, None, HERE).key: HERE for path in files},
        conditions={}, eligible={}, rows={}, ranks={}, blocked={},
    )  # fmt: skip
    return memberships(explain_each([each.name for each in definitions], evidence))


def is_in(definitions, name, as_of):
    groups = resolve(definitions, HeldFiles(), as_of).groups
    return ADA in next(each.group.members.load() for each in groups if each.group.name == name)


@given(st.lists(st.tuples(periods(), st.none() | days), min_size=1, max_size=4))
def test_a_path_tells_when_somebody_comes_and_goes(written):
    """They are in from its start until just before its end, and not a second longer."""
    definitions = []
    for name, (period, until) in zip(NAMES, written, strict=False):
        more = {"include": [(definitions[-1].name, period)]} if definitions else {"timed": [(ADA, period)]}
        definitions.append(definition(name, until=until, **more))
    second = timedelta(seconds=1)

    for each in found_for(definitions):
        for path in each.paths if each.is_in else ():
            start, until = path.period.start, path.period.until
            assert path.period.holds(NOW)
            assert start is None or (
                is_in(definitions, each.why.group, start) and not is_in(definitions, each.why.group, start - second)
            )
            assert until is None or (
                is_in(definitions, each.why.group, until - second) and not is_in(definitions, each.why.group, until)
            )


@given(periods(), periods(), days)
def test_periods_overlap_where_both_hold(one, other, instant):
    """At every instant, and whichever comes first."""
    assert (one.holds(instant) and other.holds(instant)) == overlap(one, other).holds(instant)
    assert overlap(one, other) == overlap(other, one)


def test_of_several_ways_through_a_group_the_longest_is_told():
    """Direct ways come first; a group that is included is gone through once."""
    soon, later = (Period(until=NOW + timedelta(days=number)) for number in (1, 9))
    staff = definition("staff", timed=[(ADA, soon), (ADA, later)])
    everyone = definition("everyone", include=["staff"], files=["hr.txt"])
    [_, found] = found_for([staff, everyone], ["hr.txt"])

    assert [True, False] == [path.is_direct for path in found.paths]
    assert later == found.paths[1].period
    assert isinstance(found.paths[1].steps[0], Included)


def test_who_is_named_and_not_in_is_told_apart_from_who_is_not_named():
    """An entry that has passed is shown, a group that has nothing to do with them is not."""
    passed = definition("passed", timed=[(ADA, Period(until=NOW))])
    [found] = found_for([passed, definition("other", plain=["bob@example.com"])])

    assert ("passed", False, 1) == (found.why.group, found.is_in, len(found.idle))
