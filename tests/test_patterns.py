"""Regular expressions that all engines read alike."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from groupsync.folding import fold
from groupsync.patterns import portable, with_end


def found(pattern, text, **rest):
    """Tell whether a portable pattern is found in a text."""
    written = portable(pattern, **rest)
    return re.search(with_end(written, r"\Z"), fold(text) if rest else text) is not None


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("abc", "abc"),
        ("a.c", "a[^\\n]c"),
        (r"\d+\.\d{2}", r"[0-9]+\.[0-9]{2}"),
        (r"^\w+$", "^[0-9A-Z_a-z]+$"),
        (r"\s\S", r"[\t\n\f\r ][^\t\n\f\r ]"),
        (r"[\w.-]+@", r"[\-.0-9A-Z_a-z]+@"),
        ("[a-zb-d]", "[a-z]"),
        ("[ab]", "[ab]"),
        ("[^-a]", r"[^\-a]"),
        ("[a-]", r"[\-a]"),
        (r"[\]\[\\^]", r"[\[-\^]"),
        ("(a|b)*", "(?:a|b)*"),
        ("(?:a(b))?", "(?:a(?:b))?"),
        (r"\t\$\/\-", r"\t\$/-"),
        ("a{2}b{2,}c{2,5}", "a{2}b{2,}c{2,5}"),
        ("a]b}", r"a\]b\}"),
        ("é[α-ω]", "é[α-ω]"),
        ("a\nb", "a\\nb"),
        ("^a|b$", "^a|b$"),
        ("(^|,)x($|,)", "(?:^|,)x(?:$|,)"),
        ("[$]$", r"[\$]$"),
    ],
)
def test_what_is_portable_is_written_out(pattern, written):
    """Shorthands become classes, groups lose their numbers, and characters that mean something get a backslash."""
    assert written == portable(pattern)


@pytest.mark.parametrize(
    ("pattern", "what", "column"),
    [
        ("", "empty", None),
        ("a(?=b)", "look ahead", 2), ("a(?<!b)", "look ahead or behind", 2), ("(?i)a", "ignore_case", 1),
        ("(?P<n>a)", "name", 1), ("(?<n>a)", "name", 1), ("(?>a)", "differently", 1), ("(?#a)", "comment", 1),
        (r"(a)\1", "backreference", 4), (r"a\b", "word boundary", 2), (r"\p{L}", "Unicode", 1), (r"a\Z", "anchor", 2),
        (r"\x41", "number", 1), (r"\Qa\E", "quoted", 1), (r"\v", "white space", 1), (r"\é", "differently", 1),
        ("a\\", "end", 2), ("a*?", "lazy", 3), ("a++", "possessive", 3), ("a**", "repetition of a repetition", 3),
        ("a{2}{3}", "repetition of a repetition", 5), ("*a", "nothing to repeat", 1), ("a|+", "nothing to repeat", 3),
        ("a{,3}", r"\{", 2), ("a{x}", r"\{", 2), ("{2}", "nothing to repeat", 1), ("a{256}", "255", 2),
        ("a{5,2}", "can't be", 2), ("a{0}", "can't be", 2), ("^*", "anchor", 1), ("($)?", "anchor", 1),
        ("(a*)*", "can be empty", 1), ("(a?|b)+", "can be empty", 1),
        ("(a", "without its", 1), ("a)", "without its", 2), ("[a", "without its", 1), ("()", "empty alternative", 2),
        ("a||b", "empty alternative", 3), ("|a", "empty alternative", 1),
        ("[]a]", r"\]", 2), ("[^]", r"\]", 3), ("[a[b]", r"\[", 3), ("[[:alpha:]]", "POSIX", 2),
        ("[a&&b]", "intersection", 3), ("[z-a]", "down to", 4), ("[a-c-e]", "neither first nor last", 5),
        (r"[\d-x]", "range from a class", 4), (r"[a-\d]", "range to a class", 4), (r"[\D]", "inside a class", 2),
        ("[+--]", "range to", 4),
        ("a\0", "no text", 2), ("\ud800", "no text", 1),
        ("a" * 1001, "1,001", None), ("(a{40}){40}", "1,000", 1), ("(" * 21 + "a" + ")" * 21, "in each other", 21),
        (r"\." * 501, "1,002", None), ("." * 300, "written out", None),
    ],
)  # fmt: skip
def test_what_is_not_portable_is_refused(pattern, what, column):
    """The message names the construct and the character it is at."""
    with pytest.raises(ValueError, match=re.escape(what)) as caught:
        portable(pattern)
    assert column is None or f"at character {column}" in str(caught.value)


def test_the_end_is_the_very_end():
    """`$` lets no line break follow, and a literal one is left alone."""
    assert r"\$[\$a](?:b|c\z)" == with_end(portable(r"\$[$a](b|c$)"), r"\z")
    assert [True, False] == [found("c$", text) for text in ("abc", "abc\n")]
    assert [True, False] == [found("(^|,)x($|,)", text) for text in ("a,x", "a\nx")]
    assert not found("^b", "a\nb")
    assert not found("a$", "a\nb")


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("ABC", "abc"),
        ("[A-C]", "[A-Ca-c]"),
        ("[^Ä]", "[^Ää]"),
        (r"\w", "[0-9A-Z_a-z]"),
        ("[@-B]", "[@-Bab]"),
        ("İK", "İk"),
    ],
)
def test_letters_are_folded(pattern, written):
    """Literals become small; a class gets the small letter of each capital in it."""
    assert written == portable(pattern, ignore_case=True)


# --- Laws -------------------------------------------------------------------------------------------------------------

CHARS = "abcABCxyzÄäéΣσςIiıſKß019_ \n\t.,-+$^&#~|/\"'"
literals = st.sampled_from(CHARS)


def _escaped(char):
    return re.sub(r"[\\.^$*+?()\[\]{}|]", r"\\\g<0>", char)


def _class(parts):
    negated, members = parts
    inner = "".join(
        rf"{min(low, high)}-{max(low, high)}"
        if low.isalnum() and high.isalnum() and low.isascii() == high.isascii()
        else f"\\{low}"
        if low.isascii() and not low.isalnum() and low not in "\n\t _"
        else low
        for low, high in members
    )
    return f"[{'^' if negated else ''}{inner}]"


atoms = st.one_of(
    literals.map(_escaped),
    st.sampled_from([r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", "."]),
    st.tuples(st.booleans(), st.lists(st.tuples(literals, literals), min_size=1, max_size=3)).map(_class),
)
repeats = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,}", "{0,2}"])


def _sequence(parts):
    return "".join(part for atom in parts for part in atom)


branches = st.lists(st.tuples(atoms, repeats), min_size=1, max_size=4).map(_sequence)
groups = st.lists(branches, min_size=1, max_size=3).map(lambda found: f"({'|'.join(found)})")
patterns = st.builds(
    lambda parts, start, end: f"{start}{''.join(parts)}{end}",
    st.lists(branches | groups, min_size=1, max_size=3),
    st.sampled_from(["", "^"]),
    st.sampled_from(["", "$"]),
)
texts = st.text(st.sampled_from(CHARS), max_size=12)


def flat(pattern):
    """Return Python's own spelling of a pattern: ASCII classes, `$` the very end."""
    return re.compile(re.sub(r"\\.|\[(?:\\.|[^\]])*\]|\$", lambda f: r"\Z" if f[0] == "$" else f[0], pattern), re.ASCII)


@given(patterns, texts)
def test_a_portable_pattern_finds_what_the_written_one_does(pattern, text):
    r"""Writing out changes nothing, but that `\s` has no vertical tab."""
    assert (flat(pattern).search(text) is not None) == found(pattern, text)


@given(patterns, st.booleans())
def test_a_portable_pattern_comes_back_unchanged(pattern, ignore_case):
    """What is written out is portable, and as it should be."""
    once = portable(pattern, ignore_case=ignore_case)
    assert once == portable(once, ignore_case=ignore_case)


@given(patterns, texts)
def test_folding_makes_case_immaterial(pattern, text):
    """With `ignore_case` it is the same in what case the text is written, and what was found is found still."""
    plainly, folded = found(pattern, text), found(pattern, text, ignore_case=True)
    assert folded == found(pattern, fold(text), ignore_case=True)
    if "[^" not in pattern and not re.search(r"\\[DWS]", pattern):
        assert folded or not plainly


@given(st.lists(literals, min_size=1, max_size=4), texts)
def test_folded_literals_are_found_as_folded_texts(chars, text):
    """For literals, folding a pattern is folding what it stands for."""
    expected = fold("".join(chars)) in fold(text)
    assert expected == found("".join(map(_escaped, chars)), text, ignore_case=True)


@given(st.text(max_size=30) | st.text(st.sampled_from("ab\\.^$*+?()[]{}|-&,:=<!dwsDb0129"), max_size=30), texts)
def test_any_text_is_portable_or_refused_with_a_reason(pattern, text):
    """Nothing else comes out; what is portable compiles, and is portable."""
    try:
        written = portable(pattern)
    except ValueError as caught:
        reason = str(caught)
        written = ""
    else:
        reason = "it is portable"
        re.compile(with_end(written, r"\Z")).search(text)
    assert reason.startswith(("it ", "written out "))
    assert not written or written == portable(written)


@given(patterns, texts)
def test_duckdb_finds_the_same(pattern, text):
    """RE2 reads a portable pattern as Python does."""
    duckdb = pytest.importorskip("duckdb")
    assume("\0" not in text)
    written = portable(pattern)
    (answer,) = duckdb.execute("select regexp_matches($1, $2)", [text, written]).fetchone()
    assert found(pattern, text) == answer
