"""`--redact`: whatever a command prints, on stdout and stderr, names nobody."""

from __future__ import annotations

import json
import re

import pytest

from groupsync.errors import ExitCode

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
PSEUDONYM = re.compile(r"person-[0-9a-f]{16}")
KEY = "a key that has thirty-two bytes."
FORMATS = ["text", "json", "markdown", "html", "github", "sarif"]


@pytest.fixture
def people(project):
    """A project in which addresses are wherever they can be, a guard refuses something and a policy finds something."""
    assert ExitCode.OK == project("apply", "--yes").code
    project.write(
        "groupsync.yaml",
        project.read("groupsync.yaml")
        + "policies:\n  pinned: [{group: staff, members: [boss@contoso.com]}]\n"
        + "guards: {lost_every_group: {warn: {count: 1}}}\n",
    )
    project.write("groups/members/staff.txt", "")
    project.write(
        "groups/vip.yaml",
        "kind: known-user-group\nname: vip\ndescription: Ask vera@contoso.com or 0731 555 0102.\n"
        "owners: [vera@contoso.com]\nmembers:\n"
        "  - {email: zoe@fabrikam.com, until: 2099-01-01, reason: sister of yan@fabrikam.com}\n"
        "  - ZOE@fabrikam.com\n",
    )
    return project


def assert_names_nobody(done):
    for text in (done.out, done.err):
        assert [] == ADDRESS.findall(text)
        assert "555 0102" not in text


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("typed", [["plan"], ["plan", "--full"], ["drift"], ["apply", "--yes"]], ids=" ".join)
def test_nobody_is_named_on_stdout_or_stderr(people, typed, format_):
    """Plans, drift and applies with refusals, policies and findings name nobody in any form."""
    shown = people(*typed, "--redact", "--format", format_)
    assert shown.code in (ExitCode.OK, ExitCode.REFUSED)
    assert_names_nobody(shown)
    assert "pseudonyms of this run alone" in shown.err or format_ in ("github", "sarif")


def test_the_saved_plan_has_the_names(people):
    """`plan --out --redact` saves what can be applied; `report` shows it either way, with one and the same digest."""
    shown = people("plan", "--redact", "--out", "a.plan", "--format", "markdown")
    assert "zoe@fabrikam.com" in people.read("a.plan")
    full = people("report", "a.plan", "--format", "markdown", "--full")
    assert "zoe@fabrikam.com" in full.out
    redacted = people("report", "a.plan", "--redact", "--format", "markdown")
    assert_names_nobody(redacted)
    digest = re.compile(r"Plan digest: `([0-9a-f]{64})`")
    assert digest.search(full.out)[1] == digest.search(shown.out)[1] == digest.search(redacted.out)[1]


@pytest.mark.parametrize("format_", ["text", "json", "github", "sarif"])
def test_what_is_wrong_with_definitions_is_told_without_their_text(people, format_):
    """`validate` gives code, meaning and place, and no line of a file with a name in it."""
    people.write(
        "groups/wrong.yaml", "kind: known-user-group\nname: wrong\nmembers: [ada at contoso, bob@contoso@com]\n"
    )
    shown = people("validate", "--redact", "--format", format_)
    assert ExitCode.ERROR == shown.code
    assert_names_nobody(shown)
    assert "ada at contoso" not in shown.out + shown.err
    assert re.search("groups/wrong.yaml(:|,line=|.*[lL]ine.: )3", shown.out + shown.err, re.DOTALL)


@pytest.mark.parametrize("typed", [["plan"], ["apply", "--yes"], ["drift", "--format", "github"]], ids=" ".join)
def test_what_stops_a_run_is_told_without_its_text(people, typed):
    """An error says of which kind it is, and that there is more to know."""
    people.write("groupsync.yaml", people.read("groupsync.yaml").replace("path: state/", "path: state/ada@contoso.com"))
    people.write("state/ada@contoso.com", "no folder")
    shown = people(*typed, "--redact")
    assert ExitCode.ERROR == shown.code
    assert_names_nobody(shown)
    assert "Without `--redact` it says more." in shown.err


def test_a_key_gives_the_same_pseudonyms_everywhere(people, monkeypatch):
    """With one key, plan, drift, report and apply call a person the same; with another key, otherwise."""
    monkeypatch.setenv("GROUPSYNC_REDACT_KEY", KEY)
    shown = people("plan", "--redact", "--full", "--out", "a.plan")
    assert "pseudonyms of this run alone" not in shown.err
    plan = {*PSEUDONYM.findall(shown.out)}
    assert plan
    assert plan == {*PSEUDONYM.findall(people("report", "a.plan", "--redact", "--full").out)}
    assert plan == {*PSEUDONYM.findall(people("apply", "--yes", "--redact", "--full").out)}
    monkeypatch.setenv("GROUPSYNC_REDACT_KEY", KEY[::-1])
    assert set() == plan & {*PSEUDONYM.findall(people("report", "a.plan", "--redact", "--full").out)}


def test_the_key_may_be_in_a_file_that_the_config_names(people):
    """`redact.key` refers to the key; the environment goes before it."""
    people.write("groupsync.yaml", people.read("groupsync.yaml") + "redact: {key: '${file:redact.key}'}\n")
    people.write("redact.key", KEY)
    once, again = (people("plan", "--redact", "--format", "json") for _ in range(2))
    assert json.loads(once.out)["redacted"]
    assert PSEUDONYM.findall(once.out) == PSEUDONYM.findall(again.out) != []
    people.write("redact.key", "short")
    short = people("plan", "--redact")
    assert (ExitCode.ERROR, "") == (short.code, short.out)
    assert "`redact.key` in the config has 5 bytes" in short.err
    (people.folder / "redact.key").unlink()
    missing = people("plan", "--redact", "--format", "github")
    assert ExitCode.ERROR == missing.code
    assert "The secret file `redact.key` can't be read" in missing.out


@pytest.mark.parametrize(
    ("written", "code"), [("key: in plain sight of everybody", "GS206"), ("key: '${env:'", "GS206"), ("", "GS202")]
)
def test_a_key_is_not_written_into_the_config(people, written, code):
    """What is in git is no secret: the config refers to the key."""
    people.write("groupsync.yaml", people.read("groupsync.yaml") + f"redact: {{{written}}}\n")
    shown = people("validate")
    assert ExitCode.ERROR == shown.code
    assert code in shown.err


def test_a_short_key_is_refused(people, monkeypatch):
    """A key that can be guessed is none, and the run stops before anything is shown."""
    monkeypatch.setenv("GROUPSYNC_REDACT_KEY", "secret")
    shown = people("plan", "--redact")
    assert (ExitCode.ERROR, "") == (shown.code, shown.out)
    assert_names_nobody(shown)
    assert "The key of pseudonyms is too short" in shown.err


def test_undo_redacts_too(people):
    """Taking a run back shows a plan as well."""
    assert_names_nobody(people("undo", "last", "--redact", "--yes"))
