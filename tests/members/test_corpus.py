"""Member files as people have them, each through every reader: `tests/corpus/` has the files, and what comes out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from groupsync.codes import CODES
from groupsync.errors import InvalidDefinitions
from groupsync.fmt.texts import format_member_file
from groupsync.identity import Identity
from groupsync.members.files import MemberFiles, read_members
from groupsync.model import MemberFile, Severity, SourceRange, encode_members
from groupsync.validate import check_definition, definition_of
from groupsync.yaml.events import parse_yaml

CORPUS = Path(__file__).parents[1] / "corpus"
CASES: dict[str, dict[str, Any]] = yaml.safe_load((CORPUS / "expected.yml").read_text("utf-8"))
IDENTITY = Identity(unusual="refuse")
DEFINITION = SourceRange("definition")


def member_file(name: str) -> MemberFile:
    """Return the entry of `members_from` that a case reads."""
    entry = {"path": name, **CASES[name].get("options", {})}
    text = json.dumps({"kind": "known-user-group", "name": "beta", "members_from": [entry]}, default=str)
    [document], _ = parse_yaml(text.encode(), "definition")
    assert [] == check_definition(document)
    definition, found = definition_of(document, IDENTITY)
    assert [] == found
    [file] = definition.members_from
    return replace(file, at=DEFINITION)


def shown(found):
    """Return code and place of a finding as the expectations have them."""
    in_file = found.subject.path != DEFINITION.path
    return (
        f"{found.code} {str(found.subject).removeprefix(found.subject.path).lstrip(':') if in_file else 'definition'}"
    )


def test_every_file_has_an_expectation():
    """No file of the corpus is there without being read, and none is missing."""
    assert sorted([*CASES, "expected.yml"]) == sorted(path.name for path in CORPUS.iterdir() if path.is_file())
    assert all(case["says"].endswith(".") for case in CASES.values())


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_read_as_its_owner_means_it(name):
    """Members and findings of the reader are those that are written down."""
    case = CASES[name]
    members, found = read_members((CORPUS / name).read_bytes(), member_file(name), IDENTITY)
    assert (case["members"], case.get("findings", [])) == (sorted(members), [shown(each) for each in found])
    assert all(each.code in CODES and each.summary and "\n" not in each.summary for each in found)


@pytest.mark.parametrize("name", CASES)
def test_a_project_has_the_same_of_a_file_or_nothing(name):
    """What a run loads are these members; with an error it has none, and says so."""
    case, told = CASES[name], []
    members = MemberFiles(CORPUS, IDENTITY, told.append).members(member_file(name))
    try:
        loaded = sorted(members.load())
        raw = members.raw() if members.raw else encode_members(loaded)
    except InvalidDefinitions:
        loaded, raw = None, None
    is_wrong = any(each.severity is Severity.ERROR for each in told)
    assert (None if is_wrong else case["members"]) == loaded
    assert case.get("findings", []) == [shown(each) for each in told]
    if raw is not None and raw.decode() == "\n".join(sorted(raw.decode().split("\n")[:-1])) + "\n":
        plain = IDENTITY.canonical_plain(raw.decode().split("\n")[:-1])
        assert plain is None or "\n".join(plain) + "\n" != raw.decode() or encode_members(loaded) == raw


@pytest.mark.parametrize("name", CASES)
def test_the_formatter_changes_nobody(name):
    """A formatted file has the same members, and formatting it again changes nothing; a wrong one stays as it is."""
    data, file = (CORPUS / name).read_bytes(), member_file(name)
    if file.reading is not None or isinstance(file.column, int):
        return  # such files stay as they are
    result = format_member_file(data, name, IDENTITY, file.column)
    before, found = read_members(data, file, IDENTITY)
    if any(each.severity is Severity.ERROR for each in found):
        assert data == result.data
        return
    assert before == read_members(result.data, file, IDENTITY)[0]
    assert result.data == format_member_file(result.data, name, IDENTITY, file.column).data


def is_plain(name: str) -> bool:
    """Tell whether a file is UTF-8 without a mark, and has the line ends of this system."""
    data = (CORPUS / name).read_bytes()
    is_text = name.endswith((".txt", ".csv", ".tsv")) and "encoding" not in CASES[name].get("options", {})
    is_text &= not any(each[:5] in {"GS303", "GS304", "GS306"} for each in CASES[name].get("findings", []))
    return is_text and b"\r" not in data and not data.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("name", [name for name in CASES if is_plain(name)])
@pytest.mark.parametrize("change", ["crlf", "mark"])
def test_line_ends_and_a_byte_order_mark_change_nothing(name, change):
    """A file that went through another system has the same members and findings."""
    data = (CORPUS / name).read_bytes()
    changed = data.replace(b"\n", b"\r\n") if change == "crlf" else b"\xef\xbb\xbf" + data
    (members, found), (same, again) = (read_members(each, member_file(name), IDENTITY) for each in (data, changed))
    assert (members, [shown(each) for each in found]) == (same, [shown(each) for each in again])
