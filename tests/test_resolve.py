"""From definitions to desired groups."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.model import Lifecycle, Period, Severity, State
from groupsync.resolve import resolve
from tests.worlds import FUTURE, NOW, PAST, HeldFiles, definition, references

PEOPLE = [f"{name}@example.com" for name in ("ada", "bob", "cy", "dee", "eve")]


def resolved(*definitions, files=(), exclude=()):
    found = resolve(definitions, HeldFiles(files), NOW, references(*exclude))
    assert [] == [each for each in found.diagnostics if each.severity is Severity.ERROR]
    return {each.group.name: each for each in found.groups}


def members(desired):
    return set(desired.group.members.load())


def errors(*definitions, exclude=()):
    return [
        (each.code, each.summary) for each in resolve(definitions, HeldFiles(), NOW, references(*exclude)).diagnostics
    ]


def test_members_come_together_in_the_documented_order():
    """(members ∪ members_from ∪ include − exclude) ∩ restrict_to."""
    groups = resolved(
        definition("staff", plain=["dee@example.com", "eve@example.com"]),
        definition("blocked", plain=["eve@example.com", "bob@example.com"]),
        definition("consented", plain=["ada@example.com", "dee@example.com", "bob@example.com"]),
        definition(
            "all",
            plain=["ada@example.com"],
            files=["f.txt"],
            include=["staff"],
            exclude=["blocked"],
            restrict_to=["consented"],
        ),
        files={"f.txt": ["bob@example.com", "cy@example.com"]},
    )
    assert {"ada@example.com", "dee@example.com"} == members(groups["all"])


def test_without_members_a_group_is_left_as_it_is():
    """None of members, members_from, include: membership is not managed; an empty list is empty."""
    groups = resolved(definition("loose"), definition("empty", plain=[]), definition("none", include=[]))
    assert groups["loose"].group.members is None
    assert set() == members(groups["empty"]) == members(groups["none"])


@pytest.mark.parametrize(
    ("period", "there"),
    [
        (Period(), True),
        (Period(start=NOW), True),
        (Period(until=NOW), False),
        (Period(start=FUTURE), False),
        (Period(start=PAST, until=FUTURE), True),
        (Period(until=PAST), False),
    ],
)
def test_time_is_half_open(period, there):
    """An entry holds while from ≤ as_of < until, for members and for references."""
    groups = resolved(
        definition("a", timed=[(PEOPLE[0], period)]),
        definition("b", plain=PEOPLE[:1]),
        definition("includes", include=[("b", period)]),
        definition("excludes", plain=PEOPLE[:1], exclude=[("b", period)]),
    )
    expected = set(PEOPLE[:1]) if there else set()
    assert expected == members(groups["a"]) == members(groups["includes"])
    assert expected == set(PEOPLE[:1]) - members(groups["excludes"])


def test_a_group_is_empty_after_its_own_until():
    """A definition's `until` leaves it without members afterwards, and tells that it expired."""
    groups = resolved(replace(definition("a", plain=PEOPLE), until=PAST))
    assert set() == members(groups["a"])
    assert set(PEOPLE) == groups["a"].unexpired()


def test_expiry_is_seen_through_includes():
    """Who left an included group by a written `until` left the including one by it too."""
    groups = resolved(
        definition("a", plain=PEOPLE[:1], timed=[(PEOPLE[1], Period(until=PAST))]),
        definition("b", include=["a"]),
        definition("c", plain=PEOPLE[:1]),
    )
    assert set(PEOPLE[:2]) == groups["b"].unexpired()
    assert groups["c"].unexpired is None


def test_the_configs_exclude_spares_its_own_sources():
    """A project-wide exclude takes from every group but those it names and what they are built from."""
    groups = resolved(
        definition("reported", plain=PEOPLE[:1]),
        definition("blocked", plain=PEOPLE[1:2], include=["reported"]),
        definition("a", plain=PEOPLE),
        definition("loose"),
        exclude=["blocked"],
    )
    assert set(PEOPLE[2:]) == members(groups["a"])
    assert set(PEOPLE[:2]) == members(groups["blocked"])
    assert set(PEOPLE[:1]) == members(groups["reported"])
    assert groups["loose"].group.members is None


def test_patterns_take_every_match_but_themselves():
    """A glob means all matching groups, never the group that holds it."""
    groups = resolved(
        definition("beta-a", plain=PEOPLE[:1]),
        definition("beta-b", plain=PEOPLE[1:2]),
        definition("beta-all", include=["beta-*"]),
    )
    assert set(PEOPLE[:2]) == members(groups["beta-all"])


def test_diamonds_are_no_cycles():
    """Two ways to the same group are fine."""
    groups = resolved(
        definition("base", plain=PEOPLE[:1]),
        definition("l", include=["base"]),
        definition("r", include=["base"]),
        definition("top", include=["l", "r"]),
    )
    assert set(PEOPLE[:1]) == members(groups["top"])


@pytest.mark.parametrize("role", ["include", "exclude", "restrict_to"])
def test_cycles_are_shown_as_a_path_with_places(role):
    """A circle is an error that shows its steps, whichever kind of reference closes it."""
    found = resolve(
        [
            definition("a", plain=[], include=["b"]),
            definition("b", plain=[], include=["c"]),
            definition("c", plain=[], **{role: ["a"]}),
        ],
        HeldFiles(),
        NOW,
    ).diagnostics
    assert ["GS404"] == [each.code for each in found]
    assert found[0].summary.endswith("a → b → c → a")
    assert f"{role} `a`" in found[0].detail


@pytest.mark.parametrize("role", ["include", "exclude", "restrict_to"])
def test_unknown_references_are_errors(role):
    """A name or pattern that means no group never silently widens or narrows a group."""
    assert [("GS401", "Unknown group `stuff`")] == errors(definition("a", plain=[], **{role: ["stuff"]}))
    assert [("GS402", "No group matches `x-*`")] == errors(definition("a", plain=[], **{role: ["x-*"]}))


def test_the_hint_names_the_group_that_was_probably_meant():
    """A misspelt reference is answered with the nearest name."""
    found = resolve([definition("a", include=["staf"]), definition("staff", plain=[])], HeldFiles(), NOW).diagnostics
    assert ["Did you mean `staff`?"] == [each.hint for each in found]


def test_groups_without_members_to_speak_of_cannot_be_referred_to():
    """Neither an unmanaged membership nor an absent group may be built upon."""
    absent = replace(definition("gone", plain=[]), lifecycle=Lifecycle(state=State.ABSENT))
    found = errors(definition("a", include=["loose", "gone"]), definition("loose"), absent)
    assert ["GS403", "GS403"] == [code for code, _ in found]


def test_a_name_can_be_taken_over_only_once():
    """`previously` must not name a defined group, nor one that another definition claims."""
    clash = replace(definition("a", plain=[]), previously=("b",))
    assert ["GS405"] == [code for code, _ in errors(clash, definition("b", plain=[]))]
    twice = replace(definition("c", plain=[]), previously=("b",))
    assert ["GS405"] == [code for code, _ in errors(clash, twice)]


def test_a_very_long_chain_is_refused():
    """Depth is bounded, so that no input can exhaust the stack."""
    chain = [definition(f"g{n}", plain=[], include=[f"g{n + 1}"]) for n in range(2000)]
    found = errors(*chain, definition("g2000", plain=[]))
    assert {"GS406"} == {code for code, _ in found}


def test_the_definition_digest_covers_all_it_is_built_from():
    """It moves with the definition, its member files and every group it refers to, and with nothing else."""

    def digest(people=("ada@example.com",), base=("bob@example.com",), other=("cy@example.com",)):
        groups = resolved(
            definition("base", plain=list(base)),
            definition("other", plain=list(other)),
            definition("a", files=["f.txt"], include=["base"]),
            files={"f.txt": people},
        )
        return groups["a"].digest()

    assert digest() == digest()
    assert digest() == digest(other=["dee@example.com"])
    assert digest() != digest(base=["dee@example.com"])
    assert digest() != digest(people=["dee@example.com"])


def oracle(name, by_name):
    """The formula, written down naively."""
    found = by_name[name]
    there = set(found.members.plain_members() if found.members else [])
    there |= {timed.address for timed in found.members.timed if timed.period.holds(NOW)} if found.members else set()
    for role, combine in (("include", set.__or__), ("exclude", set.__sub__), ("restrict_to", set.__and__)):
        for reference in getattr(found, role) or ():
            if reference.period.holds(NOW):
                there = combine(there, oracle(reference.target, by_name))
    return there


@st.composite
def acyclic(draw):
    """Up to six definitions, each built only from earlier ones."""
    made = []
    people = st.lists(st.sampled_from(PEOPLE), max_size=4, unique=True)
    periods = st.sampled_from([Period(), Period(until=PAST), Period(start=FUTURE), Period(PAST, FUTURE)])
    for n in range(draw(st.integers(1, 6))):
        earlier = [each.name for each in made]
        some = st.lists(st.tuples(st.sampled_from(earlier), periods), max_size=3) if earlier else st.just([])
        made.append(
            definition(
                f"g{n}",
                plain=draw(people),
                timed=draw(st.lists(st.tuples(st.sampled_from(PEOPLE), periods), max_size=2)),
                include=draw(some),
                exclude=draw(some),
                restrict_to=draw(some),
            )
        )
    return made


@given(definitions=acyclic(), data=st.data())
def test_members_agree_with_the_formula_in_any_order(definitions, data):
    """Whatever the groups refer to, and in whatever order they are written, members follow the formula."""
    by_name = {each.name: each for each in definitions}
    found = resolved(*data.draw(st.permutations(definitions)))
    assert {name: oracle(name, by_name) for name in by_name} == {name: members(found[name]) for name in found}
