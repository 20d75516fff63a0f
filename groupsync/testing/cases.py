r"""Cases: small YAML files that say what is there, what is written, what must be planned and what must come of it.

    name: a sentence that states the behaviour
    at: 2026-11-23T12:00:00Z         # the instant; optional
    earlier: 2026-11-01              # when the same files were applied, with what guards refused allowed; optional
    adopt: true                      # as with --adopt; optional
    allow: ["remove:beta<=120"]      # as with --allow, for the very plan that comes of it; optional
    incomplete: page 2 is missing    # the target can only be read in part; optional
    prior:                           # what the target holds; optional
      beta: {members: [ada@example.com], last: [bob@example.com], display_name: Beta, prevent_delete: true}
      other: {members: [], project: somebody-else}
      loose: {members: [], project: null}          # nobody's mark
      moved: {members: [], made_for: gone}         # its mark was written for a group of another name
      large: {members: 300}                        # person-001@example.com to person-300@example.com
      others: {members: 100-150}                   # from one of them to another
    files:                           # the project; `groupsync.yaml` may be left out
      groups/a.yaml: |
        …
      groups/large.txt: 280          # the same people, one a line; 100-150 likewise
    customers: "email,age\nada@example.com,61"     # a source of that name; optional
    plan:                            # every change, by name
      beta: {action: update, add: [], remove: [bob@example.com], attributes: {display_name: [Beta, Testers]}}
      large: {action: update, remove: 20}          # so many
      moved: {action: update, add: [new@…], remove: [old@…], readdressed: {old@…: new@…}}     # may be counted, too
    refused: {beta: prevent_delete}  # by name ("" for the run), the rules that refuse, with commas; optional
    allowed: [remove:beta<=120]      # the exceptions that were used; optional
    drift: {beta: drifted}           # drifted, pending or both; optional
    findings: [GS601]                # codes of all findings; with an error among them nothing is planned
    after:                           # what the target holds then; left out where nothing is to be checked
      beta: {members: [ada@example.com]}

What can go wrong on the way is in `groupsync.testing.circumstances`.

Besides what a case says, the runner proves that planning writes nothing, that the plan would be believed if it were
saved and read again, that a second plan is empty and that the inverse of each change brings its group back to what it
was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeGuard, cast

from groupsync import engine
from groupsync.config import load_config
from groupsync.diff import Context
from groupsync.errors import InvalidDefinitions
from groupsync.guard_grants import parse_allow
from groupsync.journal import Journal
from groupsync.model import ATTRIBUTES, KINDS, Group, Mark, Members, Verdict
from groupsync.ordering import Order
from groupsync.project import Project, load_project
from groupsync.saved_plan import check_saved
from groupsync.testing.circumstances import DISTURBANCES, OddStore, disturb, misread, not_applied
from groupsync.undo import inverse
from groupsync.validate import parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from groupsync.backend import Backend
    from groupsync.identity import Identity
    from groupsync.model import Change, Diagnostic, Plan

Case = dict[str, Any]

TARGET: Final = "there"
PROJECT: Final = "shop"
DEFAULT_CONFIG: Final = """\
version: 1
project: shop
definitions: [groups/**/*.yaml]
targets:
  there: {plugin: memory}
"""
CUSTOMERS_CONFIG: Final = """\
version: 1
project: shop
definitions: [groups/**/*.yaml]
sources:
  customers: {plugin: ibis, table: customers.csv, id: email}
targets:
  there: {plugin: memory}
"""
_RANGE: Final = re.compile(r"\d+-\d+")
_DEFAULT_INSTANT: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Store(Protocol):
    """What the case's target holds, besides the backend; `groupsync_memory.MemoryStore` is one."""

    groups: dict[str, Group]
    incomplete: str

    def put(self, group: Group) -> object:
        """Write a group as it is."""
        ...


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of a case, in the words of its YAML, to be compared with what it says."""

    plan: dict[str, Any]
    refused: dict[str, str]
    allowed: list[str]
    drift: dict[str, str]
    findings: list[str]
    after: dict[str, Any]
    outcomes: dict[str, str]


def run_case(case: Case, folder: Path, backend: Backend, store: Store) -> Outcomes:
    """Play a case through and return what came of it, after proving what holds for every case.

    Args:
        case: the parsed YAML.
        folder: an empty folder for the project's files.
        backend: serves the target `there`; nothing in it yet.
        store: what `backend` holds.

    Raises:
        AssertionError: planning wrote something, the plan would not be believed if it were saved, the second plan is
            not empty, or the reverse plan does not restore what was there.
    """
    _write_files(folder, {"groupsync.yaml": DEFAULT_CONFIG})
    if "customers" in case:
        _write_files(folder, {"groupsync.yaml": CUSTOMERS_CONFIG, "customers.csv": case["customers"]})
    _write_files(folder, case.get("files", {}))
    for name, spec in case.get("prior", {}).items():
        store.put(_prior(name, spec))
    if "earlier" in case:
        _apply_earlier(folder, backend, parse_instant(case["earlier"]))
    before = dict(store.groups)
    store.incomplete = case.get("incomplete", "")
    if "reading" in case:
        misread(cast(OddStore, store), case["reading"])
    as_of = parse_instant(case["at"]) if "at" in case else _DEFAULT_INSTANT
    request = engine.Request(as_of, adopt=case.get("adopt", False))
    try:
        project = load_project(load_config(folder / "groupsync.yaml"), as_of, reads_files=True)
        plan = engine.make_plan(project, {TARGET: backend}, request)
        if "allow" in case:
            request = replace(request, grants=tuple(parse_allow(f"{each}@{plan.digest}") for each in case["allow"]))
            project = load_project(project.config, as_of)
            plan = engine.make_plan(project, {TARGET: backend}, request)
    except InvalidDefinitions as error:
        return Outcomes({}, {}, [], {}, _codes(error.diagnostics), _after(store), {})
    assert before == store.groups, "planning wrote to the target"
    _prove_saved_plan_holds(project, backend, plan)
    if case.keys() & DISTURBANCES:
        disturb(cast(OddStore, store), case, _prior)
        _write_files(folder, case.get("later", {}))
        project = load_project(project.config, as_of)
    report = engine.apply_plan(project, plan, {TARGET: backend})
    outcomes = Outcomes(
        {change.name: _change(change, case.get("plan", {}).get(change.name, {})) for change in plan.changes},
        _refused(plan),
        [str(allowance) for allowance in plan.verdict.allowances],
        {each.name: _standing(each.drifted, each.pending) for each in plan.drift},
        _codes(plan.diagnostics),
        _after(store),
        not_applied(report),
    )
    if case.keys() & DISTURBANCES:
        return outcomes
    _prove_second_plan_is_empty(project, backend, request, plan)
    if plan.changes and not store.incomplete:
        _prove_reverse(before, backend, store, plan, project.config.identity)
    return outcomes


def _apply_earlier(folder: Path, backend: Backend, as_of: datetime) -> None:
    project = load_project(load_config(folder / "groupsync.yaml"), as_of)
    request = engine.Request(as_of)
    plan = engine.make_plan(project, {TARGET: backend}, request)
    needed = {f"{KINDS[each.rule]}:{each.name}<={each.count}@{plan.digest}" for each in plan.verdict.refusals}
    request = replace(request, grants=tuple(map(parse_allow, sorted(needed))))
    plan = engine.make_plan(project, {TARGET: backend}, request)
    engine.apply_plan(project, plan, {TARGET: backend}, journal=Journal.of(project.config))


def _write_files(folder: Path, files: Mapping[str, Any]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text if _is_text(text) else _lines(text), encoding="utf-8")


def expected(case: Case) -> Outcomes:
    """Return what the case says must come of it; `after` as the case has it, so compare only what it names."""
    return Outcomes(
        {name: _spelled_out(spec) for name, spec in case.get("plan", {}).items()},
        case.get("refused", {}),
        case.get("allowed", []),
        case.get("drift", {}),
        sorted(case.get("findings", [])),
        case.get("after", {}),
        case.get("outcomes", {}),
    )


def matches_after(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether the target holds just the groups named, each with at least the values named."""
    return found.keys() == wanted.keys() and all(
        found[name].get(key) == value for name, spec in wanted.items() for key, value in spec.items()
    )


def _prove_saved_plan_holds(project: Project, backend: Backend, plan: Plan) -> None:
    found = check_saved(replace(plan, verdict=Verdict()), project, {TARGET: backend})
    assert not found.verdict.refusals, f"a plan that was saved is not believed: {found.verdict.refusals}"


def _prove_second_plan_is_empty(project: Project, backend: Backend, request: engine.Request, plan: Plan) -> None:
    again = engine.make_plan(project, {TARGET: backend}, request)
    left = [change for change in again.changes if not plan.verdict.refusal_of(change)]
    assert not left, f"a second plan is not empty: {left}"


def _prove_reverse(before: Mapping[str, Group], backend: Backend, store: Store, plan: Plan, identity: Identity) -> None:
    """Carry out the inverse of each change that was applied, and see that members and attributes are what they were."""
    applied = [change for change in plan.changes if not plan.verdict.refusal_of(change)]
    for change in reversed(Order(applied, plan.links).sorted()):
        backend.apply(inverse(change, store.groups.get(change.name), Context(TARGET, plan.project, identity)))
    assert _without_marks(before) == _without_marks(store.groups), "the reverse plan does not restore what was there"


def _without_marks(groups: Mapping[str, Group]) -> dict[str, Group]:
    """Leave out what a restored group may have anew: its mark, its id after a delete, its revision."""
    return {name: replace(group, mark=None, id=None, revision=None) for name, group in groups.items()}


def _prior(name: str, spec: Mapping[str, Any]) -> Group:
    members = Members.of(_people(spec["members"]))
    last = Members.of(_people(spec.get("last", spec["members"])))
    owner = spec.get("project", PROJECT)
    protected, made_for = spec.get("prevent_delete", False), spec.get("made_for", "")
    mark = Mark(owner, last.digest, last.count, "email/fold", protected, made_for) if owner else None
    owners = tuple(sorted(spec["owners"])) if "owners" in spec else None
    labels = tuple(sorted(spec["labels"].items())) if "labels" in spec else None
    return Group(
        name,
        display_name=spec.get("display_name"),
        description=spec.get("description"),
        owners=owners,
        labels=labels,
        members=members,
        mark=mark,
    )


def _is_text(written: object) -> TypeGuard[str]:
    return isinstance(written, str) and not _RANGE.fullmatch(written)


def _people(written: Any) -> list[str]:
    """Return the people that a case means: a list as it is; for a number or a range made-up ones."""
    if isinstance(written, list):
        return written
    first, _, last = str(written).rpartition("-")
    return [f"person-{number:03}@example.com" for number in range(int(first or 1), int(last) + 1)]


def _lines(written: Any) -> str:
    return "".join(f"{name}\n" for name in _people(written))


def _refused(plan: Plan) -> dict[str, str]:
    rules: dict[str, list[str]] = {}
    for refusal in plan.verdict.refusals:
        rules.setdefault(refusal.name, []).append(refusal.rule)
    return {name: ", ".join(each) for name, each in rules.items()}


def _codes(findings: tuple[Diagnostic, ...]) -> list[str]:
    return sorted(found.code for found in findings)


def _standing(drifted: bool, pending: bool) -> str:
    return "both" if drifted and pending else "drifted" if drifted else "pending"


def _spelled_out(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"add": [], "remove": [], "attributes": {}, "expired": 0, "from": None, "readdressed": {}, **spec}


def _change(change: Change, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a change is; names are counted where the case counts them."""
    renamed = change.prior_name if change.prior_name != change.name else None
    shown = {each.name: [_plain(each.before), _plain(each.after)] for each in change.attributes if each.name != "kind"}
    return {
        "action": change.action.value,
        "add": change.add.count if isinstance(spec.get("add"), int) else list(change.add),
        "remove": change.remove.count if isinstance(spec.get("remove"), int) else list(change.remove),
        "attributes": shown,
        "expired": change.expired,
        "from": renamed,
        "readdressed": len(change.readdressed)
        if isinstance(spec.get("readdressed"), int)
        else dict(change.readdressed),
    }


def _after(store: Store) -> dict[str, Any]:
    return {
        name: {
            "members": sorted(group.members.load()) if group.members else None,
            "managed": bool(group.mark),
            **{each: _plain(group.attribute(each)) for each in ATTRIBUTES},
        }
        for name, group in store.groups.items()
    }


def _plain(value: object) -> object:
    """Turn a model's value into what YAML has for it."""
    if isinstance(value, tuple):
        return dict(value) if value and isinstance(value[0], tuple) else list(value)
    return value
