"""References in conditions: the same checks as for every other reference."""

from __future__ import annotations

from decimal import Decimal

import pytest

from groupsync.identity import Identity
from groupsync.model import Lifecycle, Severity, SourceRange, State
from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Operator, Share, Top
from groupsync.model.criteria import Test as Held
from groupsync.references import Doubts, Graph, manages_members
from groupsync.validate import definition_of
from groupsync.yaml.events import parse_yaml
from tests.worlds import HERE, definition, references

AGE = Held("age", Operator.GT, 5, HERE)


def segment(name, where=AGE, **rest):
    return definition(name, kind="segment", source="customers", where=where, **rest)


def mention(name, line=1):
    return InGroup(name, SourceRange("groups/a.yaml", line, 7))


def graph(*definitions, exclude=(), doubts=None):
    by_name = {each.name: each for each in definitions}
    return Graph(by_name, references(*exclude), doubts or Doubts())


def findings(*definitions, **rest):
    """Return severity, code and summary of everything found, cycles too."""
    made = graph(*definitions, **rest)
    return [(one.severity, one.code, one.summary) for one in [*made.diagnostics, *made.cycles()]]


def test_a_segment_manages_its_members():
    """What a condition says is who belongs."""
    assert manages_members(segment("a"))
    assert not manages_members(definition("a"))


def test_each_group_of_a_condition_is_one_edge():
    """Wherever it stands, under `not` as well, and however often."""
    where = All((mention("b", 2), AnyOf((AGE, Not(mention("c", 3), HERE)), HERE), mention("b", 4)), HERE)
    made = graph(segment("a", where, include=["d"]), *(definition(name, plain=[]) for name in "bcd"))
    edges = [(edge.role, edge.target, edge.reference.at.line) for edge in made.edges["a"]]
    assert [("include", "d", 1), ("in_group", "b", 2), ("in_group", "c", 3)] == edges
    assert {"b", "c", "d"} == made.referenced


def test_unknown_absent_and_unmanaged_groups():
    """What a condition names must be there and have members to speak of."""
    where = AnyOf((mention("bta"), mention("gone"), mention("loose"), Not(mention("nope"), HERE)), HERE)
    gone = definition("gone", plain=[], lifecycle=Lifecycle(State.ABSENT))
    found = graph(segment("a", where), definition("beta", plain=[]), gone, definition("loose")).diagnostics
    assert [
        ("GS401", "Unknown group `bta`", "Did you mean `beta`?"),
        ("GS403", "`in_group` can't use the group `gone`", "Take the entry out."),
        (
            "GS403",
            "`in_group` can't use the group `loose`",
            "Give `loose` its members (`members: []` for none), or take the entry out.",
        ),
        ("GS401", "Unknown group `nope`", "Define the group, or take the entry out."),
    ] == [(one.code, one.summary, one.hint) for one in found]
    assert SourceRange("groups/a.yaml", 1, 7) == found[0].subject


def test_circles_through_conditions():
    """A circle is found through conditions and lists together; a diamond is none."""
    first = segment("a", Not(mention("b", 3), HERE))
    assert ["GS404"] == [one[1] for one in findings(first, definition("b", include=["a"]))]
    (found,) = graph(first, definition("b", include=["a"])).cycles()
    assert "groups/a.yaml:3:7: in_group `b`" in found.detail
    diamond = [segment("a", All((mention("b"), mention("c")), HERE))]
    diamond += [segment(name, mention("d")) for name in "bc"]
    assert [] == findings(*diamond, definition("d", plain=[]))


def test_depth_is_bounded():
    """A chain of a hundred and more levels is told, not followed."""
    chain = [segment(f"g{n:03}", mention(f"g{n + 1:03}")) for n in range(105)]
    assert ["GS406"] == [one[1] for one in findings(*chain, definition("g105", plain=[]))]


@pytest.mark.parametrize(("key", "value"), [("holdout", Share(Decimal(5), "s")), ("sample", Share(Decimal(5), "s"))])
def test_excluding_a_part_of_people_is_a_warning(key, value):
    """Who is held out of a group is not excluded with it, and hardly anybody means that."""
    partial = definition("part", plain=[], **{key: value})
    expected = [(Severity.WARNING, "GS408", f"`exclude` names `part`, which has a {key}")]
    assert expected == findings(partial, definition("a", plain=[], exclude=["part"]))
    assert expected == findings(partial, definition("a", plain=[]), exclude=["part"])
    in_words = [(Severity.WARNING, "GS408", f"`not_in_group` names `part`, which has a {key}")]
    assert in_words == findings(partial, segment("a", Not(mention("part"), HERE)))
    assert [] == findings(partial, segment("a", Not(Not(mention("part"), HERE), HERE)))
    assert [] == findings(partial, definition("a", include=["part"]), definition("b", plain=[], restrict_to=["part"]))


def test_a_group_that_depends_on_its_targets_is_not_referred_to():
    """With `keep_until_rank` members differ from target to target, so that no other group can be built from them."""
    kept = segment("kept", limit=Top(5, "age", True, 8, HERE))
    cut = segment("cut", limit=Top(5, "age", True, None, HERE))
    users = [
        definition("a", include=["kept"]), definition("b", plain=[], exclude=["kept"]), segment("c", mention("kept")),
        definition("d", plain=[], restrict_to=["cut"]),
    ]  # fmt: skip
    found = findings(kept, cut, *users)
    assert [
        (Severity.ERROR, "GS409", f"`{role}` can't use the group `kept`") for role in ("include", "exclude", "in_group")
    ] == found
    assert [] == findings(kept, cut)


def test_what_is_broken_is_not_told_twice():
    """A segment with an error of its own is no group without members."""
    broken = definition("b", kind="segment", source="customers")
    assert [] == findings(segment("a", mention("b")), broken, doubts=Doubts((broken,)))


def test_what_the_config_excludes_is_excluded_from_segments():
    """A segment is no way around the config's own `exclude`; the groups it names are left alone."""
    made = graph(
        segment("a", Everyone(HERE)),
        segment("blocked", mention("hard")),
        definition("hard", plain=[]),
        exclude=["blocked"],
    )
    assert [("exclude", "blocked")] == [(edge.role, edge.target) for edge in made.edges["a"]]
    assert [("in_group", "hard")] == [(edge.role, edge.target) for edge in made.edges["blocked"]]
    assert [] == made.edges["hard"]


def test_a_segment_that_names_itself():
    """It is told at the place, once."""
    text = b"kind: segment\nname: a\nsource: c\nwhere: {any: [{in_group: a}, {not_in_group: a}]}\n"
    (document,), _ = parse_yaml(text, "g.yaml")
    _, found = definition_of(document, Identity())
    assert [("GS213", SourceRange("g.yaml", 4, 26))] == [(one.code, one.subject) for one in found]
