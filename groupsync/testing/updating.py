"""The backend contract: that a change does what it says, only that, and only to what it was planned against."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from groupsync.errors import BackendError, StalePlanError
from groupsync.model import Action, Members
from groupsync.testing.room import ADA, BOB, CY, Room
from groupsync.testing.target import Target, change_of, creation, loaded


class Updating(Room):
    """A change does what it says, and only that."""

    def test_members_are_added_and_removed(self, target: Target) -> None:
        """One change does both, and touches nobody else."""
        group = target.create("a", [ADA, BOB])
        target.needs(Action.UPDATE)
        target.backend.apply(change_of(group, add=[CY], remove=[BOB]))

        assert loaded(target.group("a")) == {ADA, CY}

    def test_member_changes_are_idempotent(self, target: Target) -> None:
        """Adding who is there and removing who is not there are no errors."""
        group = target.create("a", [ADA])
        target.needs(Action.UPDATE)
        target.backend.apply(change_of(group, add=[ADA, CY], remove=[BOB]))
        target.backend.apply(change_of(target.group("a"), add=[ADA, CY], remove=[BOB]))

        assert loaded(target.group("a")) == {ADA, CY}

    def test_a_group_that_loses_everybody_stays(self, target: Target) -> None:
        """Empty is not absent."""
        group = target.create("a", [ADA, BOB])
        target.needs(Action.UPDATE)
        target.backend.apply(change_of(group, remove=[ADA, BOB]))

        assert frozenset() == loaded(target.group("a"))

    @pytest.mark.parametrize(
        ("attribute", "value"),
        [
            ("display_name", "After"),
            ("description", "After"),
            ("owners", ("after@example.com",)),
            ("labels", (("after", "1"),)),
        ],
    )
    def test_one_attribute_changes_alone(self, target: Target, attribute: str, value: Any) -> None:
        """An attribute that a change does not name keeps its value, and so do the members."""
        self._stores(attribute)
        full = {
            "display_name": "Before",
            "description": "Before",
            "owners": ("before@example.com",),
            "labels": (("before", "1"),),
        }
        before = {name: text for name, text in full.items() if name in self.attributes}
        group = target.create("a", [ADA], **before)
        target.needs(Action.UPDATE)
        target.backend.apply(change_of(group, **{attribute: value}))
        found = target.group("a")

        assert {**before, attribute: value} == {name: found.attribute(name) for name in before}
        assert loaded(found) == {ADA}

    @pytest.mark.parametrize("attribute", ["display_name", "description", "owners", "labels"])
    def test_an_attribute_can_be_unset(self, target: Target, attribute: str) -> None:
        """A change to None takes the value away, so that a plan can be reversed."""
        self._stores(attribute)
        value: dict[str, Any] = {"owners": ("x@example.com",), "labels": (("x", "1"),)}
        group = target.create("a", **{attribute: value.get(attribute, "x")})
        target.needs(Action.UPDATE)
        unset: dict[str, Any] = {attribute: None}
        target.backend.apply(change_of(group, **unset))

        assert not target.group("a").attribute(attribute)

    def test_the_other_groups_are_left_alone(self, target: Target) -> None:
        """No change touches a group that it does not name, managed or not."""
        target.create("b", [ADA, BOB])
        others = {**target.state()}
        revision = target.group("b").revision
        group = target.create("a", [ADA])
        target.needs(Action.UPDATE)
        target.backend.apply(change_of(group, add=[CY]))
        if Action.DELETE in target.capabilities.actions:
            target.backend.apply(change_of(target.group("a"), Action.DELETE))

        assert others["b"] == target.state()["b"]
        assert revision == target.group("b").revision

    def test_an_update_of_what_is_gone_is_refused(self, target: Target) -> None:
        """A change never brings back a group that somebody deleted."""
        target.needs(Action.DELETE, Action.UPDATE)
        group = target.create("a", [ADA])
        update, delete = change_of(group, add=[BOB]), change_of(group, Action.DELETE)
        target.backend.apply(delete)
        with pytest.raises(StalePlanError):
            target.backend.apply(update)

        assert target.groups() == {}

    def test_members_that_can_not_be_had_leave_all_as_it_was(self, target: Target) -> None:
        """When the names to add can't be loaded, nothing is written."""

        def fail() -> frozenset[str]:
            raise BackendError("the list is gone")

        group = target.create("a", [ADA])
        target.needs(Action.UPDATE)
        before = target.state()
        change = change_of(group, add=[BOB], **self._some_attributes("X"))
        object.__setattr__(change, "add", Members(fail, count=1))
        with pytest.raises(BackendError, match="the list is gone"):
            target.backend.apply(change)

        assert before == target.state()


class Preconditions(Room):
    """Nothing is done to a group that is not as it was when the change was planned."""

    def test_a_stale_change_is_refused_and_writes_nothing(self, target: Target) -> None:
        """What was planned against an earlier revision is never carried out."""
        group = self._with_revision(target)
        declared = target.capabilities.actions & {Action.UPDATE, Action.DELETE, Action.FORGET}
        changes = [change_of(group, action) for action in sorted(declared)]
        target.connect().apply(change_of(group, add=[BOB]))
        before = target.state()
        for change in changes:
            with pytest.raises(StalePlanError):
                target.backend.apply(change)

        assert before == target.state()

    def test_every_change_moves_the_revision(self, target: Target) -> None:
        """Members, attributes and the mark each count: a plan made before any such change is stale after it."""
        group = self._with_revision(target)
        seen = {group.revision}
        changes: list[dict[str, Any]] = [{"add": [BOB]}, {"remove": [ADA]}]
        changes += [{"prevent_delete": True}] if target.capabilities.ownership else []
        changes += [{"display_name": "X"}] if "display_name" in self.attributes else []
        for number, wanted in enumerate(changes, 2):
            target.backend.apply(change_of(target.group("a"), **wanted))
            seen.add(target.group("a").revision)
            assert number == len(seen), f"the revision stayed after {wanted}"

    def test_looking_does_not_move_the_revision(self, target: Target) -> None:
        """Reading, loading, closing and connecting again leave every revision as it is."""
        group = self._with_revision(target)
        loaded(target.group("a"))
        target.backend.close()

        assert group.revision == target.group("a").revision

    def test_the_returned_revision_is_good_for_the_next_change(self, target: Target) -> None:
        """Two changes in a row need no read in between."""
        self._with_revision(target)
        first = target.backend.apply(change_of(target.group("a"), add=[BOB]))
        assert first is not None
        target.backend.apply(change_of(first, add=[CY]))

        assert loaded(target.group("a")) == {ADA, BOB, CY}

    def test_two_writers_lose_nothing(self, target: Target) -> None:
        """Two backends that take turns at one store both have their groups written, and see each other's."""
        target.needs(Action.UPDATE)
        other = target.connect()
        for number in range(4):
            backend = other if number % 2 else target.backend
            backend.apply(creation(f"group-{number}", [ADA]))
            backend.apply(change_of(target.group("group-0"), add=[f"person-{number}@example.com"]))

        assert {f"group-{number}" for number in range(4)} == set(target.groups())
        assert len(loaded(target.group("group-0"))) == 5

    def test_concurrent_calls_all_count(self, target: Target) -> None:
        """As many calls as are declared may be under way at once."""
        target.needs(Action.CREATE)
        if target.capabilities.concurrent == 1:
            pytest.skip("the backend does not declare concurrent calls")
        with ThreadPoolExecutor(target.capabilities.concurrent) as pool:
            list(pool.map(lambda number: target.backend.apply(creation(f"g{number}", [ADA])), range(32)))

        assert len(target.groups()) == 32
