"""Commands on runners that start from nothing, with a target whose marks remember what guards compare with."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from groupsync.errors import ExitCode
from tests.cli.test_unjudged import CONFIG, SEGMENT, customers, size

OUT = "kind: known-user-group\nname: out\nmembers: [{}]\n"
REST = "kind: known-user-group\nname: rest\nmembers: [{}]\nexclude: [out]\n"
GUARDS = "guards: {removed_over: {warn: off}, removed_members: {refuse: {percent: 20, floor: 1}}}"


def people(*numbers):
    return ", ".join(f"list-{number}@example.com" for number in numbers)


@pytest.fixture
def shop(project):
    """A segment of 200 customers, and a list that leaves another one out, which goes to no target."""
    for path in (project.folder / "groups").glob("*.yaml"):
        path.unlink()
    config = CONFIG.replace(
        "{plugin: file, path: state/}", "{plugin: file, path: state/, select: {names: [everybody, rest]}}"
    )
    project.write("groupsync.yaml", config.replace("guards: {removed_over: {warn: off}}", GUARDS))
    project.write("groups/everybody.yaml", SEGMENT)
    project.write("groups/out.yaml", OUT.format(people(1, 2, 3, 4)))
    project.write("groups/rest.yaml", REST.format(people(1, 2, 7, 8)))
    project.write("customers.csv", customers(200))
    assert ExitCode.OK == project("apply", "--yes").code
    return project


def fresh(shop, *words):
    """Type a command where there is no journal."""
    shutil.rmtree(shop.folder / ".groupsync", ignore_errors=True)
    done = shop(*words)
    return done, " ".join(done.out.split())


def strip(shop):
    """Have marks as a version wrote them that remembered nothing."""
    index = shop.read("state/index.jsonl")
    shop.write("state/index.jsonl", re.sub(r', "past": \{.*?\}', "", index))
    assert '"past"' not in shop.read("state/index.jsonl")


def test_a_source_that_lost_customers_is_refused_on_every_runner(shop):
    """The refusal says since when, there is no warning, and nobody goes."""
    shop.write("customers.csv", customers(120))
    for words in (("plan",), ("apply", "--yes"), ("plan", "--out", "p.plan")):
        done, said = fresh(shop, *words)
        assert ExitCode.REFUSED == done.code
        assert re.search(r"80 of 200 customers are gone since the apply of [-0-9]+ [:.0-9]+ UTC, and 20 may be", said)
        assert "GS818" not in done.err
    done, said = fresh(shop, "apply", "p.plan", "--yes")
    assert (ExitCode.REFUSED, 200) == (done.code, size(shop))
    shop.write("customers.csv", customers(190))
    assert (ExitCode.OK, 190) == (fresh(shop, "apply", "--yes")[0].code, size(shop))


def test_a_list_cut_in_half_is_refused_on_every_runner(shop):
    """So is what leaves it out: nobody is let in because of it."""
    shop.write("groups/out.yaml", OUT.format(people(3, 4)))
    done, said = fresh(shop, "apply", "--yes")

    assert ExitCode.REFUSED == done.code
    assert "refused by removed_members" in said
    assert "list-7@example.com\nlist-8@example.com\n" == shop.read("state/groups/rest.txt")


def test_a_mark_of_before_is_a_first_run_once(shop):
    """The plan says what is new, and the next runner has something to compare with."""
    strip(shop)
    shop.write("customers.csv", customers(120))
    shop.write("groups/out.yaml", OUT.format(people(1, 3)))
    done, _ = fresh(shop, "plan", "--format", "json")
    firsts = [{"what": "list", "name": "out"}, {"what": "source", "name": "customers"}]
    assert firsts == sorted(json.loads(done.out)["firsts"], key=lambda each: each["what"])
    shop.write("customers.csv", customers(195))
    done, said = fresh(shop, "apply", "--yes")
    assert ExitCode.OK == done.code, done.out + done.err
    assert re.search(r"New, so that guards have nothing to compare with yet: [^.]*the source `customers`", said)
    shop.write("customers.csv", customers(150))
    shop.write("groups/out.yaml", OUT.format(people(3)))
    done, said = fresh(shop, "plan")
    assert (ExitCode.REFUSED, True) == (done.code, "45 of 195 customers are gone" in said)
    assert "New, so that" not in said


def test_nothing_changes_because_of_what_marks_remember(shop):
    """With other figures, with none, and where a runner knows less."""
    done, said = fresh(shop, "plan")
    assert (ExitCode.OK, True) == (done.code, "No changes." in said)
    strip(shop)
    done, said = fresh(shop, "plan", "--detailed-exitcode")
    assert (ExitCode.OK, True, "") == (done.code, "No changes." in said, done.err)


def test_marks_name_neither_people_nor_sources_nor_lists(shop):
    """Beside the mark's own group there are keys and figures."""
    pasts = re.findall(r'"past": \{.*?\}', shop.read("state/index.jsonl"))
    assert 2 == len(pasts)
    for past in pasts:
        found = json.loads(past.partition(": ")[2])
        texts = [each for entry in (*found["rows"], *found["counts"]) for each in entry if isinstance(each, str)]
        assert texts
        assert all(re.fullmatch("[0-9a-f]{16}", each) for each in texts)
        assert not re.search("example|customers|out", past)
