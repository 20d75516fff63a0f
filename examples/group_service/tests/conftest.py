"""The service as it runs: a process of its own on a database of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITER, READER = "token-that-may-write", "token-that-may-read"
READY_SECONDS = 60

settings.register_profile("here", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.load_profile("here")


@dataclass(frozen=True)
class Service:
    """A service that runs.

    Attributes:
        url: where the contract begins.
        process: its process.
        database: its file.
    """

    url: str
    process: subprocess.Popen[bytes]
    database: Path

    def client(self, token: str = WRITER) -> Client:
        """Return somebody who uses it; one for each thread."""
        return Client(self.url, token)


class Client:
    """Somebody who uses the service."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        """Make a request."""
        return self.session.request(method, f"{self.url}{path}", timeout=60, **more)

    def ok(self, method: str, path: str, **more: Any) -> Any:
        """Make a request that must go well; return its JSON."""
        answer = self(method, path, **more)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def members(self, name: str, limit: int = 1000) -> list[str]:
        """Read all pages of a group's members."""
        return self._pages(f"/groups/{name}/members", "members", limit)

    def groups(self, limit: int = 500) -> list[Any]:
        """Read all pages of groups."""
        return self._pages("/groups", "groups", limit)

    def _pages(self, path: str, key: str, limit: int) -> list[Any]:
        found: list[Any] = []
        cursor = None
        while True:
            page = self.ok("GET", path, params={"limit": limit, "cursor": cursor})
            found += page[key]
            cursor = page["next_cursor"]
            if cursor is None:
                assert len(found) == page["total"]
                return found
            assert len(page[key]) == limit


@contextmanager
def running(database: Path, **settings_: str) -> Iterator[Service]:
    """Run a service for the length of a `with`; `settings_` as in README, in small letters."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    given = {"tokens": WRITER, "read_tokens": READER} | settings_
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GROUP_SERVICE_")}
    environment |= {f"GROUP_SERVICE_{name.upper()}": value for name, value in given.items()}
    command = [sys.executable, "-m", "group_service", "--port", str(port), "--database", str(database)]
    process = subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[1])
    try:
        _wait(process, f"http://127.0.0.1:{port}/health")
        yield Service(f"http://127.0.0.1:{port}/v1", process, database)
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + READY_SECONDS
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < until:
            assert process.poll() is None, f"the service ended with {process.returncode}"
            try:
                if session.get(url, timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.1)
    raise AssertionError(f"no answer in {READY_SECONDS} seconds")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests that don't need their own."""
    with running(tmp_path_factory.mktemp("service") / "groups.sqlite") as started:
        yield started


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    """Somebody who may write."""
    client = service.client()
    yield client
    client.session.close()


_numbers = count(1)


@pytest.fixture
def name() -> str:
    """Return the name of a group that no other test has."""
    return f"group-{next(_numbers)}"
