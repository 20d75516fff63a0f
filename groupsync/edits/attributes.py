"""Write an attribute into a definition, in place: comments and layout stay. Pure.

Texts take the place of texts. Of owners and labels only the entries that differ are touched, so that a comment stays
with its own. Whatever an edit makes of a text is read again, and must say just what was meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from groupsync.edits.found import Found, last_line, new_key
from groupsync.edits.text import CannotEdit, Edited
from groupsync.validate import check_definition
from groupsync.yaml.edit import BLANK_OR_COMMENT, MappingNode, Scalar, SequenceNode
from groupsync.yaml.write import scalar, text_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from groupsync.edits.text import Span
    from groupsync.identity import Identity
    from groupsync.model import AttributeValue
    from groupsync.yaml.edit import Node

EDITABLE: Final = ("display_name", "description", "owners", "labels")
"""The attributes that can be written; the kind of a group is not one of them."""
_DASH: Final = re.compile(r" *- +")


def set_attribute(
    data: bytes, path: str, group: str, name: str, value: AttributeValue, *, identity: Identity
) -> Edited:
    """Write one of `EDITABLE`; what is not set on a target is written as empty, so that it stays managed.

    Args:
        data: the file, which loads.
        path: of the file.
        group: its name.
        name: of the attribute.
        value: as in a group; not what the definition says already.
        identity: by which definitions are read.

    Raises:
        CannotEdit: the value fits no definition, or it has to be done by hand.
    """
    found = Found(data, path, group, identity)
    wanted = _plain(name, value, group)
    result = found.text.edited(_spans(found, name, wanted))
    after = Found(result, path, group, identity)
    _check(found, after, name, wanted)
    return Edited(result, (after.document.locate((name,)),))


def _plain(name: str, value: AttributeValue, group: str) -> str | list[str] | dict[str, str]:
    """Return a value as YAML has it."""
    if name == "labels":
        pairs: Any = value or ()
        return dict(pairs)
    if name == "owners":
        owners: Any = value or ()
        return list(owners)
    # The name itself says as much as no display name, see `Group.says`; an empty one fits no definition.
    return str(value or (group if name == "display_name" else ""))


def _spans(found: Found, name: str, wanted: str | list[str] | dict[str, str]) -> list[Span]:
    node = found.root.get(name)
    if node is None:
        return [new_key(found, name, _lines(name, wanted))]
    if found.text.text[node.start : node.start + 1] in {"&", "!", "*"}:
        raise _elsewhere(name)
    match node, wanted:
        case Scalar(), str():
            return [_over_text(found, node, wanted)]
        case SequenceNode(), list():
            return list(_over_owners(found, node, wanted))
        case MappingNode(), dict():
            return list(_over_labels(found, node, wanted))
        case _:
            raise _elsewhere(name)


def _lines(name: str, wanted: str | list[str] | dict[str, str]) -> str:
    """Return key and value in block style."""
    if isinstance(wanted, str):
        return f"{name}: {text_block(wanted, '  ')}"
    if not wanted:
        return f"{name}: {_flow(wanted)}"
    entries = [f"- {scalar(each)}" for each in wanted] if isinstance(wanted, list) else map(_pair, wanted.items())
    return "\n".join([f"{name}:", *(f"  {each}" for each in entries)])


def _flow(wanted: list[str] | dict[str, str]) -> str:
    if isinstance(wanted, list):
        return f"[{', '.join(map(scalar, wanted))}]"
    return f"{{{', '.join(map(_pair, wanted.items()))}}}"


def _pair(pair: tuple[str, str]) -> str:
    return f"{scalar(pair[0])}: {scalar(pair[1])}"


def _over_text(found: Found, node: Scalar, wanted: str) -> Span:
    text = found.text.text
    if not node.style and node.start == node.end:
        return node.start, node.end, f" {scalar(wanted)}"
    if node.style not in {"|", ">"}:
        has_line = not found.root.is_flow and text[node.end : node.end + 1] == "\n"
        return node.start, node.end, text_block(wanted, "  ") if has_line else scalar(wanted)
    if "#" in text[node.start : text.find("\n", node.start)]:
        message = "a comment stands behind the sign that begins its text"
        raise CannotEdit(message)
    written = text[node.start : node.end]
    rest = written[len(written.rstrip("\n")) :]
    return node.start, node.end, text_block(wanted, "  ") + (rest or "")


# --- Lists and mappings -----------------------------------------------------------------------------------------------


def _over_owners(found: Found, node: SequenceNode, wanted: Sequence[str]) -> Iterator[Span]:
    written = [_text_of(each, "owners") for each in node.items]
    if node.is_flow or not written:
        yield _over_flow(found, node, _flow([*(each for each in written if each in wanted), *_new(wanted, written)]))
        return
    gone = [each for each, owner in zip(node.items, written, strict=True) if owner not in wanted]
    lines = [f"- {scalar(each)}" for each in _new(wanted, written)]
    yield from _over_block(found, node, node.items, gone, lines, is_list=True)


def _over_labels(found: Found, node: MappingNode, wanted: Mapping[str, str]) -> Iterator[Span]:
    written = {_text_of(key, "labels"): value for key, value in node.entries}
    new = {key: wanted[key] for key in _new(wanted, written)}
    if node.is_flow or not written:
        kept = {key: wanted[key] for key in written if key in wanted}
        yield _over_flow(found, node, _flow(kept | new))
        return
    gone = [key for key, _ in node.entries if _text_of(key, "labels") not in wanted]
    yield from _over_block(found, node, [key for key, _ in node.entries], gone, list(map(_pair, new.items())))
    for key, value in written.items():
        if key in wanted and _text_of(value, "labels") != wanted[key]:
            yield value.start, value.end, scalar(wanted[key])


def _new(wanted: Iterable[str], written: Iterable[str]) -> list[str]:
    known = set(written)
    return [each for each in wanted if each not in known]


def _over_flow(found: Found, node: Node, flow: str) -> Span:
    if "#" in found.text.text[node.start : node.end] and "\n" in found.text.text[node.start : node.end]:
        message = "a comment may stand between its entries"
        raise CannotEdit(message)
    return node.start, node.end, flow


def _over_block(
    found: Found,
    node: SequenceNode | MappingNode,
    items: Sequence[Node],
    gone: Sequence[Node],
    new: Sequence[str],
    *,
    is_list: bool = False,
) -> Iterator[Span]:
    """Take out the lines of entries, and put new ones below the last."""
    text = found.text
    ends = [last_line(text, each) for each in _ends(node)]
    for item in items:
        before = text.text[text.starts[text.line_of(item.start)] : item.start]
        if not (_DASH.fullmatch(before) if is_list else not before.strip(" ")):
            message = "its entries do not stand on lines of their own"
            raise CannotEdit(message)
    lines = [
        number
        for item, last in zip(items, ends, strict=True)
        if item in gone
        for number in range(text.line_of(item.start), last + 1)
    ]
    if len(gone) == len(items) and not new:
        key = next(key for key, value in found.root.entries if value is node)
        colon = text.text.index(":", key.end) + 1
        yield colon, colon, " []" if is_list else " {}"
    yield from text.without_lines(lines)
    if new:
        first = items[0].start
        indent = text.text[text.starts[text.line_of(first)] : first].split("-")[0]
        yield text.line_after(max(ends), "\n".join(f"{indent}{each}" for each in new))


def _ends(node: SequenceNode | MappingNode) -> list[Node]:
    return list(node.items) if isinstance(node, SequenceNode) else [value for _, value in node.entries]


def _text_of(node: Node, name: str) -> str:
    if not isinstance(node, Scalar) or (not node.style and BLANK_OR_COMMENT.fullmatch(node.value)):
        raise _elsewhere(name)
    return node.value


def _elsewhere(name: str) -> CannotEdit:
    return CannotEdit(f"its `{name}` is written elsewhere in the file, or not as usual")


# --- What came of it --------------------------------------------------------------------------------------------------


def _check(before: Found, after: Found, name: str, wanted: object) -> None:
    """See that the attribute says what was meant, that it may, and that nothing else changed."""
    told: Any = after.document.value
    if told.get(name) != wanted and not (isinstance(wanted, list) and sorted(told.get(name) or ()) == sorted(wanted)):
        message = f"an edit would not make `{name}` what it is to be"
        raise CannotEdit(message)
    if _rest(before, name) != _rest(after, name):
        message = "an edit would change what else the file says"
        raise CannotEdit(message)
    if wrong := check_definition(after.document):
        message = f"no definition can say so: {wrong[0].summary}"
        raise CannotEdit(message)


def _rest(found: Found, name: str) -> list[object]:
    value: Any = found.document.value
    rest = {key: each for key, each in value.items() if key != name}
    return [rest if each is found.document else each.value for each in found.documents]
