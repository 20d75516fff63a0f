"""The source contract: who is a customer, and what comes of questions about them."""

from __future__ import annotations

import copy
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from groupsync.bucket import within
from groupsync.errors import SourceError
from groupsync.identity import Identity
from groupsync.model import EMPTY_DIGEST, digest_bytes, encode_members
from groupsync.model.criteria import Operator, Share, Top, Type
from groupsync.source import Question
from groupsync.testing.conditions import VALUES
from groupsync.testing.customers import (
    AT,
    EVERYONE,
    ID,
    Asked,
    CustomersRoom,
    a_test,
    in_group,
    members_of,
    opposite,
    people,
    person,
)

if TYPE_CHECKING:
    from groupsync.model.criteria import Condition
    from groupsync.testing.customers import Row

_HOLDOUT: Final = Share(Decimal(20), "global")
_SAMPLE: Final = Share(Decimal("33.3"), "spring")
_WRITTEN: Final = ("ADA@Example.COM", "straße@example.com", "Jürgen@Bücher.example", "o'brien+news@example.com")
_AGES: Final = {"age": Type.INTEGER}
_COUNTRY: Final = {"country": Type.TEXT}


def _aged(*ages: int | None) -> list[Row]:
    return [{ID: person(at), "age": age} for at, age in enumerate(ages)]


class Identifying(CustomersRoom):
    """Identifiers are canonical, and what is wrong with them is counted."""

    def test_a_table_without_rows(self, asked: Asked) -> None:
        """Nobody is a customer, and that is an answer."""
        source = asked.table([], _AGES)
        found = asked.evaluate(source, Question("a", EVERYONE))
        answer = found.answers["a"]

        assert (0, 0, 0, EMPTY_DIGEST) == (
            found.census.rows,
            answer.matched,
            answer.members.count,
            answer.members.digest,
        )
        assert ((0,), ()) == (source.count([EVERYONE], {}), tuple(source.shares(EVERYONE, "age", {})))

    def test_no_questions_give_the_census_alone(self, asked: Asked) -> None:
        """How many customers there are can be asked by itself."""
        found = asked.evaluate(asked.table(_aged(1, 2, 3), _AGES))

        assert (3, {}) == (found.census.rows, dict(found.answers))

    def test_identifiers_are_canonical(self, asked: Asked) -> None:
        """Letters are folded and domains written in IDNA, whatever the table has."""
        source = asked.table([{ID: written} for written in _WRITTEN], {})

        assert {Identity().canonical(written) for written in _WRITTEN} == asked.who(source, EVERYONE)

    def test_who_can_not_be_named_is_counted_and_left_out(self, asked: Asked) -> None:
        """Null and empty identifiers apart from those that are none; neither is in any answer, or in a count."""
        source = asked.table([{ID: ada} for ada in (person(0), None, "", "nobody", "a b@example.com")], {})
        found = asked.evaluate(
            source, Question("a", EVERYONE), Question("b", opposite(in_group("g"))), groups={"g": []}
        )
        census = found.census

        assert (5, 2, 2) == (census.rows, census.nulls, census.invalid)
        assert {"nobody", "a b@example.com"} == set(census.invalid_samples)
        assert [people(0), people(0)] == [found.answers[name].members.load() for name in "ab"]
        assert (1,) == source.count([EVERYONE], {})

    def test_several_rows_of_one_person_are_counted(self, asked: Asked) -> None:
        """Two spellings of one address are a duplicate, and three rows are one, too."""
        written = [person(0), person(0).upper(), person(1), person(2), person(2), person(2)]
        found = asked.evaluate(asked.table([{ID: each} for each in written], {}), Question("a", EVERYONE))

        assert (6, 2, people(0, 2)) == (
            found.census.rows,
            found.census.duplicates,
            frozenset(found.census.duplicate_samples),
        )
        assert (3, 3) == (found.answers["a"].matched, found.answers["a"].members.count)

    def test_there_are_never_more_than_five_samples(self, asked: Asked) -> None:
        """However much is wrong, five of each kind, and those of one are none of the other."""
        rows = [{ID: f"nobody {number}"} for number in range(30)] + [{ID: person(at // 2)} for at in range(60)]
        census = asked.evaluate(asked.table(rows, {})).census

        assert (5, 5) == (len(census.invalid_samples), len(census.duplicate_samples))
        assert all(each.startswith("nobody") for each in census.invalid_samples)
        assert set(census.duplicate_samples) <= people(*range(30))

    def test_blanks_around_an_identifier_are_none_of_it(self, asked: Asked) -> None:
        """Spaces, tabs, line breaks and no-break spaces come off, as in lists; blanks alone are nothing."""
        written = [f"{person(0)} ", f"\u00a0{person(1)}", f"\t{person(2)}\r\n", " \u2003\n", f" {person(0).upper()}"]
        source = asked.table([{ID: each} for each in written], {})
        census = asked.evaluate(source).census

        assert people(0, 1, 2) == asked.who(source, EVERYONE)
        assert (5, 1, 0, 1) == (census.rows, census.nulls, census.invalid, census.duplicates)
        assert {person(2)} == set(source.rows([person(2)], [ID]))

    def test_who_is_not_eligible_is_no_customer(self, asked: Asked) -> None:
        """Neither in the census, nor in an answer, a count, a share; unknown is not eligible."""
        source = asked.table(_aged(17, 18, 70, None), _AGES)
        adult, old = a_test(Operator.GTE, 18, "age"), a_test(Operator.GTE, 60, "age")
        found = asked.evaluate(source, Question("a", opposite(old)), eligible=adult)

        assert (2, people(1)) == (found.census.rows, found.answers["a"].members.load())
        assert (2, 1) == source.count([EVERYONE, old], {}, adult)
        assert {(18, 1), (70, 1)} == set(source.shares(EVERYONE, "age", {}, adult))

    def test_eligible_may_speak_of_groups(self, asked: Asked) -> None:
        """Members of a group can be kept from being customers at all."""
        source = asked.table(_aged(1, 2, 3), _AGES)
        eligible, groups = opposite(in_group("blocked")), {"blocked": [person(1)]}
        found = asked.evaluate(source, Question("a", EVERYONE), groups=groups, eligible=eligible)

        assert (2, people(0, 2)) == (found.census.rows, found.answers["a"].members.load())
        assert (2,) == source.count([EVERYONE], members_of(groups), eligible)


class Answering(CustomersRoom):
    """Answers have members, counts and an order that hold."""

    def test_members_are_known_by_count_and_digest(self, asked: Asked) -> None:
        """Digest and bytes are those of the canonical text, and members can be loaded again."""
        source = asked.table([{ID: each} for each in (*reversed(_WRITTEN), "Zoë@example.com", "z@example.com")], {})
        members = asked.answer(source, Question("a", EVERYONE)).members
        loaded, text = members.load(), encode_members(members.load())

        assert (len(loaded), digest_bytes(text)) == (members.known_count, members.known_digest)
        assert loaded == members.load()
        assert members.raw is None or text == members.raw()

    def test_holdout_and_sample_are_the_same_on_every_engine(self, asked: Asked) -> None:
        """Who is in a share of all people is what `groupsync.bucket` says; the holdout comes first."""
        everyone = [f"person-{number:03}@example.com" for number in range(300)]
        source = asked.table([{ID: each.upper()} for each in everyone], {})
        answer = asked.answer(source, Question("a", EVERYONE, _HOLDOUT, _SAMPLE))
        held_out = {each for each in everyone if within(_HOLDOUT, each)}
        kept = frozenset(each for each in everyone if each not in held_out and within(_SAMPLE, each))

        assert (300, len(held_out), kept) == (answer.matched, answer.held_out, answer.members.load())

    def test_the_whole_and_none_are_shares(self, asked: Asked) -> None:
        """100 % is everybody, 0 % nobody."""
        source = asked.table(_aged(*range(20)), _AGES)
        everybody, nobody = Share(Decimal(100), "s"), Share(Decimal(0), "s")
        found = asked.evaluate(
            source,
            Question("all-held", EVERYONE, holdout=everybody),
            Question("none-held", EVERYONE, holdout=nobody),
            Question("all-sampled", EVERYONE, sample=everybody),
            Question("none-sampled", EVERYONE, sample=nobody),
        ).answers

        assert [(0, 20), (20, 0), (20, 0), (0, 0)] == [
            (answer.members.count, answer.held_out) for answer in found.values()
        ]

    @pytest.mark.parametrize(("descending", "expected"), [(True, [4, 1, 3, 2, 0, 5]), (False, [2, 1, 3, 4, 0, 5])])
    def test_an_order_puts_nulls_last_and_breaks_ties_by_identifier(
        self, asked: Asked, descending: bool, expected: list[int]
    ) -> None:
        """Whichever way it goes; nobody is cut off."""
        source = asked.table(_aged(None, 5, 1, 5, 9, None), _AGES)
        top = Top(2, "age", descending, None, AT)
        answer = asked.answer(source, Question("a", EVERYONE, top=top))

        assert answer.order is not None
        assert list(map(person, expected)) == list(answer.order())
        assert 6 == answer.members.count

    @pytest.mark.parametrize("kind", [kind for kind in VALUES if kind not in (Type.TEXT, Type.BOOLEAN)])
    def test_every_type_that_has_an_order_can_be_ordered_by(self, asked: Asked, kind: Type) -> None:
        """Numbers, decimals, dates and instants, by what they are and not by how they are written."""
        self._has(kind)
        values = VALUES[kind]
        known = [person(at) for at, value in enumerate(values) if value is not None and value == value]  # noqa: PLR0124
        nulls = [person(at) for at in range(len(values)) if person(at) not in known]
        answer = asked.answer(asked.column(values, kind), Question("a", EVERYONE, top=Top(1, "value", False, None, AT)))

        assert answer.order is not None
        assert [*known, *nulls] == list(answer.order())

    def test_an_order_has_the_members_alone(self, asked: Asked) -> None:
        """Neither who is held out nor who is not matched has a rank."""
        source = asked.table(_aged(*range(60)), _AGES)
        where, top = a_test(Operator.LT, 50, "age"), Top(5, "age", True, None, AT)
        answer = asked.answer(source, Question("a", where, _HOLDOUT, _SAMPLE, top))

        assert answer.order is not None
        assert sorted(answer.members.load(), reverse=True) == list(answer.order())

    def test_what_is_sought_and_true_for_nobody_is_told(self, asked: Asked) -> None:
        """In the same pass; who is not eligible or can't be named counts for nothing, and members stay the same."""
        rows = [{ID: person(at), "country": each} for at, each in enumerate(["DE", "AT", "CH", None])]
        source = asked.table([*rows, {ID: "nobody", "country": "FR"}, {ID: None, "country": "IT"}], _COUNTRY)
        tests = {each: a_test(Operator.EQ, each, "country") for each in ("DE", "AT", "CH", "FR", "IT", "de", "")}
        folded = a_test(Operator.EQ, "ch", "country", ignore_case=True)
        others = [opposite(a_test(Operator.IN, each, "country")) for each in (("DE", "CH", "XX"), ("DE", "XX"))]
        sought: tuple[Condition, ...]
        sought, eligible = (*tests.values(), folded, *others), opposite(tests["AT"])
        plain = asked.answer(source, Question("a", EVERYONE), eligible)
        answer = asked.answer(source, Question("a", EVERYONE, sought=sought), eligible)

        assert (*(tests[each] for each in ("AT", "FR", "IT", "de", "")), others[0]) == answer.unmet
        assert plain.members.load() == answer.members.load() == people(0, 2)
        assert () == plain.unmet

    def test_what_is_given_stays_as_it_is(self, asked: Asked) -> None:
        """Questions and groups are read, never changed; members of groups stay the same."""
        source = asked.table(_aged(1, 2, 3), _AGES)
        questions, groups = [Question("a", in_group("g"), _HOLDOUT)], {"g": [person(0), person(2)]}
        before = copy.deepcopy((questions, groups))
        asked.evaluate(source, *questions, groups=groups)

        assert before == (questions, groups)

    def test_an_answer_outlives_the_next(self, asked: Asked) -> None:
        """Members of an earlier pass can still be loaded after a later one, and after the source is closed."""
        source = asked.table(_aged(1, 2, 3), _AGES)
        first = asked.answer(source, Question("a", a_test(Operator.GT, 1, "age")))
        asked.answer(source, Question("a", EVERYONE))
        source.close()

        assert people(1, 2) == first.members.load()


class Looking(CustomersRoom):
    """What can be asked besides segments."""

    def test_attributes_are_the_columns(self, asked: Asked) -> None:
        """Sorted by name, each with its type, the engine's word for it, and its own name."""
        kinds = {f"{kind}": kind for kind in sorted(self.types)}
        row: dict[str, Any] = {ID: person(0)} | {name: VALUES[kind][0] for name, kind in kinds.items()}
        found = asked.table([row], kinds).attributes()

        assert sorted({ID: Type.TEXT, **kinds}.items()) == [(each.name, each.type) for each in found]
        assert all(each.column == each.name and each.native for each in found)

    def test_a_table_without_the_identifier_is_refused(self, asked: Asked) -> None:
        """Before anything else is asked of it, and when it is; the message names the column."""
        source = asked.table([{"mail": person(0)}], {"mail": Type.TEXT}, has_id=False)
        with pytest.raises(SourceError) as caught:
            source.attributes()
        with pytest.raises(SourceError):
            asked.evaluate(source, Question("a", EVERYONE))

        assert ID in f"{caught.value}"

    def test_counts_are_those_of_answers(self, asked: Asked) -> None:
        """Each condition by itself, in the order given, before holdout and sample; none is an answer, too."""
        source = asked.table(_aged(1, 2, 3, None), _AGES)
        conditions: list[Condition] = [
            a_test(Operator.GT, 1, "age"),
            in_group("g"),
            opposite(a_test(Operator.GT, 1, "age")),
            EVERYONE,
        ]

        assert (2, 1, 1, 4) == source.count(conditions, members_of({"g": [person(3)]}))
        assert () == tuple(source.count([], {}))

    def test_shares_count_each_value_once(self, asked: Asked) -> None:
        """Null is a value here; the most frequent comes first."""
        rows = [{ID: person(at), "country": each} for at, each in enumerate(["DE", "AT", "DE", None, "DE", "AT", ""])]
        source = asked.table(rows, {"country": Type.TEXT})
        found = source.shares(opposite(in_group("g")), "country", members_of({"g": [person(0)]}))

        assert Counter({"DE": 2, "AT": 2, None: 1, "": 1}) == dict(found)
        assert sorted((count for _, count in found), reverse=True) == [count for _, count in found]

    def test_shares_may_be_of_the_most_frequent_alone(self, asked: Asked) -> None:
        """As many values as are asked for, with the counts that they have among all."""
        rows = [{ID: person(at), "country": each} for at, each in enumerate(["DE", "AT", "DE", "CH", "DE", "AT"])]
        source = asked.table(rows, _COUNTRY)

        assert (("DE", 3), ("AT", 2)) == tuple(source.shares(EVERYONE, "country", {}, None, 2))

    def test_rows_have_the_values_of_people(self, asked: Asked) -> None:
        """By canonical identifier, of the columns asked for; who is not there is left out."""
        source = asked.table([{ID: "ADA@Example.com", "age": 36, "country": None}], _AGES | {"country": Type.TEXT})
        found = source.rows(["ada@example.com", "stranger@example.com"], ["country", "age"])

        assert {"ada@example.com": {"country": None, "age": 36}} == {key: dict(row) for key, row in found.items()}

    @pytest.mark.parametrize("kind", list(VALUES))
    def test_rows_have_values_of_their_type(self, asked: Asked, kind: Type) -> None:
        """As they are in the table, instants in UTC; NaN is none."""
        self._has(kind)
        values = VALUES[kind]
        everyone = [person(at) for at in range(len(values))]
        found = asked.column(values, kind).rows(everyone, ["value"])
        expected = [None if value != value else value for value in values]  # noqa: PLR0124

        assert expected == [found[each]["value"] for each in everyone]

    def test_a_statement_is_text_for_people(self, asked: Asked) -> None:
        """It names the attribute that is tested, and is never empty; nothing is asked of the customers for it."""
        source = asked.table(_aged(1), _AGES)
        top = Top(2, "age", True, None, AT)
        question = Question("a", a_test(Operator.GT, 41, "age"), _HOLDOUT, _SAMPLE, top)
        found = source.statement(question, a_test(Operator.IS_NULL, False, "age"))

        assert "age" in found
        assert "41" in found

    def test_closing_twice_does_no_harm(self, asked: Asked) -> None:
        """Before anything was asked, and after."""
        unused, used = asked.table(_aged(1), _AGES), asked.table(_aged(1), _AGES)
        used.attributes()
        for source in (unused, used):
            source.close()
            source.close()

    def test_the_options_schema_refuses_unknown_options(self, asked: Asked) -> None:
        """A misspelt option is never taken for one that is not there."""
        from jsonschema import Draft202012Validator

        schema = dict(type(asked.table(_aged(1), _AGES)).options_schema)

        assert any("misspelt" in each.message for each in Draft202012Validator(schema).iter_errors({"misspelt": 1}))
