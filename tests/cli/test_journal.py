"""Past runs on the command line: listed, gone on with, taken back."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from dataclasses import replace

import pytest

from groupsync.errors import ExitCode
from groupsync.model import Members
from groupsync.plan import sealed
from groupsync.planfile import read_plan, write_plan

STATE = "state/groups/staff.txt"
MEMBERS = "groups/members/staff.txt"


@pytest.fixture
def shop(project):
    """The quickstart, applied, and applied again with one more in two groups."""
    assert ExitCode.OK == project("apply", "--yes").code
    shutil.copytree(project.folder / "state", project.folder / "before")
    project.write(MEMBERS, project.read(MEMBERS) + "radia@contoso.com\n")
    assert ExitCode.OK == project("apply", "--yes").code
    return project


def runs(project):
    """Return what `history` tells a program, newest first."""
    return json.loads(project("history", "--format", "json").out)["runs"]


def cut(project, *, records):
    """Leave only so many records of the newest run, as a kill would."""
    path = project.folder / ".groupsync" / "runs" / f"{runs(project)[0]['id']}.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:records]))


def restore(project):
    """Bring the target back to what it was before the last run."""
    shutil.rmtree(project.folder / "state")
    shutil.copytree(project.folder / "before", project.folder / "state")


# --- Listed -----------------------------------------------------------------------------------------------------------


def test_history_lists_runs_newest_first(shop):
    """A line a run, for people and for programs; `--limit` keeps the newest."""
    newest, oldest = runs(shop)
    assert ("apply", 2, 4) == (newest["kind"], newest["summary"]["applied"], oldest["summary"]["applied"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", newest["started_at"])
    lines = shop("history").out.splitlines()
    assert [newest["id"], oldest["id"]] == [line.split()[0] for line in lines[1:3]]
    assert "2 applied" in lines[1]
    assert [newest["id"]] == [line.split()[0] for line in shop("history", "-n", "1").out.splitlines()[1:2]]


def test_history_shows_one_run_by_part_of_its_id(shop):
    """`last`, an id or a part of it: what became of each change, at most 80 columns wide."""
    run = runs(shop)[0]["id"]
    shown = shop("history", run[-8:]).out
    assert shown == shop("history", "last").out
    assert f"Run {run}: an apply" in shown
    assert "applied        ~ update  staff         1 member added, none removed" in shown
    assert max(map(len, shown.splitlines())) <= 80
    changes = json.loads(shop("history", run, "--format", "json").out)["run"]["changes"]
    assert [("staff", 4, 5), ("early-access", 9, 10)] == [
        (each["name"], each["prior_count"], each["count"]) for each in changes
    ]


@pytest.mark.parametrize("command", ["history", "undo"])
def test_a_run_that_there_is_not_is_an_error_that_says_where_to_look(shop, command):
    """An unknown id ends with 1 and names the command that lists them."""
    done = shop(command, "nobody")
    assert ExitCode.ERROR == done.code
    assert "There is no run `nobody`" in done.err
    assert "`groupsync history` lists the runs" in done.err


def test_a_damaged_run_is_told_with_its_line_and_stops_no_plan(shop):
    """GS611: a plan goes on, and warns; the history of that run is an error with file and line."""
    path = f".groupsync/runs/{runs(shop)[0]['id']}.jsonl"
    shop.write(path, shop.read(path).replace('"record":"before"', '"record":before', 1))
    assert ExitCode.ERROR == shop("history").code
    shop.write(MEMBERS, "margaret@contoso.com\nhedy@contoso.com\ntim@contoso.com\nalan@contoso.com\n")
    lines = shop.read(path).splitlines(keepends=True)
    shop.write(path, "".join(lines[:-1]))
    done = shop("plan")
    assert ExitCode.OK == done.code
    assert "GS611" in done.err
    assert f"{path}:2" in done.err.replace("\n  ", "")


READERS = [
    ("history",),
    ("history", "last"),
    ("undo", "last", "--yes"),
    ("apply", "--resume", "--yes"),
    ("accept", "--keep-all", "--dry-run"),
    ("plan",),
    ("drift",),
    ("apply", "--yes"),
]


@pytest.mark.parametrize("typed", READERS, ids=" ".join)
def test_a_journal_that_can_not_be_read_is_never_an_empty_one(shop, typed):
    """Each command that asks it ends with 1, and says what stands in the way; none says that there is nothing."""
    shutil.rmtree(shop.folder / ".groupsync" / "runs")
    shop.write(".groupsync/runs", "in the way")
    done = shop(*typed)
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    assert "The journal can't be read" in done.err
    assert ".groupsync/runs: Not a directory" in " ".join(done.err.split())
    assert not re.search(r"Nothing (was applied|to resume)|No drift", done.err)


@pytest.mark.parametrize("typed", [("plan",), ("accept", "--keep-all", "--dry-run")], ids=" ".join)
def test_a_run_that_can_not_be_read_is_missed_aloud(shop, typed):
    """What it tells is not known to guards that look back, nor to what explains drift; that it ended well is known."""
    path = f".groupsync/runs/{runs(shop)[0]['id']}.jsonl"
    shop.write(path, shop.read(path).replace('"record":"before"', '"record":"bef"'))
    shop.write(STATE, shop.read(STATE) + "zoe@contoso.com\n")
    done = shop(*typed)
    assert ExitCode.ERROR != done.code
    assert "GS611" in done.err
    assert "is damaged" in done.err
    assert f"{path}:" in done.err.replace("\n  ", "")


def altered(path, name, *more):
    """Let more people come to a group by a saved plan, and make all of its figures and digests fit."""
    plan = read_plan(path)

    def alter(change):
        mark = replace(change.mark, count=change.mark.count + len(more), digest="f" * 64)
        return replace(change, add=Members.of(change.add.load() | set(more)), mark=mark)

    changes = tuple(alter(change) if change.name == name else change for change in plan.changes)
    write_plan(sealed(replace(plan, changes=changes)), path)


# --- Gone on with -----------------------------------------------------------------------------------------------------


def test_without_a_run_that_was_cut_short_there_is_nothing_to_resume(shop):
    """It says so, and that is in order."""
    done = shop("apply", "--resume", "--yes")
    assert (ExitCode.OK, "Nothing to resume: no run of groupsync.yaml left anything to do.\n") == (done.code, done.err)


def test_a_cut_run_is_told_by_plan_and_finished_by_resume(shop):
    """GS610: the plan that meets it says how to go on, and going on does what was left."""
    wanted = shop.read(STATE)
    restore(shop)
    cut(shop, records=2)  # the header, and that the first change is about to be tried
    warned = shop("plan")
    assert "GS610" in warned.err
    assert "`groupsync apply --resume` goes on with it" in " ".join(warned.err.split())
    told = shop("history", "last").out
    assert ("Nothing is known of 1 change.", "2 unknown; cut short, or still going on.") == tuple(
        told.splitlines()[-2:]
    )
    assert "not tried" not in told

    done = shop("apply", "--resume", "--yes")
    assert ExitCode.OK == done.code, done.err
    assert "2 changes left" in done.err
    assert wanted == shop.read(STATE)
    assert "resume" == runs(shop)[0]["kind"]
    assert "Nothing to resume" in shop("apply", "--resume", "--yes").err


def test_an_undo_of_before_that_was_refused_is_not_the_last_run_either(shop):
    """An earlier groupsync did not note how many changes a run had applied: what became of each tells."""
    shop.write(MEMBERS, shop.read(MEMBERS) + "".join(f"person-{number}@contoso.com\n" for number in range(20)))
    assert ExitCode.OK == shop("apply", "--yes").code
    applied = runs(shop)[0]["id"]
    assert ExitCode.REFUSED == shop("undo", "last", "--yes").code
    path = next(shop.folder.glob(f".groupsync/runs/{runs(shop)[0]['id']}.jsonl"))
    *records, end = path.read_text().splitlines()
    end = {key: value for key, value in json.loads(end).items() if key not in {"applied", "sources"}}
    path.write_text("\n".join([*records, json.dumps(end, separators=(",", ":"))]) + "\n")
    assert f"Undo of the run {applied}" in shop("undo", "last").out


def test_what_was_done_before_the_cut_is_proved_and_not_done_again(shop):
    """A change whose outcome nobody noted is looked at, and noted as done."""
    before = shop.read("state/index.jsonl")
    cut(shop, records=2)
    done = shop("apply", "--resume", "--yes")
    assert ExitCode.OK == done.code, done.err
    assert "2 of which turn out to be done" in done.err
    assert "Applied 0 of 2 changes in less than 0.1 s: no members added or removed. 2 changes were done already." in (
        " ".join(done.out.split())
    )
    assert "2 done already" in shop("history", "-n", "1").out
    assert before == shop.read("state/index.jsonl")
    noted = json.loads(shop("history", "last", "--format", "json").out)["run"]["changes"]
    assert ["applied", "applied"] == [each["outcome"] for each in noted]


def test_what_moved_after_the_cut_is_left_alone(shop):
    """Somebody's edit in between makes its group stale, and what is built on it, exit 4."""
    restore(shop)
    cut(shop, records=2)
    shop.write(STATE, "zoe@example.com\n")
    done = shop("apply", "--resume", "--yes", "--format", "json")
    assert ExitCode.INCOMPLETE == done.code
    assert {"early-access": "stale", "staff": "stale"} == {
        each["name"]: each["outcome"] for each in json.loads(done.out)["results"]
    }
    assert "zoe@example.com\n" == shop.read(STATE)


def test_a_run_whose_file_was_altered_is_not_gone_on_with(shop):
    """A journal is a file like any other: what the definitions don't make is refused, and not written."""
    restore(shop)
    cut(shop, records=2)
    path = max((shop.folder / ".groupsync/runs").glob("*.plan"))
    altered(path, "staff", "mallory@example.com")
    done = shop("apply", "--resume", "--yes")
    assert ExitCode.REFUSED == done.code
    said = " ".join(done.out.split())
    assert "it would add `mallory@example.com`, whom the definition does not name" in said
    assert "mallory" not in shop.read(STATE)


@pytest.mark.parametrize(
    "more", [["x.plan"], ["--adopt"], ["--at", "2027-01-01"], ["--select", "staff"], ["--target", "local"]]
)
def test_resume_takes_no_other_choice(shop, more):
    """It goes on with what was planned, so anything that would choose is wrong usage."""
    assert ExitCode.USAGE == shop("apply", "--resume", *more).code


# --- Taken back -------------------------------------------------------------------------------------------------------


def test_undo_says_what_stays_on_a_target_that_the_config_does_not_have_any_more(shop):
    """A run is not taken back in part without a word."""
    shop.write("groupsync.yaml", shop.read("groupsync.yaml").replace("local:", "renamed:"))
    undone = shop("undo", "last", "--yes")

    assert "What the run did on local is not taken back" in undone.err
    assert ExitCode.INCOMPLETE == undone.code


def test_undo_takes_a_run_back_and_leaves_the_definitions(shop):
    """The target is what it was, the definitions want it again, and both are said."""
    undone = shop("undo", "last", "--yes")
    assert ExitCode.OK == undone.code, undone.err
    assert "The definitions were not touched" in undone.err
    assert "radia@contoso.com" not in shop.read(STATE)
    again = shop("plan", "--detailed-exitcode")
    assert ExitCode.CHANGES == again.code
    assert "+ radia@contoso.com" in again.out
    assert ("undo", runs(shop)[1]["id"]) == (runs(shop)[0]["kind"], runs(shop)[0]["of"])


def test_undo_asks_and_is_guarded_like_any_other_plan(shop):
    """Without a terminal it needs `--yes`; what it would take away is held against the limits."""
    assert ExitCode.ERROR == shop("undo", "last").code
    first = runs(shop)[1]["id"]
    shop("undo", "last", "--yes")
    refused = shop("undo", first, "--yes")
    assert ExitCode.REFUSED == refused.code
    assert "refused by deleted_groups" in refused.out
    assert (shop.folder / STATE).exists()


@pytest.mark.parametrize("path", ["groupsync.yaml", "our shop.yaml"])
def test_what_an_undo_is_refused_is_allowed_by_the_command_that_it_shows(shop, path):
    """A run that was refused took nothing back, so `last` is still the run before; the hint is the whole command."""
    here = () if path == "groupsync.yaml" else ("-c", path)
    if here:
        shop.write(path, shop.read("groupsync.yaml"))
    before = shop.read(STATE)
    shop.write(MEMBERS, shop.read(MEMBERS) + "".join(f"person-{number}@contoso.com\n" for number in range(20)))
    assert ExitCode.OK == shop("apply", "--yes", *here).code
    grown = runs(shop)[0]["id"]
    refused = shop("undo", "last", "--yes", *here)
    assert ExitCode.REFUSED == refused.code
    assert ("undo", grown) == (runs(shop)[0]["kind"], runs(shop)[0]["of"])
    said = " ".join(refused.out.split())
    its_config = " -c 'our shop.yaml'" if here else ""
    assert f"Plan again to see what is left: groupsync undo {grown}{its_config}" in said

    again = shop("undo", "last", "--full", *here)
    assert f"Undo of the run {grown}" in again.out
    hint = next(line for line in " ".join(again.out.split()).split("llow just this: ") if "remove:staff<=" in line)
    command = re.match(r"groupsync undo .*? --allow '[^']*'", hint)[0]
    done = shop(*shlex.split(command)[1:], "--yes")
    assert "refused" not in done.out.partition("staff")[2].partition("\n")[0], done.out
    assert before == shop.read(STATE)
    assert grown == runs(shop)[0]["of"]


def test_a_saved_undo_does_just_what_was_reviewed(shop):
    """`undo --out` makes a plan file for `apply`, which `--expect` pins."""
    saved = shop("undo", "last", "--out", "back.plan")
    assert ExitCode.OK == saved.code, saved.err
    digest = saved.out.rstrip()[-16:]
    assert ExitCode.ERROR == shop("apply", "back.plan", "--yes", "--expect", "0000000000000000").code
    assert ExitCode.OK == shop("apply", "back.plan", "--yes", "--expect", digest).code
    assert "radia@contoso.com" not in shop.read(STATE)


def test_undo_leaves_alone_what_moved_since(shop):
    """GS612: a group that somebody changed after the run stays as it is and is listed, exit 4."""
    shop.write(STATE, shop.read(STATE) + "zoe@example.com\n")
    done = shop("undo", "last", "--yes")
    assert ExitCode.INCOMPLETE == done.code
    assert "GS612" in done.err
    assert "`staff` on local is not taken back" in done.err
    assert "zoe@example.com" in shop.read(STATE)
    assert "radia@contoso.com" not in shop.read("state/groups/early-access.txt")
