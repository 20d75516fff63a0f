"""The config, its targets and their secrets."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from groupsync.codes import CODES
from groupsync.config import Secret, Selector, config_schema, find_config, load_config
from groupsync.errors import ConfigError, InvalidDefinitions
from groupsync.identity import Identity
from groupsync.members.files import MemberFiles
from groupsync.model import Definition, Limit, MemberFile, Reference, SourceRange
from groupsync.plugin_options import check_options
from groupsync.secret_references import MAX_SECRET_BYTES
from groupsync.source_config import SourceGuards

MINIMAL = "version: 1\nproject: shop\ndefinitions: [groups/**/*.yaml]\n"
TOKEN = "s3cr3t-t0k3n-value"
OPTIONS_SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "minLength": 1},
        "token": {"type": "string", "pattern": "^[a-z]+$"},
        "retries": {"type": "integer"},
        "headers": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 3}},
    },
    "required": ["path"],
    "additionalProperties": False,
}


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a config and gives its path."""

    def written(text: str, name: str = "groupsync.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


def findings_of(path):
    """Return what is wrong with a config, as code and place."""
    with pytest.raises(InvalidDefinitions) as caught:
        load_config(path)
    assert all(found.code in CODES for found in caught.value.diagnostics)
    return [(found.code, str(found.subject)) for found in caught.value.diagnostics]


def test_a_whole_config_is_read(write, tmp_path):
    """Every key arrives where the design says."""
    config = load_config(write(
        "version: 1\nproject: contoso-store\ndefinitions: [groups/**/*.yaml, more.yaml]\n"
        "identity: {type: email, case: preserve}\n"
        "exclude:\n  - blocked\n  - {match: 'left-*', reason: gone}\n  - {group: staff}\n"
        "targets:\n  local: {plugin: file, path: state/}\n"
        "  crm:\n    plugin: rest\n    select: {kinds: [known-user-group], names: [beta-*], labels: {b: x, a: y}}\n"
        "    retries: 3\n    headers: {list: [a, 1, true]}\n"
    ))  # fmt: skip
    assert ("contoso-store", tmp_path, "groupsync.yaml") == (config.project, config.root, config.path)
    assert ("groups/**/*.yaml", "more.yaml") == config.definitions
    assert (SourceRange("groupsync.yaml", 3, 15), SourceRange("groupsync.yaml", 3, 33)) == config.definitions_at
    assert Identity("email", "preserve", unusual="refuse") == config.identity
    assert config.exclude == (
        Reference("blocked", SourceRange("groupsync.yaml", 6, 5)),
        Reference("left-*", SourceRange("groupsync.yaml", 7, 5), is_pattern=True, reason="gone"),
        Reference("staff", SourceRange("groupsync.yaml", 8, 5)),
    )
    local, crm = config.targets
    assert ("local", "file", {"path": "state/"}, None) == (local.name, local.plugin, local.options.values, local.select)
    assert SourceRange("groupsync.yaml", 11, 3) == crm.at
    assert {"retries": 3, "headers": {"list": ["a", 1, True]}} == crm.options.values
    assert Selector(("known-user-group",), ("beta-*",), (("a", "y"), ("b", "x"))) == crm.select


def test_a_minimal_config_has_defaults(write):
    """Three keys are enough."""
    config = load_config(write(MINIMAL))
    assert (Identity(unusual="refuse"), (), ()) == (config.identity, config.targets, config.exclude)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("project: shop\ndefinitions: [a]\n", [("GS202", "groupsync.yaml:1:1")]),
        (MINIMAL.replace("1", "2"), [("GS205", "groupsync.yaml:1:10")]),
        (MINIMAL.replace("shop", "Shop!"), [("GS206", "groupsync.yaml:2:10")]),
        (MINIMAL.replace("[groups/**/*.yaml]", "[]"), [("GS207", "groupsync.yaml:3:14")]),
        (MINIMAL + "owns: all\nledger: x\n", [("GS201", "groupsync.yaml:4:1"), ("GS201", "groupsync.yaml:5:1")]),
        (MINIMAL + "guards: {}\nsources:\n", [("GS207", "groupsync.yaml:4:9"), ("GS204", "groupsync.yaml:5:1")]),
        (MINIMAL + "targets: {a: {plugin: file}, a: {plugin: file}}\n", [("GS102", "groupsync.yaml:4:30")]),
        (MINIMAL + "targets: {A: {plugin: file}, b: {path: x}}\n",
         [("GS206", "groupsync.yaml:4:11"), ("GS202", "groupsync.yaml:4:33")]),
        (MINIMAL + "targets: {a: {plugin: file, select: {}}}\n", [("GS207", "groupsync.yaml:4:37")]),
        (MINIMAL + "targets: {a: {plugin: file, select: {name: [x]}}}\n", [("GS201", "groupsync.yaml:4:38")]),
        (MINIMAL + "exclude: [{group: a, match: b}]\n", [("GS208", "groupsync.yaml:4:11")]),
        (MINIMAL + "previously_project: [old, shop]\n", [("GS208", "groupsync.yaml:4:27")]),
        (MINIMAL + "adopt: {match: []}\n", [("GS207", "groupsync.yaml:4:16")]),
        ("- a\n", [("GS203", "groupsync.yaml:1:1")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(write, text, found):
    """Everything at once, each at the key or value to mend."""
    assert found == findings_of(write(text))


def test_what_may_be_taken_over_is_read(write):
    """Patterns of names, who is asked, and how the project was called before."""
    adopt = "adopt: {match: [crm-*], approvers: [it@x, boss@x, it@x]}\n"
    more = "previously_project: [old]\nguards: {may_loosen: [a*]}\n"
    config = load_config(write(MINIMAL + adopt + more))
    assert (("crm-*",), ("boss@x", "it@x"), ("old",)) == (
        config.adopt.match,
        config.adopt.approvers,
        config.earlier_projects,
    )
    assert (True, False) == tuple(map(config.guards.lets_loosen, ("ab", "b")))


SOURCE = (
    MINIMAL + "sources:\n  customers:\n    plugin: ibis\n    url: 'postgresql://${env:SHOP_USER}@db/x'\n    table: t\n"
    "    eligible: {age: {gte: 17}}\n    min_rows: 100\n    max_shrink: {percent: 10}\n    max_age: 26h\n"
    "    attributes: {spend: {column: spend_total, unit: USD}}\n"
)


def test_a_source_is_read(write, monkeypatch):
    """What every source has is apart from its plugin's options, in which secrets are looked up."""
    monkeypatch.setenv("SHOP_USER", TOKEN)
    (source,) = load_config(write(SOURCE)).sources
    assert ("customers", "ibis", ["url", "table"]) == (source.name, source.plugin, list(source.options.values))
    assert isinstance(source.options.values["url"], Secret)
    at = [SourceRange("groupsync.yaml", line, 5) for line in range(10, 13)]
    guards = SourceGuards(Limit(count=100, at=at[0]), Limit(10, at=at[1]), timedelta(hours=26), at[2])
    assert guards == source.guards
    assert ("spend", "spend_total", "USD") == (
        source.attributes[0].name,
        source.attributes[0].column,
        source.attributes[0].unit,
    )
    assert ("age", 17) == (source.eligible.field, source.eligible.value)


def test_the_digest_of_a_source_covers_what_decides_who_is_a_customer(write, monkeypatch):
    """Another table or another condition makes another source; another secret or a note for people does not."""

    def digest(old="", new="", user="a"):
        monkeypatch.setenv("SHOP_USER", user)
        return load_config(write(SOURCE.replace(old, new))).sources[0].digest

    assert digest() == digest(user="b") == digest("unit: USD", "unit: EUR") == digest("26h", "27h")
    zone = digest("max_age: 26h", "max_age: 26h\n    time_zone: Europe/Berlin")
    others = {digest("table: t", "table: u"), digest("gte: 17", "gte: 18"), digest("spend_total", "s"), zone}
    assert 5 == len({digest(), *others})
    assert digest() == digest("max_age: 26h", "max_age: 26h\n    time_zone: UTC")


def test_the_past_of_a_source_is_its_own_in_another_zone(write):
    """What it reads is the same, so that its guards go on comparing."""
    here, there = (
        load_config(write(SOURCE.replace("${env:SHOP_USER}", "x").replace("26h", after))).sources[0]
        for after in ("26h", "26h\n    time_zone: Europe/Berlin")
    )
    assert here.identity == there.identity
    assert ("UTC", "Europe/Berlin") == (here.time_zone, there.time_zone)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Berln", "Did you mean `Europe/Berlin`?"),
        ("berlin", "Did you mean `Europe/Berlin`?"),
        ("new york", "Did you mean `America/New_York`?"),
        ("europe/berlin", "Did you mean `Europe/Berlin`?"),
        ("../../etc/passwd", "Write an IANA name such as `Europe/Berlin`."),
        ("localtime", ""),
        ("Europe", ""),
        ("+02:00", ""),
    ],
)
def test_a_time_zone_that_there_is_none_of_is_told(write, name, hint):
    """At its place, with the one that was probably meant."""
    with pytest.raises(InvalidDefinitions) as caught:
        load_config(write(SOURCE.replace("max_age: 26h", f"time_zone: '{name}'")))
    (found,) = caught.value.diagnostics
    assert ("GS512", f"There is no time zone `{name}`", 12, 16) == (
        found.code,
        found.summary,
        found.subject.line,
        found.subject.column,
    )
    assert hint in found.hint


def test_what_is_wrong_with_a_source_is_told_with_its_place(write):
    """Its condition is read as that of a segment is, and all is found at once: plugin, age, condition, loose secret."""
    text = SOURCE.replace("plugin: ibis", "plugin_: ibis").replace("gte: 17", "gtee: 17").replace("26h", "26 hours")
    codes = [("GS202", "groupsync.yaml:6:5"), ("GS201", "groupsync.yaml:9:22"), ("GS206", "groupsync.yaml:12:14")]
    assert codes == sorted(findings_of(write(text)), key=lambda found: found[1].rjust(30))
    secret = SOURCE.replace("{age: {gte: 17}}", "{name: '${env:X}'}")
    assert [("GS503", "groupsync.yaml:9:22")] == findings_of(write(secret))


@pytest.mark.parametrize("text", ["", "# nothing\n", MINIMAL + "---\n" + MINIMAL])
def test_a_config_is_one_document(write, text):
    """An empty file, or several documents, are no config."""
    assert ["GS504"] == [code for code, _ in findings_of(write(text))]


def test_a_config_that_can_not_be_read_is_named(tmp_path):
    """A missing file and a folder are told apart from a config with errors."""
    for path in (tmp_path / "no.yaml", tmp_path, tmp_path / "nul\0"):
        with pytest.raises(ConfigError) as caught:
            load_config(path)
        assert str(path) in caught.value.summary


# --- Aliases ----------------------------------------------------------------------------------------------------------


def test_aliases_lead_to_the_last_address(write, tmp_path):
    """In the config or in a file of their own, in any order; who changed it twice has the last one."""
    text = "bob@x.example: c@x.example\nAda@x.example: BOB@x.example\n"
    expected = {"ada@x.example": "c@x.example", "bob@x.example": "c@x.example"}
    inline = load_config(write(f"{MINIMAL}aliases:\n  {text.strip().replace(chr(10), chr(10) + '  ')}\n"))
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "aliases.yaml").write_text(text)
    apart = load_config(write(f"{MINIMAL}aliases: people/aliases.yaml\n"))
    assert expected == inline.identity.aliases == apart.identity.aliases
    assert {} == load_config(write(f"{MINIMAL}aliases: {{}}\n")).identity.aliases


def test_aliases_of_other_identifiers_are_checked_by_their_rule(write):
    """With `type: id` any word is one; with `case: preserve` two cases are two people."""
    config = load_config(write(MINIMAL + "identity: {type: id, case: preserve}\naliases: {ada: Ada, Bob: b}\n"))
    assert {"ada": "Ada", "Bob": "b"} == config.identity.aliases


def test_what_is_wrong_with_aliases_is_told_at_once(write):
    """No address, changed twice, a circle of one or several, and what is wrong elsewhere: each once, at its place."""
    text = (
        MINIMAL + "aliases:\n  b@x.example: a@x.example\n  a@x.example: b@x.example\n  A@x.example: c@x.example\n"
        "  nobody: x@y\n  d@x.example: D@x.example\n  e@x.example: a@x.example\nfoo: 1\n"
    )
    places = [("GS509", 5, 3), ("GS508", 7, 3), ("GS507", 8, 3), ("GS507", 8, 11), ("GS509", 9, 3), ("GS201", 11, 1)]
    expected = [(code, f"groupsync.yaml:{line}:{column}") for code, line, column in places]
    assert sorted(expected) == sorted(findings_of(write(text)))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("a@x.example: nobody\n", [("GS507", "a.yaml:1:14")]),
        ("a@x.example: 3\nb@x.example:\n", [("GS203", "a.yaml:1:14"), ("GS204", "a.yaml:2:1")]),
        ("a@x.example: b@x.example\na@x.example: c@x.example\n", [("GS102", "a.yaml:2:1")]),
        ("- a@x.example\n", [("GS203", "a.yaml:1:1")]),
        ("# nobody yet\n", [("GS203", "groupsync.yaml:4:10")]),
        ("{}\n---\n{}\n", [("GS203", "groupsync.yaml:4:10")]),
        (None, [("GS110", "groupsync.yaml:4:10")]),
    ],
)
def test_what_is_wrong_with_a_file_of_aliases_is_told_with_its_place(write, content, found):
    """In the file where it is in the file, else where the config names it."""
    if content is not None:
        write(content, "a.yaml")
    assert found == findings_of(write(MINIMAL + "aliases: a.yaml\n"))


@pytest.mark.parametrize("path", ["../a.yaml", "/etc/hosts", "'a\\b'", "3", "[a@x.example]", "~/a.yaml"])
def test_aliases_lie_inside_the_project(write, path):
    """A path that leads out of it, or no path at all, is refused."""
    [(code, at)] = findings_of(write(f"{MINIMAL}aliases: {path}\n"))
    assert (code, at) in {("GS206", "groupsync.yaml:4:10"), ("GS203", "groupsync.yaml:4:10")}


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=8, unique_by=lambda e: e[0])
)
def test_a_chain_either_ends_or_is_reported(tmp_path_factory, entries):
    """Nobody who is told to have an address now had it only before; each circle is told once."""
    path = tmp_path_factory.mktemp("aliases") / "groupsync.yaml"
    path.write_text(f"{MINIMAL}identity: {{type: id}}\naliases: {json.dumps(dict(entries))}\n")
    following, circles = dict(entries), set()
    for start in following:
        seen = [start]
        while seen[-1] in following and following[seen[-1]] not in seen:
            seen.append(following[seen[-1]])
        if seen[-1] in following:
            circles.add(frozenset(seen[seen.index(following[seen[-1]]) :]))
    if circles:
        assert ["GS509"] * len(circles) == [code for code, _ in findings_of(path)]
        return
    aliases = load_config(path).identity.aliases
    assert following.keys() == aliases.keys()
    assert following.keys().isdisjoint(aliases.values())


# --- Finding it -------------------------------------------------------------------------------------------------------


def test_the_config_is_found_from_below(write, tmp_path):
    """From any folder of the project, the one above counts."""
    path = write(MINIMAL)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert path == find_config(below)
    assert path == find_config(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_config_of_somebody_else_above_is_not_taken(write, tmp_path):
    """Where everybody may write above, it could lead secrets anywhere; here, or named, it is taken."""
    path = write(MINIMAL)
    below = tmp_path / "a"
    below.mkdir()
    os.chown(path, 65534, 65534)
    with pytest.raises(ConfigError, match="belongs to somebody else") as caught:
        find_config(below)
    assert f"--config {path}" in caught.value.hint
    assert path == find_config(tmp_path)
    os.chown(below, 65534, 65534)
    assert path == find_config(below)


def test_a_journal_that_is_a_link_to_the_outside_is_told(write, tmp_path):
    """Also where the config says nothing of it, and so has no place for the finding but its start."""
    project = tmp_path / "project"
    project.mkdir()
    (project / ".groupsync").symlink_to(tmp_path)
    (project / "groupsync.yaml").write_text(MINIMAL)
    assert [("GS111", "groupsync.yaml:1:1")] == findings_of(project / "groupsync.yaml")


def test_the_search_ends_at_the_git_root(write, tmp_path):
    """A config outside of the repository is another project's."""
    write(MINIMAL)
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    with pytest.raises(ConfigError) as caught:
        find_config(tmp_path / "repository")
    assert "groupsync init" in caught.value.hint


def test_a_config_with_the_other_ending_is_told(write, tmp_path):
    """`groupsync.yml` is not overlooked in silence."""
    write(MINIMAL, "groupsync.yml")
    with pytest.raises(ConfigError) as caught:
        find_config(tmp_path)
    assert "mv groupsync.yml groupsync.yaml" == caught.value.hint


# --- Selection --------------------------------------------------------------------------------------------------------

BETA = Definition("known-user-group", "beta-testers", SourceRange("g.yaml"), labels=(("tier", "2"), ("x", "y")))


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        (Selector(), True),
        (Selector(kinds=("segment",)), False),
        (Selector(names=("alpha", "beta-*")), True),
        (Selector(names=("BETA-*",)), False),
        (Selector(labels=(("tier", "2"),)), True),
        (Selector(labels=(("tier", "3"),)), False),
        (Selector(("known-user-group",), ("*",), (("x", "y"), ("z", ""))), False),
    ],
)
def test_a_selector_takes_what_fits_all_of_its_keys(selector, matches):
    """Within a key any entry will do, labels must all be there."""
    assert matches == selector.matches(BETA)


def test_a_selector_for_labels_leaves_out_definitions_without_any():
    """Labels that are not managed match nothing."""
    assert not Selector(labels=(("tier", "2"),)).matches(replace(BETA, labels=None))


# --- Secrets ----------------------------------------------------------------------------------------------------------


def options_of(write, options: str):
    """Return the target of a config with these options."""
    (target,) = load_config(write(f"{MINIMAL}targets:\n  crm: {{plugin: rest, {options}}}\n")).targets
    return target


def test_references_become_secrets(write, tmp_path, monkeypatch):
    """The environment and files, alone or inside a text, at any depth."""
    monkeypatch.setenv("CRM_TOKEN", TOKEN)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "crm").write_bytes(b"from a file\n\r\n")
    target = options_of(
        write,
        'token: "${env:CRM_TOKEN}", key: "${file:keys/crm}", plain: "a$b $${x}", '
        'headers: {auth: ["Bearer ${env:CRM_TOKEN}!"]}',
    )
    assert target.options.values == {
        "token": Secret(TOKEN),
        "key": Secret("from a file\n"),
        "plain": "a$b ${x}",
        "headers": {"auth": [Secret(f"Bearer {TOKEN}!")]},
    }
    assert TOKEN not in repr(target)


@pytest.mark.parametrize("name", ["secrets/crm.txt", "link.txt", "hard.txt"])
@pytest.mark.parametrize(
    "config", ["targets: {crm: {plugin: rest, token: X}}", "journal: {store: git, key: X}", "redact: {key: X}"]
)
def test_a_secret_of_the_config_is_no_member_file(write, tmp_path, name, config):
    """What is no address would be quoted; under no name is it read for anything else."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/crm.txt").write_text(TOKEN)
    (tmp_path / "link.txt").symlink_to("secrets/crm.txt")
    (tmp_path / "hard.txt").hardlink_to(tmp_path / "secrets/crm.txt")
    (tmp_path / "other.txt").write_text("ada@example.com")
    load_config(write(MINIMAL + config.replace("X", '"${file:secrets/crm.txt}"') + "\n"))
    found = []
    files = MemberFiles(tmp_path, Identity(), found.append)
    with pytest.raises(InvalidDefinitions):
        files.members(MemberFile(name, None, SourceRange("g.yaml"))).load()
    assert f"The member file `{name}` is a secret of the config" in [each.summary for each in found]
    assert {"ada@example.com"} == files.members(MemberFile("other.txt", None, SourceRange("g.yaml"))).load()
    assert TOKEN not in str(found)


def test_a_missing_secret_matters_where_the_target_is_opened(write, tmp_path, monkeypatch):
    """All that is missing is told at once with its place; definitions can be validated without."""
    monkeypatch.delenv("NO_SUCH", raising=False)
    monkeypatch.setenv("EMPTY", "")
    (tmp_path / "latin").write_bytes(b"\xe9")
    (tmp_path / "blank").write_text("\n")
    (tmp_path / "large").write_bytes(b"x" * (MAX_SECRET_BYTES + 1))
    target = options_of(
        write, 'path: "${env:NO_SUCH}${env:EMPTY}", token: "${file:no/file}",\n    '
        'headers: {a: "${file:latin}", b: "${file:blank}", c: "${file:.}", d: "${file:large}"}',
    )  # fmt: skip
    found = check_options(target.options, OPTIONS_SCHEMA)
    assert {"GS502"} == {each.code for each in found}
    assert [5, 5, 5, 6, 6, 6, 6] == [each.subject.line for each in found]
    assert [
        "The environment variable `EMPTY` is empty",
        "The environment variable `NO_SUCH` is not set",
        "The secret file `no/file` can't be read",
    ] == [each.summary for each in found[:3]]


@pytest.mark.parametrize("written", ["${NAME}", "${env:}", "${env:A B}", "${file:}", "${vault:x}", "${", "a ${env:X"])
def test_malformed_references_are_errors(write, written):
    """What looks like a reference is never taken for text."""
    assert [("GS503", "groupsync.yaml:5:30")] == findings_of(
        write(f'{MINIMAL}targets:\n  crm: {{plugin: rest, token: "{written}"}}\n')
    )


def test_references_elsewhere_are_errors(write, monkeypatch):
    """Only options may be secret."""
    monkeypatch.setenv("X", "x")
    text = (
        MINIMAL.replace("groups/**/*.yaml", '"${env:X}/*.yaml"')
        + 'targets: {crm: {plugin: rest, select: {labels: {a: "${env:X}"}}}}\n'
    )
    assert [("GS503", "groupsync.yaml:3:15"), ("GS503", "groupsync.yaml:4:52")] == findings_of(write(text))


def test_a_secret_shows_itself_nowhere(caplog):
    """Not in text, formats, logs or errors, and not by serialising."""
    secret = Secret(TOKEN)
    logging.getLogger("test").warning("with %s and %r", secret, secret)
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret:>20}", f"{secret!r}", str([secret]), caplog.text):
        assert TOKEN not in shown
        assert "(secret)" in shown
    for serialise in (
        pickle.dumps,
        json.dumps,
        "".join,
        copy.copy(secret).__add__ if hasattr(secret, "__add__") else int,
    ):
        with pytest.raises(TypeError):
            serialise([secret] if serialise == "".join else secret)
    assert secret is copy.deepcopy({"a": secret})["a"]
    assert {Secret(TOKEN)} == {secret}
    assert secret != TOKEN
    assert TOKEN == secret.reveal()


# --- Options ----------------------------------------------------------------------------------------------------------


def test_options_are_checked_with_places_in_the_config(write):
    """Unknown keys with a suggestion, wrong types, what is missing: all at once."""
    target = options_of(write, "selct: {}, tokn: abc, retries: x, headers: {a: long}")
    found = check_options(target.options, OPTIONS_SCHEMA)
    assert [("GS202", 8), ("GS201", 23), ("GS201", 34), ("GS203", 54), ("GS206", 70)] == [
        (each.code, each.subject.column) for each in found
    ]
    assert ["Did you mean `select`?", "Did you mean `token`?"] == [each.hint for each in found[1:3]]


def test_good_options_have_no_findings(write, monkeypatch):
    """A secret counts as the text it stands for."""
    monkeypatch.setenv("WORD", "abc")
    target = options_of(write, 'path: x, token: "${env:WORD}"')
    assert [] == check_options(target.options, OPTIONS_SCHEMA)


SCHEMAS = [
    {"pattern": "^$"}, {"maxLength": 3}, {"minLength": 500}, {"enum": ["a", "s3cr3t"]}, {"const": "x"},
    {"type": "integer"}, {"type": ["array", "object"]}, {"not": {}}, {"format": "date"},
    {"anyOf": [{"type": "array"}, {"pattern": "^$"}]}, {"oneOf": [{}, {}]}, False,
]  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
@pytest.mark.parametrize("shape", ["X", "[X, X]", "{deep: X}", "[{deep: X}, {deep: X}]"])
@pytest.mark.parametrize("length", [1, 9])
def test_no_message_shows_a_secret(write, tmp_path, schema, shape, length):
    """However an option fails its schema, the value of a secret stays out of what is said."""
    (tmp_path / "token").write_text(TOKEN * length)
    target = options_of(write, f"token: {shape}".replace("X", '"${file:token}"'))
    whole = [
        {"properties": {"token": schema}},
        {"properties": {"token": {"items": schema, "additionalProperties": schema, "uniqueItems": True}}},
        {"maxProperties": 0, "not": {"required": ["token"]}},
    ]
    for each in whole:
        for found in check_options(target.options, each):
            said = f"{found.summary} {found.detail} {found.hint} {found!r}"
            assert "s3cr3t-" not in said
            assert "t0k3n" not in said


# --- The schema -------------------------------------------------------------------------------------------------------


def subschemas(schema):
    """Give every schema that describes a value, with its way."""
    for key in ("properties", "$defs"):
        for name, each in schema.get(key, {}).items():
            yield name, each
            yield from subschemas(each)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield key, schema[key]
            yield from subschemas(schema[key])
    for index, each in enumerate(schema.get("anyOf", ())):
        yield f"anyOf {index}", each
        yield from subschemas(each)


def test_the_schema_explains_every_property():
    """Editors complete and explain from titles, descriptions and examples; the examples are valid."""
    schema = config_schema()
    Draft202012Validator.check_schema(schema)
    assert "urn:groupsync:schema:config:v1" == schema["$id"]
    for name, each in [("the config", schema), *subschemas(schema)]:
        if "$ref" in each or "anyOf" in each:
            continue
        assert {"title", "description", "examples"} <= set(each), name
        for example in each["examples"]:
            Draft202012Validator({**each, "$defs": schema["$defs"]}).validate(example)


KEYS = ["version", "project", "definitions", "identity", "targets", "exclude", "plugin", "select", "names", "guards",
        "a", "${env:X}"]  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab${}:", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
)


@given(value=VALUES)
def test_any_document_gives_findings_with_places(tmp_path_factory, value):
    """No value anywhere in the file raises anything else."""
    path = tmp_path_factory.mktemp("project") / "groupsync.yaml"
    path.write_text(json.dumps(value))
    with pytest.raises(InvalidDefinitions) as caught:
        load_config(path)
    assert all(found.subject is not None and found.subject.line for found in caught.value.diagnostics)
