"""Configs that share a base: what is merged, where findings point, and which bases can't be used."""

from __future__ import annotations

import pytest

from groupsync.config import load_config
from groupsync.errors import InvalidDefinitions

BASE = """\
version: 1
project: shop
definitions: [groups/**/*.yaml]
journal: {path: .groupsync, keep: 7}
exclude: [blocked, gone]
guards: {removed_members: {refuse: {percent: 20, floor: 5}}}
targets:
  local: {plugin: file, path: state/}
"""
PRODUCTION = """\
version: 1
extends: base.yaml
exclude: [blocked]
journal: {keep: 90}
targets:
  local: {path: prod-state/}
  crm: {plugin: rest, profile: jupyterhub, url: "https://crm.example.com"}
"""


@pytest.fixture
def load(tmp_path):
    """Write files, and load `production.yaml`."""

    def loaded(**files):
        for name, text in {"base": BASE, "production": PRODUCTION, **files}.items():
            if text is not None:
                (tmp_path / f"{name}.yaml").write_text(text)
        return load_config(tmp_path / "production.yaml")

    return loaded


def problems(load, **files):
    """Return what is wrong, as (code, place, summary)."""
    with pytest.raises(InvalidDefinitions) as caught:
        load(**files)
    return [(each.code, str(each.subject), each.summary) for each in caught.value.diagnostics]


def test_maps_are_merged_and_all_else_takes_the_place_of_the_base(load):
    """Keys of both, the config's own last; a list is the config's alone."""
    config = load()
    assert ("shop", ("groups/**/*.yaml",), 90) == (config.project, config.definitions, config.kept_runs)
    assert ["blocked"] == [each.target for each in config.exclude]
    assert [("local", "file", "prod-state/"), ("crm", "rest", None)] == [
        (each.name, each.plugin, each.options.values.get("path")) for each in config.targets
    ]
    assert "shop/production.yaml" == str(config.id)


def test_a_base_may_extend_another_one(load):
    """What is nearest to the config counts."""
    middle = "version: 1\nextends: root.yaml\nproject: shop\njournal: {keep: 5}\n"
    config = load(base=middle, root=BASE, production="version: 1\nextends: base.yaml\nproject: store\n")
    assert ("store", 5, ["local"]) == (config.project, config.kept_runs, [each.name for each in config.targets])


def test_each_value_knows_the_file_where_it_is_written(load):
    """Targets, guards and excluded groups point into the base, or into the config."""
    config = load()
    assert ["production.yaml:6:3", "production.yaml:7:3"] == [str(each.at) for each in config.targets]
    assert "production.yaml:3:11" == str(config.exclude[0].at)
    assert ["base.yaml:3:15"] == [str(each) for each in config.definitions_at]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"base": BASE.replace("project: shop", "project: Shop")}, [("GS206", "base.yaml:2:10")]),
        ({"base": BASE.replace("exclude", "exclud")}, [("GS201", "base.yaml:5:1")]),
        ({"production": PRODUCTION.replace("keep: 90", "keep: 0")}, [("GS207", "production.yaml:4:17")]),
        ({"base": BASE.replace("project: shop\n", "")}, [("GS202", "production.yaml:1:1")]),
        (
            {"base": BASE.replace("project: shop", "project: ${env:X}")},
            [("GS206", "base.yaml:2:10"), ("GS503", "base.yaml:2:10")],
        ),
        ({"base": BASE + "  : ["}, [("GS101", "base.yaml:9:3")]),
    ],
)
def test_findings_point_at_the_file_where_the_value_is_written(load, files, expected):
    """A mistake of the base is told at its line of the base."""
    assert expected == [(code, at) for code, at, _ in problems(load, **files)]


@pytest.mark.parametrize(
    ("files", "at", "summary"),
    [
        ({"base": None}, "production.yaml:2:10", "There is no base `base.yaml`"),
        ({"base": "- a\n"}, "production.yaml:2:10", "The base `base.yaml` is not a config"),
        ({"base": f"{BASE}---\na: 1\n"}, "production.yaml:2:10", "The base `base.yaml` is not a config"),
        ({"base": ""}, "production.yaml:2:10", "The base `base.yaml` is not a config"),
        (
            {"base": BASE + "extends: production.yaml\n"},
            "base.yaml:9:10",
            "A config can't extend itself",
        ),
        (
            {"production": PRODUCTION.replace("base.yaml", "production.yaml")},
            "production.yaml:2:10",
            "A config can't extend itself",
        ),
        (
            {"production": PRODUCTION.replace("base.yaml", "../base.yaml")},
            "production.yaml:2:10",
            "The base `../base.yaml` does not lie beside the config",
        ),
        (
            {"production": PRODUCTION.replace("base.yaml", "/etc/passwd")},
            "production.yaml:2:10",
            "The base `/etc/passwd` does not lie beside the config",
        ),
        (
            {"base": BASE.replace("version: 1", "version: 2")},
            "base.yaml:1:10",
            "The base `base.yaml` is of another version than `production.yaml`",
        ),
        (
            {"base": BASE.replace("version: 1\n", "")},
            "base.yaml:1:1",
            "The base `base.yaml` is of another version than `production.yaml`",
        ),
    ],
)
def test_a_base_that_cannot_be_used_is_told_with_its_place(load, files, at, summary):
    """GS510: missing, no config, in a circle, somewhere else, of another version."""
    assert [("GS510", at, summary)] == problems(load, **files)


def test_a_base_may_not_lead_out_of_the_project_by_a_link(load, tmp_path):
    """A link to a file elsewhere is no way around."""
    (tmp_path.parent / "elsewhere.yaml").write_text(BASE)
    (tmp_path / "base.yaml").symlink_to(tmp_path.parent / "elsewhere.yaml")
    assert [("GS510", "The base `base.yaml` leads out of the project")] == [
        (code, summary) for code, _, summary in problems(load, base=None)
    ]


def test_secrets_of_a_base_are_looked_up_and_stay_hidden(load, monkeypatch):
    """A reference in the base is replaced like one in the config, and told at its place where it is missing."""
    base = BASE.replace("path: state/", 'path: "${env:STATE_DIR}"')
    monkeypatch.setenv("STATE_DIR", "state-of-mine/")
    (target,) = load(base=base, production="version: 1\nextends: base.yaml\n").targets
    assert "(secret)" == str(target.options.values["path"])
    monkeypatch.delenv("STATE_DIR")
    (target,) = load(base=base, production="version: 1\nextends: base.yaml\n").targets
    assert ["base.yaml:8:31"] == [str(each.subject) for each in target.options.missing]
