"""The value that stands for a membership: what it tells without loading names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from groupsync.model import Members, digest_bytes, encode_members

names = st.sets(st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=8), max_size=30)


def unloadable():
    raise AssertionError("the names were loaded")


@given(names, st.integers(1, 40), st.booleans())
def test_the_first_names_are_those_of_the_whole(members, count, has_text):
    """By code point, from the canonical text without loading where its digest vouches for it, else from the names."""
    text = encode_members(members)
    if has_text:
        made = Members(unloadable, count=len(members), digest=digest_bytes(text), raw=lambda: text)
    else:
        made = Members.of(members)
    assert sorted(members)[:count] == made.first(count)


@given(names, names, st.integers(1, 40))
def test_a_text_that_the_digest_does_not_vouch_for_counts_for_nothing(members, others, count):
    """A file that changed meanwhile is not taken for the membership."""
    digest = digest_bytes(encode_members(members))
    made = Members(lambda: frozenset(members), count=len(members), digest=digest, raw=lambda: encode_members(others))
    assert sorted(members)[:count] == made.first(count)


@given(names, names)
def test_the_digest_that_a_target_tells_is_believed_only_where_it_is_the_one_looked_for(members, others):
    """Nothing is loaded then; another digest may be of another spelling, so that the members themselves decide."""
    digest, told = (Members.of(each).digest for each in (members, others))
    assert Members(unloadable, told=told).are(told)
    made = Members(lambda: frozenset(members), told=told)
    assert made.are(digest)
    assert (digest, told) == (made.digest, made.known_digest)
    assert not made.are(Members.of([*members, *others, "\n"]).digest)
