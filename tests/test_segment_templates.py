"""Segments to start from: what the package brings, and how they get into a project."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.cli import run
from groupsync.errors import ConfigError, ExitCode, InvalidDefinitions
from groupsync.files import find_files
from groupsync.report.listing import render_templates
from groupsync.report.style import Style
from groupsync.scaffold import add_segments, definition_path, project_files, write_project
from groupsync.segment_templates import segment_templates
from groupsync.yaml.events import parse_yaml

NAMES = [template.name for template in segment_templates()]
ROOT = Path(__file__).parents[1]
PACKAGED = ROOT / "groupsync/templates"
MODELINE = "# yaml-language-server: $schema="
SEGMENT_KEYS = {"kind", "name", "display_name", "description", "source", "where", "holdout", "min_size"}


def value_of(text):
    """Load the one document of a text that is expected to be sound."""
    documents, findings = parse_yaml(text.encode(), "segment.yaml")
    assert [] == findings
    assert 1 == len(documents)
    return documents[0].value


def template(name):
    """Find a template by its name."""
    return next(each for each in segment_templates() if each.name == name)


def project(folder, definitions="[groups/**/*.yaml]"):
    """Write a project of nothing but a config."""
    folder.mkdir(exist_ok=True)
    text = (
        f"version: 1\nproject: shop\ndefinitions: {definitions}\ntargets: {{local: {{plugin: file, path: state/}}}}\n"
    )
    (folder / "groupsync.yaml").write_text(text, "utf-8")
    return folder


def test_there_is_a_template_for_what_stores_ask_most():
    """The list is the one that the documentation names."""
    expected = "age-and-market big-spenders first-time-payers lapsed-users likely-to-churn low-raters recent-acquirers"
    assert expected.split() == NAMES


@pytest.mark.parametrize("file", sorted((PACKAGED / "segments").iterdir()), ids=lambda file: file.name)
def test_a_template_is_one_segment_named_after_its_file(file):
    """It is a whole definition that builds on no other group, so that it fits into any project."""
    found = value_of(file.read_text("utf-8"))
    assert file.stem == found["name"]
    assert "segment" == found["kind"]
    assert {*found} <= SEGMENT_KEYS
    assert "in_group" not in file.read_text("utf-8")
    assert file.read_text("utf-8").startswith(MODELINE)


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_customers_have_what_a_template_asks(name):
    """Every attribute is a column of the table that comes along, and described in the config beside it."""
    import pyarrow.parquet as pq

    config = value_of((PACKAGED / "segment-project/groupsync.yaml").read_text("utf-8"))
    source = config["sources"][template(name).source]
    columns = pq.read_schema(PACKAGED / "segment-project" / source["table"]).names
    assert template(name).attributes
    assert {*template(name).attributes} <= {*columns}
    assert {*template(name).attributes} <= {*source["attributes"]} <= {*columns}
    assert {source["id"], source["updated_at"], *source["eligible"]} <= {*columns}


def test_the_sample_customers_are_those_of_the_example():
    """The package holds a copy of the table; `cp` it there when the example's is generated anew."""
    table = "data/customers.parquet"
    assert (ROOT / "examples/fieldnotes-store" / table).read_bytes() == (
        PACKAGED / "segment-project" / table
    ).read_bytes()


def test_what_a_template_asks_is_found_at_any_depth():
    """Attributes inside `any`, `not` and several fields count, each once and sorted."""
    assert ("churn_risk", "last_rating") == template("likely-to-churn").attributes
    assert ("last_used_at",) == template("lapsed-users").attributes
    assert ("acquired_on", "campaign_id") == template("recent-acquirers").attributes


def test_the_listing_tells_what_each_is_for(capsys):
    """`templates` shows name, purpose, source and attributes; talk goes to stderr."""
    assert run(["templates"]) == ExitCode.OK
    out, err = capsys.readouterr()
    for each in segment_templates():
        assert re.search(rf"^{each.name}$", out, re.MULTILINE)
        assert each.purpose in " ".join(out.split())
        assert f"customers: {', '.join(each.attributes)}" in out
    assert "--template" in err
    assert "--template" not in out


def test_the_listing_keeps_to_the_terminal():
    """No line is longer than the terminal is wide."""
    assert all(len(line) <= 61 for line in "".join(render_templates(segment_templates(), Style(width=60))).splitlines())


def test_the_listing_for_programs_is_one_json_document(capsys):
    """`--format json` has the same fields."""
    assert run(["templates", "--format", "json"]) == ExitCode.OK
    found = json.loads(capsys.readouterr().out)["templates"]
    assert NAMES == [each["name"] for each in found]
    assert ["churn_risk", "last_rating"] == found[NAMES.index("likely-to-churn")]["attributes"]
    assert {"name", "purpose", "source", "attributes"} == {*found[0]}


def test_a_project_starts_with_segments(tmp_path, monkeypatch, capsys):
    """`init --template` in an empty folder writes customers, a source that reads them and each segment asked for."""
    monkeypatch.chdir(tmp_path)
    chosen = ["--template", "big-spenders", "--template", "low-raters", "--template", "big-spenders"]
    assert run(["init", "My shop", *chosen]) == ExitCode.OK
    out, err = capsys.readouterr()
    folder = tmp_path / "My shop"
    written = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert written == sorted(line.removeprefix("My shop/") for line in out.splitlines())
    assert ["groups/big-spenders.yaml", "groups/low-raters.yaml"] == [each for each in written if "groups/" in each]
    assert "cd 'My shop'" in err
    config = value_of((folder / "groupsync.yaml").read_text("utf-8"))
    assert "my-shop" == config["project"]
    table = folder / config["sources"]["customers"]["table"]
    assert (PACKAGED / "segment-project/data/customers.parquet").read_bytes() == table.read_bytes()
    assert "PROJECT" not in (folder / "README.md").read_text("utf-8")


def test_a_project_of_all_templates_goes_all_the_way(tmp_path, monkeypatch, capsys):
    """Each segment has people among the sample customers; after an apply a second plan is empty, and one more fits."""
    monkeypatch.chdir(tmp_path)
    chosen = [argument for name in NAMES[1:] for argument in ("--template", name)]
    assert ExitCode.OK == run(["init", "store", *chosen])
    monkeypatch.chdir(tmp_path / "store")
    assert ExitCode.OK == run(["init", "--template", NAMES[0]])
    assert ExitCode.OK == run(["validate"])
    assert ExitCode.OK == run(["fmt", "--check"])
    capsys.readouterr()
    assert ExitCode.OK == run(["plan", "--at", "2026-11-20", "--format", "json"])
    planned = {change["name"]: change["add"]["count"] for change in json.loads(capsys.readouterr().out)["changes"]}
    assert set(NAMES) <= {name for name, count in planned.items() if count}
    assert ExitCode.OK == run(["apply", "--yes"])
    assert ExitCode.OK == run(["plan", "--detailed-exitcode"])


def test_every_line_for_editors_leads_to_a_schema(tmp_path):
    """A project that starts with segments brings the schemas, too."""
    write_project(tmp_path, "shop", segment_templates())
    files = list(tmp_path.rglob("*.yaml"))
    assert len(NAMES) + 1 == len(files)
    for file in files:
        found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text("utf-8"))
        assert found
        assert (file.parent / found[1]).is_file()


def test_without_a_template_nothing_of_segments_comes_along():
    """A project that lists people needs no table."""
    assert not [path for path in project_files("shop") if "data" in path or "spend" in path]


def test_a_project_gets_a_segment(tmp_path, monkeypatch, capsys):
    """`init --template` in a project writes that one file, leads editors to the schema, and says what it needs."""
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path, "shop")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert run(["init", "--template", "low-raters"]) == ExitCode.OK
    out, err = capsys.readouterr()
    assert "groups/low-raters.yaml\n" == out
    assert "source `customers`" in err
    assert "last_rating, sessions_30d" in err
    assert "Ready" not in err
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    added = after.pop(tmp_path / "groups/low-raters.yaml")
    assert before == after
    assert (PACKAGED / "segments/low-raters.yaml").read_bytes() == added


@pytest.mark.parametrize(
    "sources", ["", "sources:\n  other: {plugin: memory, id: email, rows: []}\n"], ids=["none", "one"]
)
def test_what_is_still_to_do_can_be_copied(tmp_path, monkeypatch, capsys, sources):
    """With the snippet in the config and a table of those columns the project is valid; the next `init` says so."""
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path, "shop")
    config = tmp_path / "groupsync.yaml"
    config.write_text(config.read_text("utf-8") + sources, "utf-8")
    assert ExitCode.OK == run(["init", "--template", "low-raters"])
    said = capsys.readouterr().err
    snippet = re.search(r"\n\n(.*?)\n\n", said, re.DOTALL)[1]
    assert ("Ready" in said, snippet.startswith("sources:")) == (False, not sources)
    config.write_text(f"{config.read_text('utf-8')}{snippet}\n", "utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/customers.csv").write_text("email,last_rating,sessions_30d\nada@contoso.com,1,9\n", "utf-8")
    assert ExitCode.OK == run(["validate"])


def test_a_project_is_ready_where_validate_has_nothing_against_it(tmp_path, monkeypatch, capsys):
    """A source that lacks what the segment asks is told as `validate` tells it, and nothing is called ready."""
    monkeypatch.chdir(tmp_path)
    assert ExitCode.OK == run(["init", "store", "--template", "low-raters"])
    assert "Ready. Next:" in capsys.readouterr().err
    assert ExitCode.OK == run(["init", "store", "--template", "big-spenders"])
    assert "Ready. Next:" in capsys.readouterr().err
    table = tmp_path / "store/groupsync.yaml"
    table.write_text(table.read_text("utf-8").replace("data/customers.parquet", "data/nothing.csv"), "utf-8")
    assert ExitCode.OK == run(["init", "store", "--template", "lapsed-users"])
    said = capsys.readouterr().err
    assert "Still to do:" in said
    assert "Ready" not in said


@pytest.mark.parametrize(
    ("definitions", "path", "schema"),
    [
        ("[groups/**/*.yaml]", "groups/low-raters.yaml", "../schemas/group.v1.schema.json"),
        ("['*.yml']", "low-raters.yml", "schemas/group.v1.schema.json"),
        ("[staff.yaml, ./crm/eu/*.yaml]", "crm/eu/low-raters.yaml", "../../schemas/group.v1.schema.json"),
    ],
)
def test_a_segment_goes_where_the_project_looks(tmp_path, definitions, path, schema):
    """The first pattern that takes a new file decides on folder and ending, and the first line fits."""
    folder = project(tmp_path / "shop", definitions)
    (folder / "schemas").mkdir()
    (folder / "schemas/group.v1.schema.json").write_text("{}", "utf-8")
    assert [path] == add_segments(folder, [template("low-raters")])
    assert f"{MODELINE}{schema}" == (folder / path).read_text("utf-8").partition("\n")[0]


def test_a_project_without_schemas_gets_no_line_for_editors(tmp_path):
    """A line that leads nowhere would only be an error in the editor."""
    folder = project(tmp_path / "shop")
    (path,) = add_segments(folder, [template("low-raters")])
    assert (folder / path).read_text("utf-8").startswith("kind: segment\n")


@given(
    patterns=st.lists(
        st.lists(st.sampled_from(["a", "b*", "**", "?", ".", "[c]", "", "x.yaml", "*.yaml", "*.yml"]), min_size=1),
        max_size=3,
    )
)
def test_a_segment_lies_where_the_search_finds_it(tmp_path_factory, patterns):
    """Whatever the patterns are, a file is only put where one of them finds it."""
    patterns = ["/".join(parts) for parts in patterns]
    path = definition_path(patterns, "low-raters")
    if path is None:
        return
    root = tmp_path_factory.mktemp("project")
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("", "utf-8")
    assert [path] == find_files(root, patterns)[0]


@pytest.mark.parametrize("patterns", [["groups/*/*.yaml"], ["groups.yaml"], ["../*.yaml"], ["/tmp/*.yaml"], []])
def test_where_no_pattern_takes_a_file_there_is_no_place(patterns):
    """A segment that nothing would read, or that would lie outside, is not written."""
    assert definition_path(patterns, "low-raters") is None


def test_a_project_without_a_place_says_so(tmp_path, monkeypatch, capsys):
    """The patterns that are there are shown, and one that would do."""
    monkeypatch.chdir(project(tmp_path / "shop", "[groups.yaml]"))
    assert run(["init", "--template", "low-raters"]) == ExitCode.ERROR
    err = capsys.readouterr().err
    assert "`groups.yaml`" in err
    assert "`groups/**/*.yaml`" in err


def test_no_segment_is_overwritten(tmp_path, monkeypatch, capsys):
    """A file that is there stops all of them before the first is written."""
    folder = project(tmp_path / "shop")
    (folder / "groups").mkdir()
    (folder / "groups/low-raters.yaml").write_text("mine", "utf-8")
    monkeypatch.chdir(folder)
    assert run(["init", "--template", "big-spenders", "--template", "low-raters"]) == ExitCode.ERROR
    assert "groups/low-raters.yaml" in capsys.readouterr().err
    assert ["low-raters.yaml"] == [path.name for path in (folder / "groups").iterdir()]
    assert "mine" == (folder / "groups/low-raters.yaml").read_text("utf-8")


def test_a_link_does_not_lead_out_of_the_project(tmp_path):
    """A folder that is a link to somewhere else gets nothing."""
    folder, elsewhere = project(tmp_path / "shop"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "groups").symlink_to(elsewhere)
    with pytest.raises(ConfigError, match="leads out of the project"):
        add_segments(folder, [template("low-raters")])
    assert [] == list(elsewhere.iterdir())


def test_a_broken_config_is_shown_instead(tmp_path):
    """Where the config has errors nothing is added."""
    folder = project(tmp_path / "shop", "{}")
    with pytest.raises(InvalidDefinitions):
        add_segments(folder, [template("low-raters")])
    assert ["groupsync.yaml"] == [path.name for path in folder.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--template", "big-spender"], "`big-spenders`"),
        (["--template", "x"], "There are: age-and-market"),
        (["--template", "low-raters", "--project", "other"], "`--project`"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(tmp_path, monkeypatch, capsys, arguments, expected):
    """A template that is not there is refused with the ones that are, and a project is not renamed on the way."""
    folder = project(tmp_path / "shop")
    monkeypatch.chdir(folder)
    assert run(["init", *arguments]) == ExitCode.USAGE
    assert expected in capsys.readouterr().err
    assert ["groupsync.yaml"] == [path.name for path in folder.iterdir()]
