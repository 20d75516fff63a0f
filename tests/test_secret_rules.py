"""Where a secret may come from, and which hosts it may go to, is said by whoever runs groupsync."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from groupsync.cli import run
from groupsync.config import load_config
from groupsync.errors import ConfigError
from groupsync.git import ask_git
from groupsync.journal_stores import sealer_of
from groupsync.plugin_options import check_options
from groupsync.rule_changes import changed_rules
from groupsync.secret_rules import origins_in, rules
from tests.cli.careless import PROFILE, careless

TOKEN = "sk-live-0123456789"
HOST = "https://groups.example.com"
LOGIN = "https://login.example.com"
DB = "postgresql://db.example.com"
CRM = {"plugin": "rest", "profile": "p.yaml", "url": f"{HOST}/api", "auth": {"bearer": "${env:CRM_TOKEN}"}}


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Return what is wrong with the options of a target, with what the runner says of secrets."""
    monkeypatch.setenv("CRM_TOKEN", TOKEN)
    monkeypatch.setenv("OTHER", "something-else")

    def found(bound, section="targets", **options):
        if bound is not None:
            monkeypatch.setenv("GROUPSYNC_SECRETS", bound)
        config = {"version": 1, "project": "shop", "definitions": ["g/*.yaml"], section: {"crm": {**CRM, **options}}}
        (tmp_path / "groupsync.yaml").write_text(json.dumps(config))
        (entry,) = getattr(load_config(tmp_path / "groupsync.yaml"), section)
        return [f"{each.code} {each.summary}" for each in check_options(entry.options, {"type": "object"})]

    return found


def oauth2(url):
    return {"auth": {"oauth2": {"token_url": url, "client_id": "x", "client_secret": "${env:CRM_TOKEN}"}}}


FITS = {
    "nothing is bound": (None, {}),
    "bound to its host": (f"CRM_TOKEN={HOST}", {}),
    "the usual port": (f"CRM_TOKEN={HOST}:443/", {}),
    "other letters": ("CRM_TOKEN=https://GROUPS.example.com.", {}),
    "a token endpoint": (f"CRM_TOKEN={HOST}  {LOGIN}, JOURNAL_KEY", oauth2(f"{LOGIN}/token")),
    "on lines": (f"JOURNAL_KEY\nCRM_TOKEN={HOST}\n", {}),
    "a file of the engine": ("CRM_TOKEN", {"url": "duckdb://a/b.duckdb"}),
    "postgres": ("CRM_TOKEN=postgresql://db.example.com", {"url": "postgres://u:${env:CRM_TOKEN}@db.example.com:5432/a?sslmode=require"}),
}  # fmt: skip
ASTRAY = {
    "another host": (f"CRM_TOKEN={LOGIN}", {}, HOST),
    "no host at all": ("CRM_TOKEN", {}, HOST),
    "in the clear": (f"CRM_TOKEN={HOST}", {"url": "http://groups.example.com/api"}, "http://groups.example.com"),
    "another port": (f"CRM_TOKEN={HOST}", {"url": f"{HOST}:8443/api"}, f"{HOST}:8443"),
    "a token endpoint": (f"CRM_TOKEN={HOST}", oauth2("https://evil.example.com/token"), "https://evil.example.com"),
    "a proxy": (f"CRM_TOKEN={HOST}", {"proxy": "http://evil.example.com:3128"}, "http://evil.example.com:3128"),
    "a user that looks like a host": (f"CRM_TOKEN={HOST}", {"url": f"{HOST}@evil.example.com/"}, "https://evil.example.com"),
    "a backslash": (f"CRM_TOKEN={HOST}", {"url": f"{HOST}\\@evil.example.com/"}, "https://…"),
    "a backslash behind": (f"CRM_TOKEN={HOST}", {"url": "https://evil.example.com\\@groups.example.com/"}, "https://…"),
    "a line in the host": (f"CRM_TOKEN={HOST}", {"url": f"{HOST}\n.evil.example.com/"}, f"{HOST}.evil.example.com"),
    "a blank in the host": (f"CRM_TOKEN={HOST}", {"url": f"{HOST} .evil.example.com/"}, "https://…"),
    "several hosts": (f"CRM_TOKEN={DB}", {"url": f"{DB},evil.example.com/a"}, "postgresql://…"),
    "a host in the query": (f"CRM_TOKEN={DB}", {"url": f"{DB}/a?hostaddr=203.0.113.7"}, "postgresql://…?hostaddr="),
    "no host but the query's": (f"CRM_TOKEN={DB}", {"url": "postgresql:///a?%68ost=evil.example.com"}, "postgresql://"),
    "a header of another": (f"CRM_TOKEN={HOST}", {"headers": {"X-Back": "https://evil.example.com"}}, "https://evil.example.com"),
    "no address": (f"CRM_TOKEN={HOST}", {"url": "groups.example.com"}, "an address that the config does not name"),
}  # fmt: skip


@pytest.mark.parametrize("case", FITS)
def test_a_secret_goes_where_it_may(found, case):
    """By default anywhere; where the runner binds secrets, to the hosts that it names."""
    bound, options = FITS[case]
    assert [] == found(bound, **options)


@pytest.mark.parametrize("case", ASTRAY)
def test_a_secret_that_would_go_elsewhere_is_an_error(found, case):
    """Scheme, host and port have to fit, of every address in the options; what can't be told is refused."""
    bound, options, where = ASTRAY[case]
    assert f"GS511 `${{env:CRM_TOKEN}}` would go to {where}, which it may not" in found(bound, **options)


def test_a_secret_that_is_not_named_is_an_error(found):
    """Variables that were never meant for groupsync don't go anywhere."""
    why = ["GS511 `${env:OTHER}` is not among the secrets that may be used here"]
    assert why == found(f"CRM_TOKEN={HOST}", headers={"X-Tenant": "${env:OTHER}"})


def test_what_the_address_itself_is_made_of_is_bound(found, monkeypatch):
    """An address from the environment is held against its own hosts."""
    monkeypatch.setenv("URL", "https://evil.example.com/api")
    assert ["GS511"] * 2 == [each[:5] for each in found(f"CRM_TOKEN={HOST}, URL={HOST}", url="${env:URL}")]
    monkeypatch.setenv("URL", f"{HOST}/api")
    assert [] == found(f"CRM_TOKEN={HOST}, URL={HOST}", url="${env:URL}")


def test_a_file_is_bound_however_it_is_spelled(found, tmp_path):
    """By the file that it is, links followed."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/crm").write_text(TOKEN)
    (tmp_path / "link").symlink_to("keys/crm")
    for written in ("keys/crm", "keys/../keys/crm", "link", str(tmp_path / "keys/crm")):
        auth = {"bearer": f"${{file:{written}}}"}
        assert [] == found(f"file:keys/crm={HOST}", auth=auth)
        assert ["GS511"] == [each[:5] for each in found(f"file:keys/crm={LOGIN}", auth=auth)]
        assert ["GS511"] == [each[:5] for each in found(f"file:keys/other={HOST}", auth=auth)]


def test_a_source_is_bound_like_a_target(found):
    """Its database is a host, too."""
    options = {"plugin": "ibis", "id": "email", "url": "postgresql://u:${env:CRM_TOKEN}@evil.example.com/a"}
    why = "GS511 `${env:CRM_TOKEN}` would go to postgresql://evil.example.com, which it may not"
    assert why in found("CRM_TOKEN=postgresql://db.example.com", "sources", **options)


@pytest.mark.parametrize(
    "bound", ["CRM_TOKEN=groups.example.com", f"CRM_TOKEN={HOST}/api", "CRM TOKEN", "=", f"{HOST}", f"A={HOST}?x", "A=https://"]
)  # fmt: skip
def test_what_the_runner_says_has_to_be_in_its_form(found, bound):
    """A mistake in it is told, and binds nothing to the wrong host."""
    with pytest.raises(ConfigError, match="GROUPSYNC_SECRETS"):
        found(bound)


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_blank_variable_binds_nothing(monkeypatch, blank):
    """As where it is not set: a CI gives an empty text for a variable that it does not know."""
    monkeypatch.setenv("GROUPSYNC_SECRETS", blank)
    assert rules() is None


def test_the_key_of_the_journal_needs_a_name_alone(tmp_path, monkeypatch):
    """It never leaves the process."""
    (tmp_path / "groupsync.yaml").write_text(
        'version: 1\nproject: shop\ndefinitions: [g/*.yaml]\njournal: {store: git, key: "${env:JOURNAL_KEY}"}\n'
    )
    monkeypatch.setenv("JOURNAL_KEY", "k" * 44)
    store = load_config(tmp_path / "groupsync.yaml").store
    monkeypatch.setenv("GROUPSYNC_SECRETS", "JOURNAL_KEY")
    assert sealer_of(store, tmp_path) is not None
    monkeypatch.setenv("GROUPSYNC_SECRETS", f"CRM_TOKEN={HOST}")
    with pytest.raises(ConfigError, match="is not among the secrets"):
        sealer_of(store, tmp_path)


def test_nothing_is_sent_where_a_secret_would_go_astray(tmp_path, monkeypatch, capsys):
    """The target is not opened at all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRM_TOKEN", TOKEN)
    monkeypatch.setenv("GROUPSYNC_SECRETS", f"CRM_TOKEN={HOST}")
    (tmp_path / "p.yaml").write_text(PROFILE)
    (tmp_path / "beta.yaml").write_text("kind: known-user-group\nname: beta\nmembers: [ada@example.com]\n")
    with careless() as server:
        target = {**CRM, "url": f"http://127.0.0.1:{server.server_port}/v1", "parameters": {"org": "acme"}}
        config = {"version": 1, "project": "shop", "definitions": ["beta.yaml"]}
        (tmp_path / "groupsync.yaml").write_text(json.dumps({**config, "targets": {"crm": target}}))
        for command in (["plan"], ["apply", "--yes"], ["target", "check"], ["drift"], ["profile", "check", "p.yaml"]):
            assert run(command) != 0
        assert 0 == server.calls
        monkeypatch.setenv("GROUPSYNC_SECRETS", f"CRM_TOKEN=http://127.0.0.1:{server.server_port}")
        assert 0 == run(["plan"])
        assert server.calls > 0
    assert "GS511" in capsys.readouterr().err


def test_a_plan_tells_where_a_target_leads_since_an_edit(tmp_path, monkeypatch):
    """Which hosts it has and which secrets, as they are written; another path on the same host is no news."""
    monkeypatch.setenv("CRM_TOKEN", TOKEN)
    configs = []
    for name, target in {
        "then": CRM,
        "path": {**CRM, "url": f"{HOST}/v2"},
        "host": {**CRM, "url": "https://evil.example.com/api"},
        "secret": {**CRM, "headers": {"X-A": "${env:OTHER}"}},
    }.items():
        (tmp_path / name).mkdir()
        text = json.dumps({"version": 1, "project": "shop", "definitions": ["g/*.yaml"], "targets": {"crm": target}})
        (tmp_path / name / "groupsync.yaml").write_text(text)
        configs.append(load_config(tmp_path / name / "groupsync.yaml"))
    then, *others = configs
    told = [[each.detail for each in changed_rules((then, ()), (other, ()), "main")] for other in others]
    before = f"`crm`: ${{env:CRM_TOKEN}} {HOST}"
    assert [
        [],
        [f"{before} → ${{env:CRM_TOKEN}} https://evil.example.com."],
        [f"{before} → ${{env:CRM_TOKEN}} ${{env:OTHER}} {HOST}."],
    ] == told


@pytest.mark.parametrize("text", ["", "state/", "a ://b", "duckdb://a/b", "sqlite:///x.db", "mailto:ada@example.com"])
def test_what_leads_to_no_host(text):
    """Neither plain texts nor files."""
    assert [] == list(origins_in(text))


# --- Files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("/proc/self/environ", "the system's own"),
        ("../../../../../../../../proc/self/environ", "the system's own"),
        ("link", "the system's own"),
        ("/dev/stdin", "the system's own"),
        ("/sys/kernel/uevent_seqnum", "the system's own"),
        ("/etc/passwd", "Expected a file of the project"),
        ("../outside", "Expected a file of the project"),
        ("out", "Expected a file of the project"),
        (".git/config", "git's own folder"),
        ("loop", ""),
    ],
)
def test_a_secret_is_not_read_from_elsewhere(found, tmp_path, written, why):
    """Neither what the system knows of the process, nor another's files, nor the credentials of the checkout."""
    (tmp_path / "link").symlink_to("/proc/self/environ")
    (tmp_path.parent / "outside").write_text(TOKEN)
    (tmp_path / "out").symlink_to(tmp_path.parent / "outside")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text(TOKEN)
    (told,) = found(None, auth={"bearer": f"${{file:{written}}}"})
    assert told.startswith(f"GS502 The secret file `{written}` can't be read")
    config = load_config(tmp_path / "groupsync.yaml")
    assert why in config.targets[0].options.missing[0].detail


@pytest.mark.parametrize("variable", ["CREDENTIALS_DIRECTORY", "GROUPSYNC_SECRET_FOLDERS"])
def test_a_secret_may_lie_where_the_runner_keeps_secrets(found, tmp_path, monkeypatch, variable):
    """Folders for credentials of a service, and others that the runner names; an empty name is none."""
    folder = tmp_path.parent / f"{tmp_path.name} secrets"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/crm").write_text(TOKEN)
    auth = {"bearer": f"${{file:{folder}/deep/crm}}"}
    assert ["GS502"] == [each[:5] for each in found(None, auth=auth)]
    named = os.pathsep.join(["", "relative", str(folder)]) if variable.startswith("GROUP") else str(folder)
    monkeypatch.setenv(variable, named)
    assert [] == found(None, auth=auth)


# --- git --------------------------------------------------------------------------------------------------------------


def test_git_is_told_of_no_secret_and_runs_no_hook(tmp_path, monkeypatch, found):
    """Not of those that the config refers to, nor of those that the runner names; all else is the user's own."""
    found(f"CRM_TOKEN={HOST}, NAMED_ALONE")
    monkeypatch.setenv("NAMED_ALONE", "x")
    monkeypatch.setenv("HELPER_TOKEN", "for git")
    ran = tmp_path / "ran"
    subprocess.run(["git", "init", "-q", tmp_path / "clone"], check=True)
    hook = tmp_path / "clone/.git/hooks/reference-transaction"
    hook.write_text(f"#!/bin/sh\necho hook >>'{ran}'\n")
    hook.chmod(0o755)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "alias.tell")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"!{sys.executable} -c 'import os; print(*os.environ)'")
    names = ask_git(tmp_path / "clone", "tell", timeout_seconds=30).stdout.decode().split()
    assert {"HELPER_TOKEN", "PATH"} <= {*names}
    assert not {"CRM_TOKEN", "NAMED_ALONE", "GROUPSYNC_REDACT_KEY"} & {*names}
    nobody = {f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    made = ask_git(tmp_path / "clone", "commit", "-q", "--allow-empty", "-m", "x", timeout_seconds=30, extra=nobody)
    assert (0, False) == (made.returncode, ran.exists()), made.stderr
