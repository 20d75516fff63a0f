"""Whoever comes second is judged by what the first one did, also where both looked before either of them began."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout

import pytest

from groupsync import engine
from groupsync.cli import run
from tests.clones import CONFIG, ENVIRONMENT, Repository, listed, people

GUARD = "guards: {removed_over: {days: 7, refuse: {count: 6, floor: 6}}}\n"
STORES = {"folder": "journal: .groupsync/\n", "git": 'journal: {store: git, key: "${env:JOURNAL_KEY}"}\n'}


class Race:
    """A project of which two are about to apply something."""

    def __init__(self, repository, store, monkeypatch):
        self.repository = repository
        self.monkeypatch = monkeypatch
        self.one = repository.clone()
        self.other = self.one if store == "folder" else repository.clone()

    def typed(self, *arguments, folder=None):
        said = io.StringIO()
        self.monkeypatch.chdir(folder or self.one)
        with self.repository.state_in(folder or self.one), redirect_stdout(said), redirect_stderr(said):
            code = run(arguments)
        return code, said.getvalue()

    def overtaken(self, *arguments, by):
        """Type a command that another one overtakes when it is about to begin."""
        apply_plan, others = engine.apply_plan, iter([by])
        found = []

        def second(*args, **more):
            first = next(others, None)
            if first:
                (self.one / "state").rename(self.repository.folder / "state")
                found.append(self.typed(*first, folder=self.other))
                self.monkeypatch.chdir(self.one)
                (self.repository.folder / "state").rename(self.one / "state")
            return apply_plan(*args, **more)

        with self.monkeypatch.context() as patch:
            patch.setattr(engine, "apply_plan", second)
            return *self.typed(*arguments), *found


@pytest.fixture(params=STORES)
def race(tmp_path, monkeypatch, request):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    config = CONFIG.partition("journal:")[0] + STORES[request.param] + GUARD
    repository = Repository(tmp_path, {"groupsync.yaml": config, **listed(x=people(0, 40), y=people(100, 140))})
    made = Race(repository, request.param, monkeypatch)
    assert 0 == made.typed("apply", "--yes")[0]
    repository.merge(listed(x=people(4, 40), y=people(104, 140)))
    for clone in {made.one, made.other}:
        for name in ("x", "y"):
            (clone / f"groups/{name}.yaml").write_text((repository.work / f"groups/{name}.yaml").read_text())
    return made


def test_two_who_each_stay_within_a_limit_don_t_go_past_it_together(race):
    """The second one is refused what the first one left no room for; nothing of it is done."""
    code, said, first = race.overtaken("apply", "--yes", "--select", "x", by=["apply", "--yes", "--select", "y"])
    assert 0 == first[0], first[1]
    assert 3 == code
    assert "Another run came first, so the plan is judged again" in said
    assert "within 7 days" in said
    assert 40 == len((race.repository.folder / "state/groups/x.txt").read_text().split())
    assert 36 == len((race.repository.folder / "state/groups/y.txt").read_text().split())


def test_where_nothing_speaks_against_it_the_second_goes_on(race):
    """Nobody has to type it again."""
    code, said, first = race.overtaken(
        "apply", "--yes", "--select", "x", by=["apply", "--yes", "--select", "nobody", "--allow-empty-selection"]
    )
    assert (0, 0) == (code, first[0]), said
    assert 36 == len((race.repository.folder / "state/groups/x.txt").read_text().split())
