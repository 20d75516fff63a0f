"""Speak HTTP with a target: what every backend of a web service needs, in one place.

`options` has the options that such backends share and makes a client of them, `client` sends requests and reads answers
within bounds, `auth` proves who we are, `failures` tells what an answer means for an apply.
"""

from __future__ import annotations

from groupsync.http.answer import Answer
from groupsync.http.client import HttpClient
from groupsync.http.failures import failure_of, raise_for
from groupsync.http.options import HTTP_OPTIONS, client_from_options

__all__ = ["HTTP_OPTIONS", "Answer", "HttpClient", "client_from_options", "failure_of", "raise_for"]
