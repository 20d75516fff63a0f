"""`groupsync target check`."""

from __future__ import annotations

import json

from groupsync.errors import ExitCode


def test_each_target_is_tried_and_told(project):
    """A line for each thing that was tried; nothing is written."""
    project("apply", "--yes")
    before = project.read("state/index.jsonl")
    done = project("target", "check", "local")
    assert ExitCode.OK == done.code, done.err
    assert done.out.startswith("local (file)\n  ok       it tells what it can do\n")
    assert "its groups can be read\n             4 groups, 21 memberships, 4 of this project\n" in done.out
    assert before == project.read("state/index.jsonl")


def test_a_target_out_of_order_is_1_and_says_why(project):
    """The problem and what to do about it, for people and programs."""
    project("apply", "--yes")
    project.write("state/index.jsonl", "no index\n")
    done = project("target", "check", "--format", "json")
    assert ExitCode.ERROR == done.code
    found = json.loads(done.out)["targets"]["local"]
    assert not found["ok"]
    assert any("index.jsonl" in each["problem"] for each in found["checks"]), found


def test_an_unknown_target_is_named(project):
    """With those that there are."""
    done = project("target", "check", "crm")
    assert ExitCode.ERROR == done.code
    assert "Unknown target `crm`" in done.err
