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
        "unit": "years", "look_back": "", "description": "Age in full years", "values": [], "found": None,
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


COUNTED = {"DE": 12, "AT": 10, "日本": 11, r"D\e[31mE": 10, "CH": 9, "LI": 1}
VALUES = r"""customers (memory): 4 attributes

  country  text: Where they live
           DE (12), 日本 (11), AT (10), "D\x1b[31mE" (10), 2 other values that
           fewer than 10 customers have, 1 customer without one
  email    text
           54 values that fewer than 10 customers have
  orders   whole number
  vip      true or false
           true (43), false (11)
"""


def write_customers(segments, eligible=""):
    """Write a source with some countries and a truth."""
    lines = [country for country, count in COUNTED.items() for _ in range(count)] + [None]
    rows = [
        f"      - {{email: p{number}@example.com, orders: {number}, vip: {str(number > 10).lower()}"
        + (f', country: "{country}"}}' if country else "}")
        for number, country in enumerate(lines)
    ]
    text = "\n".join(
        ["version: 1", "project: shop", "definitions: [groups/**/*.yaml]", "sources:", "  customers:",
         "    plugin: memory", "    id: email", *eligible.splitlines(), "    attributes:",
         "      country: {description: Where they live}", "    rows:", *rows, ""]
    )  # fmt: skip
    segments.write("groupsync.yaml", text)


def test_values_are_shown_that_many_customers_have(segments):
    """With how many have each, the most frequent first; what few have is counted and not named."""
    write_customers(segments)
    done = segments("attributes", "--values")

    assert (ExitCode.OK, "") == (done.code, done.err)
    assert "CH" not in done.out
    assert VALUES == done.out


def test_programs_get_values_with_their_counts(segments):
    """And of those that are not named, how many there are; null for a type whose values are not counted."""
    write_customers(segments, "    eligible: {vip: true}")
    [source] = json.loads(segments("attributes", "--values", "--format", "json").out)["sources"]
    found = {each["name"]: each["found"] for each in source["attributes"]}

    assert {
        "values": [{"value": "日本", "customers": 11}, {"value": "AT", "customers": 10},
                   {"value": "D\x1b[31mE", "customers": 10}],
        "others": 3, "others_is_least": False, "too_many": False, "without": 1,
    } == found["country"]  # fmt: skip
    assert [{"value": True, "customers": 43}] == found["vip"]["values"]
    assert found["orders"] is None


def test_groups_make_nobody_a_customer(segments):
    """They are made of customers: the plan would not know who is built on whom."""
    write_customers(segments, "    eligible: {any: [{not_in_group: blocked}, {vip: true}]}")
    for command in ("validate", "plan", "attributes"):
        done = segments(command)
        assert (ExitCode.ERROR, "") == (done.code, done.out)
        assert "error[GS218]: Who is eligible can't depend on groups\n  at groupsync.yaml:" in done.err
        assert "`exclude` in the config" in " ".join(done.err.split())


def test_stated_values_are_shown(segments):
    """Below what the attribute means, escaped; programs get them as they are."""
    text = segments.read("groupsync.yaml")
    segments.write("groupsync.yaml", text.replace('Where they live\\e[0m"', 'Home", values: [DE, AT, "D\\e[31mE"]'))
    assert 'country  text: Home\n           one of DE, AT, "D\\x1b[31mE"\n' in segments("attributes").out

    [source] = json.loads(segments("attributes", "--format", "json").out)["sources"]
    assert [["DE", "AT", "D\x1b[31mE"]] == [each["values"] for each in source["attributes"] if each["values"]]
