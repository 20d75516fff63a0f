"""Files that look like definitions and are not read: what is said of them, and what is not done."""

from __future__ import annotations

import pytest

from groupsync import engine, unread
from groupsync.config import load_config
from groupsync.errors import ConfigError, InvalidDefinitions
from groupsync.facade import checked
from groupsync.lookup import group_named, segment_named
from groupsync.project import load_project
from groupsync.sides import both_sides
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
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


def memory():
    return checked(MemoryBackend, "groupsync", "0")(MemoryBackend(MemoryStore()))


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
        ("elsewhere/a/vips.yaml", "Add `elsewhere/a/vips.yaml` to `definitions` in groupsync.yaml"),
        ("team/deeper/vips.yaml", "Add `team/deeper/vips.yaml` to `definitions` in groupsync.yaml"),
        ("groups/vips.json", "`mv groups/vips.json groups/vips.yaml`"),
        ("groups/vips.yaml.bak", "`mv groups/vips.yaml.bak groups/vips.yaml`"),
        ("groups/vips.yml.orig", "`mv groups/vips.yml.orig groups/vips.yaml`"),
        ("groups/vips.disabled", "`mv groups/vips.disabled groups/vips.yaml`"),
        ("groups/vips.yaml_old", "`mv groups/vips.yaml_old groups/vips.yaml`"),
        ("groups/vips.yaml.txt", "`mv groups/vips.yaml.txt groups/vips.yaml`"),
        ("groups/vips.yaml (1)", "`mv 'groups/vips.yaml (1)' groups/vips.yaml`"),
        ("groups/staff.yaml.bak", "Move what it defines to `groups/staff.yaml` and delete it"),
        ("groups/vi\nps.yml", "Rename it to printable characters in UTF-8, or delete it."),
        ("old/vips.yaml.bak", "Call it `old/vips.yaml` and add that to `definitions` in groupsync.yaml"),
        ("groups/staff.yml", "Move what it defines to `groups/staff.yaml` and delete it"),
    ],
)
def test_a_definition_that_no_pattern_takes_is_told_with_the_cure(tmp_path, path, cure):
    """Under the other ending, another name, or in the project's own folder: it is said, and what to type."""
    detail, shown = "No pattern under `definitions` takes it. It names `vips`.", path.replace("\n", "\\n")
    cure = cure if cure.endswith(".") else f"{cure}, {IGNORE}"
    assert [("GS114", shown, detail, cure)] == findings(tmp_path, {path: VIPS})


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("groups/vips.yml", VIPS),
        ("groups/VIPs.YAML", VIPS),
        ("groups/our vips.yml", VIPS),
        ("groups/vips.yaml (1)", VIPS),
        ("groups/vips.yml.disabled", VIPS),
        ("groups/vips.json", '{\n  "kind": "known-user-group",\n  "name": "vips",\n  "members": []\n}\n'),
    ],
)
def test_the_cure_works_when_typed(tmp_path, path, text):
    """After the command that a hint shows the file is read."""
    import subprocess

    [(*_, hint)] = findings(tmp_path, {path: text})
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
        '{\n  "description": "ours",\n  "kind": "segment",\n  "name": "vips"\n}\n',
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
        ("groups/component.yml", "kind: Component\nname: shop\n"),
        ("groups/package.json", '{"kind": "package", "name": "shop"}\n'),
        ("groups/staff.yaml.bak", STAFF),
        ("backup/staff.json", '{"kind": "known-user-group", "name": "staff"}\n'),
        ("groups/vips.yaml~", VIPS),
        ("groups/#vips.yaml#", VIPS),
        ("groups/.vips.yml", VIPS),
        ("groups/.old/vips.yml", VIPS),
        ("groups/drafts/vips.yml", VIPS),
        ("groups/drafts/more/vips.yml", VIPS),
        ("old.yaml", VIPS),
        ("node_modules/kit/vips.yaml", VIPS),
        ("approvals/vips.yml.bak", VIPS),
        ("state/vips.yaml", VIPS),
        ("runs/vips.yaml", VIPS),
        ("groups/empty.yml", ""),
    ],
)
def test_other_files_are_left_alone(tmp_path, path, text):
    """No definition, a copy of what is read, an editor's, hidden, ignored, or among what is kept for something else."""
    config = CONFIG.replace("{plugin: memory}", "{plugin: file, path: ./state/}") + "journal: runs\n"
    assert [] == findings(tmp_path, {"groupsync.yaml": config, path: text})


@pytest.mark.parametrize("sign", ["groupsync.yaml", "pyvenv.cfg"])
def test_what_belongs_to_others_is_left_alone(tmp_path, sign):
    """A folder with a config of its own is another project, and one that Python's packages are installed in is none."""
    assert [] == findings(tmp_path, {f"other/{sign}": "", "other/groups/vips.yaml": VIPS})


@pytest.mark.parametrize(
    "others",
    [
        {"production.yaml": "project: shop\ndefinitions: [more/*.yaml]\n"},
        {"production.yaml": "extends: base.yaml\n", "base.yaml": "definitions: ['more/**']\n"},
    ],
)
def test_what_another_config_beside_this_one_reads_is_not_overlooked(tmp_path, others):
    """Environments may have definitions of their own, by their config or by its base."""
    assert [] == findings(tmp_path, {"more/vips.yaml": VIPS, **others})


@pytest.mark.parametrize(
    "others",
    [
        {"base.yaml": "version: 1\ndefinitions: [more/*.yaml]\n", "groupsync.yaml": f"extends: base.yaml\n{CONFIG}"},
        {"production.yaml": "extends: staging.yaml\n", "staging.yaml": "extends: production.yaml\n"},
        {"notes.yaml": "definitions: none\n", "broken.yaml": "definitions: [more/*.yaml\n", "list.yaml": "- extends\n"},
    ],
)
def test_what_no_config_reads_is_told_whatever_else_lies_there(tmp_path, others):
    """A base whose patterns nobody uses, configs in a circle, and files that are no config take nothing."""
    assert ["more/vips.yaml"] == [at for _, at, *_ in findings(tmp_path, {"more/vips.yaml": VIPS, **others})]


def test_files_that_one_edit_brings_back_are_told_once(tmp_path):
    """A folder that no pattern takes is one finding, with the pattern that takes all of it; and the cure works."""
    files = {f"team/emea/{name}.yaml": STAFF.replace("staff", name) for name in "abcdefg"}
    [(code, at, detail, hint)] = findings(tmp_path, files)
    assert ("GS114", "team/emea/a.yaml") == (code, at)
    assert "They name `a`, `b`, `c`, `d`, `e` and 2 more." in detail
    pattern = hint.split("`")[1]
    assert "team/emea/*.yaml" == pattern
    assert [] == findings(tmp_path, {"groupsync.yaml": CONFIG.replace("definitions: [", f"definitions: [{pattern}, ")})


def test_files_beside_one_that_is_no_definition_are_told_one_by_one(tmp_path):
    """A pattern that would take something else, too, is no cure."""
    files = {"team/emea/a.yaml": VIPS, "team/emea/b.yaml": VIPS, "team/emea/compose.yaml": "services: {}\n"}
    assert ["team/emea/a.yaml", "team/emea/b.yaml"] == [at for _, at, *_ in findings(tmp_path, files)]


@pytest.mark.parametrize("limit", ["MAX_ENTRIES", "MAX_FILES"])
def test_a_search_that_is_given_up_says_so(tmp_path, monkeypatch, limit):
    """The nearest folders are searched, the finding names the folder that is in the way, and its cure works."""
    monkeypatch.setattr(unread, limit, 8)
    large = {f"big/{folder}/{number}.json": "{}" for folder in "ab" for number in range(9)}
    files = {"far/er/away/vips.yml": VIPS, "near.yaml": VIPS, **large}
    near, given_up = findings(tmp_path, files)
    assert ("GS114", "near.yaml") == near[:2]
    assert ("GS116", "groupsync.yaml") == given_up[:2]
    assert "Name folders that hold no definitions under `ignore` in groupsync.yaml, such as `big/**`." == given_up[3]
    monkeypatch.setattr(unread, limit, 12)
    cured = {"groupsync.yaml": CONFIG.replace("ignore: [", "ignore: [big/**, ")}
    assert ["far/er/away/vips.yml", "near.yaml"] == [at for _, at, *_ in findings(tmp_path, cured)]


def test_a_hidden_folder_that_a_pattern_names_is_searched(tmp_path):
    """What is hidden is searched only where the config says so."""
    config = CONFIG.replace("[groups/**/*.yaml", "[groups/**/*.yaml, .github/groups/*.yaml")
    files = {"groupsync.yaml": config, ".github/groups/a.yaml": VIPS, ".github/groups/b.yml": VIPS}
    assert [".github/groups/b.yml"] == [at for _, at, *_ in findings(tmp_path, files)]


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


UNREAD = "`groups/vips.yml` has that name, but no pattern under `definitions` takes it."
CURE = "`mv groups/vips.yml groups/vips.yaml`, or name it under `ignore` in groupsync.yaml."


def test_an_approval_for_a_group_in_a_file_that_is_not_read_names_the_file(tmp_path):
    """Else its author looks for a typo that is none."""
    approval = "{group: vips, kind: remove, ceiling: 1, definition: '%s', until: 2026-11-25, reason: moved}\n" % (
        "a" * 32
    )
    found = findings(tmp_path, {"groups/vips.yml": VIPS, "approvals/vips.yaml": approval})
    assert [(f"It is worth nothing. {UNREAD}", CURE)] == [each[2:] for each in found if each[0] == "GS814"]


def test_a_policy_over_a_group_in_a_file_that_is_not_read_names_the_file(tmp_path):
    """The policy is right, and the file is at fault."""
    findings(
        tmp_path, {"groupsync.yaml": CONFIG + "policies: {no_overlap: [[staff, vips]]}\n", "groups/vips.yml": VIPS}
    )
    project = load_project(load_config(tmp_path / "groupsync.yaml"), NOW)
    plan = engine.make_plan(project, {"there": memory()}, engine.Request(NOW))
    assert [(f"Nothing would be held to it. {UNREAD}", CURE)] == [
        (each.detail, each.hint) for each in plan.diagnostics if each.code == "GS850"
    ]


def test_a_command_for_a_group_in_a_file_that_is_not_read_names_the_file(tmp_path):
    """`show` looks on the targets, too; `why`, `accept` and `preview` are about what is defined."""
    findings(tmp_path, {"groups/vips.yml": VIPS})
    project = load_project(load_config(tmp_path / "groupsync.yaml"), NOW)
    for named, detail in (
        (lambda: group_named(project, "vips"), UNREAD),
        (lambda: segment_named(project, "vips"), UNREAD),
        (
            lambda: both_sides(project, {"there": memory()}, engine.Request(NOW), "vips"),
            f"Neither a definition nor a target has it. {UNREAD}",
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            named()
        assert ("There is no group `vips`", detail, CURE) == (
            caught.value.summary,
            caught.value.detail,
            caught.value.hint,
        )
