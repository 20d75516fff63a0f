"""One rule says which group of a target a definition meets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from groupsync.diff import Context, compare
from groupsync.facade import checked
from groupsync.identity import Identity
from groupsync.model import Action, Group, Lifecycle, Mark, Members, Mode, Scope, State
from groupsync.report.show import Status
from groupsync.resolve import resolve
from groupsync.scope import Selection, Wanted, scope
from groupsync.sides import sides_on
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.worlds import NOW, HeldFiles, definition

PROJECT, TARGET = "shop", "there"
PEOPLE = [f"{name}@example.com" for name in ("ada", "bob", "cy")]
STANDING = {
    Status.TO_CREATE: Action.CREATE,
    Status.TO_DELETE: Action.DELETE,
    Status.TO_FORGET: Action.FORGET,
}

names = st.sampled_from(["a", "b", "c", "d"])
people = st.frozensets(st.sampled_from(PEOPLE))


@st.composite
def definitions(draw):
    """Some groups, some of them renamed, absent or additive, some that do not say who belongs."""
    wanted = draw(st.lists(names, unique=True))
    free = sorted({"a", "b", "c", "d", "e", "f"}.difference(wanted))
    earlier = dict.fromkeys(wanted, ())
    for old in free:
        if wanted and draw(st.booleans()):
            new = draw(st.sampled_from(wanted))
            earlier[new] = (*earlier[new], old)
    return [
        definition(
            name,
            plain=draw(st.none() | people.map(sorted)),
            previously=earlier[name],
            lifecycle=Lifecycle(draw(st.sampled_from(State)), mode=draw(st.sampled_from(Mode))),
        )
        for name in wanted
    ]


@st.composite
def stores(draw):
    """Groups of ours, of another project and of nobody."""
    store = MemoryStore()
    for name in draw(st.lists(st.sampled_from("abcdef"), unique=True)):
        there, project = Members.of(draw(people)), draw(st.sampled_from([PROJECT, PROJECT, "other", None]))
        mark = Mark(project, there.digest, there.count, "email/fold") if project else None
        store.put(Group(name, members=there, mark=mark))
    return store


@given(definitions(), stores(), st.frozensets(names))
def test_show_says_what_the_plan_does(wanted, store, elsewhere):
    """Whatever is there: each status that names an action is that action, and what is the same does not change."""
    groups = resolve(wanted, HeldFiles(), NOW).groups
    here = [each for each in groups if each.group.name not in elsewhere]
    others = frozenset(
        name for each in groups if each not in here for name in (each.group.name, *each.definition.previously)
    )
    snapshot, context = (
        checked(MemoryBackend, "groupsync", "0")(MemoryBackend(store)).read(Scope()),
        Context(TARGET, PROJECT, Identity()),
    )
    scoped = scope(TARGET, PROJECT, Wanted(here, others), snapshot)
    actions = {each.name: each.action for each in (compare(pair, context).change for pair in scoped.pairs) if each}
    sides = list(sides_on(context, Wanted(here, others), snapshot))

    assert sorted(each.name for each in sides) == [each.name for each in sides]
    for each in sides:
        expected = STANDING.get(each.status)
        if expected or each.status is Status.SAME:
            assert expected == actions.get(each.name), each
        elif each.status is Status.DIFFERS:
            assert actions[each.name] in {Action.UPDATE, Action.RENAME}
        elif each.status is Status.ANOTHERS:
            assert each.name not in actions
        else:
            assert Status.NOT_MANAGED is each.status
            assert actions.get(each.name, Action.ADOPT) is Action.ADOPT


@given(definitions(), stores(), names)
def test_a_selection_plans_part_of_the_whole(wanted, store, name):
    """What a selection plans is what the whole plan has of it: nothing is deleted that would be renamed."""
    groups, snapshot = (
        resolve(wanted, HeldFiles(), NOW).groups,
        checked(MemoryBackend, "groupsync", "0")(MemoryBackend(store)).read(Scope()),
    )

    def pairs(selection):
        found = scope(TARGET, PROJECT, Wanted(groups, selection=selection), snapshot).pairs
        return {
            (each.action, each.prior and each.prior.name, each.desired and each.desired.group.name) for each in found
        }

    assert pairs(Selection((name,))) <= pairs(Selection())
