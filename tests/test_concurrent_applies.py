"""Eight applies at once on one target: no update is lost, nobody waits for ever, and each tells the truth.

The eight are processes of their own, with configs of their own over one folder of state. How they meet is up to the
machine; what is asserted holds however they do.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

import pytest

from groupsync.errors import ExitCode

EIGHT = range(8)
BASE = ["ada@example.com", "bob@example.com"]
CONFIG = """\
version: 1
project: shop
definitions: [groups-NUMBER/*.yaml]
targets: {there: {plugin: file, path: state/}}
"""
PATIENCE_SECONDS = 300
"""No process takes nearly as long; one that does is in a deadlock."""


@dataclass(frozen=True)
class Done:
    """What one process had to say."""

    number: int
    code: int
    report: dict
    err: str

    def outcomes(self):
        return {each["name"]: each["outcome"] for each in self.report.get("results", ())}


class Shop:
    """One folder with a config for each of eight people, all of one project and one target."""

    def __init__(self, folder):
        self.folder = folder
        for number in EIGHT:
            config = f"version: 1\nproject: shop\ndefinitions: [groups-{number}/*.yaml]\n"
            (folder / f"config-{number}.yaml").write_text(
                f"{config}targets: {{there: {{plugin: file, path: state/}}}}\n"
            )
            (folder / f"groups-{number}").mkdir()

    def define(self, number, *, mode="authoritative", groups=None):
        """Write what one of them wants: by name of group, its members."""
        texts = (
            f"kind: known-user-group\nname: {name}\nlifecycle: {{mode: {mode}}}\nmembers: {json.dumps(members)}\n"
            for name, members in groups.items()
        )
        (self.folder / f"groups-{number}" / "a.yaml").write_text("---\n".join(texts))

    def start(self, number, *arguments):
        typed = [sys.executable, "-m", "groupsync", *arguments, "--config", f"config-{number}.yaml"]
        return subprocess.Popen(typed, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def all_at_once(self, commands):
        """Run commands at the same time, by number; return what became of each."""
        running = {number: self.start(number, *typed) for number, typed in commands.items()}
        found = {}
        for number, process in running.items():
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
            assert "Traceback" not in err, err
            found[number] = Done(number, process.returncode, json.loads(out) if out.strip() else {}, err)
        return found

    def run(self, number, *arguments):
        done = self.start(number, *arguments)
        _, err = done.communicate(timeout=PATIENCE_SECONDS)
        assert ExitCode.OK == done.returncode, err

    def members(self, name):
        return set((self.folder / "state" / "groups" / f"{name}.txt").read_text().split())


@pytest.fixture
def shop(tmp_path):
    """Begin with `shared` and one group of each one's own."""
    made = Shop(tmp_path)
    everything = {"shared": BASE} | {f"own-{number}": BASE for number in EIGHT}
    made.define(0, groups=everything)
    made.run(0, "apply", "--yes")
    return made


def person(number):
    return f"p{number}@example.com"


def met(what, done):
    """Say how the eight met; it is different each time."""
    codes = Counter(ExitCode(each.code).name for each in done)
    return f"{what}: " + ", ".join(f"{count} ended with {code}" for code, count in sorted(codes.items()))


def check_told(done, wanted):
    """Hold what a process says against the meaning of its exit code."""
    outcomes = done.outcomes()
    match done.code:
        case ExitCode.OK:
            assert set(outcomes.values()) <= {"applied"}, outcomes
        case ExitCode.INCOMPLETE:
            moved_while_read = "GS605" in done.err
            assert moved_while_read or {"stale", "not-converged", "changed-since"} & set(outcomes.values()), done
        case ExitCode.ERROR:
            assert not outcomes
            assert "lock" in done.err, done.err
        case other:
            pytest.fail(f"exit code {other}: {done.err}")
    assert set(outcomes) <= wanted


def test_what_eight_add_at_once_is_all_there_in_the_end(shop, tell):
    """Eight add somebody else to the same group, and change a group of their own; who is turned away comes again."""
    waiting, everything = set(EIGHT), []
    for number in EIGHT:
        groups = {"shared": [person(number)], f"own-{number}": [*BASE, person(number)]}
        shop.define(number, mode="additive", groups=groups)
    rounds = 0
    while waiting:
        rounds += 1
        typed = {n: ["apply", "--yes", "--format", "json", "-s", "shared", "-s", f"own-{n}"] for n in waiting}
        done = shop.all_at_once(typed)
        everything += done.values()
        for each in done.values():
            check_told(each, {"shared", f"own-{each.number}"})
            for name, outcome in each.outcomes().items():
                assert outcome != "applied" or person(each.number) in shop.members(name), (name, each)
        served = {each.number for each in done.values() if each.code == ExitCode.OK}
        assert served, [each.err for each in done.values()]
        waiting -= served
    tell(met(f"eight who add, in {rounds} rounds", everything))
    assert rounds <= len(EIGHT)
    assert {*BASE, *map(person, EIGHT)} == shop.members("shared")
    for number in EIGHT:
        assert {*BASE, person(number)} == shop.members(f"own-{number}")


def test_of_eight_plans_for_one_group_just_one_is_applied(shop, tell):
    """Eight plans were saved against the same state: one of them wins, the others are stale or locked out."""
    for number in EIGHT:
        shop.define(number, groups={"shared": [*BASE, person(number)]})
        shop.run(number, "plan", "-s", "shared", "--out", f"{number}.plan")
    done = shop.all_at_once({n: ["apply", f"{n}.plan", "--yes", "--format", "json"] for n in EIGHT})

    for each in done.values():
        check_told(each, {"shared"})
    tell(met("eight plans for one group", done.values()))
    winners = [each.number for each in done.values() if each.code == ExitCode.OK]
    assert 1 == len(winners), [(each.code, each.err) for each in done.values()]
    assert {*BASE, person(winners[0])} == shop.members("shared")
    late = shop.all_at_once({n: ["apply", f"{n}.plan", "--yes", "--format", "json"] for n in EIGHT if n not in winners})
    assert {person(winners[0]), *BASE} == shop.members("shared")
    assert {ExitCode.INCOMPLETE, ExitCode.ERROR} >= {each.code for each in late.values()}


def test_eight_with_different_minds_leave_what_one_of_them_wanted(shop, tell):
    """Each wants the shared group its own way: it is never a mixture, and it is one that was reported as applied."""
    for number in EIGHT:
        shop.define(number, groups={"shared": [*BASE, person(number)]})
    before = {name: shop.members(name) for name in [f"own-{number}" for number in EIGHT]}
    done = shop.all_at_once({n: ["apply", "--yes", "--format", "json", "-s", "shared"] for n in EIGHT})

    for each in done.values():
        check_told(each, {"shared"})
    tell(met("eight with different minds", done.values()))
    applied = [each.number for each in done.values() if each.outcomes().get("shared") == "applied"]
    assert shop.members("shared") in [{*BASE, person(number)} for number in applied]
    assert before == {name: shop.members(name) for name in before}
    shop.run(applied[0], "apply", "--yes", "-s", "shared")
    assert {*BASE, person(applied[0])} == shop.members("shared")
