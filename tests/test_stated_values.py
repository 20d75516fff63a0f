"""The config states which texts an attribute can be: others in conditions are errors, and other customers are told."""

from __future__ import annotations

import pytest

from groupsync.config import load_config
from groupsync.errors import InvalidDefinitions
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.segments import compute_segments, open_sources
from groupsync.unmet import Customers, search_findings, search_of
from tests.worlds import NOW

STATED = "{risk: {values: [low, medium, high]}}"
NEITHER = "Correct it, or add what customers have to `values`."


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a project with one segment, and returns the path of its config."""

    def write(where, *, plugin="memory", attributes=STATED, counts=None, more=""):
        everyone = [value for value, count in (counts or {}).items() for _ in range(count)]
        rows = [f"      - {{email: p{number}@example.com, risk: {value}}}" for number, value in enumerate(everyone)]
        head = ["version: 1", "project: shop", "definitions: [groups.yaml]", "sources:", "  customers:"]
        options = [f"    plugin: {plugin}", "    id: email", f"    attributes: {attributes}", *more.splitlines()]
        lines = [*head, *options, "    rows:" if rows else "    rows: []", *rows, ""]
        (tmp_path / "groupsync.yaml").write_text("\n".join(lines), encoding="utf-8")
        (tmp_path / "groups.yaml").write_text(f"kind: segment\nname: a\nsource: customers\nwhere: {where}\n")
        return tmp_path / "groupsync.yaml"

    return write


def errors_of(path):
    """Return what is wrong with a project without asking a source."""
    try:
        return load_project(load_config(path), NOW).findings
    except InvalidDefinitions as error:
        return list(error.diagnostics)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("{risk: High}", [(15, "risk = High", "Did you mean `high`?")]),
        ("{risk: {ne: hgih}}", [(20, "risk = hgih", "Did you mean `high`?")]),
        ("{risk: [low, vip]}", [(21, "risk = vip", NEITHER)]),
        ("{risk: true}", [(15, "risk = true", NEITHER)]),
        ("{risk: {contains: HI}}", [(26, "risk contains HI", NEITHER)]),
        ("{risk: {matches: '^x'}}", [(25, "risk matches /^x/", NEITHER)]),
        (f"{{risk: {['low'] * 25 + ['lwo']}}}".replace("'", ""), [(15, "risk = lwo", "Did you mean `low`?")]),
        ("{any: [{risk: {eq: HIGH, ignore_case: true}}, {risk: {starts_with: me}}, {risk: {is_null: true}}]}", []),
        ("{age: 5}", []),
    ],
)  # fmt: skip
def test_a_text_that_is_none_of_those_stated_is_an_error(write, where, expected):
    """At its place, with the closest of them; the source is not asked, and its plugin need not be there."""
    found = errors_of(write(where, plugin="not-installed"))

    assert [
        (4, column, f"`{words}` is true for none of the values of `risk`", hint) for column, words, hint in expected
    ] == [(each.subject.line, each.subject.column, each.summary, each.hint) for each in found]
    assert {("GS225", "The config states for the source `customers`: `low`, `medium`, `high`.")} >= {
        (each.code, each.detail) for each in found
    }


def test_thousands_of_texts_are_held_against_a_thousand_values(write):
    """Each by itself: none is compared with all of those that are stated."""
    listed, stated = ", ".join(f"v{n}" for n in range(9000)), ", ".join(f"v{n}" for n in range(999))
    found = errors_of(write(f"{{risk: [{listed}, V7]}}", attributes=f"{{risk: {{values: [{stated}]}}}}"))

    assert 9000 - 999 + 1 == len(found)
    assert "Did you mean `v7`?" in {each.hint for each in found}


def test_what_eligible_asks_for_is_held_against_them_too(write):
    """At its place in the config."""
    (told,) = errors_of(write("{risk: low}", more="    eligible: {risk: {ne: Low}}"))

    assert ("GS225", "groupsync.yaml", "Did you mean `low`?") == (told.code, told.subject.path, told.hint)


def test_customers_with_other_values_are_told_and_stay_what_they_are(write):
    """What 10 or more have is named; who belongs is not changed by what is stated."""
    counts = {"low": 3, "vip": 10, "Low": 2, "odd": 1}
    found = []
    for attributes in (STATED, "{risk: {description: none}}"):
        path = write("{risk: {ne: low}}", attributes=attributes, counts=counts)
        project = load_project(load_config(path), NOW)
        found.append((compute_segments(project, Plugins.discover(), NOW).project, project.findings))
    (stated, (told,)), (plain, none) = found

    assert ("GS629", (8, 18)) == (told.code, (told.subject.line, told.subject.column))
    assert "Customers of the source `customers` have values of `risk` that the config does not state" == told.summary
    assert "Besides those stated: `vip`, and 2 not named here." == told.detail
    assert [] == none
    assert 1 == len({each.resolution.groups[0].group.members.digest for each in (stated, plain)})


def test_a_source_that_does_not_tell_what_nobody_has_is_not_taken_at_its_silence(write):
    """Where nobody has another value, none is said to be there."""
    path = write("{risk: low}", counts={"low": 3})
    config, as_of = load_config(path), NOW
    with open_sources(config, Plugins.discover(), as_of) as opened:
        source = opened["customers"]
        where = load_project(config, as_of).definitions[0].where
        search = search_of(where, source.config, source.attributes, as_of)

        assert 1 == len(search.others)
        assert [] == search_findings([(search, ())], Customers(source.source, {}, None), "customers")


def test_a_stated_value_that_nobody_has_is_no_mistake(write):
    """That it may come was said."""
    path = write("{risk: [low, medium]}", counts={"low": 3})
    project = load_project(load_config(path), NOW)
    compute_segments(project, Plugins.discover(), NOW)

    assert [] == project.findings


def test_texts_stated_of_a_column_of_another_type_are_an_error(write):
    """Nobody could have one of them."""
    path = write("{everyone: true}", counts={"7": 3})
    with pytest.raises(InvalidDefinitions) as caught:
        compute_segments(load_project(load_config(path), NOW), Plugins.discover(), NOW)
    (told,) = caught.value.diagnostics

    assert ("GS512", "`values` of `risk` are texts, and the column is a whole number") == (told.code, told.summary)
