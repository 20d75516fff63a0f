"""The examples are what they say they are."""

from __future__ import annotations

import runpy
import shutil
import sys
from pathlib import Path

import pytest

from groupsync.cli import run

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(params=["quickstart", "company", "fieldnotes-store"])
def example(request, tmp_path, monkeypatch):
    """A copy of an example to work in."""
    folder = tmp_path / request.param
    shutil.copytree(EXAMPLES / request.param, folder, ignore=shutil.ignore_patterns("state", "__pycache__"))
    monkeypatch.chdir(folder)
    return folder


def test_an_example_goes_all_the_way(example, capsys):
    """It validates without a warning, is formatted, and after plan and apply a second plan is empty."""
    for command in (["validate"], ["fmt", "--check"]):
        assert run(command) == 0, command
    assert "warning" not in capsys.readouterr().err
    for command in (["plan"], ["apply", "--yes"]):
        assert run(command) == 0, command
    assert run(["plan", "--detailed-exitcode"]) == 0


def test_a_hand_edit_of_the_state_is_drift_and_apply_mends_it(example, capsys):
    """Somebody's edit on the target is told from an edit of the definitions, and undone."""
    run(["apply", "--yes"])
    held = example / "state/groups/staff.txt"
    before = held.read_bytes()
    held.write_bytes(b"intruder@example.com\n" + before)
    capsys.readouterr()
    assert run(["drift", "--detailed-exitcode"]) == 2
    assert "staff" in capsys.readouterr().out
    assert run(["apply", "--yes"]) == 0
    assert before == held.read_bytes()


def test_the_generator_of_company_writes_what_is_committed(tmp_path, monkeypatch):
    """The lists follow from the script alone."""
    monkeypatch.setattr(sys, "argv", ["generate.py", str(tmp_path)])
    runpy.run_path(str(EXAMPLES / "company/generate.py"), run_name="__main__")
    generated = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert generated
    for path in generated:
        assert (EXAMPLES / "company" / path).read_bytes() == (tmp_path / path).read_bytes(), path


@pytest.mark.parametrize("name", ["quickstart", "company", "fieldnotes-store"])
def test_only_sample_domains_are_used(name):
    """Nobody's real address is in an example."""
    import re

    texts = [path.read_text("utf-8") for path in (EXAMPLES / name / "groups").rglob("*.*")]
    found = {domain.lower() for text in texts for domain in re.findall(r"@([\w.-]+\w)", text)}
    assert found <= {"example.com", "contoso.com", "fabrikam.com"}
