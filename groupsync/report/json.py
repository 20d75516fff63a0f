"""Stable JSON for programs; `schemas/plan.v1.schema.json` and `schemas/report.v1.schema.json` describe it.

Pure but for loading members. Every key is always there. The text is ASCII, so that nothing in it can act on a terminal,
and has one change, result or finding a line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from groupsync.convert import (
    attribute_record,
    change_record,
    checked_members,
    member_list,
    read_change,
    read_source,
    read_target,
    source_record,
    target_record,
)
from groupsync.convert_findings import (
    allowance_record,
    comparison_record,
    diagnostic_record,
    drift_record,
    first_record,
    later_record,
    loss_record,
    read_allowance,
    read_comparison,
    read_diagnostic,
    read_drift,
    read_first,
    read_later,
    read_loss,
    read_refusal,
    refusal_record,
)
from groupsync.model import ATTRIBUTES, Change, Members, Outcome, Plan, Severity, Verdict, loaded_once
from groupsync.records import Fields, Record, RecordError, format_instant
from groupsync.report.totals import totals_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from groupsync.model import Diagnostic, Group, Report, Result
    from groupsync.report.show import Sides

    Part: TypeAlias = tuple[str, str | int | float | bool | Record | Iterator[Record] | None]

FORMAT_VERSION: Final = 1


# --- Plans ------------------------------------------------------------------------------------------------------------


def plan_document(plan: Plan) -> Record:
    """Return a plan, with all names, as the document that `schemas/plan.v1.schema.json` describes."""
    return _document(_plan_parts(plan))


def render_plan_json(plan: Plan) -> str:
    """Return the plan's document as text that ends with a line break."""
    return "".join(iter_plan_json(plan))


def iter_plan_json(plan: Plan) -> Iterator[str]:
    """Give the same text piece by piece, with the names of one change in memory at a time."""
    return _render(_plan_parts(plan))


def read_plan_document(document: object) -> Plan:
    """Read what `plan_document` made.

    Raises:
        RecordError: it is something else, or was altered.
    """
    fields = Fields(document, "the plan")
    version = fields.count("format_version")
    if version != FORMAT_VERSION:
        raise RecordError(f"it has format version {version}, this groupsync reads version {FORMAT_VERSION}")
    verdict = Fields(fields.take("verdict"), "the verdict")
    fields.take("summary")
    return Plan(
        project=fields.text("project"),
        config=fields.text("config"),
        as_of=fields.instant("as_of"),
        looking=fields.flag("looking"),
        undoes=fields.text("undoes"),
        redacted=fields.flag("redacted"),
        digest=fields.digest("digest"),
        compared=read_comparison(fields.take("compared")),
        sources=fields.each("sources", read_source),
        targets=fields.each("targets", read_target),
        changes=fields.each("changes", _read_change),
        later=fields.each("later", read_later),
        drift=fields.each("drift", read_drift),
        lost=fields.each("lost", read_loss),
        firsts=fields.each("firsts", read_first),
        diagnostics=fields.each("diagnostics", read_diagnostic),
        verdict=Verdict(verdict.each("refusals", read_refusal), verdict.each("allowances", read_allowance)),
    )


def _plan_parts(plan: Plan) -> Iterator[Part]:
    yield "format_version", FORMAT_VERSION
    yield "project", plan.project
    yield "config", plan.config
    yield "as_of", format_instant(plan.as_of)
    yield "looking", plan.looking
    yield "undoes", plan.undoes
    yield "redacted", plan.redacted
    yield "digest", plan.digest
    yield "summary", _summary(plan)
    yield "compared", comparison_record(plan.compared)
    yield "sources", map(source_record, plan.sources)
    yield "targets", map(target_record, plan.targets)
    yield "changes", map(_change, plan.changes)
    yield "later", map(later_record, plan.later)
    yield "drift", map(drift_record, plan.drift)
    yield "lost", map(loss_record, plan.lost)
    yield "firsts", map(first_record, plan.firsts)
    yield "diagnostics", map(diagnostic_record, plan.diagnostics)
    verdict = plan.verdict
    yield (
        "verdict",
        {
            "refusals": [refusal_record(refusal) for refusal in verdict.refusals],
            "allowances": [allowance_record(allowance) for allowance in verdict.allowances],
        },
    )


def _summary(plan: Plan) -> Record:
    totals = totals_of(plan)
    return {
        **{action.value: count for action, count in totals.actions},
        "members_added": totals.added,
        "members_removed": totals.removed,
        "members_expired": totals.expired,
        "members_readdressed": totals.readdressed,
        "refused": totals.refused,
        "targets": totals.targets,
    }


def _change(change: Change) -> Record:
    return change_record(change, _members(change.add), _members(change.remove))


def _members(members: Members) -> Record:
    return {"count": members.count, "digest": members.digest, "members": sorted(members.load())}


def _read_change(value: object) -> Change:
    fields = Fields(value, "a change")
    add, remove = (_read_members(fields.take(side), side) for side in ("add", "remove"))
    return read_change(fields, add, remove)


def _read_members(value: object, side: str) -> Members:
    fields = Fields(value, f"{side!r}")
    count, digest = fields.count("count"), fields.digest("digest")
    members = checked_members(member_list(fields.take("members")), count, digest)
    return Members(lambda: members, count=count, digest=digest)


# --- Reports ----------------------------------------------------------------------------------------------------------


def report_document(report: Report) -> Record:
    """Return what an apply did as the document that `schemas/report.v1.schema.json` describes."""
    return _document(_report_parts(report))


def render_report_json(report: Report) -> str:
    """Return the report's document as text that ends with a line break."""
    return "".join(_render(_report_parts(report)))


def _report_parts(report: Report) -> Iterator[Part]:
    yield "format_version", FORMAT_VERSION
    yield "plan_digest", report.plan_digest
    yield "run", report.run
    yield "interrupted", report.interrupted
    yield "duration_seconds", report.duration_seconds
    counts: Record = {outcome.value: report.count(outcome) for outcome in Outcome}
    yield (
        "summary",
        {
            **counts,
            "members_added": sum(result.coming for result in report.results),
            "members_removed": sum(result.going for result in report.results),
            "members_readdressed": sum(result.readdressed for result in report.results),
            "members_unseen_added": sum(result.unseen_added for result in report.results),
            "members_unseen_removed": sum(result.unseen_removed for result in report.results),
        },
    )
    yield "results", map(_result, report.results)
    yield "allowances", map(allowance_record, report.allowances)
    yield "diagnostics", map(diagnostic_record, report.diagnostics)


def _result(result: Result) -> Record:
    return {
        "target": result.target,
        "name": result.name,
        "action": result.action.value,
        "outcome": result.outcome.value,
        "error": result.error,
        "hint": result.hint,
        "attempts": result.attempts,
        "duration_seconds": result.duration_seconds,
        "added": result.added,
        "removed": result.removed,
        "readdressed": result.readdressed,
        "unseen_added": result.unseen_added,
        "unseen_removed": result.unseen_removed,
    }


# --- Findings and groups ----------------------------------------------------------------------------------------------


def render_diagnostics_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Return `{"errors", "warnings", "diagnostics"}` as text that ends with a line break; findings are sorted."""
    found = sorted(diagnostics, key=lambda each: each.sort_key)
    errors = sum(each.severity is Severity.ERROR for each in found)
    parts: list[Part] = [
        ("errors", errors),
        ("warnings", len(found) - errors),
        ("diagnostics", map(diagnostic_record, found)),
    ]
    return "".join(_render(parts))


def render_show_json(groups: Sequence[Sides]) -> str:
    """Return `{"groups": [{"name", …, "managed_by", "members", "prior_members"}]}` as text that ends in a line break.

    `managed_by` is the project whose mark the target's group carries, null where it carries none.

    `members` are those desired, `prior_members` those the target holds, both sorted; null where that side is not there
    or its membership is not managed or not told.
    """
    return "".join(iter_show_json(groups))


def iter_show_json(groups: Iterable[Sides]) -> Iterator[str]:
    """Give the same text piece by piece, with the names of one group in memory at a time."""
    return _render([("groups", map(_sides, groups))])


def _sides(sides: Sides) -> Record:
    with loaded_once(sides.prior):
        return {
            "name": sides.name,
            "target": sides.target,
            "status": sides.status.value,
            "managed_by": sides.project,
            "desired": _attributes(sides.desired),
            "prior": _attributes(sides.prior),
            "members": _names(sides.desired),
            "prior_members": _names(sides.prior),
        }


def _attributes(group: Group | None) -> Record | None:
    if group is None:
        return None
    return {"name": group.name} | {name: attribute_record(name, group.attribute(name)) for name in ATTRIBUTES}


def _names(group: Group | None) -> list[str] | None:
    return sorted(group.members.load()) if group and group.members is not None else None


# --- Text -------------------------------------------------------------------------------------------------------------


def _document(parts: Iterable[Part]) -> Record:
    return {key: list(value) if isinstance(value, Iterator) else value for key, value in parts}


def _render(parts: Iterable[Part]) -> Iterator[str]:
    before = "{"
    for key, value in parts:
        yield f"{before}\n  {json.dumps(key)}: "
        yield from _rows(value) if isinstance(value, Iterator) else [json.dumps(value)]
        before = ","
    yield "\n}\n"


def _rows(records: Iterator[Record]) -> Iterator[str]:
    before = "["
    for record in records:
        yield f"{before}\n    {json.dumps(record)}"
        before = ","
    yield "[]" if before == "[" else "\n  ]"
