"""The backend contract: what a backend returns when it is read; a created group comes back as it was written."""

from __future__ import annotations

from typing import Any

import pytest

from groupsync.errors import StalePlanError
from groupsync.model import ATTRIBUTES, Action, Members, Scope, digest_bytes
from groupsync.testing.room import ADA, BOB, CY, TEXTS, Room
from groupsync.testing.target import Target, change_of, contents, creation, loaded


class Reading(Room):
    """A read is complete, sorted and honest."""

    def test_a_new_target_is_empty_and_read_wholly(self, target: Target) -> None:
        """Where nothing was ever written there are no groups, and that is the complete truth."""
        snapshot = target.backend.read(Scope())

        assert (snapshot.groups, snapshot.complete) == ((), True)

    def test_groups_come_sorted_by_name(self, target: Target) -> None:
        """The order of creation does not show."""
        for name in ("b", "a.b", "c", "a", "a-b", "a_b", "ab"):
            target.create(name)

        assert sorted(["b", "a.b", "c", "a", "a-b", "a_b", "ab"]) == list(target.groups())

    def test_a_scope_of_names_finds_at_least_these(self, target: Target) -> None:
        """A group in scope is read as it is without a scope; a name that is not there is left out."""
        target.create("a", [ADA])
        target.create("b", [BOB])
        found = {group.name: contents(group) for group in target.snapshot("a", "missing").groups}

        assert "missing" not in found
        assert target.state()["a"] == found["a"]

    def test_counts_that_are_known_are_right(self, target: Target) -> None:
        """A count that comes with a read is the number of members."""
        for name, members in (("none", []), ("one", [ADA]), ("three", [ADA, BOB, CY])):
            target.create(name, members)
        for group in target.groups().values():
            assert group.members is not None
            assert group.members.known_count in (None, len(loaded(group)))

    def test_digests_that_are_known_are_right(self, target: Target) -> None:
        """A digest that comes with a read is that of the members; a backend that declares digests gives one."""
        target.create("a", [ADA, BOB])
        target.create("b")
        for group in target.groups().values():
            assert group.members is not None
            known = group.members.known_digest
            assert known is not None or not target.capabilities.digests
            assert known in (None, Members.of(loaded(group)).digest)

    def test_raw_bytes_agree_with_the_digest(self, target: Target) -> None:
        """Where a membership can be had as bytes and its digest is known, the bytes hash to it."""
        target.create("a", [ADA, BOB])
        members = target.group("a").members
        assert members is not None
        if members.raw is None or members.known_digest is None:
            pytest.skip("the backend gives no raw bytes")

        assert members.known_digest == digest_bytes(members.raw())

    def test_members_are_streamed_once_each(self, target: Target) -> None:
        """`members` gives everybody, nobody twice, as canonical text."""
        group = target.create("a", [ADA, BOB, *self.unusual])
        backend = target.connect()
        read = {found.name: found for found in backend.read(Scope()).groups}["a"]

        assert sorted(loaded(group)) == sorted(backend.members(read))

    def test_members_can_be_loaded_again(self, target: Target) -> None:
        """Loading twice gives the same set: nothing is used up."""
        group = target.create("a", [ADA, BOB])

        assert loaded(group) == loaded(group)


class Creating(Room):
    """A created group comes back as it was written."""

    @pytest.mark.parametrize("members", [(), (ADA,), (ADA, BOB, CY)])
    def test_a_created_group_is_read_back(self, target: Target, members: tuple[str, ...]) -> None:
        """Members come back exactly as they were written; a group without members is a group."""
        assert frozenset(members) == loaded(target.create("a", members))

    def test_unusual_members_are_members(self, target: Target) -> None:
        """Whatever an identifier may have in it comes back to the letter, and can be removed."""
        group = target.create("a", [ADA, *self.unusual])
        assert {ADA, *self.unusual} == loaded(group)

        target.needs(Action.UPDATE)
        target.backend.apply(change_of(group, remove=self.unusual))
        assert {ADA} == loaded(target.group("a"))

    def test_a_large_group_is_read_back_whole(self, target: Target) -> None:
        """Ten thousand members are no special case."""
        members = {f"person-{number:06}@example.com" for number in range(self.many)}

        assert members == loaded(target.create("large", members))

    @pytest.mark.parametrize(
        ("attribute", "value"),
        [
            ("kind", "segment"),
            ("display_name", "Beta testers"),
            ("description", "People who asked for early builds"),
            ("owners", ("growth@example.com", "ops@example.com")),
            ("labels", (("empty", ""), ("product", "fieldnotes"), ("tier", "2"))),
        ],
    )
    def test_every_attribute_is_kept(self, target: Target, attribute: str, value: Any) -> None:
        """An attribute comes back as it was written at creation, and the others stay unset."""
        self._stores(attribute)
        group = target.create("a", **{attribute: value})
        others = [name for name in ATTRIBUTES if name not in (attribute, "kind", *self.filled_in)]

        assert value == group.attribute(attribute)
        assert not any(group.attribute(name) for name in others)

    @pytest.mark.parametrize("attribute", ["display_name", "description"])
    @pytest.mark.parametrize("text", TEXTS)
    def test_text_is_kept_to_the_letter(self, target: Target, attribute: str, text: str) -> None:
        """Nothing is escaped, trimmed, folded or taken for another type."""
        self._stores(attribute)
        if text not in self.texts:
            pytest.skip("the target can't hold such a text")

        assert text == target.create("a", **{attribute: text}).attribute(attribute)

    @pytest.mark.parametrize("name", ["0", "null", "a.txt", "a" * 128, "x.y-z_0", "true", "1e5"])
    def test_every_name_will_do(self, target: Target, name: str) -> None:
        """Names that a file system, a YAML reader or a URL might take for something else are only names."""
        target.create("other", [BOB])
        target.create(name, [ADA])

        assert {name: {ADA}, "other": {BOB}} == {key: loaded(group) for key, group in target.groups().items()}

    def test_creating_what_exists_is_refused(self, target: Target) -> None:
        """A create never takes over a group, and writes nothing."""
        target.create("a", [ADA])
        before = target.state()
        with pytest.raises(StalePlanError):
            target.backend.apply(creation("a", [BOB], display_name="Mine"))

        assert before == target.state()

    def test_what_was_deleted_can_be_created_again(self, target: Target) -> None:
        """Nothing of a deleted group shows in a new one of its name."""
        target.needs(Action.DELETE)
        attributes = self._some_attributes("Old")
        target.backend.apply(change_of(target.create("a", [ADA, BOB], **attributes), Action.DELETE))
        group = target.create("a", [CY])

        assert loaded(group) == {CY}
        assert group.display_name != "Old"
        assert not group.display_name or "display_name" in self.filled_in
