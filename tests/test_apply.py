"""Carrying out a plan: failures, retries, order, concurrency, interruption."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.apply import execute, outcome_of, verify
from groupsync.backend import carry_out
from groupsync.errors import AuthenticationError, BackendError, ConfigError, StalePlanError, StaleRead
from groupsync.facade import checked
from groupsync.links import bases_of
from groupsync.model import Action, AttributeChange, Change, Group, Link, Mark, Members, Outcome, Plan
from groupsync.ordering import Order
from groupsync.retry import Retries, RetryPolicy
from groupsync.verify import SETTLING_SECONDS
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.worlds import NOW

TARGET = "there"
ADA, BOB = "ada@example.com", "bob@example.com"


def mark_of(*members):
    made = Members.of(members)
    return Mark("shop", made.digest, made.count, "email/fold")


def create(name, *members, target=TARGET):
    return Change(target, name, Action.CREATE, add=Members.of(members), mark=mark_of(*members))


def prior(store, name, *members):
    """Put a group of ours on the target."""
    return store.put(Group(name, members=Members.of(members), mark=mark_of(*members)))


def change_of(group, action=Action.UPDATE, *, add=(), remove=(), name=None, attributes=()):
    """Make a change of a group that is there."""
    after = (group.members.load() | set(add)) - set(remove)
    has_mark = action not in {Action.DELETE, Action.FORGET}
    return Change(
        TARGET,
        name or group.name,
        action,
        group.name,
        group.id,
        attributes=attributes,
        add=Members.of(add),
        remove=Members.of(group.members.load() if action is Action.DELETE else remove),
        precondition=group.revision,
        mark=mark_of(*after) if has_mark else None,
    )


def plan_of(*changes):
    return Plan("shop", NOW, (), tuple(sorted(changes, key=lambda change: change.key)), "0" * 64)


def open_memory(store, **options):
    made = checked(MemoryBackend, "groupsync", "0")(MemoryBackend(store))
    if options:
        made = checked(MemoryBackend, "groupsync", "0")(
            MemoryBackend(store, replace(MemoryBackend(store).capabilities, **options))
        )
    return made


def at_once(policy=None):
    """Make retries that never wait."""
    return Retries(policy or RetryPolicy(), sleep=lambda seconds: False, chance=lambda: 0.0)


def apply_to(store, *changes, retry=None, verified=False, **options):
    plan, backends = plan_of(*changes), {TARGET: open_memory(store)}
    retry = retry or at_once()
    results = execute(plan, backends, {}, retry=retry, **options)
    return verify(plan, backends, results, retry) if verified else results


def content(store):
    return {
        name: (group.members.load(), group.mark, group.display_name) for name, group in sorted(store.groups.items())
    }


@pytest.fixture
def store():
    return MemoryStore()


# Failures and retries


def test_one_failing_group_never_stops_the_others(store):
    """What fails for good is told with its hint; everything else is applied."""
    store.fail("apply", 2, error=BackendError("no space left", hint="Free some."))
    results = apply_to(store, *(create(f"g{n}") for n in range(5)))

    assert [Outcome.APPLIED] * 4 + [Outcome.FAILED] == sorted(result.outcome for result in results)
    failed = next(result for result in results if result.outcome is Outcome.FAILED)
    assert ("no space left", "Free some.", 1) == (failed.error, failed.hint, failed.attempts)
    assert {f"g{n}" for n in range(5)} - {failed.name} == set(store.groups)


@pytest.mark.parametrize("after_write", [False, True])
@pytest.mark.parametrize("action", Action)
def test_a_change_whose_answer_is_lost_is_done_once_and_told_as_done(store, action, after_write):
    """Before or after the write, for each action: the second attempt finds out, and nothing is done twice."""
    group = prior(store, "g", ADA)
    changes = {
        Action.CREATE: create("new", ADA),
        Action.UPDATE: change_of(group, add=[BOB], remove=[ADA]),
        Action.ADOPT: change_of(store.put(replace(group, mark=None)), Action.ADOPT),
        Action.RENAME: change_of(store.put(group), Action.RENAME, name="h"),
        Action.DELETE: change_of(store.put(group), Action.DELETE),
        Action.FORGET: change_of(store.put(group), Action.FORGET),
    }
    change = replace(changes[action], precondition=None if action is Action.CREATE else store.groups["g"].revision)
    expected = carry_out(change, store.groups["g"] if change.prior_name else None)
    store.fail("apply", after_write=after_write)
    (result,) = apply_to(store, change)

    assert (Outcome.APPLIED, 2) == (result.outcome, result.attempts), result
    found = store.groups.get(change.name)
    assert (expected is None) == (found is None)
    assert expected is None or (expected.mark, expected.members) == (found.mark, found.members)


def test_a_group_that_somebody_else_moved_between_two_attempts_is_left_alone(store):
    """A retry never writes over what came in between."""
    change = change_of(prior(store, "g", ADA), add=[BOB])
    store.fail("apply")

    def meddle(seconds):
        store.set_members("g", ["eve@example.com"])
        return False

    (result,) = apply_to(store, change, retry=Retries(sleep=meddle))

    assert (Outcome.STALE, 2) == (result.outcome, result.attempts)
    assert frozenset({"eve@example.com"}) == store.groups["g"].members.load()


def test_members_that_moved_since_they_were_read_make_a_change_stale(store):
    """It is the group that moved, not the target that failed."""
    store.fail("apply", error=StaleRead("`g` changed"))
    (result,) = apply_to(store, create("g"))

    assert Outcome.STALE is result.outcome


def test_a_target_that_stays_down_is_given_up_after_five_attempts(store):
    """The result counts the calls; the group is not there."""
    for nth in range(1, 6):
        store.fail("apply", nth)
    (result,) = apply_to(store, create("g"))

    assert (Outcome.FAILED, 5, {}) == (result.outcome, result.attempts, store.groups)


def test_what_nobody_may_do_is_not_tried_again(store):
    """Wrong credentials don't get better by waiting."""
    store.fail("apply", error=AuthenticationError("refused", hint="Renew the token."))
    (result,) = apply_to(store, create("g"))

    assert (Outcome.FAILED, 1, "Renew the token.") == (result.outcome, result.attempts, result.hint)


def test_the_patience_of_a_run_ends_for_all_its_changes(store):
    """Once the budget is spent nothing is retried any more, and the hint says so."""
    for nth in range(1, 21):
        store.fail("apply", nth)
    results = apply_to(store, *(create(f"g{n}") for n in range(9)), retry=at_once(RetryPolicy(run_retries=3)))
    failed = [result for result in results if result.outcome is Outcome.FAILED]

    assert 12 == sum(result.attempts for result in results)
    assert 9 == len(failed)
    assert any("patience is at its end (3 retries" in result.hint for result in failed)


def test_a_failure_that_was_none_is_found_out_by_the_second_look(store):
    """A target that writes and then says that it failed for good does not make the report lie."""
    store.fail("apply", after_write=True, error=BackendError("connection closed"))
    (result,) = apply_to(store, create("g", ADA), verified=True)

    assert (Outcome.APPLIED, "", 1) == (result.outcome, result.error, result.added)


def test_a_second_look_that_fails_for_a_while_is_waited_for(store):
    """Reading again has the same patience as writing."""
    store.fail("read")
    (result,) = apply_to(store, create("g", ADA), verified=True)

    assert Outcome.APPLIED is result.outcome


# The second look


class Waits:
    """Retries that never wait; how long they would have, and what happens at the nth wait."""

    def __init__(self, nth=0, do=None):
        self.seconds = []
        self._nth, self._do = nth, do

    def retries(self):
        return Retries(sleep=self._sleep, chance=lambda: 0.0)

    def _sleep(self, seconds):
        self.seconds.append(seconds)
        if len(self.seconds) == self._nth:
            self._do()
        return False


def every_change(store, action):
    """Make a change of an action, on a group of ours."""
    group = prior(store, "g", ADA)
    if action is Action.CREATE:
        return create("new", ADA, BOB)
    if action is Action.ADOPT:
        group = store.put(replace(group, mark=None))
    moves = {"add": [BOB], "remove": [ADA]} if action in {Action.UPDATE, Action.ADOPT, Action.RENAME} else {}
    return change_of(group, action, name="h" if action is Action.RENAME else None, **moves)


@pytest.mark.parametrize("revisions", [True, False])
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("nth", range(1, len(SETTLING_SECONDS) + 1))
def test_a_target_that_shows_a_write_late_is_looked_at_again(store, action, revisions, nth):
    """With growing waits, until the write shows: then all is well, and nothing is told."""
    change = every_change(store, action)
    plan, backends, before = plan_of(change), {TARGET: open_memory(store, revisions=revisions)}, dict(store.groups)
    results = execute(plan, backends, {}, retry=at_once())
    after, store.groups = store.groups, before
    waits = Waits(nth, lambda: setattr(store, "groups", after))

    assert results == verify(plan, backends, results, waits.retries())
    assert list(SETTLING_SECONDS[:nth]) == waits.seconds


@pytest.mark.parametrize("action", Action)
def test_what_never_shows_is_not_converged_and_counts_what_is_there(store, action):
    """The waits end; members that were sent and are not there are not told as added."""
    change = every_change(store, action)
    plan, backends, before = plan_of(change), {TARGET: open_memory(store)}, dict(store.groups)
    results = execute(plan, backends, {}, retry=at_once())
    store.groups, waits = before, Waits()
    (result,) = verify(plan, backends, results, waits.retries())

    assert (Outcome.NOT_CONVERGED, list(SETTLING_SECONDS)) == (result.outcome, waits.seconds)
    assert (0, 0) == (result.added, result.removed)
    assert (change.add.count, change.remove.count) == (result.unseen_added, result.unseen_removed)


def test_what_the_target_did_not_keep_is_not_converged_at_once(store):
    """The group is as the write left it, so that waiting can't help; a part that came about is counted."""
    plan, backends = plan_of(create("g", ADA, BOB)), {TARGET: open_memory(store)}
    results = execute(plan, backends, {}, retry=at_once())
    store.groups["g"] = replace(store.groups["g"], members=Members.of([ADA]))
    waits = Waits()
    (result,) = verify(plan, backends, results, waits.retries())

    assert (Outcome.NOT_CONVERGED, "it has 1 member, not the 2 that were planned") == (result.outcome, result.error)
    assert ([], 1, 1) == (waits.seconds, result.added, result.unseen_added)


def test_what_somebody_changed_after_the_write_is_told_as_that(store):
    """Its revision is neither the one before nor the one that the write left."""
    plan, backends = plan_of(create("g", ADA)), {TARGET: open_memory(store)}
    results = execute(plan, backends, {}, retry=at_once())
    store.set_members("g", [BOB, ADA])
    (result,) = verify(plan, backends, results, at_once())

    assert (Outcome.CHANGED_SINCE, "it has 2 members, not the 1 that was planned") == (result.outcome, result.error)
    assert (1, 0) == (result.added, result.unseen_added)


def test_what_can_not_be_read_again_is_not_checked(store):
    """Nobody knows whether it differs, and nobody is counted as added."""
    store.fail("read", error=AuthenticationError("the token has expired"))
    (result,) = apply_to(store, create("g", ADA), verified=True)

    assert (Outcome.UNCHECKED, "it could not be read again: the token has expired") == (result.outcome, result.error)
    assert (0, 1) == (result.added, result.unseen_added)


@given(data=st.data())
def test_any_failures_that_may_be_retried_end_in_the_content_without_them(data):
    """Whatever answers are lost, before or after the write: the same groups, and an honest table."""
    stores = MemoryStore(), MemoryStore()
    people = st.frozensets(st.sampled_from([ADA, BOB, "cy@example.com"]))
    specs = data.draw(st.dictionaries(st.sampled_from("abcdef"), st.tuples(people, people), min_size=1))
    actions = {name: data.draw(st.sampled_from(Action)) for name in specs}
    plans = []
    for each in stores:
        changes = []
        for name, (before, after) in specs.items():
            if actions[name] is Action.CREATE:
                changes.append(create(name, *after))
                continue
            group = prior(each, name, *before)
            if actions[name] is Action.ADOPT:
                group = each.put(replace(group, mark=None))
            moves = actions[name] in {Action.UPDATE, Action.ADOPT, Action.RENAME}
            new = f"{name}-new" if actions[name] is Action.RENAME else None
            add, remove = (after - before, before - after) if moves else ((), ())
            changes.append(change_of(group, actions[name], add=add, remove=remove, name=new))
        plans.append(changes)
    lost = data.draw(st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=4, unique_by=lambda each: each[0]))
    for nth, after_write in lost:
        stores[1].fail("apply", nth, after_write=after_write)
    apply_to(stores[0], *plans[0])
    results = apply_to(stores[1], *plans[1])

    assert content(stores[0]) == content(stores[1])
    assert {Outcome.APPLIED} == {result.outcome for result in results}


# Order and concurrency


class Watched:
    """A backend that tells what is in flight: `meet` is called within each apply."""

    def __init__(self, store, meet, concurrent):
        self._inner = open_memory(store, concurrent=concurrent)
        self._meet = meet

    @property
    def capabilities(self):
        return self._inner.capabilities

    def read(self, scope):
        return self._inner.read(scope)

    def apply(self, change):
        self._meet(change)
        return self._inner.apply(change)


def test_as_many_changes_are_in_flight_as_the_backend_allows(store):
    """Four changes that wait for each other get through where four may be under way."""
    barrier = threading.Barrier(4, timeout=30)
    backend = Watched(store, lambda change: barrier.wait(), 4)
    results = execute(plan_of(*(create(f"g{n}") for n in range(8))), {TARGET: backend}, {}, retry=at_once())

    assert [Outcome.APPLIED] * 8 == [result.outcome for result in results]


def test_a_backend_for_one_at_a_time_is_called_in_order_by_one_thread(store):
    """No other thread ever touches it, so that it may hold what belongs to a thread."""
    seen = []
    backend = Watched(store, lambda change: seen.append((threading.get_ident(), change.name)), 1)
    execute(plan_of(*(create(f"g{n}") for n in range(5))), {TARGET: backend}, {}, retry=at_once())

    assert [(threading.get_ident(), f"g{n}") for n in range(5)] == seen


@given(actions=st.lists(st.sampled_from(Action), max_size=12))
def test_phases_never_overlap_and_results_come_in_the_plans_order(actions):
    """Renames, creates, adoptions and updates, deletes, forgets: each over before the next begins."""
    store, begun, over, mutex = MemoryStore(), [], [], threading.Lock()
    changes = []
    for number, action in enumerate(actions):
        name = f"g{number:02}"
        if action is Action.CREATE:
            changes.append(create(name))
        else:
            new = f"{name}-new" if action is Action.RENAME else None
            changes.append(change_of(prior(store, name), action, name=new))
    phases = {change.name: sorted_phase(change) for change in changes}

    def meet(change):
        with mutex:
            begun.append((phases[change.name], len(over)))

    class Counting(Watched):
        def apply(self, change):
            found = super().apply(change)
            over.append(change.name)
            return found

    plan = plan_of(*changes)
    results = execute(plan, {TARGET: Counting(store, meet, 4)}, {}, retry=at_once())
    earlier = [sum(other < phase for other in phases.values()) for phase, _ in begun]

    assert [change.name for change in plan.changes] == [result.name for result in results]
    assert all(done >= least for (_, done), least in zip(begun, earlier, strict=True))
    assert sorted(phases.values()) == [phases[change.name] for change in Order(plan.changes).sorted()]


def sorted_phase(change):
    order = [{Action.RENAME}, {Action.CREATE}, {Action.ADOPT, Action.UPDATE}, {Action.DELETE}, {Action.FORGET}]
    return next(number for number, actions in enumerate(order) if change.action in actions)


def test_targets_come_one_after_the_other():
    """Nothing of the second target is begun before the first is over."""
    stores = MemoryStore(), MemoryStore()
    seen = []
    backends = {
        name: Watched(each, lambda change: seen.append(change.target), 4)
        for name, each in zip(("a", "b"), stores, strict=True)
    }
    execute(plan_of(*(create(f"g{n}", target=t) for n in range(6) for t in "ab")), backends, {}, retry=at_once())

    assert ["a"] * 6 + ["b"] * 6 == seen


def test_members_are_loaded_by_the_one_who_needs_them(store):
    """A plan's long lists are read while it is applied, not all of them before."""
    held, most = [], []

    def load(name):
        held.append(name)
        most.append(len(held) - len(store.groups))
        return frozenset({ADA})

    changes = [
        replace(create(f"g{n}", ADA), add=Members(lambda n=n: load(f"g{n}"), count=1, digest=mark_of(ADA).digest))
        for n in range(20)
    ]
    backend = Watched(store, lambda change: None, 1)
    execute(plan_of(*changes), {TARGET: backend}, {}, retry=at_once())

    assert (20, 1) == (len(held), max(most))


# The journal


class Notes:
    """A recorder that keeps its notes in memory, and fails when told to."""

    def __init__(self, refuse=()):
        self.lines = []
        self._refuse = refuse

    def before(self, change):
        if change.name in self._refuse:
            raise ConfigError("The journal can't be written", hint="Make room.")
        self.lines.append(("before", change.name))

    def after(self, change, result):
        self.lines.append(("after", change.name, result.outcome))


def test_each_change_that_is_tried_is_written_down_before_and_after(store):
    """Whatever the threads do, `after` follows `before`, and both come once however often it is tried."""
    store.fail("apply")
    notes = Notes()
    apply_to(store, *(create(f"g{n}") for n in range(9)), journal=notes)

    assert 18 == len(notes.lines)
    for number in range(9):
        mine = [line for line in notes.lines if line[1] == f"g{number}"]
        assert [("before", f"g{number}"), ("after", f"g{number}", Outcome.APPLIED)] == mine


def test_what_can_not_be_written_down_is_not_tried(store):
    """Without a note there is no write."""
    results = apply_to(store, create("a"), create("b"), journal=Notes({"a"}))

    assert [Outcome.NOT_TRIED, Outcome.APPLIED] == [result.outcome for result in results]
    assert ("The journal can't be written", "Make room.") == (results[0].error, results[0].hint)
    assert ["b"] == list(store.groups)


# Interruption and locks


@pytest.mark.parametrize("concurrent", [1, 4])
def test_after_a_wish_to_stop_nothing_new_begins_and_what_is_in_flight_ends(store, concurrent):
    """What was begun is applied, written down and told; the rest is not tried."""
    stopping = threading.Event()
    barrier = threading.Barrier(concurrent, action=stopping.set, timeout=30)
    notes = Notes()
    results = execute(
        plan_of(*(create(f"g{n}") for n in range(9))),
        {TARGET: Watched(store, lambda change: barrier.wait(), concurrent)},
        {},
        stopped=stopping.is_set,
        journal=notes,
        retry=at_once(),
    )
    outcomes = [result.outcome for result in results]

    assert (concurrent, 9 - concurrent) == (outcomes.count(Outcome.APPLIED), outcomes.count(Outcome.NOT_TRIED))
    assert {result.name for result in results if result.outcome is Outcome.APPLIED} == set(store.groups)
    assert 2 * concurrent == len(notes.lines)


def test_a_second_wish_ends_at_once(store):
    """An interrupt in the thread that waits comes out, though a change hangs, and nothing new is begun."""
    release, hanging = threading.Event(), threading.Barrier(3, timeout=30)

    def hang(change):
        hanging.wait()
        release.wait(30)

    def watch(what, items):
        yield items[0]
        hanging.wait()
        raise KeyboardInterrupt

    plan = plan_of(*(create(f"g{n}") for n in range(9)))

    def meet(change):
        if change.name != "g0":
            hang(change)

    with pytest.raises(KeyboardInterrupt):
        execute(plan, {TARGET: Watched(store, meet, 2)}, {}, track=watch, retry=at_once())
    begun = set(store.groups)
    release.set()
    for thread in [each for each in threading.enumerate() if each.name.startswith("groupsync-")]:
        thread.join(30)

    assert {"g0"} == begun
    assert {"g0", "g1", "g2"} == set(store.groups)


@pytest.mark.parametrize("concurrent", [1, 4])
def test_a_bug_comes_out_with_what_is_in_flight_over(store, concurrent):
    """What is no error of ours is not swallowed by a thread."""

    def meet(change):
        if change.name == "g1":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        execute(
            plan_of(*(create(f"g{n}") for n in range(9))),
            {TARGET: Watched(store, meet, concurrent)},
            {},
            retry=at_once(),
        )

    assert [] == [each for each in threading.enumerate() if each.name.startswith("groupsync-") and each.is_alive()]


def test_without_the_lock_nothing_is_begun(store):
    """Once somebody else holds the target's lock, the rest is left alone and says why."""
    asked = iter(["", "", "the lock was lost"])
    results = execute(
        plan_of(*(create(f"g{n}") for n in range(3))),
        {TARGET: open_memory(store, concurrent=1)},
        {},
        retry=at_once(),
        keep=lambda target: next(asked),
    )

    assert [Outcome.APPLIED, Outcome.APPLIED, Outcome.NOT_TRIED] == [result.outcome for result in results]
    assert "the lock was lost" == results[2].error


def test_a_lost_lock_ends_the_attempts(store):
    """A retry is a write like any other."""
    store.fail("apply", error=BackendError("busy", retryable=True))
    asked = iter(["", "the lock was lost"])
    (result,) = apply_to(store, create("g"), keep=lambda target: next(asked))

    assert (Outcome.FAILED, "the lock was lost", {}) == (result.outcome, result.hint, store.groups)


def test_attributes_and_members_are_applied_together(store):
    """One change is one write."""
    group = prior(store, "g", ADA)
    change = change_of(group, add=[BOB], attributes=(AttributeChange("display_name", None, "G"),))
    (result,) = apply_to(store, change, verified=True)

    assert Outcome.APPLIED is result.outcome
    assert {"g": (frozenset({ADA, BOB}), change.mark, "G")} == content(store)
    assert store.groups["g"].revision == result.revision


# Built on each other


def linked(*changes, **links):
    """Make a plan of changes whose groups are built on others, by name."""
    return replace(plan_of(*changes), links=tuple(Link(name, tuple(sorted(links[name]))) for name in sorted(links)))


def outcomes(results):
    return {result.name: (result.outcome, result.error) for result in results}


def failing(store, *names, error=None):
    """Open a target that fails to write some groups, and notes in which order it is asked to write."""
    asked = []

    def meet(change):
        asked.append(change.name)
        if change.name in names:
            raise error or BackendError("out of order", retryable=False)

    return Watched(store, meet, 4), asked


def test_what_is_built_on_a_group_comes_after_it(store):
    """Whatever is done to it, and over any number of groups, those in between that stay as they are among them."""
    rename = change_of(prior(store, "old", ADA), Action.RENAME, name="a-top", add=[BOB])
    update = change_of(prior(store, "z-base", ADA), add=[BOB])
    gone = change_of(prior(store, "gone", ADA), Action.DELETE)
    links = {"a-top": ["lists"], "lists": ["b-middle"], "b-middle": ["z-base"]}
    plan = linked(rename, create("b-middle", BOB), update, gone, create("c-alone"), **links)
    backend, asked = failing(store)
    results = execute(plan, {TARGET: backend}, {}, retry=at_once())

    assert {Outcome.APPLIED} == {result.outcome for result in results}
    assert ["z-base", "b-middle", "a-top", "gone"] == [name for name in asked if name != "c-alone"]


@pytest.mark.parametrize(
    ("error", "expected", "words"),
    [
        (BackendError("out of order", retryable=False), Outcome.NOT_TRIED, "which failed"),
        (StalePlanError("moved"), Outcome.STALE, "which moved since the plan"),
    ],
)
def test_what_is_built_on_a_group_that_fails_is_not_tried(store, error, expected, words):
    """Nobody moves in it, for who leaves one group for the next would be in both; what is not built on it goes on."""
    base = change_of(prior(store, "base", ADA), remove=[ADA])
    top = change_of(prior(store, "a-top", BOB), add=[ADA])
    label = change_of(prior(store, "a-label", BOB), attributes=(AttributeChange("description", None, "x"),))
    links = {"a-top": ["list"], "list": ["base"], "a-label": ["base"], "z-top": ["a-top"]}
    plan = linked(base, top, label, create("other", ADA), create("z-top", ADA), **links)
    backend, asked = failing(store, "base", error=error)
    found = outcomes(execute(plan, {TARGET: backend}, {}, retry=at_once()))

    assert (expected, f"built on `list`, and that on `base`, {words}") == found["a-top"]
    assert (expected, f"built on `a-top`, and that on `list`, and that on `base`, {words}") == found["z-top"]
    assert (Outcome.APPLIED, Outcome.APPLIED) == (found["a-label"][0], found["other"][0])
    assert {"a-top", "z-top"}.isdisjoint(asked)
    assert {BOB} == store.groups["a-top"].members.load()


def test_what_was_over_before_holds_what_is_built_on_it_too(store):
    """A base that moved before anything was begun is no other than one that moved meanwhile."""
    base, top = create("base", ADA), create("top", ADA)
    stale = outcome_of(base, Outcome.STALE, "its definition changed")
    found = outcomes(execute(linked(base, top, top=["base"]), {TARGET: open_memory(store)}, {base.key: stale}))
    assert (Outcome.STALE, "built on `base`, which moved since the plan") == found["top"]


def test_a_base_that_is_as_planned_already_holds_nothing(store):
    """A plan that is applied a second time finds it done; what is built on it is tried again."""
    base, top = create("base", ADA), create("top", ADA)
    plan = linked(base, top, top=["base"])
    first = execute(plan, {TARGET: failing(store, "top")[0]}, {}, retry=at_once())
    again = execute(plan, {TARGET: open_memory(store)}, {}, retry=at_once())
    assert [Outcome.APPLIED, Outcome.FAILED] == [result.outcome for result in first]
    assert [Outcome.STALE, Outcome.APPLIED] == [result.outcome for result in again]


def test_a_failure_holds_nothing_that_does_not_follow_from_it(store):
    """Neither on another target, nor what is built on a group whose words alone fail, nor on one that was deleted."""
    words = change_of(prior(store, "words", ADA), attributes=(AttributeChange("description", None, "x"),))
    gone = change_of(prior(store, "gone", ADA), Action.DELETE)
    other = MemoryStore()
    backends = {TARGET: failing(store, "words", "gone", "base")[0], "z-other": open_memory(other)}
    plan = linked(
        words,
        gone,
        create("base", ADA),
        create("on-words", ADA),
        create("on-gone", ADA),
        create("base", ADA, target="z-other"),
        create("top", ADA, target="z-other"),
        **{"on-words": ["words"], "on-gone": ["gone"], "top": ["base"]},
    )
    results = execute(plan, backends, {}, retry=at_once())
    on_others = [result for result in results if result.target != TARGET or result.name.startswith("on-")]
    assert [Outcome.APPLIED] * 4 == [result.outcome for result in on_others]
    assert {"base", "top"} == set(other.groups)


def test_what_fails_on_a_target_holds_what_is_built_on_it_on_others(store):
    """Where the base does not go there: whoever could not leave it would be in both. Its target comes first, then."""
    base = change_of(prior(store, "base", ADA), remove=[ADA])
    base, other = replace(base, target="z-lists"), MemoryStore()
    tops = [create(name, ADA, target="a-letters") for name in ("top", "of-it", "of-no-matter")]
    plan = linked(base, *tops, **{"top": ["list"], "list": ["base"], "of-it": ["top"]})
    asked = []

    def meet(change):
        asked.append(change.name)
        if change.name == "base":
            raise BackendError("out of order", retryable=False)

    backends = {"z-lists": Watched(store, meet, 4), "a-letters": Watched(other, meet, 4)}
    found = outcomes(execute(plan, backends, {}, retry=at_once()))
    assert (Outcome.NOT_TRIED, "built on `list`, and that on `base`, which failed on z-lists") == found["top"]
    assert Outcome.NOT_TRIED is found["of-it"][0]
    assert (["base", "of-no-matter"], {"of-no-matter"}) == (asked, set(other.groups))

    there = {"a-letters": {"base", "top"}}  # and is as it should be
    found = outcomes(execute(plan, backends, {}, retry=at_once(), goes_to=there))
    assert Outcome.APPLIED is found["top"][0]


def test_what_could_not_be_looked_at_holds_what_is_built_on_it(store):
    """A run that is gone on with does not know what became of the base: it may have failed to let somebody go."""
    base = replace(change_of(prior(store, "base", ADA), remove=[ADA]), target="z-lists")
    top, other = create("top", ADA, target="a-letters"), MemoryStore()
    plan = linked(base, top, top=["base"])
    unknown = outcome_of(base, Outcome.NOT_TRIED, "could not be read again")
    backends = {"z-lists": open_memory(store), "a-letters": open_memory(other)}
    found = outcomes(execute(plan, backends, {base.key: unknown}, retry=at_once()))
    assert (Outcome.NOT_TRIED, "built on `base`, which was not tried on z-lists") == found["top"]
    assert not other.groups


def test_what_moved_on_a_target_holds_nothing_on_others(store):
    """Otherwise whoever can write on one target could stop every group."""
    base = replace(change_of(prior(store, "base", ADA), remove=[ADA]), target="a-lists")
    store.put(replace(store.groups["base"], members=Members.of([ADA, BOB])))
    plan = linked(base, create("top", ADA, target="z-letters"), top=["base"])
    backends = {"a-lists": open_memory(store), "z-letters": open_memory(MemoryStore())}
    found = outcomes(execute(plan, backends, {}, retry=at_once()))
    assert (Outcome.STALE, Outcome.APPLIED) == (found["base"][0], found["top"][0])


def test_targets_that_build_on_each_other_are_all_served(store):
    """In a circle no order is right; each change is tried once."""
    plan = linked(
        create("a", ADA, target="one"),
        create("b", ADA, target="two"),
        create("c", ADA, target="one"),
        a=["b"],
        b=["c"],
    )
    backends = {"one": open_memory(store), "two": open_memory(MemoryStore())}
    assert [Outcome.APPLIED] * 3 == [each.outcome for each in execute(plan, backends, {}, retry=at_once())]


def test_a_rename_that_frees_a_name_waits_for_nothing(store):
    """What takes the name may be the very group that the renamed one is built on."""
    plan = linked(
        change_of(prior(store, "vip", ADA), Action.RENAME, name="gold", add=[BOB]),
        create("vip", BOB),
        create("all", BOB),
        gold=["all"],
        all=["vip"],
    )
    backend, asked = failing(store)
    assert {Outcome.APPLIED} == {result.outcome for result in execute(plan, {TARGET: backend}, {}, retry=at_once())}
    assert ["gold", "vip", "all"] == asked


@given(st.data())
def test_an_order_has_everything_once_and_bases_first(data):
    """However groups are built, in circles by altered links too: each change once, and without a circle bases first."""
    names = [f"g{number}" for number in range(6)]
    in_circles = data.draw(st.booleans())
    links = []
    for number, name in enumerate(names):
        below = names if in_circles else names[:number]
        if below:
            links.append(Link(name, tuple(sorted(data.draw(st.sets(st.sampled_from(below), max_size=3))))))
    changing = sorted(data.draw(st.sets(st.sampled_from(names))))
    order = Order([create(name, ADA) for name in reversed(changing)], links)
    found = [change.name for change in order.sorted()]
    assert changing == sorted(found)
    built_on = {link.name: link.built_on for link in links}
    if not in_circles:
        assert all(
            name not in bases_of(built_on, [before]) for place, name in enumerate(found) for before in found[:place]
        )
