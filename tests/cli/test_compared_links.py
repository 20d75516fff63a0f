"""Without memory, the revision that a plan is compared with tells what groups were built on before the edit."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from groupsync.errors import ExitCode
from tests.cli.conftest import Project

CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
targets: {there: {plugin: file, path: state/%s}}
"""
ONLY_LETTER = ", select: {names: [letter]}"
LETTER = "kind: known-user-group\nname: letter\nmembers_from: [{path: ../everybody.txt}]\n"
EVERYBODY = [f"p{number:02}@example.com" for number in range(60)]
OPTED_OUT = EVERYBODY[:30]


def lines(people):
    return "".join(f"{each}\n" for each in people)


@pytest.fixture(params=["", ONLY_LETTER], ids=["on a target", "on no target"])
def shop(tmp_path, request):
    """A letter that leaves out who opted out: applied, committed, and known to no journal."""
    made = Project(tmp_path / "shop", None)
    made.write("groupsync.yaml", CONFIG % request.param)
    made.write("everybody.txt", lines(EVERYBODY))
    made.write("opted-out.txt", lines(OPTED_OUT))
    made.write(
        "groups/opted-out.yaml", "kind: known-user-group\nname: opted-out\nmembers_from: [{path: ../opted-out.txt}]\n"
    )
    made.write("groups/letter.yaml", LETTER + "exclude: [opted-out]\n")
    assert ExitCode.OK == made("apply", "--yes").code
    shutil.rmtree(made.folder / ".groupsync")
    for typed in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "a"]):
        subprocess.run(["git", *typed], cwd=made.folder, check=True)
    return made


def refused(shop, *options):
    plan = json.loads(shop("plan", "--format", "json", *options).out)
    return {(each["target"], each["name"], each["rule"]) for each in plan["verdict"]["refusals"]}


def test_a_line_that_is_dropped_as_its_list_is_cut_lets_nobody_in(shop):
    """Compared with the revision before, the letter was built on the list; nobody gets it who opted out."""
    shop.write("opted-out.txt", lines(OPTED_OUT[:3]))
    shop.write("groups/letter.yaml", LETTER)
    assert ("there", "letter", "built_on") not in refused(shop)
    assert ("there", "letter", "built_on") in refused(shop, "--compare", "HEAD")

    shop("plan", "--compare", "HEAD", "--out", "a.plan")
    assert ExitCode.REFUSED == shop("apply", "a.plan", "--yes").code
    assert EVERYBODY[30:] == shop.read("state/groups/letter.txt").split()


def test_a_line_that_is_dropped_alone_is_no_reason_to_hold_anything(shop):
    """Where the list is believed, the edit is what it says."""
    shop.write("groups/letter.yaml", LETTER + "exclude: []\n")
    assert set() == {each for each in refused(shop, "--compare", "HEAD") if each[2] == "built_on"}


def test_what_was_renamed_since_is_found_by_its_former_name(shop):
    """A definition that has another name now is built on what it was built on then."""
    shop.write("opted-out.txt", lines(OPTED_OUT[:3]))
    shop.write("groups/letter.yaml", LETTER.replace("name: letter", "name: mail\npreviously: [letter]"))
    shop.write("groupsync.yaml", shop.read("groupsync.yaml").replace("[letter]", "[mail]"))
    assert ("there", "mail", "built_on") in refused(shop, "--compare", "HEAD")
