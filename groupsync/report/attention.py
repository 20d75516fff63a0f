"""What of a plan needs a look: what is refused and what is warned of, by name, for the end of a text. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.model import Severity
from groupsync.report.escape import escape
from groupsync.report.style import BOLD, RED, YELLOW, number, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.model import Plan, Refusal
    from groupsync.report.style import Style

SHOWN: Final = 20
"""How many refusals, and how many warnings, are named; one more is named rather than counted."""


def attention_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Give a line for each refusal and each warning, so that none of them is out of sight at the end of a long plan."""
    refused = list(dict.fromkeys(_refused(each) for each in plan.verdict.refusals))
    warned = [f"{each.code}: {each.summary}" for each in plan.diagnostics if each.severity is Severity.WARNING]
    yield from _listed("Refused:", refused, RED, style)
    if refused and style.summary:
        yield from wrap("Without --summary each stands with its place and what would allow it.", "  ", style.columns)
    yield from _listed("Warnings:", warned, YELLOW, style)


def _refused(refusal: Refusal) -> str:
    match refusal.name, refusal.target:
        case name, _ if refusal.is_about_source:
            whom = f"the source {name}"
        case name, "":
            whom = name
        case "", target:
            whom = f"all of {target}"
        case name, target:
            whom = f"{name} on {target}"
    return f"{whom}, by {refusal.rule}: {refusal.summary}"


def _listed(title: str, texts: Sequence[str], color: str, style: Style) -> Iterator[str]:
    if not texts:
        return
    yield style.paint(title, BOLD, color)
    shown = texts if style.full or len(texts) <= SHOWN + 1 else texts[:SHOWN]
    for text in shown:
        yield from wrap(escape(text), "  ", style.columns, hanging="    ")
    if len(shown) < len(texts):
        yield f"  … and {number(len(texts) - len(shown))} more (--full shows all)"
