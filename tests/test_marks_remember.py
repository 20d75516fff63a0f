"""Guards that compare with earlier runs, on machines that remember nothing and targets whose marks do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from groupsync import engine
from groupsync.journal_config import GitRef
from groupsync.journal_read import find_run
from groupsync.model import First, FirstOf, Outcome, Scope
from groupsync.pasts import key_of
from groupsync.planfile import read_plan, write_plan
from groupsync.reading import marks_on
from groupsync.recovery import undo_plan
from tests.test_unjudged import World, codes, rules

EVERYBODY = First(FirstOf.SOURCE, "customers")
OUT = "{kind: known-user-group, name: out, members: [ada@example.com, bob@example.com, cy@example.com, di@example.com]}"
REST = (
    "{kind: known-user-group, name: rest, members: [ada@example.com, su@example.com, ty@example.com], exclude: [out]}"
)
HALF = "{kind: known-user-group, name: out, members: [cy@example.com, di@example.com]}"
HELD = {("", "out"): "removed_members", ("a", "rest"): "built_on"}


@pytest.fixture
def shop(tmp_path):
    """A segment of a hundred customers, applied once; then every journal is gone before each command."""
    world = World(tmp_path)
    world.remembers = True
    plan, _ = world.night()
    assert (EVERYBODY,) == plan.firsts
    world.forget()
    return world


@pytest.fixture
def lists(tmp_path):
    """A list on no target that another one leaves out, applied once."""
    world = World(tmp_path)
    world.remembers = True
    world.guards = "removed_members: {refuse: {percent: 20}}"
    world.targets, world.groups = {"a": ", select: {names: [rest]}"}, [OUT, REST]
    world.night()
    world.forget()
    return world


def marks(world):
    return {(target, name): each.mark for target, store in world.stores.items() for name, each in store.groups.items()}


def change_marks(world, changed):
    for store in world.stores.values():
        for name, group in store.groups.items():
            store.groups[name] = replace(group, mark=replace(group.mark, past=changed(group.mark.past)))


def test_a_mark_has_what_guards_compare_with(shop, lists):
    """Of the source that a group is computed from its customers, of a list below it its members, and whose nobody's."""
    (source,) = shop.project().config.sources
    assert {((source.identity[:16], key_of("customers"), 100),)} == {each.past.rows for each in marks(shop).values()}
    assert ((key_of("out"), 4),) == lists.stores["a"].groups["rest"].mark.past.counts


def test_a_source_that_lost_customers_is_refused_by_what_its_mark_remembers(shop):
    """The refusal says since when, and nothing is unjudged or new."""
    shop.customers = 60
    plan, report = shop.night()

    assert {("", "customers"): "max_shrink", ("a", "everybody"): "held", ("b", "everybody"): "held"} == rules(plan)
    assert ([], (), 100) == (codes(plan), plan.firsts, shop.count())
    assert "40 of 100 customers are gone since the apply of 2026-11-24 12:00:00 UTC, and 10 may be" == (
        plan.verdict.refusals[0].summary
    )
    assert {Outcome.REFUSED} == {each.outcome for each in report.results}
    assert ([True], [("max_shrink",)]) == (
        [each.refused for each in plan.sources],
        [each.doubted_by for each in plan.sources],
    )


def test_within_the_limit_it_is_applied_and_the_mark_moves_on(shop):
    """Three nights of nine percent each: each is held against the night before."""
    for customers in (91, 83, 76):
        shop.customers = customers
        plan, _ = shop.night()
        shop.forget()
        assert ({}, [], ()) == (rules(plan), codes(plan), plan.firsts)
    assert 76 == shop.count()


def test_a_list_cut_in_half_is_refused_with_what_is_built_on_it(lists):
    """The list goes to no target: the mark of the group above it tells how large it was."""
    lists.groups[0] = HALF
    plan, _ = lists.night()

    assert (HELD, []) == (rules(plan), codes(plan))
    assert 2 == lists.count("rest")


def test_without_marks_that_remember_the_same_is_unjudged(tmp_path):
    """Nothing could remember, so that what is there was there before."""
    world = World(tmp_path)
    world.night()
    world.forget()
    world.customers = 60

    assert "unjudged:max_shrink" == rules(world.plan())["", "customers"]


def test_a_mark_of_before_is_a_first_run_once_for_each_subject(shop):
    """It names no source; the run that changes its group writes what the next one goes by."""
    change_marks(shop, lambda _: None)
    shop.customers = 60
    plan, _ = shop.night()
    assert ({}, (EVERYBODY,), 60) == (rules(plan), plan.firsts, shop.count())
    shop.forget()
    shop.customers = 30

    plan = shop.plan()
    assert ("max_shrink", ()) == (rules(plan)["", "customers"], plan.firsts)


def test_a_list_below_a_mark_of_before_is_new_once(lists):
    """As with sources."""
    change_marks(lists, lambda _: None)
    lists.groups[0] = HALF
    plan, _ = lists.night()
    assert ({}, (First(FirstOf.LIST, "out"),)) == (rules(plan), plan.firsts)
    lists.forget()
    lists.groups[0] = "{kind: known-user-group, name: out, members: [cy@example.com]}"
    lists.groups[1] = lists.groups[1].replace("ty@", "uma@")

    assert HELD == rules(lists.plan())


def test_one_mark_of_before_beside_one_that_remembers_is_no_first_run(shop):
    """The newest of all marks counts, on whatever target."""
    store = shop.stores["b"]
    group = store.groups["everybody"]
    store.groups["everybody"] = replace(group, mark=replace(group.mark, past=None))
    shop.customers = 60

    assert "max_shrink" == rules(shop.plan())["", "customers"]


def test_the_newest_of_all_marks_counts(shop):
    """An older one that is larger does not."""
    shop.customers = 95
    shop.night(only=("a",))
    shop.forget()
    shop.customers = 88
    assert {} == rules(shop.plan())


def test_a_store_that_knows_counts_before_all_marks(shop):
    """What a run found is believed, whatever a mark says and however new it is."""
    shop.customers = 95
    shop.night()
    change_marks(shop, lambda past: replace(past, at=past.at + timedelta(days=9), rows=((*past.rows[0][:2], 1),)))
    shop.customers = 60

    summary = shop.plan().verdict.refusals[0].summary
    assert "35 of 95 customers are gone since the last run, and 9 may be" == summary


def test_nothing_changes_because_of_what_marks_remember(shop):
    """Another number, another instant or none at all: there is nothing to do."""
    for changed in (lambda past: replace(past, rows=(), at=past.at + timedelta(days=1)), lambda _: None):
        change_marks(shop, changed)
        plan = shop.plan()
        assert ((), ()) == (plan.changes, plan.firsts)


def test_what_is_not_whole_makes_nothing_new(shop):
    """A mark that had no room for a source does not prove that there was none."""
    change_marks(shop, lambda past: replace(past, rows=(), is_whole=False))
    shop.customers = 60

    assert "unjudged:max_shrink" == rules(shop.plan())["", "customers"]


def test_a_source_that_no_mark_names_is_new(shop):
    """Each source by itself."""
    shop.source = "buyers"
    shop.groups = [shop.groups[0].replace("customers", "buyers")]
    change_marks(shop, lambda past: replace(past, rows=(("0" * 16, "1" * 16, 5),)))
    shop.customers = 60

    assert ({}, (First(FirstOf.SOURCE, "buyers"),)) == (rules(shop.plan()), shop.plan().firsts)


def test_a_source_of_another_name_is_held_against_what_it_read(shop):
    """What it reads is the same, whatever it is called."""
    shop.source = "buyers"
    shop.groups = [shop.groups[0].replace("customers", "buyers")]
    identity = shop.project().config.sources[0].identity[:16]
    change_marks(shop, lambda past: replace(past, rows=((identity, *past.rows[0][1:]),)))
    shop.customers = 100

    assert ({}, ()) == (rules(shop.plan()), shop.plan().firsts)


def test_an_unfinished_mark_does_not_make_anything_new(shop):
    """A change broke off: what it had found is not known, and its group was there."""
    for store in shop.stores.values():
        group = store.groups["everybody"]
        store.groups["everybody"] = replace(group, mark=group.mark.unfinished())
    shop.customers = 60

    assert "unjudged:max_shrink" == rules(shop.plan())["", "customers"]


def test_a_saved_plan_is_judged_by_marks_and_does_not_tell_what_they_will_remember(shop, tmp_path):
    """What a mark remembers is worked out when a plan is applied; a file that says otherwise is of no use."""
    shop.customers = 95
    shop.days += 1
    write_plan(shop.plan(), tmp_path / "p.plan")
    assert b'"past"' not in (tmp_path / "p.plan").read_bytes()
    plan = engine.judge_again(shop.project(), read_plan(tmp_path / "p.plan"), backends=shop.backends())
    shop.apply(plan)
    assert {95} == {rows for each in marks(shop).values() for *_, rows in each.past.rows}
    shop.forget()
    change_marks(shop, lambda past: replace(past, rows=((*past.rows[0][:2], 900),)))
    shop.customers = 90
    shop.days += 1
    forged = replace(shop.plan(), verdict=plan.verdict)
    forged = replace(forged, sources=tuple(replace(each, refused=False, doubted_by=()) for each in forged.sources))
    judged = engine.judge_again(shop.project(), forged, backends=shop.backends())
    assert "max_shrink" == rules(judged)["", "customers"]


def test_a_size_is_held_against_the_one_that_the_mark_has(shop):
    """The last size is known where no run is."""
    shop.guards = f"{shop.guards}, size_deviation: {{refuse: {{percent: 10}}}}"
    shop.shrink = "max_shrink: off"
    shop.customers = 80

    assert {"size_deviation"} == set(rules(shop.plan()).values())
    shop.customers = 95
    assert {} == rules(shop.plan())


def test_where_the_journal_is_encrypted_marks_are_not_believed(shop):
    """Anybody who writes to the target could have written them."""
    config = replace(shop.project().config, store=GitRef("refs/x", "origin", ("env:KEY",), None))
    backend = shop.backend("a")
    marked = marks_on(config, config.targets[0], backend, backend.read(Scope()))
    assert ((), frozenset()) == (marked.pasts, marked.telling)


def test_a_group_that_is_taken_back_keeps_what_its_mark_remembered(shop):
    """As in the journal, what the run found counts on: an undo looks at no source."""
    shop.customers = 95
    _, report = shop.night()
    project, backends = shop.project(), shop.backends()
    run = find_run(project.config.journal, project.config.id, "last")
    plan = undo_plan(project, backends, run, shop.instant)
    shop.apply(engine.judge_again(project, plan, backends=backends))
    shop.forget()

    assert report.run
    assert (100, {95}) == (shop.count(), {rows for each in marks(shop).values() for *_, rows in each.past.rows})
    shop.customers = 60
    assert "max_shrink" == rules(shop.plan())["", "customers"]


def test_what_has_no_room_is_left_out_and_nothing_is_new_then(lists):
    """A group that is built on forty lists remembers 32 of them."""
    names = [f"out-{number:02}" for number in range(40)]
    lists.groups = [
        *(f"{{kind: known-user-group, name: {name}, members: [ada@example.com, bob@example.com]}}" for name in names),
        REST.replace("[out]", f"[{', '.join(names)}]"),
    ]
    lists.night()
    lists.groups[-1] = lists.groups[-1].replace("ty@example.com", "ty@example.com, uma@example.com")
    lists.night()
    lists.forget()
    past = lists.stores["a"].groups["rest"].mark.past
    assert (32, False) == (len(past.counts), past.is_whole)
    lists.groups[-1] = lists.groups[-1].replace("uma@example.com", "uma@example.com, vic@example.com")
    lists.groups[:-1] = [each.replace(", bob@example.com", "") for each in lists.groups[:-1]]
    found = [rule for (_, name), rule in rules(lists.plan()).items() if name in names]

    assert {"removed_members": 32, "unjudged:removed_members": 8} == dict(Counter(found))
    assert () == lists.plan().firsts
