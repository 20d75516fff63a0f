"""A project in a folder, whose only target is a server."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.servers.server import Server

THERE = "there"
NO_GUARDS = {
    "removed_members": {"warn": "off", "refuse": "off"},
    "added_members": {"warn": "off"},
    "emptied_group": "off",
    "lost_every_group": {"warn": "off", "refuse": "off"},
    "removed_in_run": {"refuse": "off"},
    "deleted_groups": {"refuse": "off"},
}


def write_config(folder: Path, server: Server, url: str, target: Mapping[str, Any]) -> None:
    """Write the config.

    Args:
        folder: the project's.
        server: whose credentials are used.
        url: how it is reached, such as through a proxy.
        target: options besides those two.
    """
    auth = dict(server.auth)
    if "oauth2" in auth:
        way = auth["oauth2"]["token_url"].removeprefix(_root(server.url))
        auth = {"oauth2": {**auth["oauth2"], "token_url": f"{_root(url)}{way}"}}
    there = {**target, "url": url, "auth": auth}
    config = {"version": 1, "project": "shop", "definitions": ["groups.yaml"], "guards": NO_GUARDS}
    (folder / "groupsync.yaml").write_text(json.dumps({**config, "targets": {THERE: there}}))


def _root(url: str) -> str:
    return "/".join(url.split("/")[:3])


def write_groups(folder: Path, members: Mapping[str, Iterable[str]], **more: Mapping[str, Any]) -> None:
    """Write the definitions: by name of group its members, and by name with `_` whatever else is defined of it."""
    documents = (
        {"kind": "known-user-group", "name": name, "members": sorted(those), **more.get(name.replace("-", "_"), {})}
        for name, those in members.items()
    )
    (folder / "groups.yaml").write_text("\n---\n".join(map(json.dumps, documents)) or "---\n")


def groupsync(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    typed = [sys.executable, "-m", "groupsync", *arguments]
    done = subprocess.run(typed, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done
