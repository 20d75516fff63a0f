"""Places, findings and verdicts to and from plain records; see `groupsync.convert`. Pure."""

from __future__ import annotations

from groupsync.model import (
    KINDS,
    SOURCE_RULES,
    Allowance,
    Cause,
    Comparison,
    Diagnostic,
    Drift,
    Edit,
    First,
    FirstOf,
    Kind,
    Later,
    Link,
    Loss,
    QuietEdit,
    Refusal,
    Severity,
    SourceRange,
)
from groupsync.records import Fields, Record, RecordError, format_instant, kind_of


def place_record(place: SourceRange | None) -> Record | None:
    """Write a place in a file."""
    return None if place is None else {"path": place.path, "line": place.line, "column": place.column}


def read_place(value: object) -> SourceRange:
    """Read what `place_record` wrote for a place."""
    fields = Fields(value, "a place")
    return SourceRange(fields.text("path"), fields.count("line"), fields.count("column"))


def place_or_none(value: object) -> SourceRange | None:
    """Read a place, or null."""
    return None if value is None else read_place(value)


def drift_record(drift: Drift) -> Record:
    """Write how a group stands to its mark."""
    place = {"target": drift.target, "name": drift.name}
    return {**place, "drifted": drift.drifted, "pending": drift.pending, "gone": drift.gone, "broken": drift.broken}


def read_drift(value: object) -> Drift:
    """Read what `drift_record` wrote."""
    fields = Fields({"gone": False, "broken": False, **value} if isinstance(value, dict) else value, "a drift")
    return Drift(
        fields.text("target"),
        fields.text("name"),
        fields.flag("drifted"),
        fields.flag("pending"),
        fields.flag("gone"),
        fields.flag("broken"),
    )


def later_record(later: Later) -> Record:
    """Write what a written date will do."""
    return {
        "target": later.target,
        "name": later.name,
        "at": format_instant(later.at),
        "entering": later.entering,
        "leaving": later.leaving,
        "digest": later.digest,
        "owners": list(later.owners),
        "members": later.members,
        "ending": later.ending,
        "new": later.is_new,
        "forecast": later.is_forecast,
    }


def read_later(value: object) -> Later:
    """Read what `later_record` wrote."""
    fields = Fields(value, "what a date will do")
    return Later(
        target=fields.text("target"),
        name=fields.text("name"),
        at=fields.instant("at"),
        entering=fields.count("entering"),
        leaving=fields.count("leaving"),
        digest=fields.text("digest"),
        owners=fields.each("owners", _read_name),
        members=fields.count("members"),
        ending=fields.count("ending"),
        is_new=fields.flag("new"),
        is_forecast=fields.flag("forecast"),
    )


def cause_record(cause: Cause) -> Record:
    """Write how much of a change comes of edits."""
    return {"target": cause.target, "name": cause.name, "added": cause.added, "removed": cause.removed}


def read_cause(value: object) -> Cause:
    """Read what `cause_record` wrote."""
    fields = Fields(value, "a cause")
    return Cause(fields.text("target"), fields.text("name"), fields.count("added"), fields.count("removed"))


def comparison_record(compared: Comparison | None) -> Record | None:
    """Write what of a plan comes of edits; None where that was not asked for."""
    if compared is None:
        return None
    return {
        "revision": compared.revision,
        "commit": compared.commit,
        "causes": [cause_record(cause) for cause in compared.causes],
        "quiet": [quiet_record(edit) for edit in compared.quiet],
    }


def read_comparison(value: object) -> Comparison | None:
    """Read what `comparison_record` wrote."""
    if value is None:
        return None
    fields = Fields(value, "the comparison")
    return Comparison(
        fields.text("revision"),
        fields.text("commit"),
        fields.each("causes", read_cause),
        fields.each("quiet", read_quiet) if fields.has("quiet") else (),
    )


def quiet_record(edit: QuietEdit) -> Record:
    """Write an edit without effect."""
    return {
        "name": edit.name,
        "edit": edit.edit.value,
        "at": place_record(edit.at),
        "owners": list(edit.owners),
        "owners_before": list(edit.owners_before),
    }


def read_quiet(value: object) -> QuietEdit:
    """Read what `quiet_record` wrote."""
    fields = Fields(value, "an edit without effect")
    return QuietEdit(
        fields.text("name"),
        fields.one_of("edit", Edit),
        read_place(fields.take("at")),
        fields.each("owners", _read_name),
        fields.each("owners_before", _read_name),
    )


def link_record(link: Link) -> Record:
    """Write how a group is built on others."""
    return {"name": link.name, "built_on": list(link.built_on), "count": link.count}


def read_link(value: object) -> Link:
    """Read what `link_record` wrote."""
    fields = Fields(value, "a link")
    return Link(fields.text("name"), fields.each("built_on", _read_name), fields.count_or_none("count"))


def loss_record(loss: Loss) -> Record:
    """Write who would be in no group of a target any more."""
    return {"target": loss.target, "count": loss.count, "some": list(loss.some)}


def read_loss(value: object) -> Loss:
    """Read what `loss_record` wrote."""
    fields = Fields(value, "a loss")
    return Loss(fields.text("target"), fields.count("count"), fields.each("some", _read_name))


def first_record(first: First) -> Record:
    """Write what guards judge for the first time."""
    return {"what": first.what.value, "name": first.name}


def read_first(value: object) -> First:
    """Read what `first_record` wrote."""
    fields = Fields(value, "what is new to guards")
    return First(fields.one_of("what", FirstOf), fields.text("name"))


def _read_name(value: object) -> str:
    if not isinstance(value, str):
        raise RecordError(f"a name is {kind_of(value)}, expected text")
    return value


def diagnostic_record(found: Diagnostic) -> Record:
    """Write a finding."""
    return {
        "code": found.code,
        "severity": found.severity.value,
        "summary": found.summary,
        "detail": found.detail,
        "hint": found.hint,
        "subject": place_record(found.subject),
        "related": [place_record(place) for place in found.related],
        "plugin": found.plugin,
    }


def read_diagnostic(value: object) -> Diagnostic:
    """Read what `diagnostic_record` wrote."""
    fields = Fields(value, "a diagnostic")
    return Diagnostic(
        code=fields.text("code"),
        severity=fields.one_of("severity", Severity),
        summary=fields.text("summary"),
        detail=fields.text("detail"),
        hint=fields.text("hint"),
        subject=place_or_none(fields.take("subject")),
        related=fields.each("related", read_place),
        plugin=fields.text_or_none("plugin"),
    )


def refusal_record(refusal: Refusal) -> Record:
    """Write why a change may not be applied."""
    return {
        "target": refusal.target,
        "name": refusal.name,
        "rule": refusal.rule,
        "summary": refusal.summary,
        "hint": refusal.hint,
        "at": place_record(refusal.at),
        "count": refusal.count,
        "limit": refusal.limit,
        "approval": refusal.approval,
        "doubts_members": refusal.doubts_members,
        "because": refusal.because,
    }


def read_refusal(value: object) -> Refusal:
    """Read what `refusal_record` wrote."""
    fields = Fields(value, "a refusal")
    rule = fields.text("rule")
    return Refusal(
        target=fields.text("target"),
        name=fields.text("name"),
        rule=rule,
        summary=fields.text("summary"),
        hint=fields.text("hint"),
        at=place_or_none(fields.take("at")),
        count=fields.count("count"),
        limit=fields.count("limit"),
        approval=fields.text("approval"),
        doubts_members=fields.flag_or("doubts_members", default=_doubts_members(rule)),
        because=fields.text_or("because", ""),
    )


def _doubts_members(rule: str) -> bool:
    """Tell of a refusal that an earlier groupsync wrote whether its rule doubts who belongs to a group."""
    return rule in KINDS.keys() - SOURCE_RULES or rule.startswith("policy:")


def allowance_record(allowance: Allowance) -> Record:
    """Write an exception that was used."""
    return {
        "kind": allowance.kind.value,
        "name": allowance.name,
        "ceiling": allowance.ceiling,
        "source": allowance.source,
        "reason": allowance.reason,
    }


def read_allowance(value: object) -> Allowance:
    """Read what `allowance_record` wrote."""
    fields = Fields(value, "an allowance")
    return Allowance(
        fields.one_of("kind", Kind),
        fields.text("name"),
        fields.count("ceiling"),
        fields.text("source"),
        fields.text("reason"),
    )
