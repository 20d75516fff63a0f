"""Which store a target is: what plans, runs and locks belong to. Pure but for a secret's value, which it hashes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from groupsync.secrets import Secret

if TYPE_CHECKING:
    from groupsync.backend import Backend, JsonSchema

SHOWN_DIGITS: Final = 16
_DIGITS: Final = 32
"""Somebody who writes two configs must not find two stores with one identity: that takes 2^64 tries."""
_ELSEWHERE: Final = re.compile(
    r"(.*_)?(token|password|passphrase|secret|credentials?|api_?key|auth|proxy)|ca_file|plain_http|(.*_)?timeout(_.*)?"
    r"|(max|min)_.*|page_size|bulk_limit|concurrent"
)
"""Names of options that say something else than where the groups are, whoever's plugin it is."""
_USER_IN_URL: Final = re.compile(r"(?<=://)[^/?#@\s]*@")


def target_identity(plugin: str, options: Mapping[str, Any], backend: Backend) -> str:
    """Return which store a target is: its plugin and 32 digits of a digest over what its options say of the place.

    The same for two clones of a project; another one for another URL or path, wherever that is written. No credentials
    are in it: users in a URL are left out, too.

    Args:
        plugin: name of the backend.
        options: of the target, checked.
        backend: that was made of them.
    """
    named = getattr(backend, "identity_of", None)
    place = named(options) if named else telling_options(options, backend.options_schema)
    text = f"{plugin}\n{place_text(place)}"
    return f"{plugin}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:_DIGITS]}"


def place_text(place: Mapping[str, object]) -> str:
    """Write what tells a store, secrets revealed, in the one way that is hashed.

    Raises:
        TypeError: there is something else in it than plain JSON values and secrets.
    """
    return json.dumps(_plain(place), sort_keys=True)


def telling_options(options: Mapping[str, Any], schema: JsonSchema) -> dict[str, object]:
    """Return the options that may tell the store of a plugin that does not say: all that are not clearly others.

    Left out are options that the schema calls secret (`writeOnly`, or the format `password`), and those whose names say
    that they are credentials, proxies, authorities, timeouts or limits.
    """
    properties = schema.get("properties", {})
    return {
        name: value
        for name, value in options.items()
        if not _ELSEWHERE.fullmatch(name) and not _is_secret(properties.get(name, {}))
    }


def shown_identity(identity: str) -> str:
    """Return an identity as people see it, its digest with 16 digits."""
    plugin, _, digest = identity.partition(":")
    return f"{plugin}:{digest[:SHOWN_DIGITS]}"


def _is_secret(schema: object) -> bool:
    return isinstance(schema, Mapping) and (schema.get("writeOnly") is True or schema.get("format") == "password")


def _plain(value: object) -> object:
    match value:
        case Secret():
            return _plain(value.reveal())
        case str():
            return _USER_IN_URL.sub("", value)
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value
