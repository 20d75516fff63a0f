"""Checking documents against JSON Schemas: in bulk, with words and places."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from groupsync.schema_check import check, prepared, validator_class
from groupsync.validate import group_schema
from groupsync.yaml.events import parse_yaml

ADDRESSES = [f"user{number}@example.com" for number in range(10_000)]


def found_in(text, schema=None):
    """Return place, code and summary of all that is wrong with a document."""
    (document,), errors = parse_yaml(text.encode(), "g.yaml")
    assert not errors
    return [
        (found.subject.line, found.subject.column, found.code, found.summary)
        for found in check(document, schema or group_schema())
    ]


def hint_for(text, schema=None):
    """Return the only finding's detail and hint."""
    (document,), _ = parse_yaml(text.encode(), "g.yaml")
    (found,) = check(document, schema or group_schema())
    return found.detail, found.hint


def test_a_complete_definition_has_nothing_wrong():
    """Every key of the schema, as the design writes it, is accepted."""
    text = """\
kind: known-user-group
name: beta-testers
display_name: Beta testers
description: People who asked for early builds
owners: [growth@contoso.com]
labels: {product: fieldnotes}
members:
  - ada@contoso.com
  - {email: grace@contoso.com, from: 2026-12-01, until: 2027-01-31T18:00:00Z, reason: contractor}
members_from:
  - {path: members/beta.csv, column: email}
include: [staff, {group: interns, until: 2027-01-31, reason: summer}, {match: "beta-*"}]
exclude: [blocked]
restrict_to: [consented]
until: 2028-01-01
previously: [beta]
lifecycle: {state: present, prevent_delete: true, mode: additive, adopt: false}
targets: [crm]
"""
    assert found_in(text) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("nam: x", [(3, 1, "GS201", "The key `nam` is unknown")]),
        ("display_name: [a]", [(3, 15, "GS203", "`display_name` is a list")]),
        ("members: ada@contoso.com", [(3, 10, "GS203", "`members` is a text")]),
        ("members:", [(3, 1, "GS204", "`members` has no value")]),
        ("members: ~", [(3, 1, "GS204", "`members` has no value")]),
        ("members: [a@b.example, ~]", [(3, 24, "GS204", "`members[1]` has no value")]),
        ("members: [a@b.example, 5]", [(3, 24, "GS203", "`members[1]` is a number")]),
        ("members: [[]]", [(3, 11, "GS203", "`members[0]` is a list")]),
        ("members: ['']", [(3, 11, "GS206", "`members[0]` is empty")]),
        ("members: [{email: a, untill: 1}]", [(3, 22, "GS201", "The key `untill` is unknown in `members[0]`")]),
        ("members: [{reason: x}]", [(3, 11, "GS202", "The key `email` is missing in `members[0]`")]),
        ("members: [{email: a, until: soon}]", [(3, 29, "GS206", "`members[0].until` is `soon`")]),
        ("members_from: [a.csv]", [(3, 16, "GS203", "`members_from[0]` is a text")]),
        ("include: [Staff]", [(3, 11, "GS206", "`include[0]` is `Staff`")]),
        ("include: [{group: a, match: b}]", [(3, 11, "GS208", "`include[0]` has both `group` and `match`")]),
        ("include: [{reason: b}]", [(3, 11, "GS202", "`include[0]` has none of the keys `group`, `match`")]),
        ("exclude: [{match: 'A*'}]", [(3, 19, "GS206", "`exclude[0].match` is `A*`")]),
        ("labels: {Big: x}", [(3, 10, "GS206", "The key `Big` in `labels` can't be used")]),
        ("labels: {a: 1}", [(3, 13, "GS203", "`labels.a` is a number")]),
        ("guards: {removed_members: {refuse: {percentt: 5}}}", [
            (3, 37, "GS201", "The key `percentt` is unknown in `guards.removed_members.refuse`")]),
        ("guards: {removed_members: {refuse: 5}}", [(3, 36, "GS203", "`guards.removed_members.refuse` is a number")]),
        ("guards: {removed_members: {refuse: of}}", [(3, 36, "GS205", "`guards.removed_members.refuse` is `of`")]),
        ("guards: {emptied_group: {count: 5}}", [(3, 25, "GS203", "`guards.emptied_group` is a mapping")]),
        ("lifecycle: {state: gone}", [(3, 20, "GS205", "`lifecycle.state` is `gone`")]),
        ("lifecycle: {adopt: yes}", [(3, 20, "GS203", "`lifecycle.adopt` is a text")]),
        ("targets: []", [(3, 10, "GS207", "`targets` is empty")]),
        (f"display_name: {'x' * 257}", [(3, 15, "GS206", "`display_name` has 257 characters")]),
        ("until: 2027-01-31 18:00", [(3, 8, "GS206", "`until` is `2027-01-31 18:00`")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_at_its_place(line, expected):
    """Each kind of mistake is one finding, at the key or value to mend."""
    assert expected == found_in(f"kind: known-user-group\nname: a\n{line}\n")


def test_everything_wrong_is_found_at_once():
    """A document with many mistakes gives them all, in the order of its lines."""
    found = found_in("kind: known-user-grup\nowners: a\nlabls: {}\nmembers: [1, a@b.example, ~]\n")
    assert [(1, "GS202"), (1, "GS205"), (2, "GS203"), (3, "GS201"), (4, "GS203"), (4, "GS204")] == [
        (line, code) for line, _, code, _ in found
    ]


@pytest.mark.parametrize(("text", "kind"), [("- a", "a list"), ("hello", "a text"), ("5", "a number")])
def test_a_document_that_is_no_mapping_is_named(text, kind):
    """What is not even a mapping is said so."""
    assert found_in(text) == [(1, 1, "GS203", f"The document is {kind}")]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("membres: []", "Did you mean `members`?"),
        ("lifecycle: {state: abset}", "Did you mean `absent`?"),
        ("members: ~", "`[]` means empty; leave the key out to leave membership unmanaged."),
        ("owners: a@b.example", "Write it as a list: [a@b.example]."),
        ("members:\n  a@b.example\n  c@d.example", "Write it as a list: [a@b.example, c@d.example]."),
        ("members_from: members/x.txt", "Write it as a list: [{path: members/x.txt}]."),
        ("members_from: [members/x.txt]", "Write it as a mapping: {path: members/x.txt}."),
        ("previously: [Old Name 2]", "Such as `old-name-2`."),
        ("labels: {tier: 2}", 'Put quotes around it: "2".'),
        ("guards: {removed_members: {refuse: {percentt: 5}}}", "Did you mean `percent`?"),
        ("guards: {removed_members: {refuse: of}}", "Did you mean `off`?"),
        ("lifecycle: {adopt: yes}", "YAML 1.2 knows only true and false, without quotes."),
    ],
)
def test_the_hint_says_what_to_write(line, hint):
    """A typing mistake comes with its correction."""
    assert hint == hint_for(f"kind: known-user-group\nname: a\n{line}\n")[1]


def test_any_schema_can_be_used():
    """Bounds, repeated items, constants and rules without words of their own are told from the schema alone."""
    schema = {
        "properties": {
            "port": {"type": "integer", "minimum": 1, "exclusiveMaximum": 70_000},
            "tags": {"type": "array", "uniqueItems": True, "maxItems": 2},
            "version": {"const": 1},
            "other": {"not": {"type": "string"}},
            "any": {"oneOf": [{"type": "number"}, {"type": "integer"}]},
            "x": {"type": ["integer", "array"]},
        },
        "patternProperties": {"^x-": True},
        "additionalProperties": False,
    }
    text = "port: 0\ntags: [a, a, b]\nversion: 2\nother: a\nany: 1\nx-y: 1\nx: s\ny: 1\n"
    assert [
        (1, 7, "GS207", "`port` is 0"),
        (2, 7, "GS207", "`tags` has 3 items"),
        (2, 7, "GS208", "`tags` has an item twice"),
        (3, 10, "GS205", "`version` is `2`"),
        (4, 8, "GS208", "`other` breaks the rule `not`"),
        (5, 6, "GS208", "`any` breaks the rule `oneOf`"),
        (7, 4, "GS203", "`x` is a text"),
        (8, 1, "GS201", "The key `y` is unknown"),
    ] == found_in(text, schema)
    assert hint_for("port: 70000\n", schema)[0] == "Expected less than 70000."


TEXTS = st.text("ab@.", max_size=4)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=6,
)
TEXT_RULES = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={
        "minLength": st.integers(0, 2), "maxLength": st.integers(1, 3), "pattern": st.sampled_from(["@", "^a", "b$"]),
        "enum": st.lists(st.one_of(TEXTS, st.integers(0, 1)), min_size=1, max_size=3), "title": st.just("x"),
    },
)  # fmt: skip
COMBINERS = st.sampled_from(["anyOf", "oneOf", "allOf"])
RULES = st.recursive(
    st.one_of(TEXT_RULES, st.booleans(), st.just({"type": "integer"}), st.just({"$ref": "#/$defs/it"})),
    lambda inner: st.one_of(
        st.builds(lambda word, parts: {word: parts}, COMBINERS, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda rule: {"type": "array", "items": rule}, inner),
        st.builds(lambda first, rule: {"prefixItems": [first], "items": rule}, inner, inner),
        st.builds(lambda rule: {"type": "object", "properties": {"a": rule, "b": {"type": "string"}}}, inner),
    ),
    max_leaves=5,
)


def errors_of(cls, schema, value):
    """Return what a validator class finds, as comparable values in its order; how a pattern ends is written alike."""
    return [
        (list(error.absolute_path), list(error.absolute_schema_path), error.message.replace(r"\\Z'", "$'"))
        for error in cls(schema).iter_errors(value)
    ]


@given(rule=RULES, value=VALUES)
def test_bulk_and_stock_agree(rule, value):
    """Checking in bulk gives the very errors of jsonschema, whatever the schema and the value."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {"it": {"type": "array", "items": {"type": "string", "minLength": 1}}},
        "items": rule,
        "properties": {"a": rule},
    }
    assert errors_of(Draft202012Validator, schema, value) == errors_of(validator_class(), prepared(schema), value)


MEMBERS = st.lists(
    st.one_of(
        st.sampled_from(["a@b.example", "", "x" * 321]),
        st.none(),
        st.integers(),
        st.just({"email": "a"}),
        st.just({"emial": "a"}),
    ),
    max_size=6,
)


@given(members=MEMBERS)
def test_bulk_and_stock_agree_on_definitions(members):
    """The same for the schema that counts."""
    value = {"kind": "known-user-group", "name": "a", "members": members, "owners": members}
    schema = group_schema()
    assert errors_of(Draft202012Validator, schema, value) == errors_of(validator_class(), prepared(schema), value)


def count_calls(base, schema, value):
    """Return how often any keyword is applied."""
    calls = []

    def counted(keyword):
        def apply(validator, *rest):
            calls.append(1)
            yield from keyword(validator, *rest) or ()

        return apply

    cls = extend(base, {name: counted(keyword) for name, keyword in base.VALIDATORS.items()})
    assert not list(cls(schema).iter_errors(value))
    return len(calls)


@pytest.mark.parametrize("through_reference", [False, True], ids=["inline", "by a reference to a schema with $schema"])
def test_ten_thousand_texts_do_not_cost_ten_thousand_calls(through_reference):
    """A list of texts costs as many keyword calls as a list of one, even behind a `$ref` that names its dialect."""
    group = group_schema()
    whole = {"$ref": "#/$defs/group", "$defs": {"group": group}} if through_reference else group
    document = {"kind": "known-user-group", "name": "a", "members": ADDRESSES}
    one = {**document, "members": ADDRESSES[:1]}
    bulk = validator_class()
    assert count_calls(bulk, prepared(whole), one) == count_calls(bulk, prepared(whole), document) < 40
    assert count_calls(Draft202012Validator, group, document) > len(ADDRESSES)


def test_one_bad_text_among_many_costs_one_chain():
    """Only what is wrong goes the slow way."""
    value = {"kind": "known-user-group", "name": "a", "members": [*ADDRESSES, 5]}
    (found,) = errors_of(validator_class(), prepared(group_schema()), value)
    assert ["members", len(ADDRESSES)] == found[0]


def test_a_pattern_ends_where_the_text_ends():
    """As JSON Schema has it, `$` is the end of the text, not the place before a last line break."""
    assert [(2, 7, "GS206")] == [one[:3] for one in found_in("kind: known-user-group\nname: |\n  beta\n")]
    schema = {"patternProperties": {"^a$": {"const": {"pattern": "x$"}}}, "additionalProperties": False}
    assert [] == found_in("a: {pattern: x$}\n", schema)
    assert [(1, 1, "GS201", "The key `a\\n` is unknown")] == found_in('"a\\n": {pattern: x$}\n', schema)


def test_the_group_schema_is_valid_and_explains_every_property():
    """Editors complete and explain: each property has a title, a description and examples that fit it."""
    schema = group_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == "urn:groupsync:schema:group:v1"
    properties = schema["properties"]
    kinds = [branch for each in schema["$defs"].values() for branch in [each, *each.get("anyOf", [])]]
    for owner in (schema, *kinds, *properties.values()):
        for name, rule in owner.get("properties", {}).items():
            assert {"title", "description", "examples"} <= rule.keys(), name
            inside = {"$defs": schema["$defs"], **rule}
            for example in rule["examples"]:
                assert [] == list(Draft202012Validator(inside).iter_errors(example)), name
    for example in schema["examples"]:
        assert [] == list(Draft202012Validator(schema).iter_errors(example))


def test_the_schema_is_enforced_strictly():
    """No mapping of the schema takes keys that it does not name, but labels and where attributes are named."""

    def mappings(rule):
        if isinstance(rule, dict):
            if rule.get("type") == "object":
                yield rule
            for inner in rule.values():
                yield from mappings(inner)
        elif isinstance(rule, list):
            for inner in rule:
                yield from mappings(inner)

    loose = [rule["title"] for rule in mappings(group_schema()) if rule.get("additionalProperties") is not False]
    assert ["Labels", "Order by", "Condition", "Types"] == loose


def test_findings_come_from_json_as_well():
    """A document written as JSON is checked the same."""
    text = json.dumps({"kind": "known-user-group", "name": "a", "members": "x"})
    assert [(1, 54, "GS203", "`members` is a text")] == found_in(text)
