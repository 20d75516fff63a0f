"""Sources that each break the contract in one way. Run by test_contract: none of these may pass."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from groupsync.model import Members
from groupsync.model.criteria import Not
from groupsync.source import Census
from groupsync.testing import SourceContract
from groupsync_memory.source import MemorySource


class Breaking(SourceContract):
    """The contract, put to `source`."""

    __test__ = False

    @pytest.fixture
    def make_source(self, context):
        def make(rows, types):
            options = {"rows": rows, "id": "email", "types": {name: kind.value for name, kind in types.items()}}
            return self.source.from_options(options, context)

        return make


class Evaluating(MemorySource):
    """Gives other answers than the right ones."""

    def evaluate(self, questions, groups, folder, eligible=None):
        found = super().evaluate([self.question(each) for each in questions], groups, folder, eligible)
        answers = {name: self.answer(answer) for name, answer in found.answers.items()}
        return replace(found, answers=answers, census=self.census(found.census))

    def question(self, question):
        return question

    def answer(self, answer):
        return answer

    def census(self, census):
        return census


class ForgetsTheHoldout(Evaluating):
    def question(self, question):
        return replace(question, holdout=None)


class SamplesByItself(Evaluating):
    def question(self, question):
        return replace(question, sample=replace(question.sample, seed="own")) if question.sample else question


class PutsNullsFirst(Evaluating):
    def answer(self, answer):
        order = answer.order
        return replace(answer, order=lambda: order()[::-1]) if order else answer


class TakesUnknownForFalse(Evaluating):
    def question(self, question):
        if isinstance(question.where, Not) and len(question.name) == 1:
            inner = question.where.condition
            return replace(question, where=inner) if hasattr(inner, "field") else question
        return question


class KeepsCase(MemorySource):
    def __init__(self, table, options, context):
        super().__init__(table, options, replace(context, identity=replace(context.identity, case="preserve")))


class WritesItsOwnDigest(Evaluating):
    def answer(self, answer):
        members = answer.members
        return replace(answer, members=Members(members.load, count=members.count, digest="0" * 64))


class LooksForNothing(Evaluating):
    def answer(self, answer):
        return replace(answer, unmet=())


class CountsNobodyTwice(Evaluating):
    def census(self, census):
        return replace(census, duplicates=0, duplicate_samples=())


class TakesEmptyForInvalid(Evaluating):
    def census(self, census):
        return replace(census, nulls=0, invalid=census.nulls + census.invalid)


class ForgetsEligible(MemorySource):
    def evaluate(self, questions, groups, folder, eligible=None):
        return super().evaluate(questions, groups, folder)


class CountsEverybody(MemorySource):
    def count(self, conditions, groups, eligible=None):
        return tuple(len(self._table.rows) for _ in conditions)


class SharesWithoutNull(MemorySource):
    def shares(self, where, column, groups, eligible=None, most=None):
        return tuple(pair for pair in super().shares(where, column, groups, eligible, most) if pair[0] is not None)


class GivesAllShares(MemorySource):
    def shares(self, where, column, groups, eligible=None, most=None):
        return super().shares(where, column, groups, eligible)


class FindsStrangers(MemorySource):
    def rows(self, ids, columns):
        return dict.fromkeys(ids, dict.fromkeys(columns)) | dict(super().rows(ids, columns))


class EmptiesWithoutRows(Evaluating):
    def census(self, census):
        return census if census.rows else Census(1)


class NamesNoTypes(MemorySource):
    def attributes(self):
        return tuple(replace(each, native="") for each in super().attributes())


class SaysNothing(MemorySource):
    def statement(self, question, eligible=None):
        return ""


class TakesAnyOption(MemorySource):
    options_schema = MappingProxyType({"type": "object"})


class MissesNoColumn(MemorySource):
    def attributes(self):
        return ()


BREAKS = {
    ForgetsTheHoldout: "test_holdout_and_sample_are_the_same_on_every_engine",
    SamplesByItself: "test_holdout_and_sample_are_the_same_on_every_engine",
    PutsNullsFirst: "test_an_order_puts_nulls_last_and_breaks_ties_by_identifier",
    TakesUnknownForFalse: "test_the_opposite_of_unknown_is_unknown",
    KeepsCase: "test_identifiers_are_canonical",
    WritesItsOwnDigest: "test_members_are_known_by_count_and_digest",
    LooksForNothing: "test_what_is_sought_and_true_for_nobody_is_told",
    GivesAllShares: "test_shares_may_be_of_the_most_frequent_alone",
    CountsNobodyTwice: "test_several_rows_of_one_person_are_counted",
    TakesEmptyForInvalid: "test_who_can_not_be_named_is_counted_and_left_out",
    ForgetsEligible: "test_who_is_not_eligible_is_no_customer",
    CountsEverybody: "test_counts_are_those_of_answers",
    SharesWithoutNull: "test_shares_count_each_value_once",
    FindsStrangers: "test_rows_have_the_values_of_people",
    EmptiesWithoutRows: "test_a_table_without_rows",
    NamesNoTypes: "test_attributes_are_the_columns",
    SaysNothing: "test_a_statement_is_text_for_people",
    TakesAnyOption: "test_the_options_schema_refuses_unknown_options",
    MissesNoColumn: "test_a_table_without_the_identifier_is_refused",
}
"""Every broken source and a test that has to see it."""


for broken in BREAKS:
    globals()[f"Test{broken.__name__}"] = type(
        f"Test{broken.__name__}", (Breaking,), {"__test__": True, "source": broken, "__module__": __name__}
    )
