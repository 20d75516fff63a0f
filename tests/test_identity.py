"""Canonical identifiers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.identity import Identity
from groupsync.members.text import mend

RULES = [Identity(kind, case) for kind in ("email", "id") for case in ("fold", "preserve")]
FOLD = Identity()
ALIASES = {"ada@example.com": "ada.l@example.com", "bob@example.com": "bob@work.example", "ada": "lovelace"}


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("Ada@Contoso.com", "ada@contoso.com"),
        ("straße@Bücher.example", "straße@xn--bcher-kva.example"),
        ("stra\u00dfe@example.com", "straße@example.com"),
        ("e\u0301va@example.com", "\u00e9va@example.com"),
        ("ADA+news@mail.Example.COM", "ada+news@mail.example.com"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_one_spelling_for_each_person(written, canonical):
    """Case, Unicode form and domain spelling don't make two people of one."""
    assert canonical == FOLD.canonical(written)


@pytest.mark.parametrize(
    "written",
    ["", "ada", "ada@", "@example.com", "a b@example.com", "x@y", "a..b@example.com", "ada@example.com\n",
     "ada@-example.com", "Ada <ada@example.com>", "a" * 65 + "@example.com", "ada@" + "a" * 64 + ".com",
     "ada@" + "a." * 130 + "com", "ada\u202e@example.com", "ada@exam\x00ple.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_reason(written):
    """Text that no mail server would accept never becomes a member."""
    with pytest.raises(ValueError, match=r"\w"):
        FOLD.canonical(written)


def test_preserve_keeps_the_local_part_and_folds_the_domain():
    """With `case: preserve` only the domain is case-insensitive, as in RFC 5321."""
    assert Identity("email", "preserve").canonical("Ada@Contoso.COM") == "Ada@contoso.com"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
@given(written=st.one_of(st.emails(), st.text(max_size=80)))
def test_canonical_is_idempotent(rule, written):
    """Making a canonical identifier canonical changes nothing."""
    try:
        once = rule.canonical(written)
    except ValueError:
        return
    assert once == rule.canonical(once)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
@given(written=st.lists(st.one_of(st.emails(), st.text("aZ.@-_\nß", max_size=12)), max_size=8))
def test_the_fast_way_agrees_with_the_slow_one(rule, written):
    """What the bulk check accepts is what one call each gives."""
    found = rule.canonical_plain(written)
    if found is not None:
        assert [rule.canonical(value) for value in written] == found


# --- Aliases ----------------------------------------------------------------------------------------------------------

WRITTEN = st.sampled_from([*ALIASES, *ALIASES.values(), "ADA@Example.com", "cy@example.com", "Ada"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
@given(written=st.lists(WRITTEN, max_size=6))
def test_who_changed_address_has_one_spelling_however_they_are_looked_up(rule, written):
    """One by one or all at once, nobody keeps an address of before, and doing it again changes nothing."""
    aliased = replace(rule, aliases=ALIASES)
    for value in written:
        with suppress(ValueError):
            found = aliased.canonical(value)
            assert ALIASES.get(rule.canonical(value), rule.canonical(value)) == found == aliased.canonical(found)
    bulk = aliased.canonical_plain(written)
    if bulk is not None:
        assert [aliased.canonical(value) for value in written] == bulk
        assert ALIASES.keys().isdisjoint(bulk)
        assert frozenset(bulk) == aliased.present(rule.canonical(value) for value in written)


def test_a_person_has_all_their_spellings():
    """The address of now comes first; without aliases, what is spelled stays as it is spelled."""
    aliased = replace(FOLD, aliases={"z@example.com": "a@example.com", "b@example.com": "a@example.com"})
    assert ("a@example.com", "b@example.com", "z@example.com") == aliased.spellings("a@example.com")
    assert ("c@example.com",) == aliased.spellings("c@example.com")
    assert "z@example.com" == aliased.unaliased.canonical("Z@example.com")


# --- Addresses by the letter alone ------------------------------------------------------------------------------------

WRITTEN_RULE = replace(FOLD, unusual="refuse")


@pytest.mark.parametrize(
    ("written", "likely"),
    [
        ("Ada|ada@example.com", "ada@example.com"),
        ("a|b=c/ada.l+x@example.com", "ada.l+x@example.com"),
        ("'ada@example.com", "ada@example.com"),
        ("''ada@example.com", "ada@example.com"),
        ("*ada@bücher.example", "ada@bücher.example"),
        ("’josé@example.com", "josé@example.com"),
    ],
)
def test_what_is_glued_to_an_address_is_no_part_of_it(written, likely):
    """It is refused with the address that is probably meant; a target may hold it, and be asked for it."""
    with pytest.raises(ValueError, match="by the letter") as caught:
        WRITTEN_RULE.canonical(written)
    assert f"`{likely}`" in str(caught.value)
    assert likely == WRITTEN_RULE.likely(written)
    assert WRITTEN_RULE.held.canonical(written) == FOLD.canonical(written) == WRITTEN_RULE.named(written)


@pytest.mark.parametrize(
    ("written", "likely"),
    [
        ("mailto:grace@example.com", "grace@example.com"),
        ("'ada@example.com'", "ada@example.com"),
        ("ada@example.com.", "ada@example.com"),
        ("a@example.com/b@example.com", ""),
        ("ada", ""),
        ("ada@@example.com", ""),
        ("ada@example.com", ""),
        ("bo\u00adb@example.com", "bob@example.com"),  # a soft hyphen
        ("bo\u200bb@example.com", "bob@example.com"),
        ("Bo <bo\u2060b@exam\u00adple.com>", "bob@example.com"),
        ("bo\x7fb@example.com", ""),
        ("bo\ue000b@example.com", ""),
        ("<bo\u0308b@example.com>", ""),
        ("<ada@example.com\u0301>", ""),
        ("o’brien@example.com", ""),
        ("<o•brien@example.com>", ""),
        ("Bo “brien@example.com”", "brien@example.com"),
        ("Bo\u00a0brien@example.com", "brien@example.com"),
    ],
)
def test_the_address_in_what_is_none_is_found(written, likely):
    """It is there for a hint where it is the only one, and never what was written itself."""
    assert likely == WRITTEN_RULE.likely(written)


@pytest.mark.parametrize("written", ["1.23457E+11", "1,23457E+11", "1E+05", "-1.5e-7"])
def test_an_id_that_a_spreadsheet_has_shortened_is_none(written):
    """Its last digits are lost, so it may be anybody's; what a target holds is taken as it is."""
    ids = Identity(type="id", case="preserve", unusual="refuse")
    with pytest.raises(ValueError, match="digits are lost"):
        ids.canonical(written)
    assert written == ids.held.canonical(written)
    assert "12e4" == ids.canonical("12e4")


def test_an_address_by_the_letter_names_nobody_else():
    """A typographer's apostrophe is refused, and the hint is not the rest of the name."""
    with pytest.raises(ValueError, match=r"the rules alone\Z"):
        WRITTEN_RULE.canonical("o’brien@example.com")
    assert "unusual: allow" in mend("o’brien@example.com", WRITTEN_RULE)
    assert "Write only" not in mend("o’brien@example.com", WRITTEN_RULE)


@given(
    written=st.lists(
        st.one_of(st.emails(), st.text("aB.@|'=/*“é", max_size=12).map("{}@example.com".format)), max_size=6
    )
)
def test_what_may_be_written_is_an_address(written):
    """Nothing is one for people that is none for targets, its spelling is the same, and the fast way agrees."""
    for value in written:
        with suppress(ValueError):
            once = WRITTEN_RULE.canonical(value)
            assert FOLD.canonical(value) == once == WRITTEN_RULE.canonical(once)
    bulk = WRITTEN_RULE.canonical_plain(written)
    if bulk is not None:
        assert [WRITTEN_RULE.canonical(value) for value in written] == bulk


def test_looking_for_an_address_takes_linear_time():
    """A long line of anything is looked through like any other."""
    for text in ("a!" * 100_000, "a.b@" * 50_000, "@a." * 50_000, "a@" + "b-" * 100_000):
        assert "" == WRITTEN_RULE.likely(text)
