"""`groupsync completion`: real shells, in which keys are pressed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from groupsync.cli import COMMANDS, SUMMARIES
from groupsync.errors import ExitCode
from tests.cli.terminal import Terminal

PROGRAMS = Path(sys.executable).parent

COMPLETED = {
    "groupsync sho": "groupsync show",
    "groupsync lock st": "groupsync lock status",
    "groupsync plan --detai": "groupsync plan --detailed-exitcode",
    "groupsync show sta": "groupsync show staff",
    "groupsync why ada@contoso.com sta": "groupsync why ada@contoso.com staff",
    "groupsync add ada@contoso.com opt": "groupsync add ada@contoso.com opted-out",
    "groupsync plan --target=lo": "groupsync plan --target=local",
    "groupsync drift -t lo": "groupsync drift -t local",
    "groupsync target check lo": "groupsync target check local",
    "groupsync plan --label prod": "groupsync plan --label product=fieldnotes",
    "groupsync plan --label=product=fi": "groupsync plan --label=product=fieldnotes",
    "groupsync plan --select sta": "groupsync plan --select staff",
    "groupsync plan --format=mark": "groupsync plan --format=markdown",
    "groupsync apply mon": "groupsync apply monday.plan",
    "groupsync report mon": "groupsync report monday.plan",
    "groupsync undo la": "groupsync undo last",
    "groupsync init --template low": "groupsync init --template low-raters",
    "groupsync nonsense sta": "groupsync nonsense sta",
    "groupsync show nobody": "groupsync show nobody",
}


def needs(shell):
    """Leave a test out where a shell is missing, but in CI."""
    if shutil.which(shell) is None:
        assert not os.environ.get("CI"), f"{shell} is missing"
        pytest.skip(f"{shell} is missing: install it, or `make system`")


def offered(folder, line, shell="bash", **environment):
    """Ask as a shell does, and return the words that are offered, or all that is said."""
    asked = {"_GROUPSYNC_COMPLETE": f"{shell}_complete", "COMP_LINE": line, **environment}
    done = subprocess.run(
        [PROGRAMS / "groupsync"], cwd=folder, env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    return [each.partition(",")[2] for each in done.stdout.splitlines() if each]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_key_completes_what_was_begun(project, shell):
    """Commands, options, groups, targets, labels, forms, files; what is unknown stays as it is."""
    needs(shell)
    project.write("monday.plan", "")
    with Terminal(shell, project.folder, PROGRAMS) as terminal:
        assert COMPLETED == {typed: terminal.completed(typed).rstrip() for typed in COMPLETED}


def test_fish_completes_what_was_begun(project):
    """The same, asked by fish's own `complete -C`."""
    needs("fish")
    project.write("monday.plan", "")
    script = "source (groupsync completion fish | psub); for line in $argv; complete -C $line; echo end; end"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script, *COMPLETED],
        cwd=project.folder,
        env={**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", "HOME": str(project.folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "" == done.stderr
    answers = [each.splitlines() for each in done.stdout.split("end\n")]
    for (typed, completed), answer in zip(COMPLETED.items(), answers, strict=False):
        words = [each.partition("\t")[0] for each in answer]
        assert ([] if completed == typed else [completed.rpartition(" ")[2]]) == words


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_can_read(project, shell):
    """It is printed and nothing else is said."""
    needs(shell)
    done = project("completion", shell)
    assert (ExitCode.OK, "") == (done.code, done.err)
    subprocess.run([shell, "-n"], input=done.out, text=True, check=True)


def test_all_commands_are_offered_with_what_they_do(project):
    """None of them is imported for it."""
    assert list(COMMANDS) == offered(project.folder, "groupsync ")
    told = offered(project.folder, "", "fish", COMP_WORDS="groupsync ", COMP_CWORD="")
    assert [f"{name}\t{SUMMARIES[name]}" for name in COMMANDS] == told


def test_segments_sources_and_runs_are_offered(segments):
    """Where a command wants one of them."""
    assert ["big", "tiny", "top"] == offered(segments.folder, "groupsync preview ")
    assert ["customers"] == offered(segments.folder, "groupsync attributes ")
    assert ["last"] == offered(segments.folder, "groupsync undo ")
    segments("apply", "--yes", "--adopt")
    newest = segments("history", "--format", "json").out
    last, run = offered(segments.folder, "groupsync undo ")
    assert ("last", True) == (last, f'"{run}"' in newest)


def test_the_config_that_is_named_is_read(project, tmp_path):
    """From elsewhere, too."""
    line = f"groupsync show --config {project.folder}/groupsync.yaml "
    assert ["beta-testers", "early-access", "opted-out", "staff"] == offered(tmp_path, line)


def test_definitions_that_are_wrong_are_offered_and_broken_files_are_no_trouble(project):
    """Who completes may be about to mend them."""
    project.write("groups/staff.yaml", "kind: nonsense\nname: staff\ninclude: [nobody]\n")
    project.write("groups/more.yaml", "name: [\n---\nname: 5\n---\n- list\n")
    assert "staff" in offered(project.folder, "groupsync show ")


@pytest.mark.parametrize(
    "config",
    [
        "",
        "[",
        "version: 1",
        "definitions: 5",
        "definitions: [5]",
        "targets: [a]",
        "definitions: [../**]",
        "journal: 5",
        "\0",
    ],
)
@pytest.mark.parametrize("line", ["show ", "plan -t ", "attributes ", "undo ", "plan -l "])
def test_nothing_is_said_where_nothing_can_be_offered(project, config, line):
    """No message, no exit code: a key was pressed."""
    project.write("groupsync.yaml", config)
    assert {"last"} >= set(offered(project.folder, f"groupsync {line}"))


def test_nothing_is_offered_that_a_shell_could_run(project):
    """What is offered goes onto the command line as it is."""
    hostile = ["$(touch x)", "`touch x`", "a b", "a;b", "-rf", "a\\nplain,b", "\\e[31m", "*", "~"]
    labels = ", ".join(f'"{each}": "{each}"' for each in hostile)
    documents = [f'kind: known-user-group\nname: "{each}"\nlabels: {{{labels}, fine: "yes"}}\n' for each in hostile]
    project.write("groups/hostile.yaml", "---\n".join(documents))
    assert ["beta-testers", "early-access", "opted-out", "staff"] == offered(project.folder, "groupsync show ")
    assert ["fine=yes", "product=fieldnotes"] == offered(project.folder, "groupsync plan -l ")


def test_nothing_is_asked_by_the_way(project):
    """Neither a plugin nor a secret: the target's options are not even looked at."""
    target = "  crm: {plugin: nowhere, url: 'https://crm.example.com', token: '${env:NOT_SET}'}\n"
    project.write("groupsync.yaml", project.read("groupsync.yaml") + target)
    assert ["local", "crm"] == offered(project.folder, "groupsync plan --target ")


def test_a_large_project_is_not_read_for_ever(project):
    """Names of the first files are offered; files past the bound are left alone."""
    for number in range(3):
        members = "".join(f"  - a{each}@contoso.com\n" for each in range(90_000))
        project.write(f"groups/z{number}.yaml", f"kind: known-user-group\nname: z{number}\nmembers:\n{members}")
    names = offered(project.folder, "groupsync show ")
    assert "staff" in names
    assert "z2" not in names


def test_a_command_does_not_pay_for_it():
    """What completion needs is imported for completion alone."""
    script = (
        "import sys\nfrom groupsync.cli import run\n"
        "run(['plan', '--help'])\nprint('click.shell_completion' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "False" == done.stdout.splitlines()[-1]
