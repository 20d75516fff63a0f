"""The contract: paths, parameters, answers. `store.py` does the work."""

from __future__ import annotations

import hashlib
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import anyio.to_thread
from fastapi import APIRouter, FastAPI, Header, Path, Query, Request, Response, Security
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from group_service import cursors
from group_service import models as m
from group_service.answers import ETAG, HANDLERS, may_fail
from group_service.door import Door
from group_service.store import Edit, Page, Row, Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from group_service.settings import Settings

_SUMMARY: Final = "Groups with members, attributes and ownership marks"
_DESCRIPTION: Final = """\
What groupsync's `rest` backend speaks by itself, and what any service may offer to be a target of groupsync.

**Revisions.** Every change of a group moves its revision, which is its ETag too. A write with `If-Match` is done only
if the group is still at that revision, checked in the transaction that writes; else the answer is 412. A write that
changes nothing leaves the revision as it is.

**Pages.** A cursor belongs to the state that the first page was read from. If groups were created, renamed or deleted
since (for members: if the group changed at all), the pages would not fit together, and the answer is 410 with the code
`stale_cursor`: begin again at the first page. So pages that were read to the end are of one state: nothing is missing,
nothing comes twice. Attributes and members of groups may change while groups are listed; each is told as it is when its
page is read.

**All or nothing.** A request is done wholly or not at all, in one transaction that also keeps count and digest. A write
that was answered is on disk.
"""
_TAG: Final = re.compile(r'(W/)?"([^"]*)"')
_router: Final = APIRouter(prefix="/v1", dependencies=[Security(HTTPBearer(auto_error=False, scheme_name="token"))])

Name = Annotated[str, Path(pattern=m.NAME_PATTERN, description="The group's name.", examples=["beta-testers"])]
IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        description="Do it only if the group's ETag is one of these; `*`: in any case.",
        examples=['"42-9f86d081"'],
    ),
]
Cursor = Annotated[
    str,
    Query(description="`next_cursor` of the page before; left out for the first.", examples=["WyJncm91cHMiLCI0MiJd"]),
]


@_router.get("/", summary="What this is, and its limits", responses=may_fail())
def about(request: Request) -> m.About:
    """Also the way to find out whether a token is valid."""
    settings = _settings(request)
    limits = m.Limits(
        page=settings.page, member_page=settings.member_page, bulk=settings.bulk, in_flight=settings.in_flight
    )
    return m.About(service="groupsync group service", version="1", limits=limits)


@_router.get("/groups", summary="List groups", response_model=m.Groups, responses=may_fail(410))
def list_groups(
    request: Request,
    limit: Annotated[
        int, Query(ge=1, le=500, description="Groups in the page at most; there may be fewer.", examples=[100])
    ] = 100,
    cursor: Cursor = "",
    name: Annotated[
        list[m.Name],
        Query(max_length=500, description="Only groups of these names; may be repeated.", examples=[["beta-testers"]]),
    ] = [],  # noqa: B006 - FastAPI copies it
) -> dict[str, Any]:
    """All groups, or those of certain names; names that no group has are left out."""
    listed = "groups:" + hashlib.sha256("\n".join(sorted(set(name))).encode()).hexdigest()[:16]
    at = _place(cursor, listed)
    page = _store(request).groups(name, min(limit, _settings(request).page), *at)
    return {"groups": page.items, "total": page.total, "next_cursor": _next(page, listed)}


@_router.post(
    "/groups",
    summary="Create a group",
    status_code=201,
    response_model=m.Group,
    responses={
        201: {
            "description": "The group as it is now.",
            "headers": ETAG
            | {
                "Location": {
                    "description": "Where it is.",
                    "schema": {"type": "string", "examples": ["/v1/groups/beta-testers"]},
                }
            },
        },
        **may_fail(403, 409, 413),
    },
)
def create_group(request: Request, response: Response, body: m.NewGroup) -> Row:
    """With attributes, mark and the first members, all in one transaction."""
    _require_few(request, len(body.members))
    group = _store(request).create(Edit(m.given_values(body), add=body.members))
    response.headers["Location"] = f"/v1/groups/{group['name']}"
    return _tagged(response, group)


@_router.get(
    "/groups/{name}",
    summary="Read a group",
    response_model=m.Group,
    responses={
        200: {"description": "The group.", "headers": ETAG},
        304: {"description": "It is still as it was.", "headers": ETAG},
        **may_fail(404),
    },
)
def read_group(
    request: Request,
    response: Response,
    name: Name,
    if_none_match: Annotated[
        str,
        Header(
            alias="If-None-Match",
            description="ETags that the client has; 304 if one is right.",
            examples=['"42-9f86d081"'],
        ),
    ] = "",
) -> Any:
    """Without its members."""
    group = _store(request).group(name)
    tags = {tag for _, tag in _TAG.findall(if_none_match)}
    if if_none_match.strip() == "*" or group["revision"] in tags:
        return Response(status_code=304, headers={"ETag": f'"{group["revision"]}"'})
    return _tagged(response, group)


@_router.patch(
    "/groups/{name}",
    summary="Change a group",
    response_model=m.Group,
    responses={200: {"description": "The group as it is now.", "headers": ETAG}, **may_fail(403, 404, 409, 412, 413)},
)
def change_group(request: Request, response: Response, name: Name, body: m.GroupChange, if_match: IfMatch = "*") -> Row:
    """Attributes, name, mark and members, all in one transaction."""
    _require_few(request, len(body.members.add) + len(body.members.remove))
    edit = Edit(m.given_values(body), add=body.members.add, remove=body.members.remove)
    return _tagged(response, _store(request).change(name, edit, _revisions(if_match)))


@_router.delete(
    "/groups/{name}",
    summary="Delete a group",
    status_code=204,
    responses={204: {"description": "It is gone."}, **may_fail(403, 404, 412)},
)
def delete_group(request: Request, name: Name, if_match: IfMatch = "*") -> None:
    """With its members."""
    _store(request).delete(name, _revisions(if_match))


@_router.get(
    "/groups/{name}/members",
    summary="List a group's members",
    response_model=m.Members,
    responses={200: {"description": "A page of members.", "headers": ETAG}, **may_fail(404, 410)},
)
def list_members(
    request: Request,
    response: Response,
    name: Name,
    limit: Annotated[
        int, Query(ge=1, le=1000, description="Members in the page at most; there may be fewer.", examples=[1000])
    ] = 1000,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """Sorted, each once."""
    at = _place(cursor, "members")
    page = _store(request).members(name, min(limit, _settings(request).member_page), *at)
    response.headers["ETag"] = f'"{page.state}"'
    return {"members": page.items, "total": page.total, "revision": page.state, "next_cursor": _next(page, "members")}


def create_app(settings: Settings) -> FastAPI:
    """Make the service. The database is opened when it starts."""

    @asynccontextmanager
    async def serving(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.in_flight
        app.state.store = Store(settings.database, settings.busy_seconds)
        yield
        app.state.store.close()

    app = FastAPI(
        title="groupsync group service",
        version="1",
        summary=_SUMMARY,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=serving,
        separate_input_output_schemas=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    app.state.routes = _router.routes
    app.include_router(_router)
    app.add_api_route("/health", _health, include_in_schema=False)
    app.add_middleware(Door, settings=settings)
    for kind, answer in HANDLERS.items():
        app.add_exception_handler(kind, answer)
    return app


def _health(request: Request) -> dict[str, str]:
    _store(request).groups((), 1)
    return {"status": "ok"}


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _tagged(response: Response, group: Row) -> Row:
    response.headers["ETag"] = f'"{group["revision"]}"'
    return group


def _revisions(if_match: str) -> set[str] | None:
    """Return what `If-Match` asks for; None for anything. Weak and empty ones match nothing (RFC 9110, 13.1.1).

    Who lost the ETag on the way, and sends nothing in its place, must not overwrite what somebody else wrote.
    """
    if if_match.strip() == "*":
        return None
    return {tag for weak, tag in _TAG.findall(if_match) if not weak}


def _require_few(request: Request, count: int) -> None:
    most = _settings(request).bulk
    if count > most:
        raise HTTPException(413, f"{count} members in one request; at most {most}")


def _place(cursor: str, listed: str) -> tuple[str, str] | tuple[()]:
    return cursors.decode(cursor, listed) if cursor else ()


def _next(page: Page, listed: str) -> str | None:
    return None if page.after is None else cursors.encode(listed, page.state, page.after)
