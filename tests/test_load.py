"""Finding, reading and loading the files of a project."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync import load
from groupsync.files import UnreadableFile, find_files, read_text_file, search_files
from groupsync.identity import Identity
from groupsync.load import load_definitions, parser_name

GROUP = "kind: known-user-group\nname: {}\nmembers: [a@b.example]\n"


def write(root, files):
    """Write files, by their paths from the root."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")


def load_all(root, *patterns):
    return load_definitions(root, patterns or ["groups/**/*.yaml"], Identity())


def found_by(loaded):
    """Return code and place of everything found."""
    return [(found.code, str(found.subject) if found.subject else None) for found in loaded.diagnostics]


# --- Finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["groups/*.yaml"], ["groups/a.yaml"]),
        (["groups/**/*.yaml"], ["groups/a.yaml", "groups/x/b.yaml", "groups/x/y/c.yaml"]),
        (["groups/**"], ["groups/a.yaml", "groups/d.yml", "groups/x/b.yaml", "groups/x/y/c.yaml"]),
        (["**/b.yaml", "groups/x/*.yaml"], ["groups/x/b.yaml"]),
        (["groups/?.y*ml"], ["groups/a.yaml", "groups/d.yml"]),
        (["groups/[!a].yml", "groups/[a-c].yaml"], ["groups/a.yaml", "groups/d.yml"]),
        (["groups/x/../a.yaml"], []),
        (["./groups//a.yaml"], ["groups/a.yaml"]),
        (["groups/.hidden/*.yaml"], ["groups/.hidden/h.yaml"]),
        (["*/x/**/*.yaml"], ["groups/x/b.yaml", "groups/x/y/c.yaml"]),
        (["root.yaml"], ["root.yaml"]),
    ],
)
def test_patterns_match_paths_from_the_project(tmp_path, patterns, expected):
    """`**` is any number of folders, `*` stays within a name, a dot at the start is written out, none twice."""
    paths = ["groups/a.yaml", "groups/d.yml", "groups/x/b.yaml", "groups/x/y/c.yaml", "groups/n.txt", "root.yaml"]
    write(tmp_path, dict.fromkeys([*paths, "groups/.hidden/h.yaml", "groups/x/.h.yaml"], ""))
    assert expected == find_files(tmp_path, patterns)[0]


@pytest.mark.parametrize("pattern", ["/etc/*.yaml", "../*.yaml", "groups/../../x.yaml", "a\\b.yaml", "", "."])
def test_patterns_that_leave_the_project_are_errors(tmp_path, pattern):
    """Definitions come from the project's folder, and from nowhere else."""
    files, (found,) = find_files(tmp_path, [pattern])
    assert ([], "GS111", "error") == (files, found.code, found.severity)


@pytest.mark.parametrize("pattern", ["groups/*.yaml", "nowhere/**/*.yaml", "groups/a.txt", "a.yaml/b.yaml"])
def test_a_pattern_that_matches_nothing_is_a_warning(tmp_path, pattern):
    """Removing the last definition is a plan like any other, so it is no error, but never silent."""
    write(tmp_path, {"groups/a.txt": "", "a.yaml": ""})
    files, (found,) = find_files(tmp_path, [pattern])
    assert ([], "GS112", "warning") == (files, found.code, found.severity)
    assert f"`{pattern}`" in found.summary


def test_each_pattern_is_judged_by_itself(tmp_path):
    """A second pattern that matches only what the first did matches something."""
    write(tmp_path, {"groups/a.yaml": ""})
    assert (["groups/a.yaml"], []) == find_files(tmp_path, ["groups/*.yaml", "**/*.yaml"])


def test_links_stay_inside_the_project(tmp_path):
    """A link to a file inside is followed, one that leads out, or nowhere, is an error, and a linked folder is told."""
    outside = tmp_path / "outside"
    root = tmp_path / "project"
    write(outside, {"x.yaml": GROUP.format("x")})
    write(root, {"real/a.yaml": GROUP.format("a"), "groups/b.yaml": GROUP.format("b")})
    (root / "groups/in.yaml").symlink_to("../real/a.yaml")
    (root / "groups/out.yaml").symlink_to(outside / "x.yaml")
    (root / "groups/gone.yaml").symlink_to("nothing.yaml")
    (root / "groups/folder").symlink_to(root / "real")
    (root / "away").symlink_to(outside)
    files, found = find_files(root, ["groups/**/*.yaml", "away/*.yaml"])
    assert files == ["groups/b.yaml", "groups/in.yaml"]
    assert {
        ("GS111", "groups/out.yaml"),
        ("GS110", "groups/gone.yaml"),
        ("GS113", "groups/folder"),
        ("GS111", "away"),
    } == {(one.code, str(one.subject)) for one in found}


def test_links_in_a_circle_end(tmp_path):
    """A folder that links to what contains it is not walked for ever."""
    write(tmp_path, {"groups/a.yaml": ""})
    (tmp_path / "groups/loop").symlink_to(tmp_path / "groups")
    (tmp_path / "groups/self.yaml").symlink_to("self.yaml")
    files, found = find_files(tmp_path, ["**/*.yaml"])
    assert files == ["groups/a.yaml"]
    assert ["GS110", "GS113"] == sorted(one.code for one in found)


def test_what_is_no_file_is_named(tmp_path):
    """A folder or a pipe with a definition's name is an error, not a surprise."""
    (tmp_path / "groups/folder.yaml").mkdir(parents=True)
    os.mkfifo(tmp_path / "groups/pipe.yaml")
    files, found = find_files(tmp_path, ["groups/*.yaml"])
    assert files == []
    assert [("GS110", "groups/folder.yaml"), ("GS110", "groups/pipe.yaml")] == [
        (one.code, str(one.subject)) for one in found
    ]
    assert "a folder" in found[0].summary


def test_a_name_that_can_not_be_shown_is_an_error(tmp_path):
    """A file name outside UTF-8, or with control characters, never reaches the terminal as it is."""
    (tmp_path / "a\x1b[31m.yaml").write_text("")
    try:
        with open(os.fsencode(tmp_path) + b"/\xff.yaml", "wb"):  # noqa: PTH123 - Path takes no bytes
            expected = 2
    except OSError:
        expected = 1  # a file system that only takes UTF-8
    files, found = find_files(tmp_path, ["*.yaml"])
    assert ([], ["GS110"] * expected) == (files, [one.code for one in found])
    assert all(str(one.subject).isascii() and str(one.subject).isprintable() for one in found)


# --- Reading ----------------------------------------------------------------------------------------------------------


def refusal(root, path, limit=100):
    with pytest.raises(UnreadableFile) as caught:
        read_text_file(root, path, limit)
    return caught.value.diagnostic.code, caught.value.diagnostic.summary


def test_a_file_is_read_as_it_is(tmp_path):
    """The bytes come back untouched, up to the bound."""
    (tmp_path / "f").write_bytes(b"\xff\r\n")
    assert read_text_file(tmp_path, "f", 3) == b"\xff\r\n"


def test_what_can_not_be_read_says_why(tmp_path):
    """Gone, a folder, a pipe, too large, outside: each has its words."""
    (tmp_path / "p/folder").mkdir(parents=True)
    (tmp_path / "p/big").write_bytes(b"x" * 5)
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "p/link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "p/pipe")
    root = tmp_path / "p"
    assert ("GS110", "`gone` is not there") == refusal(root, "gone")
    assert ("GS110", "`folder` is a folder") == refusal(root, "folder")
    assert ("GS110", "`pipe` is no regular file") == refusal(root, "pipe")
    assert ("GS107", "The file is too large") == refusal(root, "big", 4)
    assert ("GS111", "`link` leads out of the project") == refusal(root, "link")
    assert ("GS111", "`../secret` leads out of the project") == refusal(root, "../secret")


# --- Loading ----------------------------------------------------------------------------------------------------------


def test_definitions_come_sorted_by_name(tmp_path):
    """Files and documents in any order give the same definitions."""
    write(
        tmp_path, {"groups/1.yaml": GROUP.format("c") + "---\n" + GROUP.format("a"), "groups/2.yaml": GROUP.format("b")}
    )
    loaded = load_all(tmp_path)
    assert (["a", "b", "c"], (), ("groups/1.yaml", "groups/2.yaml")) == (
        [one.name for one in loaded.definitions], loaded.diagnostics, loaded.files,
    )  # fmt: skip


def test_errors_of_all_files_are_shown_together(tmp_path):
    """One broken file hides nothing of another, and findings are sorted by file and line."""
    write(tmp_path, {
        "groups/a.yaml": "kind: known-user-group\nname: a\nmembres: []\n---\nname: 'x\n",
        "groups/b.yaml": GROUP.format("b"),
        "groups/c.yaml": GROUP.format("c").replace("a@b.example", "nobody"),
        "groups/e.yaml": "name: e\nname: f\nkind: known-user-group\n",
    })  # fmt: skip
    (tmp_path / "groups/d.yaml").mkdir()
    loaded = load_all(tmp_path)
    assert [
        ("GS201", "groups/a.yaml:3:1"), ("GS101", "groups/a.yaml:5:7"), ("GS307", "groups/c.yaml:3:11"),
        ("GS110", "groups/d.yaml"), ("GS102", "groups/e.yaml:2:1"),
    ] == found_by(loaded)  # fmt: skip
    assert [one.name for one in loaded.definitions] == ["b"]


def test_one_name_twice_is_found_across_files(tmp_path):
    """Two definitions of one name are an error, even where one of them has another error."""
    write(tmp_path, {"groups/a.yaml": GROUP.format("x") + "oops: 1\n", "groups/b.yaml": GROUP.format("x")})
    assert [("GS201", "groups/a.yaml:4:1"), ("GS210", "groups/b.yaml:2:7")] == found_by(load_all(tmp_path))


def test_a_file_that_vanishes_meanwhile_is_an_error(tmp_path, monkeypatch):
    """A file that was listed and is gone when it is read is never taken for an empty one."""
    write(tmp_path, {"groups/a.yaml": GROUP.format("a"), "groups/b.yaml": GROUP.format("b")})

    def find_then_delete(root, patterns, places):
        found = search_files(root, patterns, places)
        (root / "groups/a.yaml").unlink()
        return found

    monkeypatch.setattr(load, "search_files", find_then_delete)
    assert [("GS110", "groups/a.yaml")] == found_by(load_all(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_an_error(tmp_path):
    """What may not be read says so."""
    write(tmp_path, {"groups/a.yaml": GROUP.format("a")})
    (tmp_path / "groups/a.yaml").chmod(0)
    assert [("GS110", "groups/a.yaml")] == found_by(load_all(tmp_path))


def large_project(root, count=260):
    """Write more files than one process reads; each 20th has an error."""
    write(root, {
        f"groups/{number}.yaml": GROUP.format(f"g{number:03}") + ("oops: 1\n" if number % 20 == 0 else "")
        for number in range(count)
    })  # fmt: skip
    return count


@pytest.fixture
def several_processes(monkeypatch):
    """Let the loader believe in two processors, and tell which processes loaded files."""
    monkeypatch.setattr(load, "_processors", lambda: 2)


def test_several_processes_give_what_one_gives(tmp_path, several_processes, monkeypatch):
    """Definitions, findings and their order don't depend on who read what."""
    large_project(tmp_path)
    together = load_all(tmp_path)
    monkeypatch.setattr(load, "_processors", lambda: 1)
    alone = load_all(tmp_path)
    assert alone == together
    assert (247, 13) == (len(alone.definitions), len(alone.diagnostics))


def test_a_killed_process_loses_nothing(tmp_path, several_processes, monkeypatch):
    """If the system kills a helping process, this one reads what is missing."""
    count = large_project(tmp_path)
    parent, read = os.getpid(), load.read_found_file

    def read_or_die(*args):
        if os.getpid() != parent:
            os._exit(9)
        return read(*args)

    monkeypatch.setattr(load, "read_found_file", read_or_die)
    loaded = load_all(tmp_path)
    assert count == len(loaded.definitions) + len(loaded.diagnostics)


def test_no_process_is_forked_beside_a_thread(tmp_path, several_processes, monkeypatch):
    """With another thread about, a fork could inherit a lock for ever: one process does it all."""
    count = large_project(tmp_path)
    monkeypatch.setattr(load, "_warm_up", lambda *_: pytest.fail("forked"))
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        loaded = load_all(tmp_path)
    finally:
        done.set()
        thread.join()
    assert count == len(loaded.definitions) + len(loaded.diagnostics)


def test_the_parser_in_use_is_named():
    """`groupsync version` can show which parser runs."""
    assert parser_name().split()[0] in {"libyaml", "pure"}


DEFINITION = """\
kind: known-user-group
name: beta
owners: [growth@contoso.com]
labels: {a: b, 'c': "d"}
members:
  - ada@contoso.com
  - {email: grace@contoso.com, from: 2026-12-01, until: "2027-01-31", reason: x}
members_from:
  - {path: members/beta.csv, column: email}
include: [staff, {match: "b-*"}, {group: x, until: 2026-01-01T00:00:00Z}]
previously: [old]
lifecycle: {state: absent, prevent_delete: true}
"""
PIECES = ["\t", " ", ":", "-", "[", "]", "{", "}", "'", '"', "&a ", "*a ", "!", "|", ">", "#", ",", "\n", "~", "<<: ",
    "null", "- ", "\u2028", "é", "\x00", "\ufeff", "---\n", "...", "members:", "x: "]  # fmt: skip


@given(data=st.data())
def test_mutated_definitions_give_findings_with_a_place(data):
    """Whatever happens to a file, what is said about it is one printable line with file and line."""
    text = DEFINITION
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(text)))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[start + data.draw(st.integers(0, 9)) :]
    with TemporaryDirectory() as folder:
        (Path(folder) / "f.yaml").write_text(text, "utf-8")
        loaded = load_all(Path(folder), "f.yaml")
    assert all(one.subject.path == "f.yaml" and one.subject.line for one in loaded.diagnostics)
    assert all(one.summary.isprintable() for one in loaded.diagnostics)
