"""What is said of a plan some time after it was made, and of what is left once a part of it was applied."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from groupsync import engine
from groupsync.config import load_config
from groupsync.guard_grants import APPROVAL_DAYS
from groupsync.journal_read import read_runs
from groupsync.model import Outcome
from groupsync.project import load_project
from tests.test_recovery import ADA, NOW, TARGETS, World

MANY = [f"p{number}@example.com" for number in range(60)]


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def shop(tmp_path):
    """A group of sixty, of whom all but one are to go."""
    world = World(tmp_path, TARGETS["marks and revisions"])
    world.guards = ""
    world.define("g", *MANY)
    world.apply()
    world.define("g", *MANY[:1])
    return world


def later(world, plan, days):
    """Judge a plan again that was saved so many days ago."""

    def work(project, backends):
        project = load_project(load_config(world.root / "groupsync.yaml"), NOW + timedelta(days=days))
        return engine.judge_again(project, plan, backends=backends)

    return world.at_target(work)


def test_an_approval_for_an_old_plan_is_dated_from_now(shop):
    """Else it may have ended before anybody can paste it."""
    (refusal,) = later(shop, shop.plan(), 30).verdict.refusals
    assert f"until: {(NOW + timedelta(days=30 + APPROVAL_DAYS)).date()}" in refusal.approval


def test_a_waiver_that_ended_since_the_plan_does_not_hold_any_more(shop):
    """Policies judge what is applied at the time of applying."""
    waiver = "{policy: allowed_domains, group: g, until: 2026-12-01, reason: moving}"
    shop.guards = f"policies: {{allowed_domains: [{{domains: [example.org]}}], waivers: [{waiver}]}}\n"
    shop.define("g", *MANY, ADA)
    plan = shop.plan()
    assert () == plan.verdict.refusals
    assert ["policy:GS851"] == [each.rule for each in later(shop, plan, 30).verdict.refusals]


@pytest.mark.parametrize("beside", [True, False])
def test_an_option_is_offered_only_while_it_can_be_typed(shop, beside):
    """Once anything else was applied, the next plan has another digest: report and history say to plan again."""
    if beside:
        shop.define("new", ADA)
    _, report = shop.apply()
    (result,) = report.of(Outcome.REFUSED)
    run = next(read_runs(shop.root / ".groupsync", "shop"))
    (entry,) = (each for each in run.entries if each.outcome is Outcome.REFUSED)

    assert result.hint == entry.hint
    assert ("--allow" in result.hint) != beside
    assert ("Plan again for the option that allows just this." in result.hint) == beside
