"""Ask on a terminal, item by item, whether what somebody changed on targets is to be kept. Writes nothing."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from groupsync.cli import common
from groupsync.report.accept import SHOWN, group_text, item_lines, question
from groupsync.report.escape import escape
from groupsync.report.style import counted, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from groupsync.drifted import Item
    from groupsync.report.style import Style

_MANY: Final = 8
"""Of more items than that in a group it is asked first what becomes of all."""
_ITEM_KEYS: Final = {
    "y": "yes, keep it: the definition will say what the target holds",
    "n": "no, revert it: the definition stays, the next apply puts the target back",
    "s": "skip it: the definition stays, and so does the question for another time",
    "a": "keep this and all that is left of this group",
    "d": "revert this and all that is left of this group",
    "q": "quit: nothing is written",
    "?": "show this help",
}
_GROUP_KEYS: Final = {
    "a": "keep all: the definition will say what the target holds",
    "d": "revert all: the definition stays, and the next apply puts the target back",
    "o": "go through them one by one",
    "l": "list all of them",
    "s": "skip them: the definition stays, and so does the question for another time",
    "q": "quit: nothing is written",
    "?": "show this help",
}
_WRITE_KEYS: Final = {
    "y": "write the files",
    "n": "write nothing",
    "d": "show the edits as a diff",
    "?": "show this help",
}


class Quit(Exception):
    """Somebody does not want to go on."""


def decide(items: Sequence[Item], style: Style) -> list[Item]:
    """Ask group by group and return what is kept.

    Raises:
        Quit: nothing is to be done.
    """
    groups: dict[tuple[str, str], list[Item]] = {}
    for each in items:
        groups.setdefault((each.target, each.group), []).append(each)
    kept: list[Item] = []
    for number, group in enumerate(groups.values(), 1):
        common.say_as_it_stands(("\n" if number > 1 else "") + group_text(group, style).rstrip("\n"))
        open_ = [each for each in group if not each.obstacle]
        if open_:
            kept += _decide_group(group, open_, style)
        else:
            common.say("  Nothing of it can be kept by an edit of this group.")
    return kept


def may_write(diff: str, kept: int, files: int) -> bool:
    """Ask whether to write the files."""
    while True:
        answer = _ask(f"\nWrite {counted(kept, 'change')} to {counted(files, 'file')}?", _WRITE_KEYS)
        if answer != "d":
            return answer == "y"
        common.say_as_it_stands(diff.rstrip("\n"))


def _decide_group(group: Sequence[Item], open_: Sequence[Item], style: Style) -> list[Item]:
    if len(open_) <= _MANY:
        return _one_by_one(open_, style, is_shown=len(group) <= SHOWN + 1)
    while True:
        text = f"Keep all {len(open_):,} that can be kept in {escape(open_[0].group)}?"
        match _ask(text if len(open_) < len(group) else text.replace(" that can be kept", ""), _GROUP_KEYS):
            case "a":
                return list(open_)
            case "o":
                return _one_by_one(open_, style)
            case "l":
                common.say_as_it_stands(group_text(group, replace(style, full=True)).rstrip("\n"))
            case "q":
                raise Quit
            case _:
                return []


def _one_by_one(open_: Sequence[Item], style: Style, *, is_shown: bool = False) -> list[Item]:
    kept: list[Item] = []
    for index, item in enumerate(open_):
        if not is_shown:
            common.say_as_it_stands("\n".join(item_lines(item, style)))
        match _ask(f"({index + 1:,}/{len(open_):,}) {question(item)}", _ITEM_KEYS):
            case "y":
                kept.append(item)
            case "a":
                return [*kept, *open_[index:]]
            case "d":
                return kept
            case "q":
                raise Quit
            case _:
                continue
    return kept


def key_lines(keys: Mapping[str, str], columns: int) -> Iterator[str]:
    """Give what keys do, a line or more each."""
    for key, meaning in keys.items():
        yield from wrap(meaning, f"  {key}  ", columns, hanging=" " * 5)


def _ask(text: str, keys: Mapping[str, str]) -> str:
    """Ask until one of some keys comes back; `?` and anything else shows what they do."""
    while True:
        written: str = click.prompt(f"{text} [{','.join(keys)}]", err=True, default="", show_default=False)
        if written.strip() in keys and written.strip() != "?":
            return written.strip()
        common.say_as_it_stands("\n".join(key_lines(keys, common.style_for(sys.stderr).columns)))
