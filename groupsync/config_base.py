"""Put a config together with the base that it extends. An edge: it reads files.

Maps are merged, key by key; anything else in the config takes the place of what the base has. Each value keeps the
place where it is written, so that findings point into the right file. A base lies beside the config: paths are relative
to the folder of both.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Final, cast

from groupsync.errors import ConfigError
from groupsync.model import Diagnostic, Severity
from groupsync.yaml.document import Document, MappingPlaces, PlacedMark, SequencePlaces
from groupsync.yaml.events import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from groupsync.yaml.document import Mark, Spot

EXTENDS: Final = "extends"


def with_base(
    document: Document, folder: Path, read: Callable[[Path], bytes], seen: tuple[str, ...] = ()
) -> tuple[Document, list[Diagnostic]]:
    """Return a config merged with the base that it names, and that one's; the config itself where it names none.

    Args:
        document: the config.
        folder: where it lies, and its bases.
        read: reads a file; raises ConfigError.
        seen: the configs that led here.

    Returns:
        The config, and what is wrong with its bases.
    """
    written = document.value.get(EXTENDS) if isinstance(document.value, dict) else None
    if not isinstance(written, str):
        return document, []
    seen = (*seen, document.path)
    problem = _misplaced(written, folder, seen)
    if problem:
        return document, [_error(document, *problem)]
    try:
        documents, found = parse_yaml(read(folder / written), written)
    except ConfigError as error:
        return document, [_error(document, error.summary, error.detail, error.hint)]
    if found:
        return document, found
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        detail = "Expected one document, a mapping."
        return document, [_error(document, f"The base `{written}` is not a config", detail, "Name another file.")]
    base, found = with_base(documents[0], folder, read, seen)
    return _merged(base, document), [*_other_version(base, document), *found]


def _misplaced(written: str, folder: Path, seen: tuple[str, ...]) -> tuple[str, str, str] | None:
    """Say in the words of a diagnostic why a base can't be one by its name alone."""
    if written in seen:
        way = " → ".join(f"`{each}`" for each in (*seen[seen.index(written) :], written))
        return "A config can't extend itself", f"{way}.", f"Take one `{EXTENDS}` out."
    if PurePath(written).name != written or "\\" in written or "\0" in written:
        detail = "A base and the config share a folder: what paths are relative to."
        return (
            f"The base `{written}` does not lie beside the config",
            detail,
            "Move it there, and write its name alone.",
        )
    place = (folder / written).resolve()
    if not place.is_relative_to(folder.resolve()):
        detail = f"It is `{place}`, and the project is in `{folder.resolve()}`."
        return f"The base `{written}` leads out of the project", detail, "Put the file itself there."
    if not place.is_file():
        return f"There is no base `{written}`", f"It is looked for as `{place}`.", "Correct the name, or create it."
    return None


def _other_version(base: Document, document: Document) -> list[Diagnostic]:
    here, there = (each.value.get("version") for each in (document, base) if isinstance(each.value, dict))
    if here == there and type(here) is type(there):
        return []
    summary = f"The base `{base.path}` is of another version than `{document.path}`"
    detail = f"`version` is {there!r} there, and {here!r} here."
    at = base.locate(("version",))
    return [Diagnostic("GS510", Severity.ERROR, summary, detail, "Write the same `version` in both.", at)]


def _error(document: Document, summary: str, detail: str, hint: str) -> Diagnostic:
    return Diagnostic("GS510", Severity.ERROR, summary, detail, hint, document.locate((EXTENDS,)))


def _merged(base: Document, document: Document) -> Document:
    value, spot = _merge((base.value, _placed(base.spot, base.path)), (document.value, document.spot))
    return Document(document.path, value, spot, base.sound and document.sound)


def _merge(base: tuple[object, Spot], own: tuple[object, Spot]) -> tuple[object, Spot]:
    (base_value, base_spot), (value, spot) = base, own
    if not (isinstance(base_value, dict) and isinstance(value, dict)):
        return own
    base_spot, spot = cast("MappingPlaces", base_spot), cast("MappingPlaces", spot)
    values, places = dict(base_value), MappingPlaces(spot.at, {**base_spot.keys, **spot.keys}, dict(base_spot.values))
    for key, each in value.items():
        if key in base_value:
            values[key], places.values[key] = _merge((base_value[key], base_spot.values[key]), (each, spot.values[key]))
        else:
            values[key], places.values[key] = each, spot.values[key]
    return values, places


def _placed(spot: Spot, path: str) -> Spot:
    """Return places that say which file they are in; those that do already stay."""
    match spot:
        case MappingPlaces():
            keys = {key: _marked(mark, path) for key, mark in spot.keys.items()}
            return MappingPlaces(
                _marked(spot.at, path), keys, {key: _placed(each, path) for key, each in spot.values.items()}
            )
        case SequencePlaces():
            return SequencePlaces(_marked(spot.at, path), [_placed(each, path) for each in spot.items])
        case _:
            return _marked(spot, path)


def _marked(mark: Mark, path: str) -> Mark:
    return mark if isinstance(mark, PlacedMark) else PlacedMark(path, mark.line, mark.column)
