"""What `docs/criteria.md` says of criteria is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from groupsync.binding import operators_of
from groupsync.comparisons import FROM_ZERO, MAX_DAYS, MAX_HOURS, MAX_VALUES
from groupsync.criteria import MAX_DEPTH, MAX_NODES, WORDS, read_condition
from groupsync.identity import Identity
from groupsync.model.criteria import BY_HOURS, FROM_NOW, Operator, Type
from groupsync.validate import check_definition, definition_of, group_schema
from groupsync.yaml.events import parse_yaml

PAGE = (Path(__file__).parents[1] / "docs" / "criteria.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def rows(first):
    """Return the cells of each row of the table that is headed by `first`."""
    table = PAGE[PAGE.index(f"| {first} |") :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split("\n", 1)[0] for block in BLOCKS])
def test_every_example_is_valid(block):
    """Definitions and conditions alike fit the schema for editors, and are read without a finding."""
    (document,), errors = parse_yaml(block.encode(), "docs/example.yaml")
    schema = group_schema()
    if "kind" in document.value:
        found = [*check_definition(document), *definition_of(document, Identity())[1]]
    else:
        found = []
        schema = {"$defs": schema["$defs"], "$ref": "#/$defs/condition"}
        assert read_condition(document, (), document.value, found)
    assert [] == errors == found
    assert Draft202012Validator(schema).is_valid(document.value)


def test_every_operator_is_there_with_its_types():
    """The table has all operators, each with the very types that it goes with."""
    expected = [
        [f"`{operator}`", ", ".join(of for of in Type if operator in operators_of(of))] for operator in Operator
    ]
    assert expected == [[row[0], row[2]] for row in rows("operator")]


def test_every_word_and_type_is_there():
    """No word of the language is left out, and no type."""
    assert [f"`{word}`" for word in WORDS] == [row[0] for row in rows("word")]
    assert list(Type) == [row[0] for row in rows("type")]


def test_bounds_are_those_of_the_code():
    """Numbers on the page are not made up."""
    assert f"{MAX_DEPTH} levels deep and have {MAX_NODES:,} parts; a list may have {MAX_VALUES:,} values" in PAGE
    counted = {row[0].strip("`"): row[1] for row in rows("operator") if row[0].strip("`") in FROM_NOW}
    assert counted == {
        each: f"{int(each not in FROM_ZERO)} to {MAX_HOURS if each in BY_HOURS else MAX_DAYS:,}" for each in FROM_NOW
    }
