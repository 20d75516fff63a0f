"""`groupsync profile check`, and that docs/profiles.md prints what it prints; `UPDATE_GOLDEN=1` writes it anew."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from groupsync.cli import run as run_command
from groupsync.errors import ExitCode
from tests.cli.conftest import Done
from tests.plugins.teams import PROFILE, TOKEN, serving

DOCS = Path(__file__).parents[2] / "docs" / "profiles.md"
PROFILES = re.compile(r"```yaml\n(# yaml-language-server.*?)```", re.DOTALL)
SCENE = re.compile(r"<!-- profile: (\d) -->\n```console\n\$ (.*?)\n(.*?)```", re.DOTALL)
AUTH = f"auth={{bearer: {TOKEN}}}"


@pytest.fixture
def service():
    with serving() as (teams, url):
        for name in ("beta-testers", "staff"):
            teams.make({"slug": name, "title": name})
            teams.teams[name]["people"] += ["ada@contoso.com", "grace@contoso.com"]
        yield teams, url


@pytest.fixture
def check(service, tmp_path, monkeypatch, capsys):
    """Try a profile on the service; gives exit code, stdout and stderr."""
    monkeypatch.setenv("TEAMS_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)

    def run(text, *arguments):
        (tmp_path / "profiles").mkdir(exist_ok=True)
        (tmp_path / "profiles/teams.yaml").write_text(text, "utf-8")
        given = ["profile", "check", "profiles/teams.yaml", "--url", service[1], *arguments]
        return Done(run_command(given), *capsys.readouterr())

    return run


@pytest.mark.parametrize("number", ["1", "2"])
def test_the_walk_prints_what_the_docs_say(check, service, number):
    """The profile as it stands there at that point, and the command as it is typed."""
    text = DOCS.read_text("utf-8")
    scene = next(found for found in SCENE.finditer(text) if found[1] == number)
    profile = PROFILES.findall(text)[int(number) - 1]
    typed = shlex.split(scene[2])
    assert ["groupsync", "profile", "check", "profiles/teams.yaml", "--url", "https://teams.example.com"] == typed[:6]
    done = check(profile, *typed[6:])
    if os.environ.get("UPDATE_GOLDEN"):
        DOCS.write_text(text[: scene.start(3)] + done.out + text[scene.end(3) :], "utf-8")
    assert done.out == scene[3] or os.environ.get("UPDATE_GOLDEN")
    assert (ExitCode.ERROR if number == "1" else ExitCode.OK) == done.code


def test_nothing_is_written(check, service):
    """Every request is a GET."""
    check(PROFILE, "-o", AUTH, "-o", "parameters={org: acme}")
    assert {"GET"} == {each.partition(" ")[0] for each in service[0].asked}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("items: people[]", "items: persons[]"), "there is no list at `persons[].mail` of the answer"),
        (("total: size", "total: count"), "the answer has no total at `count`"),
        (('items: "@"', "items: teams"), "there is no list at `teams` (teams.yaml:23)"),
        (
            ("GET orgs/{org}/teams/{name}\n", "GET org/{org}/teams/{name}\n"),
            "GET /org/acme/teams/beta-testers gave 404",
        ),
        (("says: no such team", "says: nothing"), "gave 404: no such team"),
        (("revision_header: ETag", "revision_header: X-Version"), "no header `x-version` (teams.yaml:16)"),
        (("then_get: true", "then_get: false"), "`list` tells something else: id, display_name"),
        (("labels: tags", "labels: title"), "`labels` of `beta-testers` is of another kind"),
        (("name: slug", "name: slugg"), "a group has no name at `slugg`"),
    ],
)
def test_what_is_missing_is_told_with_its_place(check, change, problem):
    """What was asked for, what came instead, and the line of the profile."""
    done = check(PROFILE.replace(*change), "-o", AUTH, "-o", "parameters={org: acme}", "--format", "json")
    assert ExitCode.ERROR == done.code
    (found,) = json.loads(done.out)["targets"].values()
    assert any(problem in each["problem"] for each in found["checks"]), found


def test_bad_credentials_are_told_as_such(check):
    """And nobody is advised to take them for something else."""
    done = check(PROFILE, "-o", "auth={bearer: wr0ng-token}", "-o", "parameters={org: acme}")
    assert ExitCode.ERROR == done.code
    assert "Check the credentials in `auth`." in done.out
    assert "errors: {absent" not in done.out
    assert "wr0ng-token" not in done.out + done.err


def test_a_post_that_reads_is_shown(check, service):
    """Whoever tries a profile sees of which calls they have to believe that they change nothing."""
    given = ("-o", AUTH, "-o", "parameters={org: acme}")
    posts = PROFILE.replace("request: GET orgs/{org}/teams\n", "request: POST orgs/{org}/teams\n    reads: true\n")
    done = check(posts, *given)
    assert "`list` is a POST, of which the profile says that it only reads" in done.out.replace("\n             ", " ")
    service[0].asked.clear()
    done = check(PROFILE.replace("request: GET orgs/{org}/teams\n", "request: DELETE orgs/{org}/teams\n"), *given)
    assert ExitCode.ERROR == done.code
    assert [] == service[0].asked


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "x=y"], "The key `x` is unknown"),
        (["-o", "timeout_seconds"], "`timeout_seconds` is no option"),
        (["-o", "auth={bearer: '${env:NO_SUCH_VARIABLE}'}"], "NO_SUCH_VARIABLE"),
        (["-o", "parameters={"], "error[GS101]"),
        ([], "needs the parameter `org`"),
    ],
)
def test_options_that_do_not_fit_are_told(check, arguments, said):
    """As a config's are."""
    done = check(PROFILE, *arguments)
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    assert said in done.err


def test_findings_in_a_profile_show_the_line(check):
    """With a caret under what is to be mended."""
    done = check(PROFILE.replace("name: slug", "nam: slug"), "-o", AUTH)
    assert "error[GS201]: The key `nam` is unknown in `group`" in done.err
    assert "  nam: slug" in done.err
