"""The backend contract: deletes, renames and the ownership mark."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from groupsync.backend import SupportsSteps
from groupsync.errors import StalePlanError
from groupsync.model import Action
from groupsync.testing.room import ADA, BOB, CY, Room
from groupsync.testing.target import PAST, Target, change_of, creation, loaded, mark_for

if TYPE_CHECKING:
    from groupsync.backend import Step


class Leaving(Room):
    """Deletes and renames touch one group and lose nothing."""

    def test_a_deleted_group_is_gone(self, target: Target) -> None:
        """A delete returns None, and only that group is gone."""
        target.needs(Action.DELETE)
        target.create("b", [ADA])
        group = target.create("a", [ADA])

        assert target.backend.apply(change_of(group, Action.DELETE)) is None
        assert list(target.groups()) == ["b"]

    def test_deleting_what_is_gone_is_refused(self, target: Target) -> None:
        """A second delete says that the plan is stale."""
        target.needs(Action.DELETE)
        change = change_of(target.create("a", [ADA]), Action.DELETE)
        target.backend.apply(change)
        with pytest.raises(StalePlanError):
            target.connect().apply(change)

    def test_a_rename_keeps_id_members_and_attributes(self, target: Target) -> None:
        """Only the name changes; the earlier one is free."""
        target.needs(Action.RENAME)
        attributes = self._some_attributes("Beta")
        before = target.create("a", [ADA, BOB], **attributes)
        target.backend.apply(change_of(before, Action.RENAME, name="b"))
        after = target.group("b")

        assert loaded(after) == {ADA, BOB}

        assert list(target.groups()) == ["b"]
        assert (before.id, before.display_name) == (after.id, after.display_name)

    def test_a_rename_may_change_the_rest_as_well(self, target: Target) -> None:
        """Name, members and attributes change in one go."""
        target.needs(Action.RENAME)
        attributes = self._some_attributes("New")
        group = target.create("a", [ADA, BOB])
        target.backend.apply(change_of(group, Action.RENAME, name="b", add=[CY], remove=[ADA], **attributes))
        found = target.group("b")

        assert list(target.groups()) == ["b"]
        assert loaded(found) == {BOB, CY}
        assert attributes.get("display_name") == (found.display_name or None)

    def test_a_rename_onto_another_group_is_refused(self, target: Target) -> None:
        """A rename never replaces a group."""
        target.needs(Action.RENAME)
        target.create("b", [BOB])
        group = target.create("a", [ADA])
        before = target.state()
        with pytest.raises(StalePlanError):
            target.backend.apply(change_of(group, Action.RENAME, name="b"))

        assert before == target.state()

    def test_a_name_that_a_rename_left_can_be_taken(self, target: Target) -> None:
        """The new group under the earlier name has an id of its own."""
        target.needs(Action.RENAME)
        target.backend.apply(change_of(target.create("a", [ADA]), Action.RENAME, name="b"))
        taken, renamed = target.create("a", [BOB]), target.group("b")

        assert loaded(taken) == {BOB}
        assert loaded(renamed) == {ADA}
        assert taken.id is None or taken.id != renamed.id


class Marking(Room):
    """The ownership mark is kept with the group, whole."""

    @pytest.mark.parametrize("prevent_delete", [True, False])
    def test_the_mark_is_kept_whole(self, target: Target, prevent_delete: bool) -> None:
        """Project, digest, count, identity rule and protection come back as they were written."""
        self._marks(target)
        group = target.create("a", [ADA])
        target.needs(Action.UPDATE)
        target.backend.apply(change_of(group, add=[BOB], prevent_delete=prevent_delete))

        assert mark_for([ADA, BOB], prevent_delete=prevent_delete) == target.group("a").mark

    def test_a_mark_alone_can_change(self, target: Target) -> None:
        """A change may be nothing but a new mark."""
        self._marks(target)
        group = target.create("a", [ADA])
        target.needs(Action.UPDATE)
        target.backend.apply(change_of(group, prevent_delete=True))

        assert mark_for([ADA], prevent_delete=True) == target.group("a").mark

    def test_the_mark_keeps_the_name_that_it_was_written_for(self, target: Target) -> None:
        """It is what tells a group that somebody copied or renamed on the target."""
        self._marks(target)
        mark = target.create("a", [ADA]).mark

        assert "a" == (mark.name if mark else "")

    def test_a_mark_comes_back_with_its_past(self, target: Target) -> None:
        """What it remembers, where the target is said to give it back; a difference in that alone is none."""
        self._marks(target)
        if not target.backend.capabilities.remembers:
            pytest.skip("the target does not say that it keeps what a mark remembers")
        target.needs(Action.CREATE, Action.UPDATE)
        made = creation("a", [ADA])
        target.backend.apply(replace(made, mark=made.mark and replace(made.mark, past=PAST)))
        first = target.group("a")
        other = replace(PAST, rows=(("0" * 16, "1" * 16, 7),), counts=(), is_whole=False)
        change = change_of(first, add=[BOB])
        target.backend.apply(replace(change, mark=change.mark and replace(change.mark, past=other)))
        second = target.group("a")

        assert [PAST, other] == [group.mark and group.mark.past for group in (first, second)]
        assert mark_for([ADA, BOB]) == second.mark

    def test_no_mark_claims_members_that_are_not_there_yet(self, target: Target) -> None:
        """After each write of a create its mark is unfinished, or stands for the members that are there."""
        self._marks(target)
        if not isinstance(target.backend, SupportsSteps):
            pytest.skip("the backend takes one write for each change")
        found: list[bool] = []

        def look(step: Step) -> None:  # noqa: ARG001
            group = target.group("a")
            found.append(group.mark is None or not group.mark.is_finished or mark_for(loaded(group)) == group.mark)

        target.needs(Action.CREATE)
        target.backend.apply_in_steps(creation("a", [ADA, BOB, CY]), look)

        assert all(found)
        assert mark_for([ADA, BOB, CY]) == target.group("a").mark

    def test_forget_takes_the_mark_and_leaves_the_group(self, target: Target) -> None:
        """Members and attributes stay; nobody manages the group any more."""
        self._marks(target)
        target.needs(Action.FORGET)
        attributes = self._some_attributes("Kept")
        target.backend.apply(change_of(target.create("a", [ADA], **attributes), Action.FORGET))
        group = target.group("a")

        assert loaded(group) == {ADA}
        assert attributes.get("display_name") == (group.display_name or None)
        assert group.mark is None

    def test_adopt_puts_the_mark_on(self, target: Target) -> None:
        """A group without a mark gets it, and may change in the same go."""
        self._marks(target)
        target.needs(Action.ADOPT)
        group = target.create_unmanaged("a", [ADA])
        target.backend.apply(change_of(group, Action.ADOPT, add=[BOB]))
        found = target.group("a")

        assert loaded(found) == {ADA, BOB}
        assert mark_for([ADA, BOB]) == found.mark

    def test_adopt_may_change_nothing_else(self, target: Target) -> None:
        """The mark alone is put on; the members are the same."""
        self._marks(target)
        target.needs(Action.ADOPT)
        target.backend.apply(change_of(target.create_unmanaged("a", [ADA]), Action.ADOPT))

        assert loaded(target.group("a")) == {ADA}
        assert mark_for([ADA]) == target.group("a").mark
