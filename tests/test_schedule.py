"""What written dates will do is what they do when they come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from groupsync.model import Severity
from groupsync.model.criteria import Share
from groupsync.resolve import resolve
from tests.worlds import FUTURE, NOW, HeldFiles, Period, definition

PEOPLE = [f"{name}@example.com" for name in ("ada", "bob", "cy", "dee")]
DATES = [datetime(2026, 1, 1, tzinfo=UTC), *(datetime(2027, month, 1, tzinfo=UTC) for month in (1, 2, 3))]
NAMES = ["g0", "g1", "g2", "g3"]

dates = st.none() | st.sampled_from(DATES)
periods = st.builds(Period, dates, dates)
people = st.lists(st.sampled_from(PEOPLE), unique=True)


@st.composite
def worlds(draw):
    """Groups built on each other, with few people and few dates, so that much of it meets."""
    found = []
    for number, name in enumerate(NAMES):
        earlier = st.lists(st.tuples(st.sampled_from(NAMES[:number]), periods), max_size=2) if number else st.just([])
        found.append(
            definition(
                name,
                plain=sorted(draw(people)),
                timed=draw(st.lists(st.tuples(st.sampled_from(PEOPLE), periods), max_size=3)),
                files=draw(st.sampled_from([None, ["one.txt"]])),
                include=draw(earlier),
                exclude=draw(earlier),
                restrict_to=draw(earlier),
                until=draw(dates),
                holdout=draw(st.sampled_from([None, Share(30, "seed")])),
            )
        )
    return found, HeldFiles({"one.txt": draw(people)})


def members_at(drawn, files, at):
    return {each.group.name: each.group.members.load() for each in resolve(drawn, files, at).groups}


@given(worlds())
def test_what_is_announced_for_a_date_is_what_that_date_does(world):
    """Between two dates nobody moves, and on each just those come and go who were announced; through references too."""
    drawn, files = world
    resolution = resolve(drawn, files, NOW)
    assert not [each for each in resolution.diagnostics if each.severity is Severity.ERROR]
    told = {(each.name, each.at): each for each in resolution.dated}
    assert all(each.entering or each.leaving for each in told.values())
    before = members_at(drawn, files, NOW)
    for at in [date for date in DATES if date > NOW]:
        assert before == members_at(drawn, files, at - timedelta(microseconds=1)), "somebody moved between two dates"
        now = members_at(drawn, files, at)
        for name, members in now.items():
            event = told.pop((name, at), None)
            assert (event.entering if event else frozenset()) == members - before[name]
            assert (event.leaving if event else frozenset()) == before[name] - members
        before = now
    assert {} == told


def test_a_date_is_announced_for_what_is_built_on_the_group():
    """Who leaves a list on a date enters what excludes it, and leaves what includes it."""
    blocked = definition("blocked", timed=[("ada@example.com", Period(until=FUTURE))])
    newsletter = definition("newsletter", plain=["ada@example.com"], exclude=["blocked"])
    both = definition("both", plain=["bob@example.com"], include=["blocked"])
    events = resolve([blocked, newsletter, both], HeldFiles(), NOW).dated

    assert {
        ("blocked", FUTURE, (), ("ada@example.com",)),
        ("both", FUTURE, (), ("ada@example.com",)),
        ("newsletter", FUTURE, ("ada@example.com",), ()),
    } == {(each.name, each.at, tuple(each.entering), tuple(each.leaving)) for each in events}
