"""What an editor needs: a line in each file that leads to its schema, and a text for whatever the cursor is on."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from groupsync.cli import run
from groupsync.config import CONFIG_NAME

ROOT = Path(__file__).parents[1]
SCHEMAS = sorted((ROOT / "schemas").glob("*.json"))
WRITTEN = sorted(
    path.relative_to(ROOT)
    for folder in ("examples", "groupsync/templates", "plugins")
    for path in (ROOT / folder).rglob("*.y*ml")
    if not {"state", ".groupsync"} & set(path.parts)
)
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)")
JSON_BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)


def schema_line(text):
    """Return what the first line of a file says of its schema."""
    found = MODELINE.fullmatch(text.partition("\n")[0])
    return found[1] if found else None


def hold_against(path, text):
    """Check each document of a file as an editor does."""
    validator = Draft202012Validator(json.loads(path.read_text("utf-8")))
    for document in YAML(typ="safe", pure=True).load_all(text):
        assert [] == [error.message for error in validator.iter_errors(plain(document))]


def plain(value):
    """Return a value with dates as they are written: what an editor sees is text."""
    return json.loads(json.dumps(value, default=str))


@pytest.mark.parametrize("path", WRITTEN, ids=str)
def test_every_file_that_we_ship_leads_to_its_schema_and_fits_it(path):
    """Examples, templates and profiles: the first line names a schema that is there."""
    text = (ROOT / path).read_text("utf-8")
    named = schema_line(text)
    assert named, "no line for editors"
    if named.startswith("https://"):
        assert path.parts[:2] in {("examples", "github-actions"), ("examples", "gitlab-ci.yml")}
        return
    beside = (ROOT / path.parent / named).resolve()
    schema = beside if beside.is_file() else ROOT / "schemas" / Path(named).name  # templates: beside what init writes
    assert beside.is_file() or "templates" in path.parts
    hold_against(schema, text.replace("project: PROJECT", "project: shop"))


@pytest.mark.parametrize("arguments", [[], ["--template", "big-spenders"]], ids=["lists", "segments"])
def test_what_init_writes_leads_to_schemas_that_init_writes(tmp_path, monkeypatch, arguments):
    """A new project needs no network to be edited."""
    assert 0 == run(["init", str(tmp_path / "shop"), *arguments])
    files = [path for path in (tmp_path / "shop").rglob("*.yaml") if "schemas" not in path.parts]
    assert len(files) >= 2
    for path in files:
        text = path.read_text("utf-8")
        hold_against(path.parent / schema_line(text), text)


def entries(schema, node, path=""):
    """Give each entry that a cursor can be on, at every depth: its way, and what is said of it."""
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from entries(schema, each, f"{path}/{index}")
    for key, value in node.items() if isinstance(node, dict) else ():
        if key in {"properties", "patternProperties"}:
            yield from ((f"{path}/{key}/{name}", said(schema, each)) for name, each in value.items())
        if key not in {"examples", "enum", "const", "default"}:
            yield from entries(schema, value, f"{path}/{key}")


def said(schema, node):
    """Return title and description, those of what is referred to where there are none."""
    while "$ref" in node and not {"title", "description"} <= node.keys():
        target = schema
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return {key for key in ("title", "description") if node.get(key)}


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_whatever_the_cursor_is_on_is_explained(path):
    """At every depth of every schema, by a title and a description; a service's contract has descriptions."""
    schema = json.loads(path.read_text("utf-8"))
    wanted = {"description"} if "openapi" in schema else {"title", "description"}
    found = dict(entries(schema, schema))
    assert len(found) >= 5
    assert [] == [way for way, told in found.items() if not wanted <= told]


@pytest.mark.parametrize("path", [path for path in SCHEMAS if "openapi" not in path.name], ids=lambda path: path.name)
def test_a_schema_is_named_for_good(path):
    """Its `$id` and its file say the same of kind and version."""
    kind, version, *_ = path.name.split(".")
    assert f"urn:groupsync:schema:{kind}:{version}" == json.loads(path.read_text("utf-8"))["$id"]


def test_the_page_on_editors_names_what_there_is():
    """Settings and catalog entry lead to schemas that exist, for the files that groupsync reads."""
    settings, entry = (json.loads(block) for block in JSON_BLOCK.findall((ROOT / "docs/editors.md").read_text("utf-8")))
    assert all((ROOT / path).is_file() for path in settings["yaml.schemas"])
    assert CONFIG_NAME == settings["yaml.schemas"]["schemas/config.v1.schema.json"]
    assert [CONFIG_NAME] == entry["fileMatch"]
    for url in (entry["url"], *entry["versions"].values()):
        assert (ROOT / "schemas" / os.path.basename(url)).is_file()  # noqa: PTH119 -- a URL
        assert f"/v{_version()}/" in url


def _version():
    return re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)[1]
