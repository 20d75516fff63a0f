"""Build plain values and positions from the events of a YAML parser, in one pass. Pure.

Strict on purpose, because what a loader lets pass decides who is in a group: duplicate keys, merge keys and foreign
tags are errors, and so is everything that would make a small file grow large.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from groupsync.model import Diagnostic, Severity
from groupsync.yaml.document import Document, MappingPlaces, Mark, SequencePlaces, Spot, range_of, start_of
from groupsync.yaml.errors import YamlFault, fault
from groupsync.yaml.scalars import SUSPECTS, kind_of, plain_scalar, shown

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DEPTH: Final = 50
MAX_ALIASED_NODES: Final = 1_000_000
"""How many values the aliases of one file may stand for, each counted as often as it is referred to."""

_TAG_PREFIX: Final = "tag:yaml.org,2002:"
_SCALAR_TAGS: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,), "float": (float, int), "bool": (bool,), "null": (type(None),),
}  # fmt: skip


class _Anchored(NamedTuple):
    value: object
    spot: Spot
    nodes: int
    depth: int


class _MappingFrame:
    """A mapping that is being read."""

    __slots__ = ("anchor", "depth", "key", "key_at", "nodes", "places", "value")

    def __init__(self, at: Mark, anchor: str | None) -> None:
        self.value: dict[str, object] = {}
        self.places = MappingPlaces(at)
        self.anchor = anchor
        self.nodes = 1
        self.depth = 1
        self.key: str | None = None  # None: the value that follows has nowhere to go
        self.key_at: Mark | None = None  # None: a key is next


class _SequenceFrame:
    """A list that is being read. Its plain items are not in `nodes` until it is closed."""

    __slots__ = ("anchor", "depth", "nodes", "places", "spots", "value")

    def __init__(self, at: Mark, anchor: str | None) -> None:
        self.value: list[object] = []
        self.places = SequencePlaces(at)
        self.spots = self.places.items
        self.anchor = anchor
        self.nodes = 1
        self.depth = 1


class Builder:
    """Turns the events of one file into documents and findings."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.documents: list[Document] = []
        self.found: list[Diagnostic] = []
        self._stack: list[_MappingFrame | _SequenceFrame] = []
        self._anchors: dict[str, _Anchored | None] = {}  # None while the value is still being read
        self._aliased = 0

    def run(self, next_event: Callable[[], Any]) -> None:
        """Read all events. Every value of a project passes here, a million at times: a plain item costs no call."""
        from ruamel.yaml.events import ScalarEvent

        sequence: _SequenceFrame | None = None
        while (event := next_event()) is not None:
            if event.__class__ is tuple:  # see `_quick_scalars` in groupsync.yaml.events
                value, tag, anchor, implicit, at = event
            elif event.__class__ is ScalarEvent:
                value, tag, anchor, implicit, at = (
                    event.value,
                    event.ctag,
                    event.anchor,
                    event.implicit,
                    event.start_mark,
                )
            else:
                self._structure(event)
                frame = self._stack[-1] if self._stack else None
                sequence = frame if isinstance(frame, _SequenceFrame) else None
                if sequence is not None:
                    add_value, add_spot = sequence.value.append, sequence.spots.append
                continue
            if tag is not None:
                value = self._tagged(value, str(tag), at)
            elif value[:1] in SUSPECTS and implicit[0]:
                value = plain_scalar(value)
            if anchor is not None:
                self._anchors[anchor] = _Anchored(value, at, 1, 0)
            if sequence is not None:
                add_value(value)
                add_spot(at)
            else:
                self._add(value, at, 1, 0)

    def _structure(self, event: Any) -> None:
        at = event.start_mark
        match event.__class__.__name__:
            case "MappingStartEvent":
                self._open(_MappingFrame(at, event.anchor), event.tag, "map")
            case "SequenceStartEvent":
                self._open(_SequenceFrame(at, event.anchor), event.tag, "seq")
            case "MappingEndEvent" | "SequenceEndEvent":
                self._close()
            case "AliasEvent":
                self._alias(event.anchor, at)
            case "DocumentStartEvent":
                self._anchors.clear()
                if event.version not in {None, (1, 2)}:
                    self._report(
                        "GS105",
                        at,
                        f"The file asks for YAML {'.'.join(map(str, event.version))}",
                        "It is read as YAML 1.2, where `no` and `on` are texts.",
                        "Delete the line `%YAML …`.",
                    )

    def _open(self, frame: _MappingFrame | _SequenceFrame, tag: str | None, kind: str) -> None:
        at = frame.places.at
        self._bound_depth(1, at)
        if tag not in {None, "!", _TAG_PREFIX + kind}:
            self._foreign_tag(str(tag), at)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = None
        self._stack.append(frame)

    def _close(self) -> None:
        frame = self._stack.pop()
        nodes = frame.nodes + (len(frame.value) if isinstance(frame, _SequenceFrame) else 0)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchored(frame.value, frame.places, nodes, frame.depth)
        self._add(frame.value, frame.places, nodes, frame.depth)

    def _alias(self, name: str, at: Mark) -> None:
        if name not in self._anchors:
            self._stop(
                "GS106",
                at,
                f"The alias `*{name}` refers to nothing",
                f"No `&{name}` comes before it in this document.",
                f"Mark the value it means with `&{name}`, or put quotes around a text that starts with `*`.",
            )
        anchored = self._anchors[name]
        if anchored is None:
            self._stop(
                "GS106",
                at,
                f"The alias `*{name}` stands inside the value it refers to",
                f"`&{name}` would contain itself without end.",
                "Write the value out.",
            )
        self._aliased += anchored.nodes
        if self._aliased > MAX_ALIASED_NODES:
            self._stop(
                "GS107",
                at,
                "The aliases of this file stand for too many values",
                f"With `*{name}` they are more than {MAX_ALIASED_NODES:,}.",
                "Build groups from groups with `include`.",
            )
        self._bound_depth(anchored.depth, at)
        spot = anchored.spot
        self._add(
            anchored.value,
            replace(spot, at=at) if isinstance(spot, MappingPlaces | SequencePlaces) else at,
            anchored.nodes,
            anchored.depth,
        )

    def _bound_depth(self, more: int, at: Mark) -> None:
        if len(self._stack) + more > MAX_DEPTH:
            self._stop(
                "GS107",
                at,
                "Lists and mappings are nested too deeply",
                f"At most {MAX_DEPTH} levels are read.",
                "Look for a bracket that is never closed.",
            )

    def _add(self, value: object, spot: Spot, nodes: int, depth: int) -> None:
        """Put a complete value where it belongs."""
        if not self._stack:
            if value is not None:
                self.documents.append(Document(self.path, value, spot))
            return
        frame = self._stack[-1]
        frame.depth = max(frame.depth, depth + 1)
        if isinstance(frame, _SequenceFrame):
            frame.nodes += nodes - 1
            frame.value.append(value)
            frame.spots.append(spot)
            return
        frame.nodes += nodes
        if frame.key_at is None:
            frame.key_at = start_of(spot)
            frame.key = self._checked_key(value, frame.key_at, frame.places)
            return
        if frame.key is not None:
            frame.value[frame.key] = value
            # A value that isn't written is at its key; the two parsers disagree about where it would be.
            frame.places.values[frame.key] = frame.key_at if value is None else spot
        frame.key_at = None

    def _checked_key(self, key: object, at: Mark, places: MappingPlaces) -> str | None:
        """Return the key, or None after reporting why its value can't be kept."""
        if not isinstance(key, str):
            self._report(
                "GS103",
                at,
                f"The key `{shown(key)}` is not a text",
                f"Found {kind_of(key)}; keys are texts.",
                "Put quotes around it if it is meant.",
            )
        elif key == "<<":
            self._report(
                "GS104",
                at,
                "Merge keys (`<<`) are not read",
                "YAML 1.2 doesn't have them.",
                "Write the keys out; groups are built from groups with `include`.",
            )
        elif key in places.keys:
            first = range_of(self.path, places.keys[key])
            detail = f"It stands in line {first.line}, column {first.column}, already."
            self.found.append(
                Diagnostic(
                    "GS102",
                    Severity.ERROR,
                    f"The key `{shown(key)}` is written twice",
                    detail,
                    "Keep one of the two.",
                    range_of(self.path, at),
                    (first,),
                )
            )
        else:
            places.keys[key] = at
            return key
        return None

    def _tagged(self, value: str, tag: str, at: Mark) -> object:
        """Return what a scalar with a tag means; `!` alone says that it is text (YAML 1.2 §6.9.1)."""
        if tag in {"!", _TAG_PREFIX + "str"}:
            return value
        name = tag.removeprefix(_TAG_PREFIX)
        if name not in _SCALAR_TAGS or not tag.startswith(_TAG_PREFIX):
            self._foreign_tag(tag, at)
            return value
        found = plain_scalar(value)
        if type(found) not in _SCALAR_TAGS[name]:
            self._report(
                "GS105",
                at,
                f"`{shown(value)}` is not what its tag `!!{name}` says",
                f"Found {kind_of(found)}.",
                "Leave the tag out.",
            )
        return float(found) if name == "float" and isinstance(found, int) else found

    def _foreign_tag(self, tag: str, at: Mark) -> None:
        shown_tag = "!!" + tag.removeprefix(_TAG_PREFIX) if tag.startswith(_TAG_PREFIX) else tag
        self._report(
            "GS105",
            at,
            f"The tag `{shown(shown_tag)}` means nothing here",
            "Plain values need no tag.",
            "Leave it out, or put quotes around a text that starts with `!`.",
        )

    def _report(self, code: str, at: Mark, summary: str, detail: str, hint: str) -> None:
        self.found.append(fault(code, summary, detail, hint, at=range_of(self.path, at)))

    def _stop(self, code: str, at: Mark, summary: str, detail: str, hint: str) -> NoReturn:
        raise YamlFault(fault(code, summary, detail, hint, at=range_of(self.path, at)))
