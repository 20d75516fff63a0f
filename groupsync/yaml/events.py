"""Read YAML into plain values and positions, in one pass over a parser's events. Pure.

The events are libyaml's, through the extension `ruamel.yaml.clib`: four to five times cheaper than any ready-made
loader, and they know lines and columns. Where the extension is missing, ruamel.yaml's own parser gives the same events,
slowly.
"""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from groupsync.model import SourceRange
from groupsync.yaml.build import Builder
from groupsync.yaml.errors import SYNTAX_ERROR, YamlFault, character_error, fault, syntax_error, too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from groupsync.model import Diagnostic
    from groupsync.yaml.document import Document

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
_SECOND_OPINION_BYTES: Final = 1024 * 1024
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def parse_yaml(data: bytes, path: str) -> tuple[list[Document], list[Diagnostic]]:
    """Read every document of a file; empty ones are left out.

    What is wrong is returned, nothing is raised for it. A syntax error ends the file, and what came before it is still
    returned; after any error the documents of the file are not `sound`.

    Args:
        data: the bytes of the file: UTF-8, with or without a byte order mark.
        path: the file, as it is to be shown.
    """
    documents, found = _read(_events, data, path)
    if len(data) <= _SECOND_OPINION_BYTES and any(one.code == SYNTAX_ERROR for one in found):
        # libyaml reads YAML 1.1, where a bare text in brackets has no `:` or `?`, as in {until: 2027-01-31T18:00:00Z}.
        second_documents, second_found = _read(_pure_events, data, path)
        if not any(one.code == SYNTAX_ERROR for one in second_found):
            return second_documents, second_found
    return documents, found


def parse_yaml_slowly(data: bytes, path: str) -> tuple[list[Document], list[Diagnostic]]:
    """Do what `parse_yaml` does where the extension is missing."""
    return _read(_pure_events, data, path)


def parser_name() -> str:
    """Name the parser in use: `libyaml` with its version, or `pure Python`."""
    try:
        from _ruamel_yaml import get_version_string
    except ImportError:
        return "pure Python"
    return f"libyaml {get_version_string()}"


def _events(data: bytes) -> Callable[[], Any]:
    try:
        from _ruamel_yaml import CParser
    except ImportError:
        return _pure_events(data)
    next_event: Callable[[], Any] = CParser(data).get_event
    return next_event


@contextmanager
def _quick_scalars() -> Iterator[None]:
    """Have the extension hand over scalars as tuples, and set that back at the end.

    It makes each event by calling the class that its module names, and ruamel's are three constructors deep, in Python:
    a quarter of all reading. Done only while no other thread is there that could meet the tuples.
    """
    try:
        import _ruamel_yaml as extension
    except ImportError:
        extension = None
    if extension is None or threading.active_count() > 1:
        yield
        return
    usual = extension.ScalarEvent
    extension.ScalarEvent = _scalar
    try:
        yield
    finally:
        extension.ScalarEvent = usual


def _scalar(
    anchor: str | None,
    tag: object,
    implicit: tuple[bool, bool],
    value: str,
    at: Any,
    _end: Any,
    _style: str | None = None,
) -> tuple[str, object, str | None, tuple[bool, bool], Any]:
    return value, tag, anchor, implicit, at


def _pure_events(data: bytes) -> Callable[[], Any]:
    from ruamel.yaml import YAML

    events = YAML(typ="safe", pure=True).parse(data.decode().removeprefix("\ufeff"))
    return lambda: _without_surrogates(next(events, None))


def _without_surrogates(event: Any) -> Any:
    """Refuse what libyaml refuses by itself: an escape that is half of a character."""
    from ruamel.yaml.error import MarkedYAMLError

    if not getattr(event, "value", "").isascii() and _SURROGATE.search(event.value):
        problem = "found invalid Unicode character escape code"
        raise MarkedYAMLError("while parsing a quoted scalar", event.start_mark, problem, event.start_mark)
    return event


def _read(
    events: Callable[[bytes], Callable[[], Any]], data: bytes, path: str
) -> tuple[list[Document], list[Diagnostic]]:
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(data) > MAX_FILE_BYTES:
        return [], [too_large(path, len(data), MAX_FILE_BYTES)]
    if not data.isascii() and (found := character_error(data, path)):
        return [], [found]
    builder = Builder(path)
    try:
        with _quick_scalars():
            builder.run(events(data))
    except YamlFault as stop:
        builder.found.append(stop.diagnostic)
    except MarkedYAMLError as error:
        builder.found.append(syntax_error(error, data, path))
    except YAMLError as error:
        # A "reader error" is a character that YAML doesn't allow, which puts the whole file in doubt.
        return [], [
            character_error(data, path)
            or fault("GS101", "The file can't be read as YAML", str(error), "", at=SourceRange(path))
        ]
    if builder.found:
        return [replace(document, sound=False) for document in builder.documents], builder.found
    return builder.documents, []
