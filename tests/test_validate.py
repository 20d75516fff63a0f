"""From documents to definitions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.identity import Identity
from groupsync.members.inline import SHOWN_FINDINGS
from groupsync.model import (
    Definition,
    InlineMembers,
    Lifecycle,
    MemberFile,
    Mode,
    Period,
    Reference,
    SourceRange,
    State,
    TimedMember,
)
from groupsync.model.criteria import Floor, Operator, Share, Top
from groupsync.model.criteria import Test as Held
from groupsync.validate import broken_definition_of, check_definition, definition_of, duplicate_names, parse_instant
from groupsync.yaml.events import parse_yaml

HEAD = "kind: known-user-group\nname: beta\n"
FOLD = Identity()


def read(text, path="groups/g.yaml", identity=FOLD):
    """Return the definition of a text that fits the schema, and what was found."""
    (document,), errors = parse_yaml(text.encode(), path)
    assert errors == []
    assert check_definition(document) == []
    return definition_of(document, identity)


def findings(text, **rest):
    """Return place, code and summary of what is found."""
    found = read(HEAD + text, **rest)[1]
    return [(one.subject.line, one.subject.column, one.code, one.summary) for one in found]


def day(*date):
    return datetime(*date, tzinfo=UTC)


def test_a_definition_has_everything_that_was_written():
    """Each key of the document arrives, normalised, with the places that matter."""
    definition, found = read("""\
kind: known-user-group
display_name: Beta testers
name: beta
description: People
owners: [z@contoso.com, a@contoso.com, z@contoso.com]
labels: {b: "2", a: "1"}
members:
  - Ada@Contoso.com
  - {email: GRACE@contoso.com, from: 2026-12-01, until: 2027-01-31T12:00:00+01:00, reason: contractor}
members_from:
  - {path: ../lists/./beta.csv, column: email}
include: [staff, {group: interns, until: 2027-01-31, reason: summer}, staff]
exclude: [{match: "blocked-*"}]
restrict_to: [consented]
until: 2028-01-01
previously: [old, older, old]
lifecycle: {state: absent, prevent_delete: true, mode: additive, adopt: true}
targets: [web, crm, crm]
""")
    at = "groups/g.yaml"
    assert found == []
    assert definition == Definition(
        kind="known-user-group",
        name="beta",
        at=SourceRange(at, 3, 7),
        display_name="Beta testers",
        description="People",
        owners=("a@contoso.com", "z@contoso.com"),
        labels=(("a", "1"), ("b", "2")),
        members=InlineMembers(
            "ada@contoso.com",
            (
                TimedMember(
                    "grace@contoso.com",
                    Period(day(2026, 12, 1), day(2027, 1, 31, 11)),
                    "contractor",
                    SourceRange(at, 9, 5),
                ),
            ),
        ),
        members_from=(MemberFile("lists/beta.csv", "email", SourceRange(at, 11, 5)),),
        include=(
            Reference("staff", SourceRange(at, 12, 11)),
            Reference("interns", SourceRange(at, 12, 18), period=Period(None, day(2027, 1, 31)), reason="summer"),
        ),
        exclude=(Reference("blocked-*", SourceRange(at, 13, 11), is_pattern=True),),
        restrict_to=(Reference("consented", SourceRange(at, 14, 15)),),
        until=day(2028, 1, 1),
        previously=("old", "older"),
        lifecycle=Lifecycle(State.ABSENT, Mode.ADDITIVE, prevent_delete=True, adopt=True),
        targets=("crm", "web"),
    )


def test_missing_and_empty_are_told_apart():
    """A key that is not there leaves membership alone, `[]` means nobody."""
    bare, _ = read(HEAD)
    empty, _ = read(HEAD + "members: []\nmembers_from: []\ninclude: []\nowners: []\nlabels: {}\n")
    assert [None] * 6 == [bare.members, bare.members_from, bare.include, bare.owners, bare.labels, bare.targets]
    assert [InlineMembers(), (), (), (), ()] == [
        empty.members, empty.members_from, empty.include, empty.owners, empty.labels,
    ]  # fmt: skip


def test_a_segment_has_everything_that_was_written():
    """Source, condition, holdout, sample, limit and smallest size arrive, with the places that matter."""
    definition, found = read("""\
kind: segment
name: big
source: customers
where: {age: {gte: 50}}
holdout: {percent: 2.5, seed: global-2027}
sample: {percent: 10, seed: spring}
limit: {count: 100, order_by: {spend: desc}, keep_until_rank: 120}
min_size: {count: 20, below: empty}
""")
    at = "groups/g.yaml"
    assert [] == found
    assert definition == Definition(
        kind="segment",
        name="big",
        at=SourceRange(at, 2, 7),
        source="customers",
        where=Held("age", Operator.GTE, 50, SourceRange(at, 4, 20), False, SourceRange(at, 4, 9)),
        holdout=Share(Decimal("2.5"), "global-2027"),
        sample=Share(Decimal(10), "spring"),
        limit=Top(100, "spend", True, 120, SourceRange(at, 7, 32)),
        min_size=Floor(20, empties=True),
    )


def test_defaults_of_a_segment():
    """A small segment is left as it is, and a limit keeps nobody."""
    text = "kind: segment\nname: a\nsource: c\nwhere: {everyone: true}\nmin_size: {count: 5}\n"
    definition, _ = read(f"{text}limit: {{count: 5, order_by: {{x: asc}}}}\n")
    assert Floor(5, empties=False) == definition.min_size
    assert (False, None) == (definition.limit.descending, definition.limit.keep_until_rank)


def told(text):
    """Return place, code and summary of everything that loading a document finds."""
    (document,), errors = parse_yaml(text.encode(), "g.yaml")
    assert errors == []
    found = check_definition(document)
    more = (broken_definition_of if found else definition_of)(document, FOLD)[1]
    ordered = sorted([*found, *more], key=lambda one: one.sort_key)
    return [(one.subject.line, one.subject.column, one.code, one.summary) for one in ordered]


SEGMENT_HEAD = "kind: segment\nname: a\nsource: c\nwhere: {everyone: true}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind: segment\nname: a\nsource: c\n", [(1, 7, "GS202", "A segment needs `where`")]),
        ("kind: segment\nname: a\nwhere: {a: 1}\n", [(1, 7, "GS202", "A segment needs `source`")]),
        ("kind: segment\nname: a\nsource: 5\nwhere: {a: 1}\n", [(3, 9, "GS203", "`source` is a number")]),
        ("kind: segment\nname: a\nsource: c\nwhere: \n", [(4, 1, "GS204", "`where` has no value")]),
        (
            "kind: segment\nname: a\nsuorce: c\nwhere: {all: []}\n",
            [
                (1, 7, "GS202", "A segment needs `source`"),
                (3, 1, "GS201", "The key `suorce` is unknown"),
                (4, 14, "GS207", "`where.all` is empty"),
            ],
        ),
        (
            f"{HEAD}members: []\nsource: c\nwhere: {{a: 1}}\nmin_size: {{count: 1}}\n",
            [
                (4, 1, "GS218", "`source` does not go with `kind: known-user-group`"),
                (5, 1, "GS218", "`where` does not go with `kind: known-user-group`"),
                (6, 1, "GS218", "`min_size` does not go with `kind: known-user-group`"),
            ],
        ),
        (
            f"{HEAD}limit: {{count: 1, order_by: {{a: asc}}}}\n",
            [(3, 1, "GS218", "`limit` does not go with `kind: known-user-group`")],
        ),
        (f"{HEAD}members: []\nholdout: {{percent: 5, seed: s}}\n", []),
        (
            f"{HEAD}holdout: {{percent: 5, seed: s}}\nsample: {{percent: 5, seed: t}}\n",
            [
                (3, 1, "GS208", "`holdout` needs members to choose from"),
                (4, 1, "GS208", "`sample` needs members to choose from"),
            ],
        ),
        (
            f"{SEGMENT_HEAD}holdout: {{percent: 5, seed: s}}\nsample: {{percent: 5, seed: s}}\n",
            [(6, 28, "GS208", "`holdout` and `sample` have the same seed, `s`")],
        ),
        (f"{SEGMENT_HEAD}holdout: {{percent: 100, seed: s}}\n", [(5, 20, "GS207", "`holdout.percent` is 100")]),
        (f"{SEGMENT_HEAD}sample: {{percent: 100, seed: s}}\n", []),
        (f"{SEGMENT_HEAD}sample: {{percent: 0, seed: s}}\n", [(5, 19, "GS207", "`sample.percent` is 0")]),
        (f"{SEGMENT_HEAD}sample: {{percent: .nan, seed: s}}\n", [(5, 19, "GS206", "`sample.percent` is no number")]),
        (f"{SEGMENT_HEAD}sample: {{percent: 5, seed: 'a b'}}\n", [(5, 28, "GS206", "`sample.seed` is `a b`")]),
        (
            f"{SEGMENT_HEAD}limit: {{count: 5, order_by: {{a: asc}}, keep_until_rank: 4}}\n",
            [(5, 56, "GS208", "`limit.keep_until_rank` is 4, less than `limit.count`, 5")],
        ),
        (
            f"{SEGMENT_HEAD}limit: {{count: 5, order_by: {{a: asc, b: desc}}}}\n",
            [(5, 29, "GS207", "`limit.order_by` has 2 keys")],
        ),
        (f"{SEGMENT_HEAD}limit: {{count: 5}}\n", [(5, 8, "GS202", "The key `order_by` is missing in `limit`")]),
        (
            f"{SEGMENT_HEAD}limit: {{count: 5, order_by: {{a: up}}}}\n",
            [(5, 33, "GS205", "`limit.order_by.a` is `up`")],
        ),
        (f"{SEGMENT_HEAD}min_size: {{count: 0}}\n", [(5, 19, "GS207", "`min_size.count` is 0")]),
    ],
)
def test_what_goes_with_which_kind(text, expected):
    """Keys that don't go with the kind or with each other are told at their place, each once."""
    assert expected == told(text)


short_texts = st.text(st.sampled_from("aé☃\0\n -"), max_size=4)
json_keys = (
    st.sampled_from(["all", "any", "not", "in_group", "age", "gt", "in", "percent", "seed", "count"]) | short_texts
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | short_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_keys, inner, max_size=3),
    max_leaves=10,
)


@given(json_values, st.sampled_from(["where", "source", "holdout", "sample", "limit", "min_size"]))
def test_anything_may_stand_in_the_keys_of_a_segment(value, key):
    """Whatever is written there, the definition is read or the mistake told, and the group's name is known."""
    whole = {"kind": "segment", "name": "a", "source": "c", "where": {"everyone": True}, key: value}
    (document,), errors = parse_yaml(json.dumps(whole, ensure_ascii=False).encode(), "g.yaml")
    assert [] == errors
    found = check_definition(document)
    definition, more = (broken_definition_of if found else definition_of)(document, FOLD)
    assert (definition is not None and not found) or found or more
    assert "a" == broken_definition_of(document, FOLD)[0].name


def test_all_and_any_make_different_definitions():
    """The digest of a definition tells conditions apart that hold the same parts, wherever they are written."""

    def digest(where, before=""):
        return read(f"{before}kind: segment\nname: a\nsource: c\nwhere: {where}\n")[0].content_digest

    conditions = [
        "{all: [{a: 1}, {b: 2}]}", "{any: [{a: 1}, {b: 2}]}", "{all: [{a: 1}]}", "{not: {a: 1}}", "{a: 1}", "{a: '1'}",
        "{a: true}", "{a: {gt: 1}}", "{a: {eq: 'b', ignore_case: true}}", "{a: b}", "{in_group: x}", "{everyone: true}",
    ]  # fmt: skip
    assert len(conditions) == len({digest(one) for one in conditions})
    assert digest("{a: 1}") == digest("\n  a:   1", before="# first\n")
    assert digest("{all: [{a: 1}, {b: 2}]}") == digest("{all: [{b: 2}, {a: 1}]}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("members: [a@b.example, ada]\n", [(3, 24, "GS307", "`ada` is not an e-mail address")]),
        ("members: [{email: ada}]\n", [(3, 19, "GS307", "`ada` is not an e-mail address")]),
        ("members: [A@b.example, a@B.example]\n", [(3, 24, "GS308", "`a@b.example` is listed twice")]),
        ("members: [a@b.example, {email: A@b.example}]\n", [(3, 24, "GS308", "`a@b.example` is listed twice")]),
        (
            "members: [{email: a@b.example, until: 2027-01-01}, a@b.example]\n",
            [(3, 52, "GS308", "`a@b.example` is listed twice")],
        ),
        (
            "members: [{email: a@b.example, until: 2027-02-30}]\n",
            [(3, 39, "GS211", "`members[0].until` is `2027-02-30`")],
        ),
        (
            "members: [{email: a@b.example, from: 2027-01-01, until: 2027-01-01T00:00:00Z}]\n",
            [(3, 57, "GS211", "`members[0]` never holds")],
        ),
        ("include: [beta]\n", [(3, 11, "GS213", "`include` of `beta` names the group itself")]),
        ("exclude: [{group: beta}]\n", [(3, 11, "GS213", "`exclude` of `beta` names the group itself")]),
        ("exclude: [{match: beta}]\n", []),
        ("previously: [beta]\n", [(3, 14, "GS214", "`previously` names `beta`, which is the group's name now")]),
        ("until: 0000-01-01\n", [(3, 8, "GS211", "`until` is `0000-01-01`")]),
        ("until: 9999-12-31T23:00:00-09:00\n", [(3, 8, "GS211", "`until` is `9999-12-31T23:00:00-09:00`")]),
        (
            "members_from: [{path: m.csv, where: {in_group: staff}}]\n",
            [(3, 48, "GS218", "Rows of a file can't be chosen by `in_group`")],
        ),
        (
            "members_from: [{path: m.csv, where: {not: {seen: {within_days: 3}}}}]\n",
            [(3, 64, "GS218", "Rows of a file can't be chosen by `within_days`")],
        ),
        (
            "members_from: [{path: m.csv, where: {seen: {more_than_hours_ago: 3}}}]\n",
            [(3, 66, "GS218", "Rows of a file can't be chosen by `more_than_hours_ago`")],
        ),
        (
            "members_from: [{path: m.csv, where: {}}]\n",
            [(3, 37, "GS207", "`members_from[0].where` is empty")],
        ),
        (
            "members_from: [{path: m.csv, encoding: base64}]\n",
            [(3, 40, "GS205", "There is no encoding `base64`")],
        ),
        ("members_from: [{path: m.xls}]\n", [(3, 23, "GS212", "`members_from[0].path` is `m.xls`")]),
        ("members_from: [{path: m.parquet}]\n", [(3, 23, "GS212", "`members_from[0].path` is `m.parquet`")]),
        ("members_from: [{path: members}]\n", [(3, 23, "GS212", "`members_from[0].path` is `members`")]),
        ("members_from: [{path: /m.csv}]\n", [(3, 23, "GS212", "`members_from[0].path` is `/m.csv`")]),
        ('members_from: [{path: "a\\\\b.csv"}]\n', [(3, 23, "GS212", "`members_from[0].path` is `a\\b.csv`")]),
        (
            "members_from: [{path: ../../m.csv}]\n",
            [(3, 23, "GS212", "`members_from[0].path` is `../../m.csv`, which leads out of the project")],
        ),
    ],
)
def test_what_a_schema_can_not_say_is_checked(text, expected):
    """Addresses, dates, periods, paths and references to itself are found wrong at their own places."""
    assert expected == findings(text)


def test_every_wrong_member_is_found_at_its_own_line():
    """Errors, warnings and good entries mix; nothing is lost, and the good ones stay in their order."""
    text = HEAD + "members:\n  - b@x.example\n  - no\n  - ß@x.example\n  - B@x.example\n  - a b@x.example\n"
    (document,), _ = parse_yaml(text.encode(), "g.yaml")
    definition, found = definition_of(document, FOLD)
    assert definition is None
    assert [(5, "GS307"), (8, "GS307"), (7, "GS308")] == [(one.subject.line, one.code) for one in found]
    assert found[2].detail == "Line 4 has `b@x.example`, line 7 has `B@x.example`."
    assert (SourceRange("g.yaml", 4, 5),) == found[2].related


def test_an_unusual_address_is_accepted():
    """What the fast way does not know is decided one by one."""
    definition, found = read(HEAD + "members: [ß@Bücher.example, a@b.example]\n")
    assert (["ß@xn--bcher-kva.example", "a@b.example"], []) == (definition.members.plain_members(), found)


def test_two_periods_of_one_member_are_fine():
    """Coming and going is not a repetition; the very same period is."""
    twice = "members: [{email: a@b.example, until: 2026-01-01}, {email: a@b.example, from: 2027-01-01}]\n"
    same = "members: [{email: a@b.example, until: 2026-01-01}, {email: a@b.example, until: 2026-01-01}]\n"
    assert [] == findings(twice)
    assert ["GS308"] == [code for _, _, code, _ in findings(same)]


def test_a_flood_of_findings_is_counted():
    """A list that is wrong all over does not bury everything else."""
    found = findings("members:\n" + "  - nobody\n" * (SHOWN_FINDINGS + 5))
    assert SHOWN_FINDINGS + 1 == len(found)
    assert found[-1][3] == "5 more of the same kind in this list"


def test_identifiers_of_another_type_are_checked_as_such():
    """With `identity.type: id` any one word is a member."""
    identity = Identity("id", "preserve")
    definition, found = read(HEAD + 'members: [K-1, "k 2"]\n', identity=identity)
    assert (None, ["`k 2` is not an identifier"]) == (definition, [one.summary for one in found])


MEMBERS = st.lists(
    st.one_of(
        st.sampled_from(["a@b.example", "A@b.example", "c@d.example", "x", "ß@b.example", "a@b"]),
        st.fixed_dictionaries(
            {"email": st.sampled_from(["a@b.example", "y"])},
            optional={"until": st.sampled_from(["2027-01-01", "2027-13-01"])},
        ),
    ),
    max_size=8,
)


@given(members=MEMBERS, rule=st.sampled_from([FOLD, Identity("email", "preserve"), Identity("id", "fold")]))
def test_members_are_what_one_call_each_gives(members, rule):
    """Whatever is in the list, the bulk way gives what checking one by one would."""
    import json

    (document,), _ = parse_yaml(json.dumps({"kind": "x", "name": "n", "members": members}).encode(), "g.yaml")
    definition, found = definition_of(document, rule)
    plain, wrong = [], 0
    for member in members:
        try:
            address = rule.canonical(member if isinstance(member, str) else member["email"])
        except ValueError:
            wrong += 1
            continue
        if isinstance(member, str):
            plain.append(address)
    assert wrong == sum(one.code == "GS307" for one in found)
    if definition is not None:
        assert plain == definition.members.plain_members()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2027-01-31", day(2027, 1, 31)),
        ("2027-01-31T18:00Z", day(2027, 1, 31, 18)),
        ("2027-01-31T18:00:00.5+02:00", datetime(2027, 1, 31, 16, 0, 0, 500_000, tzinfo=UTC)),
        ("2027-01-01T00:30:00+01:00", day(2026, 12, 31, 23, 30)),
    ],
)
def test_instants_are_utc(text, instant):
    """A bare date is its 00:00 UTC; every zone is converted."""
    assert instant == parse_instant(text)
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2027-1-31", "20270131", "2027-W01", "2027-01-31T18:00", "2027-02-30", "2027-01-31 18:00Z",
             "2027-01-31T25:00:00Z", "٢٠٢٧-01-31", "2027-01-31\n"],
)  # fmt: skip
def test_what_is_no_instant_is_refused(text):
    """A time needs its zone, and the day must be one of the calendar."""
    with pytest.raises(ValueError, match=r"it is neither|there is no such day"):
        parse_instant(text)


def test_the_digest_is_of_what_is_meant():
    """Comments, order, quotes, layout and the spelling of members don't count; any value does."""
    same = [
        HEAD + "members: [a@b.example, c@d.example]\n",
        "# c\nname: 'beta'\nkind: known-user-group\nmembers:\n  - a@b.example # hi\n  - c@d.example\n",
        HEAD + "members: [C@D.example, a@b.example]\n",
    ]
    other = [
        HEAD,
        HEAD + "members: []\n",
        HEAD + "members: [a@b.example]\n",
        HEAD + "members: [{email: a@b.example}, c@d.example]\n",
        HEAD + "members: [a@b.example, c@d.example]\ndescription: x\n",
    ]
    digests = [read(text)[0].content_digest for text in same + other]
    assert 1 == len(set(digests[:3]))
    assert 1 + len(other) == len(set(digests))


def test_two_definitions_of_one_name_show_both_places():
    """The later one is the error, and the first is named in words and as a place."""
    places = [SourceRange("b.yaml", 2, 7), SourceRange("a.yaml", 9, 7), SourceRange("a.yaml", 2, 7)]
    definitions = [Definition("known-user-group", "x", at) for at in places]
    found = duplicate_names([*definitions, Definition("known-user-group", "y", places[0])])
    assert [(places[1], (places[2],)), (places[0], (places[2],))] == [(one.subject, one.related) for one in found]
    assert "a.yaml:2:7" in found[0].detail
