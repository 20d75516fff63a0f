"""Folding of letters: pairs of one capital and one small letter, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from groupsync.folding import CAPITALS, SMALL, fold


def test_letters_of_three_scripts_fold():
    """Latin, Greek and Cyrillic capitals become small."""
    assert "éclair straße ωmega привет" == fold("ÉCLAIR STRAßE ΩMEGA ПРИВЕТ")


def test_letters_without_a_pair_stay():
    """The capital İ has two letters as its small form, and the Kelvin sign shares that of K."""
    assert "İ ẞ \u212a" == fold("İ ẞ \u212a")


def test_each_small_letter_has_one_capital():
    """Otherwise folding would make different texts equal in one engine only."""
    assert len(CAPITALS) == len(SMALL) == len(set(SMALL)) == len(set(CAPITALS))


@given(st.text())
def test_folding_twice_is_folding_once(text):
    """What is folded stays as it is."""
    assert fold(text) == fold(fold(text))
