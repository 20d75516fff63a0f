"""What is known of the files of a journal in its store: `store.json` in the journal's folder. An edge: it does I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync import disk
from groupsync.records import Fields, RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_INDEX: Final = "store.json"
_KEYS: Final = ("version", "size", "lines", "digest")


@dataclass(frozen=True, slots=True)
class Sent:
    """How far a file is in the store.

    Attributes:
        version: of it there; empty where it is not there yet.
        size_bytes: how much of the file that is.
        lines: how many sealed lines it has there; 0 where it is not sealed.
        digest: SHA-256 of what was sent, of a file that is replaced as a whole; otherwise empty.
    """

    version: str = ""
    size_bytes: int = 0
    lines: int = 0
    digest: str = ""


def read_index(folder: Path, place: str) -> dict[str, Sent]:
    """Return what is known by name; nothing where the index is of another store, or can't be made out.

    Raises:
        OSError: it is there and can't be read.
    """
    try:
        fields = Fields(json.loads(disk.read_file(folder / _INDEX)), "the index")
        files = fields.take("files")
        if fields.text("store") != place or not isinstance(files, dict):
            return {}
        return {name: _sent(value) for name, value in files.items()}
    except (FileNotFoundError, ValueError, RecursionError, RecordError):
        return {}


def write_index(folder: Path, place: str, files: Mapping[str, Sent]) -> None:
    """Note what is known by name.

    Raises:
        OSError: it can't be written.
    """
    values = {name: [each.version, each.size_bytes, each.lines, each.digest] for name, each in sorted(files.items())}
    text = json.dumps({"store": place, "files": values}, indent=0)
    disk.write_atomically(folder / _INDEX, text.encode() + b"\n")


def _sent(value: object) -> Sent:
    if not isinstance(value, list) or len(value) != len(_KEYS):
        raise RecordError("an entry is not as it was written")
    fields = Fields(dict(zip(_KEYS, value, strict=True)), "an entry")
    return Sent(fields.text("version"), fields.count("size"), fields.count("lines"), fields.text("digest"))
