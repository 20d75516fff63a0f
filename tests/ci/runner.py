"""Runs the steps of an action as GitHub's runner does: bash, a file for outputs, commands read from the log."""

from __future__ import annotations

import io
import os
import re
import subprocess
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from tests import clock
from tests.ci.expressions import evaluate, filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

COMMAND = re.compile(r"\s*::([a-z-]+)(?: ([^:]*))?::(.*)")
OURS = re.compile(r"contoso/groupsync@v\d+\.\d+\.\d+")
ENDED = {"success()": True, "cancelled()": False}
OLD_COMMAND = re.compile(r"##\[([a-z-]+)([^\]]*)\](.*)")


def read_yaml(path: Path):
    """Read a file as a program other than ours would."""
    return YAML(typ="safe", pure=True).load(path.read_text("utf-8"))


@dataclass
class Done:
    """What became of a run.

    Attributes:
        codes: of each step that ran, by its name.
        log: what all of them printed.
        commands: the workflow commands in it that a runner would carry out: (command, properties, message).
    """

    codes: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""
    commands: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def code(self) -> int:
        """How the first step that failed ended, or 0."""
        return next((code for code in self.codes.values() if code), 0)

    def told(self, command: str) -> str:
        """Return the messages of a workflow command."""
        return "\n".join(message for name, _, message in self.commands if name == command)


def commands_in(log: str) -> list[tuple[str, str, str]]:
    """Find what a runner would carry out: nothing between `stop-commands` and the line with its token."""
    found, edge = [], None
    for line in log.splitlines():
        if edge is not None:
            edge = None if line.strip() == f"::{edge}::" else edge
            continue
        match = COMMAND.match(line) or OLD_COMMAND.search(line)
        if match and match[1] == "stop-commands":
            edge = match[3]
        elif match:
            found.append((match[1], match[2] or "", match[3]))
    assert edge is None, "the log ends before commands are taken again"
    return found


def outputs_in(text: str) -> dict[str, str]:
    """Read what steps wrote for other steps: `name=value` or `name<<edge`."""
    found, lines = {}, iter(text.split("\n"))
    for line in lines:
        if match := re.fullmatch(r"([\w-]+)<<(.+)", line):
            value = []
            for each in lines:
                if each == match[2]:
                    break
                value.append(each)
            found[match[1]] = "\n".join(value)
        elif line:
            name, equals, value = line.partition("=")
            assert equals, f"no output: {line!r}"
            found[name] = value
    return found


@dataclass
class Runner:
    """A machine with a checked-out repository.

    Attributes:
        temp: the runner's own folder.
        environment: of every step.
        upload: takes what `actions/upload-artifact` would save: name, and the bytes of the ZIP file.
    """

    workspace: Path
    temp: Path
    environment: Mapping[str, str]
    upload: Callable[[str, bytes], None]

    def action(self, definition: Path, inputs: Mapping[str, str], event: str = "pull_request", **more: str) -> Done:
        """Run a composite action."""
        action = read_yaml(definition)
        given = {name: each.get("default", "") for name, each in action["inputs"].items()}
        assert inputs.keys() <= given.keys(), inputs
        known: dict[str, object] = {"github.token": "job-token"}
        known |= {f"inputs.{name}": filled(value, known) for name, value in {**given, **inputs}.items()}
        more |= {"GITHUB_ACTION_PATH": str(definition.parent), "GITHUB_EVENT_NAME": event}
        done = self._steps(action["runs"]["steps"], known, more)
        done.outputs = {name: filled(each["value"], known) for name, each in action["outputs"].items()}
        return done

    def job(self, job: Mapping, known: dict[str, object], own: Path, event: str, **more: str) -> Done:
        """Run a job of a workflow; `own` is the action that it uses under any name of ours."""
        if not evaluate(str(job.get("if", "success()")), {**known, **ENDED}):
            return Done()
        return self._steps(job["steps"], known, {"GITHUB_EVENT_NAME": event, **more}, own)

    def _steps(
        self, steps: Sequence[Mapping], known: dict[str, object], more: Mapping[str, str], own: Path | None = None
    ) -> Done:
        done = Done()
        for number, step in enumerate(steps):
            condition = str(step.get("if", "success()")).removeprefix("${{").removesuffix("}}")
            if (done.code and "cancelled()" not in condition) or not evaluate(condition, {**known, **ENDED}):
                continue
            name = step.get("name", f"{step.get('uses', 'step')} {number}")
            if own and OURS.fullmatch(step.get("uses", "")):
                inputs = {key: filled(str(each), known) for key, each in step.get("with", {}).items()}
                environment = {key: filled(str(each), known) for key, each in step.get("env", {}).items()}
                event = more["GITHUB_EVENT_NAME"]
                used = self.action(own, inputs, event, **{**more, **environment, "GITHUB_EVENT_NAME": event})
                code, log, outputs = used.code, used.log, used.outputs
            elif "uses" in step:
                self._use(step["uses"], {key: filled(str(each), known) for key, each in step["with"].items()})
                continue
            else:
                code, log, outputs = self._step(step, known, more)
            done.codes[name] = code
            done.log += log
            known |= {f"steps.{step.get('id')}.outputs.{key}": value for key, value in outputs.items()}
        done.commands = commands_in(done.log)
        return done

    def _step(
        self, step: Mapping, known: Mapping[str, object], more: Mapping[str, str]
    ) -> tuple[int, str, dict[str, str]]:
        assert "${{" not in step["run"], "a value would become part of the script"
        environment = {key: filled(str(each), known) for key, each in step.get("env", {}).items()}
        folder = self.workspace / filled(step.get("working-directory", "."), known)
        return self.run(step["run"], {**more, **environment}, folder)

    def run(self, script: str, environment: Mapping[str, str], folder: Path) -> tuple[int, str, dict[str, str]]:
        """Run a script as a step with `shell: bash`: how it ended, what it printed, its outputs."""
        file = self.temp / "step.sh"
        file.write_text(script, "utf-8")
        told = self.temp / "output"
        told.write_text("", "utf-8")
        files = {"GITHUB_OUTPUT": told, "GITHUB_STEP_SUMMARY": self.temp / "summary", "GITHUB_ENV": self.temp / "env"}
        files |= {"GITHUB_PATH": self.temp / "path", "RUNNER_TEMP": self.temp, "GITHUB_WORKSPACE": self.workspace}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(file)],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                **clock.inherited(),
                **self.environment,
                **{k: str(v) for k, v in files.items()},
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, done.stdout.decode(), outputs_in(told.read_text("utf-8"))

    def summary(self) -> str:
        """Return what stands on the page of the run."""
        page = self.temp / "summary"
        return page.read_text("utf-8") if page.exists() else ""

    def _use(self, action: str, given: Mapping[str, str]) -> None:
        if action.startswith("actions/upload-artifact@"):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as file:
                file.write(given["path"], Path(given["path"]).name)
            self.upload(given["name"], packed.getvalue())
        else:
            assert action.startswith(("actions/setup-python@", "actions/checkout@")), action
