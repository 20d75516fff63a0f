"""Guards that compare with earlier runs, on machines that remember none: what is refused, told and allowed."""

from __future__ import annotations

import json
import re
import shlex
import shutil

import pytest

from groupsync.errors import ExitCode

CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
sources:
  customers:
    plugin: ibis
    table: customers.csv
    id: email
    max_shrink: {percent: 10}
targets:
  local: {plugin: file, path: state/}
guards: {removed_over: {warn: off}}
"""
SEGMENT = "kind: segment\nname: everybody\nsource: customers\nwhere: {age: {gte: 0}}\n"
LIST = "kind: known-user-group\nname: staff\nmembers: [sue@example.com]\n"
STATE = "state/groups/everybody.txt"
SUBJECT = "unjudged:max_shrink:customers"


def customers(count):
    """Return a table of so many customers."""
    return "email,age\n" + "".join(f"person-{number:03}@example.com,{number % 80}\n" for number in range(count))


@pytest.fixture
def shop(project):
    """A project with a segment of 200 customers and a list, applied once."""
    for path in (project.folder / "groups").glob("*.yaml"):
        path.unlink()
    project.write("groupsync.yaml", CONFIG)
    project.write("groups/everybody.yaml", SEGMENT)
    project.write("groups/staff.yaml", LIST)
    project.write("customers.csv", customers(200))
    first = project("apply", "--yes")
    assert ExitCode.OK == first.code, first.err
    assert "New, so that guards have nothing to compare with yet: the source `customers`" in first.out.replace(
        "\n", " "
    )
    return project


def forget(shop):
    """Leave the machine without a journal, and marks that had no room to remember anything."""
    shutil.rmtree(shop.folder / ".groupsync")
    forget_marks(shop)


def forget_marks(shop):
    index, nothing = shop.read("state/index.jsonl"), '"rows": [], "counts": [], "whole": false'
    shop.write("state/index.jsonl", re.sub(r'"rows": \[\[.*?\]\], "counts": \[\]', nothing, index))


def options(done):
    """Return the exceptions that a plan prints, as a shell would take them."""
    return shlex.split(" ".join(re.findall(r"--allow '[^']+'", " ".join(done.out.split()))))


def size(shop):
    return len(shop.read(STATE).splitlines())


def test_a_source_that_shrinks_each_night_before_a_fresh_machine_takes_nobody_out(shop):
    """Three nights of 13.5 % fewer, and nothing is remembered: refused each time, with exit 3, and lists go on."""
    for night, count in enumerate((173, 150, 130), 1):
        forget(shop)
        shop.write("customers.csv", customers(count))
        shop.write("groups/staff.yaml", LIST.replace("]", f", tom{night}@example.com]"))
        plan, done = shop("plan"), shop("apply", "--yes")

        assert (ExitCode.REFUSED, ExitCode.REFUSED, 200) == (plan.code, done.code, size(shop))
        said = " ".join(plan.out.split())
        assert "refused by unjudged:max_shrink (groupsync.yaml:9): how many customers it had before is not" in said
        assert 1 == plan.err.count("warning[GS818]")
        assert f"tom{night}@example.com" in shop.read("state/groups/staff.txt")


def test_what_is_printed_lets_it_through_once_and_from_then_on_the_guard_judges(shop):
    """The exception is pasted as it stands; the run that it lets through is remembered."""
    forget(shop)
    shop.write("customers.csv", customers(173))
    allow = options(shop("plan"))
    assert [each for each in allow if SUBJECT in each]
    done = shop("apply", "--yes", *allow)

    assert (ExitCode.OK, 173) == (done.code, size(shop)), done.out + done.err
    assert f"Allowed by exception: {SUBJECT}<=27, by --allow" in done.out
    assert "GS818" not in done.err
    shop.write("customers.csv", customers(150))
    again = shop("plan")
    assert (ExitCode.REFUSED, True) == (again.code, "23 of 173 customers are gone" in " ".join(again.out.split()))


def test_what_was_refused_once_is_not_new_the_next_time(shop):
    """A run is remembered that refused the source; waiting a night does not make it the first one."""
    forget(shop)
    shop.write("customers.csv", customers(173))
    shop.write("groups/staff.yaml", LIST.replace("]", ", tom@example.com]"))
    assert ExitCode.REFUSED == shop("apply", "--yes").code
    assert "tom@example.com" in shop.read("state/groups/staff.txt")
    again = shop("apply", "--yes")

    assert (ExitCode.REFUSED, 200) == (again.code, size(shop))
    assert "unjudged:max_shrink" in again.out


def test_nothing_is_said_where_nothing_changes(shop):
    """A machine that remembers nothing looks at what is as it should be, and ends with 0."""
    forget(shop)
    done = shop("plan")
    assert (ExitCode.OK, "") == (done.code, done.err)
    assert "No changes. 2 groups on 1 target match their definitions." in done.out


def test_a_source_that_no_run_names_is_new(shop):
    """Where runs are known and none has it, a source is judged as the first time, and the plan says so."""
    shop.write("groupsync.yaml", CONFIG.replace("  customers:\n", "  buyers:\n").replace("customers.csv", "buyers.csv"))
    shop.write("buyers.csv", customers(190))
    shop.write("groups/everybody.yaml", SEGMENT.replace("customers", "buyers"))
    done = shop("plan", "--format", "json")
    assert [{"what": "source", "name": "buyers"}] == json.loads(done.out)["firsts"]
    assert ExitCode.OK == done.code


def test_an_approval_is_good_for_the_source_and_is_used_up(shop):
    """The document that `--full` prints goes through a review; the run that takes it leaves nothing of it."""
    forget(shop)
    shop.write("customers.csv", customers(173))
    lines = shop("plan", "--full").out.splitlines()
    start = lines.index("      source: customers")
    document = "\n".join(line.strip() for line in lines[start : start + 7]).replace(
        'reason: ""', "reason: a spring clean"
    )
    assert "kind: unjudged\nguard: max_shrink\nceiling: 27\n" in document
    shop.write("approvals/spring.yaml", document + "\n")
    done = shop("apply", "--yes")

    assert (ExitCode.OK, 173) == (done.code, size(shop)), done.out + done.err
    assert f"Allowed by exception: {SUBJECT}<=27, by approvals/spring.yaml:1: a spring clean" in done.out.replace(
        "\n  ", " "
    )
    (used,) = [
        each
        for path in (shop.folder / ".groupsync" / "runs").glob("*.jsonl")
        for each in json.loads(path.read_text().splitlines()[0])["approvals"]
    ]
    assert ("unjudged", "max_shrink:customers", "", 27) == tuple(
        used[key] for key in ("kind", "name", "target", "count")
    )


def test_a_saved_plan_is_judged_where_it_is_applied(shop):
    """A plan that was judged is of no use on a machine that remembers nothing, and the other way round."""
    shop.write("customers.csv", customers(190))
    assert ExitCode.OK == shop("plan", "--out", "judged.plan").code
    forget(shop)
    refused = shop("apply", "judged.plan", "--yes")
    assert (ExitCode.REFUSED, 200) == (refused.code, size(shop))
    assert "unjudged:max_shrink" in refused.out
    allow = options(refused)
    done = shop("apply", "judged.plan", "--yes", *allow)
    assert (ExitCode.OK, 190) == (done.code, size(shop)), done.out + done.err
    shop.write("customers.csv", customers(185))
    assert ExitCode.OK == shop("plan").code


def test_a_plan_that_could_not_be_judged_stays_refused_until_it_is_allowed(shop):
    """What the file says of it is kept, and what a saved plan takes is the same exception."""
    journal = shop.folder / ".groupsync"
    journal.rename(shop.folder / "kept")
    forget_marks(shop)
    shop.write("customers.csv", customers(190))
    plan = shop("plan", "--out", "monday.plan")
    assert ExitCode.REFUSED == plan.code
    (shop.folder / "kept").rename(journal)
    assert (ExitCode.REFUSED, 200) == (shop("apply", "monday.plan", "--yes").code, size(shop))
    assert (ExitCode.OK, 190) == (shop("apply", "monday.plan", "--yes", *options(plan)).code, size(shop))
    shop.write("customers.csv", customers(180))
    assert ExitCode.OK == shop("apply", "--yes").code
    shop.write("customers.csv", customers(160))
    assert "20 of 180 customers are gone" in " ".join(shop("plan").out.split())


def test_a_project_that_softens_it_goes_on(shop):
    """The warning names the guard, and people go."""
    shop.write("groupsync.yaml", CONFIG.replace("guards: {", "guards: {unjudged: warn, "))
    forget(shop)
    shop.write("customers.csv", customers(173))
    done = shop("apply", "--yes")
    assert (ExitCode.OK, 173) == (done.code, size(shop))
    assert "`max_shrink` (groupsync.yaml:9) of the source `customers`" in " ".join(done.err.split())
