"""`python -m group_service`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

import uvicorn

from group_service.app import create_app
from group_service.settings import Settings, SettingsError

_HEADER_BYTES = 1 << 17
"""Room for 500 names in one request's address."""


def main() -> int:
    """Serve until SIGTERM or Ctrl-C, in one process."""
    parser = argparse.ArgumentParser(prog="group_service", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on")
    parser.add_argument("--database", help="SQLite file; else GROUP_SERVICE_DATABASE, else groups.sqlite")
    parser.add_argument("--openapi", action="store_true", help="print the OpenAPI document, and do nothing else")
    given = parser.parse_args()
    if given.openapi:
        json.dump(create_app(Settings()).openapi(), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
        return 0
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        parser.error(str(error))
    if given.database:
        settings = dataclasses.replace(settings, database=given.database)
    uvicorn.run(
        create_app(settings),
        host=given.host,
        port=given.port,
        http="h11",
        h11_max_incomplete_event_size=_HEADER_BYTES,
        timeout_graceful_shutdown=10,
        server_header=False,
        access_log=False,
        log_level="warning",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
