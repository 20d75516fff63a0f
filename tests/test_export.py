"""Writing what a target holds as definitions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.export import INLINE_LIMIT, Layout, export_groups
from groupsync.fmt.texts import format_definition, format_member_file
from groupsync.identity import Identity
from groupsync.members.files import read_members
from groupsync.model import Group, Mark, Members
from groupsync.validate import check_definition, definition_of, group_schema
from groupsync.yaml.events import parse_yaml

FOLD = Identity()
LAYOUT = Layout("shop", group_schema())


def mark(project: str = "shop", *, prevent_delete: bool = False) -> Mark:
    return Mark(project, "", 0, FOLD.rule, prevent_delete)


def exported(*groups: Group, layout: Layout = LAYOUT) -> dict[str, str]:
    """Return the files, all of which must be written without a finding."""
    found = []
    files = {path: data.decode() for path, data in export_groups(groups, layout, found.append)}
    assert not found
    return files


def imported(files: dict[str, bytes]) -> dict[str, Group]:
    """Return the desired groups that the files define, as loading and resolving would."""
    groups = {}
    for path, data in files.items():
        if not path.endswith(".yaml"):
            continue
        (document,), found = parse_yaml(data, path)
        found += check_definition(document)
        assert not found
        definition, found = definition_of(document, FOLD)
        assert definition
        assert not found
        members = set(definition.members.plain_members()) if definition.members else set()
        for file in definition.members_from or ():
            listed, wrong = read_members(files[file.path], file, FOLD)
            assert not wrong
            members |= listed
        is_managed = definition.members is not None or definition.members_from is not None
        groups[definition.name] = Group(
            definition.name,
            definition.kind,
            definition.display_name,
            definition.description,
            definition.owners,
            definition.labels,
            Members.of(members) if is_managed else None,
        )
    return groups


def test_a_small_group_is_one_file():
    """Few members stand in the definition, with everything the target tells and consent to take the group over."""
    group = Group(
        "beta",
        display_name="Beta: testers",
        description="One\ntwo",
        owners=("a@x.com", "crm"),
        labels=(("tier", "2"),),
        members=Members.of({"b@x.com", "a@x.com"}),
    )
    expected = """\
# yaml-language-server: $schema=../schemas/group.v1.schema.json
kind: known-user-group
name: beta
display_name: "Beta: testers"
description: |-
  One
  two
owners: [a@x.com, crm]
labels: {tier: "2"}
members:
  - a@x.com
  - b@x.com
"""
    assert {"groups/beta.yaml": expected} == exported(group)


def test_a_large_group_gets_a_canonical_member_file_first():
    """Many members go to a list whose raw digest is the group's, written before the definition that names it."""
    members = Members.of({f"m{index}@x.com" for index in range(INLINE_LIMIT + 1)})
    files = list(export_groups([Group("big", members=members, mark=mark())], LAYOUT, pytest.fail))
    assert ["groups/members/big.txt", "groups/big.yaml"] == [path for path, _ in files]
    assert "".join(f"{member}\n" for member in members) == files[0][1].decode()
    assert b"members_from:\n  - path: members/big.txt\n" in files[1][1]


def test_the_three_states_of_membership_stay_apart():
    """Members that the target does not tell are left unmanaged; nobody is written as `[]`."""
    files = exported(Group("a", members=None, mark=mark()), Group("b", mark=mark()))
    assert "members" not in files["groups/a.yaml"]
    assert files["groups/b.yaml"].endswith("members: []\n")


def test_protection_on_the_target_is_carried_over():
    """A stored `prevent_delete` stands in the definition, so that the plan does not take it off."""
    files = exported(Group("a", mark=mark(prevent_delete=True)))
    assert files["groups/a.yaml"].endswith("lifecycle: {prevent_delete: true}\n")


def test_targets_are_named_where_asked():
    """In a project with several targets the definition goes only where the group came from."""
    layout = Layout("shop", group_schema(), folder="imported", modeline="", targets=("crm",))
    files = exported(Group("a", mark=mark()), layout=layout)
    assert {"imported/a.yaml": "kind: known-user-group\nname: a\ntargets: [crm]\nmembers: []\n"} == files


@pytest.mark.parametrize(
    ("group", "word"),
    [
        (Group("Beta Testers"), "name"),
        (Group("a", kind="segment"), "segment"),
        (Group("a", mark=mark("other")), "`other`"),
    ],
)
def test_what_cannot_be_a_definition_is_left_out_and_said(group, word):
    """A name we can't write, a segment and another project's group are reported, and the rest goes on."""
    found = []
    files = dict(export_groups([group, Group("z")], LAYOUT, found.append))
    assert ["groups/z.yaml"] == list(files)
    assert [("GS690", True)] == [(each.code, word in each.detail) for each in found]


def test_an_attribute_that_does_not_fit_is_left_unmanaged():
    """Its absence from the definition means that the target keeps what it has."""
    found = []
    group = Group("a", display_name="x" * 300, description="\ud800", labels=(("Not A Key", "x"),), mark=mark())
    files = dict(export_groups([group], LAYOUT, found.append))
    assert b"display_name" not in files["groups/a.yaml"]
    assert ["GS691", "GS691", "GS691"] == [each.code for each in found]


NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True) | st.sampled_from(
    ["no", "1e3", "2026-01-01", "0x1"]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30) | st.sampled_from(
    ["no", "1e3", ": x", "#", "a\nb", "a\n\nb\n", " ", "- 👍", "{}", "null", "a\r\nb", "\u2028"]
)
ADDRESSES = st.from_regex(r"[a-z0-9#!&*'{`|%-][a-z0-9#]{0,8}@[a-z]{1,8}\.(com|de)", fullmatch=True)
MEMBER_SETS = st.sets(ADDRESSES, max_size=5) | st.sets(ADDRESSES, min_size=INLINE_LIMIT + 1, max_size=INLINE_LIMIT + 5)


@st.composite
def groups(draw: st.DrawFn) -> Group:
    """Return a group as a target may hold it."""
    return Group(
        draw(NAMES),
        display_name=draw(st.none() | TEXTS),
        description=draw(st.none() | TEXTS),
        owners=draw(st.none() | st.sets(TEXTS, max_size=3).map(lambda found: tuple(sorted(found)))),
        labels=draw(
            st.none() | st.dictionaries(NAMES, TEXTS, max_size=3).map(lambda found: tuple(sorted(found.items())))
        ),
        members=draw(st.none() | MEMBER_SETS.map(Members.of)),
    )


@given(found=st.lists(groups(), max_size=3, unique_by=lambda group: group.name))
def test_what_is_exported_defines_the_same_groups(found):
    """Loading the files gives the very groups, whatever their texts; and they are formatted already."""
    files = dict(export_groups(found, LAYOUT, pytest.fail))
    assert {group.name: group for group in found} == imported(files)
    for path, data in files.items():
        formatter = format_definition if path.endswith(".yaml") else format_member_file
        assert data == formatter(data, path, FOLD).data
