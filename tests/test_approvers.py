"""Who should approve a plan: the owners of what changes, and nobody else."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from groupsync.approvers import approvers_of
from groupsync.identity import Identity
from groupsync.model import Action, Allowance, AttributeChange, Change, Kind, Refusal, TargetState, Verdict
from groupsync.report.approvers import approver_items, approver_words, render_approvers, render_approvers_json
from groupsync.report.markdown import render_plan_markdown
from groupsync.report.style import Style
from groupsync.report.text import render_plan
from tests.plans import CORPUS, hostile_plan, people, plan_of, plans

OWNER = "growth@contoso.com"


def change(name="beta", *owners, action=Action.UPDATE, target="local", **rest):
    return Change(target, name, action, name, owners=tuple(sorted(owners)), **rest)


def hands(before, after):
    """Make a change whose owners were `before` and will be `after`."""
    moved = AttributeChange("owners", tuple(before), tuple(after))
    return change("beta", *{*before, *after}, attributes=(moved,))


def spelling(owner):
    return unicodedata.normalize("NFC", owner.strip().lower())


def missing(plan, *approved, fallback=()):
    return [(group.name, group.one_of_each) for group in approvers_of(plan, fallback).missing(approved)]


# --- What is needed ---------------------------------------------------------------------------------------------------


def test_one_owner_of_each_group_is_enough():
    """Any of a group's owners approves it, and nobody else does; how an address is written does not matter."""
    plan = plan_of(change("beta", OWNER, "lab@contoso.com"), change("staff", "hr@contoso.com"))
    assert ["beta", "staff"] == [name for name, _ in missing(plan)]
    assert [("staff", (("hr@contoso.com",),))] == missing(plan, "Lab@Contoso.com ", "somebody@contoso.com")
    assert [] == missing(plan, OWNER, "hr@contoso.com")


def test_somebody_with_two_addresses_is_one_owner():
    """By the config's aliases: either address approves, also where a group goes from the one to the other."""
    identity = Identity(aliases={"boss@contoso.com": "chief@contoso.com"})
    for plan in (
        plan_of(change("beta", "boss@contoso.com")),
        plan_of(change("beta", "Chief@contoso.com")),
        plan_of(hands(["boss@contoso.com"], ["chief@contoso.com"])),
    ):
        found = approvers_of(plan, identity=identity)
        assert [(), ()] == [found.missing([each]) for each in ("chief@contoso.com", "BOSS@contoso.com")]
        assert ((), 1) == (found.strangers(["chief@contoso.com"]), len(found.approvers))
    assert 1 == len(approvers_of(plan).missing(["chief@contoso.com"]))


def test_an_attribute_alone_asks_the_owners():
    """A group whose name for people changes is theirs as one whose members change."""
    renamed = change("beta", OWNER, attributes=(AttributeChange("display_name", "Beta", "Gamma"),))
    assert [("beta", ((OWNER,),))] == missing(plan_of(renamed))


@pytest.mark.parametrize("action", Action)
def test_every_action_asks_the_owners(action):
    """Creating, deleting, adopting and giving up a group are changes of it, too."""
    assert [("beta", ((OWNER,),))] == missing(plan_of(change("beta", OWNER, action=action)))


def test_a_deleted_group_asks_those_who_owned_it():
    """The owners that go with it are those before; there are none after."""
    gone = change("beta", OWNER, action=Action.DELETE, attributes=(AttributeChange("owners", (OWNER,), None),))
    assert [("beta", ((OWNER,),))] == missing(plan_of(gone))


def test_who_takes_a_group_over_does_not_approve_that_alone():
    """Where a group changes hands, somebody of before and somebody of after have to approve."""
    plan = plan_of(hands([OWNER, "lab@contoso.com"], ["eve@contoso.com"]))
    assert [("beta", ((OWNER, "lab@contoso.com"),))] == missing(plan, "eve@contoso.com")
    assert [("beta", (("eve@contoso.com",),))] == missing(plan, OWNER)
    assert [] == missing(plan, "lab@contoso.com", "eve@contoso.com")


def test_who_joins_the_owners_is_let_in_by_one_of_them():
    """One who owned it before is among those after as well, and is enough; who only comes is not."""
    plan = plan_of(hands([OWNER], [OWNER, "eve@contoso.com"]))
    assert [] == missing(plan, OWNER)
    assert [("beta", ((OWNER,),))] == missing(plan, "eve@contoso.com")


def test_who_stays_is_enough_where_others_leave():
    """Of those before, one who stays approves for both sides."""
    plan = plan_of(hands([OWNER, "lab@contoso.com"], [OWNER]))
    assert [("beta", ((OWNER,),))] == missing(plan, "lab@contoso.com")
    assert [] == missing(plan, OWNER)


@pytest.mark.parametrize(("before", "after"), [([OWNER], []), ([], [OWNER])])
def test_a_group_that_had_or_will_have_no_owner_asks_the_others(before, after):
    """A side without anybody asks nobody."""
    assert [("beta", ((OWNER,),))] == missing(plan_of(hands(before, after)))


def test_a_group_that_nobody_owns_is_never_approved_but_by_a_fallback():
    """It is told apart, and needs somebody who is named on the command line."""
    plan = plan_of(change("beta"), change("staff", "hr@contoso.com"))
    assert ["beta"] == [group.name for group in approvers_of(plan).unowned]
    assert [("beta", ())] == missing(plan, "hr@contoso.com")
    assert [("beta", (("it@contoso.com",),))] == missing(plan, "hr@contoso.com", fallback=["it@contoso.com"])
    assert [] == missing(plan, "hr@contoso.com", "it@contoso.com", fallback=["it@contoso.com"])
    assert ["beta"] == [group.name for group in approvers_of(plan, ["it@contoso.com"]).unowned]


@pytest.mark.parametrize("action", [Action.ADOPT, Action.RENAME, Action.DELETE])
def test_who_takes_over_a_group_of_others_does_not_approve_that_alone(action):
    """Those whom target and config name are asked, besides the owners of after; where there are none, a fallback."""
    taken = AttributeChange("owners", None, ("eve@contoso.com",))
    over = change("beta", "eve@contoso.com", action=action, attributes=(taken,), consenting=("it@contoso.com", OWNER))
    assert [("beta", ((OWNER, "it@contoso.com"),))] == missing(plan_of(over), "eve@contoso.com")
    assert [("beta", (("eve@contoso.com",),))] == missing(plan_of(over), OWNER)
    assert [] == missing(plan_of(over), "it@contoso.com", "eve@contoso.com")

    unknown = replace(over, consenting=())
    assert [("beta", ((),))] == missing(plan_of(unknown), "eve@contoso.com")
    assert [] == missing(plan_of(unknown), "eve@contoso.com", "it@contoso.com", fallback=["it@contoso.com"])
    same = replace(over, attributes=(), consenting=("eve@contoso.com",))
    assert [] == missing(plan_of(same), "eve@contoso.com")


def test_a_takeover_without_anybody_to_ask_is_told():
    """In a plan's line, in a comment, by the command and by its check."""
    over = change("beta", "eve@contoso.com", action=Action.ADOPT, consenting=())
    found = approvers_of(plan_of(over))
    text = " ".join(render_approvers(found, ["eve@contoso.com"], is_check=True).split())
    asked = "who has it now, of whom neither the target nor the config's `adopt.approvers` tells"
    assert "eve@contoso.com (1 group); nobody to ask about taking over: beta" == approver_words(found)
    assert "- **nobody to ask about taking over**: `beta`" in list(approver_items(found))
    assert f"1 group still needs approval: adopt beta: {asked}" in text


def test_what_passes_by_exception_is_told_to_those_who_approve():
    """Whether somebody allowed it, or a limit of the group's own does."""
    passed = Verdict((), (Allowance(Kind.REMOVE, "beta", 40, "groups/beta.yaml:3"),))
    found = approvers_of(plan_of(change("beta", OWNER), change("staff", OWNER), verdict=passed))
    assert ["~ update beta · allowed by exception: remove:beta<=40", "~ update staff"] == [
        line.strip() for line in render_approvers(found, style=Style(width=200)).splitlines() if "~" in line
    ]
    assert [["remove:beta<=40"], []] == [
        each["exceptions"] for each in json.loads(render_approvers_json(found))["groups"]
    ]


def test_what_is_refused_needs_approval_too():
    """An exception would apply the very plan that was approved; whoever approves is told."""
    verdict = Verdict(
        (Refusal("local", "beta", "removed_members", "too many"), Refusal("crm", "", "removed_in_run", ""))
    )
    plan = plan_of(
        *(change(name, OWNER, target=target) for target, name in (("local", "beta"), ("crm", "x"), ("local", "y"))),
        targets=(TargetState("local", "file"), TargetState("crm", "file")),
        verdict=verdict,
    )
    (approver,) = approvers_of(plan).approvers
    assert (3, 2) == (len(approver.groups), approver.refused)
    assert 3 == len(missing(plan))


def test_approvers_are_told_what_comes_and_goes():
    """Over all of their groups, without those who only have another address."""
    first = change("beta", OWNER, add=people(3), remove=people(2, 90), readdressed=(("a", "b"),))
    (approver,) = approvers_of(plan_of(first, change("gamma", OWNER.upper(), add=people(5)))).approvers
    assert (7, 1, OWNER.upper()) == (approver.added, approver.removed, approver.owner)


def test_who_is_asked_for_nothing_is_known():
    """A name that is written otherwise, or the owner of another group, shows."""
    assert ("x@contoso.com",) == approvers_of(plan_of(change("beta", OWNER))).strangers([OWNER, "x@contoso.com"])


@given(plan=plans(), data=st.data())
def test_lists_say_exactly_what_is_missing(plan, data):
    """One of each list approves all; without that one, and without anybody else, the group is missing again."""
    found = approvers_of(plan, ["it@contoso.com"])
    changed = [each.key for each in plan.changes]
    to_come = dict.fromkeys(each.key for each in plan.later if each.is_new and each.key not in changed)
    named = {name for _, name in (*changed, *to_come)}
    quiet = [("", each.name) for each in (plan.compared.quiet if plan.compared else ()) if each.name not in named]
    assert [*changed, *to_come, *quiet] == [(group.target, group.name) for group in found.groups]
    chosen = {
        owners: data.draw(st.sampled_from(owners)) for group in found.groups for owners in group.one_of_each if owners
    }
    assert () == found.missing(chosen.values())
    assert found.groups == found.missing(())
    for group in found.groups:
        for owners in group.one_of_each:
            others = [owner for each in found.groups for other in each.one_of_each for owner in other]
            inside = {spelling(owner) for owner in owners}
            outside = [owner for owner in others if spelling(owner) not in inside]
            assert group.name in {each.name for each in found.missing(outside)}
    assert {owner for change in plan.changes for owner in change.owners} <= {
        owner for group in found.groups for owner in group.owners
    }


# --- What is said -----------------------------------------------------------------------------------------------------


def test_plans_name_who_should_approve():
    """Text and comment name the owners with their groups, and say of which groups there is none."""
    plan = plan_of(change("beta", OWNER), change("gamma", OWNER), change("legacy"))
    assert f"Should approve: {OWNER} (2 groups); no owner: legacy.\n" in render_plan(plan)
    comment = render_plan_markdown(plan)
    assert f"- `{OWNER}`: 2 groups; no members added or removed\n" in comment
    assert "#### Should approve\n\n- **no owner**: `legacy`\n" in comment
    assert "Should approve: nobody is named; no owner: legacy.\n" in render_plan(plan_of(change("legacy")))
    for render in (render_plan, render_plan_markdown):
        assert "approve" not in render(plan_of())


def test_many_owners_and_groups_are_counted():
    """A plan names ten of each; the command names all."""
    plan = plan_of(*(change(f"g{number}", f"o{number:02}@contoso.com") for number in range(30)))
    assert "o09@contoso.com (1 group) and 20 more" in approver_words(approvers_of(plan))
    assert "- … and 20 more owners" == list(approver_items(approvers_of(plan)))[-1]
    bare = plan_of(*(change(f"g{number:02}") for number in range(30)))
    assert approver_words(approvers_of(bare)).endswith("g09 and 20 more")
    assert 30 == render_approvers(approvers_of(plan)).count("@contoso.com")


def test_json_is_what_a_gate_needs():
    """Owners by group, groups by owner, those without one, and what is missing; bound to the plan's digest."""
    plan = plan_of(change("beta", OWNER, add=people(2)), change("legacy", action=Action.DELETE, remove=people(1)))
    document = json.loads(render_approvers_json(approvers_of(plan), [OWNER]))
    beta = {"target": "local", "name": "beta"}
    legacy = {"target": "local", "name": "legacy"}
    rest = {"refused": False, "taken_over": False, "quiet": False, "exceptions": []}
    assert {
        "plan_digest": plan.digest,
        "groups": [
            beta | {"action": "update", "owners": [OWNER], "one_of_each": [[OWNER]], "added": 2, "removed": 0} | rest,
            legacy | {"action": "delete", "owners": [], "one_of_each": [], "added": 0, "removed": 1} | rest,
        ],
        "approvers": [{"owner": OWNER, "groups": [beta], "added": 2, "removed": 0, "refused": 0}],
        "unowned": [legacy],
        "approved": [OWNER],
        "missing": [legacy | {"one_of_each": []}],
    } == document


@given(plans())
def test_text_is_inert(plan):
    """Whatever owners and groups are called, lines are printable; JSON is read back."""
    for fallback in ((), ("\x1b[2J",)):
        found = approvers_of(plan, fallback)
        for style in (Style(), Style(width=40)):
            text = render_approvers(found, is_check=True, style=style)
            assert text.replace("\n", "").replace("\u3000", "").isprintable()
        assert len(found.groups) == len(json.loads(render_approvers_json(found))["groups"]) >= len(plan.changes)


@pytest.mark.parametrize("text", CORPUS, ids=lambda text: ascii(text[:12]))
def test_comments_are_inert(text):
    """An owner's name is code in a comment, and never more than an item of a list."""
    plan = hostile_plan(text)
    plan = replace(plan, changes=tuple(replace(each, owners=(text,)) for each in plan.changes))
    markup = MarkdownIt("commonmark").parse("\n".join(approver_items(approvers_of(plan))))
    inline = [each for token in markup for each in token.children or ()]
    assert {"text", "code_inline"} >= {each.type for each in inline}
