"""The backend contract: what a backend promises besides its changes, and its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from groupsync.errors import BackendError, LockHeldError
from groupsync.model import Action
from groupsync.target_identity import target_identity
from groupsync.testing.room import ADA, BOB, Room
from groupsync.testing.target import Target, change_of, contents, creation, loaded

if TYPE_CHECKING:
    from collections.abc import Mapping


class Living(Room):
    """What is declared holds, what is written stays."""

    def test_apply_returns_the_group_as_it_is_read(self, target: Target) -> None:
        """What a create, update or rename returns is what the next read finds, revision and id included."""
        target.needs(Action.UPDATE)
        self._agrees(target, target.backend.apply(creation("a", [ADA], **self._some_attributes("Beta"))))
        self._agrees(target, target.backend.apply(change_of(target.group("a"), add=[BOB])))
        if Action.RENAME in target.capabilities.actions:
            self._agrees(target, target.backend.apply(change_of(target.group("a"), Action.RENAME, name="b")))

    def test_undeclared_actions_are_refused(self, target: Target) -> None:
        """An action that the capabilities leave out fails as a BackendError, and writes nothing."""
        undeclared = frozenset(Action) - target.capabilities.actions - {Action.CREATE}
        if not undeclared:
            pytest.skip("the backend declares every action")
        group = target.create("a", [ADA])
        before = target.state()
        for action in sorted(undeclared):
            with pytest.raises(BackendError):
                target.backend.apply(change_of(group, action, name="b" if action is Action.RENAME else None))

        assert before == target.state()

    def test_capabilities_stay_the_same(self, target: Target) -> None:
        """They are said once and hold for every connection."""
        assert target.capabilities == target.connect().capabilities

    def test_attributes_are_declared_as_they_are_tested(self, target: Target) -> None:
        """What is declared is tested to be kept, and what is not declared is never planned."""
        assert set(self.attributes) == target.capabilities.attributes

    def test_revisions_are_given_where_they_are_declared(self, target: Target) -> None:
        """A backend that declares revisions gives one for each group."""
        if not target.capabilities.revisions:
            pytest.skip("the backend does not declare revisions")

        assert target.create("a").revision

    def test_what_is_written_is_there_for_the_next(self, target: Target) -> None:
        """Another backend sees a change at once, and still after the first has been closed."""
        before = contents(target.create("a", [ADA]))
        target.backend.close()

        assert before == contents(target.group("a"))

    def test_closing_twice_does_no_harm(self, target: Target) -> None:
        """Before anything was done, and after."""
        target.connect().close()
        target.create("a", [ADA])
        for _ in range(2):
            target.backend.close()

        assert loaded(target.group("a")) == {ADA}

    def test_what_is_given_is_not_changed(self, target: Target) -> None:
        """A change can be shown, saved and tried again after it was applied."""
        change = creation("a", [ADA, BOB], **self._some_attributes("X"))
        shown, added = repr(change), change.add.load()
        target.needs(Action.CREATE)
        target.backend.apply(change)

        assert shown == repr(change)
        assert added == {ADA, BOB}

    def test_the_options_schema_refuses_unknown_options(self, target: Target) -> None:
        """It is a JSON Schema of an object that takes no keys it does not name."""
        from jsonschema import Draft202012Validator

        schema = dict(target.backend.options_schema)
        Draft202012Validator.check_schema(schema)

        assert list(Draft202012Validator(schema).iter_errors({"no-such-option-anywhere": 1}))

    def test_two_stores_have_two_identities(self, target: Target) -> None:
        """Options of two stores tell them apart, and the same options tell the same store each time."""
        if not self.two_stores:
            pytest.skip("no options of two stores are given in `two_stores`")
        once, again = ([self._identity(target, options) for options in self.two_stores] for _ in range(2))

        assert once == again
        assert len(self.two_stores) == len(set(once)), once

    def _identity(self, target: Target, options: Mapping[str, Any]) -> str:
        return target_identity(target.backend.name, dict(options), target.backend)


class Locking(Room):
    """One holder at a time, and none for ever."""

    def test_a_lock_keeps_others_out_until_it_is_given_back(self, target: Target) -> None:
        """The second asks in vain, is told by whom it is held, and gets it once it is free."""
        first, second = target.locking(), target.locking(target.connect())
        lock = first.lock(600)
        with pytest.raises(LockHeldError) as caught:
            second.lock(600)

        assert lock.holder in str(caught.value)
        first.unlock(lock)
        second.unlock(second.lock(600))
        assert first.lock_status() is None

    def test_a_lock_past_its_time_is_taken_over(self, target: Target) -> None:
        """What its holder gives back later is not the new holder's lock."""
        first, second = target.locking(), target.locking(target.connect())
        expired = first.lock(0)
        lock = second.lock(600)
        first.unlock(expired)

        assert lock == second.lock_status()
        assert lock.token != expired.token

    def test_a_lock_is_renewed_by_its_holder(self, target: Target) -> None:
        """Asking again keeps the token and moves the time."""
        backend = target.locking()
        first = backend.lock(1)
        again = backend.lock(600)

        assert (first.token, 600) == (again.token, again.ttl_seconds)
        assert again.since >= first.since

    def test_a_lock_can_be_looked_at_and_broken(self, target: Target) -> None:
        """Anybody sees who holds it and may take it away; breaking nothing is no error."""
        first, second = target.locking(), target.locking(target.connect())
        lock = first.lock(600)

        assert lock == second.lock_status()
        assert lock == second.break_lock()
        assert (second.lock_status(), second.break_lock()) == (None, None)
        second.lock(600)
