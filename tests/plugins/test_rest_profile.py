"""Profiles: what is read of them, what is wrong with them and where, and what follows from them."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from groupsync.backend import BackendContext
from groupsync.errors import BackendError, ConfigError, InvalidDefinitions
from groupsync.model import Action
from groupsync_rest.backend import RestBackend
from groupsync_rest.client import Wire
from groupsync_rest.loading import load_profile, parse_profile, profile_schema, shipped
from groupsync_rest.profile import Meaning

SMALLEST = """\
version: 1
group: {name: name, members: users}
calls:
  list: {request: GET groups, items: "@"}
"""
WRITABLE = """\
version: 1
parameters:
  tenant: {description: Whose groups they are., default: contoso}
limits: {bulk: 50, in_flight: 4}
group: {name: name, display_name: title, mark: notes, revision: rev, members: users}
calls:
  list: {request: GET groups, items: "@"}
  get: {request: "GET {tenant}/groups/{name}", group: "@"}
  add: {request: "POST groups/{name}/users", query: {at: $revision}, body: {add: $add}}
  remove: {request: "DELETE groups/{name}/users/{member}", headers: {If-Match: $revision}}
  update: {request: "PATCH groups/{name}", body: {title: $display_name, notes: $mark_text, rev: $revision}}
"""
GET = '  get: {request: "GET {tenant}/groups/{name}", group: "@"}\n'
ITEMS = 'items: "@"'


def parsed(text):
    return parse_profile(text.encode(), "crm.yaml", "crm")


def findings(text):
    with pytest.raises(InvalidDefinitions) as caught:
        parsed(text)
    return [(found.code, found.subject.line, found.subject.column, found.summary) for found in caught.value.diagnostics]


@pytest.mark.parametrize("name", shipped())
def test_shipped_profiles_are_sound_and_point_to_their_schema(name):
    """Each is read without a finding, can be written to, and is completed by editors."""
    profile = load_profile(name, Path())
    assert profile.capabilities().actions >= {Action.CREATE, Action.UPDATE, Action.DELETE}
    text = (Path(__file__).parents[2] / f"plugins/groupsync_rest/profiles/{name}.yaml").read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=../../../schemas/profile.v1.schema.json\n")
    Draft202012Validator(profile_schema()).validate(YAML(typ="safe").load(text))


def test_a_profile_that_only_lists_can_only_be_read():
    """What is not described is not declared, so that it is refused when planning."""
    can = parsed(SMALLEST).capabilities()
    assert (frozenset(), False, False, 1) == (can.actions, can.ownership, can.revisions, can.concurrent)


def test_capabilities_follow_from_the_calls():
    """Marks where they are read and written, revisions where every write sends one, one a request where one says so."""
    can = parsed(WRITABLE).capabilities()
    assert {Action.UPDATE, Action.ADOPT, Action.FORGET} == can.actions
    assert (True, True, 1, 4) == (can.ownership, can.revisions, can.bulk_limit, can.concurrent)
    assert {"display_name"} == can.attributes
    assert not parsed(WRITABLE.replace("query: {at: $revision}, ", "")).capabilities().revisions
    assert not parsed(WRITABLE.replace("notes: $mark_text, ", "")).capabilities().ownership
    written = ("$mark_text", "$mark", "$mark_past")
    assert [False, False, True] == [
        parsed(WRITABLE.replace("$mark_text", each)).capabilities().remembers for each in written
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ((ITEMS, "items: '@['"), ("GS505", 4, 38, "`@[` is no JMESPath expression")),
        (("GET groups", "'GET groups/{nam}'"), ("GS505", 4, 19, "Nothing is called `nam`")),
        (("GET groups", "FETCH groups"), ("GS206", 4, 19, "`calls.list.request` is `FETCH groups`")),
        (("version: 1\n", ""), ("GS202", 1, 1, "The key `version` is missing")),
        ((ITEMS, "item: x"), ("GS201", 4, 31, "The key `item` is unknown in `calls.list`")),
        (("calls:\n", "calls:\n  add: {request: POST x}\n"), ("GS505", 4, 3, "There is no call `remove`")),
        ((ITEMS, "items: x, pages: {by: cursor}"), ("GS505", 4, 41, "Pages by cursor need `next`")),
        ((ITEMS, "items: x, then_get: true"), ("GS505", 4, 51, "There is no call `get`")),
        (("calls:\n", "parameters: {id: {description: x}}\ncalls:\n"), ("GS505", 3, 14, "The parameter `id` has")),
    ],
)
def test_what_is_wrong_with_a_profile_has_a_place(change, expected):
    """Line and column of what to mend, for the schema's findings and for those that it can't make."""
    found = findings(SMALLEST.replace(*change))
    code, line, column, summary = expected
    assert (code, line, column) in [each[:3] for each in found], found
    assert any(each[3].startswith(summary) for each in found), found


READS = """\
version: 1
group: {name: name}
calls:
  list: {request: GET groups, items: "@"}
  get: {request: "GET groups/{name}", group: "@"}
  members: {request: "GET groups/{name}/users", items: "@"}
  check: {request: GET me, shows: name}
"""


@pytest.mark.parametrize("name", ["list", "get", "members", "check"])
def test_a_call_that_reads_can_not_write(name):
    """Plans and checks send it: it is a GET or HEAD, or a POST of which the profile says that it only reads."""
    line = next(line for line in READS.splitlines() if line.startswith(f"  {name}:"))

    def made(method, more=""):
        return READS.replace(line, line.replace("GET", method).removesuffix("}") + more + "}")

    for method in ("DELETE", "PUT", "PATCH"):
        for more in ("", ", reads: true"):
            assert "GS206" in [each[0] for each in findings(made(method, more))]
            assert not Draft202012Validator(profile_schema()).is_valid(YAML(typ="safe").load(made(method, more)))
    for more in ("", ", reads: false"):
        assert [f"`{name}` is a POST, which may write"] == [each[3] for each in findings(made("POST", more))]
    for text in (made("HEAD"), made("POST", ", reads: true")):
        assert parsed(text).calls[name].only_reads


OURS = [
    "Host", "content-length", "Transfer_Encoding", "CONNECTION", "Upgrade", "TE", "trailer", "Expect", "Proxy-A",
    "Keep-Alive", "Host ",
]  # fmt: skip


@pytest.mark.parametrize("header", OURS)
def test_a_header_that_leads_elsewhere_or_frames_a_request_is_refused(header):
    """Of the profile and of a call, one that writes, too: at its name."""
    own = SMALLEST.replace("calls:", f'headers: {{"{header}": x}}\ncalls:')
    assert [("GS505", 3, 11, f"The header `{header}` can't be set")] == findings(own)
    call = WRITABLE.replace("If-Match: $revision", f'"{header}": $revision')
    assert [("GS505", 10, 70, f"The header `{header}` can't be set")] == findings(call)


@pytest.mark.parametrize(
    "more",
    [
        "headers: {x-http-method: DELETE}",
        "headers: {X-HTTP-Method-Override: PUT}",
        "headers: {X-Method-Override: PUT}",
        "query: {_method: delete}",
        "query: {_METHOD: delete}",
        "pages: {by: page, parameter: _method}",
    ],
)
@pytest.mark.parametrize("name", ["list", "get", "members", "check"])
def test_a_call_that_reads_is_not_taken_for_one_that_writes(name, more):
    """Many frameworks take the method from a header or a field."""
    line = next(line for line in READS.splitlines() if line.startswith(f"  {name}:"))
    text = READS.replace(line, line.removesuffix("}") + f", {more}}}")
    found = findings(text)
    assert found
    if found[0][0] != "GS201":  # some have no pages
        assert [("GS505", True)] == [(code, "taken for one that writes" in said) for code, *_, said in found]


def test_nor_by_the_path_or_by_a_header_of_every_call():
    """A call that writes may say how."""
    for change in (
        ("GET groups,", '"GET groups?a=b&%5Fmethod=delete",'),
        ("calls:", "headers: {X-HTTP-Method: PUT}\ncalls:"),
    ):
        assert ["GS505"] == [each[0] for each in findings(SMALLEST.replace(*change))]
    assert parsed(WRITABLE.replace("If-Match: $revision", "If-Match: $revision, X-HTTP-Method: PURGE"))


def test_nothing_that_may_write_is_sent_for_reading():
    """Not even where a profile was made in another way."""
    profile = parsed(READS)
    call = replace(profile.calls["list"], method="DELETE")
    wire = Wire(None, profile, {})  # would be asked
    with pytest.raises(BackendError, match="`list` of the profile may change something: it is a DELETE"):
        wire.send(call, {})


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("", "The profile is not one document"),
        (SMALLEST + "---\n" + SMALLEST, "The profile is not one document"),
        (WRITABLE.replace("{add: $add}", "{add: everybody}"), "`add` does not say what to send"),
        (WRITABLE.replace(GET, "").replace("PATCH", "PUT"), "There is no call `get`"),
        (WRITABLE.replace("body: {add", "form: {x: y}, body: {add"), "`add` has both a `body` and a `form`"),
        (WRITABLE + "  members: {request: GET m, items: '@'}\n", "The members are both in the group and in a call"),
    ],
)  # fmt: skip
def test_calls_that_do_not_fit_are_told(text, summary):
    """Before anything is sent."""
    assert any(each[3].startswith(summary) for each in findings(text)), findings(text)


KEYS = ["version", "group", "name", "calls", "list", "request", "items", "pages", "by", "limits", "errors", "body", "a"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["GET a", "@", "cursor", "$x", "{y}", "$keep", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
)


@given(value=VALUES)
def test_any_document_gives_a_profile_or_findings_with_places(value):
    """No value anywhere in the file raises anything else."""
    found = ()
    try:
        parsed(json.dumps(value))
    except InvalidDefinitions as error:
        found = error.diagnostics
    assert all(each.subject is not None and each.subject.line for each in found)


def test_an_answer_is_told_by_its_status_and_its_words():
    """Where one status means several things, its body decides."""
    meaning = Meaning(400, "List Exists")
    assert meaning.fits(400, b'{"description": "Mailing list exists"}')
    assert not meaning.fits(400, b"No such list")
    assert not meaning.fits(409, b"list exists")
    assert Meaning(404).fits(404, b"\xff")


# --- Options ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path):
    """Make a backend of options in an empty project."""
    context = BackendContext(tmp_path, "p", "crm", str.lower)

    def make(**options):
        return RestBackend.from_options({"url": "https://groups.example.com", **options}, context)

    make.root = tmp_path
    return make


def test_a_profile_of_the_project_is_read(made):
    """By its path from the project's folder."""
    (made.root / "crm.yaml").write_text(WRITABLE)
    assert made(profile="crm.yaml").capabilities == parsed(WRITABLE).capabilities()
    assert 2 == made(profile="crm.yaml", max_in_flight=2).capabilities.concurrent
    assert 4 == made(profile="crm.yaml", max_in_flight=9).capabilities.concurrent


def test_a_missing_library_is_told_with_its_command(made, monkeypatch):
    """The wheel comes without what only some need."""
    monkeypatch.setitem(sys.modules, "jmespath", None)  # as if it were not there
    with pytest.raises(ConfigError, match="lacks a library") as caught:
        made(profile="groupsync")
    assert "pip install 'groupsync[rest]'" == caught.value.hint


def test_a_profile_outside_the_project_is_not_read(made):
    """Nor one that is not there."""
    (made.root.parent / "outside.yaml").write_text(SMALLEST)
    for path, code in (("../outside.yaml", "GS111"), ("missing.yaml", "GS110")):
        with pytest.raises(InvalidDefinitions) as caught:
            made(profile=path)
        assert [code] == [found.code for found in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("options", "summary"),
    [
        ({"profile": "jupiter"}, "there is no profile `jupiter`"),
        ({"profile": "mailman3"}, "the profile `mailman3` needs the parameter `domain`"),
        ({"profile": "groupsync", "parameters": {"x": "y"}}, "the profile `groupsync` has no parameter `x`"),
        ({"profile": "groupsync", "create_missing_users": True}, "`create_missing_users` does nothing here"),
        ({"profile": "groupsync", "url": "http://groups.example.com"}, "the address of the target `crm`"),
    ],
)
def test_options_that_do_not_fit_are_refused(made, options, summary):
    """With what there is instead."""
    with pytest.raises(ConfigError, match="^" + summary) as caught:
        made(**options)
    assert caught.value.hint
