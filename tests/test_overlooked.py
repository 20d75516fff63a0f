"""Files that look like definitions and are not read: what is said of them, and what is not done."""

from __future__ import annotations

import pytest

from groupsync.config import load_config
from groupsync.errors import InvalidDefinitions
from groupsync.project import load_project
from tests.worlds import NOW

CONFIG = """\
version: 1
project: shop
definitions: [groups/**/*.yaml, team/vip-*.yaml]
ignore: [groups/drafts/**, old.yaml]
targets: {there: {plugin: memory}}
"""
STAFF = "kind: known-user-group\nname: staff\nmembers: []\n"
VIPS = STAFF.replace("staff", "vips")
IGNORE = "or name it under `ignore` in groupsync.yaml."


def findings(folder, files):
    """Return what is said of a project with `staff` and some more files: code, place, detail and hint."""
    for path, text in {"groupsync.yaml": CONFIG, "groups/staff.yaml": STAFF, "team/vip-a.yaml": "", **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    try:
        found = load_project(load_config(folder / "groupsync.yaml"), NOW).findings
    except InvalidDefinitions as error:
        found = error.diagnostics
    return [
        (each.code, str(each.subject), each.detail, each.hint) for each in found if "vip-a" not in str(each.subject)
    ]


@pytest.mark.parametrize(
    ("path", "cure"),
    [
        ("groups/vips.yml", "`mv groups/vips.yml groups/vips.yaml`"),
        ("groups/a/b/vips.yml", "`mv groups/a/b/vips.yml groups/a/b/vips.yaml`"),
        ("groups/VIPs.YAML", "`mv groups/VIPs.YAML groups/VIPs.yaml`"),
        ("groups/our vips.yml", "`mv 'groups/our vips.yml' 'groups/our vips.yaml'`"),
        ("team/vip-b.yml", "`mv team/vip-b.yml team/vip-b.yaml`"),
        ("team/vips.yaml", "Add `team/vips.yaml` to `definitions` in groupsync.yaml"),
        ("team/vips.yml", "Add `team/vips.yml` to `definitions` in groupsync.yaml"),
        ("vips.yaml", "Add `vips.yaml` to `definitions` in groupsync.yaml"),
        ("groups/staff.yml", "Move what it defines to `groups/staff.yaml` and delete it"),
    ],
)
def test_a_definition_that_no_pattern_takes_is_told_with_the_cure(tmp_path, path, cure):
    """Under the other ending, another name, or in the project's own folder: it is said, and what to type."""
    detail = "No pattern under `definitions` takes it. It names `vips`."
    assert [("GS114", path, detail, f"{cure}, {IGNORE}")] == findings(tmp_path, {path: VIPS})


@pytest.mark.parametrize("path", ["groups/vips.yml", "groups/VIPs.YAML", "groups/our vips.yml"])
def test_the_cure_works_when_typed(tmp_path, path):
    """After the command that a hint shows the file is read."""
    import subprocess

    [(*_, hint)] = findings(tmp_path, {path: VIPS})
    subprocess.run(["bash", "-c", hint.split("`")[1]], cwd=tmp_path, check=True)
    assert [] == findings(tmp_path, {})
    assert ["staff", "vips"] == [
        each.name for each in load_project(load_config(tmp_path / "groupsync.yaml"), NOW).definitions
    ]


@pytest.mark.parametrize(
    "text",
    [
        "---\n# ours\n'kind': segment\n\"name\": 'vips'\n",
        "other: 1\n---\nname: vips\nkind: knwon-user-group\n",
        "{kind: known-user-group, name: vips, members: []}\n",
        VIPS.replace("\n", "\r\n"),
    ],
)
def test_it_is_told_by_kind_and_name(tmp_path, text):
    """However a document with both keys at its top is written, it looks like a definition."""
    assert ["GS114"] == [code for code, *_ in findings(tmp_path, {"groups/vips.yml": text})]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("groups/compose.yml", "name: shop\nservices: {}\n"),
        ("groups/deploy.yml", "kind: Deployment\nmetadata:\n  name: shop\n"),
        ("groups/two.yml", "kind: a\n---\nname: b\n"),
        ("groups/vips.yaml.bak", VIPS),
        ("groups/.vips.yml", VIPS),
        ("groups/drafts/vips.yml", VIPS),
        ("old.yaml", VIPS),
        ("elsewhere/vips.yaml", VIPS),
        ("team/deeper/vips.yaml", VIPS),
        ("groups/empty.yml", ""),
    ],
)
def test_other_files_are_left_alone(tmp_path, path, text):
    """What has not both keys, is hidden, ignored, or lies in a folder that no pattern reaches is nobody's business."""
    assert [] == findings(tmp_path, {path: text})


@pytest.mark.parametrize(
    ("text", "detail", "hint"),
    [
        ("", "It is empty.", "Delete it, "),
        ("\n  \n", "It is empty.", "Delete it, "),
        ("---\n", "It is empty.", "Delete it, "),
        ("# later\n", "It has nothing but comments.", "Delete it, "),
        (
            "".join(f"# {line}\n" for line in VIPS.splitlines()),
            "It has nothing but comments. It names `vips`.",
            "Take the",
        ),
    ],
)
def test_a_file_that_defines_nothing_is_told(tmp_path, text, detail, hint):
    """Empty or commented out, a file that a pattern takes defines nothing, which is rarely meant."""
    [(code, place, found, cure)] = findings(tmp_path, {"groups/vips.yaml": text})
    assert ("GS115", "groups/vips.yaml", detail) == (code, place, found)
    assert cure.startswith(hint)
    assert cure.endswith(IGNORE)
    assert [] == findings(tmp_path, {"groups/vips.yaml": VIPS, "groups/drafts/none.yaml": text})


@pytest.mark.parametrize(
    ("path", "text", "cure"),
    [
        ("groups/vips.yml", VIPS, "`mv groups/vips.yml groups/vips.yaml`"),
        ("groups/vips.yaml", f"# {VIPS}".replace("\n", "\n# "), "Take the `#` out."),
    ],
)
def test_an_unknown_group_is_sought_in_files_that_are_not_read(tmp_path, path, text, cure):
    """Who includes a group whose file is not read is told the file and the cure, and not a group of a similar name."""
    found = findings(tmp_path, {path: text, "groups/top.yaml": STAFF.replace("staff", "top") + "include: [vips]\n"})
    [(_, _, detail, hint)] = [each for each in found if each[0] == "GS401"]
    assert f"`{path}` has that name, but " in detail
    assert hint.startswith(cure)


def test_two_patterns_pass_over_nothing_that_one_of_them_takes(tmp_path):
    """A file that the first pattern leaves and the second takes is read, and not told."""
    files = {"groupsync.yaml": CONFIG.replace("team/vip-*.yaml", "groups/*.yml, team/*.yaml"), "groups/vips.yml": VIPS}
    assert [] == findings(tmp_path, files)
