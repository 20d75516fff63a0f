"""Two hundred groups that are to change, on a server behind a proxy; and what is counted while requests go wrong.

A membership is lost if it was there, should stay and is gone, or if it should be there in the end and is not; it is
unintended if it neither was there nor should be.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from groupsync import engine
from groupsync.config import load_config
from groupsync.connect import open_targets
from groupsync.errors import BackendError
from groupsync.journal import APPLYING, Journal, Purpose
from groupsync.model import RunKind
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.recovery import find_resumption
from groupsync.retry import Retries, RetryPolicy
from tests.servers import faults
from tests.servers.shop import write_config, write_groups

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PEOPLE = [f"person-{number:03}@example.com" for number in range(60)]
PAGE = 40
"""So that 200 groups are several pages, which can come twice or not at all."""
COUNTS = {"update": 130, "create": 30, "delete": 30, "rename": 10}
FAULTS = list(faults.EVERYWHERE)
PATIENCE = 20
"""How often a command is given again; a change takes three requests at the most, each of which fails once."""


@dataclass(frozen=True)
class Kind:
    """A kind of server that requests go wrong on.

    Attributes:
        fixture: that starts one.
        target: the target's configuration, besides `url` and `auth`.
        settings: the server's own.
    """

    fixture: str
    target: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)


KINDS = [
    Kind("group_service", {"plugin": "rest", "profile": "groupsync", "timeout_seconds": 0.3}, {"page": PAGE}),
    # It never takes as long: a create that is given up while it is still under way, and tried again, can make a second
    # group of the same name, which SCIM allows. The backend tells, and leaves both alone.
    Kind(
        "scim2_server",
        {
            "plugin": "scim",
            "page_size": PAGE,
            "owns": {"ledger": "there.jsonl"},
            "timeout_seconds": 2,
            "max_in_flight": 16,
        },
    ),
]


def those(*numbers):
    return {PEOPLE[number % len(PEOPLE)] for number in numbers}


def names_of(kind):
    return [f"{kind}-{number:03}" for number in range(COUNTS[kind])]


def before():
    """Give who is in which group before: those to be renamed under their old names."""
    found = {name: those(n, n + 1, n + 2) for kind in ("update", "delete") for n, name in enumerate(names_of(kind))}
    return found | {f"old-{name}": those(n, n + 1) for n, name in enumerate(names_of("rename"))}


def wanted():
    """Give who is to be in which group: each update and rename adds somebody and removes somebody."""
    found = {name: those(n + 1, n + 2, n + 3) for n, name in enumerate(names_of("update"))}
    found |= {name: those(n, n + 2, n + 4) for n, name in enumerate(names_of("create"))}
    return found | {name: those(n + 1, n + 2) for n, name in enumerate(names_of("rename"))}


def pairs(groups):
    """Return who is in which group, as pairs; a group that is to be renamed goes by its new name."""
    return {(name.removeprefix("old-"), member) for name, members in groups.items() for member in members}


def patience():
    """Make retries that are many and never wait."""
    return Retries(RetryPolicy(attempts=50, run_retries=100_000), sleep=lambda seconds: False, chance=lambda: 0.0)


class OneWrite(Retries):
    """Retries of reads alone: a write that fails is for a resume to do."""

    def __init__(self):
        super().__init__(RetryPolicy(attempts=1))
        self._reads = patience()

    def call(self, work):
        return self._reads.call(work)


class Ledger:
    """What is counted over all applies of a test."""

    def __init__(self):
        self.lost, self.unintended = set(), set()
        self.faults, self.outcomes = Counter(), Counter()
        self.met = defaultdict(set)
        self.runs = self.proven = 0

    def count(self, mischief):
        """Add what went wrong in a turn."""
        for text, name in mischief.met:
            self.faults[name] += 1
            if not text.startswith("GET"):
                self.met[text].add(name)

    def met_all(self):
        """Return how many requests had every fault."""
        return sum(len(kinds) == len(FAULTS) for kinds in self.met.values())

    def told(self, what):
        kinds = ", ".join(f"{count:,} {name}" for name, count in sorted(self.faults.items()))
        ends = ", ".join(f"{count:,} {name}" for name, count in sorted(self.outcomes.items()))
        return (
            f"{what}: {self.faults.total():,} faults ({kinds})\n"
            f"  {self.met_all():,} writes had every fault; {self.runs} runs: {ends}; {self.proven:,} proven done\n"
            f"  {len(self.lost)} memberships lost, {len(self.unintended)} unintended"
        )


class World:
    """A project, and a server behind a proxy."""

    def __init__(self, folder, server, proxy, target):
        self.folder, self.server, self.proxy, self.target = folder, server, proxy, target
        self.before, self.wanted = before(), wanted()
        server.hand.add_people(PEOPLE)

    def define(self, groups, previously, **options):
        """Write what is wanted; `previously` gives old names by new ones, `options` are of the target."""
        write_config(self.folder, self.server, self.proxy.url, {**self.target, **options})
        more = {name.replace("-", "_"): {"previously": [old]} for name, old in previously.items()}
        write_groups(self.folder, groups, **more)
        self.project = load_project(load_config(self.folder / "groupsync.yaml"), NOW)

    def reset(self):
        """Make the server hold what is there before, by way of groupsync, with nothing going wrong; define the rest."""
        self.proxy.reset()
        renamed = {name: f"old-{name}" for name in names_of("rename")}
        self.define(self.before, {old: new for new, old in renamed.items()}, timeout_seconds=60)
        with self.open() as backends:
            self.carry_out(self.plan(backends), backends, patience())
        assert self.before == self.server.hand.memberships()
        self.define(self.wanted, renamed)

    def open(self):
        return open_targets(self.project.config, Plugins.discover(), to_write=True)

    def plan(self, backends, retry=None):
        return engine.make_plan(self.project, backends, engine.Request(NOW, retry=retry or patience()))

    def carry_out(self, plan, backends, retry, purpose=APPLYING, settled=()):
        journal = Journal.of(self.project.config)
        return engine.apply_plan(
            self.project, plan, backends, journal=journal, purpose=purpose, settled=dict(settled), retry=retry
        )

    def apply(self, ledger, mischief):
        """Do as `groupsync apply` does; from the first write on there is mischief."""
        with self.open() as backends:
            plan = self.plan(backends)
            assert COUNTS == Counter(change.action.value for change in plan.changes)
            self.proxy.choose = mischief
            self.note(self.carry_out(plan, backends, OneWrite()), ledger)

    def resume(self, ledger):
        """Do as `groupsync apply --resume` does; tell whether there was something to go on with."""
        with self.open() as backends:
            found = find_resumption(self.project, backends, patience())
            if found is None:
                return False
            ledger.proven += len(found.proven)
            purpose = Purpose(RunKind.RESUME, found.run.id)
            self.note(self.carry_out(found.plan, backends, OneWrite(), purpose, found.proven), ledger)
            return True

    def note(self, report, ledger):
        """Count what became of changes, and hold what is there now against what was and what shall be."""
        ledger.runs += 1
        ledger.outcomes.update(result.outcome.value for result in report.results)
        now, was, shall = pairs(self.server.hand.memberships()), pairs(self.before), pairs(self.wanted)
        ledger.lost |= (was & shall) - now
        ledger.unintended |= now - was - shall

    def check_in_the_end(self, ledger):
        """Hold what is there against what shall be; nothing is left to do."""
        self.proxy.reset()
        now = self.server.hand.memberships()
        ledger.lost |= pairs(self.wanted) - pairs(now)
        ledger.unintended |= pairs(now) - pairs(self.wanted)
        assert self.wanted == now
        with self.open() as backends:
            assert () == self.plan(backends).changes

    def insist(self, command, ledger):
        """Give a command again as long as it ends with an error."""
        for _ in range(PATIENCE):
            try:
                return command(ledger)
            except BackendError as error:
                ledger.outcomes["commands that ended with an error"] += 1
                last = error
        raise last


class Mischief:
    """Lets every request go wrong the first time it is made, each in another way with each turn.

    Attributes:
        met: which faults each request had, by what it says; groups are named in there, whatever their ids.
    """

    def __init__(self, server, turn, kinds=faults.EVERYWHERE):
        self._turn, self._kinds = turn, kinds
        self._names = server.hand.names()
        self._seen = set()
        self.met = []

    def __call__(self, call):
        text = f"{call.method} {call.path} {call.body.decode()}"
        if text in self._seen:
            return None
        self._seen.add(text)
        for id_, name in self._names.items():
            text = text.replace(id_, name)
        names = list(self._kinds)
        name = names[(zlib.crc32(text.encode()) + self._turn) % len(names)]
        self.met.append((text, name))
        return self._kinds[name]
