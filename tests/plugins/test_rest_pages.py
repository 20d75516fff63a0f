"""Lists in pages: all of it comes, or it is said why not; an end is never guessed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.http import Answer
from groupsync_rest.expression import Expression
from groupsync_rest.pages import NotProven, NotWhole, pages
from groupsync_rest.profile import Call, Pages


def call_of(by=None, *, total=True, first=0):
    following = Expression("next") if by == "cursor" else None
    spec = Pages(by, "" if by == "link" else by, following, first) if by else None
    total_at = Expression("total") if total else None
    return Call("list", "GET", "things", items=Expression("items"), total=total_at, pages=spec)


class Service:
    """Gives things in pages as a service may: by offset, page, cursor or link; `size` at most in one answer."""

    def __init__(self, things, by, size, *, first=0, total=None):
        self.things, self.by, self.size, self.first = things, by, size, first
        self.total = len(things) if total is None else total
        self.asked = []

    def __call__(self, query, link):
        self.asked.append(link or dict(query))
        at = self.start(query, link)
        body = {"items": self.things[at : at + self.size], "total": self.total}
        headers, after = {}, at + self.size
        if after < len(self.things):
            body["next"] = f"c{after}"
            headers["link"] = f'<?p=0>; rel="prev", <?at={after}>; title="a, b"; rel="last next"'
        return Answer("GET", "/api/things", 200, headers if self.by == "link" else {}, json.dumps(body).encode())

    def start(self, query, link):
        if self.by == "link":
            return int(link.partition("=")[2] or 0)
        number = query.get(self.by, "0").removeprefix("c")
        return (int(number) - self.first) * (self.size if self.by == "page" else 1) if self.by else 0


def read(call, service, size=None):
    return [item for page in pages(call, size, service) for item in page.items]


@given(
    things=st.lists(st.integers(), max_size=30),
    by=st.sampled_from(["page", "cursor", "link"]),
    size=st.integers(1, 10),
    total=st.booleans(),
    first=st.integers(0, 1),
)
def test_every_page_comes_once_and_in_order(things, by, size, total, first):
    """Whatever way a service has to go on, and whether it tells its total or not."""
    first = first if by == "page" else 0
    service = Service(things, by, size, first=first)
    assert things == read(call_of(by, total=total, first=first), service)
    needed = max(1, -(-len(things) // size))
    assert needed <= len(service.asked) <= needed + (0 if total or by != "page" else 1)


@given(things=st.lists(st.integers(), max_size=30), cut=st.integers(1, 10), total=st.booleans())
def test_offsets_count_what_came(things, cut, total):
    """A service that gives less than was asked for makes nothing be left out."""
    service = Service(things, "offset", cut)
    assert things == read(call_of("offset", total=total), service, size=10)


def test_one_answer_needs_no_second_request():
    """Where the total has been reached, nothing more is asked for."""
    service = Service([1, 2, 3], "offset", 10)
    read(call_of("offset"), service)
    assert [{"offset": "0"}] == service.asked


@pytest.mark.parametrize("by", [None, "offset", "page", "cursor", "link"])
@pytest.mark.parametrize("total", [2, 4])
def test_a_total_that_is_not_reached_or_passed_is_told(by, total):
    """Fewer or more than the service announces is not the whole list."""
    with pytest.raises(NotWhole, match=rf"tells of {total} and 3 came"):
        read(call_of(by), Service([1, 2, 3], by or "", 10, total=total))


def test_a_list_as_long_as_an_answer_may_be_cut():
    """Without pages and total, a full answer can't be told from one that was cut."""
    call = call_of(total=False)
    with pytest.raises(NotWhole, match="there may be more"):
        read(call, Service([1, 2, 3], "", 3), size=3)
    assert [1, 2] == read(call, Service([1, 2], "", 3), size=3)


def test_a_total_that_changes_is_told():
    """Somebody wrote between two pages, so one may have been missed."""
    service = Service(list(range(5)), "offset", 2)

    def ask(query, link):
        service.total += 1
        return service(query, link)

    with pytest.raises(NotWhole, match="its total went from 6 to 7"):
        read(call_of("offset"), ask)


def test_a_page_that_comes_twice_passes_the_total():
    """A duplicated page is never taken for what is missing."""
    service = Service(list(range(4)), "offset", 2)
    with pytest.raises(NotWhole, match="tells of 4 and 6 came"):
        list(pages(call_of("offset"), None, lambda query, link: _longer(service(query, link), 3)))


def _longer(answer, count):
    body = json.loads(answer.body)
    return Answer("GET", "/", 200, {}, json.dumps({**body, "items": [1] * count}).encode())


@pytest.mark.parametrize("by", ["cursor", "link"])
def test_a_circle_of_pages_ends(by):
    """A service that names the same next page again is not followed for ever."""
    service = Service(list(range(9)), by, 2)
    with pytest.raises(NotWhole, match="same next page twice"):
        read(call_of(by, total=False), lambda query, link: service({}, ""))


@pytest.mark.parametrize(("empty", "is_whole"), [(100, True), (101, False)])
def test_pages_without_anything_in_them_end(empty, is_whole):
    """Some services filter behind their pages; one that names another next page for ever is not followed for ever."""
    asked = []

    def ask(query, link):
        asked.append(link)
        number = len(asked)
        body = {"items": [] if number <= empty else [7], "next": f"c{number}" if number <= empty else None}
        return Answer("GET", "/x", 200, {}, json.dumps(body).encode())

    if is_whole:
        assert [7] == read(call_of("cursor", total=False), ask)
    else:
        with pytest.raises(NotWhole, match="after 100 pages in a row"):
            read(call_of("cursor", total=False), ask)


@pytest.mark.parametrize(("count", "by"), [(3, "cursor"), (4, "link")])
def test_a_full_first_page_without_a_next_is_no_proof(count, by):
    """Unless a next page has been seen before; a page that is not full needs none."""
    call = call_of(by, total=False)
    things = list(range(count))
    with pytest.raises(NotProven, match=f"{count} came, as many as one answer has, and no next page"):
        read(call, lambda query, link: Answer("GET", "/x", 200, {}, json.dumps({"items": things}).encode()), size=3)
    assert things == read(call, Service(things, by, 2), size=2)
    assert things[:2] == read(call, Service(things[:2], by, 3), size=3)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"total": 1}, "there is no list at `items`"),
        ({"items": None, "total": 0}, "there is no list at `items`"),
        ({"items": {"a": 1}, "total": 1}, "there is no list at `items`"),
        ({"items": []}, "no total at `total`"),
        ({"items": [], "total": "0"}, "the total is no number"),
        ([], "there is no list at `items`"),
    ],
)
def test_an_answer_of_another_shape_is_no_empty_list(body, reason):
    """What the profile says is not there: that is not the same as nothing being there."""
    with pytest.raises(NotWhole, match=reason):
        read(call_of(), lambda query, link: Answer("GET", "/x", 200, {}, json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('<https://x.example.com/a?p=2>; rel="next"', "https://x.example.com/a?p=2"),
        ("</b?p=2>;rel=next", "/b?p=2"),
        ('<?p=3>; rel="prev next"', "/api/things?p=3"),
        ('<?p=1>; rel="prev"; title="next"', None),
        ('<?p=1>; rel="nextish"', None),
        ("", None),
    ],
)
def test_a_link_header_is_read_as_the_standard_has_it(header, expected):
    """RFC 8288: relative to the answer's address, several relations, any order of parameters."""
    followed = []

    def ask(query, link):
        followed.append(link)
        headers = {"link": header} if len(followed) == 1 else {}
        return Answer("GET", "/api/things", 200, headers, b'{"items": []}')

    list(pages(call_of("link", total=False), None, ask))
    assert [""] + ([expected] if expected else []) == followed


@pytest.mark.parametrize(
    ("link", "expected"),
    [("?p=2", "/api/things?p=2"), ("/b?p=2", "/b?p=2"), ("https://x.example.com/a", "https://x.example.com/a")],
)
def test_a_link_in_the_body_is_relative_to_the_answer_too(link, expected):
    """Wherever it stands, a link means what it means in a browser."""
    followed = []

    def ask(query, link_):
        followed.append(link_)
        body = {"items": [], "next": link} if len(followed) == 1 else {"items": []}
        return Answer("GET", "/api/things", 200, {}, json.dumps(body).encode())

    call = Call("list", "GET", "things", items=Expression("items"), pages=Pages("link", next=Expression("next")))
    list(pages(call, None, ask))
    assert ["", expected] == followed
