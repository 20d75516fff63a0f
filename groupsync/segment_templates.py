"""Segments to start from, as the package brings them. An edge: it reads the package's own data."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from groupsync.yaml.events import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SCHEMA: Final = "schemas/group.v1.schema.json"
"""Where a project has the schema of its definitions, if it has it."""
_LISTS: Final = frozenset({"all", "any"})
_WITHOUT_ATTRIBUTES: Final = frozenset({"in_group", "not_in_group", "everyone"})


@dataclass(frozen=True, slots=True)
class Template:
    """A segment to start from.

    Attributes:
        name: of the template, and of the group that it defines.
        purpose: what the group is for, in a sentence.
        source: the name of the source that it asks.
        attributes: what it asks of each customer, sorted.
        text: the definition, without a line for editors; ends with a line break.
    """

    name: str
    purpose: str
    source: str
    attributes: tuple[str, ...]
    text: str


@lru_cache(maxsize=1)
def segment_templates() -> tuple[Template, ...]:
    """Return all there are, sorted by name. Reads the package's own data the first time."""
    folder = resources.files("groupsync.templates") / "segments"
    files = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".yaml")}
    return tuple(_template(name, text) for name, text in sorted(files.items()))


def text_for(template: Template, path: str, *, has_schema: bool) -> str:
    """Return a template as the text of a file.

    Args:
        template: which.
        path: the file, from the project's folder, `/` between the parts.
        has_schema: whether the project has the schema for editors (`SCHEMA`); the first line points there then.
    """
    if not has_schema:
        return template.text
    schema = posixpath.relpath(SCHEMA, posixpath.dirname(path) or ".")
    return f"# yaml-language-server: $schema={schema}\n{template.text}"


def source_text(name: str, attributes: Sequence[str], *, is_first: bool) -> str:
    """Return what makes a source of a table, to be copied into a config; ends with a line break.

    Args:
        name: of the source.
        attributes: the columns that it must have.
        is_first: whether the config has no `sources` yet.
    """
    columns = ", ".join(["email", *attributes])
    entry = (
        f"  {name}:\n"
        "    plugin: ibis\n"
        '    url: "duckdb://" # reads a file of the project; a database has another URL\n'
        f"    table: data/{name}.csv # or .parquet: one row a customer, with the columns {columns}\n"
        "    id: email\n"
    )
    return f"sources:\n{entry}" if is_first else entry


def _template(file: str, text: str) -> Template:
    documents, _ = parse_yaml(text.encode(), file)
    found: Any = documents[0].value
    _, _, definition = text.partition("\n")
    attributes = {*_attributes(found["where"]), *found.get("limit", {}).get("order_by", {})}
    return Template(found["name"], found["description"], found["source"], tuple(sorted(attributes)), definition)


def _attributes(condition: Mapping[str, Any]) -> Iterator[str]:
    """Give the attributes that a well-formed condition names; some more than once."""
    for key, value in condition.items():
        if key in _LISTS:
            for each in value:
                yield from _attributes(each)
        elif key == "not":
            yield from _attributes(value)
        elif key not in _WITHOUT_ATTRIBUTES:
            yield key
