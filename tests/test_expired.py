"""`fmt --drop-expired`: what can never hold again goes, and who belongs stays the same from now on."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.cli import run
from groupsync.config import load_config
from groupsync.edits.expired import KEYS, Dropped, drop_expired
from groupsync.formatting import format_files, project_files
from groupsync.identity import Identity
from groupsync.project import load_project
from groupsync.writing import write_file
from groupsync.yaml.events import parse_yaml
from tests.worlds import NOW

CONFIG = "version: 1\nproject: shop\ndefinitions: [groups/**/*.yaml]\n"
PEOPLE = [f"{name}@example.com" for name in ("ada", "bob", "cy", "dee")]
BASE = "".join(
    f"---\nkind: known-user-group\nname: {name}\nmembers: [{', '.join(PEOPLE[start:])}]\n"
    for start, name in enumerate(("all", "most", "some"))
)
periods = st.sampled_from(
    [
        *("", ", until: 2026-01-01", ", until: 2026-11-23, reason: spring", ', until: "2026-11-23T12:00:00Z"'),
        *(', until: "2026-11-23T12:00:01Z"', ", from: 2026-12-01", ", from: 2026-02-01, until: 2027-01-01"),
    ]
)
notes = st.sampled_from(["", "", "  # a note"])


@st.composite
def lists(draw, key, subject, names):
    """Return a key with entries in one of many layouts; nothing for no entries, at times."""
    entries = [f"{{{subject}: {name}{draw(periods)}}}" for name in draw(st.lists(st.sampled_from(names), max_size=4))]
    if not entries:
        return draw(st.sampled_from(["", f"{key}: []\n"]))
    if draw(st.booleans()):
        return f"{key}: [{', '.join(entries)}]{draw(notes)}\n"
    above = draw(st.sampled_from(["", "  # above\n"]))
    return f"{key}:{draw(notes)}\n" + "".join(f"{above}  - {entry}{draw(notes)}\n" for entry in entries)


@st.composite
def files(draw):
    """Return a file with a group that has dated entries wherever there can be some, and those it is built from."""
    parts = [
        draw(lists("members", "email", PEOPLE)),
        *(draw(lists(key, "group", ["all", "most", "some"])) for key in ("include", "exclude", "restrict_to")),
        draw(st.sampled_from(["", "until: 2027-06-01\n", "until: 2026-06-01\n"])),
    ]
    return f"# head\nkind: known-user-group\nname: g\n{''.join(draw(st.permutations(parts)))}{BASE}".encode()


def who_belongs(root, instants):
    """Return the members of every group at each instant; None for one that doesn't say."""
    config = load_config(root / "groupsync.yaml")
    found = []
    for instant in instants:
        groups = load_project(config, instant).resolution.groups
        found.append({each.group.name: each.group.members and each.group.members.load() for each in groups})
    return found


@given(files(), st.lists(st.integers(0, 400), max_size=3))
def test_who_belongs_is_the_same_now_and_at_any_later_time(data, days):
    """No group gains or loses anybody, or ceases to say who belongs, and a second time there is nothing to do."""
    instants = [NOW, *(NOW + timedelta(days=each) for each in days)]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "groups").mkdir()
        (root / "groupsync.yaml").write_text(CONFIG)
        (root / "groups" / "a.yaml").write_bytes(data)
        before = who_belongs(root, instants)
        config, problems = load_config(root / "groupsync.yaml"), []
        for file in format_files(config, project_files(config, problems.append), problems.append, expired_at=NOW):
            write_file(root, file.path, file.after, replace=True)
        assert [] == problems
        assert before == who_belongs(root, instants)
        after = (root / "groups" / "a.yaml").read_bytes()
        assert Dropped(after) == drop_expired(after, "a.yaml", Identity(), NOW)


@given(files())
def test_what_has_expired_goes_and_nothing_else(data):
    """Each list keeps its other entries in their order, all other keys their value, and the head of the file stays."""
    dropped = drop_expired(data, "a.yaml", Identity(), NOW)
    (before, *_), _ = parse_yaml(data, "a.yaml")
    (after, *_), wrong = parse_yaml(dropped.data, "a.yaml")
    assert [] == wrong
    gone = 0
    for key in KEYS:
        kept = [each for each in before.value.get(key, ()) if "until: 2026-" not in text_of(each) or is_later(each)]
        gone += len(before.value.get(key, ())) - len(kept)
        assert kept == list(after.value.get(key, ()))
    assert gone == len(dropped.places)
    others = [{key: value for key, value in each.value.items() if key not in KEYS} for each in (before, after)]
    assert others[0] == others[1]
    assert dropped.data.startswith(b"# head\n")
    assert data == dropped.data or gone


def text_of(entry):
    return f"until: {entry.get('until', '')}"


def is_later(entry):
    return entry["until"] == "2026-11-23T12:00:01Z"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("members:\n  - {email: a@x.com, until: 2026-01-01} # left\n", "members: []\n"),
        ("members: [{email: a@x.com, until: 2026-01-01}]\n", "members: []\n"),
        ("include:\n  - {group: all, until: 2026-01-01}\n", "include: []\n"),
        ("members: [b@x.com]\ninclude:\n  - {group: all, until: 2026-01-01}\n", "members: [b@x.com]\n"),
        ("members: [b@x.com]\nexclude:\n  - {group: all, until: 2026-01-01}\n", "members: [b@x.com]\n"),
        (
            "members:\n  # interns\n  - {email: a@x.com, until: 2026-01-01}\n  - b@x.com # stays\n",
            "members:\n  # interns\n  - b@x.com # stays\n",
        ),
    ],
)
def test_a_group_goes_on_saying_who_belongs(before, after):
    """The last entry of the only list that says who belongs leaves an empty list; of any other, nothing."""
    head = "kind: known-user-group\nname: g\n"
    assert (head + after).encode() == drop_expired((head + before).encode(), "a.yaml", Identity(), NOW).data


def test_what_can_not_be_edited_is_told(tmp_path, monkeypatch, capsys):
    """An entry that is laid out as no edit is sure of stays, with a warning at its place."""
    (tmp_path / "groups").mkdir()
    (tmp_path / "groupsync.yaml").write_text(CONFIG)
    odd = "kind: known-user-group\nname: g\nmembers: [\n  {email: a@x.com,\n  until: 2026-01-01}, # why\n  b@x.com]\n"
    (tmp_path / "groups/a.yaml").write_text(odd)
    monkeypatch.chdir(tmp_path)
    assert 0 == run(["fmt", "--drop-expired"])
    told = capsys.readouterr().err
    assert "GS198" in told
    assert "groups/a.yaml:4:3" in told
    assert "2026-01-01" in (tmp_path / "groups/a.yaml").read_text()


def test_fmt_takes_them_out_only_when_asked(tmp_path, monkeypatch, capsys):
    """Plain `fmt` keeps them; `--drop-expired --check` tells by its exit code and writes nothing."""
    (tmp_path / "groups").mkdir()
    (tmp_path / "groupsync.yaml").write_text(CONFIG)
    text = "kind: known-user-group\nname: g\nmembers:\n  - {email: a@x.com, until: 2026-01-01}\n  - b@x.com\n"
    place = tmp_path / "groups/a.yaml"
    place.write_text(text)
    monkeypatch.chdir(tmp_path)
    assert 0 == run(["fmt", "--check"])
    assert 1 == run(["fmt", "--drop-expired", "--check"])
    assert text == place.read_text()
    assert 0 == run(["fmt", "--drop-expired"])
    assert "kind: known-user-group\nname: g\nmembers:\n  - b@x.com\n" == place.read_text()
    assert "1 file formatted" in capsys.readouterr().err
