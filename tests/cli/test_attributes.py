"""`groupsync attributes`."""

from __future__ import annotations

import json

import pytest

from groupsync.errors import ExitCode

SHOWN = r"""customers (memory): 6 attributes
  Only customers with age ≥ 18.

Demographic
  years    whole number (years): Age in full years
           column age (integer)
  country  text: Where they live\x1b[0m

Usage
  seen_on  date, the last 90 days only: Last seen

Without a category
  age      whole number
  email    text
  spend    number
"""


def test_attributes_come_by_category_in_plain_words(segments):
    """With unit, look-back and the column where it is called otherwise; the order is the config's."""
    done = segments("attributes")

    assert (ExitCode.OK, SHOWN) == (done.code, done.out), done.err


def test_programs_get_every_field(segments):
    """One document; a field that the config does not say is empty."""
    [source] = json.loads(segments("attributes", "customers", "--format", "json").out)["sources"]

    assert ("customers", "memory", "age ≥ 18") == (source["name"], source["plugin"], source["eligible"])
    assert {
        "name": "years", "type": "integer", "native": "integer", "column": "age", "category": "Demographic",
        "unit": "years", "look_back": "", "description": "Age in full years",
    } == source["attributes"][0]  # fmt: skip


def test_every_line_fits_in_80_columns(segments):
    """However much the config says of an attribute."""
    segments.write("groupsync.yaml", segments.read("groupsync.yaml").replace("Last seen", "Day after day " * 20))
    lines = segments("attributes").out.splitlines()

    assert 80 >= max(map(len, lines))
    assert 15 < len(lines)


@pytest.mark.parametrize("project_of", ["segments", "project"])
def test_an_unknown_source_is_an_error(request, project_of):
    """It names what was probably meant, or says that there are none."""
    done = request.getfixturevalue(project_of)("attributes", "custmers")
    expected = {"segments": "Did you mean `customers`?", "project": "There are no sources"}

    assert ExitCode.ERROR == done.code
    assert expected[project_of] in done.err
