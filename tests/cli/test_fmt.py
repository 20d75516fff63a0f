"""`groupsync fmt`."""

from __future__ import annotations

import pytest

from groupsync.cli import run
from groupsync.model import digest_bytes

CONFIG = "version: 1\nproject: shop\ndefinitions: [groups/**/*.yaml]\n"
UNTIDY = "name: a\nkind: known-user-group\nmembers: [b@x.com, A@x.com]\nmembers_from:\n  - path: m.txt\n"
TIDY = "kind: known-user-group\nname: a\nmembers: [a@x.com, b@x.com]\nmembers_from:\n  - path: m.txt\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with an untidy definition, an untidy list, and a table that is nobody's business."""
    (tmp_path / "groups").mkdir()
    (tmp_path / "groupsync.yaml").write_text(CONFIG, "utf-8")
    (tmp_path / "groups/a.yaml").write_text(UNTIDY, "utf-8")
    (tmp_path / "groups/m.txt").write_text("Z@x.com, y@x.com", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_that_change_are_listed_and_written(project, capsys):
    """Names go to stdout, the tally to stderr, and a second run has nothing to do."""
    assert run(["fmt"]) == 0
    out, err = capsys.readouterr()
    assert out == "groups/a.yaml\ngroups/m.txt\n"
    assert err == "2 files formatted, 0 files in order.\n"
    assert TIDY == (project / "groups/a.yaml").read_text("utf-8")
    assert (project / "groups/m.txt").read_text("utf-8") == "y@x.com\nz@x.com\n"
    assert run(["fmt", "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_check_writes_nothing_and_fails(project, capsys):
    """`--check` is for CI: exit code 1 and the names of the files."""
    assert run(["fmt", "--check"]) == 1
    assert capsys.readouterr().out == "groups/a.yaml\ngroups/m.txt\n"
    assert UNTIDY == (project / "groups/a.yaml").read_text("utf-8")


def test_diff_shows_what_would_change(project, capsys):
    """`--diff` prints a unified diff that says where a file does not end in a line break, and writes nothing."""
    assert run(["fmt", "--diff", "groups/m.txt"]) == 0
    expected = """\
--- groups/m.txt
+++ groups/m.txt
@@ -1 +1,2 @@
-Z@x.com, y@x.com
\\ No newline at end of file
+y@x.com
+z@x.com
"""
    assert expected == capsys.readouterr().out
    assert UNTIDY == (project / "groups/a.yaml").read_text("utf-8")


def test_paths_pick_files_and_folders(project, capsys):
    """Only what is named is touched; what is not the project's is said and left alone."""
    assert run(["fmt", "groups/a.yaml", "groupsync.yaml"]) == 0
    out, err = capsys.readouterr()
    assert out == "groups/a.yaml\n"
    assert "groupsync.yaml: nothing there" in err
    assert run(["fmt", "--check", "groups"]) == 1
    assert capsys.readouterr().out == "groups/m.txt\n"


def test_a_path_that_is_not_there_is_wrong_usage(project):
    """A misspelt name is not taken for a file without anything to format."""
    assert run(["fmt", "groups/b.yaml"]) == 64


def test_a_broken_file_is_told_and_the_rest_is_formatted(project, capsys):
    """One file that can't be read fails the run, is left as it is, and stops no other."""
    (project / "groups/b.yaml").write_text("name: [\n", "utf-8")
    assert run(["fmt"]) == 1
    out, err = capsys.readouterr()
    assert out == "groups/a.yaml\ngroups/m.txt\n"
    assert "groups/b.yaml:" in err
    assert (project / "groups/b.yaml").read_text("utf-8") == "name: [\n"


def test_a_formatted_list_hashes_to_the_digest_of_its_group(project):
    """The point of it: the raw bytes are what an ownership mark records."""
    run(["fmt"])
    assert digest_bytes(b"y@x.com\nz@x.com\n") == digest_bytes((project / "groups/m.txt").read_bytes())


def test_permissions_and_links_stay(project):
    """The file is replaced at once, but keeps its mode, and a link stays a link."""
    (project / "lists").mkdir()
    (project / "groups/m.txt").rename(project / "lists/m.txt")
    (project / "groups/m.txt").symlink_to("../lists/m.txt")
    (project / "lists/m.txt").chmod(0o640)
    assert run(["fmt"]) == 0
    assert (project / "groups/m.txt").is_symlink()
    assert (project / "lists/m.txt").read_text("utf-8") == "y@x.com\nz@x.com\n"
    assert (project / "lists/m.txt").stat().st_mode & 0o777 == 0o640
    assert [project / "lists/m.txt"] == list((project / "lists").iterdir())


def test_a_member_file_outside_the_project_is_not_touched(project, tmp_path_factory, capsys):
    """A link that leads out is reported, and what it points to stays as it is."""
    outside = tmp_path_factory.mktemp("outside") / "m.txt"
    outside.write_text("Z@x.com, y@x.com", "utf-8")
    (project / "groups/m.txt").unlink()
    (project / "groups/m.txt").symlink_to(outside)
    assert run(["fmt"]) == 1
    assert "leads out of the project" in capsys.readouterr().err
    assert outside.read_text("utf-8") == "Z@x.com, y@x.com"
