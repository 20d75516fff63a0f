"""Segments on the command line, on a real table: what is planned, applied, refused and told."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from groupsync.errors import ExitCode
from groupsync.planfile import read_plan
from tests.clock import set_to

CONFIG = """\
version: 1
project: shop
definitions: [groups/**/*.yaml]
sources:
  customers:
    plugin: ibis
    table: customers.csv
    id: email
    min_rows: 3
    max_shrink: {percent: 50}
targets:
  local: {plugin: file, path: state/}
"""
PEOPLE = {"ada@example.com": 61, "bob@example.com": 55, "cy@example.com": 20, "dee@example.com": 30}
OLDER = "kind: segment\nname: older\nsource: customers\nwhere: {age: {gte: 50}}\n"
STAFF = "kind: known-user-group\nname: staff\nmembers: [sue@example.com]\n"
DEAD = "'postgresql://gs:hunter22@127.0.0.1:1/shop'"
STATE = "state/groups/older.txt"


def table(**ages):
    """The people by age; a name changes that person's, and None takes somebody out."""
    people = PEOPLE | {f"{name}@example.com": age for name, age in ages.items()}
    return "email,age\n" + "".join(f"{email},{age}\n" for email, age in people.items() if age is not None)


@pytest.fixture
def shop(project):
    """A project with one segment and one list, nothing applied yet."""
    for path in (project.folder / "groups").glob("*.yaml"):
        path.unlink()
    project.write("groupsync.yaml", CONFIG)
    project.write("customers.csv", table())
    project.write("groups/older.yaml", OLDER)
    project.write("groups/staff.yaml", STAFF)
    return project


@pytest.fixture
def applied(shop):
    """The same, applied."""
    assert ExitCode.OK == shop("apply", "--yes").code
    return shop


def members(shop):
    return shop.read(STATE).split()


def test_a_segment_is_planned_applied_and_then_at_rest(shop):
    """The plan names the source and how many customers it has; after an apply there is nothing to do."""
    done = shop("plan")
    assert "customers (ibis): 4 customers, 1 segment" in done.out
    assert "create older  2 members" in done.out
    assert ExitCode.OK == shop("apply", "--yes").code
    assert ["ada@example.com", "bob@example.com"] == members(shop)
    again = shop("plan", "--detailed-exitcode")
    assert (ExitCode.OK, True) == (again.code, "No changes. 2 groups on 1 target match" in again.out)


def test_customers_that_change_move_members_without_an_edit(applied):
    """The reason says so, and drift does not take it for somebody else's change."""
    applied.write("customers.csv", table(cy=70))
    plan = json.loads(applied("plan", "--format", "json").out)
    (change,) = plan["changes"]
    assert (["cy@example.com"], []) == (change["add"]["members"], change["remove"]["members"])
    assert "the customers or the definition changed" == change["reason"]
    assert ExitCode.OK == applied("drift", "--detailed-exitcode").code


def test_a_saved_plan_applies_what_was_reviewed(applied):
    """What the customers are an hour later makes no difference; the source is not even asked."""
    applied.write("customers.csv", table(cy=70))
    applied("plan", "--out", "plan.jsonl")
    applied.write("customers.csv", "gone\n")
    done = applied("apply", "plan.jsonl", "--yes")
    assert (ExitCode.OK, "") == (done.code, done.err)
    assert ["ada@example.com", "bob@example.com", "cy@example.com"] == members(applied)
    assert [("customers", 4)] == [(each.name, each.rows) for each in read_plan(applied.folder / "plan.jsonl").sources]


STRICT = {
    "nothing moved": (table(cy=70), "", ExitCode.OK),
    "somebody matches no more": (table(cy=70, bob=20), "", ExitCode.INCOMPLETE),
    "others, as many": (table(cy=70, bob=20, dee=70), "", ExitCode.INCOMPLETE),
    "somebody else came, and only some are added": (
        table(cy=70, dee=70),
        "lifecycle: {mode: additive}\n",
        ExitCode.INCOMPLETE,
    ),
    "nothing moved, and only some are added": (table(cy=70), "lifecycle: {mode: additive}\n", ExitCode.OK),
    "it is too small by now": (table(bob=20, cy=20), "min_size: {count: 2}\n", ExitCode.INCOMPLETE),
    "others would have its places": (
        table(cy=70, dee=80),
        "limit: {count: 3, order_by: {age: desc}, keep_until_rank: 3}\n",
        ExitCode.INCOMPLETE,
    ),
    "who has a place keeps it": (
        table(cy=70, dee=58),
        "limit: {count: 3, order_by: {age: desc}, keep_until_rank: 4}\n",
        ExitCode.OK,
    ),
}


@pytest.mark.parametrize("case", STRICT)
def test_a_strict_apply_asks_the_source_again(case, applied):
    """Whom it makes otherwise by now is left alone, with all that is built on it; lists go on."""
    customers, more, code = STRICT[case]
    applied.write("groups/older.yaml", OLDER + more)
    applied.write("groups/all.yaml", "kind: known-user-group\nname: all\nmembers: []\ninclude: [staff]\n")
    applied.write("customers.csv", table(cy=70))
    applied("plan", "--out", "plan.jsonl")
    before = members(applied)
    applied.write("customers.csv", customers)
    done = applied("apply", "plan.jsonl", "--yes", "--strict")
    assert code == done.code, done.err
    assert (before if code else sorted({*before, "cy@example.com"})) == members(applied)
    assert (code != ExitCode.OK) == ("its source was asked again" in " ".join(done.out.split()))
    assert ["sue@example.com"] == applied.read("state/groups/all.txt").split()


def test_what_is_built_on_a_segment_is_asked_again_with_it(applied):
    """Through however many groups."""
    applied.write("groups/friends.yaml", "kind: known-user-group\nname: friends\ninclude: [older]\n")
    applied("plan", "--out", "plan.jsonl")
    applied.write("customers.csv", table(bob=20))
    done = applied("apply", "plan.jsonl", "--yes", "--strict")
    assert ExitCode.INCOMPLETE == done.code
    assert "its source was asked again: it has 1 member now, and the plan leaves 2" in " ".join(done.out.split())
    assert not (applied.folder / "state/groups/friends.txt").exists()


def test_a_strict_apply_needs_something_to_be_strict_about(applied):
    """Without a saved plan sources are asked anyway, and taking a run back asks none."""
    done = applied("apply", "--strict", "--yes")
    assert (ExitCode.USAGE, True) == (done.code, "--strict goes with a saved plan" in done.err)
    applied.write("customers.csv", table(cy=70))
    applied("apply", "--yes")
    applied("undo", "last", "--out", "undo.jsonl")
    done = applied("apply", "undo.jsonl", "--strict", "--yes")
    assert (ExitCode.USAGE, True) == (
        done.code,
        "a plan that takes a run back comes of none" in " ".join(done.err.split()),
    )


def test_a_strict_apply_asks_no_source_for_lists(applied):
    """Where nothing in the plan is computed, the source need not even be there."""
    applied.write("groups/staff.yaml", STAFF.replace("sue", "tom"))
    applied("plan", "--select", "staff", "--out", "plan.jsonl")
    applied.write("customers.csv", "gone\n")
    assert ExitCode.OK == applied("apply", "plan.jsonl", "--yes", "--strict").code
    applied.write("customers.csv", table(cy=70))
    applied("plan", "--out", "plan.jsonl")
    applied.write("customers.csv", "gone\n")
    done = applied("apply", "plan.jsonl", "--yes", "--strict")
    assert (ExitCode.ERROR, ["ada@example.com", "bob@example.com"]) == (done.code, members(applied))


def test_a_saved_plan_is_stale_where_the_condition_or_the_source_changed(applied):
    """Another definition needs another review; so does another table."""
    applied.write("customers.csv", table(cy=70))
    for path, old, new in (("groups/older.yaml", "50", "51"), ("groupsync.yaml", "customers.csv", "others.csv")):
        applied("plan", "--out", "plan.jsonl")
        before = applied.read(path)
        applied.write(path, before.replace(old, new))
        done = applied("apply", "plan.jsonl", "--yes")
        assert (ExitCode.INCOMPLETE, True) == (done.code, "changed since the plan" in " ".join(done.out.split()))
        applied.write(path, before)
    assert ["ada@example.com", "bob@example.com"] == members(applied)


def test_a_source_that_shrank_since_the_last_run_is_refused_and_lists_go_on(applied):
    """The journal knows how many customers there were; with a third of them nobody is removed from a segment."""
    applied.write("groups/staff.yaml", STAFF.replace("sue", "tom"))
    applied.write("groupsync.yaml", CONFIG.replace("min_rows: 3", "min_rows: 0"))
    applied.write("customers.csv", "email,age\nada@example.com,61\n")
    done = applied("apply", "--yes", "--allow", "remove:staff<=1@" + applied("plan").out.split()[-1])
    text = " ".join(done.out.split())
    assert ExitCode.REFUSED == done.code
    assert (
        "! refused by max_shrink (groupsync.yaml:10): 3 of 4 customers are gone since the last run, and 2 may" in text
    )
    assert ["ada@example.com", "bob@example.com"] == members(applied)
    assert ["tom@example.com"] == applied.read("state/groups/staff.txt").split()


def rows(count):
    """So many customers, all of them young but the first two."""
    return "email,age\n" + "".join(f"p{number}@example.com,{60 if number < 2 else 20}\n" for number in range(count))


def test_a_refused_load_is_refused_the_next_night_too(applied):
    """What a guard of the source refused is not what the next run compares with, though a list was applied besides."""
    for night in ("tom", "uma"):
        applied.write("groups/staff.yaml", f"{STAFF}display_name: {night}\n")
        applied.write("customers.csv", rows(1))
        applied.write("groupsync.yaml", CONFIG.replace("min_rows: 3", "min_rows: 0"))
        done = applied("apply", "--yes")
        assert ExitCode.REFUSED == done.code
        assert "3 of 4 customers are gone since the last run" in " ".join(done.out.split())
        assert "applied        ~ update  staff" in done.out
    assert ["ada@example.com", "bob@example.com"] == members(applied)


def test_what_a_refused_load_would_do_is_shown_and_can_be_allowed(applied):
    """A saved plan shows it, is refused, and with the exception that it prints does just that, whatever comes later."""
    applied.write("groupsync.yaml", CONFIG.replace("min_rows: 3", "min_rows: 0"))
    applied.write("customers.csv", "email,age\nada@example.com,61\n")
    shown = applied("plan", "--out", "plan.jsonl")
    assert (ExitCode.REFUSED, True) == (shown.code, "- bob@example.com" in shown.out)
    applied.write("customers.csv", "email,age\n")
    refused = applied("apply", "plan.jsonl", "--yes")
    assert (ExitCode.REFUSED, ["ada@example.com", "bob@example.com"]) == (refused.code, members(applied))
    allow = re.search(r"--allow '(max_shrink:customers<=3@[0-9a-f]{16})'", " ".join(shown.out.split()))[1]
    done = applied("apply", "plan.jsonl", "--yes", "--allow", allow)
    assert (ExitCode.OK, ["ada@example.com"]) == (done.code, members(applied)), done.err
    assert f"Allowed by exception: {allow.partition('@')[0]}, by --allow" in done.out
    applied.write("customers.csv", "email,age\nada@example.com,61\n")
    assert ExitCode.OK == applied("plan").code


def test_an_approved_load_is_applied_once(applied):
    """The approval that a plan prints names the source; the next load that is as bad needs another one."""
    applied.write("groupsync.yaml", CONFIG.replace("min_rows: 3", "min_rows: 4").replace("{percent: 50}", "off"))
    applied.write("customers.csv", table(dee=None))
    (refusal,) = [
        each
        for each in json.loads(applied("plan", "--format", "json").out)["verdict"]["refusals"]
        if each["rule"] == "min_rows"
    ]
    assert "source: customers\nkind: min_rows\nceiling: 1\n" in refusal["approval"]
    applied.write("approvals/customers.yaml", refusal["approval"].replace('""', "a shop is sold"))
    applied.write("customers.csv", table(dee=None, bob=20))
    assert ExitCode.OK == applied("apply", "--yes").code
    assert ["ada@example.com"] == members(applied)
    applied.write("customers.csv", table(dee=None, cy=70))
    again = applied("apply", "--yes")
    assert (ExitCode.REFUSED, True) == (again.code, "took 1 of it, nothing is left" in " ".join(again.err.split()))
    assert ["ada@example.com"] == members(applied)


@pytest.mark.parametrize("arguments", [("show", "older"), ("who", "ada@example.com"), ("catalog",)])
def test_who_looks_at_what_a_refused_source_makes_is_told(arguments, applied):
    """GS624: what is shown is what the definitions say, and is not applied."""
    applied.write("groupsync.yaml", CONFIG.replace("min_rows: 3", "min_rows: 5"))
    done = applied(*arguments)
    assert (ExitCode.OK, 1) == (done.code, done.err.count("GS624")), done.err
    assert "The source `customers` is refused by `min_rows`" in " ".join(done.err.split())


def test_a_run_that_changes_nothing_is_remembered(shop):
    """A source that grew without moving anybody counts from then on; such runs share a line."""
    shop.write("customers.csv", rows(4))
    assert ExitCode.OK == shop("apply", "--yes").code
    shop.write("customers.csv", rows(40))
    for _ in range(2):
        done = shop("apply", "--yes")
        assert (ExitCode.OK, True) == (done.code, "No changes" in done.out)
    shop.write("customers.csv", rows(19))
    assert "21 of 40 customers are gone since the last run" in " ".join(shop("plan").out.split())
    lines = shop("history").out.splitlines()
    assert ("3 runs.", 5) == (lines[-1], len(lines))
    assert "nothing to do in 2 runs since 20" in " ".join(shop("history", "-n", "1").out.split())
    assert 3 == len(json.loads(shop("history", "--format", "json").out)["runs"])
    assert "2 applied" in shop("history", "last").out.lower()


def test_a_source_of_whose_changes_none_was_applied_is_not_remembered(shop):
    """Where the guards of groups refuse all that it would change, the next load is held against what was applied."""
    shop.write("customers.csv", table(**{f"x{number}": 60 for number in range(96)}))
    assert ExitCode.OK == shop("apply", "--yes").code
    for left in (60, 40):
        shop.write("customers.csv", table(**{f"x{number}": 60 for number in range(left)}))
        text = " ".join(shop("apply", "--yes").out.split())
    assert "refused by max_shrink (groupsync.yaml:10): 56 of 100 customers are gone since the last run" in text


def test_a_source_that_is_renamed_keeps_its_past_and_no_config_judges_another(applied):
    """Memory belongs to what a source reads: its name makes no difference, and staging's table is not production's."""
    config = CONFIG.replace("min_rows: 3", "min_rows: 0")
    applied.write("customers.csv", rows(1))
    applied.write("groupsync.yaml", config.replace("  customers:", "  people:"))
    applied.write("groups/older.yaml", OLDER.replace("customers", "people"))
    assert "3 of 4 customers are gone since the last run" in " ".join(applied("plan").out.split())
    applied.write("customers.csv", table())
    applied.write("groups/older.yaml", OLDER)
    applied.write("staging.csv", rows(1))
    applied.write("staging.yaml", config.replace("customers.csv", "staging.csv").replace("state/", "staging/"))
    assert ExitCode.OK == applied("apply", "--yes", "-c", "staging.yaml").code
    applied.write("groupsync.yaml", CONFIG)
    assert ExitCode.OK == applied("apply", "--yes").code
    assert ExitCode.OK == applied("apply", "--yes", "-c", "staging.yaml").code


def test_a_plan_that_is_applied_late_makes_no_old_figures_the_past(shop):
    """What a later run found stays what the next load is held against."""
    for count, arguments in (
        (40, ("apply", "--yes")),
        (40, ("plan", "--out", "old.plan")),
        (80, ("apply", "--yes")),
        (80, ("apply", "old.plan", "--yes")),
    ):
        shop.write("customers.csv", rows(count))
        assert ExitCode.OK == shop(*arguments).code
    shop.write("customers.csv", rows(39))
    assert "41 of 80 customers are gone since the last run" in " ".join(shop("plan").out.split())


def test_a_group_that_melts_away_in_small_steps_is_stopped_within_the_days(shop, monkeypatch):
    """Three loads that are cut by an eighth each pass every limit of a run; the limit over days sees their sum."""
    guards = "guards: {removed_over: {days: 7, warn: {percent: 20, floor: 10}, refuse: {percent: 30, floor: 10}}}\n"
    shop.write("groupsync.yaml", CONFIG + guards)
    nights = [(0, 120), (1, 105), (2, 92), (3, 80), (4, 80), (9, 80)]
    done = []
    for day, count in nights:
        set_to(datetime(2026, 3, 2, 1, tzinfo=UTC) + timedelta(days=day), monkeypatch)
        shop.write("customers.csv", "email,age\n" + "".join(f"p{each}@example.com,60\n" for each in range(count)))
        done.append(shop("apply", "--yes"))
    said = [" ".join((each.out + each.err).split()) for each in done]

    assert [0, 0, 0, 3, 3, 0] == [each.code for each in done]
    assert "GS809" not in said[1]
    assert "28 of 120 members would have gone within 7 days, 15 of them in an earlier run; the limit for a" in said[2]
    refusal = (
        "refused by removed_over (groupsync.yaml:13): 40 of 120 members would have gone within 7 days, 28 of them in"
    )
    assert refusal in said[3]
    assert refusal in said[4]
    assert 80 == len(members(shop))


def test_an_approval_is_used_up_by_the_run_that_used_it(shop):
    """A condition stays the same for weeks: what is left is told with the run that took it, and more takes more."""
    shop.write("groupsync.yaml", CONFIG.replace("{percent: 50}", "off"))
    everybody = {f"x{number}": 60 for number in range(28)}
    shop.write("customers.csv", table(**everybody))
    assert ExitCode.OK == shop("apply", "--yes").code

    def night(gone):
        shop.write(
            "customers.csv", table(**dict.fromkeys(list(everybody)[:gone]), **dict(list(everybody.items())[gone:]))
        )
        return shop("apply", "--yes")

    def approve(ceiling):
        shop.write("approvals/older.yaml", approval.replace("ceiling: 8", f"ceiling: {ceiling}"))

    night(8)
    (refusal,) = json.loads(shop("plan", "--format", "json").out)["verdict"]["refusals"]
    approval = refusal["approval"].replace('""', "the summer is over")
    approve(12)
    first = night(8)
    assert ExitCode.OK == first.code, first.err
    second = night(15)
    run = json.loads(shop("history", "--format", "json").out)["runs"][1]["id"]
    assert ExitCode.REFUSED == second.code
    assert f"once: the run {run} took 8 of it, 4 are left, and this is 7" in " ".join(second.err.split())
    approve(15)
    assert ExitCode.OK == night(15).code
    third = night(23)
    assert (ExitCode.REFUSED, 15) == (third.code, len(members(shop)))
    assert "2 runs in all, nothing is left, and this is 8" in " ".join(third.err.split())


def test_what_the_config_gets_wrong_about_a_source_stops_the_run_and_says_so(applied):
    """A missing table, a wrong identifier, another type, an unknown column, each with its place: nothing is applied."""
    applied.write("groups/staff.yaml", STAFF.replace("sue", "tom"))
    for old, new, said in (
        ("customers.csv", "customer.csv", "has no file `customer.csv`"),
        ("id: email", "id: mail", "has no column `mail`"),
        ("plugin: ibis", "plugin: ibiss", "There is no source `ibiss`"),
        ("id: email", "id: email\n    attributes: {spend: {unit: USD}}", "GS506"),
        ("id: email", "id: email\n    eligible: {agee: 3}", "GS220"),
        ("id: email", "id: email\n    tabel: x", "GS201"),
    ):
        applied.write("groupsync.yaml", CONFIG.replace(old, new))
        done = applied("apply", "--yes")
        assert (ExitCode.ERROR, True) == (done.code, said in " ".join(done.err.split())), done.err
        assert "groupsync.yaml:" in done.err
        assert said.startswith("GS") or "error[GS512]" in done.err
    applied.write("groupsync.yaml", CONFIG)
    applied.write("customers.csv", table(ada="old"))
    done = applied("apply", "--yes")
    assert (ExitCode.ERROR, True) == (done.code, "GS221" in done.err), done.err
    assert ["ada@example.com", "bob@example.com"] == members(applied)
    assert ["sue@example.com"] == applied.read("state/groups/staff.txt").split()


def test_a_source_that_can_not_be_read_is_refused_and_lists_go_on(applied):
    """A dead database, a broken row: what is computed from it is held back, all else is applied, the exit code is 3."""
    before = members(applied)
    for number, (config, customers, said) in enumerate((
        (CONFIG.replace("table: customers.csv", f"url: {DEAD}\n    table: customers"), table(), "did not answer"),
        (CONFIG, table() + "x,y,z,1,2,3\n", "can't read `customers.csv`: line"),
        (CONFIG, "", "the file has no header"),
    )):  # fmt: skip
        applied.write("groupsync.yaml", config)
        applied.write("customers.csv", customers)
        applied.write("groups/staff.yaml", STAFF.replace("sue", f"tom{number}"))
        shown = applied("plan")
        assert (ExitCode.REFUSED, True) == (shown.code, said in " ".join(shown.out.split())), shown.out
        assert "not read" in shown.out
        done = applied("apply", "--yes")
        assert ExitCode.REFUSED == done.code, done.err
        assert before == members(applied)
        assert [f"tom{number}@example.com"] == applied.read("state/groups/staff.txt").split()
        assert "hunter22" not in shown.out + shown.err + done.out + done.err


def test_validate_holds_conditions_against_columns_unless_told_not_to(shop):
    """Without sources, as where no database can be reached, the rest is checked all the same."""
    shop.write("groups/older.yaml", OLDER.replace("age", "agee"))
    done = shop("validate")
    assert ExitCode.ERROR == done.code
    assert "GS220" in done.err
    assert "groups/older.yaml:4:9" in done.err
    assert ExitCode.OK == shop("validate", "--no-sources").code
    shop.write("groups/older.yaml", OLDER.replace("source: customers", "source: custmers"))
    assert "Did you mean `customers`?" in shop("validate").err


def test_a_query_that_asks_the_clock_is_warned_of_and_the_instant_mends_it(shop):
    """`--at` holds for `$as_of`, and for nothing that the engine knows by itself."""
    query = "SELECT *, date_diff('day', DATE '2026-11-01', {}::DATE) AS days FROM 'customers.csv'"
    written = CONFIG.replace("table: customers.csv", "query: QUERY")
    shop.write("groups/older.yaml", OLDER.replace("age: {gte: 50}", "age: {gte: 50}, days: 24"))
    shop.write("groupsync.yaml", written.replace("QUERY", query.format("current_date")))
    done = shop("validate")
    assert ExitCode.OK == done.code
    assert "warning[GS513]: The query of the source `customers` asks the engine's clock" in done.err
    assert "at groupsync.yaml:7:12" in done.err
    assert "By `current_date`. It ignores `--at`" in " ".join(done.err.split())
    assert "hint: Write `$as_of`, which is the plan's instant." in done.err
    assert "GS513" in shop("plan").out
    shop.write("groupsync.yaml", written.replace("QUERY", query.format("$as_of")))
    assert "2 groups in order.\n" == shop("validate").err
    told = [shop("why", "ada@example.com", "older", "--at", f"2026-11-{day}").out for day in (24, 25)]
    assert ["ada@example.com is not in older", "ada@example.com is in older"] == [
        each.split("  ")[0].split("\n")[0] for each in told
    ]


def test_a_source_has_the_days_of_its_time_zone(shop):
    """The same instant is another day there: for conditions, for who is eligible, for `preview` and for `why`."""
    shop.write("customers.csv", "email,renews\nada@example.com,2026-07-01\nbob@example.com,2026-06-30\n")
    shop.write("groups/older.yaml", OLDER.replace("age: {gte: 50}", "renews: {within_days: 0}"))
    night = ("--at", "2026-06-30T22:30:00Z")
    for zone, who in (("UTC", "bob"), ("Europe/Berlin", "ada")):
        shop.write("groupsync.yaml", CONFIG.replace("min_rows: 3", f"time_zone: {zone}"))
        assert f"+ {who}@example.com" in shop("plan", *night).out
        assert f"{who}@example.com is in older" in shop("why", f"{who}@example.com", "older", *night).out
        assert "1 member" in shop("preview", "older", *night).out
        eligible = f"time_zone: {zone}\n    eligible: {{renews: {{within_days: 0}}}}"
        shop.write("groupsync.yaml", CONFIG.replace("min_rows: 3", eligible))
        assert "customers (ibis): 1 customer, 1 segment" in shop("plan", *night).out


def test_show_computes_segments_and_says_why_one_is_left_as_it_is(shop):
    """Both sides stand beside each other; of a small one the size is told."""
    assert ["ada@example.com", "bob@example.com"] == shop("show", "older", "--members").out.split()
    shop.write("groups/older.yaml", OLDER + "min_size: {count: 5}\n")
    done = shop("show", "older")
    assert "older on local: left as it is" in done.out
    assert "it has 2 of at least 5 members" in done.out


def git(shop, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=shop.folder, check=True, capture_output=True)


def test_a_plan_tells_what_comes_of_edits_from_what_would_change_anyway(applied):
    """Cy comes as a customer who changed, Dee by the edit; Bob goes by the edit, and the list by nothing else."""
    git(applied, "init", "--quiet", "--initial-branch=main")
    git(applied, "add", "groupsync.yaml", "groups")
    git(applied, "commit", "--quiet", "--message=as it was")
    applied.write("customers.csv", table(cy=70))
    applied.write("groups/older.yaml", OLDER.replace("{age: {gte: 50}}", "{age: {in: [61, 70, 30]}}"))
    applied.write("groups/staff.yaml", STAFF + "---\nkind: known-user-group\nname: new\nmembers: [x@example.com]\n")
    done = applied("plan", "--compare", "main")
    assert "of edits since main: 1 of 2 added, 1 of 1 removed; the rest would change anyway" in " ".join(
        done.out.split()
    )
    assert "all of it comes of edits since main" in done.out
    document = json.loads(applied("plan", "--compare", "main", "--format", "json").out)
    causes = [(each["name"], each["added"], each["removed"]) for each in document["compared"]["causes"]]
    assert [("new", 1, 0), ("older", 1, 1)] == causes
    applied("plan", "--compare", "main", "--out", "plan.jsonl")
    assert 2 == len(read_plan(applied.folder / "plan.jsonl").compared.causes)


def test_a_plan_tells_which_limits_and_rules_are_others_than_then(applied):
    """GS817: of the config and of each definition, though no group changes by it, with what was and what is."""
    git(applied, "init", "--quiet", "--initial-branch=main")
    git(applied, "add", "groupsync.yaml", "groups")
    git(applied, "commit", "--quiet", "--message=as it was")
    assert "GS817" not in applied("plan", "--compare", "main").err
    rules = "guards: {emptied_group: warn, may_loosen: [be*]}\nadopt: {match: [crm-*]}\nexclude: [staff]\n"
    applied.write("groupsync.yaml", f"{applied.read('groupsync.yaml')}{rules}policies: {{size: [{{max: 900}}]}}\n")
    lists = applied.read("groups/staff.yaml")
    own = "name: staff\nguards: {removed_members: {refuse: off}}\nlifecycle: {adopt: true}\n"
    applied.write("groups/staff.yaml", lists.replace("name: staff\n", own, 1))
    document = json.loads(applied("plan", "--compare", "main", "--format", "json").out)
    found = {each["summary"]: each["detail"] for each in document["diagnostics"] if each["code"] == "GS817"}
    assert {
        "`guards` of the config changed since main": "`emptied_group`: refuse → warn; `may_loosen`: nothing → be*.",
        "`policies` of the config changed since main": '`policies.size`: nothing → [{"max": 900}].',
        "`exclude` of the config changed since main": "`exclude`: nothing → staff.",
        "`adopt` of the config changed since main": "`adopt.match`: nothing → crm-*.",
        "The rules of `staff` changed since main": "`guards.removed_members.refuse`: nothing → off; "
        "`lifecycle.adopt`: nothing → true.",
    } == found


def test_what_lies_in_a_submodule_is_not_said_to_come_of_edits(applied):
    """GS618: git has no files of then, neither of a definition nor of what another group is built on."""
    module = applied.folder.parent / "module"
    module.mkdir()
    (module / "base.yaml").write_text("kind: known-user-group\nname: base\nmembers: [x@example.com]\n")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=module, check=True)
    for typed in (
        ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "a"],
    ):
        subprocess.run(["git", *typed], cwd=module, check=True, capture_output=True)
    git(applied, "init", "--quiet", "--initial-branch=main")
    git(applied, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(module), "groups/sub")
    git(applied, "add", "groupsync.yaml", "groups")
    git(applied, "commit", "--quiet", "--message=as it was")
    applied.write("groups/derived.yaml", "kind: known-user-group\nname: derived\ninclude: [base]\n")
    done = applied("plan", "--compare", "main")
    said = " ".join(done.out.split())
    assert 2 == said.count("what of it comes of edits since main can't be told")
    assert "all of it comes of edits" not in said
    assert "GS618" in done.err
    git(applied, "add", "groups")
    git(applied, "commit", "--quiet", "--message=what then lacks its base")
    assert "It may lack what is in a submodule" in " ".join(applied("plan", "--compare", "main").err.split())


def test_a_revision_that_is_not_there_is_told_with_its_cause(applied):
    """No repository, a shallow clone, a name that nothing has: each has a cure of its own."""
    told = applied("plan", "--compare", "HEAD").err
    assert "git knows no repository here" in told
    assert "not a git repository" in " ".join(told.split())
    git(applied, "init", "--quiet", "--initial-branch=main")
    git(applied, "add", "groupsync.yaml", "groups")
    for message in ("first", "second"):
        git(applied, "commit", "--quiet", "--allow-empty", f"--message={message}")
    shallow = applied.folder.parent / "shallow"
    source = f"file://{applied.folder}"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", source, str(shallow)], check=True, capture_output=True)
    (shallow / "customers.csv").write_text(applied.read("customers.csv"))
    before, applied.folder = applied.folder, shallow
    told = applied("plan", "--compare", "HEAD^1").err
    assert "This clone is shallow" in told
    assert "git fetch --unshallow" in told
    applied.folder = before
    assert "shallow" not in applied("plan", "--compare", "nope").err


def test_a_revision_that_is_none_or_not_in_order_can_not_be_compared_with(applied):
    """Each says what is wrong; an option is no revision."""
    assert ExitCode.ERROR == applied("plan", "--compare", "main").code
    git(applied, "init", "--quiet", "--initial-branch=main")
    applied.write("groups/broken.yaml", "kind: segment\n")
    git(applied, "add", "groupsync.yaml", "groups")
    git(applied, "commit", "--quiet", "--message=broken")
    applied.write("groups/broken.yaml", "")
    for revision, said in (("nope", "no such revision"), ("--output=x", "no such revision"), ("main", "not in order")):
        done = applied("plan", f"--compare={revision}")
        assert (ExitCode.ERROR, True) == (done.code, said in " ".join(done.err.split())), done.err


def test_a_text_that_nobody_has_is_warned_of_by_whatever_reads_the_customers(shop):
    """With file, line and column, what is there and what was meant; `--redact` shows neither; `validate` can't know."""
    risks = ["high"] * 10 + ["low"] * 11 + ["rare"]
    rows = [f"p{number}@example.com,{risk}" for number, risk in enumerate(risks)]
    shop.write("customers.csv", "\n".join(["email,risk", *rows, ""]))
    shop.write("groups/older.yaml", OLDER.replace("{age: {gte: 50}}", "{risk: {ne: Hihg}}"))
    said = [shop(*words.split()) for words in ("plan", "preview older", "apply --yes", "plan --redact", "validate")]
    texts = [each.out + each.err for each in said]

    assert [ExitCode.OK] * 5 == [each.code for each in said]
    for text in texts[:3]:
        assert "`risk = Hihg` is true for no customer of the source" in text
    for text in texts[:2]:
        assert "at groups/older.yaml:4:20" in text
        assert "Values of `risk` that 10 customers or more have: `low`, `high`." in " ".join(text.split())
        assert "hint: Did you mean `high`?" in text
    assert "GS627" in texts[3]
    assert not [word for word in ("Hihg", "`high`", "`low`", "rare") if word in texts[3]]
    assert "GS627" not in texts[4]
    assert "rare" not in "".join(texts)
