"""Templates and expressions of profiles: what goes out, and where things are in what comes back."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync_rest.expression import Expression
from groupsync_rest.template import as_text, fill, fill_path, kept, path_variables, variables

VALUES = {"name": "a/b", "add": ["x", "y"], "remove": [], "mark": None, "limit": 100, "domain": "example.com"}


@given(text=st.text(min_size=1).filter(lambda text: text not in {".", ".."}))
def test_a_value_in_a_path_stays_one_part_of_it(text):
    """Whatever is in a name, the path has no part, query or fragment more than the template."""
    path = fill_path("groups/{name}/members", {"name": text})
    assert "/members" == path.removeprefix("groups/").partition("/")[1] + "members"
    assert text == unquote(path.removeprefix("groups/").removesuffix("/members"))
    assert not {"?", "#", " "} & set(path)


def test_a_path_without_its_value_is_not_made():
    """A request never goes to `groups/` because a name is missing."""
    with pytest.raises(KeyError, match="id"):
        fill_path("groups/{id}", {"name": "a"})


@pytest.mark.parametrize("value", ["", ".", "..", None])
def test_a_value_that_would_lead_out_of_the_path_is_refused(value):
    """`DELETE groups/` and `DELETE groups/..` are not about this group."""
    with pytest.raises(KeyError, match="name"):
        fill_path("groups/{name}", {"name": value})


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$add", ["x", "y"]),
        ("$limit", 100),
        ("$mark", None),
        ("$name at $domain", "a/b at example.com"),
        ("${name}s", "a/bs"),
        ("$$name", "$name"),
        ("costs 5 $", "costs 5 $"),
        ({"members": {"add": "$add", "remove": "$gone"}}, {"members": {"add": ["x", "y"]}}),
        ({"members": {"add": "$gone"}}, None),
        ({"members": {"add": "$gone"}, "mark": "$mark"}, {"mark": None}),
        ({"empty": {}, "flag": True}, {"empty": {}, "flag": True}),
        (["$gone", "$name"], ["a/b"]),
        ({"as_it_was": "read $gone"}, None),
        ("$gone", None),
        (3, 3),
    ],
)
def test_a_template_is_filled(template, expected):
    """A text that is one name becomes its value; what has no value is left out; null is a value."""
    assert expected == fill(template, VALUES)


def test_what_is_kept_goes_under_the_other_keys():
    """Of what the group holds, all stays but what the body names, with a value or without."""
    group = {"properties": {"theirs": 1, "ours": {"old": True}, "gone": 2}}
    template = {"$keep": "properties", "ours": {"name": "$name"}, "gone": "$nothing"}
    assert {"theirs": 1, "ours": {"name": "a/b"}} == fill(template, VALUES, group)
    assert {"theirs": 1, "ours": {"old": True}, "gone": 2} == group["properties"]
    assert {"ours": {"name": "a/b"}} == fill(template, VALUES, None)
    assert ["properties"] == list(kept([{"a": template}]))


def test_the_names_in_templates_are_told():
    """So that a misspelt one can be found before anything is sent."""
    assert ["name", "id"] == path_variables("groups/{name}/{id}")
    body = {"a": ["$add", "x $name y"], "$keep": "p", "b": "$$no"}
    assert ["add", "name"] == list(variables(body))


@given(value=st.text() | st.integers() | st.booleans() | st.dictionaries(st.text(), st.integers()))
def test_a_value_within_a_text_can_be_told_from_it(value):
    """Texts as they are, flags and numbers as in JSON, anything else as JSON."""
    text = as_text(value)
    assert value == (text if isinstance(value, str) else json.loads(text))


@given(values=st.dictionaries(st.sampled_from(["a", "b"]), st.text() | st.none() | st.integers()))
def test_filling_changes_nothing_that_it_is_given(values):
    """A profile is used again and again."""
    template = {"x": "$a", "y": ["$b", {"$keep": "z", "w": "$a-$b"}]}
    before = json.dumps([template, values])
    fill(template, values, {"z": {"v": 1}})
    assert before == json.dumps([template, values])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b", 1),
        ("@", {"a": {"b": 1}}),
        ("missing.x", None),
        ("a.b.c", None),
        ("length(a.b)", None),
        ("c || `[]`", []),
    ],
)
def test_an_expression_finds_its_value_or_nothing(text, expected):
    """What is not there, or of another kind than a function takes, is not there."""
    assert expected == Expression(text).of({"a": {"b": 1}})


@pytest.mark.parametrize("text", ["a..b", "items[", "'", "no_such(@", ""])
def test_what_is_no_expression_is_told(text):
    """With the library's own words."""
    assert Expression(text).problem()
    assert not Expression("items[].name").problem()
