"""People whose address changed: definitions, plans, guards and what takes plans back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupsync import engine
from groupsync.aliases import changed_addresses, names_former, with_former, with_present
from groupsync.config import load_config
from groupsync.diff import Context, compare
from groupsync.evidence import explain_membership
from groupsync.facade import checked
from groupsync.halfway import rest_of
from groupsync.identity import Identity
from groupsync.model import Action, Change, Group, Mark, Members, Outcome, digest_bytes, encode_members
from groupsync.planfile import read_plan, write_plan
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.scope import Pair
from groupsync.segments import compute_segments
from groupsync.undo import inverse
from groupsync.why import State
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.worlds import NOW

PEOPLE = [f"{name}@example.com" for name in ("ada", "bob", "cy", "dee", "eve", "fay")]
TARGET = "there"
CONFIG = {"version": 1, "project": "shop", "definitions": ["groups.yaml"], "targets": {TARGET: {"plugin": "memory"}}}

people = st.lists(st.sampled_from([*PEOPLE, *map(str.title, PEOPLE[:2])]), max_size=5)
chains = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), max_size=4).map(
    lambda drawn: {old: now for old, now in drawn.items() if PEOPLE.index(old) < PEOPLE.index(now)}
)


def last_of(aliases, person):
    """Follow a chain to its end, the slow way."""
    while person in aliases:
        person = aliases[person]
    return person


def identity_of(aliases):
    return Identity(aliases={old: last_of(aliases, old) for old in aliases})


def write_project(folder, lists, aliases):
    """Write groups that are listed in every way there is, and built from each other."""
    inline, text, table = lists
    folder.mkdir()
    definitions = [
        {"name": "inline", "members": inline},
        {"name": "text", "members_from": [{"path": "text.txt"}]},
        {"name": "table", "members_from": [{"path": "table.csv", "column": "email"}]},
        {"name": "without", "include": ["inline", "table"], "exclude": ["text"]},
        {"name": "only", "include": ["inline"], "restrict_to": ["table"], "members": text[:1]},
    ]
    whole = [json.dumps({"kind": "known-user-group", **each}) for each in definitions]
    (folder / "groups.yaml").write_text("\n---\n".join(whole))
    (folder / "text.txt").write_text("".join(f"{each}\n" for each in text))
    (folder / "table.csv").write_text("name,email\n" + "".join(f"x,{each}\n" for each in table))
    (folder / "groupsync.yaml").write_text(json.dumps({**CONFIG, "aliases": aliases}))
    return load_project(load_config(folder / "groupsync.yaml"), NOW)


@pytest.fixture
def folder(tmp_path):
    """A place for a project that is not there yet."""
    return tmp_path / "project"


def memory(store):
    return checked(MemoryBackend, "groupsync", "0")(MemoryBackend(store))


def plan_of(project, store, **request):
    return engine.make_plan(project, {TARGET: memory(store)}, engine.Request(NOW, **request))


def filled(groups):
    """Make a store with groups of ours, as they were applied last."""
    store = MemoryStore()
    for name, members in groups.items():
        held = Members.of(members)
        store.put(Group(name, members=held, mark=Mark("shop", held.digest, held.count, "email/fold")))
    return store


@given(
    lists=st.tuples(people, people, people),
    aliases=chains,
    held=st.dictionaries(st.sampled_from(["text", "table", "inline", "only"]), st.frozensets(st.sampled_from(PEOPLE))),
)
def test_aliases_mean_what_writing_the_address_of_now_everywhere_would(tmp_path_factory, lists, aliases, held):
    """The same members, the same digests and the same plan; only that a plan knows who is one person."""
    root = tmp_path_factory.mktemp("aliases")
    identity = identity_of(aliases)
    aliased = write_project(root / "aliased", lists, aliases)
    replaced = write_project(root / "replaced", [list(map(identity.canonical, each)) for each in lists], {})
    for found, expected in zip(aliased.resolution.groups, replaced.resolution.groups, strict=True):
        assert expected.group.members.load() == found.group.members.load()
        assert aliases.keys().isdisjoint(found.group.members.load())
        assert expected.group.members.digest == found.group.members.digest
    plan, plain = (plan_of(project, filled(held)) for project in (aliased, replaced))
    assert [(each.name, each.add, each.remove) for each in plain.changes] == [
        (each.name, each.add, each.remove) for each in plan.changes
    ]
    for change in plan.changes:
        add, remove = change.add.load(), change.remove.load()
        before, after = ({pair[side] for pair in change.readdressed} for side in (0, 1))
        assert len(before) == len(after) == len(change.readdressed)
        assert before <= remove
        assert after == {last_of(aliases, each) for each in remove if each in aliases} & add
        assert all(now == last_of(aliases, old) for old, now in change.readdressed)


@given(
    members=st.frozensets(st.sampled_from(PEOPLE)),
    aliases=chains,
    crowd=st.sampled_from([0, 1_000]),
    is_text=st.booleans(),
)
def test_a_text_is_searched_for_addresses_of_before_whatever_its_size(members, aliases, crowd, is_text):
    """Of a few aliases each is looked for, of many all at once; what has none stays the very value that it was."""
    identity = identity_of(aliases)
    everybody = members.union(f"person-{number:05}@example.com" for number in range(crowd))
    text = encode_members(everybody)
    assert names_former(text, identity) == bool(members & aliases.keys())
    given_members = Members(lambda: everybody, raw=(lambda: text) if is_text else None)
    found = with_present(given_members, identity)
    assert {last_of(aliases, each) for each in everybody} == found.load()
    assert (found is given_members) >= (not aliases or (is_text and not members & aliases.keys()))
    either = with_former(found, identity).load()
    assert everybody <= either
    assert {last_of(aliases, each) for each in either} == found.load()


@given(text=st.binary(max_size=20) | st.text("a@.\nß", max_size=20).map(str.encode), aliases=chains)
def test_any_bytes_can_be_searched(text, aliases):
    """What is no canonical text is nobody's, and no reason to fail."""
    assert names_former(text, identity_of(aliases)) in {True, False}


def test_two_addresses_of_one_person_make_one_change():
    """Who was there twice leaves once, and the pair is always the same one."""
    identity = Identity(aliases={"a@x.example": "c@x.example", "b@x.example": "c@x.example"})
    found = changed_addresses({"c@x.example"}, {"b@x.example", "a@x.example"}, identity)
    assert (("a@x.example", "c@x.example"),) == found


# --- What a plan stands on --------------------------------------------------------------------------------------------

LISTS = ([PEOPLE[0]], [PEOPLE[1], PEOPLE[2]], [PEOPLE[2]])


@pytest.mark.parametrize(
    ("aliases", "stale"),
    [
        ({"ada@example.com": "a@new.example"}, {"inline", "only", "without"}),
        ({"bob@example.com": "b@new.example"}, {"text", "without", "only"}),
        ({"cy@example.com": "c@new.example"}, {"text", "table", "without", "only"}),
        ({"nobody@example.com": "n@new.example"}, set()),
    ],
)
def test_a_plan_is_stale_where_aliases_changed_whom_it_is_about(folder, tmp_path, aliases, stale):
    """A change is left alone whose people have other addresses by now; the others are applied."""
    store = MemoryStore()
    plan = plan_of(write_project(folder, LISTS, {}), store)
    again = write_project(tmp_path / "again", LISTS, aliases)
    report = engine.apply_plan(again, plan, {TARGET: memory(store)})
    assert stale == {each.name for each in report.results if each.outcome is Outcome.STALE}
    assert {each.name for each in plan.changes} - stale == store.groups.keys()


@pytest.mark.parametrize("size", [3, 2_000])
def test_a_list_that_is_what_was_applied_last_is_compared_anew(folder, size):
    """Equal bytes on both sides are not taken for done where somebody in them changed address."""
    crowd = [f"person-{number:05}@example.com" for number in range(size)]
    aliases = {crowd[1]: "new@example.com"}
    project = write_project(folder, ([], crowd, []), aliases)
    text = encode_members(crowd)
    raw = Members(lambda: frozenset(crowd), count=len(crowd), digest=digest_bytes(text), raw=lambda: text)
    prior = Group("text", members=raw, mark=Mark("shop", raw.digest, raw.count, "email/fold"), revision="1")
    [desired] = [each for each in project.resolution.groups if each.group.name == "text"]
    change = compare(Pair(Action.UPDATE, desired, prior), Context(TARGET, "shop", project.config.identity)).change
    assert ((crowd[1], "new@example.com"),) == change.readdressed
    assert (0, 0) == (change.coming.count, change.going.count)


def test_changed_addresses_survive_the_plans_file(folder, tmp_path):
    """A saved plan knows who changed address, and its digest covers it."""
    project = write_project(folder, LISTS, {PEOPLE[0]: "a@new.example"})
    plan = plan_of(project, filled({"inline": [PEOPLE[0]]}))
    write_plan(plan, tmp_path / "plan.jsonl")
    assert plan == read_plan(tmp_path / "plan.jsonl")
    assert (PEOPLE[0], "a@new.example") in {pair for each in plan.changes for pair in each.readdressed}


# --- Back, and on from halfway ----------------------------------------------------------------------------------------

CHANGE = Change(
    TARGET,
    "beta",
    Action.UPDATE,
    prior_name="beta",
    add=Members.of(["a@new.example", "b@new.example", "eve@example.com"]),
    remove=Members.of(["ada@example.com", "bob@example.com"]),
    prior_count=2,
    mark=Mark("shop", Members.of(["a@new.example", "b@new.example", "eve@example.com"]).digest, 3, "email/fold"),
    readdressed=(("ada@example.com", "a@new.example"), ("bob@example.com", "b@new.example")),
)


def test_the_opposite_changes_addresses_back(folder):
    """What undoes a run shows who gets the address of before again, sorted."""
    change = replace(CHANGE, readdressed=(("ada@example.com", "b@new.example"), ("bob@example.com", "a@new.example")))
    held = Group("beta", members=change.add, mark=change.mark, revision="1")
    back = inverse(change, held, Context(TARGET, "shop", Identity()))
    assert (("a@new.example", "bob@example.com"), ("b@new.example", "ada@example.com")) == back.readdressed
    assert (0, 1) == (back.coming.count, back.going.count)


def test_who_has_the_new_address_already_is_no_pair_any_more():
    """Of a change that stopped halfway, only those are left whose both addresses are still to be written."""
    there = Members.of(["a@new.example", "ada@example.com", "bob@example.com"])
    group = Group("beta", members=there, mark=CHANGE.mark, revision="2")
    rest = rest_of(CHANGE, {"beta": group}, revisions=True, marks=True)
    assert (("bob@example.com", "b@new.example"),) == rest.readdressed
    assert (1, 1) == (rest.coming.count, rest.going.count)


# --- Sources ----------------------------------------------------------------------------------------------------------

SHARE = st.none() | st.fixed_dictionaries({"percent": st.integers(1, 99), "seed": st.sampled_from("st")})


def write_segments(folder, aliases, held, shares):
    """Write a project whose source knows everybody by the address that the aliases start from, and one of `PEOPLE`."""
    rows = [{"email": each, "age": 10 * number} for number, each in enumerate(PEOPLE)]
    sources = {"customers": {"plugin": "memory", "id": "email", "rows": rows}}
    listed, blocked = held
    segment = {"kind": "segment", "source": "customers"}
    some = {key: share for key, share in zip(("holdout", "sample"), shares, strict=True) if share}
    definitions = [
        {"kind": "known-user-group", "name": "listed", "members": listed},
        {"kind": "known-user-group", "name": "blocked", "members": blocked},
        {**segment, "name": "adult", "where": {"age": {"gte": 20}}, "members": listed, **some},
        {**segment, "name": "free", "where": {"not": {"in_group": "blocked"}}, "exclude": ["listed"]},
        {**segment, "name": "first", "where": {"age": {"gte": 0}}, "limit": {"count": 2, "order_by": {"age": "desc"}}},
        {"kind": "known-user-group", "name": "both", "include": ["adult", "free"], "restrict_to": ["first"]},
    ]
    folder.mkdir()
    (folder / "groups.yaml").write_text("\n---\n".join(map(json.dumps, definitions)))
    (folder / "groupsync.yaml").write_text(json.dumps({**CONFIG, "sources": sources, "aliases": aliases}))
    return load_project(load_config(folder / "groupsync.yaml"), NOW)


@settings(max_examples=30)
@given(
    aliases=st.sets(st.sampled_from(PEOPLE)).map(lambda some: {each: f"new-{each}" for each in some}),
    held=st.tuples(people, people),
    shares=st.tuples(SHARE, st.none()) | st.tuples(st.none(), SHARE),
)
def test_what_a_source_knows_by_addresses_of_before_is_about_the_people_of_now(tmp_path_factory, aliases, held, shares):
    """Segments have what those without aliases have, by other names, but for shares; and `why` says the same."""
    root, plugins = tmp_path_factory.mktemp("aliases"), Plugins.discover()
    project = write_segments(root / "aliased", aliases, held, shares)
    project = compute_segments(project, plugins, NOW).project
    plain = compute_segments(write_segments(root / "plain", {}, held, shares), plugins, NOW).project
    identity = project.config.identity
    for found, expected in zip(project.resolution.groups, plain.resolution.groups, strict=True):
        members = found.group.members.load()
        if shares == (None, None):
            assert identity.present(expected.group.members.load()) == members
        for person in identity.present(PEOPLE):
            why = explain_membership(project, plugins, person, found.group.name, NOW)
            assert (why.state is State.IN) == (person in members), (found.group.name, person)
