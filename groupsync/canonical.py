r"""Tell canonical texts, and compare two of them without splitting what is equal.

A canonical text (`groupsync.model.encode_members`) has one member a line, strictly sorted, each line ended by `\n`.
UTF-8 sorts byte by byte as its code points do, so both texts can be walked as they are. Pure.
"""

from __future__ import annotations

from itertools import islice
from operator import lt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groupsync.identity import Identity


def canonical_count(text: bytes, identity: Identity) -> int | None:
    """Return how many members a text has; None where it is not in canonical form.

    A text with an address of an unusual shape is not taken for canonical either: looking at such addresses is slow.
    """
    try:
        names = text.decode().split("\n")
    except UnicodeDecodeError:
        return None
    if names.pop() or identity.canonical_plain(names) != names or not all(map(lt, names, islice(names, 1, None))):
        return None
    return len(names)


def text_difference(prior: bytes, desired: bytes) -> tuple[list[str], list[str]] | None:
    """Return the lines to add to `prior` and those to remove from it, each sorted, so that it becomes `desired`.

    Walks both at once, in leaps where they are equal. Where there is too much to walk, sets do the rest.

    Args:
        prior: in canonical form, which is not checked.
        desired: anything. Whether an added line is an identifier, in its canonical spelling, is for the caller to ask.

    Returns:
        None exactly when `desired` is not strictly sorted lines of UTF-8, each ended, none empty or with a CR in it.
    """
    if desired and not desired.endswith(b"\n"):
        return None
    add: list[bytes] = []
    remove: list[bytes] = []
    i = j = 0
    for _ in range(64 + len(prior) // 1024):
        if i == len(prior) or j == len(desired):
            break
        before, after = prior[i : prior.index(b"\n", i)], desired[j : desired.index(b"\n", j)]
        if before == after:
            length = _equal_lines(prior, desired, i, j, len(before) + 1)
            i, j = i + length, j + length
        elif before < after:
            remove.append(before)
            i += len(before) + 1
        elif after > _line_that_ends_at(desired, j):
            add.append(after)
            j += len(after) + 1
        else:
            return None
    rest, wanted = prior[i:].split(b"\n")[:-1], desired[j:].split(b"\n")[:-1]
    if not all(map(lt, [_line_that_ends_at(desired, j), *wanted], wanted)):
        return None
    add += sorted(set(wanted).difference(rest))
    remove += sorted(set(rest).difference(wanted))
    try:
        return _text_lines(add), _text_lines(remove)
    except ValueError:
        return None


def _equal_lines(prior: bytes, desired: bytes, i: int, j: int, length: int) -> int:
    """Return the length of whole lines that are equal from `i` and `j` on; `length` bytes are known to be."""
    limit, step = min(len(prior) - i, len(desired) - j), 256
    while length < limit and prior[i + length : i + length + step] == desired[j + length : j + length + step]:
        length, step = min(length + step, limit), step * 2
    while step := step // 2:
        if prior[i + length : i + length + step] == desired[j + length : j + length + step]:
            length = min(length + step, limit)
    return prior.rindex(b"\n", i, i + length) + 1 - i


def _line_that_ends_at(text: bytes, end: int) -> bytes:
    return text[text.rfind(b"\n", 0, end - 1) + 1 : end - 1] if end else b""


def _text_lines(lines: list[bytes]) -> list[str]:
    text = b"\n".join(lines).decode()
    if "\r" in text:
        raise ValueError
    return text.split("\n") if lines else []
