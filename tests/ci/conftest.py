"""A repository with groups, a runner that has checked it out, and GitHub beside it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ci.fresh import CONFIG, Origin
from tests.ci.github_api import REPOSITORY, REPOSITORY_ID, github
from tests.ci.runner import Done, Runner

ROOT = Path(__file__).parents[2]
SECRET = "s3cret-of-the-crm"
HOSTILE = "\"; touch pwned; $(touch pwned) `touch pwned` '\n::error::owned\n::set-output name=a::b ##[add-mask]a"


@dataclass
class Repository:
    """A git repository on a runner.

    Attributes:
        event: what GitHub says happened.
        head: the last commit of the pull request.
    """

    runner: Runner
    hub: object
    event: dict
    head: str = ""

    @property
    def folder(self) -> Path:
        """Where it is checked out."""
        return self.runner.workspace

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        done = subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def replace(self, path: str, before: str, after: str) -> None:
        """Edit a file."""
        text = (self.folder / path).read_text("utf-8")
        assert before in text
        self.write(path, text.replace(before, after))

    def commit(self) -> str:
        """Commit all there is and return the commit; as the last one of the pull request."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "Edit")
        self.head = self.git("rev-parse", "HEAD")
        return self.head

    def act(self, mode: str = "plan", event: str = "pull_request", **inputs: str) -> Done:
        """Run the action; underscores in the names of inputs are dashes."""
        pull = self.event.get("pull_request")
        if pull:
            pull["head"]["sha"] = self.head
        place = self.runner.temp / "event.json"
        told = self.event if event.startswith("pull_request") else {"repository": self.event["repository"]}
        place.write_text(json.dumps(told), "utf-8")
        given = {name.replace("_", "-"): value for name, value in {"mode": mode, **inputs}.items()}
        sha = self.git("rev-parse", "HEAD")
        return self.runner.action(ROOT / "action.yml", given, event, GITHUB_EVENT_PATH=str(place), GITHUB_SHA=sha)

    def merge(self) -> None:
        """Let GitHub know that the pull request was merged as a commit of its own."""
        reviewed = self.head
        merged = self.commit()
        self.head = reviewed
        (pull,) = [each for each in self.hub.pulls if each["number"] == 7]
        self.hub.close(pull)
        pull |= {"merged_at": pull["closed_at"], "merge_commit_sha": merged}
        pull["head"]["sha"] = reviewed

    def held(self, group: str) -> list[str]:
        """Return whom the target has."""
        return (self.folder / f"state/groups/{group}.txt").read_text("utf-8").split()


@pytest.fixture
def origin(repository, tmp_path):
    """The remote of the repository; the config keeps the journal in it."""
    with (repository.folder / "groupsync.yaml").open("a") as file:
        file.write(CONFIG)
    repository.commit()
    return Origin(repository, tmp_path / "contoso.git")


@pytest.fixture
def hub():
    """GitHub."""
    with github() as found:
        yield found


@pytest.fixture
def repository(tmp_path, hub):
    """The example quickstart in git, with a pull request open, on a runner where groupsync is installed."""
    folder, temp = tmp_path / "work space", tmp_path / "temp"
    shutil.copytree(ROOT / "examples/quickstart", folder, ignore=shutil.ignore_patterns("state", ".groupsync"))
    (temp / "groupsync/bin").mkdir(parents=True)
    (temp / "groupsync/venv").symlink_to(sys.prefix)
    command = temp / "groupsync/bin/groupsync"
    installed = Path(sys.executable).with_name("groupsync")
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{installed}" "$@"\n', "utf-8")
    command.chmod(0o755)
    (temp / "groupsync/installed").write_text(f"{ROOT}\n", "utf-8")
    environment = {
        "GITHUB_API_URL": hub.url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_REF_NAME": "main",
        "GROUPSYNC_WAIT_SECONDS": "0",
        "CRM_TOKEN": SECRET,
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
    }
    hub.open(7, HOSTILE)
    repository = Repository(
        Runner(folder, temp, environment, lambda name, packed: hub.save(name, packed, repository.head)),
        hub,
        {
            "number": 7,
            "repository": {"id": REPOSITORY_ID, "full_name": REPOSITORY},
            "pull_request": {
                "number": 7,
                "title": HOSTILE,
                "head": {"ref": HOSTILE, "repo": {"id": REPOSITORY_ID, "full_name": REPOSITORY}},
            },
        },
    )
    repository.git("init", "-q", "-b", "main")
    repository.git("config", "user.name", "Ada")
    repository.git("config", "user.email", "ada@contoso.com")
    repository.write(".gitignore", "state/\n.groupsync/\n")
    repository.commit()
    return repository
