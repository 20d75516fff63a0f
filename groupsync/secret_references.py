"""References of a config to secrets: `${env:NAME}`, `${file:path}`. An edge: it reads the environment and files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.secret_rules import BOUND, FOLDERS, is_secret, rules, was_read, why_not_from
from groupsync.secrets import Secret

if TYPE_CHECKING:
    from pathlib import Path

MAX_SECRET_BYTES: Final = 65_536
_REFERENCE: Final = re.compile(r"\$(\$\{)|\$\{([^{}]*)\}|\$\{")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a reference has no value, in the words of a diagnostic."""

    summary: str
    detail: str
    hint: str
    code: str = "GS502"


def has_reference(text: str) -> bool:
    """Tell whether there is anything in `text` that would be replaced; pure."""
    return "${" in text


def malformed_references(text: str) -> list[Problem]:
    """Return what looks like a reference in `text` and is none; pure."""
    problems = []
    for found in _REFERENCE.finditer(text):
        if not found[1] and _source_of(found) is None:
            summary = f"`{found.group()[:60]}` refers to nothing"
            detail = "Expected `${env:NAME}` or `${file:path}`."
            problems.append(Problem(summary, detail, "For a literal `${` write `$${`."))
    return problems


def references_in(text: str) -> list[tuple[str, str]]:
    """Return what a text refers to, `env` or `file` and the name, in the order written; pure."""
    found = (None if each[1] else _source_of(each) for each in _REFERENCE.finditer(text))
    return [each for each in found if each]


def keep_secret_files(text: str, folder: Path) -> None:
    """Keep in mind that the files which a text refers to are secrets, so that nothing else is read from them."""
    for source, name in references_in(text):
        if source == "file":
            is_secret(folder / name)


def resolve_references(text: str, folder: Path) -> str | Secret | list[Problem]:
    """Replace the references in a text; reads the environment and files.

    Args:
        text: may hold several, among other text; `$${` stands for a literal `${`. What is malformed stays as it is.
        folder: where relative paths start.

    Returns:
        The text where there was no reference, a secret where there was, or all that keeps it from being replaced.
    """
    problems: list[Problem] = []
    pieces: list[str] = []
    names: list[str] = []
    bound = rules()

    def value_of(found: re.Match[str]) -> str:
        source = _source_of(found)
        if found[1] or source is None:
            return found[1] or found.group()
        name = ":".join(source)
        if bound and bound.of(name, folder) is None:
            value: str | Problem = _unnamed(name)
        else:
            value = _from_environment(source[1]) if source[0] == "env" else _from_file(source[1], folder)
        if isinstance(value, Problem):
            problems.append(value)
            return ""
        pieces.append(value)
        names.append(name)
        return value

    result = _REFERENCE.sub(value_of, text)
    if problems:
        return problems
    return Secret(result, pieces, names) if pieces else result


def _source_of(found: re.Match[str]) -> tuple[str, str] | None:
    """Return `env` or `file`, and the name; None for what is no reference."""
    source, _, name = (found[2] or "").partition(":")
    is_name = _VARIABLE.fullmatch(name) if source == "env" else source == "file" and name.strip() and "\0" not in name
    return (source, name) if is_name else None


def _unnamed(name: str) -> Problem:
    summary = f"`${{{name}}}` is not among the secrets that may be used here"
    written = name.removeprefix("env:")
    hint = f"Where it is meant, whoever runs this adds `{written}` to `{BOUND}`, with the hosts that it may go to."
    return Problem(summary, f"`{BOUND}` in the environment does not name it.", hint, "GS511")


def _from_environment(name: str) -> str | Problem:
    was_read(name)
    value = os.environ.get(name)
    if value:
        return value
    state = "not set" if value is None else "empty"
    return Problem(f"The environment variable `{name}` is {state}", "", f"Set it: `export {name}=…`.")


def _from_file(name: str, folder: Path) -> str | Problem:
    path = folder / name
    summary = f"The secret file `{name}` can't be read"
    try:
        if why := why_not_from(path, folder):
            hint = (
                f"Move it into the project, where git ignores it; or whoever runs this names its folder in `{FOLDERS}`."
            )
            return Problem(summary, why, hint)
        if not path.is_file():
            missing = "There is no such file." if not path.exists() else "It is no ordinary file."
            return Problem(summary, missing, f"Create `{path}`, with the secret and nothing else in it.")
        with path.open("rb") as stream:
            data = stream.read(MAX_SECRET_BYTES + 1)
        text = data.decode().removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        return Problem(summary, "It is not UTF-8.", "Save it as UTF-8 text.")
    except (OSError, RuntimeError) as failure:
        return Problem(summary, f"{getattr(failure, 'strerror', None) or failure}.", "Make it readable.")
    if len(data) > MAX_SECRET_BYTES:
        return Problem(summary, f"It has more than {MAX_SECRET_BYTES:,} bytes.", "Name the right file.")
    return text or Problem(summary, "It is empty.", "Write the secret into it.")
