"""Reading YAML: values, positions, and what is refused."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from groupsync.model import SourceRange
from groupsync.yaml import events as yaml_events
from groupsync.yaml.build import MAX_ALIASED_NODES, MAX_DEPTH
from groupsync.yaml.events import parse_yaml, parse_yaml_slowly, parser_name

READERS = pytest.mark.parametrize("read", [parse_yaml, parse_yaml_slowly], ids=["libyaml", "pure"])


def only_value(text, read=parse_yaml):
    """Return the value of the only document of a text that must be in order."""
    documents, found = read(text.encode(), "f.yaml")
    assert found == []
    (document,) = documents
    return document.value


def findings(data, read=parse_yaml):
    """Return code and place of everything found."""
    data = data.encode() if isinstance(data, str) else data
    return [(found.code, found.subject.line, found.subject.column) for found in read(data, "f.yaml")[1]]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("{until: 2027-01-31T18:00:00Z}", {"until": "2027-01-31T18:00:00Z"}),
        ("[https://example.com/a?b]", ["https://example.com/a?b"]),
        ("{match: beta-?}", {"match": "beta-?"}),
        ("a: 1\n...\n# that was it\n", {"a": 1}),
    ],
)
def test_what_only_yaml_1_2_allows_is_read(written, value):
    """Where libyaml, which is of the age of YAML 1.1, stumbles over YAML 1.2, the other parser is asked."""
    assert value == only_value(written)


def test_libyaml_does_the_parsing():
    """The C parser runs: without this test a release could lose a factor of five without a sign."""
    assert parser_name().startswith("libyaml 0.")
    assert "CParser" in type(yaml_events._events(b"").__self__).__name__


@READERS
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("Off", "Off"), ("y", "y"), ("nUll", "nUll"), ("tRue", "tRue"),
        ("012", 12), ("-7", -7), ("+7", 7), ("1_000", "1_000"), ("0o17", 15), ("0x1F", 31), ("0b1", "0b1"),
        ("-0x1f", "-0x1f"), ("1:30", "1:30"), ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0),
        ("-1.5E-1", -0.15),
        (".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf), ("inf", "inf"), (".", "."), ("-", None),
        ("1e", "1e"),
        ("~", None), ("null", None), ("NULL", None), ("", None), ("true", True), ("FALSE", False),
        ("2026-12-01", "2026-12-01"), ("2026-12-01T10:00:00Z", "2026-12-01T10:00:00Z"), ("=", "="), ("'1'", "1"),
        ('"true"', "true"), ("!!str 1", "1"), ("! 1", "1"), ("!!int 3", 3), ("!!float 3", 3.0), ("!!null ~", None),
        ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(read, written, value):
    """The core schema of YAML 1.2 decides, not that of 1.1: `no` is a text, and so is a date."""
    expected = [None] if written == "-" else value
    found = only_value(f"k: {written}\n" if written != "-" else "k:\n  -\n", read)["k"]
    assert (type(expected), expected) == (type(found), found)


@READERS
def test_not_a_number_is_read(read):
    """`.nan` is the float, `nan` a text."""
    found = only_value("[.nan, nan]", read)
    assert math.isnan(found[0])
    assert found[1] == "nan"


@READERS
def test_positions_count_characters_from_one(read):
    """Columns are characters, not bytes, in every kind of value, and keys have places of their own."""
    text = "\ufeffä: ['ö', ß: y]\nb:\n  - {c: 3, '😀': 5}\n"
    ((document,), _) = read(text.encode(), "d/f.yaml")
    places = {
        (): (1, 1), ("ä",): (1, 4), ("ä", 0): (1, 5), ("ä", 1, "ß"): (1, 13), ("b",): (3, 3), ("b", 0): (3, 5),
        ("b", 0, "😀"): (3, 17),
    }  # fmt: skip
    assert places == {pointer: (document.locate(pointer).line, document.locate(pointer).column) for pointer in places}
    assert SourceRange("d/f.yaml", 2, 1) == document.locate(["b"], key=True)
    assert SourceRange("d/f.yaml", 3, 12) == document.locate(["b", 0, "😀"], key=True)


def test_what_is_not_there_is_located_at_what_is_around_it():
    """A pointer to a missing key, index or child of a scalar falls back to the nearest value around it."""
    ((document,), _) = parse_yaml(b"a:\n  - x\n", "f")
    around = SourceRange("f", 2, 3)
    assert [around] * 3 == [document.locate(["a", 1]), document.locate(["a", "x"]), document.locate(["a", -1])]
    assert SourceRange("f", 2, 5) == document.locate(["a", 0, "deeper"], key=True)


@READERS
def test_every_document_of_a_file_is_read_and_empty_ones_are_left_out(read):
    """`---` parts documents; one that holds nothing, or only comments, is none."""
    documents, found = read(b"# c\n---\n---\na: 1\n---\n# nothing\n---\n~\n---\n- 2\n...\n", "f")
    assert ([document.value for document in documents], found) == ([{"a": 1}, [2]], [])


@READERS
def test_aliases_share_what_they_refer_to(read):
    """An alias is the value itself, found at the place of the alias, its parts at their own."""
    ((document,), found) = read(b"a: &x [1, 2]\nb: *x\n", "f")
    assert (document.value, found) == ({"a": [1, 2], "b": [1, 2]}, [])
    assert SourceRange("f", 2, 4) == document.locate(["b"])
    assert SourceRange("f", 1, 11) == document.locate(["b", 1])


@READERS
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a: 1\nb: {c: 1, c: 2}\na: 3\n", [("GS102", 2, 11), ("GS102", 3, 1)]),
        ("a: 1\n2: 3\n~: 4\n? [x]\n: 5\n", [("GS103", 2, 1), ("GS103", 3, 1), ("GS103", 4, 3)]),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", [("GS104", 3, 3)]),
        ("a: !foo b\nc: !!set {d}\ne: !!int x\n", [("GS105", 1, 4), ("GS105", 2, 4), ("GS105", 3, 4)]),
        ("a: !!map [1]\nb: !!python/object:os.system {}\n", [("GS105", 1, 4), ("GS105", 2, 4)]),
        ("a: 1\nb: *none\n", [("GS106", 2, 4)]),
        ("a: &x 1\n---\nb: *x\n", [("GS106", 3, 4)]),
        ("a: &x\n  - *x\n", [("GS106", 2, 5)]),
        ("[" * 51, [("GS107", 1, 51)]),
        ("a: 'b\nc: d\n", [("GS101", 1, 4)]),
        ("a:\n  b: 1\n\tc: 2\n", [("GS101", 3, 1)]),
        ("a:\n\t- b\n", [("GS101", 2, 1)]),
        ("a: b: c\n", [("GS101", 1, 5)]),
        ("a: [1, 2\nb: 3\n", [("GS101", 1, 4)]),
        ("a: @b\n", [("GS101", 1, 4)]),
        ("a:\n- 1\n-2\n", [("GS101", 3, 1)]),
        ("a: - 1\n", [("GS101", 1, 4)]),
        ("a:\n  - 1\n - 2\n", [("GS101", 3, 2)]),
        ("a: *\n", [("GS101", 1, 4)]),
        ("a: |x\n  b\n", [("GS101", 1, 5)]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(read, written, expected):
    """Everything that YAML 1.2 or the house rules refuse is one finding at the line and column to mend."""
    assert expected == findings(written, read)


@READERS
def test_a_duplicate_key_shows_both_places_and_keeps_the_first(read):
    """The first value stands, so that the rest of the document can still be checked."""
    ((document,), (found,)) = read(b"a: 1\nb: 2\na: [3]\n", "f")
    assert document.value == {"a": 1, "b": 2}
    assert (SourceRange("f", 1, 1),) == found.related
    assert not document.sound


@READERS
def test_documents_before_a_syntax_error_are_kept(read):
    """A syntax error ends its file; what came before it is checked all the same, and known to be unsound."""
    documents, found = read(b"a: 1\n---\nb: 2\n---\n'", "f")
    assert [(document.value, document.sound) for document in documents] == [({"a": 1}, False), ({"b": 2}, False)]
    assert [(one.code, one.subject.line, one.subject.column) for one in found] == [("GS101", 5, 1)]


@READERS
@pytest.mark.parametrize(
    ("data", "expected", "words"),
    [
        ("a: 1".encode("utf-16"), ("GS108", 1, 1), "UTF-16"),
        ("a: 1".encode("utf-32"), ("GS108", 1, 1), "UTF-32"),
        (b"\xef\xbb\xbfa: 1\n\xc3\xa4: \xe4b\n", ("GS108", 2, 4), "0xE4 at offset 12"),
        ("a: 1".encode("utf-16-le"), ("GS109", 1, 2), "NUL"),
        (b"a: 1\nb: x\x07y\n", ("GS109", 2, 5), "U+0007"),
        ("ä: 1\nb: x\u2028y\n".encode(), ("GS109", 2, 5), "LINE SEPARATOR"),
        ("ä: 1\nb: x\x85y\n".encode(), ("GS109", 2, 5), "U+0085"),
        ("a: 1\nb: \ufeff2\n".encode(), ("GS109", 2, 4), "U+FEFF"),
        (b"a: 1\x7f\n", ("GS109", 1, 5), "U+007F"),
    ],
)
def test_bytes_that_are_no_yaml_are_named(read, data, expected, words):
    """Other encodings and characters that YAML leaves out are named, with line and column, and end the file."""
    documents, (found,) = read(data, "f")
    assert ([], expected) == (documents, (found.code, found.subject.line, found.subject.column))
    assert words in f"{found.summary} {found.detail} {found.hint}".replace("U+0000", "NUL")


def test_a_byte_order_mark_is_accepted():
    """UTF-8 with a mark is UTF-8, and columns don't count the mark."""
    ((document,), found) = parse_yaml(b"\xef\xbb\xbfa: 1\n", "f")
    assert ({"a": 1}, [], SourceRange("f", 1, 1)) == (document.value, found, document.locate([]))


def test_aliases_can_not_blow_a_small_file_up():
    """The billion laughs, a long chain of aliases and a quadratic list of them all stop at a bound."""
    laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n} '] * 10)}]\n" for n in range(20)
    )
    chain = "- &a0 [x]\n" + "".join(f"- &a{n + 1} [*a{n} ]\n" for n in range(MAX_DEPTH + 1))
    many = f"- &a [{'x,' * 1000}]\n" + "- *a\n" * (MAX_ALIASED_NODES // 1000 + 1)
    assert [[code for code, *_ in findings(text)] for text in (laughs, chain, many)] == [["GS107"]] * 3


def test_a_file_beyond_the_bound_is_not_read(monkeypatch):
    """The size is checked before anything else."""
    monkeypatch.setattr(yaml_events, "MAX_FILE_BYTES", 4)
    assert findings("a: 12") == [("GS107", 0, 0)]


def test_depth_up_to_the_bound_is_read():
    """Fifty levels are fine, one more is not."""
    assert findings("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []
    assert findings("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == [("GS107", 1, MAX_DEPTH + 1)]


ODD_CHARACTERS = "\ufeff\u2028\u2029\ufffe\uffff"
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=ODD_CHARACTERS), max_size=20),
    st.sampled_from(["no", "1_0", "2026-01-01", "null", "~", "012", "<<x", "a: b", "- a", "#c", "'", '"', "x\ty"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcöß :#-'\"", max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES.filter(lambda value: value is not None), st.booleans())
def test_json_is_read_as_json(value, ascii_only):
    """YAML 1.2 contains JSON: every JSON text means the same, by either parser, at the same places."""
    text = json.dumps(value, ensure_ascii=ascii_only, allow_nan=False) if is_finite(value) else "1"
    # libyaml has no pairs of escapes for one character, and says so.
    assume(not re.search(r"\\ud[89ab]", text))
    expected = json.loads(text)
    fast, slow = parse_yaml(text.encode(), "f"), parse_yaml_slowly(text.encode(), "f")
    assert (expected, []) == (fast[0][0].value, fast[1])
    assert fast == slow
    assert places(fast[0][0]) == places(slow[0][0])


def places(document, pointer=()):
    """Return where everything at and below a pointer is written."""
    value = document.value
    for part in pointer:
        value = value[part]
    inside = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    below = [(document.locate((*pointer, part), key=True), *places(document, (*pointer, part))) for part in inside]
    return [document.locate(pointer), *below]


def is_finite(value):
    """Tell whether JSON can say it."""
    match value:
        case float():
            return math.isfinite(value)
        case list():
            return all(map(is_finite, value))
        case dict():
            return all(map(is_finite, value.values()))
    return True


LINES = st.sampled_from([
    "kind: known-user-group", "name: beta", "members:", "  - ada@contoso.com",
    "  - {email: a@b.example, until: 2026-01-01}",
    "- x", "  reason: 'it''s'", 'text: "a\\u00e4"', "# comment", "---", "labels: {a: b}",
    "a: [1, 2]", "  b: |", "    text",
    "a: &x 1", "b: *x", "ü: ß", "", "  - - y", "c: >-", "    folded", "null: 1", "'<<': 1", "a: {", "}",
])  # fmt: skip


@given(st.lists(LINES, max_size=12))
def test_both_parsers_agree(lines):
    """Whatever the lines, both parsers accept or refuse them alike, and what they accept they read alike."""
    data = "\n".join(lines).encode()
    fast, slow = parse_yaml(data, "f"), parse_yaml_slowly(data, "f")
    if not fast[1] and not slow[1]:
        assert fast == slow
        assert list(map(places, fast[0])) == list(map(places, slow[0]))
    assert bool(fast[1]) == bool(slow[1])


@given(st.binary(max_size=60) | st.text("abc:-[]{}'\"&*!|>%@?#, \n\t~<>\\é\x00\u2028", max_size=60).map(str.encode))
def test_no_bytes_at_all_raise(data):
    """Any bytes give documents or findings with a place, never an exception."""
    for read in (parse_yaml, parse_yaml_slowly):
        documents, found = read(data, "f.yaml")
        assert all(one.subject.path == "f.yaml" and one.summary for one in found)
        assert all(document.value is not None for document in documents)
