"""`groupsync catalog`: every group of a project, as the definitions say it is."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields, replace
from datetime import timedelta
from decimal import Decimal
from itertools import combinations

import pytest

from groupsync.catalog import catalog_of
from groupsync.desired import Desired
from groupsync.errors import ExitCode
from groupsync.model import (
    Definition,
    Group,
    GroupGuards,
    InlineMembers,
    Lifecycle,
    MemberFile,
    Members,
    Mode,
    Reading,
    Reference,
    SourceRange,
)
from groupsync.model.criteria import Everyone, Floor, Operator, Share, Top
from groupsync.model.criteria import Test as Criterion
from groupsync.report.catalog import count_words, entry_record, facts
from tests.cli.conftest import Project
from tests.plans import AS_OF

AT = SourceRange("groups/whole.yaml", 2)

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
MORE = """\
kind: known-user-group
name: gone
lifecycle: {state: absent}
---
kind: known-user-group
name: over
until: 2026-01-01
members: [ada@contoso.com]
---
kind: known-user-group
name: nobody
members: []
lifecycle: {prevent_delete: true}
---
kind: known-user-group
name: loose
---
kind: known-user-group
name: guests
labels: {ring: "2"}
members: [{email: zoe@fabrikam.com, until: 2099-01-01}]
include: [{group: staff, until: 2098-06-01}]
"""


def listed(project, *arguments):
    """Return the groups by name."""
    done = project("catalog", "--format", "json", *arguments)
    assert ExitCode.OK == done.code, done.err
    return {each["name"]: each for each in json.loads(done.out)["groups"]}


def test_every_group_is_there_with_its_state_and_size(project):
    """What a definition says of who belongs decides the state; counts are those of the members that it gives."""
    project.write("groups/more.yaml", MORE)
    found = {name: (each["status"], each["members"]) for name, each in listed(project).items()}
    assert {
        "beta-testers": ("active", 6),
        "early-access": ("active", 9),
        "gone": ("absent", None),
        "guests": ("active", 5),
        "loose": ("unmanaged", None),
        "nobody": ("empty", 0),
        "opted-out": ("active", 2),
        "over": ("expired", 0),
        "staff": ("active", 4),
    } == found


def test_who_is_built_from_whom_is_told_on_both_sides(project):
    """Each link is there twice: where it is written, and with the group that is named."""
    project.write("groups/more.yaml", MORE)
    groups = listed(project)
    forth = {(name, link["role"], link["group"]) for name, each in groups.items() for link in each["built_from"]}
    back = {(link["group"], link["role"], name) for name, each in groups.items() for link in each["used_by"]}
    assert forth == back
    assert {("guests", "include", "staff"), ("early-access", "exclude", "opted-out")} <= forth


def test_the_next_entry_to_expire_counts(project):
    """Members and references with an `until` are looked at, and those that have passed are not."""
    project.write("groups/more.yaml", MORE)
    groups = listed(project)
    assert "2098-06-01T00:00:00Z" == groups["guests"]["expires"]
    assert groups["over"]["expires"] is None
    assert "2099-01-01T00:00:00Z" == listed(project, "--at", "2098-07-01")["guests"]["expires"]
    assert groups["nobody"]["prevent_delete"]


def test_segments_are_counted_and_told_in_words(segments):
    """Sources are asked; one that is small or can't be computed says so."""
    groups = listed(segments)
    assert ("active", "customers") == (groups["big"]["status"], groups["big"]["source"])
    assert "years ≥ 40" in groups["big"]["criteria"]
    assert {"role": "in_group", "group": "beta"} in groups["big"]["built_from"]
    assert ("inactive", None) == (groups["tiny"]["status"], groups["tiny"]["members"])
    assert "of at least 5 members" in groups["tiny"]["note"]


WHOLE = Definition(
    "segment",
    "whole",
    AT,
    display_name="All that a definition can say",
    description="as long as it is",
    owners=("growth@contoso.com",),
    labels=(("ring", "1"),),
    members=InlineMembers("ada@example.com"),
    members_from=(MemberFile("members/a.txt", None, AT),),
    include=(Reference("staff", AT),),
    exclude=(Reference("beta", AT),),
    restrict_to=(Reference("consented", AT),),
    until=AS_OF + timedelta(days=1),
    previously=("before",),
    lifecycle=Lifecycle(mode=Mode.ADDITIVE, prevent_delete=True),
    targets=("local",),
    guards=GroupGuards(),
    source="customers",
    where=Everyone(AT),
    holdout=Share(Decimal(5), "global"),
    sample=Share(Decimal(10), "spring"),
    limit=Top(100, "spend", descending=True, keep_until_rank=120, at=AT),
    min_size=Floor(5),
)
OF_NO_MEMBER = {"kind", "name", "at", "previously", "guards"}
"""Keys that decide nothing on who belongs, and are no facts on the group."""


def resolved_of(definition):
    members = Members.of(definition.members.plain_members()) if definition.members else None
    return Desired(Group(definition.name, kind=definition.kind, members=members), definition, lambda: "")


def _facts(definition):
    groups = [Definition("known-user-group", name, AT) for name in ("staff", "beta", "consented")]
    resolved = [resolved_of(each) for each in (definition, *groups)]
    goes = {"local": frozenset(["whole"]) if definition.targets else frozenset()}
    found = catalog_of("shop", resolved, goes, (), AS_OF, eligible={"customers": Everyone(AT)})
    (entry,) = (each for each in found.entries if each.name == "whole")
    return entry_record(entry), dict(facts(entry)) | {"size": count_words(entry), "title": entry.display_name}


@pytest.mark.parametrize("key", [each.name for each in fields(Definition) if each.name not in OF_NO_MEMBER])
def test_whatever_a_definition_says_of_its_members_is_there(key):
    """Each key, and a key that comes to be, changes what is told: in words and as JSON."""
    usual = next(each for each in fields(Definition) if each.name == key)
    without = replace(WHOLE, **{key: None if usual.default is MISSING else usual.default})
    for told, bare in zip(_facts(WHOLE), _facts(without), strict=True):
        assert told != bare


def test_what_bounds_a_segment_is_in_words(segments):
    """Its criteria alone would have the reader believe that they are all."""
    top = listed(segments)["top"]
    assert {"percent": 50.0, "seed": "global"} == top["holdout"]
    assert {"count": 2, "order_by": {"spend": "desc"}, "keep_until_rank": None} == top["limit"]
    assert {"count": 5, "below": "keep"} == listed(segments)["tiny"]["min_size"]
    assert ("age ≥ 18", None) == (top["eligible"], top["sample"])
    for form in ("text", "html"):
        shown = segments("catalog", "--format", form).out
        for said in (
            "only the first 2 by spend, the largest first",
            "50 % by the seed global",
            "5 members; a smaller one is left as it is",
            "customers: age ≥ 18",
        ):
            assert said in shown


def test_which_rows_of_a_file_are_meant_is_told():
    """A file alone would have the reader believe that all of them are."""
    where = Criterion("plan", Operator.EQ, "pro", AT)
    some = MemberFile("a.csv", "mail", AT, Reading(where=where))
    for file, rows in ((some, "of a.csv: plan = pro"), (WHOLE.members_from[0], "")):
        record, told = _facts(replace(WHOLE, members_from=(file,)))
        assert rows == told["rows"]
        assert bool(rows) == bool(record["rows"])


def test_what_is_built_from_a_small_segment_is_blocked(segments):
    """It says by which; and whom the config excludes is told once, not with every group."""
    segments.write("groups/on.yaml", "kind: known-user-group\nname: on-tiny\ninclude: [tiny]\n")
    groups = listed(segments)
    assert "blocked" == groups["on-tiny"]["status"]
    assert groups["on-tiny"]["note"].startswith("it is built from tiny: it has")
    assert [] == groups["blocked"]["used_by"]
    assert ["blocked"] == json.loads(segments("catalog", "--format", "json").out)["excluded"]
    assert "Taken out of every other group: blocked." in segments("catalog").out


def test_overlaps_are_exact(segments):
    """Pairs of groups have in common what their members have in common."""
    document = json.loads(segments("catalog", "--format", "json").out)
    counts = {each["name"]: each["members"] for each in document["groups"]}
    assert document["compared"] == sorted(document["compared"], key=lambda name: (-counts[name], name))
    members = {name: {*segments("show", name, "--members").out.split()} for name in document["compared"]}
    found = {frozenset(each["groups"]): each["members"] for each in document["shared"]}
    for one, other in combinations(members, 2):
        assert len(members[one] & members[other]) == found.get(frozenset((one, other)), 0)


@pytest.mark.parametrize("typed", [[], ["--format", "json"], ["--html"]], ids=" ".join)
def test_no_member_is_named(project, typed):
    """Owners are, since they answer for the group; members are counted."""
    shown = project("catalog", *typed)
    owners = {"growth@contoso.com", "people@contoso.com", "release@contoso.com"}
    assert owners == {*ADDRESS.findall(shown.out)}
    assert "" == shown.err


def test_no_target_is_read(project):
    """A catalogue can be made where no target can be reached."""
    project.write("groupsync.yaml", project.read("groupsync.yaml").replace("path: state/", "path: groups/staff.yaml/x"))
    assert {"early-access"} < listed(project).keys()
    assert ["local"] == listed(project)["staff"]["targets"]


def test_text_is_for_people(project):
    """One block a group, with all there is to say of it, and a sum."""
    shown = project("catalog").out
    block = next(part for part in shown.split("\n\n") if part.startswith("early-access"))
    assert "early-access  active  known-user-group, 9 members" == block.splitlines()[0]
    for said in (
        "includes        beta-testers, staff",
        "without         opted-out",
        "owners          release@contoso.com",
    ):
        assert said in block
    assert "4 groups: 4 known-user-group; 4 active." == shown.splitlines()[-1]


def test_a_project_without_groups_has_an_empty_catalogue(tmp_path):
    """That is no error."""
    empty = Project(tmp_path / "empty", None)
    empty.write("groupsync.yaml", "version: 1\nproject: shop\ndefinitions: [groups/*.yaml]\n")
    empty.write("groups/a.yaml", "")
    assert "There are no groups." in empty("catalog").out
    assert {} == listed(empty)
    assert "<h1>" in empty("catalog", "--html").out


def test_wrong_definitions_are_told(project):
    """As `validate` tells them."""
    project.write("groups/wrong.yaml", "kind: known-user-group\nname: wrong\ninclude: [nowhere]\n")
    done = project("catalog")
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    assert "GS401" in done.err
