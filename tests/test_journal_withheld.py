"""What is kept of a journal where there is no key: counts and names of groups, by which guards go, and of nobody."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync import engine, journal_recorder, journal_records
from groupsync.backend import Step
from groupsync.config import load_config
from groupsync.config_identity import ConfigId
from groupsync.journal import Journal, Purpose
from groupsync.journal_read import idle_and_busy, open_runs, read_links, read_outline, read_run, run_ids
from groupsync.journal_withheld import MIN_LEAVING, planned, withheld
from groupsync.last_applied import read_past
from groupsync.links import Remembered
from groupsync.memory import is_outdated, past_removals, past_rows, past_sizes, past_uses
from groupsync.model import (
    Action,
    First,
    FirstOf,
    Kind,
    Outcome,
    PastSource,
    Report,
    Result,
    RunKind,
    SourceState,
    TargetState,
    Use,
)
from groupsync.our_groups import groups_of_ours
from groupsync.project import load_project
from groupsync.records import Fields, RecordError
from tests import test_owns, test_recovery
from tests.plans import plan_of
from tests.test_journal import CONFIG_ID, NOW, Clock, change, play, result_of
from tests.withholding import withhold

PUBLIC = {
    "header": "record run kind of project config as_of started_at version "
    "targets.name targets.identity approvals.kind approvals.name approvals.path approvals.definition approvals.target "
    "sources.name",
    "planned": "record target name action prior_name",
    "before": "record target name action prior_name",
    "step": "record target name",
    "after": "record at target name outcome",
    "result": "record target name action prior_name outcome",
    "links": "record built_on counts later doubted",
    "end": "record at sources.name sources.identity",
}
"""By record, what is let through as text: names of groups, targets and sources, of project and config, and instants."""
COUNTED = {
    "header": "format_version targets changes approvals approvals.count sources sources.rows",
    "planned": "prior_count count removed",
    "before": "prior_count count consented",
    "step": "added removed",
    "after": "attempts added removed readdressed unseen_added unseen_removed",
    "result": "prior_count count consented attempts added removed readdressed unseen_added unseen_removed",
    "links": "",
    "end": "interrupted left applied sources sources.rows",
}
"""By record, what is let through because it counts, or holds others."""
EMPTIED = {
    "header": "plan_digest user host pid allowances",
    "planned": "",
    "before": "precondition",
    "step": "revision",
    "after": "error hint revision",
    "result": "error hint revision",
    "links": "",
    "end": "",
}
"""By record, what is not."""


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def run_of_everything(root):
    """Write down a run that has every record and field there is; return the journal's folder and the run's plan."""
    use = Use(Kind.REMOVE, "a", "approvals/a.yaml", "d" * 32, "local", 9)
    source = SourceState("customers", "memory", 1_000, None, 1)
    target = TargetState("local", "file", "r1", 3, 60, identity=f"file:{'e' * 32}")
    changes = [change("a", remove=3), change("b"), change("c", Action.CREATE), change("d"), change("e")]
    plan = plan_of(*changes, targets=(target,), sources=(source,))
    results = [
        Result("local", "b", Action.UPDATE, Outcome.UNCHECKED, "ask ada", "ada knows", 1, unseen_added=2),
        result_of(changes[2], Outcome.APPLIED),
        result_of(changes[3], Outcome.FAILED, "ada@contoso.com is unknown"),
        Result("local", "e", Action.UPDATE, Outcome.NOT_CONVERGED, "ask ada", "ada knows", 1, unseen_added=2),
    ]
    later = {("local", "a"): ((NOW, MIN_LEAVING, "1" * 16), (NOW + timedelta(1), MIN_LEAVING - 1, "2" * 16))}
    folder = root / ".groupsync"
    kept = Journal(folder, root, keep=3, now=Clock(), config=CONFIG_ID)
    with kept.run(
        plan, Purpose(RunKind.APPLY, "", ("remove:a<=9@1234 (approvals/a.yaml:1: ada asked)",), (use,))
    ) as run:
        run.before(changes[0])
        run.step(changes[0], Step(2, 1, "r2"))
        for each, result in zip(changes[1:4], results, strict=False):
            run.before(each)
            run.after(each, result)
        doubted = frozenset({First(FirstOf.LIST, "c")})
        links = Remembered({"a": frozenset({"b"})}, {"b": 12}, later, doubted)
        run.finish(plan, Report(plan.digest, tuple(results)), (PastSource("customers", 1_000, "f" * 64),), links)
    return folder, plan


@pytest.fixture
def everything(tmp_path):
    return run_of_everything(tmp_path)


def records_of(folder, plan):
    """Give the records of the only run of a journal, and what is written of its plan without a key."""
    (name,) = run_ids(folder)
    lines = (folder / "runs" / f"{name}.jsonl").read_text().splitlines()
    return [*map(json.loads, lines), *planned(plan)]


def paths(record):
    """Return the fields of a record, and those of the objects in its lists."""
    found = set(record)
    for field, value in record.items():
        for each in value if isinstance(value, list) else ():
            found |= {f"{field}.{name}" for name in each} if isinstance(each, dict) else set()
    return found


# --- What goes out ----------------------------------------------------------------------------------------------------


def test_of_every_field_it_is_decided_whether_it_may_go_out(everything):
    """A new field of a record, or a new record, has to be put on one of the sides before it can go out."""
    found = {}
    for record in records_of(*everything):
        found.setdefault(record["record"], set()).update(paths(record))
    decided = {kind: {*PUBLIC[kind].split(), *COUNTED[kind].split(), *EMPTIED[kind].split()} for kind in PUBLIC}
    assert decided == found


def test_the_records_are_those_that_the_journal_writes_and_reads():
    """No record is written, or read, of which nothing is decided."""
    written = set(re.findall(r'"record": "(\w+)"', Path(journal_recorder.__file__).read_text()))
    read = set(re.findall(r'"(\w+)"(?: \||:| if self\._run)', Path(journal_records.__file__).read_text()))
    assert written | {"planned"} == set(PUBLIC)
    assert set(PUBLIC) <= read


def test_what_is_decided_is_what_is_done(everything):
    """Kept fields keep their values; the others are empty, so that readers find what they expect."""
    for record in records_of(*everything):
        kind, told = record["record"], withheld(record)
        kept = {*PUBLIC[kind].split(), *COUNTED[kind].split()}
        assert paths(record) == paths(told) - {"withheld"}
        for field in kept - {"later"}:
            if "." not in field:
                assert record.get(field) == told.get(field)
        assert {field: told[field] for field in EMPTIED[kind].split()} == {
            field: empty
            for field, empty in [
                *((name, "") for name in ("plan_digest", "user", "host", "error", "hint")),
                *(("pid", 0), ("allowances", []), ("precondition", None), ("revision", None)),
            ]
            if field in EMPTIED[kind].split()
        }
        assert ("withheld" in told) == (kind == "header")
        assert told == withheld(told)


SECRET = "secret0001z"


def with_secrets(value, public, path=""):
    """Put a secret in place of all that may not go out, of all that counts, and into fields that nobody knows."""
    if isinstance(value, dict):
        filled = {name: with_secrets(each, public, f"{path}.{name}".lstrip(".")) for name, each in value.items()}
        return filled | {"name_of_a_later_version": SECRET, SECRET: {"name": SECRET}}
    if isinstance(value, list) and value:
        return [*(with_secrets(each, public, path) for each in value), SECRET, {SECRET: SECRET}, [SECRET]]
    return value if path in public else SECRET


@pytest.mark.parametrize("kind", PUBLIC)
def test_nothing_else_comes_out(everything, kind):
    """A secret in every other field, known or not, text or count, in none of them is found again."""
    public = PUBLIC[kind].split()
    for record in records_of(*everything):
        if record["record"] == kind != "links":
            filled = with_secrets(record, public)
            assert SECRET in json.dumps(filled)
            assert SECRET not in json.dumps(withheld(filled))


def test_links_tell_names_of_groups_and_counts_alone():
    """Nothing else is let through in their place, and of a date not what is no date."""
    built_on = {"a": ["b", {"name": SECRET}, [SECRET]], "c": SECRET, "d": {"name": SECRET}}
    counts = {"a": 3, "b": SECRET, "c": [SECRET], "d": {"name": SECRET}}
    date = ["local", "a", "2026-12-01T00:00:00Z", 100, "1" * 16]
    odd = [SECRET, [SECRET] * 5, [*date, SECRET], {"name": SECRET}, [*date[:3], {"name": SECRET}, "1"]]
    record = {"record": "links", "built_on": built_on, "counts": counts, "later": [date, *odd]}
    told = withheld(record | {"more": SECRET})
    assert SECRET not in json.dumps(told)
    assert (["b"], 3, [date]) == (told["built_on"]["a"][:1], told["counts"]["a"], told["later"])
    for odd in (SECRET, None, {"name": SECRET}, [SECRET]):
        assert {"record": "links", "later": []} == withheld({"record": "links", "later": odd})


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(SECRET),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*"abc", "name", "error", SECRET]), inner),
    max_leaves=9,
)


@given(st.dictionaries(st.text(), values), st.sampled_from([*PUBLIC, "sealed", SECRET]))
def test_a_field_that_nobody_judged_is_never_let_through(fields, kind):
    """Whatever is in it; and a record that nobody judged tells only that it was there."""
    known = {*PUBLIC.get(kind, "").split(), *COUNTED.get(kind, "").split()}
    record = {name: value for name, value in fields.items() if name not in known} | {"record": kind}
    told = withheld(record)
    assert SECRET not in json.dumps(told)
    assert kind in PUBLIC or told == {"record": "withheld"}


def test_a_digest_of_dates_is_kept_only_where_many_leave(everything):
    """Of 99 people it could be guessed; of 100 it is kept."""
    folder, _ = everything
    (name,) = run_ids(folder)
    before = read_links(folder, name)
    withhold(folder)
    after = read_links(folder, name)
    assert (before.built_on, before.counts) == (after.built_on, after.counts)
    assert {("local", "a"): before.later["local", "a"][:1]} == after.later


# --- What is read of it -----------------------------------------------------------------------------------------------


def test_it_is_read_as_a_run_whose_names_were_withheld(everything):
    """Who, where and which plan are empty; its changes, what became of them and what it was to do are there."""
    folder, plan = everything
    (name,) = run_ids(folder)
    before = read_run(folder, name)
    withhold(folder)
    after = read_run(folder, name)
    assert (True, "", "", "", 0, ()) == (
        *(after.withheld, after.plan_digest, after.user, after.host, after.pid, after.allowances),
    )
    assert [(each.key, each.outcome, each.added, each.count) for each in before.entries] == [
        (each.key, each.outcome, each.added, each.count) for each in after.entries
    ]
    assert {""} == {f"{each.error}{each.hint}{each.revision or ''}" for each in after.entries}
    assert [each.key for each in plan.changes] == [each.key for each in after.planned]
    assert [(10, 9), (10, 12), (0, 2), (10, 12), (10, 12)] == [(each.prior_count, each.count) for each in after.planned]
    assert (False, ()) == (before.withheld, before.planned)
    assert after.withheld == read_outline(folder, name).withheld


def test_only_a_run_that_says_so_may_lack_a_digest(everything):
    """An emptied digest of any other run, and a planned change in it, are damage as before."""
    folder, plan = everything
    header, *_, one = records_of(folder, plan)
    with pytest.raises(RecordError):
        read(header | {"plan_digest": ""})
    with pytest.raises(RecordError):
        read(header, one)
    assert [one["name"]] == [each.name for each in read(withheld(header), one).planned]


def read(*records):
    reader = journal_records.RunReader()
    for record in records:
        reader.read(Fields(record, "the record"))
    return reader.run()


def figures(folder):
    """Return what guards, approvals and those who go on with runs ask a journal for."""
    return (
        past_sizes(folder, CONFIG_ID, [("local", name) for name in "abcde"]),
        past_rows(folder, CONFIG_ID, {"customers": "f" * 64}),
        past_removals(folder, CONFIG_ID, NOW),
        past_uses(folder, CONFIG_ID),
        [(run.id, keys) for run, keys in open_runs(folder, CONFIG_ID)],
        idle_and_busy(folder, CONFIG_ID),
        is_outdated(folder, CONFIG_ID, NOW - timedelta(days=900)),
    )


def test_guards_compare_with_the_same_figures(everything):
    """Sizes, rows, removals and what was taken of approvals are those of the whole journal."""
    folder, _ = everything
    before = figures(folder)
    withhold(folder)
    assert all(before)
    assert before == figures(folder)


changes = st.builds(
    change,
    st.sampled_from("abc"),
    st.sampled_from([Action.UPDATE, Action.DELETE, Action.FORGET, Action.ADOPT]),
    prior=st.integers(5, 9),
    add=st.integers(0, 3),
    remove=st.integers(0, 3),
)
creations = st.builds(change, st.sampled_from("abc"), st.just(Action.CREATE), add=st.integers(0, 3))
renames = st.builds(change, st.sampled_from("de"), st.just(Action.RENAME), prior_name=st.sampled_from("abc"))
past_runs = st.tuples(
    st.lists(changes | creations | renames, max_size=3, unique_by=lambda each: each.name),
    st.dictionaries(st.sampled_from("abcde"), st.sampled_from([*Outcome, None])),
    st.booleans(),
)


@given(st.lists(past_runs, min_size=1, max_size=4), st.data())
def test_any_journal_gives_the_same_figures_whatever_is_withheld_of_it(runs, draw):
    """Whichever of its runs, and however they ended: counts are all that these go by."""
    with TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        folder = Path(root) / ".groupsync"
        kept = Journal(folder, Path(root), keep=9, now=Clock(), config=CONFIG_ID)
        target = TargetState("local", "file", "r1", 3, 60, identity="file:1")
        names = [
            play(kept, plan_of(*each, targets=(target,)), outcomes, finish=finish) for each, outcomes, finish in runs
        ]
        before = figures(folder)
        some = draw.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        withhold(folder, *some)
        assert before == figures(folder)


def test_a_run_that_was_cut_short_is_known_by_what_it_was_to_do(tmp_path):
    """What is left of it is the same with its plan and without."""
    folder = tmp_path / ".groupsync"
    kept = Journal(folder, tmp_path, keep=3, now=Clock())
    plan = plan_of(change("a"), change("b"), change("c"))
    play(kept, plan, {"a": Outcome.APPLIED, "b": None}, finish=False)
    before = [(run.id, keys) for run, keys in open_runs(folder, CONFIG_ID)]
    withhold(folder)
    assert [{("local", "b"), ("local", "c")}] == [keys for _, keys in before]
    assert before == [(run.id, keys) for run, keys in open_runs(folder, CONFIG_ID)]


# --- It may only tighten ----------------------------------------------------------------------------------------------

DAY = "2026-12-01"


@pytest.fixture
def dated(tmp_path):
    """A group of which two leave on a day, and one of which a hundred do; both were applied, with that day shown."""
    world = test_recovery.World(tmp_path, test_recovery.TARGETS["marks and revisions"])
    world.guards = "guards: {removed_members: {refuse: {count: 1}}}\n"
    for name, leaving in (("few", 2), ("many", MIN_LEAVING)):
        people = [f"{name}{number}@example.com" for number in range(400)]
        world.define(name, *({"email": each, "until": DAY} for each in people[:leaving]), *people[leaving:])
    world.apply()
    return world


def refused_on_that_day(world):
    """Return which groups guards refuse to change once the day has come."""

    def work(project, backends):
        day = datetime.fromisoformat(f"{DAY}T12:00:00Z")
        project = load_project(load_config(world.root / "groupsync.yaml"), day)
        return engine.make_plan(project, backends, engine.Request(day))

    plan = world.at_target(work)
    assert ["few", "many"] == [each.name for each in plan.changes]
    return {each.name for each in plan.verdict.refusals}


def test_a_date_that_was_shown_exempts_nobody_unless_it_was_kept(dated):
    """By the whole journal both go; by what is told of it the hundred, whose date was kept, and not the two."""
    assert set() == refused_on_that_day(dated)
    withhold(dated.root / ".groupsync")
    assert {"few"} == refused_on_that_day(dated)


def test_a_withheld_run_is_no_proof_that_a_group_is_ours(tmp_path):
    """On a target without marks consent is asked for, as where there is no journal."""
    world = test_owns.World(tmp_path)
    world.define("g", test_owns.ADA)
    world.apply()
    folder = tmp_path / ".groupsync"
    (name,) = run_ids(folder)
    store = dict(read_outline(folder, name).identities)["there"]
    world.define("g", test_owns.BOB)
    assert {"g"} == groups_of_ours(folder, ConfigId.of("shop/groupsync.yaml"), "there", store)
    assert () == world.plan().verdict.refusals

    withhold(folder)
    assert set() == groups_of_ours(folder, ConfigId.of("shop/groupsync.yaml"), "there", store)
    assert ["adopt"] == [each.rule for each in world.plan().verdict.refusals]


@pytest.mark.parametrize(
    ("second", "is_ours"),
    [
        (change("g"), {"g"}),
        (change("g", Action.DELETE, add=0, remove=10), set()),
        (change("theirs", Action.RENAME, prior_name="g"), set()),
        (change("theirs", Action.ADOPT), {"g"}),
    ],
    ids=lambda value: getattr(value, "action", ""),
)
def test_a_withheld_run_takes_proof_away_and_gives_none(tmp_path, second, is_ours):
    """What a whole run proved stays so after an update of a withheld one, and is over after a deletion or a rename."""
    target = TargetState("local", "file", "r1", 3, 60, identity="file:1")
    kept = Journal(tmp_path / ".groupsync", tmp_path, keep=3, now=Clock(), config=CONFIG_ID)
    play(kept, plan_of(change("g", Action.CREATE), targets=(target,)), {"g": Outcome.APPLIED})
    run = play(kept, plan_of(second, targets=(target,)), {second.name: Outcome.APPLIED})
    withhold(tmp_path / ".groupsync", run)
    assert is_ours == groups_of_ours(tmp_path / ".groupsync", CONFIG_ID, "local", "file:1")


def test_what_a_withheld_run_did_is_not_told_by_an_earlier_one(tmp_path):
    """A run took somebody out, and a withheld one may have put them back: nobody says that the first was the last."""
    folder = tmp_path / ".groupsync"
    kept = Journal(folder, tmp_path, keep=3, now=Clock(), config=CONFIG_ID)
    target = TargetState("local", "file", "r1", 3, 60, identity="file:1")
    out, back = change("g", add=0, remove=2), change("g", add=2)
    now = plan_of(change("g", add=0, remove=2), targets=(target,))
    play(kept, plan_of(out, targets=(target,)), {"g": Outcome.APPLIED})
    assert {False} == set(read_past(folder, CONFIG_ID, now).members["local", "g"].values())

    run = play(kept, plan_of(back, targets=(target,)), {"g": Outcome.APPLIED})
    withhold(folder, run)
    unread = []
    assert {} == read_past(folder, CONFIG_ID, now, unread).members
    assert [] == unread
