"""Unpack texts that are packed with gzip. Pure."""

from __future__ import annotations

import zlib
from typing import Final

from groupsync.members.text import error
from groupsync.model import Diagnostic, SourceRange

MAX_UNPACKED_BYTES: Final = 1 << 30


def unpacked(data: bytes, path: str) -> bytes | Diagnostic:
    """Return what is packed with gzip, or why it can't be unpacked."""
    hint = "Copy or export it again."
    found = bytearray()
    rest = data
    try:
        while rest:
            unpack = zlib.decompressobj(wbits=31)
            found += unpack.decompress(rest, MAX_UNPACKED_BYTES + 1 - len(found))
            if len(found) > MAX_UNPACKED_BYTES:
                detail = f"It has more than {MAX_UNPACKED_BYTES:,} bytes."
                return error("GS305", f"`{path}` is too large to be unpacked", detail, "", SourceRange(path, 1, 1))
            if not unpack.eof:
                return error(
                    "GS306", f"`{path}` is cut short", "What gzip packed has no end.", hint, SourceRange(path, 1, 1)
                )
            rest = unpack.unused_data.lstrip(b"\0")
    except zlib.error:
        detail = "Its name says that it is packed with gzip."
        return error("GS306", f"`{path}` can't be unpacked", detail, hint, SourceRange(path, 1, 1))
    return bytes(found)
