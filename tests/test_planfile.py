"""Saved plans: what is written is read back, and nothing that was damaged is taken for a plan."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupsync.errors import ConfigError, GroupsyncError
from groupsync.model import ALWAYS, Action, Change, EntryNote, Later, Members, Verdict
from groupsync.plan import sealed
from groupsync.planfile import read_plan, write_plan
from tests.plans import AS_OF, mark, people, plan_of, plans, sample_plan

FORMATS = Path(__file__).parent / "formats"

files = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def big_plan(count=2500):
    """Make a plan with lists that go on in further lines."""
    return plan_of(
        Change("local", "a", Action.CREATE, add=people(count), mark=mark(count)),
        Change("local", "b", Action.UPDATE, "b", add=people(1000), remove=people(1001, 5000), prior_count=2000),
        Change("local", "c", Action.DELETE, "c", remove=people(3), prior_count=3),
    )


def reseal(lines):
    """Give altered lines a last line that fits their bytes again, as a forger would."""
    *before, end = lines
    sha256 = hashlib.sha256(b"".join(before)).hexdigest()
    return [*before, json.dumps(json.loads(end) | {"sha256": sha256}).encode() + b"\n"]


def encoded(record):
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def names_of(plan):
    return [(change.add.load(), change.remove.load()) for change in plan.changes]


@files
@given(plan=plans())
def test_plan_survives_its_file(plan, tmp_path):
    """A plan read from its file is the plan, with every name."""
    write_plan(plan, tmp_path / "plan")
    read = read_plan(tmp_path / "plan")
    assert plan == read
    assert names_of(plan) == names_of(read)


@pytest.mark.parametrize("count", [999, 1000, 1001, 2000, 2500])
def test_long_lists_go_on_in_further_lines(count, tmp_path):
    """Lists around the length of a line come back whole, and no line holds more than a thousand names."""
    plan = big_plan(count)
    write_plan(plan, tmp_path / "plan")
    read = read_plan(tmp_path / "plan")
    assert names_of(plan) == names_of(read)
    records = map(json.loads, (tmp_path / "plan").read_bytes().splitlines())
    assert max(len(record.get("members", [])) for record in records) <= 1000


def test_writing_again_gives_the_same_bytes(tmp_path):
    """A plan that was read and is written again makes the very same file."""
    write_plan(sample_plan(), tmp_path / "one")
    write_plan(read_plan(tmp_path / "one"), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_reading_holds_no_names(tmp_path):
    """Reading takes memory for changes, not for members, and loading one list not for the others."""
    write_plan(plan_of(Change("local", "a", Action.CREATE, add=people(200_000))), tmp_path / "plan")
    tracemalloc.start()
    try:
        read_plan(tmp_path / "plan")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2_000_000 < (tmp_path / "plan").stat().st_size


def test_names_come_from_the_file_that_was_read(tmp_path):
    """Replacing or removing the file after reading does not change the members of the plan."""
    plan = big_plan()
    write_plan(plan, tmp_path / "plan")
    read = read_plan(tmp_path / "plan")
    write_plan(sample_plan(), tmp_path / "plan")
    (tmp_path / "plan").unlink()
    assert names_of(plan) == names_of(read)


def test_names_altered_after_reading_are_refused(tmp_path):
    """A list that was overwritten in place between reading and loading is damage, with its line."""
    write_plan(big_plan(), tmp_path / "plan")
    read = read_plan(tmp_path / "plan")
    data = (tmp_path / "plan").read_bytes()
    with (tmp_path / "plan").open("r+b") as file:
        file.seek(data.index(b"person-00002@"))
        file.write(b"sombody")
    with pytest.raises(ConfigError, match="damaged") as caught:
        read.changes[0].add.load()
    assert f"{tmp_path}/plan:3" == str(caught.value.at)


# --- Versions and digest ----------------------------------------------------------------------------------------------


def test_a_plan_of_the_first_format_version_is_read_and_written_again_as_it_was(tmp_path):
    """It keeps the digest that was reviewed, belongs to no config that it names, and is the same plan again."""
    plan = read_plan(FORMATS / "v1.plan")
    write_plan(plan, tmp_path / "again")

    digest = "096209126a0872a3643465ab7e82d314ccf80d6d2c51f8096043f15e2cc2b9b5"
    assert (1, digest, "") == (plan.format_version, plan.digest, plan.config)
    assert ({"local": "", "crm": ""}, ()) == ({each.name: each.identity for each in plan.targets}, plan.later)
    assert plan == read_plan(tmp_path / "again")
    assert digest != sealed(replace(plan, format_version=2)).digest


def test_what_a_later_groupsync_adds_to_the_format_is_passed_over(tmp_path):
    """Keys and records that this version does not know leave the plan what it is, wherever they stand."""
    path = tmp_path / "plan"
    write_plan(sample_plan(), path)
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    for record in [*records, *records[0]["targets"], *(each["mark"] for each in records if each.get("mark"))]:
        record["color"] = "red"
    records.insert(2, {"record": "weather", "is": "fine"})
    path.write_bytes(b"".join(reseal([encoded(each) for each in records])))
    assert sample_plan() == read_plan(path)


LATER = Later("local", "staff", AS_OF, 0, 3, "3f9a1c2b")


@pytest.mark.parametrize(
    "edit",
    [
        lambda plan: replace(plan, project="fabrikam"),
        lambda plan: replace(plan, config="contoso-store/production.yaml"),
        lambda plan: replace(plan, undoes="20261123T120000Z-3f9a1c2b"),
        lambda plan: replace(plan, later=(LATER,)),
        lambda plan: replace(plan, targets=(replace(plan.targets[0], identity="file:0"), *plan.targets[1:])),
        lambda plan: replace(plan, targets=(replace(plan.targets[0], complete=False), *plan.targets[1:])),
        lambda plan: replace(plan, changes=plan.changes[1:]),
        *(
            lambda plan, edit=edit: replace(plan, changes=(replace(plan.changes[0], **edit), *plan.changes[1:]))
            for edit in (
                {"owners": ("mallory@example.com",)},
                {"precondition": "r8"},
                {"add": people(8)},
                {"expired": 7},
                {"prior_count": 7777},
                {"definition_digest": "e" * 64},
                {"readdressed": (("a@example.com", "b@example.com"),)},
            )
        ),
    ],
)
def test_the_digest_covers_what_a_decision_hangs_on(edit):
    """A plan for another place, with other owners, members, bases or dates ahead is another plan."""
    plan = sample_plan()
    assert plan.digest != sealed(edit(plan)).digest


@pytest.mark.parametrize("field", ["entering", "leaving", "digest", "name", "target", "at"])
def test_the_digest_covers_all_of_what_a_date_will_do(field):
    """Who enters or leaves at a date, where and when, is part of what was reviewed."""
    value = {"at": AS_OF.replace(year=2027), "entering": 9, "leaving": 9}.get(field, "another")
    plan = plan_of(*sample_plan().changes, targets=sample_plan().targets, later=(LATER,))
    assert plan.digest != sealed(replace(plan, later=(replace(LATER, **{field: value}),))).digest


def test_the_digest_does_not_cover_what_is_worked_out_anew():
    """The clock, findings, the verdict and what is only told leave a plan the one that it is."""
    plan = sample_plan()
    told = replace(plan.changes[0], reason="because", at=None, criteria="age ≥ 50", through=("beta",))
    told = replace(told, entries=(EntryNote("members", "ada@contoso.com", ALWAYS, "trial"),))
    other = replace(plan, as_of=AS_OF.replace(year=2027), diagnostics=(), verdict=Verdict(), drift=(), lost=())
    assert plan.digest == sealed(replace(other, changes=(told, *plan.changes[1:]))).digest


# --- Damage -----------------------------------------------------------------------------------------------------------


def refuse(path):
    """Read a file that must be refused, and return the error after the checks that hold for all of them."""
    with pytest.raises(ConfigError) as caught:
        names_of(read_plan(path))
    error = caught.value
    assert str(path) in error.summary
    assert error.detail
    assert error.hint
    return error


@files
@given(data=st.data())
def test_any_altered_byte_is_noticed(data, tmp_path):
    """Whatever single byte changes to whatever other, the file is refused."""
    path = tmp_path / "plan"
    write_plan(plan_of(*sample_plan().changes[:3], targets=sample_plan().targets), path)
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    refuse(path)


@files
@given(data=st.data())
def test_any_truncation_is_noticed(data, tmp_path):
    """A file that ends anywhere before its end is refused."""
    path = tmp_path / "plan"
    write_plan(sample_plan(), path)
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    refuse(path)


@files
@given(data=st.data())
def test_lines_out_of_place_are_noticed(data, tmp_path):
    """Lines left out, doubled or swapped are refused even where the file's own checksum is made to fit."""
    path = tmp_path / "plan"
    write_plan(big_plan(), path)
    lines = path.read_bytes().splitlines(keepends=True)
    index = data.draw(st.integers(0, len(lines) - 2))
    other = data.draw(st.integers(0, len(lines) - 2).filter(lambda number: number != index))
    match data.draw(st.sampled_from(["drop", "double", "swap"])):
        case "drop":
            del lines[index]
        case "double":
            lines.insert(index, lines[index])
        case _ if {index, other} <= set(range(2, 5)) or {index, other} <= {6, 7}:
            return  # parts of one list: any order is the same set
        case _:
            lines[index], lines[other] = lines[other], lines[index]
    path.write_bytes(b"".join(reseal(lines)))
    refuse(path)


@pytest.mark.parametrize(
    ("alter", "line", "detail"),
    [
        (lambda r: r[1].update(prior_count=-1), 2, "'prior_count'"),
        (lambda r: r[1].update(prior_count=True), 2, "'prior_count'"),
        (lambda r: r[1].update(expired=1.0), 2, "'expired'"),
        (lambda r: r[1].update(action="destroy"), 2, "one of create, update"),
        (lambda r: r[1].pop("mark"), 2, "'mark'"),
        (lambda r: r[1].update(target="elsewhere"), 2, "not in the header"),
        (lambda r: r[1]["add"].update(count=1 << 70), 6, "are announced"),
        (lambda r: r[1]["add"].update(digest="x"), 2, "hexadecimal"),
        (lambda r: r[1].update(attributes=[{"name": "color", "before": None, "after": "red"}]), 2, "'color'"),
        (lambda r: r[1].update(attributes=[{"name": "owners", "before": None, "after": "red"}]), 2, "'owners'"),
        (lambda r: r[5].update(name="a"), 6, "out of order"),
        (lambda r: r[5].update(prior_count=7), 10, "digest"),
        (lambda r: r[-2]["remove"]["members"].append("x"), 9, "another number"),
        (lambda r: r[-2].update(record="note"), 10, "'changes'"),
        (lambda r: r[-2].update(record="header"), 9, "can't be here"),
        (lambda r: r[-2].update(record="members"), 9, "can't be here"),
        (lambda r: r[-2].update(record=7), 9, "no record"),
        (lambda r: r.__setitem__(-2, ["change"]), 9, "no record"),
        (lambda r: r[-1].update(removed=7), 10, "'removed'"),
        (lambda r: r[-1].update(digest="0" * 64), 10, "digest"),
        (lambda r: r[0].update(as_of="yesterday"), 1, "'as_of'"),
        (lambda r: r[0].pop("config"), 1, "'config'"),
        (lambda r: r[0].update(config="contoso-store/production.yaml"), 10, "digest"),
        (lambda r: r[0]["targets"][0].pop("identity"), 1, "'identity'"),
        (lambda r: r[0]["targets"][0].update(identity="file:0"), 10, "digest"),
        (lambda r: r[1].update(owners=["mallory@example.com"]), 10, "digest"),
        (lambda r: r[0].update(format_version=1), 10, "digest"),
    ],
)
def test_wrong_records_are_named(alter, line, detail, tmp_path):
    """A record that is wrong though the checksum fits is refused with its line and what is wrong."""
    path = tmp_path / "plan"
    write_plan(big_plan(), path)
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    alter(records)
    lines = [encoded(record) for record in records]
    path.write_bytes(b"".join(reseal(lines)))
    error = refuse(path)
    assert (line, True) == (error.at.line, detail in error.detail)


@pytest.mark.parametrize("position", [2, 7])
def test_names_that_are_not_those_announced_are_refused_when_loaded(position, tmp_path):
    """A forged member line passes the reading of the plan, and is refused when its names are asked for."""
    path = tmp_path / "plan"
    write_plan(big_plan(), path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[position] = lines[position].replace(b"@contoso.com", b"@c0ntoso.com", 1)
    path.write_bytes(b"".join(reseal(lines)))
    read_plan(path)
    assert "damaged" in refuse(path).summary


@pytest.mark.parametrize(
    ("content", "summary", "detail"),
    [
        (b"", "is not a plan file", "ends too early"),
        (b"{}\n", "is not a plan file", "no 'record'"),
        (b"[]\n", "is not a plan file", "a list"),
        (b"groups:\n", "is not a plan file", "not JSON"),
        (b"\xff\xfe\x00\n", "is not a plan file", "not JSON"),
        (b'{\n  "format_version": 1,\n', "is not a plan file", "not JSON"),
        (b"[" * 100_000 + b"\n", "is not a plan file", "not JSON"),
        (b"1" * 10_000 + b"\n", "is not a plan file", "not JSON"),
        (b"x" * (17 * 1024 * 1024), "is not a plan file", "too long"),
        (b'{"record":"header","format_version":3}\n', "another groupsync", "version 3"),
        (b'{"record":"header","format_version":0}\n', "another groupsync", "version 0"),
    ],
)
def test_other_files_are_told_from_plans(content, summary, detail, tmp_path):
    """Something that is no plan, or one of another version, is called that, whatever is in it."""
    path = tmp_path / "plan"
    path.write_bytes(content)
    error = refuse(path)
    assert (True, True) == (summary in error.summary, detail in error.detail)


def test_something_after_the_end_is_refused(tmp_path):
    """Whatever follows the last record is refused with its line."""
    path = tmp_path / "plan"
    write_plan(big_plan(), path)
    path.write_bytes(path.read_bytes() + b"\n")
    error = refuse(path)
    assert (11, "there is something after the last record") == (error.at.line, error.detail)


def test_what_is_not_an_ordinary_file_is_refused(tmp_path):
    """A folder, a pipe and a missing file are refused without waiting."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing"):
        assert "can't" in refuse(path).summary.lower()


# --- Writing ----------------------------------------------------------------------------------------------------------


def test_failure_leaves_what_was_there(tmp_path):
    """When members can't be read, the error goes up, the earlier plan stays and no temporary file is left."""

    def load():
        raise GroupsyncError("the target went away")

    write_plan(sample_plan(), tmp_path / "plan")
    before = (tmp_path / "plan").read_bytes()
    gone = Members(load, count=1, digest="0" * 64)
    with pytest.raises(GroupsyncError, match="the target went away"):
        write_plan(plan_of(Change("local", "a", Action.CREATE, add=gone)), tmp_path / "plan")
    assert (before, ["plan"]) == ((tmp_path / "plan").read_bytes(), [each.name for each in tmp_path.iterdir()])


def test_members_that_changed_since_planning_are_not_saved(tmp_path):
    """Members that are no longer those of the digest the plan was made with are refused."""
    moved = Members(lambda: frozenset({"eve@contoso.com"}), count=1, digest=people(1).digest)
    with pytest.raises(ConfigError, match="changed"):
        write_plan(plan_of(Change("local", "a", Action.CREATE, add=moved)), tmp_path / "plan")
    assert [] == list(tmp_path.iterdir())


def test_plan_file_is_private(tmp_path):
    """The file holds names, so only its owner may read it."""
    write_plan(sample_plan(), tmp_path / "plan")
    assert 0o600 == stat.S_IMODE((tmp_path / "plan").stat().st_mode)


def test_link_to_the_plan_is_kept(tmp_path):
    """Saving through a symbolic link writes the file it leads to."""
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_plan(sample_plan(), tmp_path / "link")
    assert (True, True) == ((tmp_path / "link").is_symlink(), (tmp_path / "real").is_file())


def test_impossible_places_are_refused(tmp_path):
    """A folder, a missing folder and a circle of links are refused with a clear error."""
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for path in (tmp_path, tmp_path / "no" / "plan", tmp_path / "circle" / "plan"):
        with pytest.raises(ConfigError, match="an't save"):
            write_plan(sample_plan(), path)
