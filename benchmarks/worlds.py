"""Projects of a given size, made by a fixed recipe: the same bytes each time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CONFIG = """\
version: 1
project: bench
definitions: [groups/**/*.yaml]
targets:
  local: {plugin: file, path: state/}
"""


def write_member_project(folder: Path, groups: int, members: int) -> None:
    """Write a project of `groups` groups with one canonical member file of `members` lines each."""
    (folder / "groups" / "members").mkdir(parents=True)
    (folder / "groupsync.yaml").write_text(_CONFIG)
    for group in range(groups):
        name = f"group-{group:05d}"
        text = f"kind: known-user-group\nname: {name}\nmembers_from:\n  - {{path: members/{name}.txt}}\n"
        (folder / "groups" / f"{name}.yaml").write_text(text)
        lines = "".join(f"user{group:05d}{member:06d}@example.com\n" for member in range(members))
        (folder / "groups" / "members" / f"{name}.txt").write_text(lines)


def into_tables(folder: Path) -> None:
    """Make each member file a table with a header and three columns."""
    for path in sorted((folder / "groups" / "members").glob("*.txt")):
        rows = (f"Member {n},{line},{n}\n" for n, line in enumerate(path.read_text().splitlines()))
        path.with_suffix(".csv").write_text("name,email,spent\n" + "".join(rows))
        path.unlink()
        definition = folder / "groups" / f"{path.stem}.yaml"
        definition.write_text(definition.read_text().replace(".txt", ".csv"))


def churn(folder: Path, share: float) -> None:
    """Replace `share` of the lines of each member file: half of that goes, as many new ones come."""
    chance = random.Random(7)
    for path in sorted((folder / "groups" / "members").glob("*.txt")):
        lines = path.read_text().splitlines()
        number = max(1, round(len(lines) * share / 2))
        gone = set(chance.sample(range(len(lines)), number))
        kept = [line for position, line in enumerate(lines) if position not in gone]
        kept += [f"new{chance.randrange(10**9):09d}@example.com" for _ in range(number)]
        path.write_text("".join(f"{line}\n" for line in sorted(set(kept))))


def write_inline_project(folder: Path, files: int, members: int) -> None:
    """Write a project of `files` definition files with `members` inline members each."""
    (folder / "groups").mkdir(parents=True)
    (folder / "groupsync.yaml").write_text(_CONFIG)
    for number in range(files):
        lines = "".join(f"  - user{number:05d}{member:05d}@example.com\n" for member in range(members))
        text = f"kind: known-user-group\nname: group-{number:05d}\ndisplay_name: Group {number}\nmembers:\n{lines}"
        (folder / "groups" / f"group-{number:05d}.yaml").write_text(text)


def write_octodns_zone(folder: Path, records: int) -> None:
    """Write an octoDNS project with one zone of `records` records, already in step with its YAML target."""
    for side in ("config", "target"):
        (folder / side).mkdir(parents=True)
        lines = "".join(
            f"host{n:06d}:\n  ttl: 300\n  type: A\n  value: 10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}\n"
            for n in range(records)
        )
        (folder / side / "example.com.yaml").write_text(f"---\n{lines}")
    (folder / "octodns.yaml").write_text(
        "providers:\n"
        "  config: {class: octodns.provider.yaml.YamlProvider, directory: ./config, enforce_order: false}\n"
        "  target: {class: octodns.provider.yaml.YamlProvider, directory: ./target, enforce_order: false}\n"
        "zones:\n"
        "  example.com.: {sources: [config], targets: [target]}\n"
    )
