"""What a plan means for each person: exactly what sets say, with bounds, and nothing hostile in it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.model import Action, Change, Drift, Loss, Members, Refusal, TargetState, Verdict
from groupsync.people import Person, people_of
from groupsync.report.markdown import render_drift_markdown, render_plan_markdown
from groupsync.report.style import Style
from groupsync.report.text import render_drift, render_plan
from tests.plans import HOSTILE, golden, people, plan_of, plans, sample_plan

BY_PERSON = Style(by_person=True)
ADA, BOB, CY = (f"{name}@contoso.com" for name in ("ada", "bob", "cy"))


def change(name="beta", add=(), remove=(), target="local", **rest):
    return Change(
        target, name, Action.UPDATE, name, add=Members.of(add), remove=Members.of(remove), prior_count=50, **rest
    )


# --- Who gains and loses what -----------------------------------------------------------------------------------------

names = st.sampled_from([f"p{number}@example.com" for number in range(6)])
sides = st.frozensets(names, max_size=4)


@given(groups=st.dictionaries(st.sampled_from("abcde"), st.tuples(sides, sides)), most=st.none() | st.integers(0, 7))
def test_people_are_told_what_sets_say(groups, most):
    """Each person has the groups they come to and go from, and nobody else is there; a bound only cuts the end."""
    changes = [change(name, add - remove, remove - add) for name, (add, remove) in sorted(groups.items())]
    found = people_of(changes, (), most)
    everybody = {name for each in changes for name in each.add.load() | each.remove.load()}
    assert (len(everybody), 0) == (found.count, found.too_many)
    assert min(len(everybody), len(everybody) if most is None else most) == len(found.first)
    for person in found.first:
        assert tuple(each.key for each in changes if person.name in each.add.load()) == person.gained
        assert tuple(each.key for each in changes if person.name in each.remove.load()) == person.lost
    assert people_of(changes).first[: len(found.first)] == found.first


def test_who_loses_every_group_comes_first_then_who_changes_most():
    """Then by name; whom a guard did not find is nowhere near the first."""
    changes = [change("a", [ADA, BOB], [CY]), change("b", [BOB, "di@contoso.com"])]
    found = people_of(changes, [Loss("local", 1, (CY,))])
    assert [CY, BOB, ADA, "di@contoso.com"] == [person.name for person in found.first]
    assert (("local",), ()) == (found.first[0].nowhere, found.first[1].nowhere)


def test_a_new_address_is_one_person_who_neither_comes_nor_goes():
    """What the person gains or loses besides is told under the new address."""
    moved = {"readdressed": ((BOB, ADA),)}
    only = [change("a", [ADA], [BOB], **moved), change("b", [ADA, CY], [BOB], **moved)]
    assert [Person(CY, gained=(("local", "b"),)), Person(ADA, before=BOB, readdressed=2)] == list(people_of(only).first)
    more = [*only, change("c", [ADA]), change("d", (), [BOB])]
    found = people_of(more, [Loss("crm", 1, (BOB,))], 1)
    assert [Person(ADA, (("local", "c"),), (("local", "d"),), BOB, 2, ("crm",))] == list(found.first)
    text = render_plan(plan_of(*more), BY_PERSON)
    assert f"    {BOB} → {ADA}  +1, -1, new address in 2 groups\n      + c\n      - d\n" in text
    comment = render_plan_markdown(plan_of(*more), by_person=True)
    assert f"- `{BOB}` → `{ADA}`: new address in 2 groups; + `c`; − `d`\n" in comment


def test_too_many_memberships_are_not_told_by_person(monkeypatch):
    """Nothing is loaded beyond the bound, and it is said why nobody is told of."""
    monkeypatch.setattr("groupsync.people.MOST", 9)

    def load():
        raise AssertionError

    unread = Change("local", "a", Action.CREATE, add=Members(load, count=10, digest="0" * 64))
    assert (0, (), 10) == ((found := people_of([unread])).count, found.first, found.too_many)
    assert 5 == people_of([change("a", people(4).load(), [ADA])]).count


# --- What is said -----------------------------------------------------------------------------------------------------


def section(text):
    """Cut out what is told by person."""
    return "By person" + re.split("^(?:Plan|Drift|####)", text.partition("By person")[2], flags=re.MULTILINE)[0]


def lossy_plan():
    """Make the sample plan with people who would be in no group any more."""
    some = ("person-00100@contoso.com", "zoe@contoso.com")
    return replace(sample_plan(), lost=(Loss("crm", 1, some[1:]), Loss("local", 40, some[:1])))


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("plan-people", lambda: section(render_plan(lossy_plan(), BY_PERSON))),
        ("drift-people", lambda: section(render_drift(lossy_plan(), BY_PERSON))),
        ("plan-people-markdown", lambda: section(render_plan_markdown(lossy_plan(), by_person=True))),
        ("drift-people-markdown", lambda: section(render_drift_markdown(lossy_plan(), by_person=True))),
    ],
)
def test_people_are_shown_exactly(name, render):
    """The section is what was approved."""
    found = render()
    assert golden(name, found) == found


def test_people_are_only_told_where_asked():
    """Without `by_person` there is no such section, and none where a plan is about nobody."""
    for render in (render_plan, render_drift, render_plan_markdown, render_drift_markdown):
        assert "By person" not in render(lossy_plan())
    assert "By person" not in render_plan(plan_of(), BY_PERSON) + render_drift(plan_of(), BY_PERSON)
    assert "By person" not in render_plan_markdown(plan_of(), by_person=True)


def test_what_is_refused_happens_to_nobody():
    """People of refused changes are left out, and that is said."""
    verdict = Verdict((Refusal("local", "b", "removed_members", "too many"),))
    text = render_plan(plan_of(change("a", [ADA]), change("b", [BOB], [CY]), verdict=verdict), BY_PERSON)
    assert f"By person: 1 person, without 1 change that is refused\n    {ADA}  +1\n      + a\n\n" in text


def test_long_lists_are_cut_and_counted():
    """Twenty people and ten groups each; with `full` all of them."""
    plan = plan_of(*(change(f"g{number:02}", people(50).load()) for number in range(30)))
    text = render_plan(plan, BY_PERSON).partition("By person: 50 people")[2].partition("Plan:")[0]
    assert (20, 20) == (text.count("person-"), text.count("g09 and 20 more"))
    assert "    … and 30 more (--full shows all)\n" in text
    whole = render_plan(plan, replace(BY_PERSON, full=True)).partition("By person: 50 people")[2].partition("Plan:")[0]
    assert (50, 50, False) == (whole.count("person-"), whole.count("g29"), "more" in whole)
    comment = render_plan_markdown(plan, by_person=True)
    assert "- … and 30 more people" in comment
    shown = len(re.findall("^- `person-", render_plan_markdown(plan, full=True, by_person=True), re.MULTILINE))
    assert 20 < shown < 50


def test_drift_tells_what_a_target_has_of_each_person():
    """Of groups that drifted alone, with the signs that drift has."""
    plan = plan_of(
        change("a", [ADA], [BOB]),
        change("b", [CY]),
        drift=(Drift("local", "a", drifted=True, pending=False), Drift("local", "b", drifted=False, pending=True)),
    )
    text = render_drift(plan, BY_PERSON)
    assert f"    {ADA}  -1\n      - a\n    {BOB}  +1\n      + a\n\n" in text
    assert f"{CY}  " not in text


def test_targets_are_told_apart():
    """Where a plan has several, each group is told with its own."""
    targets = (TargetState("local", "file"), TargetState("crm", "file"))
    plan = plan_of(change("a", [ADA]), change("a", (), [ADA], target="crm"), targets=targets)
    plan = replace(plan, lost=(Loss("crm", 1, (ADA,)),))
    assert f"  ! {ADA}  +1, -1, loses every group on crm\n      + a on local\n      - a on crm\n" in render_plan(
        plan, BY_PERSON
    )


@given(plans())
def test_sections_are_inert(plan):
    """Whatever is in a plan, the section has lines of printable characters only."""
    for style in (BY_PERSON, Style(full=True, by_person=True, width=40)):
        for text in (render_plan(plan, style), render_drift(plan, style)):
            assert text.replace("\n", "").replace("\u3000", "").isprintable()


def test_colour_only_adds_colour():
    """Without its colours, coloured text is the plain text."""
    name = HOSTILE.removesuffix("\ud800")
    for plan in (lossy_plan(), plan_of(change(name, [name], target="local"), lost=(Loss("local", 1, (name,)),))):
        colored = render_plan(plan, replace(BY_PERSON, color=True))
        assert render_plan(plan, BY_PERSON) == re.sub(r"\x1b\[[0-9;]+m", "", colored)
