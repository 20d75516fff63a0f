"""A target that can't be read stops neither the others nor what can be said of them."""

from __future__ import annotations

import json

import pytest

from groupsync.cli import run as run_command
from groupsync.errors import ExitCode
from tests.cli.conftest import Done
from tests.plugins.shelves import PROFILE, Shelves, serving

CONFIG = """\
version: 1
project: shop
definitions: [groups.yaml]
targets:
  crm: {plugin: rest, url: "%s", profile: shelf.yaml}
  local: {plugin: file, path: state/}
"""
STAFF = "kind: known-user-group\nname: staff\nmembers: [ada@example.com, bob@example.com]\n"


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """Run a command in a project of two targets, of which one answers 403 to everything."""
    monkeypatch.chdir(tmp_path)
    shelves = Shelves()
    shelves.answer = lambda method, path, body: (403, {}, {"message": "not today"})
    with serving(shelves) as url:
        (tmp_path / "groupsync.yaml").write_text(CONFIG % url)
        (tmp_path / "shelf.yaml").write_text(PROFILE)
        (tmp_path / "groups.yaml").write_text(STAFF)

        def run(*arguments):
            done = Done(run_command(list(arguments)), *capsys.readouterr())
            return Done(done.code, done.out, " ".join(done.err.split()))

        yield run


def test_the_other_target_is_planned_and_applied(typed, tmp_path):
    """The one that is out is named with the reason, in each format and at each step; the run is incomplete."""
    for command in (["plan"], ["plan", "--out", "a.plan"], ["apply", "a.plan", "--yes"], ["plan"], ["drift"], ["show"]):
        done = typed(*command)
        assert ExitCode.INCOMPLETE == done.code, (command, done.err)
        if command[0] != "apply":
            assert "GS640" in done.err, command
            assert "crm is left out: it could not be read" in done.err, command
    assert "ada@example.com\n" in (tmp_path / "state/groups/staff.txt").read_text()
    assert "same" in done.out


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json", "github", "sarif"])
def test_every_format_says_so(typed, form):
    """Nobody takes what is planned for all there is."""
    done = typed("plan", "--format", form)
    assert ExitCode.INCOMPLETE == done.code
    assert "crm" in done.out
    assert "could not be read" in " ".join((done.out + done.err).split())


def test_words_of_drift_and_of_nothing_to_do_leave_it_out(typed):
    """Its groups are not counted among those that are as they should be."""
    typed("apply", "--yes")
    drifted = " ".join(typed("drift").out.split())
    assert "none of 1 group on 1 target changed" in drifted
    assert "Of crm nothing could be read." in drifted
    assert "No changes in what could be read; crm could not be read wholly." in " ".join(typed("plan").out.split())


@pytest.mark.parametrize("command", [["who", "ada@example.com"], ["why", "ada@example.com", "staff"]])
def test_questions_about_a_person_are_answered_as_far_as_that_goes(typed, command):
    """And the exit code says that it is not all."""
    done = typed(*command)
    assert ExitCode.INCOMPLETE == done.code
    assert "can't tell: crm could not be read" in " ".join(done.out.split())


def test_where_no_target_can_be_read_the_run_stops(typed):
    """With the target's name, and what it said."""
    done = typed("plan", "-t", "crm")
    assert ExitCode.ERROR == done.code
    assert "error: crm could not be read" in done.err
    assert "403" in done.err
    assert "" == done.out


def test_a_selection_is_not_called_empty_for_want_of_it(typed):
    """A name that is nowhere may be there; that is said."""
    done = typed("plan", "--select", "winback")
    assert "crm could not be read wholly" in done.err


def test_the_plan_names_the_store_of_the_target_that_was_out(typed, tmp_path):
    """A saved plan stays bound to all targets of its config."""
    typed("plan", "--out", "a.plan")
    header = json.loads((tmp_path / "a.plan").read_text().splitlines()[0])
    states = {each["name"]: each for each in header["targets"]}
    assert not states["crm"]["complete"]
    assert states["crm"]["identity"].startswith("rest:")
    assert ["staff"] == states["crm"]["withheld"]
