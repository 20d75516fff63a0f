"""Policies: what they say and where, who enforces them, and what happens when a plugin can't be asked."""

from __future__ import annotations

import json
import textwrap
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync import engine
from groupsync.config import load_config
from groupsync.discovery import LoadedPlugin, PluginInfo
from groupsync.errors import ExitCode, InvalidDefinitions
from groupsync.journal import Journal
from groupsync.journal_read import find_run
from groupsync.model import Diagnostic, Members, Outcome, Plan, Severity, SourceRange, Verdict
from groupsync.plan import sealed
from groupsync.plugins import Plugins
from groupsync.policy import PolicyAnswer, PolicyContext, PolicyFinding, PolicyOptions
from groupsync.policy_facade import ask_policies
from groupsync.project import load_project
from groupsync.recovery import undo_plan
from groupsync.schedule import Dated
from groupsync.scope import Selection
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from groupsync_policies.answer import POLICIES, answer
from tests import clock
from tests.cli.conftest import Project
from tests.worlds import NOW, definition

CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
targets: {there: {plugin: memory}}
"""
PEOPLE = [f"{name}@example.com" for name in "abcdef"]


def write(folder, groups, policies):
    """Make a project with one file of definitions."""
    (folder / "groups").mkdir()
    (folder / "groups" / "a.yaml").write_text(textwrap.dedent(groups))
    (folder / "groupsync.yaml").write_text(CONFIG + textwrap.dedent(policies))
    return load_project(load_config(folder / "groupsync.yaml"), NOW)


def plan_of(project, plugins=None, **more):
    return engine.make_plan(project, {"there": MemoryBackend(MemoryStore())}, engine.Request(NOW, **more), plugins)


def add_policies(project, policies):
    project.write("groupsync.yaml", f"{project.read('groupsync.yaml')}\npolicies: {policies}\n")


def places(found):
    return str(found.subject), [str(each) for each in found.related]


# --- What is said -----------------------------------------------------------------------------------------------------


def test_a_breach_points_at_the_entry_and_at_the_policy(tmp_path):
    """The offending entry, where it has a line of its own, and the line of the policy are both named."""
    groups = """\
    kind: known-user-group
    name: beta
    members:
      - ada@contoso.com
      - {email: eve@evil.example, reason: friend}
    """
    policies = """\
    policies:
      allowed_domains:
        - {domains: [contoso.com], reason: agreed with legal}
    """
    plan = plan_of(write(tmp_path, groups, policies))
    [found] = plan.diagnostics
    [refusal] = plan.verdict.refusals

    assert ("groups/a.yaml:5:5", ["groupsync.yaml:7:7"]) == places(found)
    assert "1 member of `beta` is in domains that are not allowed: `evil.example`" == found.summary
    assert "`eve@evil.example`; allowed: contoso.com.\nReason: agreed with legal" == found.detail
    assert ("groupsync", Severity.ERROR) == (found.plugin.split()[0], found.severity)
    assert ("there", "beta", "policy:GS851", found.summary, found.hint, found.subject, 1) == (
        refusal.target, refusal.name, refusal.rule, refusal.summary, refusal.hint, refusal.at, refusal.count
    )  # fmt: skip


def test_what_a_date_brings_is_told_with_the_date(tmp_path):
    """Who comes and when, at the entry that says so."""
    groups = """\
    kind: known-user-group
    name: beta
    members:
      - {email: eve@evil.example, from: 2027-01-01}
      - {email: eve@evil.example, from: 2099-01-01}
    """
    policies = """\
    policies:
      allowed_domains: [contoso.com]
      size: [{max: 0}]
    """
    project = write(tmp_path, groups, policies)
    plan = plan_of(project)
    size, domain = plan.diagnostics
    assert ("groups/a.yaml:4:5", ["groupsync.yaml:6:21"]) == places(domain)
    assert (
        "1 member who will come to `beta` by a written date is in domains that are not allowed: `evil.example`"
        == domain.summary
    )
    assert "`eve@evil.example` on 2027-01-01 00:00:00 UTC; allowed: contoso.com." == domain.detail
    assert "`beta` will have, on 2027-01-01 00:00:00 UTC, 1 member, and may have at most 0" == size.summary
    assert {"policy:GS851", "policy:GS856"} == {each.rule for each in plan.verdict.refusals}

    forged = sealed(replace(plan, verdict=Verdict()))
    again = engine.judge_again(project, forged, backends={"there": MemoryBackend(MemoryStore())})
    assert {"policy:GS851", "policy:GS856"} == {each.rule for each in again.verdict.refusals}


def test_a_run_is_taken_back_whatever_the_definitions_write_for_later(tmp_path):
    """What they will do on a date is nothing that the undo does."""
    policies = "policies: {allowed_domains: [contoso.com]}"
    project = write(tmp_path, "{kind: known-user-group, name: beta, members: [ada@contoso.com]}", policies)
    backend = MemoryBackend(MemoryStore())
    plan = engine.make_plan(project, {"there": backend}, engine.Request(NOW))
    report = engine.apply_plan(project, plan, {"there": backend}, journal=Journal.of(project.config))
    path = tmp_path / "groups" / "a.yaml"
    path.write_text(path.read_text().replace("[ada@contoso.com]", "[{email: eve@evil.example, from: 2027-01-01}]"))
    project = load_project(project.config, NOW)
    undo = undo_plan(project, {"there": backend}, find_run(project.config.journal, project.config.id, report.run), NOW)
    again = engine.judge_again(project, undo, backends={"there": backend})
    assert () == again.verdict.refusals


def test_many_who_break_a_policy_are_counted_not_listed(tmp_path):
    """Five are named, the rest is a number."""
    members = ", ".join(f"m{n:03}@evil.example" for n in range(300))
    plan = plan_of(
        write(
            tmp_path,
            f"{{kind: known-user-group, name: beta, members: [{members}]}}",
            "policies: {allowed_domains: [a.example]}",
        )
    )
    [found] = plan.diagnostics
    assert "`m004@evil.example` and 295 more" in found.detail
    assert "m005" not in found.detail
    assert 300 == plan.verdict.refusals[0].count


def test_size_carries_its_figures(tmp_path):
    """A refusal for size has what was counted and what would have passed."""
    project = write(
        tmp_path,
        f"{{kind: known-user-group, name: beta, members: {json.dumps(PEOPLE)}}}",
        "policies: {size: [{max: 4}]}",
    )
    [refusal] = plan_of(project).verdict.refusals
    assert (6, 4) == (refusal.count, refusal.limit)
    assert "`beta` has 6 members, and may have at most 4" == refusal.summary


def test_entries_that_hold_too_long_are_all_pointed_at(tmp_path):
    """Every late entry of a group is in one finding, members and references alike."""
    groups = """\
    {kind: known-user-group, name: staff, members: []}
    ---
    kind: known-user-group
    name: beta
    members:
      - {email: ada@example.com, until: 2027-06-01}
    include:
      - {group: staff, until: 2027-07-01}
    """
    plan = plan_of(write(tmp_path, groups, "policies: {longest_until: [{days: 30}]}"))
    [found] = plan.diagnostics
    assert ("groups/a.yaml:6:5", ["groups/a.yaml:8:5", "groupsync.yaml:5:28"]) == places(found)
    assert "2 entries of `beta` would hold until 2027-07-01T00:00:00Z, and may hold for 30 days" == found.summary


def test_a_waiver_is_shown_with_its_reason_and_its_end(tmp_path):
    """What is let through says until when and why."""
    policies = """\
    policies:
      owners_required: true
      waivers:
        - {policy: owners_required, group: beta, until: 2026-12-01, reason: looking for one}
    """
    plan = plan_of(write(tmp_path, "{kind: known-user-group, name: beta, members: []}", policies))
    [found] = plan.diagnostics
    assert () == plan.verdict.refusals
    assert (Severity.WARNING, "Waived for `beta` until 2026-12-01: looking for one") == (found.severity, found.hint)


def test_an_expired_waiver_points_at_its_date(tmp_path):
    """The warning about a waiver that has ended leads to the line to take out."""
    policies = """\
    policies:
      owners_required: true
      waivers:
        - {policy: owners_required, group: beta, until: 2026-11-23, reason: looking for one}
    """
    plan = plan_of(write(tmp_path, "{kind: known-user-group, name: beta, members: []}", policies))
    ended = next(found for found in plan.diagnostics if found.code == "GS858")
    assert ("groupsync.yaml:8:53", []) == places(ended)
    assert ["policy:GS852"] == [refusal.rule for refusal in plan.verdict.refusals]


# --- What is asked ----------------------------------------------------------------------------------------------------


GROUPS = """\
{kind: known-user-group, name: a, members: [ada@example.com]}
---
{kind: known-user-group, name: b, members: [ada@example.com]}
---
{kind: known-user-group, name: c, members: []}
"""


def test_a_selection_asks_only_for_what_it_picks(tmp_path):
    """A breach of a group that the command line left out is not this run's, but its members still count."""
    project = write(tmp_path, GROUPS, "policies: {no_overlap: [[a, b]], owners_required: {groups: [c]}}")
    plan = plan_of(project, selection=Selection(names=("a",)))
    assert [("a", "policy:GS855")] == [(each.name, each.rule) for each in plan.verdict.refusals]
    assert ["GS855"] == [found.code for found in plan.diagnostics]

    assert () == plan_of(project, selection=Selection(names=("x*",)), may_be_empty=True).diagnostics


def test_without_policies_nothing_is_asked(tmp_path):
    """A config without the section costs nothing and refuses nothing."""
    plan = plan_of(write(tmp_path, GROUPS, ""), Plugins.discover({}))
    assert ((), ()) == (plan.verdict.refusals, plan.diagnostics)


def context_of(values, members, as_of=NOW, moves=None):
    """Make a context by hand; loading a group that `members` lacks is an error."""
    loaded, moves = [], moves or dict.fromkeys(members, ())

    def members_of(name):
        def load():
            loaded.append(name)
            return frozenset(members[name])

        return Members(load)

    definitions = tuple(definition(name, plain=()) for name in sorted(members))
    options = PolicyOptions(values, lambda pointer: SourceRange("groupsync.yaml", 1, 1))
    plan = Plan("shop", NOW, (), (), "")
    counts = (members_of, lambda name: len(members[name]))
    made = PolicyContext(plan, definitions, options, as_of, *counts, str.lower, str.lower, dates_of=moves.__getitem__)
    return made, loaded


def test_policies_load_only_what_they_need():
    """Overlap and pinning load the groups they name, size and names load nobody."""
    members = dict.fromkeys("abcde", PEOPLE)
    rules = {"no_overlap": [["a", "b"]], "pinned": [{"group": "c", "members": ["x"]}], "size": [{"max": 2}]}
    rules |= {"names": [{"path": "**", "match": "*"}], "owners_required": True, "longest_until": [{"days": 1}]}
    context, loaded = context_of(rules, members)
    found = answer(context)

    assert ["a", "b", "c"] == sorted(loaded)
    assert frozenset(rules) == found.enforced
    assert {"GS852", "GS854", "GS855", "GS856"} == {each.found.code for each in found.findings}


people = st.frozensets(st.sampled_from(PEOPLE))


@given(a=people, b=people, c=people, pin=people, least=st.integers(1, 6), most=st.integers(0, 6))
def test_policies_judge_sets_as_set_theory_does(a, b, c, pin, least, most):
    """Overlap is intersection, pinning is inclusion, size is cardinality; and nothing else is found."""
    rules = {"no_overlap": [["a", "b", "c"]], "pinned": [{"group": "a", "members": sorted(pin)}]}
    context, _ = context_of({**rules, "size": [{"min": least}, {"max": most}]}, {"a": a, "b": b, "c": c})
    found = {(each.found.code, each.groups) for each in answer(context).findings}
    sets = {"a": a, "b": b, "c": c}

    wanted = {("GS855", (one, two)) for one, two in ("ab", "ac", "bc") if sets[one] & sets[two]}
    wanted |= {("GS854", ("a",))} if pin - a else set()
    wanted |= {("GS856", (name,)) for name, each in sets.items() if len(each) < least or len(each) > most}
    assert wanted == found


FOREIGN = "eve@evil.example"
days = st.lists(st.frozensets(st.sampled_from([*PEOPLE, FOREIGN])), min_size=2, max_size=4)


@given(a=days, b=days, pin=people, most=st.integers(0, 6))
def test_policies_say_today_what_they_would_say_on_some_day(a, b, pin, most):
    """Whatever is broken on a written date, and was not before it, is told when it is written; and nothing else."""
    rules = {"no_overlap": [["a", "b"]], "pinned": [{"group": "a", "members": sorted(pin)}]}
    rules |= {"size": [{"max": most}], "allowed_domains": ["example.com"]}
    sets = {name: [states[min(day, len(states) - 1)] for day in range(4)] for name, states in (("a", a), ("b", b))}
    moves = {
        name: [
            Dated(name, NOW + timedelta(days=day), after - before, before - after)
            for day, (before, after) in enumerate(pairwise(states), 1)
            if before != after
        ]
        for name, states in sets.items()
    }
    context, _ = context_of(rules, {name: states[0] for name, states in sets.items()}, moves=moves)
    found = {(each.found.code, each.groups) for each in answer(context).findings}
    on_days = [context_of(rules, {name: states[day] for name, states in sets.items()})[0] for day in range(4)]
    wanted = {(each.found.code, each.groups) for context in on_days for each in answer(context).findings}
    assert wanted == found


# --- Who enforces it --------------------------------------------------------------------------------------------------


class Asked:
    """A plugin as the facade sees it, made of one function."""

    def __init__(self, name, hook):
        self.info = PluginInfo(name, f"{name}-dist", "1.2")
        self._hook = hook

    def call(self, hook, **arguments):
        assert "groupsync_check_plan" == hook
        return [self._hook(**arguments)]


GOOD = PolicyFinding(Diagnostic("ACME1", Severity.ERROR, "`a` has no ticket"), ("a",))


def finding(**more):
    return PolicyFinding(replace(GOOD.found, **more), ("a",))


@pytest.mark.parametrize(
    ("made", "cause"),
    [
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: None, "NoneType None, expected a PolicyAnswer"),
        (lambda: [GOOD], "expected a PolicyAnswer"),
        (lambda: PolicyAnswer([GOOD]), "no tuple"),
        (lambda: PolicyAnswer((), {"size"}), "no frozenset"),
        (lambda: PolicyAnswer((GOOD.found,)), "expected a PolicyFinding"),
        (lambda: PolicyAnswer((PolicyFinding("bad"),)), "expected a PolicyFinding"),
        (lambda: PolicyAnswer((replace(GOOD, groups=("zz",)),)), "'zz'"),
        (lambda: PolicyAnswer((replace(GOOD, groups="a"),)), "names of groups"),
        (lambda: PolicyAnswer((replace(GOOD, count="1"),)), "count or limit"),
        (lambda: PolicyAnswer((finding(severity="error"),)), "severity"),
        (lambda: PolicyAnswer((finding(subject="here"),)), "places"),
        (lambda: PolicyAnswer((finding(code="no code"),)), "'no code'"),
        (lambda: PolicyAnswer((finding(summary="two\nlines"),)), "one line"),
        (lambda: PolicyAnswer((finding(hint=None),)), "one line of text"),
    ],
)
def test_a_broken_policy_is_blamed_and_hides_nobody_else(made, cause):
    """Whatever a plugin does wrong is its own: named with version and cause, and the others are still heard."""
    context, _ = context_of({}, {"a": []})
    plugins = [
        Asked("bad", lambda context: made()),
        Asked("good", lambda context: PolicyAnswer((GOOD,))),
    ]
    findings, [problem] = ask_policies(plugins, context)

    assert ["good-dist 1.2"] == [each.found.plugin for each in findings]
    assert ("GS703", Severity.ERROR, "bad-dist 1.2") == (problem.code, problem.severity, problem.plugin)
    assert "plugin `bad` of bad-dist 1.2 could not check the plan" == problem.summary
    assert "groupsync_check_plan" in problem.detail
    assert cause in problem.detail


def test_a_policy_that_nobody_enforces_stops_the_run(tmp_path):
    """Without the plugin that knows a policy there is no plan, and the plugin that is left out is named."""
    project = write(tmp_path, GROUPS, "policies: {size: [{max: 9}], custom: {acme: {tickets: true}}}")
    with pytest.raises(InvalidDefinitions) as caught:
        plan_of(project, Plugins.discover({"GROUPSYNC_DISABLE_PLUGINS": "policies"}))
    size, custom = caught.value.diagnostics
    assert ["GS704", "GS704"] == [size.code, custom.code]
    assert ["groupsync.yaml:5:18", "groupsync.yaml:5:45"] == [str(size.subject), str(custom.subject)]
    assert "`policies` of groupsync" in size.detail
    assert "GROUPSYNC_DISABLE_PLUGINS" in size.detail


ACME = """
from groupsync.hookspecs import hookimpl
from groupsync.model import Diagnostic, Severity
from groupsync.policy import PolicyAnswer, PolicyFinding

@hookimpl
def groupsync_check_plan(context):
    if context.options.values.get("custom", {}).get("acme", {}).get("broken"):
        raise RuntimeError("out of order")
    found = [
        PolicyFinding(Diagnostic("ACME1", Severity.ERROR, f"`{each.name}` has no ticket"), (each.name,))
        for each in context.definitions
        if "ticket" not in dict(each.labels or ())
    ]
    return PolicyAnswer(tuple(found), frozenset({"custom.acme"}))
"""


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """Install a stranger's policy plugin, the way pip leaves it on disk."""
    place = tmp_path / "site"
    info = place / "acme_dist-3.1.dist-info"
    info.mkdir(parents=True)
    (place / f"acme_{tmp_path.name.replace('-', '_')}.py").write_text(ACME)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-dist\nVersion: 3.1\n")
    (info / "entry_points.txt").write_text(f"[groupsync]\nacme = acme_{tmp_path.name.replace('-', '_')}\n")
    monkeypatch.syspath_prepend(place)
    monkeypatch.setenv("PYTHONPATH", clock.python_path(str(place)))


@pytest.fixture
def project(tmp_path):
    """Copy the quickstart, to type commands in."""
    return Project(tmp_path / "shop")


def test_a_strangers_policy_refuses_like_a_bundled_one(tmp_path, acme):
    """An installed plugin is asked, with the options under `custom`, and its codes are its own."""
    (tmp_path / "shop").mkdir()
    project = write(tmp_path / "shop", GROUPS, "policies: {custom: {acme: {}}, owners_required: {groups: [a]}}")
    plan = plan_of(project)
    rules = [(refusal.name, refusal.rule) for refusal in plan.verdict.refusals]
    assert [("a", "policy:ACME1"), ("a", "policy:GS852"), ("b", "policy:ACME1"), ("c", "policy:ACME1")] == sorted(rules)
    assert {"acme-dist 3.1"} == {found.plugin for found in plan.diagnostics if found.code == "ACME1"}


def test_a_policy_plugin_that_fails_ends_with_1_and_is_named(project, acme):
    """Fail closed: no plan, nothing applied, the plugin and what the others found on stderr."""
    add_policies(project, "{custom: {acme: {broken: true}}, size: [{max: 0}]}")
    done = project("apply", "--yes")
    assert ExitCode.ERROR == done.code
    assert "`acme` of acme-dist 3.1" in done.err
    assert "RuntimeError: out of order" in done.err
    assert "GS856" in done.err
    assert not (project.folder / "state" / "groups").exists()


def test_a_refused_plan_ends_with_3_and_the_rest_is_applied(project):
    """`plan`, `apply` and `drift` end with 3; what breaks no policy is applied."""
    add_policies(project, "{size: [{groups: [staff], max: 1}]}")
    planned, applied = project("plan"), project("apply", "--yes")
    assert [ExitCode.REFUSED] * 3 == [planned.code, applied.code, project("drift").code]
    assert "refused by policy:GS856" in planned.out
    assert "GS856" in planned.err
    states = {path.stem for path in (project.folder / "state" / "groups").iterdir()}
    assert states
    assert "staff" not in states
    assert ExitCode.REFUSED == project("apply", "--yes").code


def test_a_saved_plan_is_judged_again(project):
    """A policy that came after the plan was saved refuses it all the same."""
    assert ExitCode.OK == project("plan", "--out", "saved.plan").code
    add_policies(project, "{size: [{groups: [staff], max: 1}]}")
    done = project("apply", "saved.plan", "--yes")
    assert ExitCode.REFUSED == done.code
    assert "policy:GS856" in done.out
    assert not (project.folder / "state" / "groups" / "staff.txt").exists()


def test_every_policy_of_the_schema_is_enforced():
    """The schema offers no policy that the bundled plugin does not know, and a waiver can name each."""
    from groupsync.config import config_schema

    properties = config_schema()["properties"]["policies"]["properties"]
    assert set(POLICIES) == set(properties) - {"waivers", "custom"}
    assert set(POLICIES) == set(properties["waivers"]["items"]["properties"]["policy"]["enum"])


def test_a_refused_group_is_reported_as_refused(tmp_path):
    """Apply lists the refused change with the policy's words, and does the others."""
    project = write(tmp_path, GROUPS, "policies: {size: [{groups: [c], min: 1}]}")
    store = MemoryStore()
    backends = {"there": MemoryBackend(store)}
    plan = engine.make_plan(project, backends, engine.Request(NOW))
    results = {each.name: each for each in engine.apply_plan(project, plan, backends).results}
    assert Outcome.REFUSED == results["c"].outcome
    assert "`c` has 0 members, and may have at least 1" == results["c"].error
    assert {"a", "b"} == set(store.groups)


def test_a_loaded_plugin_gets_its_arguments():
    """Calling a hook of a plugin that can't be called gives nothing."""
    assert [] == LoadedPlugin(PluginInfo("x")).call("groupsync_check_plan", context=None)
