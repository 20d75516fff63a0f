"""Starting a project."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.cli import run
from groupsync.config import load_config
from groupsync.errors import ConfigError, ExitCode
from groupsync.journal_config import GitRef
from groupsync.scaffold import project_files, project_name, write_project
from groupsync.segment_templates import segment_templates

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("shop", "shop"),
        ("My Shop (EMEA)", "my-shop-emea"),
        ("_private.d", "private.d"),
        ("", "groups"),
        ("顧客", "groups"),
        ("x" * 300, "x" * 63),
    ],
)
def test_the_project_is_named_after_its_folder(folder, name):
    """Whatever the folder is called, the name is one that the config accepts, and near to it."""
    assert name == project_name(folder)


@given(text=st.text())
def test_every_folder_gives_a_valid_name(text):
    """The result is always a valid project name, and a valid name gives itself again."""
    name = project_name(text)
    assert NAME.fullmatch(name)
    assert name == project_name(name)


def test_a_new_project_works_at_once(tmp_path, monkeypatch, capsys):
    """It validates, is formatted already, can be planned and applied, and then there is nothing left to do."""
    monkeypatch.chdir(tmp_path)
    assert run(["init", "My shop"]) == 0
    out, err = capsys.readouterr()
    assert "My shop/groupsync.yaml" in out.splitlines()
    assert "cd 'My shop'" in err
    monkeypatch.chdir(tmp_path / "My shop")
    for command in (["validate"], ["fmt", "--check"], ["plan"], ["apply", "--yes"]):
        assert run(command) == 0, command
    assert "warning" not in capsys.readouterr().err
    assert run(["plan", "--detailed-exitcode"]) == 0


def test_every_line_for_editors_leads_to_a_schema(tmp_path):
    """The schemas come with the project, so completion works without a network."""
    write_project(tmp_path, "shop")
    for file in tmp_path.rglob("*.yaml"):
        found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text("utf-8"))
        assert found
        assert (file.parent / found[1]).is_file()


@pytest.mark.parametrize("templates", [(), tuple(segment_templates())[:1]], ids=["lists", "segments"])
def test_the_journal_of_a_new_project_goes_to_its_remote_by_a_line_that_is_there(tmp_path, templates):
    """No key is needed to begin; without the `#` the config keeps runs in a ref, encrypted."""
    write_project(tmp_path, "shop", templates)
    config = tmp_path / "groupsync.yaml"
    assert load_config(config).store is None
    text, count = re.subn("^# journal:", "journal:", config.read_text("utf-8"), flags=re.MULTILINE)
    assert 1 == count
    config.write_text(text, "utf-8")
    assert GitRef(keys=("${env:GROUPSYNC_JOURNAL_KEY}",)) == load_config(config).store


def test_a_project_is_never_overwritten(tmp_path, monkeypatch, capsys):
    """A second `init` changes nothing and says why."""
    write_project(tmp_path, "shop")
    (tmp_path / "groups/opted-out.yaml").write_text("mine", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 1
    assert "groupsync.yaml exists already" in capsys.readouterr().err
    assert (tmp_path / "groups/opted-out.yaml").read_text("utf-8") == "mine"


def test_nothing_is_written_where_a_file_is_in_the_way(tmp_path):
    """Any other file in the way stops it before the first is written, and is named."""
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups/opted-out.yaml").write_text("mine", "utf-8")
    with pytest.raises(ConfigError) as raised:
        write_project(tmp_path, "shop")
    assert "groups/opted-out.yaml" in raised.value.detail
    assert not (tmp_path / "groupsync.yaml").exists()


def test_a_readme_and_a_gitignore_are_kept(tmp_path):
    """A folder that is a repository already keeps what it says of itself."""
    (tmp_path / "README.md").write_text("mine", "utf-8")
    (tmp_path / ".gitignore").write_text("mine", "utf-8")
    written = write_project(tmp_path, "shop")
    assert sorted(set(project_files("shop")) - {"README.md", ".gitignore"}) == written
    assert {"mine"} == {(tmp_path / name).read_text("utf-8") for name in ("README.md", ".gitignore")}


def test_a_file_instead_of_a_folder_is_said_plainly(tmp_path):
    """What the system refuses is an error with the name of the file."""
    (tmp_path / "shop").write_text("", "utf-8")
    with pytest.raises(ConfigError, match="Can't write"):
        write_project(tmp_path / "shop", "shop")


def test_a_name_that_cannot_be_a_project_is_wrong_usage(tmp_path, monkeypatch, capsys):
    """`--project` takes valid names only, and says which was meant."""
    monkeypatch.chdir(tmp_path)
    assert run(["init", "--project", "My Shop"]) == 64
    assert "`my-shop`" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Ünïcode", "unicode"),
        ("Straße", "strasse"),
        ("ŁÓDŹ", "lodz"),
        ("Ærø", "aero"),
        ("İzmir", "izmir"),
        ("日本", "groups"),
    ],
)
def test_letters_are_spelled_in_those_that_a_name_may_have(folder, name):
    """A letter is not left out where there is another spelling; a name that is nothing but such letters is `groups`."""
    assert name == project_name(folder)


def test_a_project_that_is_called_otherwise_than_its_folder_says_so(tmp_path, monkeypatch, capsys):
    """Its mark is hard to change later."""
    monkeypatch.chdir(tmp_path)
    assert ExitCode.OK == run(["init", "Ünïcode"])
    assert "The project is called `unicode`" in capsys.readouterr().err
    assert ExitCode.OK == run(["init", "shop"])
    assert "is called" not in capsys.readouterr().err
    assert ExitCode.OK == run(["init", "Ørsted", "--project", "wind"])
    assert "is called" not in capsys.readouterr().err
