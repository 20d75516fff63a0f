"""Single edits of files: what is meant changes, and nothing else, to the byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.edits.files import add_line, has_other_columns, remove_lines
from groupsync.edits.members import add_member, entry_text, remove_member
from groupsync.edits.text import CannotEdit
from groupsync.identity import Identity
from groupsync.members.files import read_members
from groupsync.model import ALWAYS, MemberFile, Period, SourceRange
from groupsync.yaml.events import parse_yaml
from tests.worlds import FUTURE, PAST

FOLD = Identity()
NEW = "mel@example.com"
PEOPLE = [f"{name}@example.com" for name in ("ada", "Bob", "kim", "nat", "zoe")]
HEAD = "kind: known-user-group\nname: g\n"

entries = st.sampled_from([
    *PEOPLE, *(f'"{each}"' for each in PEOPLE), *(f"{{email: {each}, reason: why not}}" for each in PEOPLE),
])  # fmt: skip
notes = st.sampled_from(["", "", " # a note", "  # - nobody@example.com"])


@st.composite
def definitions(draw):
    """A file with a group laid out by hand in one of many ways, another definition around it perhaps."""
    written = draw(st.lists(entries, max_size=5))
    layout = draw(st.sampled_from(["block", "flow", "lines", "none"]))
    text = HEAD
    if layout == "none" or (layout == "block" and not written):
        text += draw(st.sampled_from(["include: [other]\n", "# files\nmembers_from:\n  - path: a.txt\n"]))
    elif layout == "block":
        indent = " " * draw(st.sampled_from([0, 2, 4]))
        text += "members:" + draw(notes) + "\n"
        for entry in written:
            text += draw(st.sampled_from(["", "", "\n", f"{indent}# above\n", f"{indent}# heading\n\n"]))
            text += f"{indent}-{draw(st.sampled_from([' ', '   ']))}{entry}{draw(notes)}\n"
            text += draw(st.sampled_from(["", "", f"{indent}   # below\n"]))
    elif layout == "flow":
        text += (
            f"members: [{', '.join(written)}{draw(st.sampled_from(['', ' ', ', ' if written else '']))}]{draw(notes)}\n"
        )
    else:
        text += "members: [\n" + "".join(f"  {entry},\n" for entry in written) + "  ]\n"
    text += draw(
        st.sampled_from(["", "owners: [a]\n", "# the end\n", "\n\n", "---\nkind: x\nname: other\nmembers: []\n"])
    )
    text = draw(st.sampled_from(["", "---\n", "# head\n", "name: h\n---\n"])) + text
    text = text.removesuffix("\n") if draw(st.booleans()) else text
    text = text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"])))
    return draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + text.encode()


def members_of(data, group="g"):
    documents, wrong = parse_yaml(data, "g.yaml")
    assert not wrong
    [value] = [each.value for each in documents if each.value.get("name") == group]
    return [each if isinstance(each, str) else each["email"] for each in value.get("members") or ()]


@given(definitions(), st.sampled_from([ALWAYS, Period(PAST, FUTURE)]), st.sampled_from(["", "Why: not? # here"]))
def test_who_is_added_and_removed_again_leaves_no_trace(data, period, reason):
    """Not a byte, however the file is laid out; in between they are listed, and everybody else still is."""
    added = add_member(data, "g.yaml", "g", entry_text(NEW, period, reason), FOLD)
    [place] = added.places
    line = added.data.decode().replace("\r\n", "\n").split("\n")[place.line - 1]

    assert sorted([*members_of(data), NEW]) == sorted(members_of(added.data))
    assert NEW in line[place.column - 1 :]
    assert data == remove_member(added.data, "g.yaml", "g", NEW, FOLD).data


@given(definitions(), st.sampled_from(PEOPLE))
def test_who_is_removed_is_gone_and_nobody_else(data, person):
    """Every entry of theirs goes, and comments on lines of their own stay."""
    before = members_of(data)
    if person not in before:
        return
    try:
        after = remove_member(data, "g.yaml", "g", FOLD.canonical(person), FOLD).data
    except CannotEdit:
        assert b"[" in data
        return

    assert [each for each in before if each != person] == members_of(after)
    assert data.count(b"# above") == after.count(b"# above")
    assert data.count(b"# heading") == after.count(b"# heading")


def test_sorted_lists_stay_sorted():
    """A new entry goes into its place, below the comment that belongs to the one above."""
    data = f"{HEAD}members:\n  # A to M\n\n  - ada@example.com\n    # boss\n  # clever\n  - zoe@example.com\n".encode()
    expected = (
        f"{HEAD}members:\n  # A to M\n\n  - ada@example.com\n    # boss\n  - {NEW}\n  # clever\n  - zoe@example.com\n"
    )

    assert expected == add_member(data, "g.yaml", "g", NEW, FOLD).data.decode()


def test_the_last_member_leaves_an_empty_list():
    """Without the key, membership would not be managed any more."""
    data = f"{HEAD}members: # all\n  - {NEW} # me\n".encode()

    assert f"{HEAD}members: [] # all\n" == remove_member(data, "g.yaml", "g", NEW, FOLD).data.decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}members: [ada@example.com, # ada\n  {NEW}]\n",
        f"{HEAD}members:\n  -\n    {NEW}\n",
        f"{HEAD}members: [{NEW}]\n---\n{HEAD}",
        f"{HEAD}members:\n  - &me {NEW}\nowners: [*me]\n",
    ],
)
def test_what_an_edit_can_not_be_sure_of_is_left_alone(text):
    """Comments inside brackets, entries below their dash, a name that is there twice, anchors."""
    with pytest.raises(CannotEdit):
        remove_member(text.encode(), "g.yaml", "g", NEW, FOLD)


# --- Member files -----------------------------------------------------------------------------------------------------

separators = st.sampled_from(["\n", "\n", "\n\n", ", ", "; ", " ", " # note\n", "\n# heading\n"])


@st.composite
def lists(draw):
    """A list by hand: lines, several on a line, comments; with or without a last line break."""
    names = draw(st.lists(st.sampled_from(PEOPLE), unique=True, max_size=5))
    text = draw(st.sampled_from(["", "# head\n"])) + "".join(name + draw(separators) for name in names)
    text = text.rstrip(",; ") if draw(st.booleans()) else text
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))).encode()


@st.composite
def tables(draw):
    """A table of one column, with a header perhaps."""
    names = draw(st.lists(st.sampled_from(PEOPLE), unique=True, min_size=1, max_size=5))
    rows = [*draw(st.sampled_from([["email"], []])), *names]
    text = "\n".join(rows) + draw(st.sampled_from(["", "\n"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))).encode()


def file_of(path):
    return MemberFile(path, None, SourceRange("g.yaml"))


@given(st.tuples(st.just(file_of("m.txt")), lists()) | st.tuples(st.just(file_of("m.csv")), tables()))
def test_member_files_are_as_before_when_somebody_came_and_went(case):
    """To the byte; in between the file lists one more."""
    file, data = case
    added = add_line(data, file, NEW, FOLD)

    assert read_members(data, file, FOLD)[0] | {NEW} == read_members(added.data, file, FOLD)[0]
    assert data == remove_lines(added.data, file, NEW, FOLD).data


@given(lists(), st.sampled_from(PEOPLE))
def test_who_leaves_a_list_leaves_it_alone(data, person):
    """All others stay, and so do headings."""
    file = file_of("m.txt")
    before = read_members(data, file, FOLD)[0]
    if FOLD.canonical(person) not in before:
        return
    after = remove_lines(data, file, FOLD.canonical(person), FOLD).data

    assert before - {FOLD.canonical(person)} == read_members(after, file, FOLD)[0]
    assert data.count(b"# heading") == after.count(b"# heading")


def test_whole_rows_of_a_table_go():
    """Over as many lines as they have, and whatever else they say."""
    file = file_of("m.csv")
    data = f'name,email\n"Mel,\nthe one",{NEW}\nZoe,zoe@example.com\n'.encode()

    assert has_other_columns(data, file, FOLD)
    assert b"name,email\nZoe,zoe@example.com\n" == remove_lines(data, file, NEW, FOLD).data
