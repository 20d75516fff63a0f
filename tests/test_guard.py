"""Guards: what each counts, what it lets pass, and what an exception is good for."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.following import Follows
from groupsync.guard import NO_EVIDENCE, Evidence, Judging
from groupsync.guard_grants import Grant, approval_for, later_hint, option_for, parse_allow, run_definition, written
from groupsync.guard_limits import loosenings
from groupsync.guard_lost import Holding, Losing, Lost, people_lost
from groupsync.guard_renames import recreated_groups
from groupsync.guard_rules import group_findings, removed_over, run_findings
from groupsync.model import (
    DEFAULT_GUARDS,
    RULES,
    RUN_KINDS,
    Action,
    Allowance,
    Change,
    Definition,
    GroupGuards,
    Guards,
    Kind,
    Level,
    Limit,
    Loss,
    Mark,
    Members,
    Refusal,
    Removed,
    SourceRange,
    Stance,
    TargetState,
    Tiers,
    Verdict,
    encode_members,
    has_line,
)
from tests.plans import AS_OF, people, plan_of

AT = SourceRange("groupsync.yaml", 7, 3)
OFF = Limit()
NOTHING = Guards(
    removed_members=Tiers(OFF, OFF),
    added_members=Tiers(OFF, OFF),
    emptied_group=Stance(Level.OFF),
    lost_every_group=Tiers(OFF, OFF),
    removed_in_run=Tiers(OFF, OFF),
    deleted_groups=Tiers(OFF, OFF),
    size_deviation=Tiers(OFF, OFF),
)
"""Guards that say nothing, to try one at a time."""


def update(prior, removed=0, *, added=0, name="beta", target="local", first=1, **more):
    """Make an update of a group of `prior` members, from `person-<first>` on."""
    return Change(
        target,
        name,
        Action.UPDATE,
        name,
        remove=people(removed, first),
        add=people(added, 90_000),
        prior_count=prior,
        definition_digest="d" * 64,
        **more,
    )


def deletion(members, name="beta", first=1):
    """Make the deletion of a group."""
    return Change("local", name, Action.DELETE, name, remove=people(members, first), prior_count=members)


def creation(members, name="new", first=1):
    """Make the creation of a group."""
    at = SourceRange("groups/new.yaml", 3, 7)
    return Change("local", name, Action.CREATE, add=people(members, first), definition_digest="e" * 64, at=at)


def judge(plan, guards, grants=(), evidence=NO_EVIDENCE):
    """Bring a plan before all its guards; return the verdict, what is told, and whom targets lose."""
    judging = Judging(plan, guards, grants, evidence)
    judging.judge_groups()
    judging.judge_runs()
    return judging.verdict(), judging.told(), judging.losses


def plan_with(*changes, groups=100, memberships=100_000, **rest):
    """Make a plan for a target so large that no limit of a run is in the way."""
    return plan_of(*changes, targets=(TargetState("local", "file", groups=groups, memberships=memberships),), **rest)


def refused(plan, guards=DEFAULT_GUARDS, grants=(), evidence=None):
    """Return (name, rule) of what is refused."""
    verdict, *_ = judge(plan, guards, grants, evidence or Evidence())
    return [(refusal.name, refusal.rule) for refusal in verdict.refusals]


def warned(plan, guards=DEFAULT_GUARDS, evidence=None):
    """Return the codes of what is warned of."""
    _, findings, _ = judge(plan, guards, (), evidence or Evidence())
    return [found.code for found in findings]


# --- Limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "prior", "most"),
    [
        (Limit(20, 5, 500), 4, 5),
        (Limit(20, 5, 500), 25, 5),
        (Limit(20, 5, 500), 26, 5),
        (Limit(20, 5, 500), 30, 6),
        (Limit(20, 5, 500), 2_499, 499),
        (Limit(20, 5, 500), 2_500, 500),
        (Limit(20, 5, 500), 10_000_000, 500),
        (Limit(30), 1_000, 300),
        (Limit(30.9), 1_000, 309),
        (Limit(0.1), 999, 0),
        (Limit(floor=3), 1_000, 3),
        (Limit(count=3), 1_000, 3),
        (Limit(count=2, floor=5), 1_000, 2),
        (Limit(0), 1_000, 0),
        (Limit(), 1_000, None),
    ],
)
def test_a_limit_is_the_formula(limit, prior, most):
    """`min(count, max(floor, percent of prior))`, of what is given."""
    assert most == limit.of(prior)


@given(
    percent=st.none() | st.integers(0, 1000).map(lambda tenths: tenths / 10),
    floor=st.none() | st.integers(0, 50),
    count=st.none() | st.integers(0, 50),
    prior=st.integers(0, 10**9),
    number=st.integers(0, 60),
)
def test_a_number_passes_exactly_when_the_formula_says_so(percent, floor, count, prior, number):
    """No rounding lets through what is past the limit, nor stops what is within."""
    most = Limit(percent, floor, count).of(prior)
    share = None if percent is None else Fraction(str(percent)) * prior / 100
    parts = [each for each in (share, floor) if each is not None]
    within = (not parts or number <= max(parts)) and (count is None or number <= count)
    assert within == (most is None or number <= most)


@pytest.mark.parametrize(
    ("prior", "removed", "expected"),
    [(4, 1, None), (4, 4, "GS803"), (5, 5, "GS803"), (6, 5, None), (6, 6, "refused"), (100, 5, None), (100, 6, "GS801"),
     (100, 20, "GS801"), (100, 21, "refused"), (10_000, 500, None), (10_000, 501, "refused")],
)  # fmt: skip
def test_removals_from_groups_of_any_size_are_judged(prior, removed, expected):
    """The defaults, on small and large groups alike."""
    plan = plan_with(update(prior, removed), memberships=10**7)
    found = "refused" if refused(plan) else next(iter(warned(plan)), None)
    assert expected == found


@pytest.mark.parametrize(("percent", "expected"), [(30, [("beta", "removed_members")]), (30.9, [])])
def test_a_percentage_is_counted_exactly(percent, expected):
    """309 of 1,000 is more than 30 %."""
    guards = replace(NOTHING, removed_members=Tiers(refuse=Limit(percent)))
    assert expected == refused(plan_with(update(1_000, 309)), guards)


def test_additions_are_judged_but_not_at_creation():
    """A group may be created as large as it is meant to be."""
    assert ["GS802"] == warned(plan_with(update(40, added=51)))
    assert [] == warned(plan_with(creation(5_000)))
    guards = replace(NOTHING, added_members=Tiers(refuse=Limit(floor=50)))
    assert [("beta", "added_members")] == refused(plan_with(update(40, added=51)), guards)


def test_an_emptied_group_can_be_a_warning_or_nothing():
    """`emptied_group` has its three levels."""
    for level, expected in ((Level.REFUSE, ["refused"]), (Level.WARN, ["GS803"]), (Level.OFF, [])):
        guards = replace(NOTHING, emptied_group=Stance(level, AT))
        plan = plan_with(update(9, 9))
        assert expected == ["refused" for _ in refused(plan, guards)] + warned(plan, guards)


@pytest.mark.parametrize(
    ("past", "expected"), [([], []), ([100, 300, 200], []), ([100], ["GS807"]), ([900], ["GS807"])]
)
def test_a_size_is_held_against_the_mean_of_past_ones(past, expected):
    """Up or down; without any past nothing is asked."""
    plan = plan_with(update(200, 1, added=1))
    assert expected == warned(plan, evidence=Evidence(sizes={("local", "beta"): past}))


def test_only_the_last_runs_make_up_the_mean():
    """`runs` says how many."""
    plan = plan_with(update(200, 1, added=1))
    evidence = Evidence(sizes={("local", "beta"): [9_000] * 20 + [200] * 2})
    assert ["GS807"] == warned(plan, evidence=evidence)
    assert [] == warned(plan, replace(DEFAULT_GUARDS, runs=2), evidence)


def test_a_definition_overrides_only_what_it_names():
    """With leave of the config, each limit is that of the definition where it has one, of the config otherwise."""
    mine = SourceRange("groups/beta.yaml", 9, 5)
    own = GroupGuards(removed_members=Tiers(refuse=Limit(50, at=mine)))
    guards, evidence = replace(DEFAULT_GUARDS, may_loosen=("be?a",)), Evidence(overrides={"beta": own})
    passed, found = sorted(judge(plan_with(update(100, 50)), guards, (), evidence)[1], key=lambda each: -len(each.code))
    assert {("GS801", None), ("GS816", mine)} == {(each.code, each.subject) for each in (passed, found)}
    verdict, *_ = judge(plan_with(update(100, 51)), guards, (), evidence)
    assert [mine] == [refusal.at for refusal in verdict.refusals]


limits = st.builds(
    Limit,
    st.none() | st.integers(0, 1000).map(lambda tenths: tenths / 10),
    st.none() | st.integers(0, 50),
    st.none() | st.integers(0, 200),
)


@given(theirs=limits, mine=limits, prior=st.integers(1, 400), share=st.floats(0, 1))
def test_of_two_limits_the_stricter_counts_at_every_size(theirs, mine, prior, share):
    """It is the one whose place is told; where both are the same, the config's."""
    removed = round(prior * share)
    theirs, mine = replace(theirs, at=AT), replace(mine, at=SourceRange("groups/beta.yaml", 9, 5))
    guards = replace(NOTHING, removed_members=Tiers(OFF, theirs))
    own = GroupGuards(removed_members=Tiers(refuse=mine))
    told = [(most, each.at) for each in (theirs, mine) if (most := each.of(prior)) is not None and removed > most]
    verdict, *_ = judge(plan_with(update(prior, removed)), guards, (), Evidence(overrides={"beta": own}))
    expected = sorted(told, key=lambda each: each[0])[:1]
    assert expected == [(each.limit, each.at) for each in verdict.refusals]


@given(theirs=limits, mine=limits, prior=st.integers(0, 10**6))
def test_a_definition_that_could_let_more_pass_at_some_size_is_told(theirs, mine, prior):
    """What nobody is told of is nowhere looser."""
    definition = Definition("known-user-group", "beta", AT, guards=GroupGuards(removed_members=Tiers(refuse=mine)))
    told = list(loosenings([definition], replace(NOTHING, removed_members=Tiers(refuse=theirs))))
    most, least = mine.of(prior), theirs.of(prior)
    is_looser = least is not None and (most is None or most > least)
    assert told or not is_looser


@pytest.mark.parametrize(
    ("own", "detail"),
    [
        (Limit(), "At 10 members it lets any number pass, and the config 5; the stricter counts."),
        (Limit(10), "At 10,000 members it lets 1,000 pass, and the config 500; the stricter counts."),
        (Limit(20, 6, 500), "At 10 members it lets 6 pass, and the config 5; the stricter counts."),
        (Limit(21, 5, 500), "At 100 members it lets 21 pass, and the config 20; the stricter counts."),
        (Limit(20, 5, 501), "At 10,000 members it lets 501 pass, and the config 500; the stricter counts."),
        (Limit(20, 5, 500), None),
        (Limit(10, 5, 500), None),
        (Limit(count=0), None),
    ],
)
def test_a_looser_limit_is_told_with_a_size_at_which_it_is(own, detail):
    """A size that shows it, both numbers, both places and what would let it be."""
    mine = SourceRange("groups/beta.yaml", 9, 5)
    guards = GroupGuards(removed_members=Tiers(refuse=replace(own, at=mine)))
    definition = Definition("known-user-group", "beta", AT, guards=guards)
    found = list(loosenings([definition], Guards(removed_members=Tiers(refuse=Limit(20, 5, 500, at=AT)))))
    hint = "Make it stricter, or take it out; or let it in the config: `guards: {may_loosen: [beta]}`."
    summary = "`guards.removed_members.refuse` of `beta` is looser than the config's, and is ignored where it is"
    expected = [("GS815", summary, detail, hint, mine, (AT,))] if detail else []
    assert expected == [(each.code, each.summary, each.detail, each.hint, each.subject, each.related) for each in found]
    assert [] == list(loosenings([definition], Guards(may_loosen=("beta",))))


# --- What is written down ---------------------------------------------------------------------------------------------


def test_expired_members_only_warn_and_are_counted_apart():
    """A written `until` never refuses; what goes besides is judged by itself."""
    assert [] == refused(plan_with(update(100, 60, expired=60)))
    (found,) = judge(plan_with(update(100, 60, expired=60)), DEFAULT_GUARDS)[1]
    assert "60 of them" in found.detail
    assert [] == refused(plan_with(update(100, 80, expired=60)))
    (refusal,) = judge(plan_with(update(100, 81, expired=60)), DEFAULT_GUARDS)[0].refusals
    assert (21, 20) == (refusal.count, refusal.limit)
    assert "60 more are written to go" in refusal.summary


def test_absent_is_consent_to_delete_its_group():
    """`state: absent` only warns, of its own guards and of those of the run."""
    groups = [deletion(60, f"g{number}", first=100 * number) for number in range(9)]
    plan = plan_with(*groups, memberships=600)
    absent = Evidence(absent=frozenset(f"g{number}" for number in range(9)))
    assert [] == refused(plan, evidence=absent)
    assert {"GS801", "GS805", "GS806"} == set(warned(plan, evidence=absent))
    assert 9 == len(refused(plan))


# --- A run ------------------------------------------------------------------------------------------------------------


def test_limits_of_a_run_refuse_all_of_a_target_and_nothing_of_another():
    """A refusal without a name is for every change of its target."""
    changes = [deletion(1, f"g{number}", first=number) for number in range(6)]
    elsewhere = replace(update(9, 1), target="crm")
    targets = (TargetState("local", "file", 100, 900), TargetState("crm", "file", 9, 900))
    verdict, *_ = judge(plan_of(*changes, elsewhere, targets=targets), DEFAULT_GUARDS)
    assert [("", "deleted_groups")] == [(each.name, each.rule) for each in verdict.refusals]
    assert all(verdict.refusal_of(change) for change in changes)
    assert verdict.refusal_of(elsewhere) is None


def test_what_is_refused_already_does_not_count_for_the_run():
    """One refused group doesn't stop the others."""
    plan = plan_with(update(1_000, 900), update(100, 5, name="other"), memberships=1_100)
    assert [("beta", "removed_members")] == refused(plan)
    protected = Refusal("local", "beta", "prevent_delete", "protected")
    plan = plan_with(deletion(60), memberships=100, verdict=Verdict((protected,)))
    guards = replace(NOTHING, removed_in_run=Tiers(refuse=Limit(10)))
    assert [("beta", "prevent_delete")] == refused(plan, guards)


def lost_evidence(*holdings, **unexpired):
    """Make the evidence for who would be in no group."""
    return Evidence(holdings={"local": holdings}, unexpired={name: held.load for name, held in unexpired.items()})


def test_people_are_lost_who_are_in_no_group_afterwards():
    """Those who stay in another group of ours have not lost every group."""
    guards = replace(NOTHING, lost_every_group=Tiers(Limit(count=1), Limit(count=10)))
    plan = plan_with(update(100, 30))
    elsewhere = Holding("other", people(25), None, people(25))
    assert [] == refused(plan, guards, evidence=lost_evidence(elsewhere))
    (found,) = judge(plan, guards, (), lost_evidence(elsewhere))[1]
    assert found.summary.startswith("local: 5 people would be in no group any more")
    assert "person-00026@contoso.com" in found.detail
    assert [("", "lost_every_group")] == refused(plan, guards, evidence=lost_evidence())
    assert [] == refused(plan, guards)


def test_a_plan_keeps_who_is_in_no_group_afterwards():
    """One person is enough, the first hundred are named; nobody is where the guard is off or can't tell."""
    one, many = plan_with(update(9, 1)), plan_with(update(1_000, 120))
    assert [Loss("local", 1, ("person-00001@contoso.com",))] == judge(one, DEFAULT_GUARDS, (), lost_evidence())[2]
    (loss,) = judge(many, DEFAULT_GUARDS, (), lost_evidence(Holding("other", people(5), None, people(5))))[2]
    assert (115, sorted(people(100, 6).load())) == (loss.count, list(loss.some))
    assert [] == judge(one, NOTHING, (), lost_evidence())[2]
    assert [] == judge(one, DEFAULT_GUARDS)[2]
    assert [] == judge(one, DEFAULT_GUARDS, (), lost_evidence(Holding("other", people(5), None, people(5))))[2]


def test_nobody_is_lost_by_expiry_or_consent():
    """Who goes by what is written is not counted."""
    guards = replace(NOTHING, lost_every_group=Tiers(refuse=Limit(count=0)))
    gone = people(5)
    assert [] == refused(plan_with(update(9, 5, expired=5)), guards, evidence=lost_evidence(beta=gone))
    absent = replace(lost_evidence(), absent=frozenset(["beta"]))
    assert [] == refused(plan_with(deletion(5)), guards, evidence=absent)
    plan = plan_with(update(9, 6, expired=5))
    (refusal,) = judge(plan, guards, (), lost_evidence(beta=gone))[0].refusals
    assert 1 == refusal.count


names = st.integers(0, 12).map(lambda number: f"p{number:02}@example.com")
groups = st.dictionaries(st.sampled_from("abcd"), st.tuples(st.frozensets(names), st.frozensets(names)), min_size=1)


def canonical_file(members):
    """Make members as a canonical file has them: known by text and digest."""
    text = encode_members(members)
    held = Members.of(members)
    return Members(held.load, count=held.count, digest=held.digest, raw=lambda: text)


@given(groups=groups, alone=st.sets(st.sampled_from("abcd")), form=st.sampled_from([canonical_file, Members.of]))
def test_people_lost_is_what_sets_say(groups, alone, form):
    """However groups are held, and whichever are left alone, the count is that of plain sets."""
    changes, holdings, after = {}, [], set()
    for name, (prior, desired) in groups.items():
        after |= prior if name in alone else desired
        holdings.append(Holding(name, form(prior), Members.of(prior).digest, form(desired)))
        if name not in alone and prior != desired:
            mark = Mark("shop", Members.of(desired).digest, len(desired), "email/fold")
            moved = {"add": Members.of(desired - prior), "remove": Members.of(prior - desired)}
            changes[name] = Change("local", name, Action.UPDATE, name, prior_count=len(prior), mark=mark, **moved)
    removed = {each for change in changes.values() for each in change.remove.load()}
    lost = people_lost(Losing(changes, frozenset(alone), holdings))
    assert (len(removed - after), sorted(removed - after)) == (lost.count, list(lost.some))


@given(members=st.frozensets(names), name=names)
def test_a_line_is_found_in_sorted_lines(members, name):
    """The search by halves finds what is there and nothing else."""
    assert (name in members) == has_line(encode_members(members), name.encode())


def test_few_people_are_searched_in_a_large_text(monkeypatch):
    """A large canonical file is neither parsed nor split for a few people."""
    large = canonical_file(people(60_000).load())
    change = update(100, 3, first=59_999)
    holdings = [Holding("all", large, large.digest, large)]
    monkeypatch.setattr(Members, "load", lambda self: pytest.fail("parsed") if self is large else self._load())
    assert 1 == people_lost(Losing({"beta": change}, holdings=holdings)).count


def test_many_people_are_looked_for_in_several_passes(monkeypatch):
    """Passes bound the memory, and change nothing."""
    monkeypatch.setattr("groupsync.guard_lost._AT_ONCE", 7)
    holdings = [Holding("other", people(40), None, people(40))]
    changes = {"beta": update(100, 60), "gamma": update(100, 60, name="gamma", first=31)}
    found = people_lost(Losing(changes, holdings=holdings))
    assert (50, "person-00041@contoso.com") == (found.count, found.some[0])


# --- Renames ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shared", "alike"), [(80, True), (79, False), (90, True)])
def test_groups_are_alike_from_four_in_five_on(shared, alike):
    """Jaccard 0.8 of 90 and `shared` + 10 is the bound."""
    old, new = deletion(90), creation(shared + 10, first=91 - shared)
    either = 90 + shared + 10 - shared
    assert alike == (5 * shared >= 4 * either)
    assert alike == bool(recreated_groups([old, new]))


@given(old=st.frozensets(names, max_size=9), new=st.frozensets(names, max_size=9))
def test_renames_are_found_exactly(old, new):
    """The filter in front of the comparison loses nothing."""
    expected = len(old) >= 3 and len(new) >= 3 and 5 * len(old & new) >= 4 * len(old | new)
    gone = replace(deletion(3), remove=Members.of(old))
    come = replace(creation(3), add=Members.of(new))
    assert expected == bool(recreated_groups([gone, come]))


def test_a_rename_is_refused_on_both_sides_with_the_line_to_paste():
    """Delete and create wait for `previously`, or for one exception."""
    plan = plan_with(deletion(4, "testers"), creation(4))
    verdict, *_ = judge(plan, DEFAULT_GUARDS)
    assert [("new", "recreated_group"), ("testers", "recreated_group")] == [
        (each.name, each.rule) for each in verdict.refusals
    ]
    assert all("add `previously: [testers]` to groups/new.yaml:3" in each.hint for each in verdict.refusals)
    assert all(f"'recreate:new<=4@{plan.digest[:16]}'" in each.hint for each in verdict.refusals)
    assert [] == refused(plan, grants=[parse_allow(f"recreate:new<=4@{plan.digest}")])


def test_nothing_is_loaded_where_sizes_differ():
    """Groups that can't be alike cost nothing."""
    unloadable = Members(lambda: pytest.fail("loaded"), count=900, digest="0" * 64)
    assert [] == recreated_groups([replace(deletion(3), remove=unloadable), creation(700)])


# --- Exceptions -------------------------------------------------------------------------------------------------------


def test_the_option_that_is_shown_allows_just_this():
    """What the hint of a refusal shows lets it through, and is written down."""
    plan = plan_with(update(300, 120))
    (refusal,) = judge(plan, DEFAULT_GUARDS)[0].refusals
    option = refusal.hint.rpartition("--allow ")[2].strip("'")
    assert f"remove:beta<=120@{plan.digest[:16]}" == option
    verdict, findings, _ = judge(plan, DEFAULT_GUARDS, [parse_allow(option)])
    assert Verdict((), (Allowance(Kind.REMOVE, "beta", 120, "--allow"),)) == verdict
    assert [] == findings


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("remove:beta<=119@{digest}", "It allows 119, and this is 120."),
        ("remove:beta<=9999@0000000000000000", "It was given for another plan, 0000000000000000"),
        ("empty:beta<=120@{digest}", "No guard refuses `empty` for `beta`."),
        ("remove:betta<=120@{digest}", "No guard refuses `remove` for `betta`."),
    ],
)
def test_an_option_for_something_else_is_worth_nothing_and_said_so(option, why):
    """Too low, for another plan, of another kind or name."""
    plan = plan_with(update(300, 120))
    verdict, (found,), _ = judge(plan, DEFAULT_GUARDS, [parse_allow(option.format(digest=plan.digest[:16]))])
    assert [("beta", "removed_members")] == [(each.name, each.rule) for each in verdict.refusals]
    assert () == verdict.allowances
    assert "GS810" == found.code
    assert why in found.detail


def approval(change, ceiling, definition):
    """Make an approval."""
    return Grant(Kind.REMOVE, change.name, ceiling, "approvals/beta.yaml:1", definition, "spring", AT)


def test_an_approval_is_good_for_its_definition_alone():
    """Another definition, or more people, and it is worth nothing."""
    change = update(300, 120)
    plan = plan_with(change)
    good, other, low = approval(change, 120, "d" * 12), approval(change, 120, "e" * 12), approval(change, 9, "d" * 12)
    verdict, findings, _ = judge(plan, DEFAULT_GUARDS, [good])
    assert ((), ("spring",)) == (verdict.refusals, tuple(each.reason for each in verdict.allowances))
    assert [] == findings
    for each in (other, low):
        verdict, (found,), _ = judge(plan, DEFAULT_GUARDS, [each])
        assert 1 == len(verdict.refusals)
        assert ("GS811", AT) == (found.code, found.subject)


@pytest.mark.parametrize(
    ("spent", "said"),
    [
        ([], ""),
        ([100], ""),
        ([101], "It allows 200, once: the run r1 took 101 of it, 99 are left, and this is 100."),
        (
            [100, 100],
            "It allows 200, once: the run r2 took 100 of it, 2 runs in all, nothing is left, and this is 100.",
        ),
    ],
)
def test_an_approval_is_worth_what_past_runs_left_of_it(spent, said):
    """What they took on this target, by the same file for the same definition, is gone; the finding names the last."""
    change = update(300, 100)
    grant = approval(change, 200, "d" * 12)
    taken = [replace(grant.use("local", count), run=f"r{number}") for number, count in enumerate(spent, 1)]
    taken += [
        replace(grant.use("local", 200), **other, run="x")
        for other in (
            {"target": "crm"},
            {"path": "approvals/other.yaml"},
            {"name": "other"},
            {"kind": Kind.ADD},
            {"definition": "e" * 12},
        )
    ]
    verdict, findings, _ = judge(plan_with(change), DEFAULT_GUARDS, [grant], Evidence(spent=taken))

    if said:
        assert (1, (), ()) == (len(verdict.refusals), verdict.allowances, verdict.uses)
        assert [("GS811", said)] == [(each.code, each.detail) for each in findings]
        assert "a file of another name" in findings[0].hint
    else:
        assert ((), (grant.use("local", 100),)) == (verdict.refusals, verdict.uses)
        assert [200 - sum(spent)] == [each.ceiling for each in verdict.allowances]


def test_an_approval_with_more_digits_of_the_same_digest_is_the_same():
    """However many digits of the definition's digest a file has, what was taken of it stays taken."""
    change = update(300, 100)
    short, long = approval(change, 100, "d" * 12), approval(change, 100, "d" * 32)
    for grant, other in ((short, long), (long, short)):
        taken = [replace(other.use("local", 100), run="r1")]
        assert 1 == len(judge(plan_with(change), DEFAULT_GUARDS, [grant], Evidence(spent=taken))[0].refusals)


def test_an_approval_does_not_reach_a_group_without_a_definition():
    """There is nothing that it could be bound to; `state: absent` is the reviewed way."""
    verdict, *_ = judge(plan_with(deletion(60)), DEFAULT_GUARDS)
    assert [""] == [each.approval for each in verdict.refusals]
    change = deletion(60)
    assert 1 == len(judge(plan_with(change), DEFAULT_GUARDS, [approval(change, 60, "d" * 12)])[0].refusals)


def test_an_approval_that_nobody_needs_is_no_news():
    """It waits for its last day."""
    change = update(300, 2)
    assert [] == judge(plan_with(change), DEFAULT_GUARDS, [approval(change, 120, "e" * 12)])[1]


def test_an_approval_of_a_run_is_bound_to_its_changes():
    """With one change more, it is worth nothing."""
    changes = [deletion(1, f"g{number}", first=number) for number in range(3)]
    definition = run_definition(changes)[:32]
    grant = Grant(Kind.DELETE, "local", 3, "approvals/run.yaml:1", definition, "spring", AT)
    assert [] == refused(plan_with(*changes, groups=3), grants=[grant])
    more = plan_with(*changes, update(9, 1), groups=4)
    assert [("", "deleted_groups")] == refused(more, grants=[grant])


def test_what_was_refused_when_the_plan_was_made_stays_refused():
    """Guards that are wider by now don't let a saved plan through; an exception does. Stored ones count for nothing."""
    plan = plan_with(update(300, 120))
    saved = replace(plan, verdict=judge(plan, DEFAULT_GUARDS)[0])
    assert [("beta", "removed_members")] == refused(saved, NOTHING)
    assert [] == refused(saved, NOTHING, [parse_allow(f"remove:beta<=120@{plan.digest}")])
    forged = replace(plan, verdict=Verdict((), (Allowance(Kind.REMOVE, "beta", 120, "--allow"),)))
    verdict, *_ = judge(forged, DEFAULT_GUARDS)
    assert (1, ()) == (len(verdict.refusals), verdict.allowances)


@pytest.mark.parametrize(
    "text",
    ["", "remove:beta", "remove:beta<=1", "remove:beta<=1@abc", "remove:beta<=-1@3f9a1c2b4d5e6f70", "remove:*<=1@",
     "remove:beta<=1@3f9a1c2b", "remove:beta<=1@3f9a1c2b4d5e6f7", "remove:<=1@3f9a1c2b4d5e6f70",
     "rm:beta<=1@3f9a1c2b4d5e6f70", "remove:be ta<=1@3f9a1c2b4d5e6f70", "remove:beta<1@3f9a1c2b4d5e6f70"],
)  # fmt: skip
def test_other_forms_of_an_option_are_refused(text):
    """The message says what was expected."""
    with pytest.raises(ValueError, match=r"expected|none of"):
        parse_allow(text)


@given(kind=st.sampled_from(Kind), name=st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True),
       count=st.integers(0, 10**9), digest=st.from_regex(r"[0-9a-f]{64}", fullmatch=True))  # fmt: skip
def test_an_option_reads_as_it_is_shown(kind, name, count, digest):
    """What is printed can be typed, and what is journalled can be read again."""
    shown = option_for(kind, name, count, digest).removeprefix("--allow ").strip("'")
    grant = parse_allow(shown)
    assert (kind, name, count, digest[:16]) == (grant.kind, grant.name, grant.ceiling, grant.digest)
    assert shown == written(grant.allowance, digest) == str(grant)


def test_an_approval_is_ready_but_for_its_reason():
    """The document names the target of a limit of the run, the group of any other."""
    assert approval_for(Kind.REMOVE, "beta", 3, "ab" * 32, AS_OF).startswith("group: beta\nkind: remove\nceiling: 3\n")
    assert approval_for(Kind.RUN, "crm", 3, "ab" * 32, AS_OF).startswith("target: crm\n")
    assert "" == approval_for(Kind.REMOVE, "beta", 3, "", AS_OF)


# --- Laws -------------------------------------------------------------------------------------------------------------

limits = st.builds(
    Limit, st.none() | st.integers(0, 100), st.none() | st.integers(0, 50), st.none() | st.integers(0, 50)
)
tiers = st.builds(Tiers, limits, limits)
guard_sets = st.builds(
    Guards,
    *[tiers] * 2,
    st.builds(Stance, st.sampled_from(Level)),
    st.builds(Tiers, st.builds(Limit, count=st.integers(0, 50)), st.builds(Limit, count=st.integers(0, 50))),
    *[tiers] * 3,
)


@st.composite
def plans_of_updates(draw):
    """Generate plans that update a few groups."""
    made = []
    for name in draw(st.sets(st.sampled_from("abcd"), min_size=1)):
        prior = draw(st.integers(0, 120))
        removed = draw(st.integers(0, prior))
        expired = draw(st.integers(0, removed))
        made.append(update(prior, removed, added=draw(st.integers(0, 60)), name=name, expired=expired))
    return plan_with(*made, memberships=draw(st.integers(0, 500)))


# --- Over some days ---------------------------------------------------------------------------------------------------

SLOW = replace(NOTHING, removed_over=Tiers(Limit(10), Limit(20)))


@pytest.mark.parametrize(
    ("gone", "removed", "most", "codes", "rules"),
    [
        (0, 30, 0, [], []),
        (0, 61, 0, [], ["removed_over"]),
        (20, 10, 300, [], []),
        (20, 11, 300, ["GS809"], []),
        (50, 10, 300, ["GS809"], []),
        (50, 11, 300, [], ["removed_over"]),
        (50, 11, 310, ["GS809"], []),
        (200, 0, 300, [], []),
    ],
)
def test_what_goes_in_small_steps_is_counted_together(gone, removed, most, codes, rules):
    """With what runs of the last days took, of the largest size in them; a single step only refuses."""
    plan = plan_with(update(300, removed))
    evidence = Evidence(removals={("local", "beta"): Removed(gone, 2, most, -gone)})

    assert codes == warned(plan, SLOW, evidence)
    assert rules == [rule for _, rule in refused(plan, SLOW, evidence=evidence)]


def test_a_step_too_many_says_what_went_before_it_and_can_be_allowed():
    """The figures, the days, how many runs, and an exception for just this sum."""
    plan = plan_with(update(250, 12))
    evidence = Evidence(removals={("local", "beta"): Removed(50, 3, 300, -50)})
    (refusal,) = judge(plan, SLOW, (), evidence)[0].refusals
    expected = "62 of 300 members would have gone within 7 days, 50 of them in 3 earlier runs; the limit is 60 (20 %)"
    assert (expected, 62, 60) == (refusal.summary, refusal.count, refusal.limit)
    allowed = [parse_allow(f"over:beta<=62@{plan.digest[:16]}")]
    assert [] == refused(plan, SLOW, allowed, evidence)


def test_all_groups_of_a_target_are_counted_together_over_the_days():
    """Each group may be within its limit, and the target not; what is written to go only warns."""
    changes = [update(100, 5, name=f"g{number}", first=number * 10) for number in range(1, 4)]
    evidence = Evidence(removals={("local", ""): Removed(190, 1, change=-190)})
    plan = plan_with(*changes, memberships=810)
    assert [("", "removed_over_target")] == refused(plan, SLOW, evidence=evidence)
    verdict, *_ = judge(plan, SLOW, (), evidence)
    assert "205 of 1,000 memberships would have gone within 7 days, 190 of them in an earlier run" in (
        verdict.refusals[0].summary
    )
    assert [] == refused(plan, SLOW, [parse_allow(f"overall:local<=205@{plan.digest[:16]}")], evidence)
    dated = plan_with(*(replace(each, expired=4) for each in changes), memberships=810)
    assert [] == refused(dated, SLOW, evidence=evidence)
    assert ["GS809"] == warned(dated, SLOW, evidence)


GROUP_RULES = {RULES[kind] for kind in Kind} - {RULES[kind] for kind in RUN_KINDS}


def of_groups(found):
    """Keep what is refused of single groups; what they let through is what a run is judged by."""
    return {each for each in found if each[1] in GROUP_RULES}


def wider(limit, more):
    """Raise each part of a limit that there is."""
    parts = (limit.percent, limit.floor, limit.count)
    return Limit(*(None if each is None else each + more for each in parts))


@given(plan=plans_of_updates(), guards=guard_sets, more=st.integers(0, 100))
def test_raising_a_limit_never_refuses_more(plan, guards, more):
    """Of a group; and of a run, with the same groups refused."""
    removed, emptied = guards.removed_members, guards.emptied_group
    raised = replace(guards, removed_members=Tiers(removed.warn, wider(removed.refuse, more)), emptied_group=emptied)
    assert of_groups(refused(plan, raised)) <= of_groups(refused(plan, guards))
    run = replace(guards, removed_in_run=Tiers(guards.removed_in_run.warn, wider(guards.removed_in_run.refuse, more)))
    assert set(refused(plan, run)) <= set(refused(plan, guards))


@given(plan=plans_of_updates(), guards=guard_sets)
def test_a_change_without_removals_never_trips_a_guard_of_removals(plan, guards):
    """Additions alone take nobody's membership away."""
    only_additions = [replace(each, remove=Members.of([]), expired=0) for each in plan.changes]
    found = {rule for _, rule in refused(plan_with(*only_additions, memberships=1), guards)}
    assert found <= {"added_members", "size_deviation"}


@given(plan=plans_of_updates(), guards=guard_sets)
def test_what_expires_never_refuses(plan, guards):
    """A plan of nothing but expiry and consent is only warned of."""
    expiring = [replace(each, expired=each.remove.count, add=Members.of([])) for each in plan.changes]
    assert [] == refused(plan_with(*expiring, memberships=1), guards)


@given(plan=plans_of_updates(), guards=guard_sets)
def test_every_refusal_shows_the_exception_that_lifts_it(plan, guards):
    """Given what is shown until nothing new comes up, nothing is refused, and what that took is written down."""
    grants = []
    for _ in range(3):
        verdict, *_ = judge(plan, guards, grants)
        grants += [parse_allow(each.hint.rpartition("--allow ")[2].strip("'")) for each in verdict.refusals]
    verdict, *_ = judge(plan, guards, grants)
    assert () == verdict.refusals
    assert set(verdict.allowances) <= {grant.allowance for grant in grants}
    assert bool(grants) == bool(verdict.allowances)


@given(plan=plans_of_updates(), guards=guard_sets)
def test_judging_twice_changes_nothing(plan, guards):
    """A saved plan is judged again as it was."""
    once, *_ = judge(plan, guards)
    twice, *_ = judge(replace(plan, verdict=once), guards)
    assert set(once.refusals) == set(twice.refusals)


ONE = Limit(count=0)


@pytest.mark.parametrize(
    ("change", "limits", "past", "expected"),
    [
        (update(30, added=1), {"added_members": Tiers(refuse=ONE)}, (), "1 member would come to 30; the limit is 0"),
        (update(30, added=2), {"added_members": Tiers(refuse=ONE)}, (), "2 members would come to 30; the limit is 0"),
        (update(1, removed=1), {"removed_members": Tiers(refuse=ONE)}, (), "1 of 1 member would go; the limit is 0"),
        (update(1, removed=1), {"emptied_group": Stance(Level.REFUSE)}, (), "nobody would be left of 1 member"),
        (
            update(8, removed=7),
            {"size_deviation": Tiers(refuse=ONE)},
            (8,),
            "7 fewer than the mean of 8 after the last run; the limit is 0",
        ),
        (
            update(8, removed=7),
            {"size_deviation": Tiers(refuse=ONE)},
            (8, 8),
            "7 fewer than the mean of 8 after the last 2 runs; the limit is 0",
        ),
    ],
)
def test_what_a_guard_says_of_one_is_singular(change, limits, past, expected):
    """A sentence agrees with its number, whatever that is."""
    [found] = group_findings(change, replace(NOTHING, **limits).of_a_group, past)
    assert expected == found.summary


def test_what_is_over_in_a_run_is_singular_where_it_is_one():
    """So it is for what is counted on a whole target."""
    guards = replace(NOTHING, lost_every_group=Tiers(refuse=ONE), removed_in_run=Tiers(refuse=ONE))
    target = TargetState("local", "memory", groups=1, memberships=1)
    found = run_findings(target, [update(1, removed=1)], guards, lambda: Lost(1, ("ada@example.com",)))
    assert [
        "1 of 1 membership would go; the limit is 0",
        "1 person would be in no group any more; the limit is 0",
    ] == [each.summary for each in found]


def test_a_limit_over_one_day_says_so_in_the_singular():
    """The limit over some days, after one earlier run, agrees with its numbers too."""
    guards = replace(NOTHING, days=1, removed_over=Tiers(refuse=ONE))
    [found] = removed_over(update(1, removed=1), Removed(), guards, frozenset())
    assert "1 of 1 member would have gone within a day; the limit is 0" == found.summary


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ("Allow just this: --allow 'a'", "Plan again for the option that allows just this."),
        (
            "Mend it. Otherwise allow just this: --allow 'a'",
            "Mend it. Plan again for the option that allows just this.",
        ),
        (
            "Allow just this: groupsync undo R --allow 'a'",
            "Run `groupsync undo R` again for the option that allows just this.",
        ),
        ("Mend it.", "Mend it."),
    ],
)
def test_an_option_that_is_for_no_plan_any_more_is_not_offered(hint, expected):
    """Once a part of the plan is applied, its digest is another: how to get the new option is said instead."""
    assert expected == later_hint(hint)


@pytest.mark.parametrize(
    ("change", "limits", "past", "follows"),
    [
        (update(30, added=5), {"added_members": Tiers(refuse=Limit(count=2))}, (), Follows(come=3, bases=("base",))),
        (update(30, removed=5), {"removed_members": Tiers(refuse=Limit(count=2))}, (), Follows(3, bases=("base",))),
        (update(30, removed=9), {"size_deviation": Tiers(refuse=Limit(count=2))}, (30,), Follows(7, bases=("base",))),
        (update(30, added=9), {"size_deviation": Tiers(refuse=Limit(count=2))}, (30,), Follows(0, 7, bases=("base",))),
        (update(9, removed=9), {"emptied_group": Stance(Level.REFUSE)}, (), Follows(9, bases=("base",))),
    ],
)
def test_what_follows_from_what_is_allowed_elsewhere_only_warns(change, limits, past, follows):
    """Of each limit of a group; one more than that is refused, with the rest alone as what has to be allowed."""
    guards = replace(NOTHING, **limits).of_a_group
    [found] = group_findings(change, guards, past, follows=follows)
    moved = follows.gone or follows.come
    assert not found.refuses
    assert f"{moved} of them follow from what is allowed for `base`." in found.detail
    less = replace(follows, gone=max(0, follows.gone - 1), come=max(0, follows.come - 1))
    [found] = group_findings(change, guards, past, follows=less)
    alone = (change.remove.count or change.add.count) - moved + 1
    assert (found.count > found.limit, alone) == (found.refuses, found.count)
