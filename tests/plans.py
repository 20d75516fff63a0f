"""Plans, reports and findings that the tests of renderers and plan files share."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from groupsync.model import (
    NO_MEMBERS,
    Action,
    Allowance,
    AttributeChange,
    Cause,
    Change,
    Comparison,
    Diagnostic,
    Drift,
    Edit,
    EntryNote,
    First,
    FirstOf,
    Group,
    Kind,
    Later,
    Loss,
    Mark,
    Members,
    Outcome,
    Period,
    Plan,
    QuietEdit,
    Refusal,
    Report,
    Result,
    Severity,
    SourceRange,
    SourceState,
    TargetState,
    Verdict,
)
from groupsync.plan import sealed
from groupsync.report.show import Sides

AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
HOSTILE = "\x1b[2J\x1b]0;owned\x07evil\u202egnp.exe\nPlan: 0 to delete\r\u200b\x9b31m\ud800"


def people(count: int, first: int = 1) -> Members:
    """Make `count` members with running numbers."""
    return Members.of(f"person-{number:05}@contoso.com" for number in range(first, first + count))


def mark(members: int, project: str = "contoso-store") -> Mark:
    """Make a mark for a membership of that size."""
    made = people(members)
    return Mark(project, made.digest, members, "email/fold")


def plan_of(*changes: Change, targets: tuple[TargetState, ...] | None = None, **rest: object) -> Plan:
    """Put changes together to a plan with the right order and digest."""
    ordered = tuple(sorted(changes, key=lambda change: change.key))
    targets = targets or (TargetState("local", "file", groups=42, memberships=5214),)
    plan = Plan("contoso-store", AS_OF, targets, ordered, "", config="contoso-store/groupsync.yaml")
    return sealed(replace(plan, **rest))


def sample_plan() -> Plan:
    """Make a plan with everything in it that a person may meet."""
    beta = Change(
        "local",
        "beta-testers",
        Action.CREATE,
        reason="defined, and not on the target",
        attributes=(
            AttributeChange("kind", None, "known-user-group"),
            AttributeChange("display_name", None, "Beta testers"),
            AttributeChange("owners", None, ("growth@contoso.com", "product@contoso.com")),
            AttributeChange("labels", None, (("product", "fieldnotes"), ("ring", "1"))),
        ),
        add=Members.of(["ada@contoso.com", "grace@contoso.com", "linus@contoso.com"]),
        mark=mark(3),
        definition_digest="d" * 64,
        at=SourceRange("groups/beta.yaml", 2, 7),
    )
    staff = Change(
        "local",
        "staff",
        Action.UPDATE,
        prior_name="staff",
        id="17",
        reason="changed on the target since the last apply, and the definition changed",
        attributes=(
            AttributeChange("display_name", "Staff", "All staff"),
            AttributeChange(
                "description",
                "Everybody who is on the payroll of Contoso or of one of its subsidiaries, by contract",
                "Everybody who is on the payroll of Contoso or of one of its partners, by contract or order",
            ),
            AttributeChange("owners", ("hr@contoso.com", "it@contoso.com"), ("hr@contoso.com", "people@contoso.com")),
            AttributeChange("prevent_delete", False, True),
        ),
        add=people(2, 90001),
        remove=people(1246),
        precondition="r7",
        prior_count=2450,
        expired=3,
        mark=mark(1206),
        at=SourceRange("groups/staff.yaml", 2, 7),
    )
    renamed = Change(
        "local",
        "early-birds",
        Action.RENAME,
        prior_name="early-adopters",
        reason="`previously: early-adopters`",
        prior_count=12,
        mark=mark(12),
        at=SourceRange("groups/early.yaml", 14, 7),
    )
    legacy = Change(
        "local", "legacy", Action.DELETE, "legacy", reason="its definition is gone", remove=people(11), prior_count=11
    )
    adopted = Change(
        "local",
        "press",
        Action.ADOPT,
        "press",
        reason="exists on the target without a mark",
        prior_count=1,
        mark=mark(1),
        at=SourceRange("groups/press.yaml", 2, 7),
    )
    forgotten = Change(
        "local", "partners", Action.FORGET, "partners", reason="its definition no longer goes to local", prior_count=80
    )
    trial = Change(
        "crm",
        "trial",
        Action.UPDATE,
        "trial",
        reason="members differ",
        remove=Members.of(["zoe@contoso.com"]),
        prior_count=7,
        expired=1,
        mark=mark(6),
        at=SourceRange("groups/trial.yaml", 2, 7),
    )
    return plan_of(
        beta,
        staff,
        renamed,
        legacy,
        adopted,
        forgotten,
        trial,
        targets=(
            TargetState("local", "file", groups=42, memberships=5214),
            TargetState(
                "crm", "rest", "v9", 12, 90, complete=False, reason="page 3 of 5: HTTP 503", withheld=("vip", "winback")
            ),
        ),
        drift=(Drift("crm", "trial", drifted=False, pending=True), Drift("local", "staff", drifted=True, pending=True)),
        diagnostics=(
            Diagnostic(
                "GS604",
                Severity.WARNING,
                "3 removals from `vip` are held back: crm was not read wholly",
                "page 3 of 5: HTTP 503",
                "Plan again once the target can be read.",
            ),
        ),
        verdict=Verdict(
            (
                Refusal(
                    "local",
                    "legacy",
                    "prevent_delete",
                    "`legacy` is protected from deletion",
                    "Apply its definition with `prevent_delete: false` first, then delete it.",
                    SourceRange("groupsync.yaml", 12, 5),
                ),
                Refusal(
                    "local",
                    "legacy",
                    "removed_members",
                    "11 of 11 members would go; the limit is 5 (20 %, at least 5, at most 500)",
                    "Allow just this: --allow 'remove:legacy<=11@3f9a1c2b'",
                    count=11,
                    limit=5,
                ),
            ),
            (Allowance(Kind.REMOVE, "staff", 1250, "approvals/staff.yaml:1", "the branch in Ulm is closed"),),
        ),
    )


def sample_report(plan: Plan) -> Report:
    """Make the report of an apply of `sample_plan` in which much went wrong."""
    ends = {
        "beta-testers": (Outcome.APPLIED, "", ""),
        "early-birds": (Outcome.STALE, "the group moved since the plan: revision r7 was expected, r9 found", ""),
        "legacy": (Outcome.REFUSED, "`legacy` is protected from deletion", "Apply its definition first."),
        "partners": (Outcome.APPLIED, "", ""),
        "press": (Outcome.NOT_TRIED, "", ""),
        "staff": (Outcome.FAILED, "no space left on device", "Free some space, then apply again."),
        "trial": (Outcome.NOT_CONVERGED, "1 member is still there", "Plan again."),
    }
    results = []
    for change in plan.changes:
        outcome, error, hint = ends[change.name]
        done = outcome is Outcome.APPLIED
        results.append(
            Result(
                change.target,
                change.name,
                change.action,
                outcome,
                error,
                hint,
                attempts=0 if outcome in {Outcome.REFUSED, Outcome.NOT_TRIED} else 1,
                duration_seconds=0.25,
                added=change.add.count if done else 0,
                removed=change.remove.count if done else 0,
            )
        )
    return Report(plan.digest, tuple(results), duration_seconds=1.234)


def sample_sides() -> list[Sides]:
    """Make both sides of groups in every state."""
    staff = Group("staff", display_name="All staff", owners=("hr@contoso.com",), members=people(14, 3))
    held = Group("staff", display_name="Staff", owners=("hr@contoso.com",), members=people(15), mark=mark(15), id="17")
    return [
        Sides("local", "beta-testers", Group("beta-testers", members=people(3)), None),
        Sides("local", "legacy", None, Group("legacy", members=people(1204), mark=mark(1204))),
        Sides("local", "open", Group("open", members=None), Group("open", members=people(2), mark=mark(2))),
        Sides("local", "somebody-elses", None, Group("somebody-elses", members=None)),
        Sides("local", "staff", staff, held),
    ]


GOLDEN = Path(__file__).parent / "golden"


def moved_plan() -> Plan:
    """Make a plan in which people have other addresses than before."""
    beta = Change(
        "local",
        "beta-testers",
        Action.UPDATE,
        "beta-testers",
        reason="the definition changed",
        add=Members.of(["ada.lovelace@contoso.com", "hedy@contoso.com", "linus@fabrikam.com"]),
        remove=Members.of(["ada@contoso.com", "grace@contoso.com", "linus@contoso.com"]),
        prior_count=12,
        mark=mark(12),
        at=SourceRange("groups/beta.yaml", 2, 7),
        readdressed=(("ada@contoso.com", "ada.lovelace@contoso.com"), ("linus@contoso.com", "linus@fabrikam.com")),
    )
    staff = Change(
        "local",
        "staff",
        Action.UPDATE,
        "staff",
        reason="the definition changed",
        add=people(13, 90001),
        remove=people(13),
        prior_count=13,
        mark=mark(13),
        at=SourceRange("groups/staff.yaml", 2, 7),
        readdressed=tuple(zip(people(13), people(13, 90001), strict=True)),
    )
    drift = tuple(Drift(each.target, each.name, drifted=True, pending=True) for each in (beta, staff))
    return plan_of(beta, staff, drift=drift)


def golden(name: str, found: str) -> str:
    """Return the text that `found` has to be; with UPDATE_GOLDEN set, `found` becomes that text first."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    return path.read_text(encoding="utf-8")


# --- Generated plans --------------------------------------------------------------------------------------------------

texts = st.text(max_size=12)
counts = st.integers(0, 10**9)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
places = st.builds(SourceRange, texts, counts, counts)
members = st.frozensets(st.text(min_size=1, max_size=6).filter(str.isprintable), max_size=6).map(Members.of)
marks = st.builds(Mark, texts, digests, counts, texts, st.booleans())
owners = st.lists(texts, max_size=3, unique=True).map(sorted).map(tuple)
labels = st.dictionaries(texts, texts, max_size=3).map(lambda pairs: tuple(sorted(pairs.items())))
attributes = st.one_of(
    st.builds(AttributeChange, st.sampled_from(["kind", "display_name", "description"]), st.none() | texts, texts),
    st.builds(AttributeChange, st.just("owners"), st.none() | owners, owners),
    st.builds(AttributeChange, st.just("labels"), st.none() | labels, labels),
    st.builds(AttributeChange, st.just("prevent_delete"), st.booleans(), st.booleans()),
)
_instants = st.none() | st.integers(1, 400).map(lambda days: AS_OF + timedelta(days=days))
_entries = st.builds(
    EntryNote,
    role=st.sampled_from(["members", "include", "exclude", "restrict_to"]),
    name=texts,
    period=st.builds(Period, _instants, _instants),
    reason=texts,
)
_plain_changes = st.builds(
    Change,
    target=st.sampled_from(["crm", "local"]),
    name=texts,
    action=st.sampled_from(Action),
    prior_name=st.none() | texts,
    id=st.none() | texts,
    reason=texts,
    attributes=st.lists(attributes, max_size=3).map(tuple),
    add=members | st.just(NO_MEMBERS),
    remove=members,
    precondition=st.none() | texts,
    prior_count=counts,
    expired=counts,
    mark=st.none() | marks,
    definition_digest=texts,
    at=st.none() | places,
    owners=owners,
    criteria=texts,
    consenting=st.none() | owners,
    through=st.lists(texts, max_size=3).map(tuple),
    entries=st.lists(_entries, max_size=3).map(tuple),
)


def with_changed_addresses(change: Change, count: int) -> Change:
    """Let up to so many of those who go be those who come."""
    pairs = zip(sorted(change.remove.load()), sorted(change.add.load()), strict=False)
    return replace(change, readdressed=tuple(pairs)[:count])


changes = st.builds(with_changed_addresses, _plain_changes, st.integers(0, 3))
findings = st.builds(
    Diagnostic,
    code=texts,
    severity=st.sampled_from(Severity),
    summary=texts,
    detail=texts,
    hint=texts,
    subject=st.none() | places,
    related=st.lists(places, max_size=2).map(tuple),
    plugin=st.none() | texts,
)
target_states = st.tuples(
    *(
        st.builds(
            TargetState,
            st.just(name),
            texts,
            st.none() | texts,
            counts,
            counts,
            st.booleans(),
            texts,
            st.lists(texts, max_size=2).map(tuple),
            texts,
            st.booleans(),
            texts,
        )
        for name in ("local", "crm")
    )
)


quiet_edits = st.builds(
    QuietEdit, texts, st.sampled_from(Edit), st.just(SourceRange("groups/beta.yaml", 3, 1)), *[st.tuples(texts)] * 2
)
comparisons = st.builds(
    Comparison,
    texts,
    texts,
    st.lists(st.builds(Cause, texts, texts, counts, counts), max_size=3).map(tuple),
    st.lists(quiet_edits, max_size=2, unique_by=lambda edit: edit.name).map(tuple),
)
losses = st.builds(Loss, texts, st.integers(1, 10**9), st.lists(texts, max_size=3, unique=True).map(sorted).map(tuple))
laters = st.builds(Later, texts, texts, st.datetimes(timezones=st.just(UTC)), counts, counts, texts)
source_states = st.builds(
    SourceState, texts, texts, counts, st.none() | st.datetimes(timezones=st.just(UTC)), counts, st.booleans()
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Generate plans with hostile texts and every kind of value."""
    made = draw(st.lists(changes, max_size=5, unique_by=lambda change: change.key))
    return plan_of(
        *made,
        targets=draw(target_states),
        project=draw(texts),
        as_of=draw(st.datetimes(timezones=st.just(UTC))),
        looking=draw(st.booleans()),
        undoes=draw(texts),
        config=draw(texts),
        later=tuple(draw(st.lists(laters, max_size=2))),
        compared=draw(st.none() | comparisons),
        sources=tuple(draw(st.lists(source_states, max_size=2))),
        drift=tuple(draw(st.lists(st.builds(Drift, texts, texts, st.booleans(), st.booleans()), max_size=3))),
        lost=tuple(draw(st.lists(losses, max_size=2, unique_by=lambda loss: loss.target))),
        firsts=tuple(draw(st.lists(st.builds(First, st.sampled_from(FirstOf), texts), max_size=2))),
        diagnostics=tuple(draw(st.lists(findings, max_size=3))),
        verdict=Verdict(
            tuple(draw(st.lists(st.builds(Refusal, *[texts] * 5, places, counts, counts, texts), max_size=3))),
            tuple(draw(st.lists(st.builds(Allowance, st.sampled_from(Kind), texts, counts, texts, texts), max_size=2))),
        ),
    )


# --- Hostile plans ----------------------------------------------------------------------------------------------------

CORPUS = (
    HOSTILE.removesuffix("\ud800"),
    "<script>alert(1)</script>",
    "</details></code></pre><img src=x onerror=alert(1)>",
    "<!-- --> --> <details><summary>",
    "[click](https://example.com) ![x](//example.com/x.png) <https://example.com> www.example.com",
    "@octocat and @contoso/team, #1, contoso/shop#1, GH-1, !1, ~bug, :white_check_mark:",
    "ada@example.com https://example.com/?a=1&b=2 mailto:ada@example.com",
    "| a | b |\n|---|---|\n| c | d |",
    "``` \n~~~\n# Plan\n\n- [x] approved\n> quoted",
    "`` `x` ``` |`",
    "*bold* _it_ ~~gone~~ $\\sqrt{x}$ \\ \\| \\`",
    "&lt;b&gt; &#60;script&#62; &amp;",
    '=HYPERLINK("http://example.com","x")',
    "+1+cmd|' /C calc'!A0",
    "::error file=x::forged\n::set-output name=x::y\n::stop-commands::t",
    "%0A::error::forged%0D",
    "\u202emoc.oso\u202c\u2066\u2069\u200b\ufeff",
    "x" * 1_000_000,
    "<" * 1_000_000,
    "`" * 1_000_000,
)
"""What somebody may write into a name, an address or a message to have it act on whoever reads the output."""


def hostile_plan(text: str) -> Plan:
    """Make a plan that has `text` wherever a text can stand."""
    at = SourceRange(text, 3, 5)
    change = Change(
        text,
        text,
        Action.RENAME,
        text + "2",
        text,
        text,
        (
            AttributeChange("display_name", text, text + "2"),
            AttributeChange("owners", (), (text,)),
            AttributeChange("labels", ((text, text),), ()),
        ),
        Members.of([text, text + "3"]),
        Members.of([text + "2", text + "4"]),
        text,
        2,
        1,
        mark(2, text),
        text,
        at,
        readdressed=((text + "2", text),),
        consenting=(text,),
        through=(text, text + "2"),
        entries=(
            EntryNote("members", text, Period(until=AS_OF), text),
            EntryNote("include", text, Period(start=AS_OF), text),
        ),
    )
    return plan_of(
        change,
        targets=(TargetState(text, text, text, 1, 2, complete=False, reason=text, withheld=(text,), owns=text),),
        project=text,
        undoes=text,
        sources=(SourceState(text, text, 3),),
        compared=Comparison(
            text, text, (Cause(text, text, 1, 0),), (QuietEdit(text, Edit.EDITED, at, (text,), (text + "2",)),)
        ),
        drift=(Drift(text, text, drifted=True, pending=True),),
        lost=(Loss(text, 3, (text, text + "2")),),
        firsts=(First(FirstOf.SOURCE, text), First(FirstOf.LIST, text)),
        diagnostics=(Diagnostic("GS604", Severity.WARNING, text, text, text, at, (at,), text),),
        verdict=Verdict(
            (Refusal(text, text, text, text, text, at, 1, 2, text),), (Allowance(Kind.REMOVE, text, 3, text, text),)
        ),
    )


def hostile_report(text: str) -> Report:
    """Make a report that has `text` wherever a text can stand."""
    results = tuple(Result(text, text, Action.UPDATE, outcome, text, text, 2) for outcome in Outcome)
    return Report(text, results, run=text, allowances=(Allowance(Kind.REMOVE, text, 3, text, text),))
