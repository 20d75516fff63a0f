"""One source of the config: its guards, what is said about its attributes, and its plugin's options. An edge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

from groupsync.model import Diagnostic, Limit, Severity
from groupsync.model.definition import said
from groupsync.plugin_options import PluginOptions, options_at
from groupsync.secrets import Secret
from groupsync.target_identity import place_text, telling_options
from groupsync.times import zone_named
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from groupsync.model import SourceRange
    from groupsync.model.criteria import Condition
    from groupsync.yaml.document import Document

OWN_KEYS: Final = (
    "plugin",
    "eligible",
    "attributes",
    "min_rows",
    "max_shrink",
    "max_age",
    "max_null_ids",
    "max_misfits",
    "time_zone",
)
"""What every source has; all other keys are its plugin's options."""

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_FEW: Final = Limit(1, 5)


@dataclass(frozen=True, slots=True)
class SourceGuards:
    """What a source as a whole must respect before any segment of it counts.

    Attributes:
        min_rows: the fewest customers; None for any number. `count` of the limit.
        max_shrink: how many customers fewer than at the last run; None for any number.
        max_age: how old the newest row may be; None for any age.
        max_age_at: where that is written.
        max_null_ids: how many rows may have no identifier that can be one.
        max_misfits: how many values of a column may be none of its type, and so unknown.
    """

    min_rows: Limit | None = None
    max_shrink: Limit | None = None
    max_age: timedelta | None = None
    max_age_at: SourceRange | None = None
    max_null_ids: Limit = _FEW
    max_misfits: Limit = _FEW


@dataclass(frozen=True, slots=True)
class AttributeNote:
    """What the config says about one attribute; empty where it does not."""

    name: str
    at: SourceRange
    column: str = ""
    description: str = ""
    category: str = ""
    unit: str = ""
    look_back: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """One entry of `sources`.

    Attributes:
        name: in the config.
        plugin: name of the source's plugin.
        options: the plugin's own.
        at: where the source's name is written.
        guards: what it must respect as a whole.
        eligible: as written; None for everybody.
        attributes: what the config says about them, in the order written.
        time_zone: that days are of, and times without one; an IANA name.
    """

    name: str
    plugin: str
    options: PluginOptions
    at: SourceRange
    guards: SourceGuards = SourceGuards()
    eligible: Condition | None = None
    attributes: tuple[AttributeNote, ...] = ()
    time_zone: str = "UTC"

    def local(self, instant: datetime) -> datetime:
        """Return an instant in the source's time zone."""
        from zoneinfo import ZoneInfo

        return instant.astimezone(UTC if self.time_zone == "UTC" else ZoneInfo(self.time_zone))

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal over what decides who is a customer and what is known of them; not over secrets."""
        columns = sorted((note.name, note.column) for note in self.attributes if note.column)
        values = [self.plugin, _public(self.options.values), said(self.eligible), columns]
        values += [self.time_zone] if self.time_zone != "UTC" else []
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    @property
    def identity(self) -> str:
        """SHA-256 in hexadecimal over what it reads, and of whom: the same under another name.

        The plugin's options with secrets revealed, but for credentials; and who is eligible.
        """
        text = f"{self.plugin}\n{place_text(telling_options(self.options.values, {}))}\n{said(self.eligible)}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _public(value: object) -> object:
    match value:
        case Secret():
            return None
        case Mapping():
            return {key: _public(each) for key, each in value.items()}
        case list():
            return [_public(each) for each in value]
        case _:
            return value


def check_sources(document: Document) -> list[Diagnostic]:
    """Return what is wrong with conditions and time zones of sources in a config, which its schema can't tell; pure."""
    root_value: Any = document.value
    found: list[Diagnostic] = []
    sources = root_value.get("sources") if isinstance(root_value, dict) else None
    for name, value in sources.items() if isinstance(sources, dict) else ():
        if isinstance(value, dict) and isinstance(value.get("eligible"), dict):
            _eligible(document, ("sources", name), value, found)
        if isinstance(value, dict) and isinstance(value.get("time_zone"), str):
            found += _bad_zone(document, ("sources", name, "time_zone"), value["time_zone"])
    return found


def _bad_zone(document: Document, pointer: tuple[str, ...], name: str) -> Iterator[Diagnostic]:
    try:
        zone_named(name)
    except ValueError as reason:
        summary = f"There is no time zone `{shown(name)}`"
        detail = "Expected an IANA name of a place: `Europe/Berlin`, or `UTC`."
        yield Diagnostic("GS512", Severity.ERROR, summary, detail, str(reason), document.locate(pointer))


def source_config(document: Document, name: str, folder: Path) -> SourceConfig:
    """Return a source of a config that has no error; looks its secrets up, in files relative to `folder`."""
    root_value: Any = document.value
    value, pointer = root_value["sources"][name], ("sources", name)
    return SourceConfig(
        name,
        value["plugin"],
        options_at(document, pointer, OWN_KEYS, folder),
        document.locate(pointer, key=True),
        _guards(document, pointer, value),
        _eligible(document, pointer, value, []),
        tuple(_note(document, pointer, each, said) for each, said in value.get("attributes", {}).items()),
        value.get("time_zone", "UTC"),
    )


def _note(document: Document, pointer: tuple[str, str], name: str, said: dict[str, Any]) -> AttributeNote:
    at = document.locate((*pointer, "attributes", name), key=True)
    return AttributeNote(name, at, **{**said, "values": tuple(said.get("values", ()))})


def _guards(document: Document, pointer: tuple[str, str], value: dict[str, Any]) -> SourceGuards:
    def at(key: str) -> SourceRange:
        return document.locate((*pointer, key), key=True)

    def limit(key: str) -> Limit | None:
        written = value.get(key)
        if written is None or written == "off":
            return None if written is None else Limit(at=at(key))
        return Limit(written.get("percent"), written.get("floor"), written.get("count"), at(key))

    age = value.get("max_age")
    return SourceGuards(
        Limit(count=value["min_rows"], at=at("min_rows")) if "min_rows" in value else None,
        limit("max_shrink"),
        timedelta(**{_UNITS[age[-1]]: int(age[:-1])}) if age else None,
        at("max_age") if age else None,
        limit("max_null_ids") or _FEW,
        limit("max_misfits") or _FEW,
    )


def _eligible(
    document: Document, pointer: tuple[str, str], value: dict[str, Any], found: list[Diagnostic]
) -> Condition | None:
    if "eligible" not in value:
        return None
    from groupsync.condition_words import groups_of
    from groupsync.criteria import read_condition

    condition = read_condition(document, (*pointer, "eligible"), value["eligible"], found)
    for each in groups_of(condition) if condition is not None else ():
        summary = "Who is eligible can't depend on groups"
        detail = f"Groups are made of customers; `{shown(each.group, 200)}` is one of them."
        hint = "Write `exclude` in the config, for all groups; or ask for the group in `where` of a segment."
        found.append(Diagnostic("GS218", Severity.ERROR, summary, detail, hint, each.at))
    return condition
