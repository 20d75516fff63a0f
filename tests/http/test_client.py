"""The HTTP client, against a server that behaves badly."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from groupsync.backend import BackendContext
from groupsync.errors import AuthenticationError, BackendError, ConfigError, GroupsyncError, StalePlanError
from groupsync.http import HTTP_OPTIONS, Answer, client_from_options, failure_of, raise_for
from groupsync.schema_check import check
from groupsync.secrets import Secret, scrub
from groupsync.yaml.events import parse_yaml
from tests.http.rude import RudeServer, answer, drip, drip_head, drip_size, reset, silence

TOKEN = "s3cret-t0ken-0123456789"


@pytest.fixture
def server():
    server = RudeServer()
    yield server
    server.close()


@pytest.fixture
def opened(server):
    """Return a function that makes a client of the server."""
    clients = []

    def opened(**options):
        context = BackendContext(Path("/nowhere"), "shop", "crm", str)
        clients.append(client_from_options({"url": server.url, "timeout_seconds": 1, **options}, context))
        return clients[-1]

    yield opened
    for client in clients:
        client.close()


# --- What is sent -----------------------------------------------------------------------------------------------------


def test_a_request_has_who_we_are_and_nothing_from_elsewhere(server, opened, monkeypatch, tmp_path):
    """Path, query, JSON and headers are as given; a ~/.netrc and cookies count for nothing."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password eve\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    server.replies = [answer(headers=["Set-Cookie: a=b"])]
    client = opened(auth={"bearer": Secret(TOKEN)}, headers={"X-Tenant": "contoso"})
    client.request("POST", "/groups", params={"name": ["a b", "c"], "limit": 2}, json={"x": "ö"})
    client.request("GET", "groups")
    first, second = server.seen

    assert first.startswith("POST /api/groups?name=a+b&name=c&limit=2 HTTP/1.1\r\n")
    assert {"x": "ö"} == json.loads(first.partition("\r\n\r\n")[2])
    assert f"Authorization: Bearer {TOKEN}" in first
    assert "X-Tenant: contoso" in first
    assert "User-Agent: groupsync/" in first
    assert "Cookie" not in second
    assert {"POST": 1, "GET": 1} == client.requests_made


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ({"basic": {"user": "ada", "password": Secret("pw:1")}}, "Basic " + base64.b64encode(b"ada:pw:1").decode()),
        ({"bearer": "plain"}, "Bearer plain"),
    ],
)
def test_who_we_are_is_told_as_the_options_say(server, opened, auth, expected):
    """Basic and bearer, and a header of the service's own."""
    server.replies = [answer()]
    opened(auth=auth).request("GET", "x")
    opened(auth={"header": {"name": "X-Key", "value": "k"}}).request("GET", "x")

    assert f"Authorization: {expected}\r\n" in server.seen[0]
    assert "X-Key: k\r\n" in server.seen[1]
    assert "Authorization" not in server.seen[1]


def test_a_token_is_asked_for_once_and_anew_when_it_is_refused(server, opened):
    """One token for many requests; a 401 gets a new one, once."""
    tokens = [answer(body=json.dumps({"access_token": f"tok-{n}", "expires_in": 3600}).encode()) for n in (1, 2)]
    server.replies = [tokens[0], answer(), answer(), answer(401), tokens[1], answer(), answer(401)]
    oauth2 = {
        "token_url": f"http://127.0.0.1:{server.port}/token",
        "client_id": "me",
        "client_secret": Secret("hush-hush"),
    }
    client = opened(auth={"oauth2": {**oauth2, "scope": "groups"}})
    assert [200, 200, 200] == [client.request("GET", "x").status for _ in range(3)]

    assert "grant_type=client_credentials&scope=groups" in server.seen[0]
    assert f"Basic {base64.b64encode(b'me:hush-hush').decode()}" in server.seen[0]
    assert ["tok-1", "tok-1", "tok-1", "tok-2"] == [
        seen.partition("Bearer ")[2].partition("\r\n")[0] for seen in server.seen if "Bearer" in seen
    ]
    assert {"TOKEN": 2, "GET": 4} == client.requests_made


@pytest.mark.parametrize("body", [b"no", b"{}", b'{"access_token": 1}', b"[]"])
def test_without_a_token_nothing_is_sent(server, opened, body):
    """A token endpoint that gives none out is told, without what was sent to it."""
    server.replies = [answer(400, body)]
    oauth2 = {
        "token_url": f"{server.url}/token",
        "client_id": "me",
        "client_secret": Secret("hush-hush"),
        "style": "body",
    }
    with pytest.raises(AuthenticationError, match="no access token was given out") as caught:
        opened(auth={"oauth2": oauth2}).request("GET", "x")

    assert 1 == len(server.seen)
    assert "hush" not in str(caught.value)


def test_no_more_are_in_flight_than_allowed(server, opened):
    """The bound holds, whatever number of threads asks."""
    three, mutex, waiting, most = threading.Barrier(3, timeout=60), threading.Lock(), [], []

    def answer_three_at_once(connection):
        with mutex:
            waiting.append(connection)
            most.append(len(waiting))
        three.wait()
        with mutex:
            waiting.remove(connection)
        connection.sendall(answer())

    server.replies = [answer_three_at_once]
    client = opened(max_in_flight=3)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: client.request("GET", "x"), range(24)))

    assert (24, 3) == (len(server.seen), max(most))


# --- What comes back --------------------------------------------------------------------------------------------------


def test_an_answer_is_read_whole(server, opened):
    """Status, headers in lower case, JSON; an error status is an answer too."""
    server.replies = [
        answer(body='{"a": "ö"}'.encode(), headers=['ETag: "7"']),
        answer(404, b""),
        answer(body=b"<html>"),
    ]
    client = opened()
    found = client.request("GET", "x")

    assert (200, {"a": "ö"}, '"7"') == (found.status, found.json(), found.etag)
    assert (404, None) == (client.request("GET", "x").status, None)
    with pytest.raises(BackendError, match="was not answered in JSON"):
        client.request("GET", "x").json()


def chunked(connection):
    connection.sendall(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1, 2\r\n")


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (reset, "the connection was lost"),
        (silence, "no answer: within 1 seconds"),
        (drip, "the answer is too slow"),
        (drip_head, "the answer is too slow"),
        (drip_size, "the answer is too slow"),
        (answer(body=b"[1, 2", length=90), "the connection was lost"),
        (chunked, "the connection was lost"),
        (b"", "the connection was lost"),
        (b"SSH-2.0-OpenSSH\r\n", "the connection was lost"),
        (answer(body=b"nonsense", headers=["Content-Encoding: gzip"]), "the connection was lost"),
    ],
)
def test_what_is_no_whole_answer_may_be_tried_again(server, opened, reply, text):
    """Reset, silence, a drip, a body cut short: never half an answer, and never a retry in here."""
    server.replies = [reply]
    with pytest.raises(BackendError, match=text) as caught:
        opened().request("GET", "x")

    assert caught.value.retryable
    assert 1 == len(server.seen)


def test_a_connection_serves_on_after_an_answer_in_time(opened):
    """The clock of one exchange does not reach into the next one on the same connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection:
                for _ in range(3):
                    connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}")

        threading.Thread(target=serve, daemon=True).start()
        client = opened(url=f"http://127.0.0.1:{listening.getsockname()[1]}/", timeout_seconds=0.2)
        for _ in range(3):
            assert {} == client.request("GET", "x").json()
            time.sleep(0.5)


@pytest.mark.parametrize(
    "body", [rb'{"name": "\ud800"}', b'{"name": "\xed\xa0\x80"}', '{"name": "ö"}'.encode("latin-1")]
)
def test_text_that_is_no_unicode_is_not_taken_on(server, opened, body):
    """Nobody could print, send or hash it; a whole pair is Unicode."""
    server.replies = [answer(body=body), answer(body=rb'{"name": "\ud83d\ude00"}')]
    client = opened()
    with pytest.raises(BackendError, match="was not answered in JSON"):
        client.request("GET", "x").json()
    assert {"name": "😀"} == client.request("GET", "x").json()


@pytest.mark.parametrize("path", ["groups/a/members/..", "groups/../x", "groups/%2e%2E", "groups/./x?y=1"])
def test_a_path_that_climbs_is_not_asked_for(server, opened, path):
    """Deleting a member whose name is dots must not delete the group."""
    server.replies = [answer()]
    with pytest.raises(BackendError, match="a part of dots alone"):
        opened().request("DELETE", path)
    assert [] == server.seen


@pytest.mark.parametrize(
    "options",
    [{"auth": {"bearer": Secret("“s3cret-t0ken”")}}, {"headers": {"X-Tenant": "漢"}}, {"auth": {"bearer": "a\nb"}}],
)
def test_what_no_header_can_hold_is_told(server, opened, options):
    """A token that was pasted with its quotation marks is no bug of ours, and is not quoted."""
    with pytest.raises(BackendError, match="can't be sent") as caught:
        opened(**options).request("GET", "x")
    assert not caught.value.retryable
    assert "s3cret" not in str(caught.value)
    assert [] == server.seen


def test_nobody_there_may_be_tried_again(opened):
    """A port where nobody listens."""
    client = opened(url="http://127.0.0.1:9/")
    with pytest.raises(BackendError, match="Connection refused") as caught:
        client.request("GET", "x")
    assert caught.value.retryable


def test_an_answer_that_is_too_large_is_not_read(server, opened):
    """Also where it says nothing of its length, and not again."""
    server.replies = [b"HTTP/1.1 200 X\r\n\r\n" + b"x" * 5000]
    with pytest.raises(BackendError, match="too large: over 1,024 bytes") as caught:
        opened(max_response_bytes=1024).request("GET", "x")
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "to", ["http://localhost:1/x", "https://127.0.0.1/x", "//evil.example.com/", "ftp://127.0.0.1/"]
)
def test_a_redirect_to_another_host_is_refused(server, opened, to):
    """Host, port and scheme must stay; credentials never leave."""
    server.replies = [answer(302, headers=[f"Location: {to}"])]
    with pytest.raises(BackendError, match="leads to another host"):
        opened(auth={"bearer": TOKEN}).request("GET", "x")
    assert 1 == len(server.seen)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_what_goes_to_this_machine_goes_by_no_proxy(server, opened, monkeypatch, host, variable):
    """Plain HTTP is allowed there, as nobody is on the way; a proxy of the environment would be."""
    proxy = RudeServer()
    proxy.replies = server.replies = [answer()]
    for each in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(variable, proxy.url)
    client = opened(url=f"http://{host}:{server.port}/api", auth={"bearer": Secret(TOKEN)})
    assert 200 == client.request("GET", "x").status
    proxy.close()
    assert ([], 1) == (proxy.seen, len(server.seen))


def test_by_a_proxy_plain_http_has_to_be_allowed(server, opened):
    """This machine's own services, too, as what is sent to them leaves it."""
    with pytest.raises(ConfigError, match="can be read and changed on the way"):
        opened(proxy="http://proxy.example.com:3128")
    assert opened(proxy="http://proxy.example.com:3128", plain_http=True)
    with pytest.raises(ConfigError, match="the proxy of the target `crm` can't be used"):
        opened(proxy="proxy.example.com:3128", plain_http=True)


def test_no_message_has_the_path_of_the_services_own_address(server, opened):
    """A key may stand in it; what is asked for below it is enough to know."""
    key = "0123"  # too short to be found by its looks
    client = opened(url=f"http://127.0.0.1:{server.port}/hooks/{key}/v1", max_response_bytes=1024)
    elsewhere = f"http://elsewhere.example.com/hooks/{key}"
    server.replies = [
        answer(404),
        answer(200, b"{"),
        answer(302, headers=[f"Location: {elsewhere}"]),
        answer(302, headers=[f"Location: {elsewhere}"]),
        answer(200, b"x" * 5000),
        b"",
    ]
    with pytest.raises(BackendError) as refused:
        raise_for(client.request("GET", "groups"), "list the groups")
    with pytest.raises(BackendError) as garbled:
        client.request("GET", "groups").json()
    told = [refused.value, garbled.value]
    for method, path in (("GET", "groups"), ("POST", "groups"), ("GET", "groups"), ("GET", ".."), ("GET", elsewhere)):
        with pytest.raises(BackendError) as failed:
            client.request(method, path)
        told.append(failed.value)
    assert [] == [f"{each}" for each in told if key in f"{each.summary} {each.detail} {each.hint}"]
    assert "GET /groups gave 404" in told[0].detail


def test_redirects_within_the_host_are_followed_for_reading_alone(server, opened):
    """A GET goes on, five times at most; what writes does not."""
    server.replies = [answer(307, headers=["Location: /elsewhere?a=b"]), answer()]
    assert 200 == opened().request("GET", "x").status
    assert server.seen[1].startswith("GET /elsewhere?a=b ")
    server.replies = [answer(307, headers=["Location: /x"])]
    with pytest.raises(BackendError, match="redirected too often"):
        opened().request("GET", "x")
    with pytest.raises(BackendError, match="POST /x was redirected: to another path of it"):
        opened().request("POST", "x")


def test_links_are_followed_on_the_same_host_alone(server, opened):
    """A page's link may be a whole URL."""
    server.replies = [answer()]
    assert 200 == opened().request("GET", f"http://127.0.0.1:{server.port}/api/groups?page=2").status
    with pytest.raises(BackendError, match="leads to another host"):
        opened().request("GET", "http://evil.example.com/groups?page=2")


# --- What it means ----------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "headers", "kind", "retryable", "seconds"),
    [
        (400, {}, BackendError, False, None),
        (401, {}, AuthenticationError, False, None),
        (403, {}, AuthenticationError, False, None),
        (404, {}, BackendError, False, None),
        (409, {}, BackendError, False, None),
        (412, {}, StalePlanError, False, None),
        (429, {}, BackendError, True, None),
        (429, {"retry-after": "7"}, BackendError, True, 7.0),
        (429, {"retry-after": "Mon, 23 Nov 2026 12:01:00 GMT"}, BackendError, True, 60.0),
        (503, {"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, BackendError, True, 0.0),
        (503, {"retry-after": "soon"}, BackendError, True, None),
        (503, {"retry-after": "Mon, 23 Nov 99999999999999999999 12:00:00 GMT"}, BackendError, True, None),
        (500, {}, BackendError, True, None),
        (501, {}, BackendError, False, None),
    ],
)
def test_a_status_says_whose_turn_it_is(status, headers, kind, retryable, seconds):
    """What may pass is to be tried again, when the service says so."""
    found = failure_of(Answer("GET", "/x", status, headers, b""), "list the groups", "staff", NOW)

    assert (kind, retryable, seconds) == (type(found), found.retryable, found.retry_after_seconds)
    assert "staff" == found.name
    assert f"GET /x gave {status}" in found.detail
    raise_for(Answer("GET", "/x", 204, {}, b""), "list the groups")


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/json", b'{"error": {"code": "x", "message": "no such\\u001b[31m list"}}', ": no such [31m list"),
        ("application/json", b'{"schemas": [], "detail": "bad filter"}', ": bad filter"),
        ("application/json", b'{"schemas": ["urn:x:Error"], "detail": "", "status": 501}', ""),
        (
            "application/json",
            b'{"message": "See `details`.", "details": [{"message": "values must have 1 item"}, {"x": 1}]}',
            ": See `details`: values must have 1 item",
        ),
        (
            "application/json",
            b'{"errors": [{"title": "Conflict", "detail": "is taken"}, {"detail": "is long"}]}',
            ": is taken; is long",
        ),
        ("application/json", b'{"a": 1}', ': {"a": 1}'),
        ("text/plain", b"one\ntwo " + b"x" * 500, ": one two " + "x" * 192 + "…"),
        ("text/html", b"<h1>Oops</h1>", ", with a page"),
        ("", b"\xff\x00", ": \ufffd"),
        ("", b"", ""),
    ],
)
def test_what_the_service_says_is_quoted_short_and_clean(kind, body, expected):
    """One line, no control characters, no pages."""
    found = failure_of(Answer("GET", "/x", 400, {"content-type": kind}, body), "do it")
    assert f"GET /x gave 400{expected}" == found.detail


# --- What must not happen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply", [reset, silence, drip, answer(401), answer(500, TOKEN.encode()), answer(302), b"junk"]
)
def test_credentials_are_in_no_error(server, opened, reply):
    """Neither in its text nor in its representation, whatever goes wrong; what the service echoes is scrubbed."""
    server.replies = [reply]
    client = opened(auth={"bearer": Secret(TOKEN)}, timeout_seconds=0.3)
    with pytest.raises(GroupsyncError) as caught:
        raise_for(client.request("GET", f"x?key={TOKEN}"), "look")
    seen, texts = caught.value, []
    while seen is not None:
        texts += [str(seen), repr(seen)] if isinstance(seen, GroupsyncError) else []
        seen = seen.__cause__
    assert TOKEN not in scrub(" ".join(texts))
    assert TOKEN not in repr(client.__dict__)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"url": "http://groups.example.com/"}, "plain `http://`"),
        ({"url": "https://ada:pw@groups.example.com/"}, "a user, a query or a fragment"),
        ({"url": "https://groups.example.com/?x=1"}, "a user, a query or a fragment"),
        ({"url": "groups.example.com"}, "expected `https://` and a host"),
        ({"ca_file": "nowhere.pem"}, "no CA file `nowhere.pem`"),
    ],
)
def test_options_that_can_not_be_used_are_refused(opened, options, text):
    """Before anything is sent."""
    with pytest.raises(ConfigError, match=text):
        opened(**options)


def test_plain_http_elsewhere_takes_consent(opened):
    """`plain_http: true` is that."""
    assert "http://groups.example.com/api/" == opened(url="http://groups.example.com/api", plain_http=True).base_url


def test_every_option_explains_itself():
    """Title, description and an example that the schema accepts, down to the last."""

    def walk(schema):
        assert schema["title"]
        assert schema["description"].endswith(".")
        for example in schema["examples"]:
            Draft202012Validator(schema).validate(example)
        for each in schema.get("properties", {}).values():
            walk(each)

    for schema in HTTP_OPTIONS.values():
        walk(schema)


OURS = [
    "Host", "content-length", "Transfer_Encoding", "CONNECTION", "Upgrade", "TE", "trailer", "Expect", "Proxy-A",
    "Keep-Alive", "X-HTTP-Method", "x-http-method-override", "X-Method-Override", "Host ", "",
]  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_no_header_may_lead_elsewhere_frame_a_request_or_change_its_method(name):
    """As an option of a target, and as the header of its credential: with its place."""
    text = f'headers: {{"{name}": x}}\nauth: {{header: {{name: "{name}", value: x}}}}\n'
    [document], _ = parse_yaml(text.encode(), "config.yaml")
    found = check(document, {"type": "object", "properties": HTTP_OPTIONS})
    assert {(1, 11), (2, 23)} == {(each.subject.line, each.subject.column) for each in found}
    assert any("but for those that groupsync sets itself" in each.detail for each in found)


@pytest.mark.parametrize("name", ["X-Tenant", "Hostess", "X-Host", "Proxy", "Accept", "Tea"])
def test_other_headers_may_be_set(name):
    """A name that only begins alike is another."""
    assert Draft202012Validator(HTTP_OPTIONS["headers"]).is_valid({name: "x"})


def test_a_certificate_that_nobody_vouches_for_is_refused(opened, tmp_path):
    """TLS is always verified; the authority of one's own is an option."""
    port, certificate = tls_server(tmp_path)
    url = f"https://localhost:{port}/"
    with pytest.raises(BackendError, match="certificate is not trusted") as caught:
        opened(url=url).request("GET", "x")
    assert not caught.value.retryable
    assert 200 == opened(url=url, ca_file=str(certificate)).request("GET", "x").status


def tls_server(folder):
    import ssl
    import subprocess
    from http.server import BaseHTTPRequestHandler, HTTPServer

    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *args: None
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=partial(server.serve_forever, 0.05), daemon=True).start()
    return server.server_port, certificate
