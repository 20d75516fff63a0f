"""What a shell offers where a name is wanted. Reads the config and the definitions, and nothing else.

No network, no plugin, no secret: pressing a key must not do anything, and be quick. What is offered goes onto
somebody's command line as it is, so names that a shell could take for more than a word are left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import click
    from click.shell_completion import CompletionItem

    Answer: TypeAlias = list[CompletionItem[str]]

_WORD: Final = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@._+/=-]*")
_MAX_RUNS: Final = 20
_MAX_FILES: Final = 2_000
_MAX_BYTES: Final = 4_000_000


def groups(ctx: click.Context, _param: click.Parameter, incomplete: str) -> Answer:
    """Offer the names of all groups that are defined."""
    return _offered(map(_named, _definitions(ctx, incomplete)), incomplete)


def segments(ctx: click.Context, _param: click.Parameter, incomplete: str) -> Answer:
    """Offer the names of segments."""
    return _offered(
        (_named(each) for each in _definitions(ctx, incomplete) if each.get("kind") == "segment"), incomplete
    )


def labels(ctx: click.Context, _param: click.Parameter, incomplete: str) -> Answer:
    """Offer the labels that groups have, as `key=value`."""
    key, _, _ = incomplete.partition("=")
    written = (each["labels"].items() for each in _definitions(ctx, key) if isinstance(each.get("labels"), dict))
    found = {f"{key}={value}" for each in written for key, value in each}
    return _offered(((label, "") for label in sorted(found)), incomplete)


def targets(ctx: click.Context, _param: click.Parameter, incomplete: str) -> Answer:
    """Offer the targets of the config."""
    return _offered(_options(_config(ctx)[1], "targets"), incomplete)


def sources(ctx: click.Context, _param: click.Parameter, incomplete: str) -> Answer:
    """Offer the sources of the config."""
    return _offered(_options(_config(ctx)[1], "sources"), incomplete)


def runs(ctx: click.Context, _param: click.Parameter, incomplete: str) -> Answer:
    """Offer the newest runs of the journal that had something to do."""
    from itertools import islice

    from groupsync.journal_config import journal_folder
    from groupsync.journal_read import read_runs

    root, config = _config(ctx)
    folder = journal_folder(config.get("journal"))
    busy = (run for run in read_runs(root / folder, config["project"]) if not run.is_idle)
    found = islice(busy, _MAX_RUNS)
    return _offered([("last", "the newest"), *((run.id, run.kind.value) for run in found)], incomplete)


def templates(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> Answer:
    """Offer the segments to start from."""
    from groupsync.segment_templates import segment_templates

    return _offered(((each.name, "") for each in segment_templates()), incomplete)


def files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> Answer:
    """Leave it to the shell, which knows files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _offered(names: Iterable[tuple[str, str]], incomplete: str) -> Answer:
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(name, help=_line(told) or None)
        for name, told in names
        if name.startswith(incomplete) and _WORD.fullmatch(name)
    ]


def _named(definition: dict[str, Any]) -> tuple[str, str]:
    told = definition.get("display_name")
    return definition["name"], told if isinstance(told, str) else ""


def _line(text: str) -> str:
    """Return a text in one line, in which nothing acts on a terminal."""
    from groupsync.report.escape import escape

    return escape(text)[:80]


def _config(ctx: click.Context) -> tuple[Path, dict[str, Any]]:
    """Return the config that the command would read, not checked, and its folder."""
    from pathlib import Path

    from groupsync.cli.settings import config_given
    from groupsync.config import find_config
    from groupsync.config_base import with_base
    from groupsync.files import read_found_file
    from groupsync.yaml.events import parse_yaml

    typed: Any = ctx.params.get("config_path")
    given = config_given(Path(typed) if typed else None)
    path = given[0] if given else find_config(Path.cwd())
    root = path.parent.resolve()
    documents, _ = parse_yaml(read_found_file(root, path.name, _MAX_BYTES), path.name)
    merged, _ = with_base(documents[0], root, lambda base: read_found_file(root, base.name, _MAX_BYTES))
    return root, merged.value if isinstance(merged.value, dict) else {}


def _definitions(ctx: click.Context, begun: str) -> Iterator[dict[str, Any]]:
    """Give the definitions of files with what was `begun`, by name, sound or not: one may be about to be mended."""
    from groupsync.files import find_files

    root, config = _config(ctx)
    files, _ = find_files(root, [each for each in config["definitions"] if isinstance(each, str)])
    found = _documents(root, files[:_MAX_FILES], begun.encode())
    yield from sorted((each for each in found if isinstance(each.get("name"), str)), key=lambda each: each["name"])


def _documents(root: Path, files: Iterable[str], wanted: bytes = b"") -> Iterator[dict[str, Any]]:
    """Give the mappings in files that have `wanted` in them, as long as reading them is a matter of a moment."""
    from groupsync.files import read_found_file
    from groupsync.yaml.events import parse_yaml

    left = _MAX_BYTES
    for path in files:
        data = read_found_file(root, path, _MAX_BYTES)
        if wanted not in data:
            continue
        left -= len(data)
        if left < 0:
            return
        documents, _ = parse_yaml(data, path)
        yield from (each.value for each in documents if isinstance(each.value, dict))


def _options(config: dict[str, Any], section: str) -> Iterator[tuple[str, str]]:
    """Give the names in a section of the config, each with its plugin."""
    for name, options in config.get(section, {}).items():
        yield name, options.get("plugin", "") if isinstance(options, dict) else ""
