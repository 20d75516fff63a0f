"""What the commands print, and where."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from groupsync.cli import COMMANDS, SUMMARIES
from groupsync.cli.meant import SYNONYMS
from groupsync.errors import ExitCode


def test_every_command_has_a_summary_and_help(project):
    """`--help` lists all commands, and each one explains itself."""
    assert COMMANDS.keys() == SUMMARIES.keys()
    overview = project("--help").out
    for name, summary in SUMMARIES.items():
        assert summary.split()[0] in overview
        done = project(name, "--help")
        assert 0 == done.code
        assert "Usage: groupsync " + name in done.out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("plna", "plan"),
        ("aply", "apply"),
        ("drfit", "drift"),
        ("valdate", "validate"),
        ("diff", "plan"),
        ("status", "show"),
        ("ls", "show"),
        ("list", "show"),
        ("check", "validate"),
        ("lint", "validate"),
        ("test", "validate"),
        ("sync", "apply"),
        ("doctor", "target check"),
        ("statsu", "show"),
    ],
)
def test_another_word_for_a_command_is_answered_with_the_right_one(quick, typed, meant):
    """A slip leads to the nearest name, a word of other tools to the command that does it; both stay wrong usage."""
    done = quick(typed)
    assert (ExitCode.USAGE, "") == (done.code, done.out)
    assert f"No such command `{typed}`. Did you mean `{meant}`?" in done.err


def test_what_is_like_no_command_is_answered_with_all_of_them(quick):
    """Four letters in common make no `drift` of `edit`."""
    assert "There are: init, " in quick("edit").err


def test_every_synonym_leads_to_a_command_and_is_none():
    """A suggestion works when it is typed."""
    for word, meant in SYNONYMS.items():
        assert word not in COMMANDS
        assert meant.split()[0] in COMMANDS


def test_a_misspelt_option_is_answered_with_the_nearest(quick):
    """Not with each that has letters in common."""
    offered = quick("plan", "--fromat", "json").err.partition("--fromat")[2]
    assert "--format" in offered
    assert "--at" not in offered
    assert "--redact" not in offered


@pytest.mark.parametrize("command", ["why", "add", "remove"])
def test_group_and_address_the_wrong_way_round_are_told(quick, command):
    """The command as it was meant is there to copy."""
    done = quick(command, "staff", "new@contoso.com")
    assert ExitCode.ERROR == done.code
    assert f"Try `groupsync {command} new@contoso.com staff`." in done.err
    assert "Expected one such as" in quick(command, "staff", "beta-testers").err


def test_payload_goes_to_stdout_and_talk_to_stderr(project):
    """A program can read stdout as it is."""
    project.write("groups/members/staff.txt", "ada@contoso.com\nADA@contoso.com\n")
    done = project("plan", "--format", "json")
    assert {"changes", "digest"} <= json.loads(done.out).keys()
    assert "GS308" in done.err


@pytest.mark.parametrize(("typed", "schema"), [(["plan"], "plan"), (["apply", "--yes"], "report"), (["drift"], "plan")])
def test_json_output_fits_the_schema_that_is_printed(project, typed, schema):
    """`groupsync schema` describes what `--format json` prints."""
    described = json.loads(project("schema", schema).out)
    Draft202012Validator(described).validate(json.loads(project(*typed, "--format", "json").out))


@pytest.mark.parametrize("name", ["config", "group", "approval", "plan", "report", "profile"])
def test_schemas_explain_every_property(project, name):
    """Every property of every schema has a title or description, so that editors can explain it."""
    schema = json.loads(project("schema", name).out)
    Draft202012Validator.check_schema(schema)
    assert [] == unexplained(schema)


def test_the_contract_of_a_service_is_printed(project):
    """`groupsync schema group-service` is OpenAPI 3.1; its schemas are JSON Schemas that explain themselves, too."""
    contract = json.loads(project("schema", "group-service").out)
    assert "3.1.0" == contract["openapi"]
    for schema in contract["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert [] == unexplained(contract)


def unexplained(schema):
    """Return where a schema has properties that nothing is said of."""
    found = []

    def walk(node, path):
        if isinstance(node, dict):
            for key, value in node.get("properties", {}).items() if isinstance(node.get("properties"), dict) else ():
                if not isinstance(value, dict) or not (value.keys() & {"description", "$ref"}):
                    found.append(f"{path}/{key}")
            for key, value in node.items():
                walk(value, f"{path}/{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                walk(value, f"{path}/{index}")

    walk(schema, "")
    return found


def test_show_gives_both_sides_as_json(project):
    """`show --format json` has desired and prior members of every group."""
    project("apply", "--yes")
    project.write("groups/members/staff.txt", "zoe@example.com\n")
    groups = {each["name"]: each for each in json.loads(project("show", "--format", "json").out)["groups"]}
    assert ["zoe@example.com"] == groups["staff"]["members"]
    assert "tim@contoso.com" in groups["staff"]["prior_members"]


def test_show_members_is_made_for_pipes(project):
    """One address a line, desired or prior, and nothing else."""
    project("apply", "--yes")
    project.write("groups/members/staff.txt", "zoe@example.com\n")
    assert "zoe@example.com\n" == project("show", "staff", "--members").out
    assert project.read("state/groups/staff.txt") == project("show", "staff", "--prior", "--members").out


def test_show_of_an_unknown_group_names_the_nearest(project):
    """A misspelt group is answered with the right one."""
    done = project("show", "stafff")
    assert 1 == done.code
    assert "Did you mean `staff`?" in done.err


def test_selection_narrows_and_never_deletes_what_it_leaves_out(project):
    """`--select`, `--label` and `--target` leave the rest alone, deletions too."""
    project("apply", "--yes")
    (project.folder / "groups/staff.yaml").unlink()
    (project.folder / "groups/early-access.yaml").unlink()

    def deleted(*typed):
        return [each["name"] for each in json.loads(project("plan", "--format", "json", *typed).out)["changes"]]

    assert ["early-access", "staff"] == deleted()
    assert ["staff"] == deleted("--select", "sta*")
    assert ["early-access"] == deleted("--label", "product=fieldnotes")
    assert [] == deleted("--select", "beta-*")


def test_at_looks_at_another_time_and_cannot_be_applied(project):
    """`--at` shows who is there then; a plan made so is refused by apply."""
    later = json.loads(project("plan", "--at", "2100-01-01", "--format", "json", "--out", "later.plan").out)
    added = {each["name"]: each["add"]["members"] for each in later["changes"]}
    assert "grace@fabrikam.com" not in added["beta-testers"]
    done = project("apply", "later.plan", "--yes")
    assert 1 == done.code
    assert "--at" in done.err


def test_expect_binds_an_apply_to_the_plan_that_was_reviewed(project):
    """With another digest nothing is applied, with the right one all of it."""
    digest = json.loads(project("plan", "--format", "json").out)["digest"]
    assert 1 == project("apply", "--yes", "--expect", "0" * 16).code
    assert not (project.folder / "state").exists()
    assert 0 == project("apply", "--yes", "--expect", digest[:16]).code


def test_output_goes_to_a_file_where_asked(project):
    """`-o` writes what stdout would have got."""
    project("plan", "-o", "plan.txt")
    assert "4 to create" in project.read("plan.txt")


def test_version_names_the_parser(project):
    """The fast parser runs here, and `version` says so."""
    assert "libyaml" in project("version").out


def test_plugins_lists_what_is_installed_and_what_targets_can_do(project):
    """Name, version, hooks and capabilities."""
    found = json.loads(project("plugins", "--format", "json").out)
    assert {"file", "memory"} <= {each["name"] for each in found["plugins"]}
    assert found["targets"]["local"]["revisions"]
    assert "groupsync_register_backends" in project("plugins").out


def test_a_config_elsewhere_is_found_by_its_path(project, tmp_path):
    """`--config` works from any folder, and so does a folder below the project's."""
    (project.folder / "deep").mkdir()
    inside = project.folder
    project.folder = inside / "deep"
    assert 0 == project("validate").code
    project.folder = tmp_path
    assert 0 == project("validate", "--config", str(inside / "groupsync.yaml")).code
    assert 1 == project("validate").code


def test_a_lock_that_can_not_be_read_is_broken_as_the_error_says(project):
    """The hint works when it is followed to the letter."""
    project.write("state/.lock", "no lock\n")
    told = " ".join(project("apply", "--yes").err.split())
    assert "`groupsync lock break -t local`" in told
    assert 1 == project("lock", "status").code
    done = project("lock", "break", "-t", "local", "--yes")
    assert (0, True) == (done.code, "local: broken; it was a lock that can't be read" in done.out)
    assert 0 == project("apply", "--yes").code
