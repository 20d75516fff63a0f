r"""The edits that make up the canonical layout of a definition file. Pure: text in, text out.

Every function here takes well-formed YAML with `\n` for line breaks and changes only lines that it understands wholly;
whatever is laid out in a way that could make a move ambiguous stays as it is.

A comment belongs to the member (or key) right below it, or to the one above when it is indented deeper than its dash.
Blank lines divide a list into sections, each sorted by itself, and a comment with a blank line below it stays where it
is: so the headings of a list that people grouped by hand keep their members.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from groupsync.yaml.edit import BLANK_OR_COMMENT, Lines, MappingNode, Scalar, SequenceNode, parse, replace_spans
from groupsync.yaml.write import scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from groupsync.yaml.edit import DocumentNode, Node, Tree

KEY_ORDER: Final = (
    "kind", "name", "display_name", "description", "owners", "labels", "targets", "source", "where", "members",
    "members_from", "include", "exclude", "restrict_to", "holdout", "sample", "limit", "min_size", "until",
    "previously", "lifecycle",
)  # fmt: skip
_MODELINE: Final = "# yaml-language-server:"
ADDRESS_KEY: Final = "email"
"""The key that holds the identifier of a member written as a mapping."""


class Refused(NamedTuple):
    """A member that has no canonical form: where it is written, in characters, what, and why it is no identifier."""

    offset: int
    written: str
    reason: str


def tidy_space(text: str) -> str:
    """Take off trailing white space, and blank lines at both ends; end the last line. Scalars keep theirs."""
    tree = parse(text)
    lines = Lines(text)
    kept = {
        number
        for written in tree.scalars
        if "\n" in text[written.start : written.end]
        for number in range(lines.of(written.start), lines.last_of(written) + 1)
    }
    tidied = [line if number in kept else line.rstrip(" \t") for number, line in enumerate(lines.lines)]
    first, last = 0, len(tidied)
    while first < last and not tidied[first] and first not in kept:
        first += 1
    while last > first and not tidied[last - 1] and last - 1 not in kept:
        last -= 1
    # A block scalar that the file ends in without a line break would gain one.
    is_open = last == len(lines.lines) and last - 1 in kept
    return "\n".join(tidied[first:last]) + ("" if is_open or first == last else "\n")


def spell_members(text: str, canonical: Callable[[str], str]) -> tuple[str, list[Refused]]:
    """Write each inline member in its canonical form.

    Args:
        text: the file.
        canonical: as `Identity.canonical`.

    Returns:
        The text, and what could not be spelled. A list with such a member is left as it is, and so are lists of
        documents that can't be taken apart.
    """
    edits: list[tuple[int, int, str]] = []
    refused: list[Refused] = []
    for members in _member_lists(parse(text)):
        here, wrong = [], []
        for written in filter(None, map(_address, members.items)):
            try:
                spelling = scalar(canonical(written.value))
            except ValueError as error:
                wrong.append(Refused(written.start, written.value, str(error)))
                continue
            found = text[written.start : written.end]
            if found != spelling and found[0] not in "&!" and "\n" not in found:
                here.append((written.start, written.end, spelling))
        refused += wrong
        edits += [] if wrong else here
    return replace_spans(text, edits), refused


def sort_members(text: str, canonical: Callable[[str], str]) -> str:
    """Sort inline members and drop bare repetitions, as the module's text says.

    `canonical` must accept every member. Lists stay as they are in documents that can't be taken apart.
    """
    if not text.endswith("\n"):
        return text
    tree = parse(text)
    lines = Lines(text)
    comments = {lines.of(start) for start, _ in tree.comments()}
    edits = []
    for members in _member_lists(tree):
        addresses = [_address(item) for item in members.items]
        known = [canonical(written.value) for written in addresses if written is not None]
        if len(known) != len(addresses) or len(known) < 2:
            continue
        if members.is_flow:
            edits += _sort_flow(text, members, known)
        else:
            edits += _sort_block(lines, members, known, comments)
    return replace_spans(text, edits)


def order_keys(text: str) -> str:
    """Put the keys of each definition in their usual order, where no blank line or comment makes that a question."""
    if not text.endswith("\n"):
        return text
    tree = parse(text)
    lines = Lines(text)
    edits = []
    for document in tree.documents:
        root = document.root
        if isinstance(root, MappingNode) and not root.is_flow and document.is_movable:
            edits += _order_root(lines, root)
    return replace_spans(text, edits)


def _member_lists(tree: Tree) -> Iterator[SequenceNode]:
    for document in tree.documents:
        members = _members_of(document)
        if members is not None:
            yield members


def _members_of(document: DocumentNode) -> SequenceNode | None:
    if not document.is_movable or not isinstance(document.root, MappingNode):
        return None
    members = document.root.get("members")
    return members if isinstance(members, SequenceNode) else None


def _address(item: Node) -> Scalar | None:
    """Return the scalar that says who the member is, None for an item of another shape."""
    if isinstance(item, MappingNode):
        item = item.get(ADDRESS_KEY) or item
    return item if isinstance(item, Scalar) and item.is_text else None


def _sort_flow(text: str, members: SequenceNode, addresses: Sequence[str]) -> list[tuple[int, int, str]]:
    """Sort `[a, b]` on one line. One over several lines keeps its order: people lay these out for a reason."""
    if "\n" in text[members.start : members.end]:
        return []
    written: dict[tuple[str, int], str] = {}
    for index, (item, address) in enumerate(zip(members.items, addresses, strict=True)):
        # A repetition of a bare member has the same key; a mapping is never one.
        repeat = 0 if isinstance(item, Scalar) else index + 1
        written.setdefault((address, repeat), text[item.start : item.end])
    ordered = [written[key] for key in sorted(written)]
    return [(members.start, members.end, f"[{', '.join(ordered)}]")]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """An entry with the comments that belong to it: whole lines, `last` included."""

    first: int
    start: int
    last: int
    indent: int


def _chunks(lines: Lines, nodes: Sequence[tuple[int, Node]], indents: Sequence[int]) -> list[_Chunk] | None:
    """Cut block style entries into lines.

    Args:
        lines: of the whole text.
        nodes: for each entry the line it starts on and the node it ends with.
        indents: the columns of their dashes or keys.

    Returns:
        The chunks in the order of the text, None where two entries share a line or something unexpected is between.
    """
    chunks: list[_Chunk] = []
    for (start, node), indent in zip(nodes, indents, strict=True):
        first = start
        floor = chunks[-1].last if chunks else -1
        if start <= floor:
            return None
        while first - 1 > floor and lines.lines[first - 1].lstrip(" \t").startswith("#"):
            first -= 1
        if chunks and not all(BLANK_OR_COMMENT.fullmatch(line) for line in lines.lines[floor + 1 : start]):
            return None
        last = lines.last_of(node)
        while last + 1 < len(lines.lines) and _is_deeper_comment(lines.lines[last + 1], indent):
            last += 1
        chunks.append(_Chunk(first, start, last, indent))
    return chunks


def _is_deeper_comment(line: str, indent: int) -> bool:
    bare = line.lstrip(" ")
    return bare.startswith("#") and len(line) - len(bare) > indent


def _sort_block(
    lines: Lines, members: SequenceNode, addresses: Sequence[str], comments: set[int]
) -> list[tuple[int, int, str]]:
    dashes = [lines.before(item.start) for item in members.items]
    if any(dash.strip(" ") != "-" for dash in dashes):
        return []
    nodes = [(lines.of(item.start), item) for item in members.items]
    chunks = _chunks(lines, nodes, [dash.index("-") for dash in dashes])
    if chunks is None:
        return []
    dropped = _repetitions(members, addresses, [any(line in comments for line in _span(chunk)) for chunk in chunks])
    edits = []
    for section in _sections(chunks):
        ordered = sorted((i for i in section if i not in dropped), key=addresses.__getitem__)
        texts = [_chunk_text(lines, chunks[index]) for index in ordered]
        edits.append(lines.replace(chunks[section[0]].first, chunks[section[-1]].last, texts))
    return edits


def _repetitions(members: SequenceNode, addresses: Sequence[str], commented: Sequence[bool]) -> set[int]:
    """Return the bare members that repeat another bare one and carry no comment; one of each always stays."""
    staying: set[str] = set()
    bare = [index for index, item in enumerate(members.items) if isinstance(item, Scalar)]
    staying.update(addresses[index] for index in bare if commented[index])
    dropped = set()
    for index in bare:
        if commented[index]:
            continue
        if addresses[index] in staying:
            dropped.add(index)
        staying.add(addresses[index])
    return dropped


def _sections(chunks: Sequence[_Chunk]) -> list[list[int]]:
    """Return the runs of chunks with nothing between them, as indexes."""
    sections = [[0]]
    for index, (above, below) in enumerate(pairwise(chunks), start=1):
        if above.last + 1 == below.first:
            sections[-1].append(index)
        else:
            sections.append([index])
    return sections


def _span(chunk: _Chunk) -> range:
    return range(chunk.first, chunk.last + 1)


def _chunk_text(lines: Lines, chunk: _Chunk) -> list[str]:
    """Return the lines of a chunk, the comments above the entry at its own indentation.

    Deeper ones would pass for comments of whatever entry comes to stand above them.
    """
    above = [" " * chunk.indent + line.strip(" \t") for line in lines.lines[chunk.first : chunk.start]]
    return [*above, *lines.lines[chunk.start : chunk.last + 1]]


def _order_root(lines: Lines, root: MappingNode) -> list[tuple[int, int, str]]:
    keys = [key.value if isinstance(key, Scalar) else "" for key, _ in root.entries]
    if any(key not in KEY_ORDER for key in keys) or any(lines.before(key.start) for key, _ in root.entries):
        return []
    nodes = [(lines.of(key.start), value if value.end > key.end else key) for key, value in root.entries]
    chunks = _chunks(lines, nodes, [0] * len(nodes))
    if chunks is None or len(_sections(chunks)) != 1:
        return []
    ordered = sorted(range(len(keys)), key=lambda index: KEY_ORDER.index(keys[index]))
    head = chunks[0]
    if all(line.startswith(_MODELINE) for line in lines.lines[head.first : head.start]):
        head = chunks[0] = replace(head, first=head.start)
    # Anything else above the first key may speak of the document: it can't go down with that key, nor stay without it.
    if ordered == list(range(len(keys))) or (ordered[0] != 0 and head.first != head.start):
        return []
    texts = [_chunk_text(lines, chunks[index]) for index in ordered]
    return [lines.replace(head.first, chunks[-1].last, texts)]
