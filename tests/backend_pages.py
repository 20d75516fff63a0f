"""The tables on backends in README and `docs/backends.md`, made from the code.

`UPDATE_GOLDEN=1 make test ARGS="-n0 -k backend_pages"` writes them anew. What a table says of a server that only
tells by itself what it can do is taken from that server, by `tests/servers/test_backend_pages.py`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupsync.backend import BackendContext
from groupsync.identity import Identity
from groupsync.model import ATTRIBUTES, Action
from groupsync.plugins import Plugins
from groupsync.report.listing import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from groupsync.backend import Capabilities, JsonSchema

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "backends.md"
PAGES = (ROOT / "README.md", DOCS)
URL = {"url": "https://groups.example.com"}
ROWS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "`file`": ("file", {"path": "state/"}),
    "`rest`, `groupsync`": ("rest", {**URL, "profile": "groupsync"}),
    "`rest`, `jupyterhub`": ("rest", {**URL, "profile": "jupyterhub"}),
    "`rest`, `mailman3`": ("rest", {**URL, "profile": "mailman3", "parameters": {"domain": "lists.example.com"}}),
    "`memory`": ("memory", {}),
}
"""Rows of the table of capabilities: a backend and its options, where these tell what it can do."""
SERVED: Mapping[str, tuple[str, str]] = {
    "with_marks": ("`scim`, scim2-server with the extension for marks", "scim"),
    "scim2_server": ("`scim`, scim2-server", "scim"),
    "canaille": ("`scim`, Canaille", "scim"),
}
"""More rows, by the fixture of the server that has to be asked."""


def capabilities_of(plugin: str, options: Mapping[str, Any]) -> Capabilities:
    """Return what a backend says that it can do."""
    backend = Plugins.discover({}).backend(plugin).cls.from_options(options, context=_context())
    try:
        return backend.capabilities
    finally:
        backend.close()


def _context() -> BackendContext:
    return BackendContext(ROOT, "docs", "docs", Identity().canonical, Identity().rule)


def row_of(title: str, capabilities: Capabilities) -> str:
    """Return a line of the table of capabilities."""
    words = describe(capabilities)
    words["actions"] = _which(map(str, capabilities.actions), map(str, Action))
    words["attributes"] = _which(capabilities.attributes, ATTRIBUTES)
    return _line(title, *words.values())


def capability_rows() -> str:
    """Return the head of the table of capabilities and those of its lines that need no server."""
    titles = describe(capabilities_of("memory", {})).keys()
    rows = [row_of(title, capabilities_of(plugin, options)) for title, (plugin, options) in ROWS.items()]
    return "".join([_line("backend", *titles), _line(*["---"] * (1 + len(titles))), *rows])


def options_table(schema: JsonSchema) -> str:
    """Return the table of a backend's options."""
    rows = [_line(*cells) for cells in _options(schema, "")]
    return "".join([_line("option", "value", "meaning"), _line("---", "---", "---"), *rows]) if rows else "None.\n"


def _options(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    required = schema.get("required", ())
    for name, each in sorted(schema.get("properties", {}).items(), key=lambda item: item[0] not in required):
        meaning = [each["description"]]
        if not path and name in required:
            meaning.append("**Required.**")
        if each.get("default") not in (None, [], {}):
            meaning.append(f"Default: {_code(each['default'])}.")
        yield _code(f"{path}{name}"), _value(each), " ".join(meaning)
        yield from _options(each, f"{path}{name}.")


def _value(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(map(_code, schema["enum"]))
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = f", {low:,} to {high:,}" if low is not None and high is not None else ""
    match schema.get("type"):
        case "string":
            return "text"
        case "boolean":
            return f"{_code(True)} or {_code(False)}"
        case "integer":
            return f"whole number{bounds}"
        case "number":
            return f"number{bounds}"
        case "array":
            return f"list of {_value(schema['items'])}"
        case "object":
            return "mapping"
        case other:
            raise AssertionError(f"no words for an option of type {other}")


def _which(found: Iterable[str], every: Iterable[str]) -> str:
    """Say which of all there are in the fewest words."""
    every, found = list(every), set(found)
    missing = [each for each in every if each not in found]
    if not missing or not found:
        return "none" if missing else "all"
    there = [each for each in every if each in found]
    return f"all but {', '.join(missing)}" if len(missing) <= len(there) else ", ".join(there)


def _code(value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


def block(page: Path, name: str) -> re.Match[str]:
    """Find a table between its marks in a page."""
    mark = re.escape(name)
    found = re.search(rf"(?<=<!-- {mark} -->\n).*?(?=<!-- /{mark} -->)", page.read_text("utf-8"), re.DOTALL)
    assert found, f"{page.name} has no `<!-- {name} -->` … `<!-- /{name} -->`"
    return found


def served_rows(page: Path, asked: str = "", line: str = "") -> str:
    """Return the lines of the table of capabilities that are about servers which have to be asked.

    Args:
        page: where they are.
        asked: the fixture of a server that was asked.
        line: the one that it has to have in place of what is there.
    """
    there = block(page, "capabilities")[0].splitlines(keepends=True)
    rows = {name: [each for each in there if each.startswith(f"| {title} |")] for name, (title, _) in SERVED.items()}
    return "".join(each for name, held in rows.items() for each in ([line] if name == asked else held))


def hold(page: Path, name: str, table: str) -> None:
    """Compare a table with the page; write it there if `UPDATE_GOLDEN` is set."""
    found = block(page, name)
    if os.environ.get("UPDATE_GOLDEN") and found[0] != table:
        text = page.read_text("utf-8")
        page.write_text(text[: found.start()] + table + text[found.end() :], "utf-8")
        return
    assert table == found[0], f"{page.name}: {name}; UPDATE_GOLDEN=1 writes it anew"
