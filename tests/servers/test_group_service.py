"""The example service: its own tests in its own environment, and the contract that it implements."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.servers.environments import ROOT, program

SERVICE = ROOT / "examples" / "group_service"
CONTRACT = ROOT / "schemas" / "group-service.v1.openapi.json"

pytestmark = pytest.mark.servers


def run(*arguments: str) -> str:
    """Run the service's Python in its folder, as somebody would who knows nothing of groupsync."""
    command = [program("group-service", "python"), *arguments]
    mine = ("GROUP_SERVICE_", "PYTEST_", "COV_", "HYPOTHESIS_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    done = subprocess.run(command, cwd=SERVICE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("file", sorted(path.name for path in (SERVICE / "tests").glob("test_*.py")))
def test_its_own_tests_pass(file):
    """Contract, pages, writes; and schemathesis against the running service."""
    print(run("-m", "pytest", "-rP", f"tests/{file}"))


def test_it_implements_the_contract_that_is_shipped():
    """What it says of itself is `schemas/group-service.v1.openapi.json`; `UPDATE_GOLDEN=1` writes that anew."""
    text = run("-m", "group_service", "--openapi")
    if os.environ.get("UPDATE_GOLDEN"):
        CONTRACT.write_text(text, "utf-8")
    assert text == CONTRACT.read_text("utf-8")
