"""Holdouts and samples: one stable order of all people for each seed."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from groupsync.bucket import bucket, threshold, within
from groupsync.model.criteria import Share

percents = st.decimals(0, 100, places=3)
members = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


def test_a_bucket_is_what_the_documentation_says():
    """The rule can be checked by hand: md5("spring:ada@contoso.com") begins with these digits."""
    assert "03a79342" == bucket("spring", "ada@contoso.com")
    assert "19999999" == threshold(Decimal(10))


def test_nobody_is_in_none_of_all_people_and_everybody_in_all():
    """The two ends hold for the lowest and the highest bucket, too."""
    assert "00000000" == threshold(Decimal(0))
    assert None is threshold(Decimal(100))


@given(members, percents, percents, st.text(max_size=10))
def test_a_smaller_share_lies_within_a_larger_one(member, one, other, seed):
    """Who is in a 10 % share is in the 20 % share of the same seed."""
    small, large = sorted([one, other])
    assert within(Share(small, seed), member) <= within(Share(large, seed), member)


def test_a_share_has_about_its_percent_of_people():
    """Of 20,000 people 10 % are 2,000, give or take the chance of it."""
    found = sum(within(Share(Decimal(10), "spring"), f"person{n}@example.com") for n in range(20_000))
    assert 1_800 < found < 2_200
