"""The backend `ini`: one file, one section a group.

[beta-testers]
display_name = "Beta testers"
mark = {"project": "shop", "digest": "9f86…", "count": 2, "identity": "email/fold", "prevent_delete": false}
members =
ada@contoso.com
grace@contoso.com
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
from configparser import ConfigParser
from configparser import Error as IniError
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Self

from groupsync.backend import Capabilities, carry_out, check_precondition
from groupsync.errors import BackendError, ConfigError, StaleRead
from groupsync.model import ATTRIBUTES, Action, Group, Mark, Members, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from configparser import SectionProxy
    from pathlib import Path

    from groupsync.backend import BackendContext, JsonSchema
    from groupsync.model import Change, Scope


class IniBackend:
    """Groups in an INI file."""

    name: ClassVar[str] = "ini"
    options_schema: ClassVar[JsonSchema] = {
        "type": "object",
        "properties": {
            "path": {
                "type": "string",
                "pattern": r"\.ini$",
                "description": "The file, relative to the project's folder.",
                "examples": ["groups.ini"],
            }
        },
        "required": ["path"],
        "additionalProperties": False,
    }
    capabilities = Capabilities(actions=frozenset(Action) - {Action.RENAME}, revisions=True, ownership=True)

    def __init__(self, path: Path, context: BackendContext) -> None:
        self._path = path
        self._canonical = context.canonical

    @classmethod
    def from_options(cls, options: Mapping[str, Any], context: BackendContext) -> Self:
        """Find the file; it need not be there yet."""
        root = context.root.resolve()
        path = (root / options["path"]).resolve()
        if not path.is_relative_to(root):
            raise ConfigError(f"`{options['path']}` leads out of the project")
        return cls(path, context)

    @classmethod
    def identity_of(cls, options: Mapping[str, Any]) -> Mapping[str, object]:
        """Say which store it is: the path as written, so that every clone of the project means the same one."""
        return {"path": options["path"]}

    def read(self, scope: Scope) -> Snapshot:
        """Read every group."""
        groups = self._load()
        wanted = sorted(name for name in groups if scope.names is None or name in scope.names)
        return Snapshot(tuple(groups[name] for name in wanted))

    def members(self, group: Group) -> Iterator[str]:
        """Stream the members of a group."""
        found = self._load().get(group.name)
        if found is None or found.revision != group.revision:
            raise StaleRead(f"`{group.name}` changed since it was read", name=group.name)
        yield from found.members or ()

    def apply(self, change: Change) -> Group | None:
        """Check, change and write under one lock, so that nobody's write gets lost."""
        if change.action not in self.capabilities.actions:
            raise BackendError(f"an INI file can't {change.action} a group", name=change.name)
        with self._locked():
            groups = self._load()
            prior = groups.get(change.name)
            check_precondition(change, prior)
            after = carry_out(change, prior)
            if after is None:
                del groups[change.name]
            else:
                groups[change.name] = after
            self._save(groups)
            return self._load().get(change.name)

    def close(self) -> None:
        """Nothing is held."""

    def _load(self) -> dict[str, Group]:
        parser = _parser()
        try:
            parser.read_string(self._path.read_text(encoding="utf-8"))
            return {name: self._group(name, parser[name]) for name in parser.sections()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, IniError) as error:
            raise BackendError(f"{self._path.name} can't be read", str(error), "Mend the file.") from error

    def _group(self, name: str, section: SectionProxy) -> Group:
        values = {key: _sorted(json.loads(section[key])) for key in ATTRIBUTES if key in section}
        mark = Mark(**json.loads(section["mark"])) if "mark" in section else None
        members = Members.of(map(self._canonical, section["members"].split()))
        revision = hashlib.sha256(repr([name, *section.items()]).encode()).hexdigest()
        return Group(name, id=name, members=members, mark=mark, revision=revision, **values)

    def _save(self, groups: dict[str, Group]) -> None:
        parser = _parser()
        for name, group in sorted(groups.items()):
            values: dict[str, Any] = {key: group.attribute(key) for key in ATTRIBUTES}
            values["mark"] = asdict(group.mark) if group.mark else None
            parser[name] = {
                key: json.dumps(value, ensure_ascii=False) for key, value in values.items() if value is not None
            }
            parser[name]["members"] = "".join(f"\n{member}" for member in group.members or ())
        text = io.StringIO()
        parser.write(text)
        temporary = self._path.with_suffix(".tmp")
        try:
            temporary.write_text(text.getvalue(), encoding="utf-8")
            temporary.replace(self._path)
        except OSError as error:
            raise BackendError(f"{self._path.name} can't be written", str(error)) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _sorted(value: Any) -> Any:
    """Turn JSON's lists (owners; labels as pairs) into the sorted tuples that a Group has."""
    if not isinstance(value, list):
        return value
    return tuple(sorted(tuple(each) if isinstance(each, list) else each for each in value))


def _parser() -> ConfigParser:
    """An INI dialect that takes every name and every address: no comments, no interpolation, no default section."""
    return ConfigParser(delimiters=("=",), comment_prefixes=(), interpolation=None, default_section="DEFAULT SECTION")
