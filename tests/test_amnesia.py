"""A year of runs by runners that remember nothing: all local files are gone before each, and a bare repository is not.

Lists and loads of customers change, somebody changes targets by hand, dates pass, loads come in cut, runners die at any
write, and two of them get in each other's way. After each run what the target holds is held against the limits that are
written; and a copy of the world proves that the run can be taken back, by a fresh clone that has the key. 50 runs;
`GROUPSYNC_WHOLE_ROUNDS=1` plays 1,000.
"""

from __future__ import annotations

import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

from groupsync.cli import run as typed_command
from tests import clock
from tests.clones import ENVIRONMENT, git

RUNS = 1_000 if os.environ.get("GROUPSYNC_WHOLE_ROUNDS") else 50
START = datetime(2027, 1, 4, 8, tzinfo=UTC)
BETWEEN = timedelta(days=365) / 1_000
CHILD = Path(__file__).parent / "amnesia_child.py"
MOST_REMOVED = 0.12
FLOOR = 12
MOST_SHRUNK = 0.10
CONFIG = f"""\
version: 1
project: shop
definitions: [groups/*.yaml]
targets:
  local: {{plugin: file, path: state/}}
sources:
  customers:
    plugin: ibis
    url: duckdb://
    table: data/customers.csv
    id: email
    max_shrink: {{percent: {MOST_SHRUNK * 100:g}}}
guards:
  removed_over: {{days: 7, refuse: {{percent: {MOST_REMOVED * 100:g}, floor: {FLOOR}}}}}
  removed_in_run: {{refuse: off}}
journal: {{store: git, key: "${{env:JOURNAL_KEY}}", keep: 200}}
"""
UNGUARDED = """\
guards:
  removed_over: {refuse: off, warn: off}
  removed_in_run: {refuse: off}
  removed_members: {refuse: off}
  emptied_group: off
  deleted_groups: {refuse: off}
  lost_every_group: {refuse: off}
"""


class World:
    """The project as it is on `main`, the target, the remote, and the clock."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.random = random.Random(2026)
        self.monkeypatch = monkeypatch
        self.now = START
        self.count = 0
        self.beta = {f"beta{number:03}@example.com" for number in range(90)}
        self.opted_out = {f"beta{number:03}@example.com" for number in range(0, 90, 9)}
        self.dated = {}
        self.customers = {f"c{number:03}@example.com": number % 100 for number in range(300)}
        self.load = set(self.customers)
        git(folder, "init", "--quiet", "--bare", "remote.git")
        git(folder / "remote.git", "config", "receive.autogc", "false")  # it would tidy while the world is copied

    # --- What happens to the project ----------------------------------------------------------------------------------

    def edit(self):
        """Change a list, a date, or who spends what."""
        chance, number = self.random, self.count
        match chance.randrange(6):
            case 0:
                self.beta |= {f"new{number:04}-{each}@example.com" for each in range(chance.randrange(1, 12))}
            case 1:
                self.beta -= set(chance.sample(sorted(self.beta), chance.randrange(1, 9)))
            case 2:
                self.opted_out ^= set(chance.sample(sorted(self.beta | self.opted_out), chance.randrange(1, 4)))
            case 3:
                until = self.now + timedelta(days=chance.randrange(1, 9))
                self.dated |= {f"guest{number:04}-{each}@example.com": until for each in range(chance.randrange(1, 4))}
            case 4:
                for each in chance.sample(sorted(self.customers), 5):
                    self.customers[each] = chance.randrange(100)
            case _:
                self.customers |= {f"c{number:04}-{each}@example.com": chance.randrange(100) for each in range(3)}

    def revert(self, held):
        """Write in the lists what the target holds, as somebody does whose edit was refused."""
        self.beta = set(held["beta"])
        self.opted_out = set(held["opted-out"])

    def deliver(self):
        """Load the customers, now and then cut by 1 to 30 %."""
        everybody = sorted(self.customers)
        cut = self.random.uniform(0.01, 0.30) if self.random.random() < 0.25 else 0
        self.load = set(self.random.sample(everybody, round(len(everybody) * (1 - cut))))

    def drift(self):
        """Add or take away somebody by hand."""
        path = self.folder / "state/groups/beta.txt"
        names = path.read_text().splitlines()
        names.remove(self.random.choice(names))
        path.write_text("".join(f"{name}\n" for name in sorted([*names, f"hand{self.count:04}@example.com"])))

    def files(self):
        timed = "".join(
            f"\n  - {{email: {name}, until: '{until:%Y-%m-%dT%H:%M:%SZ}'}}" for name, until in self.dated.items()
        )
        listed = "".join(f"\n  - {name}" for name in sorted(self.opted_out))
        return {
            "groupsync.yaml": CONFIG,
            "members/beta.txt": "".join(f"{name}\n" for name in sorted(self.beta)),
            "data/customers.csv": "email,spend\n"
            + "".join(f"{name},{self.customers[name]}\n" for name in sorted(self.load)),
            "groups/beta.yaml": "kind: known-user-group\nname: beta\nmembers_from: [{path: ../members/beta.txt}]\n",
            "groups/opted-out.yaml": f"kind: known-user-group\nname: opted-out\nmembers:{listed or ' []'}\n",
            "groups/crew.yaml": "kind: known-user-group\nname: crew\ninclude: [beta]\nexclude: [opted-out]\n",
            "groups/guests.yaml": f"kind: known-user-group\nname: guests\nmembers:\n  - host@example.com{timed}\n",
            "groups/spenders.yaml": (
                "kind: segment\nname: spenders\nsource: customers\nwhere: {spend: {gte: 50}}\nexclude: [opted-out]\n"
            ),
        }

    # --- Runners ------------------------------------------------------------------------------------------------------

    def runner(self, remote="remote.git"):
        """Return a folder that has what `main` has, and nothing else."""
        folder = self.folder / "runner"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        git(folder, "init", "--quiet")
        git(folder, "remote", "add", "origin", str(self.folder / remote))
        for name, text in self.files().items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        return folder

    def run(self, *arguments, folder=None, state="state"):
        """Type a command on a fresh runner; return its exit code and what it said."""
        folder = folder or self.runner()
        self.monkeypatch.chdir(folder)
        self.move(state, folder)
        said = io.StringIO()
        try:
            with redirect_stdout(said), redirect_stderr(said):
                code = typed_command(arguments)
        finally:
            self.move_back(state, folder)
        return code, said.getvalue()

    def die(self, step, *arguments):
        """Type a command on a fresh runner that dies at a step of it; tell whether it came so far."""
        folder = self.runner()
        self.move("state", folder)
        environment = {**os.environ, "PYTHONPATH": clock.python_path(str(CHILD.parents[1]))}
        child = [sys.executable, CHILD, str(step), *arguments]
        done = subprocess.run(child, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        self.move_back("state", folder)
        assert done.returncode in {0, 3, 4, -signal.SIGKILL}, done.stderr
        return done.returncode == -signal.SIGKILL

    def move(self, state, folder):
        if (self.folder / state).exists():
            (self.folder / state).rename(folder / "state")

    def move_back(self, state, folder):
        if (folder / "state").exists():
            (folder / "state").rename(self.folder / state)

    def tick(self):
        self.count += 1
        self.now += BETWEEN
        clock.set_to(self.now, self.monkeypatch)

    def held(self, state="state"):
        """Return who is in which group."""
        found = (self.folder / state / "groups").glob("*.txt")
        return {path.stem: frozenset(path.read_text().split()) for path in found}


class Ledger:
    """What was taken out of groups, as somebody notes it who looks at the target alone."""

    def __init__(self):
        self.removed = []
        self.worst = 0.0

    def note(self, world, before, said=""):
        """Note what went since; no group, and not the target, may lose more within seven days than is written."""
        after = world.held()
        expired = {each for each, until in world.dated.items() if until <= world.now}
        for name, members in before.items():
            gone = len(members - after.get(name, frozenset()) - expired)
            self.removed.append((world.now, name, gone, len(members | after.get(name, frozenset()))))
        since = world.now - timedelta(days=7)
        self.removed = [each for each in self.removed if each[0] > since]
        by_name = {name: [each for each in self.removed if each[1] == name] for name in before}
        most = {name: max(size for *_, size in noted) for name, noted in by_name.items()}
        by_name[""], most[""] = self.removed, sum(most.values())
        for name, noted in by_name.items():
            gone = sum(count for *_, count, _ in noted)
            assert gone <= max(FLOOR, MOST_REMOVED * most[name]), (name, gone, most[name], said)
            self.worst = max(self.worst, gone / max(FLOOR, MOST_REMOVED * most[name]))
        return after


class Year:
    """What runners do in a world, and what came of it."""

    def __init__(self, world):
        self.world = world
        self.ledger = Ledger()
        self.told = Counter()
        self.believed = 0

    def day(self):
        """Let things happen, and a runner apply what comes of them."""
        world, chance = self.world, self.world.random
        world.tick()
        for _ in range(chance.randrange(3)):
            world.edit()
        world.deliver()
        kind = chance.random() if world.held() else 0.5
        if kind < 0.15:
            world.drift()
            self.told["drifts"] += 1
        elif kind < 0.25:
            self.overtaken()
            return
        elif kind > 0.88:
            self.die()
        arguments = ["apply", "--yes"]
        if "cut short" in world.run("plan")[1] and chance.random() < 0.5:
            arguments = ["apply", "--resume", "--yes"]
            self.told["resumed"] += 1
        self.apply(*arguments)

    def overtaken(self):
        """Apply what was planned before somebody else applied something."""
        saved = str(self.world.folder / "saved.plan")
        self.world.run("plan", "--out", saved)
        self.world.edit()
        self.apply("apply", "--yes")
        self.apply("apply", saved, "--yes")
        self.told["overtaken"] += 1

    def die(self):
        """Apply, and die at some step of it."""
        before = self.world.held()
        self.told["died"] += self.world.die(self.world.random.randrange(40, 330), "apply", "--yes")
        self.ledger.note(self.world, before)

    def apply(self, *arguments):
        """Apply, hold what came of it against what is written, and take it back in a copy."""
        world, before = self.world, self.world.held()
        code, said = world.run(*arguments)
        after = self.ledger.note(world, before, said)
        assert code in {0, 3, 4}, said
        assert "No earlier run is known" not in said, said
        self.told[f"exit {code}"] += 1
        if arguments == ("apply", "--yes"):
            self.judge_load(before, after, said)
        if after != before:
            _take_back(world, before)
            self.told["taken back"] += 1
        if code == 3:
            self.settle(arguments, after, said)

    def judge_load(self, before, after, said):
        """A load that is cut by more than is written changes nothing, whoever looks."""
        if len(self.world.load) < self.believed * (1 - MOST_SHRUNK):
            self.told["cut loads refused"] += 1
            assert "max_shrink" in said, said
            assert before.get("spenders") == after.get("spenders")
        elif "max_shrink" not in said:
            self.believed = len(self.world.load)

    def settle(self, arguments, held, said):
        """Take back the edit, or consent to what was refused; now and then."""
        chance = self.world.random.random()
        allowed = re.findall(r"--allow '([^']+)'", re.sub(r"\n\s+", " ", said))
        if chance < 0.3:
            self.world.revert(held)
            self.told["edits reverted"] += 1
        elif chance < 0.6 and allowed and arguments == ("apply", "--yes"):
            code, said = self.world.run("apply", "--yes", *(f"--allow={each}" for each in allowed))
            assert code in {0, 3, 4}, said
            self.told["exceptions allowed"] += 1
            self.ledger.removed.clear()  # somebody consented: counted anew here, and not by the guard


def test_a_year_of_runners_that_remember_nothing(tmp_path, monkeypatch, tell):
    """No guard is silent, nobody is lost beyond the limits that are written, and each run can be taken back."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    year = Year(World(tmp_path, monkeypatch))
    for _ in range(RUNS):
        year.day()
    told = {**year.told, "% of a limit reached": round(100 * year.ledger.worst)}
    tell(
        f"{RUNS} runs of runners that remember nothing: {', '.join(f'{n} {what}' for what, n in sorted(told.items()))}"
    )
    assert told["died"]
    assert told["cut loads refused"]
    assert told["exceptions allowed"]
    assert told["taken back"] > RUNS / 4


def _take_back(world, before):
    """Take the last run back in a copy of the world; it is as before, but for those who were brought in by hand."""
    shutil.rmtree(world.folder / "copy", ignore_errors=True)
    shutil.rmtree(world.folder / "copy.git", ignore_errors=True)
    shutil.copytree(world.folder / "state", world.folder / "copy")
    shutil.copytree(world.folder / "remote.git", world.folder / "copy.git")
    folder = world.runner("copy.git")
    (folder / "groupsync.yaml").write_text(
        CONFIG.partition("guards:")[0] + UNGUARDED + "journal:" + CONFIG.partition("journal:")[2]
    )
    code, said = world.run("undo", "last", "--yes", folder=folder, state="copy")
    assert code == 0, said
    assert before == world.held("copy")
