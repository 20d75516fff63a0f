"""Nothing undocumented, nothing untested: commands, hooks, exit codes, diagnostic codes, backends."""

from __future__ import annotations

import inspect
import os
import re
import tomllib
from functools import lru_cache
from pathlib import Path

import pytest

from groupsync import hookspecs
from groupsync.cli import COMMANDS
from groupsync.codes import CODES
from groupsync.errors import ExitCode
from groupsync.plugins import Plugins

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
HOOKS = [name for name, found in vars(hookspecs).items() if name.startswith("groupsync_") and inspect.isfunction(found)]


@lru_cache(maxsize=1)
def text_of_tests():
    """Join the text of all tests but this one."""
    files = [path for path in (ROOT / "tests").rglob("*") if path.suffix in {".py", ".yml", ".txt"}]
    # Files of the corpus may be in any encoding.
    return "\n".join(path.read_text("utf-8", "replace") for path in files if path != Path(__file__))


@lru_cache(maxsize=1)
def source_text():
    """Join the code of the core and the bundled plugins, without the list of codes."""
    files = [*(ROOT / "groupsync").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    return "\n".join(path.read_text("utf-8") for path in files if path.name != "codes.py")


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_documented_and_tested(command):
    """README's table has the command, and a test types it."""
    assert re.search(rf"^\| .*`{command}\b", README, re.MULTILINE)
    assert re.search(rf'"{command}"', text_of_tests())


@pytest.mark.parametrize("hook", HOOKS)
def test_hooks_are_implemented_by_a_bundled_plugin_and_documented(hook):
    """A hook exists only once something bundled uses it; README names it."""
    implemented = {name for plugin in Plugins.discover({}).listing() for name in plugin.hooks}
    assert hook in implemented
    assert hook in README
    assert hook in text_of_tests()


@pytest.mark.parametrize("code", ExitCode)
def test_exit_codes_are_documented_and_tested(code):
    """README's table has every exit code, and a test ends with it."""
    assert re.search(rf"^\| {code.value} \|", README, re.MULTILINE)
    assert f"ExitCode.{code.name}" in text_of_tests()


@pytest.mark.parametrize("code", CODES)
def test_diagnostic_codes_are_used_and_tested(code):
    """Every code is given somewhere, and provoked by a test."""
    assert code in source_text()
    assert code in text_of_tests()


def test_diagnostic_codes_are_documented():
    """`docs/diagnostics.md` lists every code with its meaning; `UPDATE_GOLDEN=1` writes it anew."""
    head = "# Diagnostics\n\nEvery finding has a code, which never changes its meaning.\n\n| code | meaning |\n"
    text = f"{head}|---|---|\n" + "".join(f"| {code} | {meaning} |\n" for code, meaning in sorted(CODES.items()))
    page = ROOT / "docs" / "diagnostics.md"
    if os.environ.get("UPDATE_GOLDEN"):
        page.write_text(text, "utf-8")
    assert text == page.read_text("utf-8")


def test_no_code_is_given_that_is_not_listed():
    """A code that is not in the list has no meaning that anybody could look up."""
    assert set() == set(re.findall(r"\bGS\d{3}\b", source_text())) - CODES.keys()


def test_backends_are_documented():
    """README has a paragraph on every bundled backend."""
    assert [] == [name for name in Plugins.discover({}).backends if f"**`{name}`**" not in README]


def test_the_wheel_has_every_package():
    """Each folder with code of the core or a plugin is named in pyproject, since nothing finds them by itself."""
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "groupsync").rglob("__init__.py")}
    plugins = {path.parent.relative_to(ROOT / "plugins").parts for path in (ROOT / "plugins").rglob("__init__.py")}
    expected = {"groupsync.schemas", *found, *(".".join(parts) for parts in plugins)}
    assert expected == set(setuptools["packages"])
