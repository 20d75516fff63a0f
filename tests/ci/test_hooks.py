"""The hooks for pre-commit, by pre-commit itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ci.conftest import ROOT

LISTED = "- repo: {url}\n  rev: {revision}\n  hooks: [{{id: groupsync-fmt}}, {{id: groupsync-validate}}]\n"


@pytest.fixture(scope="module")
def tool(tmp_path_factory):
    """A copy of this project in git, as pre-commit clones it: where the hooks live."""
    folder = tmp_path_factory.mktemp("tool")
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", "groupsync", "plugins", "schemas", "README.md",
         "pyproject.toml", ".pre-commit-hooks.yaml"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\n")  # fmt: skip
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=A", "-c", "user.email=a@contoso.com", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def test_the_hooks_format_and_validate(tool, repository, tmp_path_factory):
    """They install with pip, touch nothing that is in order, mend what is not, and stop a commit that is wrong."""
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tool, check=True, capture_output=True, text=True).stdout
    repository.write(".pre-commit-config.yaml", "repos:\n" + LISTED.format(url=tool, revision=revision.strip()))
    repository.git("add", "-A")
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("home")), "NO_COLOR": "1"}

    def run():
        command = [Path(sys.executable).parent / "pre-commit", "run", "--all-files"]
        done = subprocess.run(
            command, cwd=repository.folder, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    code, printed = run()
    assert (0, 2) == (code, printed.count("Passed")), printed
    repository.replace("groups/members/staff.txt", "alan@contoso.com\n", "")
    with (repository.folder / "groups/members/staff.txt").open("a") as file:
        file.write("ALAN@contoso.com\n")
    code, printed = run()
    assert (1, True) == (code, "files were modified by this hook" in printed)
    assert "alan@contoso.com\n" in (repository.folder / "groups/members/staff.txt").read_text("utf-8")
    repository.replace("groups/staff.yaml", "display_name", "dispaly_name")
    code, printed = run()
    assert (1, True) == (code, "Did you mean `display_name`?" in printed)
