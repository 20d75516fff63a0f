"""Sealing: what was sealed comes back whole in its place with its key, and in no other way."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tracemalloc
import zlib

import pytest
from cryptography.fernet import Fernet
from hypothesis import example, given
from hypothesis import strategies as st

from groupsync import journal_sealing
from groupsync.errors import ConfigError
from groupsync.journal_sealing import MAX_BYTES, Sealer, SealError, UnknownSeal, is_listed, is_sealed

NEW, OLD, OTHER = (f"{word} of thirty-two characters and more" for word in ("a secret", "an old one", "another"))
SEALER = Sealer([NEW])
RUN = "runs/20261123T120000Z-00000000.jsonl"

names = st.one_of(st.just(RUN), st.text())
numbers = st.integers(0, 2**63)


def altered(line, place, byte):
    """Return a line with another byte in one place of it."""
    place %= len(line)
    return line[:place] + bytes([line[place] ^ byte]) + line[place + 1 :]


# --- It comes back ----------------------------------------------------------------------------------------------------


@given(names, numbers, st.binary())
@example(RUN, 1, b"")
@example("name\n\ud800", 0, b'{"record":"header"}\n')
def test_what_was_sealed_comes_back(name, number, data):
    """One line, ended by a line break, that says that it is sealed; opened in its place it is what it was."""
    line = SEALER.seal(name, number, data)
    assert (1, b"\n", True) == (line.count(b"\n"), line[-1:], is_sealed(line))
    assert data == SEALER.open(name, number, line)


@given(names, st.lists(st.binary(min_size=1, max_size=40)), st.integers(1, 30))
@example(RUN, [], 4)
@example(RUN, [b"a long line\n", b"b"], 3)
def test_a_whole_file_comes_back(name, pieces, chunk):
    """Whatever its lines are, and wherever it is cut into several."""
    data = b"".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_sealing, "_CHUNK_BYTES", chunk)
        sealed = SEALER.seal_all(name, data)
    assert data == SEALER.open_all(name, sealed)


def test_a_whole_file_is_cut_where_its_lines_end():
    """A file of ten megabytes takes three lines, and each but the last ends a line of the file."""
    data = (b"x" * 99 + b"\n") * 100_000
    lines = SEALER.seal_all(RUN, data).splitlines(keepends=True)
    assert 3 == len(lines)
    assert all(len(line) < 6 * 2**20 for line in lines)
    part = SEALER._open(RUN, 1, lines[0], "chunk")
    assert (True, True) == (part.endswith(b"\n"), 4 * 2**20 - 100 < len(part) <= 4 * 2**20)


@given(st.binary(min_size=8), st.binary(min_size=8))
def test_it_tells_nothing_of_what_it_holds(one, other):
    """The same data is never sealed in the same way twice, and nothing of it is in the line."""
    lines = [SEALER.seal(RUN, 1, data) for data in (one, one, other)]
    assert 3 == len(set(lines))
    token = base64.urlsafe_b64decode(lines[0].rstrip().rpartition(b":")[2])
    assert one not in token[9:]
    assert bytes(8) == token[1:9], "when it was sealed is in the token"


# --- It comes back in no other way ------------------------------------------------------------------------------------


@given(st.binary(), st.integers(0, 2**16), st.integers(1, 255))
def test_any_altered_byte_is_seen(data, place, byte):
    """Whichever byte of the line, and whatever it becomes."""
    line = altered(SEALER.seal(RUN, 3, data), place, byte)
    with pytest.raises(SealError):
        SEALER.open(RUN, 3, line)


def test_any_altered_byte_of_one_line_is_seen():
    """Each byte becomes each other byte."""
    line = SEALER.seal(RUN, 3, b"{}")
    for place in range(len(line)):
        for byte in range(1, 256):
            with pytest.raises(SealError):
                SEALER.open(RUN, 3, altered(line, place, byte))


@given(st.binary(), st.data())
def test_a_line_that_was_cut_or_grew_is_seen(data, draw):
    """Bytes taken away or put in anywhere."""
    line = SEALER.seal(RUN, 3, data)
    start = draw.draw(st.integers(0, len(line) - 1))
    end = draw.draw(st.integers(start, len(line)))
    more = draw.draw(st.binary(max_size=3))
    changed = line[:start] + more + line[end:]
    if changed != line:
        with pytest.raises(SealError):
            SEALER.open(RUN, 3, changed)


@given(names, names, numbers, numbers, st.binary())
def test_a_line_is_good_in_its_place_alone(name, other, number, elsewhere, data):
    """Under another name or number it is refused, and it is told where it belongs."""
    line = SEALER.seal(name, number, data)
    if (name, number) == (other, elsewhere):
        assert data == SEALER.open(other, elsewhere, line)
    else:
        with pytest.raises(SealError) as found:
            SEALER.open(other, elsewhere, line)
        assert f"line {elsewhere} belongs elsewhere: it was sealed as line {number} of {name!a}" == str(found.value)


@given(st.lists(st.binary(), min_size=2, max_size=4, unique=True), st.data())
def test_lines_that_changed_places_are_seen(records, draw):
    """A file whose lines are in another order, or one of which is missing or there twice, does not open."""
    lines = [SEALER.seal(RUN, number, data) for number, data in enumerate(records, 1)]
    picked = draw.draw(st.lists(st.sampled_from(lines), min_size=1, max_size=5))
    if picked == lines[: len(picked)]:
        return
    with pytest.raises(SealError):
        [SEALER.open(RUN, number, line) for number, line in enumerate(picked, 1)]


@given(st.binary(min_size=3, max_size=60), st.data())
def test_a_whole_file_opens_whole_or_not_at_all(data, draw):
    """Its parts in any other order, fewer or more of them, or those of another file of the same name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_sealing, "_CHUNK_BYTES", 7)
        lines = SEALER.seal_all(RUN, data).splitlines(keepends=True)
        others = SEALER.seal_all("other", data).splitlines(keepends=True)
    picked = draw.draw(st.lists(st.sampled_from([*lines, *others]), max_size=len(lines) + 1))
    if picked != lines:
        with pytest.raises(SealError):
            SEALER.open_all(RUN, b"".join(picked))


@given(st.binary())
def test_a_line_and_a_whole_file_do_not_pass_for_each_other(data):
    """A record of a file that grows is no file, nor the other way."""
    with pytest.raises(SealError):
        SEALER.open_all(RUN, SEALER.seal(RUN, 1, data))
    with pytest.raises(SealError):
        SEALER.open(RUN, 1, SEALER.seal_all(RUN, data))


@given(st.binary())
def test_another_key_opens_nothing(data):
    """It is said that it may be the key, for that can be told from a line that was altered."""
    with pytest.raises(SealError) as wrong:
        Sealer([OTHER]).open(RUN, 2, SEALER.seal(RUN, 2, data))
    line = SEALER.seal(RUN, 2, data)
    with pytest.raises(SealError) as changed:
        SEALER.open(RUN, 2, line[:50] + (b"B" if line[50:51] == b"A" else b"A") + line[51:])
    assert "line 2 was sealed with another key, or altered" == str(wrong.value)
    assert "line 2 was altered after it was sealed" == str(changed.value)


# --- Keys -------------------------------------------------------------------------------------------------------------


@given(st.binary())
def test_keys_are_rotated(data):
    """With a new key before the old one both are read, and the new one seals; then the old one can go."""
    before, both, after = Sealer([OLD]), Sealer([NEW, OLD]), Sealer([NEW])
    assert data == both.open(RUN, 1, before.seal(RUN, 1, data))
    assert data == after.open(RUN, 1, both.seal(RUN, 1, data))
    assert data == both.open_all(RUN, before.seal_all(RUN, data))
    with pytest.raises(SealError):
        after.open(RUN, 1, before.seal(RUN, 1, data))
    with pytest.raises(SealError):
        before.open(RUN, 1, both.seal(RUN, 1, data))


def test_a_secret_gives_the_same_key_everywhere():
    """What was sealed once, by another process and years ago, opens; a format that changes shows here."""
    line = (
        b"gs1:c089c41b268cafa6:gAAAAAAAAAAAibQVHoO2djFuJctUoae8bSksB4H69DCjVP8i7klJGTUffS559dPUNllQA"
        b"9OCAaCfbEOe4BhBnL98j5UzDhIfkQydHZUuRECkRV0sMH9GusMM_qptpryaEc6Ew0nEodDGOsqy6d_o2tS3Wyglj70"
        b"fYWuXTp07PvjB2Nka4C33n-8k8Fj_PE8mOmLDsONywP2r"
        b"\n"
    )
    assert b'{"record":"header"}\n' == SEALER.open(RUN, 1, line)
    assert not is_listed(line)


def test_a_line_is_given_another_form_by_nobody_without_the_key():
    """That its store has a manifest is sealed in it."""
    line = SEALER.seal(RUN, 1, b"data\n")
    assert is_listed(line)
    with pytest.raises(SealError, match="belongs elsewhere"):
        SEALER.open(RUN, 1, line.replace(b"gs2:", b"gs1:", 1))
    old = SEALER.seal(RUN, 1, b"").replace(b"gs2:", b"gs1:", 1)
    assert is_listed(old + line)
    assert not is_listed(old + old)


@pytest.mark.parametrize(("secrets", "found"), [([], 0), ([""], 0), (["x" * 31], 31), ([NEW, "short"], 5)])
def test_a_short_secret_is_refused_with_what_makes_a_good_one(secrets, found):
    """31 characters are too few, 32 are enough, in any place of the list; what it was is not shown."""
    with pytest.raises(ConfigError) as error:
        Sealer(secrets)
    assert f"It has {found} characters, expected 32 or more." == error.value.detail
    assert "Make one with `openssl rand -base64 32`." == error.value.hint
    made = subprocess.run(["openssl", "rand", "-base64", "32"], capture_output=True, text=True, check=True).stdout
    for secret in ("x" * 32, made.strip(), "ü\udcff" * 16):
        assert b"a" == Sealer([secret]).open("n", 1, Sealer([secret]).seal("n", 1, b"a"))


def test_without_the_library_it_is_said_what_to_install(monkeypatch):
    """The import fails only where there is a key."""
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(ConfigError) as error:
        Sealer([NEW])
    assert "The journal's `key` needs a library that is not installed" == error.value.summary
    assert "Install it: `pip install 'groupsync[journal]'`." == error.value.hint


def test_the_library_is_imported_only_where_there_is_a_key():
    """Whoever has no key does not wait for it, nor need it."""
    code = "import sys, groupsync.journal_sealing as s; s.is_sealed(b''); print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False" == done.stdout.strip()


# --- Other formats, and too much --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message", "sealed"),
    [
        (b'{"record":"header"}\n', "line 4 is not sealed, expected a line that begins with 'gs2:'", False),
        (b"\n", "line 4 is not sealed, expected a line that begins with 'gs2:'", False),
        (b"", "line 4 is not sealed, expected a line that begins with 'gs2:'", False),
        (b"gs3:anything\n", "line 4 begins with 'gs3:', this groupsync opens 'gs1:' and 'gs2:'", True),
    ],
)
def test_another_format_is_told_from_a_line_that_was_altered(line, message, sealed):
    """A later groupsync's line, and one that nobody sealed, are errors of their own."""
    with pytest.raises(UnknownSeal) as found:
        SEALER.open(RUN, 4, line)
    assert (message, sealed) == (str(found.value), is_sealed(line))


@pytest.mark.parametrize("line", [b"gs1:\n", b"gs2:\n", b"gs2:0123456789abcdef:\n", b"gs2:0123456789abcdef:AAAA"])
def test_a_part_of_a_line_is_no_line(line):
    """What a broken write left is told as such."""
    with pytest.raises(SealError) as found:
        SEALER.open(RUN, 4, line)
    assert "line 4 is not whole, or was altered after it was sealed" == str(found.value)


def test_a_line_never_holds_more_than_it_may():
    """Neither is it sealed, nor opened where somebody with the key sealed a bomb."""
    with pytest.raises(SealError) as sealing:
        SEALER.seal(RUN, 1, bytes(MAX_BYTES + 1))
    assert "line 1 would hold 67,108,865 bytes, and one holds 67,108,864 at most" == str(sealing.value)
    assert bytes(MAX_BYTES) == SEALER.open(RUN, 1, SEALER.seal(RUN, 1, bytes(MAX_BYTES)))
    with pytest.raises(SealError) as opening:
        SEALER.open(RUN, 1, forged(zlib.compress(bytes(2 * MAX_BYTES))))
    assert "line 1 holds more than 67,108,864 bytes" == str(opening.value)


def test_a_bomb_takes_no_more_memory_than_a_line_may(monkeypatch):
    """What is more than that is not unpacked first."""
    monkeypatch.setattr(journal_sealing, "MAX_BYTES", 2**20)
    bomb = forged(zlib.compress(bytes(64 * 2**20)))
    tracemalloc.start()
    try:
        with pytest.raises(SealError):
            SEALER.open(RUN, 1, bomb)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packed", [b"", b"never", zlib.compress(b"x")[:-2], zlib.compress(b"x") + b"y"])
def test_what_is_not_compressed_is_no_crash(packed):
    """Where somebody has the key and writes something else."""
    with pytest.raises(SealError):
        SEALER.open(RUN, 1, forged(packed))


def forged(packed):
    """Return a line that has a good MAC, made by somebody who has the key."""
    id_, key = next(iter(SEALER._keys.items()))
    assert isinstance(key, Fernet)
    return b"gs2:%s:%s\n" % (id_, key.encrypt(json.dumps([RUN, 1, "line", "listed"]).encode() + b"\n" + packed))
