"""Segments among other groups: who belongs, in which order they are asked for, and what a blocked one blocks."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.bucket import within
from groupsync.model import Members
from groupsync.model.criteria import Everyone, Floor, InGroup, Not, Share, Top
from groupsync.resolve import Blocked, resolve
from groupsync.source import Answer
from tests.worlds import HERE, NOW, PAST, HeldFiles, definition

people = st.sets(st.sampled_from([f"p{n}@example.com" for n in range(12)]))
shares = st.builds(Share, st.integers(1, 99).map(Decimal), st.sampled_from(["a", "b"]))


def segment(name, where=None, **more):
    return definition(name, kind="segment", source="customers", where=where or Everyone(HERE), **more)


def answer(members, order=None):
    made = Members.of(members)
    held = Members(made.load, count=made.count, digest=made.digest)
    return Answer(held, 0, made.count, (lambda: list(order)) if order is not None else None)


class Asked:
    """Answers from given sets, as a source does, and remembers what it was asked."""

    def __init__(self, sets, orders=None, blocked=()):
        self.sets, self.orders, self.blocked = sets, orders or {}, dict(blocked)
        self.passes = []

    def __call__(self, segments, groups):
        self.passes.append(([each.name for each in segments], {name: set(held) for name, held in groups.items()}))
        return {each.name: self.blocked.get(each.name) or self._answer(each) for each in segments}

    def _answer(self, each):
        members = self.sets.get(each.name, set())
        members = {one for one in members if not (each.holdout and within(each.holdout, one))}
        members = {one for one in members if not each.sample or within(each.sample, one)}
        return answer(members, self.orders.get(each.name))


def computed(definitions, asked, files=()):
    found = resolve(definitions, HeldFiles(files), NOW)
    assert () == found.diagnostics
    return {each.group.name: each for each in found.computed(asked).groups}


def members(desired):
    return set(desired.group.members.load())


@given(people, people, people, people, people)
def test_members_follow_the_order_of_the_design(listed, matched, included, excluded, kept):
    """((members ∪ where ∪ include) − exclude) ∩ restrict_to."""
    asked = Asked({"s": matched})
    found = computed(
        [
            segment("s", plain=sorted(listed), include=["i"], exclude=["e"], restrict_to=["r"]),
            definition("i", plain=sorted(included)),
            definition("e", plain=sorted(excluded)),
            definition("r", plain=sorted(kept)),
        ],
        asked,
    )
    assert ((listed | matched | included) - excluded) & kept == members(found["s"])


@given(people, people, people, shares, shares)
def test_holdout_and_sample_narrow_everybody_but_listed_members_of_the_sample(listed, matched, included, out, part):
    """The holdout takes out listed members, too; the sample lets them in."""
    found = computed(
        [
            segment("s", plain=sorted(listed), include=["i"], holdout=out, sample=part),
            definition("i", plain=sorted(included)),
        ],
        Asked({"s": matched}),
    )
    everybody = {one for one in listed | matched | included if not within(out, one)}
    assert {one for one in everybody if one in listed or within(part, one)} == members(found["s"])


@given(people, shares)
def test_a_list_can_be_held_out_and_sampled_too(listed, part):
    """A file of members is sampled as a segment is; two samples with one seed lie within each other."""
    half = Share(part.percent / 2, part.seed)
    found = computed(
        [definition("a", files=["f"], sample=part), definition("b", files=["f"], sample=half)],
        Asked({}),
        {"f": sorted(listed)},
    )
    assert {one for one in listed if within(part, one)} == members(found["a"])
    assert members(found["b"]) <= members(found["a"])


def test_a_limit_takes_the_first_and_listed_members_besides():
    """Whom no condition let in competes last, by identifier."""
    found = computed(
        [
            segment("s", plain=["z@example.com"], include=["i"], limit=Top(3, "spend", True, None, HERE)),
            definition("i", plain=["b@example.com", "a@example.com"]),
        ],
        Asked({"s": {"x@example.com", "y@example.com"}}, {"s": ["y@example.com", "x@example.com"]}),
    )
    assert {"z@example.com", "y@example.com", "x@example.com", "a@example.com"} == members(found["s"])


@pytest.mark.parametrize(("name", "count"), [("limited", 2), ("sampled", 1), ("plain", None)])
def test_listed_members_that_bypass_a_sample_or_limit_are_counted(name, count):
    """Who is in the sample anyway bypasses nothing; who is excluded neither."""
    half = Share(Decimal(50), "a")
    everybody = [f"p{n}@example.com" for n in range(99)]
    inside, outside = (next(each for each in everybody if within(half, each) is wanted) for wanted in (True, False))
    listed = [inside, outside, "out@example.com"]
    found = computed(
        [
            segment("limited", plain=listed, exclude=["e"], limit=Top(3, "spend", True, None, HERE)),
            segment("sampled", plain=listed, exclude=["e"], sample=half),
            segment("plain", plain=listed),
            definition("e", plain=["out@example.com"]),
        ],
        Asked({}),
    )
    assert count == (found[name].bypassing() if found[name].bypassing else None)


def test_who_is_there_matters_only_within_the_margin():
    """`settled` gives the members for those that a target holds."""
    order = [f"p{n}@example.com" for n in range(5)]
    found = computed([segment("s", limit=Top(2, "spend", True, 3, HERE))], Asked({"s": set(order)}, {"s": order}))
    assert {order[0], order[1]} == members(found["s"])
    assert {order[0], order[2]} == found["s"].settled(frozenset([order[2], order[4]]))


def test_segments_are_asked_for_together_and_in_stages():
    """Those that name a segment in a condition come after it, and get its final members."""
    asked = Asked({"first": {"a@example.com", "b@example.com"}, "other": {"c@example.com"}, "then": {"a@example.com"}})
    computed(
        [
            segment("then", Not(InGroup("between", HERE), HERE)),
            segment("other", InGroup("list", HERE)),
            segment("first", exclude=["out"]),
            definition("between", include=["first", "list"]),
            definition("list", plain=["l@example.com"]),
            definition("out", plain=["b@example.com"]),
        ],
        asked,
    )
    assert [
        (["first", "other"], {"list": {"l@example.com"}}),
        (["then"], {"between": {"a@example.com", "l@example.com"}}),
    ] == asked.passes


def test_what_builds_on_a_blocked_segment_is_blocked_and_nothing_else():
    """A reference by include, by exclude, by restrict_to or in a condition makes no difference; a diamond neither."""
    asked = Asked({"fine": {"a@example.com"}}, blocked={"bad": Blocked("bad", "its source is refused")})
    found = computed(
        [
            segment("bad"),
            segment("fine"),
            segment("asks", Not(InGroup("bad", HERE), HERE)),
            definition("left", include=["bad"]),
            definition("right", plain=["a@example.com"], exclude=["bad"]),
            definition("both", include=["left", "right"]),
            definition("free", plain=["a@example.com"]),
        ],
        asked,
    )
    blocked = {name: each.blocked.by for name, each in found.items() if each.blocked}
    assert dict.fromkeys(["bad", "asks", "left", "right", "both"], "bad") == blocked
    assert all(found[name].group.members is None for name in blocked)
    assert [["bad", "fine"], []] == [names for names, _ in asked.passes]


@pytest.mark.parametrize(("count", "is_small"), [(2, False), (3, True)])
def test_a_small_segment_is_inactive_and_says_its_size(count, is_small):
    """Its final members are counted, overlays and all."""
    found = computed(
        [
            segment("s", exclude=["e"], min_size=Floor(count)),
            definition("e", plain=["a@example.com"]),
            definition("on", include=["s"]),
        ],
        Asked({"s": {"a@example.com", "b@example.com", "c@example.com"}}),
    )
    assert (2 if is_small else None) == (found["s"].blocked.size if found["s"].blocked else None)
    assert is_small == (found["on"].blocked is not None)


def test_a_segment_whose_time_is_over_has_nobody():
    """`until` of the definition holds for segments as for lists."""
    found = computed([segment("s", until=PAST)], Asked({"s": {"a@example.com"}}))
    assert set() == members(found["s"])


def test_before_it_is_computed_nothing_is_known_of_a_segment():
    """Its members are not told as nobody, and those of what builds on it neither; lists are known."""
    definitions = [segment("s"), definition("on", include=["s"]), definition("free", plain=["a@example.com"])]
    found = {each.group.name: each for each in resolve(definitions, HeldFiles(), NOW).groups}
    assert {"s": None, "on": None} == {name: found[name].group.members for name in ("s", "on")}
    assert {"a@example.com"} == members(found["free"])


def test_the_definition_digest_covers_the_source_and_the_groups_that_conditions_name():
    """What the config says of the source and what a named group holds belong to what the group is built from."""

    def digest(source="1", people=("a@example.com",)):
        definitions = [segment("s", InGroup("l", HERE)), definition("l", plain=list(people))]
        found = resolve(definitions, HeldFiles(), NOW, sources={"customers": source})
        return next(each for each in found.groups if each.group.name == "s").digest()

    assert digest() == digest()
    assert 3 == len({digest(), digest(source="2"), digest(people=("b@example.com",))})
