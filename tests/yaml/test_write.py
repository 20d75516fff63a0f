"""Writing strings as YAML."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupsync.yaml.events import parse_yaml
from groupsync.yaml.write import scalar, text_block

PLAIN = ["ada@contoso.com", "Beta testers", "Größe", "a.b-c_d/e", "Q&A (EMEA)", "1st.team@example.com", "Bob's"]
QUOTED = ["", "no", "Yes", "null", "true", "~", "1e3", "0x1f", "2026-01-01", "12:30", "=", "<<", "- a", "a: b", "a #b",
          "#a", "[a]", "{a}", "a,b", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", " a", "a ", "a\nb", "\t", "a\u2028b",
          "\x7f", "\ufeffa", '"a', "a\\", "👍", "007", ".inf", "a:", "---", "..."]  # fmt: skip
TRICKY = st.text(st.sampled_from("aB1:#-.,[]{}&*!|>'\"%@` \n\t\r\\~=<\u0085\u2028\ufeffé👍\x00\x1b"), max_size=12)


def value_of(written: str) -> object:
    """Return what our own parser reads."""
    documents, found = parse_yaml(written.encode(), "g.yaml")
    assert not found
    return documents[0].value


@pytest.mark.parametrize("text", PLAIN)
def test_harmless_text_is_not_quoted(text):
    """People read these files: quotes stand only where they are needed."""
    assert text == scalar(text)


@pytest.mark.parametrize("text", QUOTED)
def test_doubtful_text_is_quoted(text):
    """Whatever any YAML reader might take for something else stands in quotes."""
    assert '"' == scalar(text)[0]


@given(text=st.one_of(TRICKY, st.text(), st.sampled_from(PLAIN + QUOTED)))
@example(text="a\nb\n")
def test_every_text_reads_back_as_itself(text):
    """As a value, in a list in brackets, as a key in braces, and as a block: always exactly the text."""
    assert {"k": text} == value_of(f"k: {scalar(text)}\n")
    key = "" if text == "<<" else text  # which our reader refuses as a key, however it is written
    assert [text, {key: text}] == value_of(f"[{scalar(text)}, {{{scalar(key)}: {scalar(text)}}}]")
    assert {"k": text, "z": "x"} == value_of(f"k: {text_block(text, '  ')}\nz: x\n")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("one\n\ntwo", "|-\n  one\n\n  two"),
        ("one\ntwo\n", "|\n  one\n  two"),
        ("one\ntwo\n\n", '"one\\ntwo\\n\\n"'),
        (" one\ntwo", '" one\\ntwo"'),
        ("one \ntwo", '"one \\ntwo"'),
        ("one", "one"),
    ],
)
def test_several_lines_become_a_block_where_that_is_exact(text, written):
    """A description of several lines stays readable."""
    assert written == text_block(text, "  ")
