"""PostgreSQL, with a database for each test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.servers.environments import left_out
from tests.servers.process import free_port, running
from tests.servers.system import postgresql_programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

USER, PASSWORD = "gs", "secret"
SYSTEM_USER = "postgres"
"""Who runs the server where the tests are root's: PostgreSQL refuses to be."""
SETTINGS = """
port = {port}
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 2GB
"""


@dataclass(frozen=True)
class Database:
    """A database that one test has to itself.

    Attributes:
        url: with user and password.
        connection: as the owner, each statement a transaction of its own; for making tables.
    """

    url: str
    connection: psycopg.Connection[Any] = field(repr=False)


@dataclass(frozen=True)
class PostgreSQL:
    """A server that runs; its collation is by code point (`C.UTF-8`).

    Attributes:
        url: where databases are, without a slash at the end.
        pid: that of the process that all its others end with.
    """

    url: str
    pid: int
    _numbers: Iterator[int] = field(default_factory=count, repr=False)

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Make an empty database, and delete it afterwards, whoever is still connected to it."""
        import psycopg

        name = f"test_{next(self._numbers)}"
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as owner:
            owner.execute(f"CREATE DATABASE {name}")
            try:
                with psycopg.connect(f"{self.url}/{name}", autocommit=True) as connection:
                    yield Database(f"{self.url}/{name}", connection)
            finally:
                owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Run PostgreSQL on a folder of its own, which is deleted afterwards."""
    import psycopg

    programs = postgresql_programs()
    if programs is None:
        left_out("postgresql")
    port = free_port()
    url = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}"

    def is_ready() -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(f"{url}/postgres", connect_timeout=5).close()
            return True
        return False

    with _folder() as folder:
        data = folder / "data"
        _initialise(programs, folder, data, port)
        with running([*_as_owner(), programs / "postgres", "-D", data], folder, is_ready):
            server = PostgreSQL(url, int((data / "postmaster.pid").read_text().split()[0]))
            try:
                yield server
            finally:
                # SIGTERM, which any server here gets, would wait for whoever is still connected.
                os.kill(server.pid, signal.SIGQUIT)


@contextmanager
def _folder() -> Iterator[Path]:
    # Not below pytest's own folders, which root keeps to itself.
    folder = Path(tempfile.mkdtemp(prefix="groupsync-postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SYSTEM_USER, SYSTEM_USER)
        yield folder
    finally:
        shutil.rmtree(folder)


def _as_owner() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--init-groups"]


def _initialise(programs: Path, folder: Path, data: Path, port: int) -> None:
    secret = folder / "password"
    secret.write_text(PASSWORD)
    wanted = [f"--username={USER}", "--auth=scram-sha-256", f"--pwfile={secret}"]
    wanted += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    command = [*_as_owner(), programs / "initdb", "-D", data, *wanted]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with (data / "postgresql.conf").open("a") as stream:
        stream.write(SETTINGS.format(port=port))
