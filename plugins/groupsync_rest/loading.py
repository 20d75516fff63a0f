"""Read a profile: one that is shipped, or a file of the project. An edge: it reads files."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib import resources
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from groupsync.errors import ConfigError, InvalidDefinitions
from groupsync.files import UnreadableFile, read_text_file
from groupsync.schema_check import check
from groupsync.yaml.events import parse_yaml
from groupsync_rest.expression import Expression
from groupsync_rest.findings import no_profile, problems_of
from groupsync_rest.profile import Call, Limits, Meaning, Pages, Parameter, Profile

if TYPE_CHECKING:
    from pathlib import Path

    from groupsync.backend import JsonSchema
    from groupsync.yaml.document import Document

MAX_PROFILE_BYTES: Final = 1024 * 1024
_SHIPPED: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_USUAL: Final = {"absent": [404, 410], "exists": [409], "conflict": [412], "unknown_member": []}
_BODIES: Final = ("body", "form")


@lru_cache(maxsize=1)
def profile_schema() -> JsonSchema:
    """Return the JSON Schema of profiles."""
    text = resources.files("groupsync.schemas").joinpath("profile.v1.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def shipped() -> list[str]:
    """Return the names of the profiles that come with the plugin, sorted."""
    folder = resources.files("groupsync_rest").joinpath("profiles")
    return sorted(each.name.removesuffix(".yaml") for each in folder.iterdir() if each.name.endswith(".yaml"))


def load_profile(written: str, root: Path) -> Profile:
    """Read a profile and check it.

    Args:
        written: the name of a shipped one, or a path from `root` inside it, which ends in .yaml or .yml.
        root: the project's folder.

    Raises:
        ConfigError: there is none of that name.
        InvalidDefinitions: all that is wrong with it, each with its place.
    """
    if find_spec("jmespath") is None:
        hint = "pip install 'groupsync[rest]'"
        raise ConfigError("the backend `rest` lacks a library", "`jmespath` is not installed", hint)
    if _SHIPPED.fullmatch(written):
        if written not in shipped():
            hint = "For a file of the project write its path, which ends in `.yaml`."
            raise ConfigError(f"there is no profile `{written}`", f"shipped are {', '.join(shipped())}", hint)
        found = resources.files("groupsync_rest").joinpath("profiles", f"{written}.yaml")
        return parse_profile(found.read_bytes(), f"groupsync_rest/profiles/{written}.yaml", written)
    try:
        data = read_text_file(root, written, MAX_PROFILE_BYTES)
    except UnreadableFile as error:
        raise InvalidDefinitions([error.diagnostic]) from error
    return parse_profile(data, written, written)


def parse_profile(data: bytes, path: str, name: str) -> Profile:
    """Make a profile of the bytes of a file; pure but for the schema, which is the package's own.

    Raises:
        InvalidDefinitions: as `load_profile` does.
    """
    documents, found = parse_yaml(data, path)
    if not found and len(documents) != 1:
        found = [no_profile(path, len(documents))]
    for document in documents[:1]:
        found += check(document, profile_schema())
        found += problems_of(document) if not found else []
    if found:
        raise InvalidDefinitions(found)
    return _profile(documents[0], name)


def _profile(document: Document, name: str) -> Profile:
    value: Any = document.value
    errors = _USUAL | value.get("errors", {})
    return Profile(
        name=name,
        title=value.get("title", name),
        parameters=tuple(
            Parameter(each, said["description"], said.get("default"))
            for each, said in sorted(value.get("parameters", {}).items())
        ),
        headers=value.get("headers", {}),
        limits=Limits(**value.get("limits", {})),
        fields={field: Expression(text) for field, text in value["group"].items()},
        revision_header=value.get("revision_header", "").lower(),
        calls={each: _call(each, said, errors) for each, said in value["calls"].items()},
        document=document,
    )


def _call(name: str, said: dict[str, Any], errors: dict[str, Any]) -> Call:
    method, _, path = said["request"].partition(" ")
    meanings = errors | said.get("errors", {})
    return Call(
        name=name,
        method=method,
        path=path,
        query=said.get("query", {}),
        headers=said.get("headers", {}),
        body=next((said[each] for each in _BODIES if each in said), None),
        is_form="form" in said,
        sends_whole=said.get("sends", "changes" if method == "PATCH" else "whole") == "whole",
        done=frozenset(said.get("done", ())),
        meanings={each: tuple(map(_meaning, listed)) for each, listed in meanings.items()},
        pages=_pages(said["pages"]) if "pages" in said else None,
        then_get=said.get("then_get", False),
        reads=said.get("reads", False),
        **{key: Expression(said[key]) for key in ("group", "items", "total", "revision", "shows") if key in said},
    )


def _meaning(said: int | dict[str, Any]) -> Meaning:
    return Meaning(said) if isinstance(said, int) else Meaning(said["status"], said["says"])


def _pages(said: dict[str, Any]) -> Pages:
    following = Expression(said["next"]) if "next" in said else None
    return Pages(said["by"], said.get("parameter", ""), following, said.get("first", 0))
