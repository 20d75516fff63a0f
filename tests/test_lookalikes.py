"""Addresses that look like others are told, and those of one script are left in peace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.identity import Identity
from groupsync.lookalikes import named, odd_letters, plain_of
from groupsync.members.inline import inline_members
from groupsync.members.text import check, parse_list
from groupsync.model import Severity, SourceRange
from groupsync.yaml.events import parse_yaml

CYRILLIC_A = "\u0430"
ODD = {
    f"{CYRILLIC_A}d{CYRILLIC_A}": CYRILLIC_A,  # two of three are Cyrillic
    "\u0440\u043e\u0441\u0430": "\u0440\u043e\u0441\u0430",  # Russian, and each letter looks like a Latin one
    "a\u0431\u0432": "\u0431\u0432",  # no letter looks like a Latin one, but who writes that?
    "\u0251da": "\u0251",  # a Latin letter that is shown like another
    "ad\u03bf": "\u03bf",  # Greek
    "ad\u0585": "\u0585",  # Armenian
}
USUAL = [
    "ada",
    "jos\u00e9",
    "stra\u00dfe",
    "\u043c\u0443\u0440\u0430\u0432\u0435\u0439",
    "\u5f20\u4f1f",
    "a.\u5f20",
    "\u03b8\u03b1\u03bb\u03ae\u03c2",
]


@pytest.mark.parametrize("local", ODD)
def test_letters_that_look_like_others_are_found(local):
    """Each once, in the order in which they stand."""
    assert ODD[local] == odd_letters(f"{local}@example.com")


@pytest.mark.parametrize("local", USUAL)
def test_words_of_one_script_are_usual(local):
    """Accents, and scripts that have no letter that is shown like a Latin one."""
    assert "" == odd_letters(f"{local}@example.com")


@given(st.text(st.characters(codec="ascii"), max_size=20))
def test_plain_addresses_are_never_odd(local):
    """Whatever stands in them."""
    assert ("", local) == (odd_letters(f"{local}@example.com"), plain_of(local))


@pytest.mark.parametrize(
    ("domain", "letters"),
    [
        (f"ex{CYRILLIC_A}mple.com", CYRILLIC_A),
        ("\u0440\u043e\u0441\u0430.example", "\u0440\u043e\u0441\u0430"),
        ("mail.\u0251da.example", "\u0251"),
        ("m\u00fcnchen.example", ""),
        ("\u043f\u043e\u0447\u0442\u0430.\u0440\u0444", ""),
        ("stra\u00dfe.example", ""),
        ("\u6771\u4eac-tokyo.example", ""),
        ("xn--a.example", ""),
    ],
)
def test_a_domain_is_looked_at_as_it_is_shown(domain, letters):
    """Label by label; its canonical form is ASCII."""
    try:
        address = Identity().canonical(f"bob@{domain}")
    except ValueError:  # no name at all
        address = f"bob@{domain}"
    assert letters == odd_letters(address)


def test_a_domain_that_looks_like_another_is_told():
    """With the address as it would be with plain letters."""
    written = f"bob@ex{CYRILLIC_A}mple.com"
    _, [found] = check(parse_list(f"{written}\n", "m.txt"), Identity(), "m.txt")
    assert "GS319" == found.code
    assert "`bob@example.com`" in found.detail
    assert "U+0430" in found.detail


@given(st.text(st.characters(codec="ascii"), max_size=20))
def test_any_domain_is_looked_at(label):
    """What can't be decoded stays as it is."""
    assert odd_letters(f"bob@xn--{label}.example") is not None


def test_a_member_file_warns_with_place_and_code_points():
    """The member is in all the same: it may be right."""
    address = f"{CYRILLIC_A}da@example.com"
    members, [found] = check(parse_list(f"bob@example.com\n  {address}\n", "m.txt"), Identity(), "m.txt")
    assert {address, "bob@example.com"} == members
    assert ("GS319", Severity.WARNING, SourceRange("m.txt", 2, 3)) == (found.code, found.severity, found.subject)
    assert "U+0430 CYRILLIC SMALL LETTER A" in found.detail
    assert "`ada@example.com`" in found.detail
    assert "U+0430 CYRILLIC SMALL LETTER A" == named(CYRILLIC_A)


def test_a_definition_warns_likewise():
    """With the line of the entry, timed or not."""
    address = f"{CYRILLIC_A}da@example.com"
    text = f"members:\n  - bob@example.com\n  - {address}\n  - {{email: {CYRILLIC_A}dd@example.com}}\n"
    [document], _ = parse_yaml(text.encode(), "g.yaml")
    found = []
    inline_members(document, document.value["members"], Identity(), found)
    assert [("GS319", 3), ("GS319", 4)] == [(each.code, each.subject.line) for each in found]


def test_many_are_counted():
    """A file of another script than it should be is no flood."""
    text = "".join(f"a{CYRILLIC_A}{number}@example.com\n" for number in range(150))
    _, found = check(parse_list(text, "m.txt"), Identity(), "m.txt")
    assert 101 == len(found)
    assert "50 more addresses have such letters" == found[-1].summary


def test_other_identifiers_are_not_looked_at():
    """What an id looks like is its service's matter."""
    assert [] == check(parse_list(f"{CYRILLIC_A}da", "m.txt"), Identity("id"), "m.txt")[1]
