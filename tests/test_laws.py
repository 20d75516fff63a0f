"""Laws that hold for every world: whatever the definitions say and whatever the target holds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from groupsync import apply as applying
from groupsync.diff import Context, compare
from groupsync.facade import checked
from groupsync.identity import Identity
from groupsync.model import (
    Action,
    Group,
    Lifecycle,
    Mark,
    Members,
    Mode,
    Outcome,
    Plan,
    Scope,
    State,
    TargetState,
)
from groupsync.plan import sealed
from groupsync.resolve import resolve
from groupsync.scope import Wanted, scope
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.worlds import NOW, HeldFiles, definition

PROJECT = "shop"
TARGET = "there"
PEOPLE = [f"{name}@example.com" for name in ("ada", "bob", "cy", "dee", "eve", "fay")]
NAMES = [f"g{n}" for n in range(5)]
IDENTITY = Identity()

people = st.frozensets(st.sampled_from(PEOPLE))
texts = st.none() | st.sampled_from(["", "one", "two"])
owners = st.none() | st.sampled_from([(), ("a@example.com",), ("a@example.com", "b@example.com")])
labels = st.none() | st.sampled_from([(), (("tier", "1"),), (("team", "x"), ("tier", "2"))])


def memory(store):
    """Open a store the way the engine does."""
    return checked(MemoryBackend, "groupsync", "0")(MemoryBackend(store))


def plan_for(definitions, backend, *, files=()):
    """Read, scope, diff: what the engine does for one target."""
    resolution = resolve(definitions, HeldFiles(files), NOW)
    assert not resolution.diagnostics
    snapshot = backend.read(Scope())
    scoped = scope(TARGET, PROJECT, Wanted(resolution.groups), snapshot)
    context = Context(TARGET, PROJECT, IDENTITY, snapshot.complete)
    compared = [compare(pair, context) for pair in scoped.pairs]
    states = (TargetState(TARGET, "memory", complete=snapshot.complete, reason=snapshot.reason),)
    changes = tuple(sorted((each.change for each in compared if each.change), key=lambda change: change.key))
    return sealed(Plan(PROJECT, NOW, states, changes, ""))


def apply_all(plan, backend):
    results = applying.execute(plan, {TARGET: backend}, {})
    results = applying.verify(plan, {TARGET: backend}, results)
    assert [Outcome.APPLIED] * len(results) == [result.outcome for result in results], results


def content(store):
    """What a store holds, without ids and revisions."""
    return {name: replace(group, id=None, revision=None) for name, group in store.groups.items()}


def counts(store):
    return {name: set(group.members.load()) for name, group in store.groups.items()}


@st.composite
def worlds(draw):
    """Definitions without references to one another; states and modes included."""
    made = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        found = definition(
            name,
            plain=draw(st.none() | people.map(sorted)),
            display_name=draw(texts),
            description=draw(texts),
            owners=draw(owners),
            labels=draw(labels),
        )
        made.append(replace(found, lifecycle=Lifecycle(mode=draw(st.sampled_from(Mode)), adopt=True)))
    return made


@st.composite
def stores(draw):
    """A target with groups of ours, unmanaged ones and ones of another project."""
    store = MemoryStore(spells=draw(st.booleans()))
    for name in draw(st.lists(st.sampled_from([*NAMES, "other"]), unique=True)):
        there = draw(people)
        last = Members.of(draw(st.just(there) | people))
        owner = draw(st.sampled_from([PROJECT, PROJECT, None]))
        mark = Mark(owner, last.digest, last.count, IDENTITY.rule) if owner else None
        if name == "other":
            mark = draw(st.sampled_from([None, Mark("another", last.digest, last.count, IDENTITY.rule)]))
        store.put(
            Group(
                name,
                display_name=draw(texts),
                description=draw(texts),
                owners=draw(owners),
                labels=draw(labels),
                members=Members.of(there),
                mark=mark,
            )
        )
    return store


@given(definitions=worlds(), store=stores())
def test_applying_a_plan_leaves_nothing_to_plan(definitions, store):
    """apply(diff(a, b)) on a gives b: a second plan is empty, and every group is as its definition wants it."""
    backend = memory(store)
    before = counts(store)
    plan = plan_for(definitions, backend)
    apply_all(plan, backend)
    changed = {change.name for change in plan.changes}

    assert () == plan_for(definitions, backend).changes
    for found in definitions:
        held = store.groups[found.name]
        wanted = set(found.members.plain_members()) if found.members else before.get(found.name, set())
        if found.lifecycle.mode is Mode.ADDITIVE:
            wanted |= before.get(found.name, set())
        assert wanted == set(held.members.load())
        assert PROJECT == held.mark.project
        assert found.name not in changed or held.mark.digest == held.members.digest


@given(definitions=worlds(), store=stores())
def test_what_is_not_ours_is_never_touched(definitions, store):
    """Groups without our mark and without a definition are the same before and after, to the revision."""
    defined = {each.name for each in definitions}
    foreign = {
        name: group
        for name, group in store.groups.items()
        if name not in defined and (group.mark is None or group.mark.project != PROJECT)
    }
    backend = memory(store)
    apply_all(plan_for(definitions, backend), backend)

    assert foreign == {name: store.groups[name] for name in foreign}


@given(definitions=worlds(), store=stores())
def test_only_our_marked_groups_are_deleted(definitions, store):
    """A deletion is planned just for marked groups of this project whose definition is gone, if not suddenly empty."""
    ours = {
        name
        for name, group in store.groups.items()
        if group.mark and group.mark.project == PROJECT and (group.members.load() or not group.mark.count)
    }
    plan = plan_for(definitions, memory(store))
    deleted = {change.name for change in plan.changes if change.action is Action.DELETE}

    assert ours - {each.name for each in definitions} == deleted


@given(definitions=worlds(), store=stores(), data=st.data())
def test_an_incomplete_read_never_deletes_or_removes(definitions, store, data):
    """Whatever is missing from a partial read, nobody is removed, nothing is deleted, nothing is created twice."""
    hidden = data.draw(st.frozensets(st.sampled_from(sorted(store.groups)))) if store.groups else frozenset()
    store.incomplete, store.hidden = "page 2 of 3 is missing", hidden
    before = counts(store)
    backend = memory(store)
    plan = plan_for(definitions, backend)

    assert {Action.UPDATE, Action.ADOPT} >= {change.action for change in plan.changes}
    assert all(change.remove.count == 0 for change in plan.changes)
    applying.execute(plan, {TARGET: backend}, {})
    after = counts(store)
    assert before.keys() == after.keys()
    assert all(before[name] <= after[name] for name in before)


@given(definitions=worlds(), store=stores(), data=st.data())
def test_the_order_of_files_and_members_does_not_matter(definitions, store, data):
    """The plan, to its digest, is the same however the definitions and their members are ordered."""
    backend = memory(store)
    plan = plan_for(definitions, backend)
    shuffled = []
    for each in data.draw(st.permutations(definitions)):
        plain = each.members and data.draw(st.permutations(each.members.plain_members()))
        members = each.members and replace(each.members, plain="\n".join(plain))
        shuffled.append(replace(each, members=members))

    assert plan.digest == plan_for(shuffled, backend).digest


@given(definitions=worlds(), store=stores(), data=st.data())
def test_any_prefix_of_an_apply_followed_by_plan_and_apply_converges(definitions, store, data):
    """An apply that stops anywhere leaves a state from which the next one gets where the first was going."""
    whole = MemoryStore()
    for group in store.groups.values():
        whole.put(group)
    apply_all(plan_for(definitions, memory(whole)), memory(whole))

    backend = memory(store)
    plan = plan_for(definitions, backend)
    done = data.draw(st.integers(0, len(plan.changes)))
    asked = iter(range(len(plan.changes) + 1))
    applying.execute(plan, {TARGET: backend}, {}, stopped=lambda: next(asked) >= done)
    apply_all(plan_for(definitions, backend), backend)

    assert content(whole) == content(store)


@given(definitions=worlds(), store=stores(), data=st.data())
def test_a_plan_is_refused_for_groups_that_moved_since(definitions, store, data):
    """Compare-and-set: what somebody changed after the plan is left as they left it; the rest is applied."""
    backend = memory(store)
    plan = plan_for(definitions, backend)
    touched = [change.prior_name for change in plan.changes if change.prior_name]
    moved = set(data.draw(st.lists(st.sampled_from(touched), unique=True))) if touched else set()
    for name in moved:
        store.move(name)
    left = {name: store.groups[name] for name in moved}
    results = applying.execute(plan, {TARGET: backend}, {})

    assert left == {name: store.groups[name] for name in moved}
    expected = {
        change.name: Outcome.STALE if change.prior_name in moved else Outcome.APPLIED for change in plan.changes
    }
    assert expected == {result.name: result.outcome for result in results}


@given(definitions=worlds(), store=stores())
def test_absent_groups_go_and_stay_away(definitions, store):
    """`state: absent` deletes what is ours, and planning again finds nothing to do."""
    gone = [replace(each, lifecycle=Lifecycle(state=State.ABSENT)) for each in definitions]
    unmarked = {name for name, group in store.groups.items() if group.mark is None}
    backend = memory(store)
    apply_all(plan_for(gone, backend), backend)

    assert {each.name for each in gone} & set(store.groups) <= unmarked
    assert () == plan_for(gone, backend).changes


@given(members=people, previous=people)
def test_a_rename_keeps_the_id_and_moves_everything(members, previous):
    """`previously` renames in place: the target's id stays, whatever else changes with it."""
    store = MemoryStore()
    last = Members.of(previous)
    before = store.put(Group("old", members=last, mark=Mark(PROJECT, last.digest, last.count, IDENTITY.rule)))
    backend = memory(store)
    plan = plan_for([definition("new", plain=sorted(members), previously=("old",))], backend)
    apply_all(plan, backend)

    assert [Action.RENAME] == [change.action for change in plan.changes]
    assert {"new": set(members)} == counts(store)
    assert before.id == store.groups["new"].id


@given(store=stores(), wanted=people)
def test_the_text_way_and_the_set_way_agree(store, wanted):
    """A member file compared as text gives the very change that the sets give."""
    from groupsync.model import encode_members

    last = Members.of(PEOPLE[:3])
    text = encode_members(PEOPLE[:3])
    mark = Mark(PROJECT, last.digest, last.count, IDENTITY.rule)
    there = Members(last.load, count=3, digest=last.digest, raw=lambda: text)
    prior = Group("a", members=there, mark=mark, revision="1")
    from groupsync.scope import Pair

    context = Context(TARGET, PROJECT, IDENTITY)
    (sets,) = resolve([definition("a", files=["f"])], HeldFiles({"f": wanted}), NOW).groups
    found = Members.of(wanted)
    raw = replace(sets, group=replace(sets.group, members=Members(found.load, raw=lambda: encode_members(wanted))))
    assert compare(Pair(Action.UPDATE, sets, prior), context) == compare(Pair(Action.UPDATE, raw, prior), context)
