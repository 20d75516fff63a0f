"""Attributes are written into definitions in place: what is meant changes, and nothing else, to the byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.edits.attributes import set_attribute
from groupsync.edits.files import add_lines, remove_people
from groupsync.edits.members import add_members, entry_text, remove_members
from groupsync.edits.text import CannotEdit
from groupsync.identity import Identity
from groupsync.model import ALWAYS, MemberFile, SourceRange
from groupsync.yaml.events import parse_yaml
from tests.test_edits import definitions, members_of

FOLD = Identity()
HEAD = "kind: known-user-group\nname: g\n"
MANY = [f"p{number}@example.com" for number in range(7)]


def edited(text, name, value):
    return set_attribute(text.encode(), "g.yaml", "g", name, value, identity=FOLD).data.decode()


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        ("display_name: Old # seen\n", "display_name", "New", "display_name: New # seen\n"),
        ("display_name: 'Old'\n", "display_name", "No: 1", 'display_name: "No: 1"\n'),
        ("display_name: Old\n", "display_name", None, "display_name: g\n"),
        ("description: Old\n", "description", None, 'description: ""\n'),
        ('description: ""\n', "description", "a\nb\n", "description: |\n  a\n  b\n"),
        ("description: |\n  a\n  b\n\nowners: [x]\n", "description", "c", "description: c\n\nowners: [x]\n"),
        ("description: >-\n  a\n  b\nowners: [x]\n", "description", "c\nd", "description: |-\n  c\n  d\nowners: [x]\n"),
        ("# who\nowners: [x]\n", "description", "c", "description: c\n# who\nowners: [x]\n"),
        ("members: []\n", "owners", ("x", "y z"), "owners:\n  - x\n  - y z\nmembers: []\n"),
        ("owners: [x, w] # who\n", "owners", ("w", "z"), "owners: [w, z] # who\n"),
        ("owners:\n# a\n- x # one\n# b\n- y\n", "owners", ("y", "z"), "owners:\n# a\n# b\n- y\n- z\n"),
        ("owners: # who\n  - x\n", "owners", None, "owners: [] # who\n"),
        ("owners: []\n", "owners", ("x",), "owners: [x]\n"),
        ("labels: {a: '1', b: x}\n", "labels", (("a", "2"),), 'labels: {a: "2"}\n'),
        (
            "labels:\n  a: '1' # one\n  # two\n  b: x\n",
            "labels",
            (("a", "2"), ("c", "y")),
            'labels:\n  a: "2" # one\n  # two\n  c: "y"\n',
        ),
        ("labels:\n  a: x\nmembers: []\n", "labels", (), "labels: {}\nmembers: []\n"),
        ("members: []\n", "labels", (("a", "x"),), "labels:\n  a: x\nmembers: []\n"),
    ],
)
def test_an_attribute_is_written_where_it_stands_or_usually_would(before, name, value, after):
    """In block and flow style, with comments in their places; an entry goes with the comment on its line."""
    assert HEAD + after == edited(HEAD + before, name, value)
    assert f"\ufeff{HEAD}{after}".replace("\n", "\r\n") == edited(
        f"\ufeff{HEAD}{before}".replace("\n", "\r\n"), name, value
    )


@pytest.mark.parametrize(
    ("text", "name", "value", "expected"),
    [
        ("display_name: &a Old\ndescription: *a\n", "display_name", "New", "written elsewhere"),
        ("description: | # why\n  a\n", "description", "b", "a comment stands behind"),
        ("owners: [\n  x, # one\n  y\n  ]\n", "owners", ("x",), "a comment may stand between"),
        ("display_name: Old\n", "display_name", "x" * 300, "no definition can say so"),
        ("labels: {a: x}\n", "labels", (("No Key", "x"),), "no definition can say so"),
    ],
)
def test_what_no_edit_can_be_sure_of_is_refused(text, name, value, expected):
    """Anchors, comments that have no place any more, values that no definition may have."""
    with pytest.raises(CannotEdit, match=expected):
        edited(HEAD + text, name, value)


@given(
    st.sampled_from(["description: Old # a\n", "description: |\n  x\n\n", "# b\n", "description: 'it''s'\n"]),
    st.text(max_size=30).filter(lambda text: text.isprintable() or text.replace("\n", "").isprintable()),
)
def test_any_text_reads_back_as_it_was_meant(before, value):
    """Whatever stands in it, and whatever stood there; the rest of the file is what it was."""
    after = edited(f"{HEAD}{before}owners: [x] # c\n", "description", value)
    [document], _ = parse_yaml(after.encode(), "g.yaml")

    assert {"kind": "known-user-group", "name": "g", "description": value, "owners": ["x"]} == document.value
    assert after.endswith("owners: [x] # c\n")


@given(definitions(), st.sets(st.sampled_from(MANY), min_size=1))
def test_many_members_come_and_go_in_one_edit(data, new):
    """As if they came and went one by one: in between all are listed, then not a byte is left of them."""
    added = add_members(data, "g.yaml", "g", [entry_text(each, ALWAYS, "") for each in sorted(new)], FOLD)

    assert sorted([*members_of(data), *new]) == sorted(members_of(added.data))
    assert len(new) == len(added.places)
    assert data == remove_members(added.data, "g.yaml", "g", frozenset(new), FOLD).data


@given(st.lists(st.sampled_from(MANY), unique=True), st.sets(st.sampled_from([f"q{n}@example.com" for n in range(5)])))
def test_many_lines_come_and_go_in_one_edit(known, new):
    """In a file, sorted or not, with a comment at its head."""
    data = ("# head\n" + "".join(f"{each}\n" for each in known)).encode()
    file = MemberFile("g.txt", None, SourceRange("g.yaml", 1, 1))
    added = add_lines(data, file, sorted(new), FOLD).data

    assert {*known, *new} == set(added.decode().splitlines()[1:])
    assert data == remove_people(added, file, frozenset(new), FOLD).data
