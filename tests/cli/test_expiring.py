"""`groupsync expiring`."""

from __future__ import annotations

import json

from groupsync.errors import ExitCode

GROUP = """\
kind: known-user-group
name: soon
until: 2026-06-10
members:
  - {email: late@example.com, until: 2026-06-15}
  - {email: zoe@example.com, until: 2026-06-02, reason: "a\\e[0m"}
include: [{group: beta, until: 2026-06-05}]
"""
EXPECTED = """\
2026-06-01  beta: members gus@example.com, intern
    groups/lists.yaml:5:5
2026-06-02  soon: members zoe@example.com, a\\x1b[0m
    groups/soon.yaml:6:5
2026-06-05  soon: include beta
    groups/soon.yaml:7:11
2026-06-10  soon: the whole group
    groups/soon.yaml:2:7
4 entries expire by 2026-06-14.
"""


def test_what_ceases_soon_is_listed_by_date(segments):
    """Members, references and groups, with their places; the last day counts, what comes later does not."""
    segments.write("groups/soon.yaml", GROUP)
    done = segments("expiring", "--at", "2026-05-31")

    assert (ExitCode.OK, EXPECTED) == (done.code, done.out)
    assert "gus" not in segments("expiring", "--at", "2026-06-01").out
    assert "late@example.com" in segments("expiring", "--at", "2026-05-31", "--within", "15d").out


def test_programs_get_every_entry(segments):
    """With instants; and no entry is no failure."""
    found = json.loads(segments("expiring", "--at", "2026-05-31", "--within", "1d", "--format", "json").out)

    assert ["gus@example.com"] == [each["subject"] for each in found["entries"]]
    assert ("2026-06-01T00:00:00Z", "members", 5) == (
        found["entries"][0]["until"], found["entries"][0]["what"], found["entries"][0]["at"]["line"]
    )  # fmt: skip
    assert [] == json.loads(segments("expiring", "--at", "2030-01-01", "--format", "json").out)["entries"]


def test_a_span_is_written_in_days_or_weeks(segments):
    """Two weeks are fourteen days; anything else is wrong usage, and says what was probably meant."""
    segments.write("groups/soon.yaml", GROUP)
    at = ("--at", "2026-05-31")
    assert EXPECTED == segments("expiring", *at, "--within", "2w").out
    for typed, said in (
        ("soon", "neither a number of days such as 30d nor of weeks such as 2w."),
        ("14", "did you mean 14d?"),
    ):
        done = segments("expiring", *at, "--within", typed)
        assert ExitCode.USAGE == done.code
        assert said in " ".join(done.err.split())
