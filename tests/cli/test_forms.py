"""`-o FILE`, `--format` and `--out`: which of them says what."""

from __future__ import annotations

import pytest

from groupsync.errors import ExitCode

STARTS = {
    ".txt": "quickstart",
    ".json": "{",
    ".md": "<!-- groupsync: quickstart",
    ".html": "<!DOCTYPE html>",
    ".sarif": "{",
}


@pytest.mark.parametrize("typed", [["plan"], ["drift"], ["apply", "--yes"], ["report", "a.plan"]], ids=" ".join)
def test_the_suffix_of_a_file_is_its_form(project, typed):
    """A page is a page without `--format`, in capitals too."""
    project("plan", "--out", "a.plan")
    for suffix in (".html", ".MD"):
        done = project(*typed, "-o", f"out{suffix}")
        assert (ExitCode.OK, "") == (done.code, done.out)
        assert project.read(f"out{suffix}").lower().startswith(STARTS[suffix.lower()].lower())


@pytest.mark.parametrize("suffix", STARTS)
def test_every_form_has_its_suffix(project, suffix):
    """What is in the file is what `--format` writes."""
    forms = {".txt": "text", ".json": "json", ".md": "markdown", ".html": "html", ".sarif": "sarif"}
    project("plan", "--out", "a.plan")
    project("report", "a.plan", "-o", f"out{suffix}")
    assert project("report", "a.plan", "--format", forms[suffix]).out == project.read(f"out{suffix}")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["plan", "-o", "json"], ["`--format json`"]),
        (["plan", "-o", "groupsync.yaml"], ["groupsync.yaml is the config", "`-o groupsync.report.txt`"]),
        (["plan", "-o", "x.yaml"], ["`--out x.plan`"]),
        (["plan", "-o", "x.plan"], ["`--out x.plan`", ".html", "--format"]),
        (["plan", "--output", "report"], [".txt, .json, .md, .html or .sarif"]),
        (["plan", "--out", "r.html"], ["`-o r.html`", "`--out r.plan`"]),
        (["undo", "last", "--out", "r.md"], ["`--out r.plan`"]),
        (["apply", "--yes", "-o", "x.plan"], ["does not say in which form"]),
        (["catalog", "-o", "c.md"], ["reads as markdown, which this command does not write", ".txt, .json or .html"]),
        (["validate", "-o", "v.html"], ["reads as html"]),
    ],
    ids=" ".join,
)
def test_a_name_that_says_no_form_is_wrong_usage(project, typed, said):
    """Nothing is written, and the option that was meant is named."""
    before = {*project.folder.rglob("*")}
    done = project(*typed)
    assert (ExitCode.USAGE, "") == (done.code, done.out)
    assert all(each in " ".join(done.err.split()) for each in said), done.err
    assert before == {*project.folder.rglob("*")}


def test_the_hints_work_when_followed(project):
    """What `-o x.plan` and `--out r.html` are told to be does what is told."""
    assert ExitCode.OK == project("plan", "--out", "x.plan").code
    assert ExitCode.OK == project("plan", "-o", "r.html").code
    assert ExitCode.OK == project("apply", "x.plan", "--yes").code


def test_format_counts_where_the_name_says_another_form(project):
    """It is said on stderr; a form that a suffix fits, and any name with `--format`, is nothing to tell of."""
    done = project("plan", "--format", "markdown", "-o", "out.html")
    assert ExitCode.OK == done.code
    assert project.read("out.html").startswith(STARTS[".md"])
    assert "out.html is written as markdown, as --format says; its name ends as that of html does." in done.err
    for form, name in (("json", "whatever"), ("sarif", "s.json"), ("github", "g.txt"), ("html", "p.html")):
        assert (ExitCode.OK, "") == ((quiet := project("plan", "--format", form, "-o", name)).code, quiet.err)


def test_catalog_goes_by_the_suffix_too(project):
    """`--html` is still there for a page on stdout or under another name."""
    at = ("--at", "2026-11-25")
    assert ExitCode.OK == project("catalog", *at, "-o", "c.html").code
    assert ExitCode.OK == project("catalog", *at, "--html", "-o", "page").code
    assert project.read("c.html") == project.read("page") == project("catalog", *at, "--html").out


def test_what_is_no_file_has_no_form(project):
    """A pipe or a terminal that is named as a file is written as stdout is."""
    done = project("plan", "-o", "/dev/stderr")
    assert (ExitCode.OK, "") == (done.code, done.out)
    assert "Plan digest" in done.err


KEPT = {
    "the config": "groupsync.yaml",
    "a definition": "groups/beta-testers.yaml",
    "a member file": "groups/members/beta.csv",
    "a base": "base.yaml",
    "a target's store": "state/groups/l.json",
    "customer data": "customers.csv",
    "an approval": "approvals/a.yaml",
    "a run": ".groupsync/runs/x.txt",
    "a link to a member file": "linked.txt",
}


@pytest.mark.parametrize("path", KEPT.values(), ids=KEPT)
@pytest.mark.parametrize(
    "typed",
    [
        ("plan", "--out"),
        ("undo", "last", "--out"),
        *(
            (*each, "--format", "json", "-o")
            for each in (("plan",), ("apply", "--yes"), ("drift",), ("report", "a.plan"), ("catalog",), ("validate",))
        ),
    ],
    ids=" ".join,
)
def test_nothing_is_written_over_files_of_the_project(quick, typed, path):
    """Wrong usage before anything is done, with a name that works."""
    quick.write("base.yaml", "version: 1\n")
    quick.write("customers.csv", "email\n")
    quick.write("state/groups/l.json", "{}\n")
    quick.write("approvals/a.yaml", "x\n")
    config = quick.read("groupsync.yaml")
    source = "sources: {crm: {plugin: ibis, path: customers.csv}}\n"
    quick.write("groupsync.yaml", f"extends: base.yaml\n{source}{config}")
    (quick.folder / "linked.txt").symlink_to("groups/members/beta.csv")
    if not (quick.folder / path).exists():
        quick.write(path, "x\n")
    before = {each: each.read_bytes() for each in quick.folder.rglob("*") if each.is_file()}
    done = quick(*typed, path)
    assert (ExitCode.USAGE, "") == (done.code, done.out), done.err
    told = " ".join(done.err.split())
    is_report = typed[-1] == "--out" and path.endswith((".txt", ".json"))
    said = (
        f"{path} is the name of a report" if is_report else f"does not write over it. Name another file: `{typed[-1]} "
    )
    assert said in told
    assert before == {each: each.read_bytes() for each in quick.folder.rglob("*") if each.is_file()}


def test_a_plan_replaces_a_plan_and_a_report_a_report(quick):
    """Again and again; what is empty, as a temporary file, is nobody's. No plan takes the place of other files."""
    quick.write("empty.plan", "")
    quick.write("notes", "mine\n")
    for _ in range(2):
        for typed in (("--out", "a.plan"), ("--out", "empty.plan"), ("-o", "r.html"), ("-o", "r.txt")):
            assert ExitCode.OK == (done := quick("plan", *typed)).code, done.err
    done = quick("plan", "--out", "notes")
    assert ExitCode.USAGE == done.code
    assert "notes is no saved plan" in done.err
    assert "`--out notes.plan`" in done.err
    assert ExitCode.USAGE == quick("plan", "--format", "text", "-o", "a.plan").code
    assert "mine\n" == quick.read("notes")
