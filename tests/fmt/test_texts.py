"""The formatter."""

from __future__ import annotations

import textwrap
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupsync.fmt.texts import format_definition, format_member_file
from groupsync.identity import Identity
from groupsync.members.tables import parse_table
from groupsync.members.text import check, decode, parse_list
from groupsync.model import MemberFile, SourceRange, encode_members
from groupsync.yaml.edit import parse
from groupsync.yaml.events import parse_yaml

FOLD = Identity()


def formatted(text: str, identity: Identity = FOLD) -> str:
    """Return the text laid out; it must be possible."""
    result = format_definition(text.encode(), "g.yaml", identity)
    assert not result.diagnostics
    return result.data.decode()


def dedented(text: str) -> str:
    """Return an indented text block as the file it stands for."""
    return textwrap.dedent(text)


def test_members_are_sorted_and_spelled_canonically():
    """Bare members come sorted, in lower case, without quotes they don't need."""
    text = """\
        kind: known-user-group
        name: a
        members:
          - "Grace@Contoso.com"
          - ada@contoso.com
          - '#1@contoso.com'
        """
    expected = """\
        kind: known-user-group
        name: a
        members:
          - "#1@contoso.com"
          - ada@contoso.com
          - grace@contoso.com
        """
    assert dedented(expected) == formatted(dedented(text))


def test_preserve_keeps_the_local_part():
    """What canonical means is the project's identity rule."""
    assert "members: [Ada@x.com, bo@x.com]\n" == formatted(
        "members: [bo@X.com, Ada@X.com]\n", Identity("email", "preserve")
    )


def test_comments_travel_with_their_member():
    """A comment at the end of a line, right above it, or deeper below it stays with its member."""
    text = """\
        members: # everybody
          # leads the team
          - zed@contoso.com # boss
          # asked in May,
          # and again in June
          - ada@contoso.com
            # likes early builds
          # - off@contoso.com
        """
    expected = """\
        members: # everybody
          # asked in May,
          # and again in June
          - ada@contoso.com
            # likes early builds
          # leads the team
          - zed@contoso.com # boss
          # - off@contoso.com
        """
    assert dedented(expected) == formatted(dedented(text))


def test_blank_lines_divide_a_list_into_sections():
    """People who grouped their list keep the groups and the headings."""
    text = """\
        members:
          # Sales

          - zed@contoso.com
          - bob@contoso.com

          # Support

            # on leave
          - yan@contoso.com
          - ada@contoso.com
        """
    expected = """\
        members:
          # Sales

          - bob@contoso.com
          - zed@contoso.com

          # Support

          - ada@contoso.com
          # on leave
          - yan@contoso.com
        """
    assert dedented(expected) == formatted(dedented(text))


def test_mappings_sort_among_bare_members():
    """A member written as a mapping sorts by its address, with all of its lines."""
    text = """\
        members:
        - zed@x.com
        - email: Bob@X.com
          # he said so
          reason: |
            # no comment
            text
        - {email: Ada@x.com, until: 2027-01-01} # soon
        name: a
        """
    expected = """\
        name: a
        members:
        - {email: ada@x.com, until: 2027-01-01} # soon
        - email: bob@x.com
          # he said so
          reason: |
            # no comment
            text
        - zed@x.com
        """
    assert dedented(expected) == formatted(dedented(text))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ("- a@x.com\n- A@x.com\n", "- a@x.com\n"),
        ("- a@x.com # first\n- a@x.com\n", "- a@x.com # first\n"),
        ("- a@x.com\n- a@x.com # second\n", "- a@x.com # second\n"),
        ("- a@x.com # one\n- a@x.com # two\n", "- a@x.com # one\n- a@x.com # two\n"),
        ("- a@x.com\n- {email: a@x.com, until: 2027-01-01}\n", "- a@x.com\n- {email: a@x.com, until: 2027-01-01}\n"),
        ("- a@x.com\n\n- b@x.com\n- a@x.com\n", "- a@x.com\n\n- b@x.com\n"),
    ],
)
def test_only_bare_repetitions_go(members, expected):
    """A repetition that carries a comment or a date says something, and stays."""
    assert f"members:\n{expected}" == formatted(f"members:\n{members}")


def test_keys_come_in_their_usual_order_below_the_modeline():
    """Keys move with their values and comments; the line for editors stays on top."""
    text = """\
        # yaml-language-server: $schema=../schemas/group.v1.schema.json
        name: a
        kind: known-user-group
        # who asked
        include: [b] # all of them
        owners: [z@x.com]
        """
    expected = """\
        # yaml-language-server: $schema=../schemas/group.v1.schema.json
        kind: known-user-group
        name: a
        owners: [z@x.com]
        # who asked
        include: [b] # all of them
        """
    assert dedented(expected) == formatted(dedented(text))


def test_keys_of_segments_have_their_place():
    """A condition moves as a whole, with every comment in it and its own order."""
    text = """\
        name: big
        sample: {percent: 10, seed: spring} # ten
        where:
          all:
            # no minors
            - age: {gte: 18} # of age
            - any: [{country: [DE, AT]}, {in_group: beta}]
        limit: {count: 5, order_by: {spend: desc}}
        members: [b@x.com, a@x.com]
        source: customers
        # five of a hundred
        holdout: {percent: 5, seed: all}
        kind: segment
        """
    expected = """\
        kind: segment
        name: big
        source: customers
        where:
          all:
            # no minors
            - age: {gte: 18} # of age
            - any: [{country: [DE, AT]}, {in_group: beta}]
        members: [a@x.com, b@x.com]
        # five of a hundred
        holdout: {percent: 5, seed: all}
        sample: {percent: 10, seed: spring} # ten
        limit: {count: 5, order_by: {spend: desc}}
        """
    assert dedented(expected) == formatted(dedented(text))


@pytest.mark.parametrize(
    "text",
    [
        "name: a\n\nkind: known-user-group\n",
        "# Our testers.\nname: a\nkind: known-user-group\n",
        "name: a\narms: [b]\nkind: segment\n",
        "{name: a, kind: known-user-group}\n",
        "name: &a a\nkind: known-user-group\ndisplay_name: *a\n",
        "? name\n: a\n? kind\n: known-user-group\n",
    ],
    ids=["blank line", "heading", "unknown key", "flow", "anchors", "explicit keys"],
)
def test_key_order_stays_where_moving_is_a_question(text):
    """A blank line, a heading, an anchor or an unknown key leaves the order to its author."""
    assert text == formatted(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n\nname: a   \n\n\n", "name: a\n"),
        ("name: a", "name: a\n"),
        ("\ufeffname: a\r\nkind: b\r\n", "kind: b\nname: a\n"),
        ("--- # one\nname: a\n---\nname: b\n...\n", "--- # one\nname: a\n---\nname: b\n...\n"),
        ("name: |+\n  a  \n\n\n", "name: |+\n  a  \n\n\n"),
        ("name: |\n  a", "name: |\n  a"),
        ("name: 'a  \n\n  b'  \n", "name: 'a  \n\n  b'  \n"),
        ("# only this  \n\n", "# only this\n"),
        ("", ""),
    ],
)
def test_white_space_is_tidied_outside_of_scalars(text, expected):
    """Trailing blanks, line endings and the final line break are put right; text inside a value is the user's."""
    assert expected == formatted(text)


@pytest.mark.parametrize(
    "text",
    ["members:\n- b@x.com\n- a@x.com\nname: [", "a: 1\na: 2  \n", "members: [*x]\n", "members:\n\t- b@x.com\n"],
)
def test_what_cannot_be_read_is_left_alone(text):
    """A file with an error comes back byte for byte, with the place of the error."""
    result = format_definition(text.encode(), "g.yaml", FOLD)
    assert text.encode() == result.data
    assert ["g.yaml"] == [found.subject.path for found in result.diagnostics if found.subject]


def test_a_wrong_address_is_named_with_its_place():
    """A member that is no address keeps the file as it is and is pointed at."""
    text = "members:\n- b@x.com\n- nobody\n- a@x.com\n"
    result = format_definition(text.encode(), "g.yaml", FOLD)
    assert text.encode() == result.data
    assert ["g.yaml:3:3"] == [str(found.subject) for found in result.diagnostics]


ADDRESSES = st.sampled_from(["a@x.com", "B@x.com", "b@X.com", "'c@x.com'", '"#d@x.com"', "é@x.com", "z@x.com"])
COMMENTS = st.sampled_from(["# one", "#two # three", "#", "# é - x@x.com", "# 'quote"])
SCALARS = st.sampled_from(
    [
        "x",
        "'a # b'",
        '"a\n\n   b"',
        "|\n    # text  \n\n    b\n",
        "|+\n    a\n\n\n",
        ">- # c\n    a\n\n    b\n",
        "a\n   b # c",
    ]
)


@st.composite
def items(draw: st.DrawFn, indent: str) -> str:
    """Return the lines of one member in block style, comments and blank lines around it included."""
    above = draw(
        st.lists(
            st.one_of(st.just(""), COMMENTS.map(lambda c: indent + c), COMMENTS.map(lambda c: "      " + c)), max_size=2
        )
    )
    address = draw(ADDRESSES)
    end = draw(st.sampled_from(["", "  ", " # end", "\t# tab"]))
    body = draw(
        st.sampled_from(
            [
                f"- {address}{end}",
                f"-   {address}{end}",
                f"- {{email: {address}, until: 2027-01-01}}{end}",
                f"- email: {address}{end}\n{indent}  reason: y",
                f"- until: 2027-01-01\n{indent}  # inside\n{indent}  email: {address}{end}",
                f"- email: {address}\n{indent}  reason: |+\n{indent}     a\n\n",
                f"-\n{indent}  {address}",
                f"- # odd\n{indent}  {address}",
            ]
        )
    )
    return "\n".join([*above, indent + body])


@st.composite
def definitions(draw: st.DrawFn) -> str:
    """Return a document laid out as a person might, within what YAML allows."""
    indent = draw(st.sampled_from(["", "  "]))
    block = st.lists(items(indent), min_size=1, max_size=6).map(lambda found: "members:\n" + "\n".join(found))
    flow = st.lists(ADDRESSES, max_size=4).map(lambda found: f"members: [{', '.join(found)}] # flow")
    entries = [draw(st.one_of(block, flow, st.just("members: [\n  b@x.com, # c\n  a@x.com]")))]
    keys = draw(st.lists(st.sampled_from(["kind", "name", "include", "until", "x"]), unique=True))
    entries += [f"{key}: {draw(SCALARS)}".removesuffix("\n") for key in keys]
    gaps = st.lists(st.one_of(st.just(""), COMMENTS, COMMENTS.map(lambda c: "  " + c)), max_size=2)
    lines = [line for entry in draw(st.permutations(entries)) for line in [*draw(gaps), entry]]
    return "\n".join([*lines, *draw(gaps)]) + draw(st.sampled_from(["", "\n", "\n\n"]))


FILES = st.lists(definitions(), min_size=1, max_size=2).map("\n---\n".join)


def comments(text: str) -> Counter[str]:
    return Counter(text[start:end].rstrip() for start, end in parse(text).comments())


def meaning(text: str) -> list[object]:
    """Return the documents, each with its members as a set of addresses and a list of mappings."""
    documents, found = parse_yaml(text.encode(), "g.yaml")
    assert [] == found
    values = []
    for document in documents:
        assert isinstance(document.value, dict)
        value = dict(document.value)
        members = value.pop("members")
        plain = {FOLD.canonical(member) for member in members if isinstance(member, str)}
        timed = [{**member, "email": FOLD.canonical(member["email"])} for member in members if isinstance(member, dict)]
        values.append((value, plain, sorted(timed, key=repr)))
    return values


@given(text=FILES)
@example(text="members:\n- b@x.com\n- email: a@x.com\n  reason: |\n    x")
def test_formatting_keeps_meaning_and_comments_and_is_stable(text):
    """Whatever the layout: the same values, the same comments, and a second pass changes nothing."""
    once = formatted(text)
    assert meaning(text) == meaning(once)
    assert comments(text) == comments(once)
    assert once == formatted(once)


JUNK = st.sampled_from(
    ["- ", "#", " # x", "\n", "\t", ": ", "'", '"', "[", "]", "{", "}", "|+\n", ">\n", "&a ", "*a", "!!str ", "---\n",
     "...\n", "? ", "\r", ",", "members:", "  ", "a@x.com", "%YAML 1.2\n", ":x"]
)  # fmt: skip


@given(text=FILES, junk=st.lists(st.tuples(st.floats(0, 1), JUNK), min_size=1, max_size=3))
@example(text="members: [{email: B@x.com, until: 2027-01-31T18:00:00Z}]\n", junk=[])
def test_whatever_is_in_a_file_it_is_formatted_or_left_alone(text, junk):
    """A mutilated file never ends in a traceback or a defect: it has an error of its own, or keeps its meaning."""
    for where, what in junk:
        at = int(where * len(text))
        text = text[:at] + what + text[at:]
    result = format_definition(text.encode(), "g.yaml", FOLD)
    assert "GS199" not in [found.code for found in result.diagnostics]
    if result.diagnostics:
        assert text.encode() == result.data
    else:
        assert result == format_definition(result.data, "g.yaml", FOLD)


# --- Member files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("m.txt", b"B@x.com, a@x.com\r\nb@X.com;c#d@x.com", b"a@x.com\nb@x.com\nc#d@x.com\n"),
        ("m.TXT", b"\xef\xbb\xbf\n\n b@x.com\n", b"b@x.com\n"),
        ("m.txt", b"", b""),
        ("m.txt", b" \n", b""),
        ("m.txt", b"\n# all\n B@x.com # hi  \r\na@x.com,C@x.com\n\n", b"# all\n b@x.com # hi\na@x.com,c@x.com\n"),
        ("m.txt", b"# B@x.com\n", b"# B@x.com\n"),
        ("m.txt", b"B@x.com,#a@x.com\n", b"b@x.com,#a@x.com\n"),
        ("m.csv", b"E-Mail\r\nB@X.com\r\na@x.com", b"E-Mail\r\nb@x.com\r\na@x.com"),
        ("m.csv", b"\xef\xbb\xbfB@x.com\nA@x.com\n", b"\xef\xbb\xbfb@x.com\na@x.com\n"),
        ("m.csv", b"name,email \nAda,B@X.com\n", b"name,email \nAda,B@X.com\n"),
        ("m.tsv", b"name\temail\nB@X.com\tB@X.com\n", b"name\temail\nB@X.com\tB@X.com\n"),
        ("m.parquet", b"PAR1\xff", b"PAR1\xff"),
    ],
)
def test_member_files_become_canonical_or_keep_their_shape(path, data, expected):
    """A bare list is sorted and unique, one with comments keeps its lines, a table of several columns is left alone."""
    result = format_member_file(data, path, FOLD)
    assert (expected, ()) == (result.data, result.diagnostics)


@pytest.mark.parametrize(
    ("path", "data", "place"),
    [
        ("m.txt", b"b@x.com\nnobody\nA@x.com\n", "m.txt:2:1"),
        ("m.csv", b"email\nB@x.com\nnobody\n", "m.csv:3:1"),
        ("m.txt", b"\xff@x.com\n", "m.txt:1:1"),
        ("m.csv", b"a,b\nc,d\n", "m.csv"),
    ],
)
def test_a_member_file_with_an_error_is_left_alone(path, data, place):
    """What can't be read wholly comes back byte for byte, with the place of the error."""
    result = format_member_file(data, path, FOLD)
    assert data == result.data
    assert [place] == [str(found.subject) for found in result.diagnostics]


def file_members(data: bytes, path: str) -> frozenset[str]:
    """Return the members that a well-formed member file lists."""
    text = decode(data, path)
    assert isinstance(text, str)
    if path.endswith(".txt"):
        entries = parse_list(text, path)
    else:
        found = parse_table(text, MemberFile(path, None, SourceRange(path)), FOLD)
        assert not isinstance(found, list)
        entries = found
    members, _ = check(entries, FOLD, path)
    return members


BARE = st.sampled_from(["a@x.com", "B@x.com", "b@X.com", "#no@x.com", "é@x.com", "c#d@x.com", "z@Y.example.com"])
LISTS = st.lists(
    st.one_of(BARE, st.sampled_from([" ", "\n", ", ", ";", "a@x.com,#b@x.com", "\r\n", " # Some one\n", "\t"]))
).map(lambda parts: "\n".join(parts) if len(parts) % 2 else " ".join(parts))
TABLES = st.tuples(
    st.sampled_from(["", "email\n", "sep=;\nemail\n"]),
    st.lists(BARE.filter(lambda each: each[0] != "#"), min_size=1),
    st.sampled_from(["\n", "\r\n"]),
).map(lambda parts: (parts[0] + "\n".join([*parts[1], ""])).replace("\n", parts[2]))


@given(case=st.one_of(st.tuples(st.just("m.txt"), LISTS), st.tuples(st.just("m.csv"), TABLES)))
def test_formatting_a_member_file_keeps_its_members_and_is_stable(case):
    """The same members, the same comments, and a second pass changes nothing."""
    path, text = case
    once = format_member_file(text.encode(), path, FOLD)
    assert not once.diagnostics
    assert file_members(text.encode(), path) == file_members(once.data, path)
    assert once == format_member_file(once.data, path, FOLD)
    if "#" not in text and path == "m.txt":
        assert encode_members(file_members(text.encode(), path)) == once.data
