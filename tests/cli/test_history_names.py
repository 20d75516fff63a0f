"""`history RUN --full`, `--who` and `--group`: who came and went, by the plans that the journal keeps."""

from __future__ import annotations

import json

import pytest

from groupsync.errors import ExitCode


@pytest.fixture
def shop(quick):
    """A project with two runs: the first makes all groups, the second takes alan out of staff."""
    assert ExitCode.OK == quick("apply", "--yes").code
    text = quick.read("groups/members/staff.txt")
    quick.write("groups/members/staff.txt", text.replace("alan@contoso.com\n", ""))
    assert ExitCode.OK == quick("apply", "--yes").code
    return quick


def newest(shop):
    return json.loads(shop("history", "--format", "json").out)["runs"][0]["id"]


def test_a_run_names_who_came_and_went(shop):
    """With `--full`, in text and as JSON; without it nothing but counts."""
    shown = shop("history", "last", "--full")
    assert (ExitCode.OK, "") == (shown.code, shown.err)
    assert "      - alan@contoso.com" in shown.out.splitlines()
    assert "@" not in shop("history", "last").out.replace("root@", "")
    (change,) = json.loads(shop("history", "last", "--full", "--format", "json").out)["run"]["changes"]
    assert {"add": [], "remove": ["alan@contoso.com"], "readdressed": []} == change["names"]


def test_every_name_is_there_however_many(shop):
    """A list that a plan would cut is whole: of staff, and of early-access that includes it."""
    shop.write("groups/members/staff.txt", "".join(f"u{number:02}@contoso.com\n" for number in range(40)))
    shop("apply", "--yes")
    assert 2 * 40 == shop("history", "last", "--full").out.count("      + u")


def test_a_person_is_followed_through_all_runs(shop):
    """Newest first, with the groups, and nobody else is named."""
    shown = shop("history", "--who", "Alan@contoso.com").out
    assert [newest(shop)] == [line.split()[1].rstrip(":") for line in shown.splitlines() if line.startswith("Run")][:1]
    assert ["      - alan@contoso.com"] == [line for line in shown.splitlines() if line.startswith("      -")]
    assert {"+ alan@contoso.com", "- alan@contoso.com"} == {
        line.strip() for line in shown.splitlines() if line.endswith("@contoso.com")
    }
    assert "2 runs of those that are kept changed memberships of Alan@contoso.com." in shown
    document = json.loads(shop("history", "--who", "alan@contoso.com", "--format", "json").out)
    assert [] == document["untold"]
    assert {("staff", 1)} == {
        (change["name"], len(change["names"]["remove"])) for run in document["runs"][:1] for change in run["changes"]
    }


def test_somebody_in_no_run_is_told_so(shop):
    """That is an answer, and no error."""
    assert (
        "No run of those that are kept changed memberships of nobody@contoso.com.\n"
        == shop("history", "--who", "nobody@contoso.com").out
    )


def test_a_group_is_followed_and_names_are_shown_when_asked(shop):
    """With `--full`; and a person in a group by both."""
    shown = shop("history", "--group", "staff").out
    assert (2, 0) == (shown.count("Run "), shown.count("@contoso.com"))
    assert "2 runs of those that are kept changed staff." in shown
    assert "- alan@contoso.com" in shop("history", "--group", "staff", "--full").out
    shown = shop("history", "--group", "opted-out", "--who", "tim@contoso.com").out
    assert "No run of those that are kept changed memberships of tim@contoso.com in\nopted-out.\n" == shown


def test_a_group_is_followed_through_its_names(shop):
    """What a run did to it under a name before is there, too."""
    shop("rename", "staff", "crew")
    shop("apply", "--yes")
    shown = shop("history", "--group", "crew").out
    assert "3 runs of those that are kept changed crew." in shown
    assert "rename" in shown


def test_a_former_address_is_the_same_person(shop):
    """What a run did with the address before is found by either."""
    shop.write("groupsync.yaml", shop.read("groupsync.yaml") + "aliases: {alan@contoso.com: alan.turing@contoso.com}\n")
    shown = shop("history", "--who", "alan.turing@contoso.com")
    assert ExitCode.OK == shown.code, shown.err
    assert "- alan@contoso.com" in shown.out


def test_what_was_refused_is_not_told_as_done(shop):
    """Names of a change that was not applied are those that were planned."""
    shop.write("groups/members/staff.txt", "".join(f"u{number:02}@contoso.com\n" for number in range(40)))
    shop("apply", "--yes")
    shop.write("groups/members/staff.txt", "alan@contoso.com\n")
    shop("apply", "--yes")
    shown = shop("history", "last", "--full").out
    assert "refused" in shown
    assert "planned, and not done:" in shown


def test_a_run_whose_plan_is_gone_or_another_is_said(shop):
    """Nobody is named from a file that is not the plan of that run; a search says of which runs nobody can say."""
    run = newest(shop)
    plan = shop.folder / ".groupsync" / "runs" / f"{run}.plan"
    other = next(path for path in plan.parent.glob("*.plan") if path != plan)
    shop("plan", "--out", "next.plan")
    for text in (None, other.read_bytes() if other.exists() else b"", b"{}\n"):
        plan.unlink(missing_ok=True)
        if text is not None:
            plan.write_bytes(text)
        shown = shop("history", run, "--full").out
        assert "names:" in shown
        assert "alan@" not in shown
        told = shop("history", "--who", "alan@contoso.com").out
        assert f"Of 1 run nobody can say: {run}" in told


@pytest.mark.parametrize(
    "typed",
    [["--full"], ["--who", "a@b.c", "--full"], ["last", "-n", "1"], ["--group", "staff", "-n", "1"]],
    ids=" ".join,
)
def test_options_that_do_not_go_together_are_wrong_usage(quick, typed):
    """Nothing that was typed is ignored."""
    assert ExitCode.USAGE == quick("history", *typed).code
