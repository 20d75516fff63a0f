"""What goes wrong around a case: reads that are not whole, and what others do between the plan and the apply.

    reading:                         # how the target misreads while it is planned; optional
      hidden: [beta]                 # left out of the listing, which says that it is whole
      truncated: {beta: 1}           # so many members come, and others are announced
      short: {beta: 1}               # so many are announced, and come
      repeated: [beta]               # the first page of members comes twice
      spells: true                   # the target spells members its own way, and tells a digest of that
    meanwhile: {beta: {members: []}} # what somebody else writes after the plan, as in `prior`; null deletes
    later: {groups/a.yaml: …}        # files that are other ones by the time of the apply
    fails: 2                         # the how many-th write fails for good
    outcomes: {beta: stale}          # what the report says of each change that was neither applied nor refused

A case with one of these says in `after` what must come of it; nothing further is proved of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from groupsync.errors import BackendError
from groupsync.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groupsync.model import Group, Report

DISTURBANCES: Final = frozenset({"reading", "meanwhile", "later", "fails"})


class OddStore(Protocol):
    """What a case's target must be able to do for this; `groupsync_memory.MemoryStore` is one."""

    hidden: frozenset[str]
    truncated: dict[str, int]
    short: dict[str, int]
    repeated: frozenset[str]
    spells: bool

    def put(self, group: Group) -> object:
        """Write a group as it is."""
        ...

    def remove(self, name: str) -> None:
        """Take a group away."""
        ...

    def fail(self, call: Any, nth: int = 1, *, error: BaseException | None = None) -> None:
        """Let a call fail, once."""
        ...


def misread(store: OddStore, reading: Mapping[str, Any]) -> None:
    """Let the target read as a case says; an empty mapping makes it read well again."""
    store.hidden = frozenset(reading.get("hidden", ()))
    store.truncated = dict(reading.get("truncated", {}))
    store.short = dict(reading.get("short", {}))
    store.repeated = frozenset(reading.get("repeated", ()))
    store.spells = reading.get("spells", False)


def disturb(store: OddStore, case: Mapping[str, Any], prior: Callable[[str, Any], Group]) -> None:
    """Do what others do after the plan, and let the write fail that shall fail."""
    for name, spec in case.get("meanwhile", {}).items():
        if spec is None:
            store.remove(name)
        else:
            store.put(prior(name, spec))
    if "fails" in case:
        store.fail("apply", case["fails"], error=BackendError("out of order"))


def not_applied(report: Report) -> dict[str, str]:
    """Return by name what became of the changes that were neither applied nor refused."""
    usual = {Outcome.APPLIED, Outcome.REFUSED}
    return {result.name: result.outcome.value for result in report.results if result.outcome not in usual}
