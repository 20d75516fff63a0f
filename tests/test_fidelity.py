"""What a plan shows is what an apply does, or the report says where not.

Random projects, built on each other, drift, limits, selections and faults: after each apply the journal, the report and
what the target holds are held against the plan that was shown. `GROUPSYNC_WHOLE_ROUNDS=1` plays 10,000 worlds.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta

from groupsync import engine
from groupsync.config import load_config
from groupsync.errors import BackendError, GroupsyncError
from groupsync.facade import checked
from groupsync.journal import Journal
from groupsync.journal_read import find_run
from groupsync.links import bases_of
from groupsync.model import DOUBTED, Action, Outcome
from groupsync.project import load_project
from groupsync.report.json import render_plan_json
from groupsync.retry import Retries, RetryPolicy
from groupsync.scope import Selection
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore

WORLDS = 10_000 if os.environ.get("GROUPSYNC_WHOLE_ROUNDS") else 500
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = [f"g{number}" for number in range(6)]
PEOPLE = [f"person-{number:02}@example.com" for number in range(30)]
TARGETS = ["here", "there"]


class World:
    """One project and its two targets, drawn from a seed."""

    def __init__(self, root, seed):
        self.random = random.Random(seed)
        self.root = root
        self.stores = {name: MemoryStore() for name in TARGETS}
        self.now = NOW
        (root / "groups").mkdir(parents=True)

    def write(self):
        """Write definitions anew: who belongs, what they are built on, which of them there are."""
        chance = self.random
        limit = chance.choice(["{percent: 20, floor: 5}", "{percent: 50, floor: 2}", "off"])
        (self.root / "groupsync.yaml").write_text(
            "version: 1\nproject: shop\ndefinitions: [groups/*.yaml]\n"
            "targets: {here: {plugin: memory}, there: {plugin: memory}}\n"
            f"guards: {{removed_members: {{refuse: {limit}}}, deleted_groups: {{refuse: off}}}}\n"
        )
        documents = []
        for number, name in enumerate(NAMES):
            if chance.random() < 0.15:
                continue
            day = (NOW + timedelta(days=chance.randrange(1, 5))).isoformat()
            members = [
                {"email": each, "until": day} if chance.random() < 0.1 else each
                for each in chance.sample(PEOPLE, chance.randrange(0, 20))
            ]
            document = {"kind": "known-user-group", "name": name, "members": members}
            earlier = [each["name"] for each in documents[:number]]
            for role in ("include", "exclude"):
                if earlier and chance.random() < 0.4:
                    document[role] = [chance.choice(earlier)]
            if chance.random() < 0.2:
                document["targets"] = [chance.choice(TARGETS)]
            documents.append(document)
        (self.root / "groups" / "all.yaml").write_text("\n---\n".join(map(json.dumps, documents)) or "# none\n")

    def disturb(self):
        """Let somebody change groups by hand, and let the target fail at some call."""
        chance = self.random
        for store in self.stores.values():
            for name in sorted(store.groups):
                if chance.random() < 0.1:
                    store.set_members(name, chance.sample(PEOPLE, chance.randrange(0, 20)))
            if chance.random() < 0.3:
                nth, after = chance.randrange(1, 4), chance.random() < 0.5
                error = BackendError("out of order", retryable=False)
                store.fail("apply", nth, after_write=after, error=error)

    def backends(self):
        return {name: checked(MemoryBackend, "groupsync", "0")(MemoryBackend(self.stores[name])) for name in TARGETS}

    def held(self):
        return {
            (target, name): frozenset(group.members.load())
            for target, store in self.stores.items()
            for name, group in store.groups.items()
        }

    def plan(self):
        project = load_project(load_config(self.root / "groupsync.yaml"), self.now)
        picks = Selection((self.random.choice(NAMES),)) if self.random.random() < 0.2 else Selection()
        request = engine.Request(self.now, selection=picks, may_be_empty=True)
        return project, engine.make_plan(project, self.backends(), request)


def after(change, before):
    """Return whom a group has once a change was carried out; None where it is gone."""
    if change.action is Action.DELETE:
        return None
    prior = before.get((change.target, change.prior_name or change.name), frozenset())
    return (prior - change.remove.load()) | change.add.load()


def check(plan, report, before, held, run, counts):
    """Hold what was done against what was shown."""
    entries = {entry.key: entry for entry in run.entries} if run else {}
    touched = {change.key for change in plan.changes} | {(each.target, each.prior_name) for each in plan.changes}
    assert {key: who for key, who in before.items() if key not in touched} == {
        key: who for key, who in held.items() if key not in touched
    }, "a group that is in no plan was changed"
    results = {(result.target, result.name): result for result in report.results}
    assert results.keys() == {change.key for change in plan.changes}
    for change in plan.changes:
        result = results[change.key]
        counts[result.outcome.value] += 1
        assert entries[change.key].outcome is result.outcome
        is_refused = plan.verdict.refusal_of(change) is not None
        assert is_refused == (result.outcome is Outcome.REFUSED)
        if result.outcome is Outcome.APPLIED:
            assert after(change, before) == held.get(change.key)
            assert (change.add.count, change.remove.count) == (result.added, result.removed)
        elif result.outcome in DOUBTED or result.outcome is Outcome.FAILED:
            assert result.error
        else:
            assert before.get(change.key) == held.get(change.key), "what was not tried was changed"
            assert result.error
    check_bases(plan, results)


def check_bases(plan, results):
    """See that nobody is moved in a group that is built on one in which a move failed on the same target."""
    moved = {change.key for change in plan.changes if change.touches_members and change.action is not Action.DELETE}
    built_on = {link.name: link.built_on for link in plan.links}
    bad = {key for key in moved if results[key].outcome in {Outcome.FAILED, Outcome.STALE}}
    for target, name in moved:
        if any((target, base) in bad for base in bases_of(built_on, [name])):
            assert results[target, name].outcome is not Outcome.APPLIED, (target, name)


def test_what_a_plan_shows_is_what_an_apply_does(tmp_path, monkeypatch, tell):
    """In each world, each apply does what its plan showed, and the journal and the report say so, faults included."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    counts, applies = Counter(), 0
    for seed in range(WORLDS):
        world = World(tmp_path / str(seed), seed)
        for _ in range(3):
            world.write()
            try:
                project, plan = world.plan()
            except GroupsyncError as error:
                counts[type(error).__name__] += 1
                continue
            json.loads(render_plan_json(plan))
            world.disturb() if world.random.random() < 0.3 else None
            before = world.held()
            retry = Retries(RetryPolicy(attempts=1), sleep=lambda seconds: False, chance=lambda: 0.0)
            report = engine.apply_plan(project, plan, world.backends(), journal=Journal.of(project.config), retry=retry)
            run = find_run(project.config.journal, project.config.id, report.run) if report.run else None
            check(plan, report, before, world.held(), run, counts)
            applies += 1
            world.now += timedelta(days=1)
        shutil.rmtree(world.root)
    assert counts[Outcome.APPLIED.value] > WORLDS
    assert counts[Outcome.REFUSED.value] > WORLDS // 10
    told = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
    tell(f"plan and apply agree in {WORLDS:,} worlds with {applies:,} applies: {told}")
