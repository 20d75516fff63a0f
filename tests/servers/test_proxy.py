"""The proxy in front of servers: it is transparent but for the faults that it is told to make."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.servers import faults
from tests.servers.gate import Gate
from tests.servers.proxy import Proxy

SMALL = 2


class Small(BaseHTTPRequestHandler):
    """A server that tells back what it got; `/list` has five entries in pages of two, `/chunks` answers in chunks."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        place, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if place == "/list":
            first = int(query.get("startIndex", ["1"])[0])
            page = list(range(first, min(first + SMALL, 6)))
            return self.say(200, json.dumps({"totalResults": 5, "startIndex": first, "Resources": page}).encode())
        if place == "/chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            return self.wfile.write(b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n")
        if place == "/slow":
            time.sleep(0.2)
        return self.say(200, b"hello")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(body)
        self.say(201, body, [("ETag", '"1"'), ("X-Type", self.headers["Content-Type"] or "")])

    def do_DELETE(self):
        self.server.heard.append(b"delete")
        self.say(204)

    def say(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def small():
    """Run the small server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Small)
    server.heard = []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def proxy(small):
    with Proxy(f"http://127.0.0.1:{small.server_port}") as made:
        yield made


@pytest.fixture
def client(proxy):
    """Give a session that keeps its connection."""
    with requests.Session() as session:
        session.trust_env = False

        def ask(method, path, **more):
            return session.request(method, f"{proxy.url}{path}", timeout=1, **more)

        yield ask


def at(number, fault):
    return lambda call: fault if call.number == number else None


def chunks(*parts):
    yield from parts


# --- Transparent ------------------------------------------------------------------------------------------------------


def test_it_passes_on_what_it_gets(client, small):
    """Status, headers and body go through both ways, those of a body in chunks too."""
    answer = client("POST", "/x", json={"a": "é"})
    assert (201, '"1"', {"a": "é"}) == (answer.status_code, answer.headers["ETag"], answer.json())
    assert "application/json" == answer.headers["X-Type"]
    assert b"onetwo" == client("POST", "/x", data=chunks(b"one", b"two")).content
    assert b"abcdefg" == client("GET", "/chunks").content
    assert (204, b"") == ((gone := client("DELETE", "/x")).status_code, gone.content)
    assert [b'{"a": "\\u00e9"}', b"onetwo", b"delete"] == small.heard


def test_it_keeps_the_connection(proxy):
    """Ten requests of one session are one connection."""
    with requests.Session() as session:
        session.trust_env = False
        ports = set()
        for _ in range(10):
            with session.get(f"{proxy.url}/x", stream=True, timeout=1) as answer:
                ports.add(answer.raw.connection.sock.getsockname()[1])
                assert b"hello" == answer.content
    assert 1 == len(ports)


def test_it_writes_down_what_came(client, proxy):
    """Requests are numbered, and counted by method and path."""
    for path in ("/list", "/list?startIndex=3", "/list"):
        client("GET", path)
    client("POST", "/x", data=b"1")
    assert {("GET", "/list"): 3, ("POST", "/x"): 1} == proxy.counts()
    assert [(1, 1), (2, 1), (3, 2), (4, 1)] == [(call.number, call.nth) for call in proxy.calls]
    assert b"1" == proxy.calls[-1].body
    proxy.reset()
    assert [] == proxy.calls


def test_it_tells_how_many_were_in_flight(proxy):
    """Four at once are four, however many come after them."""
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: requests.get(f"{proxy.url}/slow", timeout=5), range(12)))
    assert [200] * 12 == [answer.status_code for answer in answers]
    assert 4 == proxy.most_in_flight


def write_at_once(proxy, count, threads):
    def write(_):
        return requests.post(f"{proxy.url}/x", data=b"1", timeout=30).status_code

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(write, range(count)))


@pytest.mark.parametrize("threads", [1, 3, 4])
def test_a_gate_shows_how_many_writes_a_client_makes_at_once(proxy, threads):
    """As many as it makes are in flight, one more than it should among them, however quickly each is answered."""
    proxy.choose = Gate(min(threads, 3))
    assert [201] * 12 == write_at_once(proxy, 12, threads)
    assert threads == proxy.most_in_flight


def test_a_gate_does_not_wait_for_good(proxy):
    """Where fewer writes come than it waits for, all are answered all the same, and reads at any time."""
    proxy.choose = Gate(3, patience_seconds=0.2)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_at_once, proxy, 4, 2)
        assert b"hello" == requests.get(f"{proxy.url}/x", timeout=5).content
        assert [201] * 4 == writing.result()


# --- Faults -----------------------------------------------------------------------------------------------------------

DONE_ANYWAY = {faults.reset_after, faults.timeout_after, faults.error_after, faults.truncated, faults.slow_drip}


def heard_and_told(client, small, proxy, fault):
    proxy.choose = at(2, fault)
    client("POST", "/x", data=b"1")
    try:
        answer = client("POST", "/x", data=b"2" * 40)
        told = answer.status_code
    except requests.RequestException as error:
        told = type(error).__name__
    client("POST", "/x", data=b"3")
    return b"2" * 40 in small.heard, told


TOLD = {
    "connection reset": "ConnectionError",
    "connection reset, answer lost": "ConnectionError",
    "timeout": "ReadTimeout",
    "timeout, answer lost": "ReadTimeout",
    "429": 429,
    "429 with Retry-After": 429,
    "500": 500,
    "500 for what was done": 500,
    "truncated body": "ChunkedEncodingError",
}


@pytest.mark.parametrize("name", TOLD)
def test_a_fault_hits_the_chosen_request_and_no_other(client, small, proxy, name):
    """The one before and the one after it are answered; the server hears of it or not, as the fault says."""
    fault = faults.EVERYWHERE[name]
    assert (fault in DONE_ANYWAY, TOLD[name]) == heard_and_told(client, small, proxy, fault)
    assert [b"1", b"3"] == [each for each in small.heard if each != b"2" * 40]


def test_there_is_a_case_for_each_fault(client, proxy):
    """Those that are not above are below."""
    assert TOLD.keys() | {"slow drip"} == faults.EVERYWHERE.keys()


def test_a_reset_is_a_reset(client, proxy):
    """It is told as such, and not as a connection that ends."""
    proxy.choose = at(1, faults.reset_before)
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        client("GET", "/x")


def test_a_server_that_asks_to_wait_says_how_long(client, proxy):
    """One 429 has `Retry-After`, the other has not."""
    proxy.choose = at(1, faults.too_many_come_later)
    assert "1" == client("GET", "/x").headers["Retry-After"]
    proxy.reset()
    proxy.choose = at(1, faults.too_many)
    assert "Retry-After" not in client("GET", "/x").headers


def test_an_answer_without_body_breaks_off_in_its_head(client, small, proxy):
    """What has no body can be cut off too."""
    proxy.choose = at(1, faults.truncated)
    with pytest.raises(requests.RequestException):
        client("DELETE", "/x")
    assert [b"delete"] == small.heard


def test_a_slow_answer_never_makes_the_client_wait_for_a_byte(client, proxy):
    """No read times out, yet the answer takes as long as it has bytes."""
    proxy.choose = at(1, lambda exchange: exchange.send_slowly(exchange.forward(), 0.02, 1000))
    started = time.monotonic()
    assert b"hello" == client("GET", "/x").content
    assert time.monotonic() - started > 1


def test_a_slow_answer_breaks_off(client, proxy):
    """It holds a client for a while and ends with the first line, which `http.client` takes for all of it."""
    proxy.choose = at(1, faults.slow_drip)
    started = time.monotonic()
    assert b"" == client("GET", "/x").content
    assert time.monotonic() - started > 0.5


def test_a_page_can_come_twice(client, proxy):
    """The second page is the first one again."""
    proxy.choose = at(2, faults.duplicated_page)
    pages = [client("GET", f"/list?startIndex={first}").json()["Resources"] for first in (1, 3, 5)]
    assert [[1, 2], [1, 2], [5]] == pages


def test_a_page_can_be_missing(client, proxy):
    """In place of the second page comes the third."""
    proxy.choose = at(2, faults.missing_page)
    pages = [client("GET", f"/list?startIndex={first}").json()["Resources"] for first in (1, 3, 5)]
    assert [[1, 2], [5], [5]] == pages


def test_it_ends_while_a_client_waits(small):
    """A client that is left without answer does not keep the proxy from ending."""
    with ThreadPoolExecutor(1) as pool, Proxy(f"http://127.0.0.1:{small.server_port}") as proxy:
        proxy.choose = at(1, faults.timeout_before)
        waiting = pool.submit(requests.get, f"{proxy.url}/x", timeout=60)
        while not proxy.calls:
            time.sleep(0.01)
    assert isinstance(waiting.exception(), requests.ConnectionError)
