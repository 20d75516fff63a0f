"""Member files."""

from __future__ import annotations

import csv
import gzip
import io
import os
import random
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.codes import CODES
from groupsync.errors import InvalidDefinitions
from groupsync.fmt.texts import format_member_file
from groupsync.identity import Identity
from groupsync.members.files import MAX_FILE_BYTES, MemberFiles, read_members
from groupsync.members.layout import find_delimiter
from groupsync.members.text import SHOWN_ERRORS, parse_list
from groupsync.model import Limit, MemberFile, Reading, Severity, SourceRange, criteria, digest_bytes, encode_members

AT = SourceRange("groups/beta.yaml", 4, 5)
SHEET = Path(__file__).parents[1] / "corpus" / "sheet.xlsx"
EMAIL = Identity()
ADA, GRACE = "ada@example.com", "grace@example.com"


def read(content: bytes | str, path: str = "beta.txt", column: str | None = None, identity: Identity = EMAIL):
    """Return the members and findings of a file with that content."""
    data = content.encode() if isinstance(content, str) else content
    return read_members(data, MemberFile(path, column, AT), identity)


def sheet_of(number: str) -> bytes:
    """Return a workbook with one column, `uid`, and one number in it."""
    written = io.BytesIO()
    with zipfile.ZipFile(SHEET) as before, zipfile.ZipFile(written, "w") as after:
        for part in set(before.namelist()) - {"xl/worksheets/sheet1.xml"}:
            after.writestr(part, before.read(part))
        cells = f'<row r="1"><c r="A1" t="str"><v>uid</v></c></row><row r="2"><c r="A2"><v>{number}</v></c></row>'
        names = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        content = f'<worksheet xmlns="{names}"><sheetData>{cells}</sheetData></worksheet>'
        after.writestr("xl/worksheets/sheet1.xml", content)
    return written.getvalue()


def places(diagnostics):
    """Return code and place of each finding, in order."""
    assert all(found.code in CODES and found.summary and "\n" not in found.summary for found in diagnostics)
    return [(found.code, str(found.subject)) for found in diagnostics]


@pytest.mark.parametrize(
    "text",
    [
        f"{ADA}\n{GRACE}\n",
        f"{ADA}\r\n{GRACE}",
        f"{ADA}\r{GRACE}\r",
        f"\ufeff{ADA}\n\n  {GRACE}  \n",
        f"{ADA}, {GRACE}",
        f"{ADA};{GRACE};\n",
        f"{ADA} {GRACE}",
        f"Ada@Example.com\t{GRACE}",
        f"# people\n{ADA}  # the first\n#lovelace@example.com\n{GRACE}\n",
        f"{ADA},\n{GRACE},\n",
    ],
)
def test_a_list_is_read_however_it_was_pasted(text):
    """White space, commas, semicolons and line breaks separate; comments and blank lines don't count."""
    assert (frozenset({ADA, GRACE}), []) == read(text)


def test_an_empty_list_has_no_members():
    """A file with nothing in it says: nobody."""
    assert (frozenset(), []) == read("# nobody yet\n")


@pytest.mark.parametrize("cell", [f"# {ADA}", f"#{ADA} left"])
def test_a_table_has_no_comments(cell):
    """A list has, and its hint says where they start."""
    [found] = read(f"email\n{GRACE}\n{cell}\n", "beta.csv")[1]
    assert ("GS307", True) == (found.code, found.hint.startswith("A table has no comments."))


def test_a_hash_inside_an_address_begins_no_comment():
    """`#` is a character that local parts may have."""
    assert (frozenset({"ada#1@example.com"}), []) == read("ada#1@example.com\n")


def test_every_bad_address_is_told_with_line_and_column():
    """All errors of a file come at once, each at its place."""
    members, found = read(f"{ADA}\nnobody\n{GRACE}, a@b, x y@@example.com\n")
    assert {ADA, GRACE} == members
    assert [("GS307", "beta.txt:2:1"), ("GS307", "beta.txt:3:20"), ("GS307", "beta.txt:3:25"),
            ("GS307", "beta.txt:3:27")] == places(found)  # fmt: skip
    assert "`nobody` is not an address" == found[0].summary
    assert all(each.detail and each.hint for each in found)


@pytest.mark.parametrize(
    "line",
    [
        "Ada Lovelace <ada@example.com>",
        '  "Lovelace, Ada" <ada@example.com>,',
        "Lovelace, Ada <ada@example.com>;",
        "<ada@example.com>",
        "ADA@example.com <ada@example.com>",
        "'Ada' < mailto:ada@example.com >",
        "mailto:ada@example.com",
        "MAILTO:ada@example.com;",
        "'ada@example.com'",
        '"ada@example.com",',
        "To: Ada <ada@example.com>  # the first",
    ],
)
def test_what_mail_programs_write_around_an_address_is_no_part_of_it(line):
    """A pasted list is read where it has one meaning, with places of the addresses, and `fmt` writes it plainly."""
    text = f"{GRACE}\n{line}\n"
    assert (frozenset({ADA, GRACE}), []) == read(text)
    assert ADA == text.split("\n")[1][parse_list(text, "beta.txt").places([1])[0][1] - 1 :][: len(ADA)].lower()
    found = format_member_file(text.encode(), "beta.txt", EMAIL).data.decode()
    assert {"", ADA, GRACE} == {each.split("  #")[0].split(" #")[0].rstrip(",;") for each in found.split("\n")}
    assert found == format_member_file(found.encode(), "beta.txt", EMAIL).data.decode()


@pytest.mark.parametrize(
    ("line", "at", "words"),
    [
        ("eve@example.com Ada <ada@example.com>", 1, "more than an address"),
        ('"eve@example.com" <ada@example.com>', 1, "more than an address"),
        ("Ada <ada>", 1, "more than an address"),
        ("Ada <>", 1, "more than an address"),
        ("bob, Ada <ada@example.com>", 1, "`bob` is not an address"),
        ("'ada@example.com", 1, "not an address"),
        ("mailto:ada@example.com?subject=Hello", 8, "not an address"),
    ],
)
def test_what_may_mean_two_things_is_an_error(line, at, words):
    """A pasted list is never read by a guess."""
    _, found = read(f"x@example.com\n{line}\n", identity=Identity(unusual="refuse"))
    assert ("GS307", f"beta.txt:2:{at}") == places(found)[0]
    assert words in found[0].summary


def test_what_is_pasted_is_not_edited():
    """Taking somebody out of a pasted line by hand of a program would leave their name: `fmt` comes first."""
    from groupsync.edits.files import remove_lines
    from groupsync.edits.text import CannotEdit

    with pytest.raises(CannotEdit, match="groupsync fmt"):
        remove_lines(f"Ada <{ADA}>; Grace <{GRACE}>\n".encode(), MemberFile("beta.txt", None, AT), ADA, EMAIL)


def test_a_header_in_a_list_is_explained():
    """The first line of an exported column is no address, and the hint knows why it is there."""
    _, found = read(f"Email\n{ADA}\n")
    assert "header" in found[0].hint


def test_errors_are_bounded():
    """A wrong file gives a hundred errors and a count, not a million."""
    _, found = read("\n".join(f"nobody{n}" for n in range(SHOWN_ERRORS + 23)))
    assert len(found) == SHOWN_ERRORS + 1
    assert "23 more entries are not addresses" == found[-1].summary
    assert ("GS307", f"beta.txt:{SHOWN_ERRORS + 1}:1") == places(found)[-1]
    _, found = read("\n".join(f"nobody{n}" for n in range(50_000)))
    assert "At least 900 more entries are not addresses" == found[-1].summary
    assert len(found) == SHOWN_ERRORS + 1


def test_names_before_addresses_are_bounded_too():
    """A pasted address book gives a hundred errors and a count."""
    _, found = read("\n".join(f"Ada <ada{n}>" for n in range(SHOWN_ERRORS + 5)))
    assert "5 more entries have names or angle brackets" == found[-1].summary
    assert len(found) == SHOWN_ERRORS + 1


def test_doubles_are_warnings_that_name_both_lines():
    """Who is listed twice, in whatever spelling, is a member once, and both lines are told."""
    members, found = read(f"{ADA}\n{GRACE}\n  Ada@Example.com\n")
    assert {ADA, GRACE} == members
    assert [("GS308", "beta.txt:3:3")] == places(found)
    assert (Severity.WARNING, (SourceRange("beta.txt", 1, 1),)) == (found[0].severity, found[0].related)
    assert "Line 1" in found[0].detail
    assert "line 3" in found[0].detail


def test_doubles_are_bounded():
    """Twenty doubles are shown, the rest is counted."""
    _, found = read("\n".join([ADA] * 31))
    assert 21 == len(found)
    assert "10 more entries are listed twice" == found[-1].summary


@given(text=st.text('ab@.#,; \n\t<>"\u00a0é', max_size=60))
def test_the_places_of_a_list_are_where_its_values_are(text):
    """Line and column of each entry lead to its first character."""
    entries = parse_list(text, "beta.txt")
    lines = text.split("\n")
    for value, (line, column) in zip(entries.values, entries.places(range(len(entries.values))), strict=True):
        assert lines[line - 1][column - 1 :].startswith(value)


def test_reading_angle_brackets_takes_linear_time():
    """A long line of brackets, quotes and commas is read like any other."""
    _, found = read('"a, <' * 50_000 + " <x>" * 20_000)
    assert found


# --- Encoding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code", "at", "words"),
    [
        (b"ada@example.com\nx, jos\xe9@example.com\n", "GS303", "2:7", "0xE9"),
        (b"ada@example.com\r\xff", "GS303", "2:1", "0xFF"),
        ("ada@example.com\n".encode("utf-16"), "GS303", "1:1", "UTF-16"),
        ("ada@example.com\n".encode("utf-16-le"), "GS303", "1:2", "NUL"),
        ("é ada@example.com\n".encode("utf-16-be"), "GS303", "1:2", "0xE9"),
        (b"ada@example.com\ngr\0ace@example.com", "GS304", "2:3", "U+0000"),
        (b"ada@example.com\x1b[31m", "GS304", "1:16", "U+001B"),
    ],
)
@pytest.mark.parametrize("path", ["beta.txt", "beta.csv"])
def test_other_encodings_and_control_characters_are_refused(data, code, at, words, path):
    """The first bad byte is told by line and column; an encoding is named where the file itself says it."""
    members, found = read(data, path)
    assert frozenset() == members
    assert [(code, f"{path}:{at}")] == places(found)
    assert words in f"{found[0].summary} {found[0].detail}"
    names_one = data.startswith(b"\xff\xfe")
    assert names_one == ("`encoding: utf-16`" in found[0].hint) == ("UTF-16" in found[0].detail)


# --- Tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("header", [True, False])
def test_the_delimiter_and_the_header_are_found(delimiter, header):
    """Whatever the cells are separated by, with or without names, the column with addresses is read."""
    rows = [["name", "e-mail", "spent"]] * header + [["Ada", ADA, "1"], ["Grace", GRACE, "2"]]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert (frozenset({ADA, GRACE}), []) == read(text, "beta.csv")


def test_a_spreadsheets_separator_line_is_understood():
    """Excel's `sep=;` decides, and is no row."""
    assert (frozenset({ADA}), []) == read(f"sep=;\r\nemail;note\r\n{ADA};a, b, c\r\n", "beta.csv")


@pytest.mark.parametrize("text", ["sep=", "sep=x\n", "sep=;", "sep=;\n\n", ",", "\n,\n", ";;\n;;"])
def test_tables_with_nothing_in_them_have_no_members(text):
    """A start that looks like something and isn't raises nothing."""
    assert frozenset() == read(text, "beta.csv")[0]


def test_decimal_commas_do_not_win_over_semicolons():
    """A delimiter stands in each row equally often."""
    assert ";" == find_delimiter("email;spent\na@example.com;1,50\nb@example.com;2\n", EMAIL)


def test_a_bar_in_an_address_separates_nothing():
    """An address is one cell even where it has a character that could be a delimiter."""
    assert (frozenset({"a|b@example.com"}), []) == read("a|b@example.com\n", "beta.csv")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (f"email\n{ADA}\n", None),
        (f"{ADA}\n", None),
        (f"contact,id\n{ADA},1\n", "Contact"),
        (f"\ufeffid,EMAIL,manager\n1,{ADA},{GRACE}\n", None),
        (f"address,e-mail\n1 Main St,{ADA}\n", None),
        (f'name,email\n"Lovelace, Ada",{ADA}\n', "email"),
        (f'note,email\n"two\nlines, and ""quotes""",{ADA}\n\n  \n,\n', "email"),
        (f'"email", "name"\n"{ADA}", "Ada"\n', None),
        (f"\nemail,name\n\n{ADA},Ada\n", None),
        (f"email,name\n{ADA},Ada,,\n", None),
        (f"email,Email,email2\n{ADA},{GRACE},x@example.com\n", "email"),
    ],
)
def test_the_column_that_is_meant_is_read(text, column):
    """Named, the only one, called e-mail, or the only one with addresses."""
    assert (frozenset({ADA}), []) == read(text, "beta.csv", column)


def test_tsv_is_separated_by_tabs_whatever_else_is_in_it():
    """The ending says it."""
    assert (frozenset({ADA}), []) == read(f"a,b,c\temail\n1,2,3\t{ADA}\n", "beta.tsv")


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        (f"name,email\nAda,{ADA}\n", "e-mial", "Did you mean `email`?"),
        (f"name,email\nAda,{ADA}\n", "zzz", "`name`, `email`"),
        (f"{ADA},Ada\n", "email", "has no header"),
        (f"email,Email\n{ADA},x\n", "EMAIL", "several columns"),
        ("", "email", "is empty"),
        (f"billing,shipping\n{ADA},{GRACE}\n", None, "`billing`, `shipping`"),
        (f"{ADA},{GRACE}\n", None, f"{ADA} | {GRACE}"),
        ("name,phone\nAda,1\n", None, "none of them"),
    ],
)
def test_an_unclear_column_is_an_error_where_the_file_is_named(text, column, words):
    """Nobody becomes a member by a guess: the columns are listed."""
    members, found = read(text, "beta.csv", column)
    assert frozenset() == members
    assert [("GS311", str(AT))] == places(found)
    assert words in " ".join([found[0].summary, found[0].detail, found[0].hint])


def test_a_header_that_could_be_a_bad_address_is_warned_about():
    """A first row without an @ is taken for a header, but not in silence."""
    members, found = read(f"adaexample.com\n{GRACE}\n", "beta.csv")
    assert {GRACE} == members
    assert [("GS312", str(AT))] == places(found)
    assert Severity.WARNING == found[0].severity


def test_a_first_row_with_an_at_sign_is_no_header():
    """A bad address in the first row is an error, not a header."""
    _, found = read(f"ada@@example.com\n{GRACE}\n", "beta.csv")
    assert [("GS307", "beta.csv:1:1")] == places(found)


def test_errors_in_a_table_have_their_line_and_column():
    """Line breaks inside quotes, blank lines and quoted cells don't shift the place."""
    text = f'name,email\n"a\nb", nobody\n\n"x, y","also nobody"\nAda,{ADA}\nB,{ADA}\n'
    members, found = read(text, "beta.csv")
    assert {ADA} == members
    assert [("GS307", "beta.csv:3:5"), ("GS307", "beta.csv:5:9"), ("GS308", "beta.csv:7:3")] == places(found)
    assert (SourceRange("beta.csv", 6, 5),) == found[2].related


def test_rows_that_do_not_fit_are_errors_with_their_line():
    """A short row, a row with a delimiter too many and an empty cell are told, never skipped."""
    text = f"name,email\nAda\nLovelace, Ada,{ADA}\nAda,\nGrace,{GRACE}\n"
    members, found = read(text, "beta.csv")
    assert {GRACE} == members
    assert [("GS310", "beta.csv:2"), ("GS310", "beta.csv:3"), ("GS310", "beta.csv:4")] == places(found)


def test_row_errors_are_bounded():
    """A hundred rows are told, the rest is counted."""
    _, found = read("name,email\n" + "x\n" * (SHOWN_ERRORS + 7), "beta.csv")
    assert SHOWN_ERRORS + 1 == len(found)
    assert "7 more rows can't be read" == found[-1].summary


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        (f'name,email\nAda,{ADA}\n "Grace,{GRACE}\nx,y\n', "3:2", "never closed"),
        (f'name,email\n"Ada" L,{ADA}\n', "2:6", "goes on"),
        (f'name,email\nx,"{"y" * 200_000}"\n', "2", "more than"),
        (f'name,email\nAda,"{ADA}', "2:5", "never closed"),
        (f'name,email\n"Ada\nx,"Grace",\n{GRACE}\n', "3:4", "goes on"),
    ],
)
def test_broken_quotes_are_told_where_they_break(text, at, words):
    """A quote that is not closed makes no members out of what follows."""
    members, found = read(text, "beta.csv")
    assert frozenset() == members
    assert [("GS309", f"beta.csv:{at}")] == places(found)
    assert words in found[0].summary


CELLS = st.text('ab ,;|"\n\t', max_size=8)


@given(
    rows=st.lists(st.tuples(CELLS, st.integers(0, 30), CELLS), min_size=1, max_size=8),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_wrote_is_read(rows, delimiter, quoting, line_end):
    """With a named column, any content of the others is read over; places lead to the cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerow(["before it", "e-mail", "after it"])
    writer.writerows([f"{a}x", f"user{n}@example.com", b] for a, n, b in rows)
    text = f"sep={delimiter}\n{stream.getvalue()}"
    members, found = read(text, "beta.csv", "e-mail")
    assert {f"user{n}@example.com" for _, n, _ in rows} == members
    lines = text.replace("\r\n", "\n").split("\n")
    for each in found:
        assert "GS308" == each.code
        for place in (each.subject, *each.related):
            assert lines[place.line - 1][place.column - 1 :].startswith("user")


@given(data=st.binary(max_size=80) | st.text('ab@.,;|"\n\r\t#<> é\x00', max_size=80).map(str.encode),
       path=st.sampled_from(["a.txt", "a.csv", "a.tsv"]), column=st.sampled_from([None, "b"]),
       identity=st.sampled_from([EMAIL, Identity("id"), Identity("email", "preserve")]))  # fmt: skip
def test_any_bytes_give_members_or_findings_with_a_place(data, path, column, identity):
    """Nothing that a file may hold raises anything, and every finding says where."""
    members, found = read(data, path, column, identity)
    assert all(identity.canonical(member) == member for member in members)
    for each in found:
        assert each.code in CODES
        assert each.subject is not None
        assert each.subject.path in (path, AT.path)


def test_identifiers_other_than_addresses():
    """With `type: id` a word is a member, and a header is known by its name or by the config."""
    identity = Identity("id")
    assert (frozenset({"u1", "u2"}), []) == read("U1\nu2\n", identity=identity)
    assert (frozenset({"u1", "u2"}), []) == read("u1\nu2\n", "beta.csv", identity=identity)
    assert (frozenset({"u1"}), []) == read("name,user_id\nAda,u1\n", "beta.csv", identity=identity)
    assert (frozenset({"u1"}), []) == read("name,key\nAda,u1\n", "beta.csv", "key", identity=identity)
    assert ["GS311"] == [found.code for found in read("Ada,u1\n", "beta.csv", identity=identity)[1]]


@pytest.mark.parametrize(("path", "column"), [("beta.ods", None), ("beta", None), ("beta.txt", "email")])
def test_files_of_another_kind_are_refused(path, column):
    """The ending says how a file is read; a list has no columns."""
    assert [("GS306", str(AT))] == places(read(f"{ADA}\n", path, column)[1])


# --- Reading ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def findings():
    """Collect what is reported."""
    return []


@pytest.fixture
def files(tmp_path, findings):
    """Read member files of a project in `tmp_path / project`."""
    (tmp_path / "project").mkdir()
    return MemberFiles(tmp_path / "project", EMAIL, findings.append)


def test_loading_is_lazy_and_reports_each_finding_once(tmp_path, files, findings):
    """A file is read when somebody asks; reading it again says nothing new."""
    members = files.members(MemberFile("beta.txt", None, AT))
    (tmp_path / "project/beta.txt").write_text(f"{ADA}\n{ADA}\n")
    assert [frozenset({ADA})] * 2 == [members.load(), members.load()]
    assert ["GS308"] == [found.code for found in findings]


def test_errors_are_reported_once_and_raised_each_time(tmp_path, files, findings):
    """A file with errors never gives members."""
    (tmp_path / "project/beta.txt").write_text(f"{ADA}\nnobody\n")
    members = files.members(MemberFile("beta.txt", None, AT))
    for _ in range(2):
        with pytest.raises(InvalidDefinitions) as caught:
            members.load()
        assert findings == list(caught.value.diagnostics)
    assert ["GS307"] == [found.code for found in findings]


def test_a_canonical_list_is_its_own_digest(tmp_path, files):
    """The raw bytes of a file that `fmt` would not change hash to the digest of its members."""
    file = MemberFile("beta.txt", None, AT)
    (tmp_path / "project/beta.txt").write_bytes(encode_members([ADA, GRACE]))
    members = files.members(file)
    assert members.raw is not None
    assert files.members(file).digest == digest_bytes(members.raw()) == files.digest(file)


@pytest.mark.parametrize("text", [f"#{ADA}\n{GRACE}\n", f"{ADA}\n#{GRACE}\n", f"{ADA},{GRACE}\n", f"#{ADA}\n"])
def test_raw_never_passes_off_a_comment_as_a_member(tmp_path, files, text):
    """Where the bytes could be taken for other members than those listed, `raw` gives the canonical text instead."""
    (tmp_path / "project/beta.txt").write_text(text)
    members = files.members(MemberFile("beta.txt", None, AT))
    assert members.raw is not None
    assert encode_members(members.load()) == members.raw()


MEMBER = st.emails() | st.text("ab#,;<>@.é", min_size=1, max_size=8)


@given(written=st.lists(MEMBER, max_size=6), identity=st.sampled_from([EMAIL, Identity("id")]))
def test_raw_text_in_canonical_form_is_the_membership(tmp_path_factory, written, identity):
    """Whoever finds `raw` canonical may take its lines for the members, whatever characters they have."""
    root = tmp_path_factory.mktemp("project")
    (root / "beta.txt").write_bytes(encode_members(written))
    members = MemberFiles(root, identity, lambda _: None).members(MemberFile("beta.txt", None, AT))
    assert members.raw is not None
    try:
        loaded = encode_members(members.load())
    except InvalidDefinitions:
        return
    found = members.raw()
    lines = found.decode().split("\n")[:-1]
    is_canonical = found == encode_members(lines) and all(line == identity.canonical(line) for line in lines)
    assert not is_canonical or found == loaded


def test_tables_and_columns_have_no_raw_text(files):
    """Only a bare list can be compared as it is."""
    assert files.members(MemberFile("beta.csv", None, AT)).raw is None


def test_the_digest_covers_the_bytes(tmp_path, files):
    """A definition digest moves with every byte, whether or not it is a member."""
    (tmp_path / "project/beta.csv").write_bytes(b"\xff,#")
    assert digest_bytes(b"\xff,#") == files.digest(MemberFile("beta.csv", None, AT))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("beta.txt", f"# people\n{GRACE}\nADA@Example.com {ADA}\n", "beta.txt:3:1"),
        ("beta.csv", f'name,email\n"Ada\nL",{ADA.upper()}\n', "beta.csv:3:4"),
        ("beta.txt", f"{GRACE}\n", "None"),
    ],
)
def test_the_place_of_a_member_is_found_by_any_spelling(tmp_path, files, name, content, expected):
    """Line and column where a file first lists them; None where it does not."""
    (tmp_path / "project" / name).write_text(content, "utf-8")

    assert expected == str(files.place_of(MemberFile(name, None, AT), ADA))


def test_a_file_that_changes_during_a_run_is_an_error(tmp_path, files, findings):
    """What was planned from one version is never carried out from another."""
    path = tmp_path / "project/beta.txt"
    path.write_text(f"{ADA}\n")
    members = files.members(MemberFile("beta.txt", None, AT))
    members.load()
    path.write_text(f"{GRACE}\n{ADA}\n")
    with pytest.raises(InvalidDefinitions):
        members.load()
    assert ["changed" in found.summary for found in findings] == [True]


def test_what_can_not_be_read_is_an_error_where_it_is_named(tmp_path, files, findings):
    """A vanished file, a folder, a pipe, a dangling link, a way out of the project: named, and never empty."""
    project = tmp_path / "project"
    (tmp_path / "outside.txt").write_text(ADA)
    (project / "folder.txt").mkdir()
    (project / "beta.txt").write_text(ADA)
    (project / "link.txt").symlink_to(tmp_path / "outside.txt")
    (project / "dangling.txt").symlink_to("nowhere.txt")
    (project / "loop.txt").symlink_to("loop.txt")
    os.mkfifo(project / "pipe.txt")
    for path in ["bata.txt", "no/such.txt", "folder.txt", "link.txt", "../outside.txt", "dangling.txt", "loop.txt",
                 "pipe.txt", "beta.txt/x.txt", "nul\0.txt", "x" * 300 + ".txt"]:  # fmt: skip
        file = MemberFile(path, None, AT)
        with pytest.raises(InvalidDefinitions):
            files.members(file).load()
        with pytest.raises(InvalidDefinitions):
            files.digest(file)
    assert ["GS301"] * 3 + ["GS302"] * 2 + ["GS301"] * 6 == [found.code for found in findings]
    assert all(found.subject == AT for found in findings)
    assert "Did you mean `beta.txt`?" == findings[0].hint


def test_a_file_beyond_the_bound_is_not_read(tmp_path, files, findings):
    """A file that nobody can have meant is refused by its size alone."""
    with (tmp_path / "project/beta.txt").open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(InvalidDefinitions):
        files.members(MemberFile("beta.txt", None, AT)).load()
    assert [("GS305", str(AT))] == places(findings)


def test_order_of_lines_never_matters(tmp_path):
    """The same people in any order are the same members."""
    lines = [f"user{n}@example.com" for n in range(500)]
    shuffled = random.Random(1).sample(lines, len(lines))
    assert read("\n".join(lines))[0] == read("\n".join(shuffled))[0]


def test_a_list_that_was_emptied_is_told_wherever_it_is_read(tmp_path, files, findings):
    """Whoever only compares bytes is told, too, that a file lists nobody."""
    (tmp_path / "project/beta.txt").write_bytes(b"")
    members = files.members(MemberFile("beta.txt", None, AT))
    assert members.raw is not None
    assert b"" == members.raw()
    assert [("GS314", "beta.txt:1:1")] == places(findings)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (f"Beta programme\n\nname,email\nAda,{ADA}\n", None),
        (f"Beta programme,\n\nname,email\nAda,{ADA}\n", None),
        (f"Beta programme\n\nname,email\nAda,{ADA}\n", "email"),
        (f"Beta programme\n\nname;email\nAda;{ADA}\n", "email"),
    ],
)
def test_a_header_below_titles_is_hinted_at(text, column):
    """Whoever exports a sheet with a title is told the line to name, and naming it helps."""
    found = read(text, "beta.csv", column)[1]
    assert ["`header_row: 3`" in each.hint for each in found if each.code in {"GS311", "GS312"}] == [True]
    file = MemberFile("beta.csv", column, AT, Reading(header_row=3))
    assert (frozenset({ADA}), []) == read_members(text.encode(), file, EMAIL)


@pytest.mark.parametrize(
    ("text", "column", "row", "place"),
    [
        (f"email\n{ADA}\nemail\n{GRACE}\n", None, 3, "beta.csv:2"),
        (f"email\n{ADA}\nemail\n{GRACE}\n", "email", 3, "beta.csv:2"),
        (f"{ADA};Ada\nname,email\nBob,{GRACE}\n", "email", 2, "beta.csv:1"),
        (f"{ADA}\n{GRACE}\n", None, 1, "beta.csv:1"),
        (f"Ada,{ADA}\nBob,{GRACE}\n", 2, 1, "beta.csv:1"),
        (f"{ADA}\n{GRACE}\n", ADA, None, "beta.csv:1"),
    ],
)
def test_nobody_is_lost_above_the_rows(text, column, row, place):
    """An address in the header or above it is an error that says which line has it."""
    file = MemberFile("beta.csv", column, AT, Reading(header_row=row) if row else None)
    members, found = read_members(text.encode(), file, EMAIL)
    assert (frozenset(), [("GS320", place)]) == (members, [(each.code, str(each.subject)) for each in found])
    assert ADA in found[0].detail


def test_titles_and_other_columns_may_name_somebody():
    """A sentence above is no row, and a column that is not meant may be called as somebody is."""
    text = f"Made by {ADA} today\n{{}},{ADA}\n{GRACE},3\n"
    for name in ("email", "customer"):
        file = MemberFile("beta.csv", name, AT, Reading(header_row=2))
        members, found = read_members(text.format(name).encode(), file, EMAIL)
        assert (frozenset({GRACE}), []) == (members, [each for each in found if each.severity is Severity.ERROR])


@pytest.mark.parametrize(
    "content", [f"josé,{ADA}\n".encode("cp1252"), f"{ADA}\n".encode("utf-16"), f"{ADA}\n".encode("utf-16-be")]
)
def test_the_place_of_an_encoding_in_the_definition_is_told(content):
    """The hint says where it goes, and a name that is known is in it."""
    assert "encoding:" in read(content, "beta.csv")[1][0].hint


def test_a_status_column_is_told_with_what_to_write():
    """The hint has a value that is there, and followed it silences the warning."""
    text = f"email,account status\n{ADA},active\n{GRACE},gone\n"
    [found] = read(text, "beta.csv")[1]
    assert "`where: {account status: active}`" in found.hint
    assert "`active`, `gone`" in found.detail
    where = criteria.Test("account status", criteria.Operator.EQ, "active", AT)
    file = MemberFile("beta.csv", None, AT, Reading(where=where))
    assert (frozenset({ADA}), []) == read_members(text.encode(), file, EMAIL)


def test_a_file_is_digested_for_each_way_of_reading_it(tmp_path, files):
    """Two entries that choose other rows are two entries, and so are they for the definition's digest."""
    (tmp_path / "project/beta.csv").write_text(f"email,status\n{ADA},active\n{GRACE},gone\n")
    chosen = [
        MemberFile("beta.csv", None, AT, Reading(where=criteria.Test("status", criteria.Operator.EQ, value, AT)))
        for value in ("active", "gone")
    ]
    assert [{ADA}, {GRACE}] == [files.members(each).load() for each in chosen]
    assert 3 == len({each.key for each in (*chosen, MemberFile("beta.csv", None, AT))})


def test_what_is_no_plain_text_is_not_edited():
    """Nobody is taken out of a packed file or a workbook by writing text into it."""
    from groupsync.edits.files import remove_lines
    from groupsync.edits.text import CannotEdit

    for path in ("beta.csv.gz", "beta.xlsx"):
        with pytest.raises(CannotEdit, match="packed"):
            remove_lines(b"", MemberFile(path, None, AT), ADA, EMAIL)


def test_a_packed_file_is_bounded(monkeypatch):
    """What is small when packed and huge when not is refused before it is held."""
    monkeypatch.setattr("groupsync.members.packed.MAX_UNPACKED_BYTES", 1_000)
    [found] = read(gzip.compress(b"\n" * 5_000), "beta.txt.gz")[1]
    assert ("GS305", "beta.txt.gz:1:1") == (found.code, str(found.subject))


def test_a_workbook_is_bounded(monkeypatch):
    """What its parts say that they have unpacked is looked at before they are unpacked."""
    monkeypatch.setattr("groupsync.members.workbooks.MAX_UNPACKED_BYTES", 1_000)
    [found] = read(SHEET.read_bytes(), "beta.xlsx")[1]
    assert ("GS305", "beta.xlsx:1:1") == (found.code, str(found.subject))


@pytest.mark.parametrize(
    ("number", "written"),
    [("12345678901", "12345678901"), ("9007199254740991", "9007199254740991"), ("9007199254740993", "")],
)
def test_a_number_of_a_sheet_is_an_id_where_all_its_digits_are_kept(number, written):
    """A sheet holds whole numbers exactly below 2^53; beyond that they are not believed."""
    ids = Identity(type="id", case="preserve", unusual="refuse")
    members, found = read(sheet_of(number), "beta.xlsx", identity=ids)
    assert ({written} if written else set(), 0 if written else 1) == (members, len(found))
    assert all("digits are lost" in each.detail for each in found)


def test_a_workbook_that_is_read_by_one_reader_alone_is_no_traceback():
    """A part whose name is no UTF-8, though it says so, stops Python's reader of archives and no other."""
    written = io.BytesIO(SHEET.read_bytes())
    with zipfile.ZipFile(written, "a") as archive:
        archive.writestr("\u00e9\u00e9.bin", b"")
    members, found = read(written.getvalue().replace(b"\xc3\xa9\xc3\xa9.bin", b"\xff\xff\xff\xff.bin"), "beta.xlsx")
    assert members or {"GS306"} == {each.code for each in found}


def test_a_workbook_without_its_reader_says_what_to_install(monkeypatch):
    """The error has the command, and the way without it."""
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    [found] = read(b"PK\x03\x04", "beta.xlsx")[1]
    assert ("GS306", str(AT)) == (found.code, str(found.subject))
    assert "pip install 'groupsync[excel]'" in found.hint


def test_rows_are_left_out_to_the_limit_and_told():
    """The warning counts them with their places; one more is an error that says how many are too many."""
    text = "email\n" + "".join(f"p{n}@example.com\n" for n in range(18)) + "nobody\nno one\n"
    file = MemberFile("beta.csv", None, AT, Reading(skip=Limit(percent=10)))
    members, [told] = read_members(text.encode(), file, EMAIL)
    assert 18 == len(members)
    assert (Severity.WARNING, "2 rows of 20 of `beta.csv` are left out") == (told.severity, told.summary)
    assert "beta.csv:20:1" in told.detail
    assert "beta.csv:21:1" in told.detail
    found = read_members(f"{text}nobody\n".encode(), file, EMAIL)[1]
    assert "3 rows of 21 can't be read, more than `on_bad_row` lets be left out" == found[-1].summary
    assert all(each.severity is Severity.ERROR for each in found)


def test_however_many_rows_are_bad_all_others_are_read():
    """Looking does not stop at a thousand mistakes where they may be left out."""
    text = "email\n" + "nobody\n" * 1_500 + "".join(f"p{n}@example.com\n" for n in range(3_000))
    file = MemberFile("beta.csv", None, AT, Reading(skip=Limit(percent=50)))
    members, [told] = read_members(text.encode(), file, EMAIL)
    assert 3_000 == len(members)
    assert told.summary.startswith("1,500 rows of 4,500")
    assert "and 1,480 more" in told.detail


def test_a_file_with_bad_rows_is_not_edited():
    """What would not be read again is not written."""
    from groupsync.edits.files import remove_lines
    from groupsync.edits.text import CannotEdit

    with pytest.raises(CannotEdit, match="on_bad_row"):
        remove_lines(f"{ADA}\n".encode(), MemberFile("beta.txt", None, AT, Reading(skip=Limit(count=1))), ADA, EMAIL)
