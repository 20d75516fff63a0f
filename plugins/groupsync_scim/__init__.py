"""Groups on any SCIM 2.0 server (RFC 7643, RFC 7644): what it says it can do is used, and nothing else.

Strict in what goes out, tolerant in what comes in. What is sent is made with `scim2-models`, which holds it against the
RFCs, but for a group that is written back as a whole: it goes as it came, with the change. What servers answer is read
plainly, because many break the RFCs, and because that is faster: 10,000 members take 0.02 s to parse and 0.47 s more to
validate. Both ways to use the library were tried on scim2-server and Canaille, and `scim2-client` was left alone:

- It would be a second HTTP stack (`httpx2`) beside the one that bounds time, size and redirects for every backend.
- It gives no access to the headers of an answer, and so loses the ETag of a 204, which the next write needs.
- It refused to create a user, and a group without members, on Canaille, by schemas that Canaille itself does not insist
  on.
- It takes 1.0 s to import. `scim2-models` takes 0.6 to 0.9 s, and only when something is written: a plan pays nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.hookspecs import hookimpl

if TYPE_CHECKING:
    from groupsync.backend import Backend


@hookimpl
def groupsync_register_backends() -> list[type[Backend]]:
    """Offer the backend `scim`."""
    from groupsync_scim.backend import ScimBackend

    return [ScimBackend]
