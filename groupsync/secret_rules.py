"""What whoever runs groupsync lets a config do with secrets, in variables that no config can set. An edge.

`GROUPSYNC_SECRETS` names the secrets and the hosts that each may go to; `GROUPSYNC_SECRET_FOLDERS` names further
folders that secrets may be read from.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from groupsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from urllib.parse import SplitResult

BOUND: Final = "GROUPSYNC_SECRETS"
FOLDERS: Final = "GROUPSYNC_SECRET_FOLDERS"
_EXAMPLE: Final = f'`{BOUND}="CRM_TOKEN=https://groups.example.com https://login.example.com, JOURNAL_KEY"`'
_PORTS: Final = {"http": 80, "https": 443, "ldap": 389, "ldaps": 636, "mysql": 3306, "postgresql": 5432}
_SAME: Final = {"postgres": "postgresql"}
_WEB: Final = frozenset({"http", "https"})
_FILES: Final = frozenset({"duckdb", "file", "sqlite"})
_HARMLESS: Final = frozenset({"application_name", "charset", "connect_timeout", "sslmode", "sslrootcert"})
_SYSTEM: Final = ("/proc", "/dev", "/sys")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_DROPPED: Final = re.compile(r"[\t\r\n]")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_files: set[tuple[int, int]] = set()
"""Device and inode of each file that has a secret of the config."""
_read: set[str] = {"GROUPSYNC_REDACT_KEY"}
"""The variables that secrets were read from in this process."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Which secrets may be used, and where each may go.

    Attributes:
        hosts: by `env:NAME` or `file:PATH`, the origins that it may go to; none of them: it stays in the process.
    """

    hosts: Mapping[str, frozenset[str]]

    def of(self, name: str, folder: Path) -> frozenset[str] | None:
        """Return where the secret `env:NAME` or `file:PATH` may go; None where it is not named: it may not be used."""
        source, _, path = name.partition(":")
        if source == "env":
            return self.hosts.get(name)
        wanted = (folder / path).resolve()
        files = ((each.partition(":")[2], hosts) for each, hosts in self.hosts.items() if each.startswith("file:"))
        return next((hosts for each, hosts in files if (folder / each).resolve() == wanted), None)


def rules() -> Rules | None:
    """Return what `GROUPSYNC_SECRETS` says; None where it is not set, and nothing is bound.

    Raises:
        ConfigError: it is not in its form.
    """
    text = os.environ.get(BOUND, "")
    if not text.strip():
        return None
    return Rules(dict(_rule(each.strip()) for each in re.split(r"[,\n]", text) if each.strip()))


def _rule(text: str) -> tuple[str, frozenset[str]]:
    name, _, hosts = text.partition("=")
    name = name.strip()
    if not name.startswith("file:") and not _VARIABLE.fullmatch(name):
        raise ConfigError(
            f"`{BOUND}` names `{name}`", "Expected a variable, or `file:` and a path.", f"Such as {_EXAMPLE}."
        )
    origins: list[str] = []
    for each in hosts.split():
        parts = _parts(each)
        if parts is None or not parts.hostname or parts.path.strip("/") or parts.query or parts.username is not None:
            detail = (
                f"Found `{each}` for `{name}`, expected addresses of hosts without a path, with blanks between them."
            )
            raise ConfigError(f"`{BOUND}` has no address of a host", detail, f"Such as {_EXAMPLE}.")
        origins += origins_in(each)
    return name if name.startswith("file:") else f"env:{name}", frozenset(origins)


def origins_in(text: str) -> Iterator[str]:
    """Give each host that a text leads to, as `https://groups.example.com`, its port only where it is an unusual one.

    An address of a file leads nowhere. One of which nobody can tell where it leads is given as its scheme with dots.
    """
    text = _DROPPED.sub("", text)  # as parsers of addresses do
    for found in _SCHEME.finditer(text):
        address = text[found.start() :]
        parts = _parts(address)
        if parts is None:
            yield f"{found[0]}…"
        elif parts.scheme not in _FILES:
            scheme = _SAME.get(parts.scheme, parts.scheme)
            port = "" if parts.port in {None, _PORTS.get(scheme)} else f":{parts.port}"
            yield f"{scheme}://{(parts.hostname or '').rstrip('.')}{port}"
            if scheme not in _WEB:  # a driver may take the host from the query, whatever stands before it
                keys = (key for key, _ in parse_qsl(parts.query, keep_blank_values=True))
                yield from (f"{scheme}://…?{key}=" for key in keys if key not in _HARMLESS)


def _parts(address: str) -> SplitResult | None:
    """Return an address in parts; None where parsers may not agree on its host."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    user, _, host = parts.netloc.rpartition("@")
    return None if re.search(r"[^A-Za-z0-9._:\[\]-]", host) or "@" in user or "\\" in user else parts


# --- Files ------------------------------------------------------------------------------------------------------------


def why_not_from(path: Path, root: Path) -> str:
    """Return why a secret may not be read from a file; empty where it may.

    Args:
        path: of the file, links not yet followed.
        root: the project's folder.
    """
    found, project = path.resolve(), root.resolve()
    if any(found.is_relative_to(each) for each in _SYSTEM):
        return f"It is `{found}`, which is the system's own."
    if found.is_relative_to(project):
        return "It lies in git's own folder." if ".git" in found.relative_to(project).parts else ""
    if any(found.is_relative_to(each) for each in _folders()):
        return ""
    return f"It is `{found}`. Expected a file of the project, of `/run/secrets`, or of a folder that `{FOLDERS}` names."


def _folders() -> Iterator[Path]:
    yield Path("/run/secrets").resolve()
    for each in (os.environ.get("CREDENTIALS_DIRECTORY", ""), *os.environ.get(FOLDERS, "").split(os.pathsep)):
        if Path(each).is_absolute():
            yield Path(each).resolve()


def is_secret(path: Path) -> None:
    """Keep in mind that a file has a secret; one that is not there has none."""
    with suppress(OSError):
        status = path.stat()
        _files.add((status.st_dev, status.st_ino))


def has_secret(status: os.stat_result) -> bool:
    """Tell whether a file, by its status, has a secret of the config, under whatever name it is read."""
    return (status.st_dev, status.st_ino) in _files


# --- Processes that are called ----------------------------------------------------------------------------------------


def was_read(name: str) -> None:
    """Keep in mind that a variable has a secret."""
    _read.add(name)


def environment_without_secrets() -> dict[str, str]:
    """Return the environment for another program: without any variable that is known to have a secret."""
    bound = rules()
    known = _read | {name.partition(":")[2] for name in (bound.hosts if bound else ())}
    return {name: value for name, value in os.environ.items() if name not in known}
