"""`--help`, `groupsync help`, and the options that every command takes."""

from __future__ import annotations

import shlex

import click
import pytest

from groupsync.cli import COMMANDS, SECTIONS, SUMMARIES, groupsync
from groupsync.cli.examples import EXAMPLES
from groupsync.errors import ExitCode

ASKING = {"apply", "undo"}
IN_A_STORE = {"preview", "attributes"}
BEFORE_AN_APPLY = {"init", "plan", "apply", "report", "approvers"}
OF_A_SERVICE = {"profile"}
"""What needs a service is only parsed here; `test_profile` checks one."""


def every_command():
    """Give each command by its words, with those below it."""
    root = click.Context(groupsync, info_name="groupsync")
    for name in COMMANDS:
        command = groupsync.get_command(root, name)
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", each) for below, each in command.commands.items())


NAMES = [name for name, _ in every_command()]


@pytest.mark.parametrize("name", NAMES)
def test_every_help_ends_with_examples(quick, name):
    """`COMMAND --help` and `help COMMAND` are one text; what is listed is told whole at 80 columns."""
    shown = quick(*name.split(), "--help")
    assert (ExitCode.OK, "") == (shown.code, shown.err)
    examples = [line.strip() for line in shown.out.partition("Examples:")[2].splitlines() if line.strip()]
    assert [*EXAMPLES[name]] == examples
    assert all(example.startswith(f"groupsync {name.split()[0]}") for example in examples)
    assert "..." not in shown.out.replace("]...", "").replace("[ARGS]...", "")
    assert shown.out == quick("help", *name.split()).out


@pytest.mark.parametrize("example", [line for lines in EXAMPLES.values() for line in lines])
def test_every_example_works(quick, example):
    """It is typed as it stands, and `--yes` where it would ask."""
    words = shlex.split(example)[1:]
    quick("plan", "--out", "monday.plan")
    if words[0] not in BEFORE_AN_APPLY:
        assert ExitCode.OK == quick("apply", "--yes").code
        quick("add", "new.hire@contoso.com", "staff")
        assert ExitCode.OK == quick("apply", "--yes").code
    if words[0] in IN_A_STORE:
        assert ExitCode.OK == quick("init", "store", "--template", "big-spenders").code
        words += ["--config", "store/groupsync.yaml"]
    done = quick(*words, *(["--yes"] if words[0] in ASKING and "--yes" not in words else []))
    assert "No such" not in done.err
    assert done.code != ExitCode.USAGE if words[0] in OF_A_SERVICE else done.code == ExitCode.OK, done.err


def test_commands_are_listed_by_what_they_are_for(quick):
    """Each once, with its summary; nothing is listed that is no command."""
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(SUMMARIES) == sorted({*listed})
    shown = quick("--help").out
    assert all(f"\n{title}:\n" in shown for title in SECTIONS)
    assert all(f"\n  {name} " in shown for name in listed)


def test_groupsync_alone_prints_its_help(quick):
    """On stdout, so that it can be paged; that nothing was asked for is wrong usage all the same."""
    alone = quick()
    assert (ExitCode.USAGE, "") == (alone.code, alone.err)
    assert quick("--help").out == alone.out == quick("help").out


def test_help_of_what_there_is_not_is_answered(quick):
    """As the command itself would be."""
    done = quick("help", "plna")
    assert ExitCode.USAGE == done.code
    assert "Did you mean `plan`?" in done.err
    assert ExitCode.USAGE == quick("help", "plan", "more").code


# --- Options of every command -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "environment", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color=always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "0"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color", "auto"], {"FORCE_COLOR": "1"}, True),
    ],
)
def test_who_decides_on_colours(quick, monkeypatch, typed, environment, colored):
    """The option, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal; before the command as behind it."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert colored == ("\x1b[" in quick("plan", *typed).out) == ("\x1b[" in quick(*typed, "plan").out)


def test_quiet_leaves_out_what_only_informs(quick):
    """Warnings and the payload stay."""
    assert "4 groups" in quick("validate").err
    assert "" == quick("validate", "--quiet").err == quick("-q", "validate").err
    quick.write("groups/members/staff.txt", "ada@contoso.com\nADA@contoso.com\n")
    assert "GS308" in quick("validate", "-q").err
    assert "Plan digest" in quick("plan", "-q").out


def test_verbose_tells_who_is_asked_and_for_how_long(quick):
    """On stderr, a line each; the next command tells nothing of it."""
    done = quick("plan", "--verbose")
    assert any(line.startswith("backend `file` reading: 0.") for line in done.err.splitlines())
    assert done.err.count("backend `file` reading:") == quick("-v", "plan", "-v").err.count("backend `file` reading:")
    assert "backend" not in quick("plan").err


def test_verbose_does_not_go_with_redact(quick):
    """An address of a service may have somebody's name in it."""
    for typed in (["plan", "--redact", "--verbose"], ["plan", "-v", "--redact"], ["-v", "plan", "--redact"]):
        done = quick(*typed)
        assert (ExitCode.USAGE, "") == (done.code, done.out)


def test_the_config_is_named_before_the_command_behind_it_or_by_the_environment(quick, monkeypatch):
    """In this order of weight; what names a file that is not there is told."""
    text = quick.read("groupsync.yaml")
    for name in ("one", "two", "three"):
        quick.write(f"{name}.yaml", text.replace("project: quickstart", f"project: {name}"))
    monkeypatch.setenv("GROUPSYNC_CONFIG", "one.yaml")
    assert "Plan for one" in quick("plan").out
    assert "Plan for two" in quick("-c", "two.yaml", "plan").out
    assert "Plan for three" in quick("-c", "two.yaml", "plan", "-c", "three.yaml").out
    monkeypatch.setenv("GROUPSYNC_CONFIG", "four.yaml")
    done = quick("plan")
    assert ExitCode.ERROR == done.code
    assert "There is no four.yaml" in done.err
    assert "GROUPSYNC_CONFIG in the environment names it" in done.err
