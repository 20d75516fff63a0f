"""The service is what its OpenAPI document says, put to the proof by schemathesis."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conftest import WRITER, running
from group_service.app import create_app
from group_service.settings import Settings

ROOT = Path(__file__).parents[1]
EXAMPLES = 25
"""Requests that are made up for each operation and phase, at most."""


def test_a_running_service_conforms_to_its_document(tmp_path):
    """Every status, header and body is one that is described; what is described is accepted, nothing else is."""
    with running(tmp_path / "groups.sqlite") as service:
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            f"--config-file={ROOT / 'schemathesis.toml'}",
            "run",
            service.url.removesuffix("/v1") + "/openapi.json",
            f"--header=Authorization: Bearer {WRITER}",
            "--checks=all",
            f"--max-examples={EXAMPLES}",
            "--seed=1",
            "--no-color",
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "Selected: 7/7" in done.stdout


def described(value, path=""):
    """Give every schema of a property, parameter or header in the document, with where it is."""
    if isinstance(value, dict):
        for name, each in value.get("properties", {}).items():
            yield f"{path}/{name}", each
        if "schema" in value and "in" in value:
            yield f"{path}/{value['name']}", value["schema"] | {"description": value.get("description")}
        for name, each in value.items():
            yield from described(each, f"{path}/{name}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from described(each, f"{path}/{number}")


def test_everything_is_described_with_an_example():
    """Properties and parameters say what they are; those with a schema of their own show it there."""
    found = dict(described(create_app(Settings()).openapi()))
    assert len(found) > 50
    assert [] == [path for path, schema in found.items() if not schema.get("description")]
    bare = [path for path, schema in found.items() if not schema.get("examples")]
    assert [] == [path for path in bare if "$ref" not in str(found[path])]
