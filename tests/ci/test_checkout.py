"""The checkout is data: no step of the action runs a file of it, or gives secrets to what it installs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.ci.conftest import ROOT, SECRET

NAMES = sorted(sys.stdlib_module_names | {"pip", "setuptools", "ruamel", "groupsync", "sitecustomize", "usercustomize"})
TRAP = "import os\nopen({trap!r}, 'a').write(__file__ + chr(10))\nraise SystemExit('a file of the checkout ran')\n"
PROGRAMS = ("bash", "curl", "gh", "git", "groupsync", "jq", "pip", "python", "python3")
BACKEND = """\
import importlib.metadata, json, os, zipfile
def build_wheel(folder, *_):
    with open({seen!r}, "w") as file:
        json.dump(dict(os.environ), file)
    with open({version!r}, "w") as file:
        json.dump(importlib.metadata.version("setuptools"), file)
    with zipfile.ZipFile(os.path.join(folder, "extra-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("extra-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: extra\\nVersion: 1.0\\n")
        wheel.writestr("extra-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("extra-1.0.dist-info/RECORD", "")
    return "extra-1.0-py3-none-any.whl"
"""


@pytest.fixture
def trapped(repository, tmp_path):
    """A repository with a file for each module of the standard library, at its root and where groupsync runs."""
    ran = tmp_path / "ran"
    (repository.folder / "shop").mkdir()
    for name in ("groupsync.yaml", "groups"):
        (repository.folder / name).rename(repository.folder / "shop" / name)
    for folder in ("", "shop/"):
        for name in NAMES:
            repository.write(f"{folder}{name}.py", TRAP.format(trap=str(ran)))
        for name in PROGRAMS:
            repository.write(f"{folder}{name}", f"#!/bin/sh\necho {name} >>'{ran}'\nexit 9\n")
            (repository.folder / folder / name).chmod(0o755)
    repository.write(".git/hooks/post-checkout", f"#!/bin/sh\necho hook >>'{ran}'\n")
    repository.commit()
    repository.ran = ran
    return repository


def test_every_step_leaves_the_files_of_the_checkout_alone(trapped):
    """Planning, commenting, telling approvers, finding and unpacking a saved plan, applying, looking for drift."""
    inputs = {"working_directory": "shop", "approvers": "true", "compare": "HEAD", "targets": "local"}
    steps = set(trapped.act(**inputs).codes)
    trapped.merge()
    done = trapped.act("apply", "push", working_directory="shop")
    assert 0 == done.code, done.log
    steps |= set(done.codes)
    steps |= set(trapped.act("drift", "schedule", working_directory="shop").codes)
    trapped.event["pull_request"]["head"]["repo"] = None
    assert 0 == trapped.act(working_directory="shop").code
    assert not trapped.ran.exists(), trapped.ran.read_text()
    wanted = {"Validate", "Plan", "Find the plan that was reviewed", "Apply", "Look for drift", "Comment"}
    assert {*wanted, "Tell who answers for the groups"} <= steps


def test_installing_leaves_the_files_of_the_checkout_alone(trapped, tmp_path):
    """What is installed is told of no secret, not even while it is built."""
    shutil.rmtree(trapped.runner.temp / "groupsync")
    seen, extra = tmp_path / "seen.json", tmp_path / "extra"
    extra.mkdir()
    (extra / "backend.py").write_text(
        BACKEND.format(seen=str(seen), version=str(tmp_path / "setuptools.json")), "utf-8"
    )
    (extra / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "backend"\nbackend-path = ["."]\n', "utf-8"
    )
    trapped.runner.environment |= {"PIP_NO_INPUT": "1", "HTTP_PROXY": os.environ.get("HTTP_PROXY", "")}
    done = trapped.act("validate", working_directory="shop", packages=str(extra))
    assert 0 == done.code, done.log
    assert not trapped.ran.exists(), trapped.ran.read_text()
    built = seen.read_text("utf-8")
    assert '"PIP_NO_INPUT": "1"' in built
    pinned = re.search(r"^setuptools==(.+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE)[1]
    assert pinned == json.loads((tmp_path / "setuptools.json").read_text("utf-8"))
    for each in (SECRET, "job-token", "INPUT_", "GITHUB_"):
        assert each not in built


def test_no_script_calls_a_python_that_looks_around():
    """With `-I` it takes modules neither from the current folder nor from variables."""
    for path in (ROOT / "action").glob("*.sh"):
        for line in path.read_text("utf-8").splitlines():
            if "/python" in line or "python3 " in line:
                assert " -I " in line, f"{path.name}: {line}"


def test_a_folder_that_is_not_there_is_told(repository):
    """`working-directory` names a folder of the checkout."""
    done = repository.act(working_directory="-P")
    assert 1 == done.code
    assert "The input `working-directory` is `-P`. Expected a folder" in done.told("error")


def test_a_config_in_a_folder_with_the_name_of_an_option(repository):
    """A dash in front makes no option of a path."""
    (repository.folder / "-rf").mkdir()
    (repository.folder / "groupsync.yaml").rename(repository.folder / "-rf/groupsync.yaml")
    (repository.folder / "groups").rename(repository.folder / "-rf/groups")
    repository.write("-rf/groups/staff.yaml", "kind: no-such-kind\nname: staff\n")
    done = repository.act(config="-rf/groupsync.yaml")
    _, properties, _ = next(each for each in done.commands if each[0] == "error")
    assert properties.startswith("file=-rf/groups/staff.yaml,")


def test_the_traps_spring(trapped):
    """A Python that looks around would run one of them."""
    subprocess.run([sys.executable, "-m", "zipfile"], cwd=trapped.folder, check=False, capture_output=True)
    assert trapped.ran.exists()
