"""Why somebody is in a group: what is told agrees with what is resolved."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from groupsync.identity import Identity
from groupsync.model import MemberFile, Period, Severity, SourceRange, criteria
from groupsync.model.criteria import All, AnyOf, Everyone, Floor, InGroup, Not, Operator, Share, Top
from groupsync.references import Graph
from groupsync.resolve import Blocked, resolve
from groupsync.source import Question, SourceContext
from groupsync.why import Evidence, Included, Listed, Rule, State, explain
from groupsync_memory.source import MemorySource
from tests.worlds import FUTURE, HERE, NOW, PAST, HeldFiles, definition, references

PEOPLE = [f"p{number}@example.com" for number in range(8)]
AGES = [None, 10, 20, 30, 30, 40, 50]  # the last person is no customer
NAMES = "abcdef"
ADULT = criteria.Test("age", Operator.GTE, 20, HERE)

people = st.lists(st.sampled_from(PEOPLE), unique=True, max_size=4)
periods = st.sampled_from([Period(), Period(), Period(PAST), Period(FUTURE), Period(until=PAST), Period(until=FUTURE)])
shares = st.one_of(st.none(), st.none(), st.builds(Share, st.integers(1, 99).map(Decimal), st.sampled_from("st")))
tests = st.one_of(
    st.builds(
        criteria.Test,
        st.just("age"),
        st.sampled_from([Operator.GTE, Operator.LT]),
        st.sampled_from([20, 40]),
        st.just(HERE),
    ),
    st.builds(criteria.Test, st.just("age"), st.just(Operator.IS_NULL), st.booleans(), st.just(HERE)),
    st.just(Everyone(HERE)),
)


def conditions(groups):
    simple = tests
    if groups:
        simple = st.one_of(tests, st.builds(InGroup, st.sampled_from(groups), st.just(HERE)))

    def joined(parts):
        several = st.lists(parts, min_size=1, max_size=3).map(tuple)
        join = st.sampled_from([All, AnyOf])
        return st.one_of(
            st.builds(lambda kind, some: kind(some, HERE), join, several), st.builds(Not, parts, st.just(HERE))
        )

    return st.recursive(simple, joined, max_leaves=4)


@st.composite
def worlds(draw):
    """Definitions that are built from earlier ones, some of them segments, and what is in their member files."""
    found, files = [], {}
    for number, name in enumerate(NAMES[: draw(st.integers(1, 6))]):
        earlier = list(NAMES[:number])
        refer = st.lists(st.tuples(st.sampled_from(earlier), periods), max_size=2) if earlier else st.just([])
        more = {"exclude": draw(refer), "restrict_to": draw(refer), "include": draw(refer) or None}
        more |= {"holdout": draw(shares), "sample": draw(shares)}
        more |= {
            "plain": draw(people),
            "timed": draw(st.lists(st.tuples(st.sampled_from(PEOPLE), periods), max_size=2)),
        }
        more["until"] = draw(st.sampled_from([None, None, None, PAST, FUTURE]))
        if draw(st.booleans()):
            files[name] = draw(people)
            more["files"] = [name]
        if draw(st.booleans()):
            limit = st.builds(
                Top, st.integers(1, 4), st.just("age"), st.booleans(), st.sampled_from([None, 5]), st.just(HERE)
            )
            more |= {"kind": "segment", "source": "customers", "where": draw(conditions(earlier))}
            more |= {"limit": draw(st.none() | limit), "min_size": draw(st.sampled_from([None, None, Floor(1)]))}
        found.append(definition(name, **more))
    everywhere = references("a") if draw(st.booleans()) else ()
    return found, HeldFiles(files), everywhere


def asked(folder):
    context = SourceContext(folder, "customers", Identity(), datetime(2026, 11, 25, tzinfo=UTC))
    rows = [{"email": each, "age": age} for each, age in zip(PEOPLE, AGES, strict=False)]
    return MemorySource.from_options({"rows": rows, "id": "email", "types": {"age": "integer"}}, context)


def computed(definitions, files, everywhere, folder, eligible=ADULT):
    source = asked(folder)

    def ask(segments, groups):
        questions = [Question(each.name, each.where, each.holdout, each.sample, each.limit) for each in segments]
        part = Path(tempfile.mkdtemp(dir=folder))
        return source.evaluate(questions, groups, part, eligible).answers

    found = resolve(definitions, files, NOW, everywhere)
    assert not has_errors(found)
    return found.computed(ask)


def has_errors(resolution):
    return any(each.severity is Severity.ERROR for each in resolution.diagnostics)


def evidence_of(person, definitions, files, everywhere, resolution, folder, eligible=ADULT):
    """Put together what is known of one person, by the rows and lists themselves."""
    segments = [each for each in definitions if each.where is not None]
    rows = asked(folder).rows([person], ["age"])
    stands = {each.group.name: each.blocked for each in resolution.groups if each.blocked}
    ranked = [each.name for each in segments if each.limit and each.name not in stands]
    rankings = {name: resolution.ranking(name) for name in ranked}
    return Evidence(
        person, NOW, Graph({each.name: each for each in definitions}, everywhere),
        places={each.name: HERE for each in definitions if each.members and person in each.members.plain_members()},
        files={
            MemberFile(path, None, SourceRange(path)).key: SourceRange(path, 1, 1)
            for path, held in files.files.items()
            if person in held
        },
        conditions={each.name: each.where for each in segments},
        eligible={"customers": eligible},
        rows={"customers": rows.get(person)},
        ranks={name: ranking.index(person) + 1 for name, ranking in rankings.items() if person in ranking},
        blocked=stands,
        everywhere=everywhere,
    )  # fmt: skip


def why(name, person, definitions, files=None, everywhere=(), eligible=None):
    with tempfile.TemporaryDirectory() as folder:
        files = HeldFiles(files or {})
        resolution = computed(definitions, files, everywhere, Path(folder), eligible)
        return explain(name, evidence_of(person, definitions, files, everywhere, resolution, Path(folder), eligible))


@settings(deadline=None, max_examples=200)
@given(worlds())
def test_in_is_said_of_the_members_and_of_nobody_else(world):
    """Whatever groups are built from; and nothing is said where the group is left as it is."""
    definitions, files, everywhere = world
    assume(not has_errors(resolve(definitions, files, NOW, everywhere)))  # such as excluding what has a limit
    with tempfile.TemporaryDirectory() as folder:
        resolution = computed(definitions, files, everywhere, Path(folder))
        members = {each.group.name: each.group.members and each.group.members.load() for each in resolution.groups}
        for person in PEOPLE:
            evidence = evidence_of(person, definitions, files, everywhere, resolution, Path(folder))
            for name, held in members.items():
                expected = State.UNDECIDED if held is None else State.IN if person in held else State.OUT
                assert expected == explain(name, evidence).state, (name, person)


def test_each_way_in_is_told_with_its_place():
    """A list, a file, an included group within its time, and an entry that has passed."""
    staff = definition("staff", plain=[PEOPLE[0]], timed=[(PEOPLE[0], Period(until=PAST))], files=["hr.txt"])
    everyone = definition("everyone", include=[("staff", Period(until=FUTURE))])
    found = why("everyone", PEOPLE[0], [staff, everyone], {"hr.txt": [PEOPLE[1]]})
    [included] = found.ways
    listed, timed, file = included.why.ways

    assert (State.IN, True, "staff") == (found.state, included.lets_in, included.why.group)
    assert (True, False, False) == (listed.lets_in, timed.lets_in, file.lets_in)
    assert isinstance(included, Included)
    assert isinstance(listed, Listed)


def test_everything_that_keeps_out_is_told():
    """A holdout and an exclusion at once, the config's own marked as such."""
    blocked = definition("blocked", plain=[PEOPLE[2]])
    whole = Share(Decimal(100), "s")
    group = definition("group", plain=[PEOPLE[2]], exclude=["blocked"], holdout=whole, until=NOW - timedelta(days=1))
    found = why("group", PEOPLE[2], [blocked, group], everywhere=references("blocked"))
    expected = [Rule.EXCLUDE, Rule.EXCLUDE, Rule.UNTIL, Rule.HOLDOUT]

    assert (State.OUT, expected) == (found.state, [bar.rule for bar in found.bars])
    assert State.IN is found.bars[0].why.state


def test_a_condition_is_told_with_the_values_it_tested():
    """Each part with what it is for the person, `eligible` besides; who is no customer has none."""
    where = All((criteria.Test("age", Operator.LT, 40, HERE), Not(InGroup("beta", HERE), HERE)), HERE)
    definitions = [definition("beta", plain=[]), definition("s", kind="segment", source="customers", where=where)]
    [matched] = why("s", PEOPLE[3], definitions, eligible=ADULT).ways
    [stranger] = why("s", PEOPLE[7], definitions, eligible=ADULT).ways

    assert (True, True, 30) == (matched.lets_in, matched.eligible.truth, matched.where.parts[0].value)
    assert [True, True] == [part.truth for part in matched.where.parts]
    assert (False, None) == (stranger.lets_in, stranger.where)


def test_a_limit_tells_the_rank():
    """From 1, among those who compete; who is listed needs no place."""
    segment = definition(
        "s", kind="segment", source="customers", where=Everyone(HERE), plain=[PEOPLE[5]],
        limit=Top(2, "age", True, None, HERE),
    )  # fmt: skip
    found = {person: why("s", person, [segment]) for person in (PEOPLE[6], PEOPLE[3], PEOPLE[4], PEOPLE[5])}

    assert [1, 2, 3, None] == [each.rank for each in found.values()]
    assert ["in", "in", "out", "in"] == [each.state for each in found.values()]
    assert [Rule.LIMIT] == [bar.rule for bar in found[PEOPLE[4]].bars]


def test_a_segment_that_is_too_small_is_told_about_all_the_same():
    """Nothing comes of it, but whether the condition is true can be seen."""
    segment = definition(
        "s", kind="segment", source="customers", where=criteria.Test("age", Operator.GTE, 50, HERE), min_size=Floor(5)
    )
    found = why("s", PEOPLE[6], [segment])

    assert (State.UNDECIDED, True) == (found.state, found.ways[0].lets_in)
    assert Blocked("s", "it has 1 of at least 5 members", 1) == found.blocked
