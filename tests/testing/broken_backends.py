"""Backends that each break the contract in one way. Run by test_contract: none of these may pass."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from groupsync.errors import BackendError
from groupsync.model import Action, Members, Snapshot
from groupsync.testing import BackendContract
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore


class Breaking(BackendContract):
    """The contract, put to `backend`."""

    __test__ = False
    many = 1500
    two_stores = ({"store": "one"}, {"store": "two"})

    @pytest.fixture
    def make_backend(self):
        store = MemoryStore()
        return lambda: self.backend(store)


class LosesText(MemoryBackend):
    def apply(self, change):
        kept = tuple(each for each in change.attributes if each.name != "description")
        return super().apply(replace(change, attributes=kept))


class TrimsText(MemoryBackend):
    def apply(self, change):
        trimmed = tuple(
            replace(each, after=each.after.strip()) if isinstance(each.after, str) else each
            for each in change.attributes
        )
        return super().apply(replace(change, attributes=trimmed))


class IgnoresPreconditions(MemoryBackend):
    def apply(self, change):
        return super().apply(replace(change, precondition=None))


class TakesOver(MemoryBackend):
    def apply(self, change):
        if change.action is Action.CREATE:
            self.store.remove(change.name)
        return super().apply(change)


class RenamesByCopying(MemoryBackend):
    def apply(self, change):
        after = super().apply(change)
        return self.store.put(replace(after, id=None)) if change.action is Action.RENAME else after


class LosesProtection(MemoryBackend):
    def apply(self, change):
        mark = change.mark and replace(change.mark, prevent_delete=False)
        return super().apply(replace(change, mark=mark))


class LosesMarks(MemoryBackend):
    def apply(self, change):
        return super().apply(replace(change, mark=None))


class DeletesQuietly(MemoryBackend):
    def apply(self, change):
        if change.action is Action.DELETE and change.name not in self.store.groups:
            return None
        return super().apply(change)


class HidesEmptyGroups(MemoryBackend):
    def read(self, scope):
        found = super().read(scope)
        return replace(found, groups=tuple(group for group in found.groups if group.members.known_count))


class MiscountsOnePage(MemoryBackend):
    def members(self, group):
        yield from list(super().members(group))[:1000]


class AnnouncesOnePage(MemoryBackend):
    def read(self, scope):
        found = super().read(scope)
        return replace(
            found,
            groups=tuple(
                replace(group, members=Members.unread(count=min(1000, group.members.known_count)))
                for group in found.groups
            ),
        )


class KeepsOldDigests(MemoryBackend):
    def read(self, scope):
        found = super().read(scope)
        return replace(
            found,
            groups=tuple(
                replace(group, members=Members.unread(count=group.members.known_count, digest="0" * 64))
                for group in found.groups
            ),
        )


class RepeatsMembers(MemoryBackend):
    def members(self, group):
        found = list(super().members(group))
        yield from [*found, *found[:1]]


class SortsByCreation(MemoryBackend):
    def read(self, scope):
        found = super().read(scope)
        return Snapshot(tuple(sorted(found.groups, key=lambda group: group.id)))


class LocksNobodyOut(MemoryBackend):
    def lock(self, ttl_seconds):
        self.store.lock = None
        return super().lock(ttl_seconds)


class UnlocksAnybody(MemoryBackend):
    def unlock(self, lock):
        self.store.lock = None


class CountsMembersOnly(MemoryBackend):
    """The revision moves with the members alone."""

    def apply(self, change):
        after = super().apply(change)
        if after is not None:
            held = self.store.groups[after.name]
            self.store.groups[after.name] = replace(held, revision=held.members.digest)
            after = replace(after, revision=held.members.digest)
        return after


class ReturnsTheGroupBefore(MemoryBackend):
    def apply(self, change):
        prior = self.store.groups.get(change.name)
        after = super().apply(change)
        return prior if prior is not None and after is not None else after


class DoesUndeclaredThings(MemoryBackend):
    capabilities = replace(MemoryBackend(MemoryStore()).capabilities, actions=frozenset(Action) - {Action.RENAME})


class DeletesInsteadOfForgetting(MemoryBackend):
    def apply(self, change):
        after = super().apply(change)
        if change.action is Action.FORGET:
            self.store.remove(change.name)
        return after


class MovesEveryRevision(MemoryBackend):
    def apply(self, change):
        for name in list(self.store.groups):
            if name != (change.prior_name or change.name):
                self.store.move(name)
        return super().apply(change)


class RemembersForItselfAlone(MemoryBackend):
    def __init__(self, store):
        super().__init__(MemoryStore())


class ForgetsWhenClosed(MemoryBackend):
    def close(self):
        self.store.groups.clear()


class WritesHalf(MemoryBackend):
    """Attributes are written before the members are looked at."""

    def apply(self, change):
        try:
            return super().apply(change)
        except BackendError:
            prior = self.store.groups.get(change.name)
            if prior is not None and change.attributes and str(prior.revision) == change.precondition:
                self.store.put(replace(prior, **{each.name: each.after for each in change.attributes}))
            raise


class IsStrictAboutMembers(MemoryBackend):
    def apply(self, change):
        prior = self.store.groups.get(change.name)
        if prior is not None and change.action is Action.UPDATE and prior.members.load() & change.add.load():
            raise BackendError("already a member")
        return super().apply(change)


class NeverUnsets(MemoryBackend):
    def apply(self, change):
        kept = tuple(each for each in change.attributes if each.after is not None)
        return super().apply(replace(change, attributes=kept))


class TakesAnyOption(MemoryBackend):
    options_schema = MappingProxyType({"type": "object"})


class ReadsOnlyTheScopeOfAll(MemoryBackend):
    def read(self, scope):
        found = super().read(scope)
        return found if scope.names is None else replace(found, groups=found.groups[1:])


class CallsEveryStoreTheSame(MemoryBackend):
    @classmethod
    def identity_of(cls, options):
        return {}


BREAKS = {
    LosesText: "test_every_attribute_is_kept",
    CallsEveryStoreTheSame: "test_two_stores_have_two_identities",
    TrimsText: "test_text_is_kept_to_the_letter",
    IgnoresPreconditions: "test_a_stale_change_is_refused_and_writes_nothing",
    TakesOver: "test_creating_what_exists_is_refused",
    RenamesByCopying: "test_a_rename_keeps_id_members_and_attributes",
    LosesProtection: "test_the_mark_is_kept_whole",
    LosesMarks: "test_adopt_puts_the_mark_on",
    DeletesQuietly: "test_deleting_what_is_gone_is_refused",
    HidesEmptyGroups: "test_a_group_that_loses_everybody_stays",
    MiscountsOnePage: "test_a_large_group_is_read_back_whole",
    AnnouncesOnePage: "test_a_large_group_is_read_back_whole",
    KeepsOldDigests: "test_digests_that_are_known_are_right",
    RepeatsMembers: "test_members_are_streamed_once_each",
    SortsByCreation: "test_groups_come_sorted_by_name",
    LocksNobodyOut: "test_a_lock_keeps_others_out_until_it_is_given_back",
    UnlocksAnybody: "test_a_lock_past_its_time_is_taken_over",
    CountsMembersOnly: "test_every_change_moves_the_revision",
    ReturnsTheGroupBefore: "test_apply_returns_the_group_as_it_is_read",
    DoesUndeclaredThings: "test_undeclared_actions_are_refused",
    DeletesInsteadOfForgetting: "test_forget_takes_the_mark_and_leaves_the_group",
    MovesEveryRevision: "test_the_other_groups_are_left_alone",
    RemembersForItselfAlone: "test_what_is_written_is_there_for_the_next",
    ForgetsWhenClosed: "test_closing_twice_does_no_harm",
    WritesHalf: "test_members_that_can_not_be_had_leave_all_as_it_was",
    IsStrictAboutMembers: "test_member_changes_are_idempotent",
    NeverUnsets: "test_an_attribute_can_be_unset",
    TakesAnyOption: "test_the_options_schema_refuses_unknown_options",
    ReadsOnlyTheScopeOfAll: "test_a_scope_of_names_finds_at_least_these",
}
"""Every broken backend and a test that has to see it."""


for broken in BREAKS:
    globals()[f"Test{broken.__name__}"] = type(
        f"Test{broken.__name__}", (Breaking,), {"__test__": True, "backend": broken, "__module__": __name__}
    )
