"""What `make servers` finds and installs of the system's own packages, where the system's programs are stand-ins."""

from __future__ import annotations

import os

import pytest

from tests.servers import system

APT = """\
[ -x "$POLICY" ] && "$POLICY"
echo "$? $*" >> "$LOG"
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Give a machine with shells, without PostgreSQL, Java and Chromium, and a function that adds a program to it."""
    for name in ("POLICY", "NO_CLUSTER", "HOMES"):
        monkeypatch.setattr(system, name, tmp_path / name)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("POLICY", str(tmp_path / "POLICY"))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))

    def add(name, script):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    for shell in system.SHELLS:
        add(shell, "")
    return add


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_402"', 1),
        ("none of the kind", None),
    ],
)
def test_the_version_of_java_is_what_it_says(machine, told, version):
    """It says so on standard error."""
    machine("java", f"echo '{told}' >&2")
    assert version == system.java_version()


def test_the_java_of_java_home_comes_first(machine, tmp_path, monkeypatch):
    """As it does for Spark."""
    machine("java", "echo 'openjdk version \"11.0.2\"' >&2")
    machine("home/bin/java", "echo 'openjdk version \"17.0.2\"' >&2")
    assert 11 == system.java_version()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert 17 == system.java_version()


def test_the_newest_postgresql_is_taken(machine):
    """By number, not by text; one that is on the path counts where Debian's folders have none."""
    on_path = machine("initdb", "")
    assert on_path.parent == system.postgresql_programs()
    machine("HOMES/9/bin/initdb", "")
    newest = machine("HOMES/15/bin/initdb", "")
    assert newest.parent == system.postgresql_programs()


def test_what_is_made_of_chromium_counts_as_chromium(machine):
    """Elsewhere than on Debian it has other names."""
    assert system.chromium_program() is None
    assert str(machine("google-chrome", "")) == system.chromium_program()
    assert str(machine("chromium", "")) == system.chromium_program()


def test_root_installs_what_is_missing_and_nothing_starts(machine, tmp_path, monkeypatch, capfd):
    """While packages are installed, services are forbidden to start; afterwards all is as it was."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine("apt-get", APT)
    machine("HOMES/15/bin/initdb", "")
    system.main()
    update, install = (tmp_path / "log").read_text().splitlines()
    assert update.startswith("101 ")
    assert update.endswith(" update")
    assert install.startswith("101 ")
    assert install.endswith(" install --no-install-recommends openjdk-17-jre-headless chromium")
    assert not (tmp_path / "POLICY").exists()
    assert not (tmp_path / "NO_CLUSTER").exists()
    assert "java is missing" in capfd.readouterr().out  # the stand-in installs nothing


def test_a_policy_that_is_there_already_stays(machine, tmp_path, monkeypatch):
    """It is the machine's own."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine("apt-get", APT)
    policy = machine("POLICY", "exit 104")
    system.main()
    assert (tmp_path / "log").read_text().startswith("104 ")
    assert "#!/bin/sh\nexit 104\n" == policy.read_text()


def test_nothing_is_installed_where_all_is_there(machine, tmp_path, monkeypatch, capfd):
    """Nor is anything said."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine("apt-get", APT)
    machine("initdb", "")
    machine("java", "echo 'openjdk version \"17.0.15\"' >&2")
    machine("chromium", "")
    system.main()
    assert not (tmp_path / "log").exists()
    assert ("", "") == capfd.readouterr()


def test_elsewhere_it_says_what_to_install_and_goes_on(machine, tmp_path, monkeypatch, capfd):
    """Nobody's laptop is changed."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    machine("apt-get", APT)
    system.main()
    assert not (tmp_path / "log").exists()
    told = "{} is missing, so tests that need it are left out: install {} (Debian's name)\n"
    there = {*system.SHELLS}
    expected = "".join(told.format(name, package) for name, package in system.PACKAGES.items() if name not in there)
    assert (expected, "") == capfd.readouterr()


def test_root_goes_on_where_a_package_cannot_be_had(machine, monkeypatch, capfd):
    """The tests name what they leave out."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine("apt-get", "echo no such package >&2; exit 100")
    system.main()
    out, err = capfd.readouterr()
    assert "no such package\n" == err
    assert "postgresql is missing" in out


def test_shells_are_installed_where_they_are_missing(machine, tmp_path, monkeypatch, capfd):
    """Completion is tried in each of them."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine("apt-get", APT)
    machine("initdb", "")
    machine("java", "echo 'openjdk version \"17.0.15\"' >&2")
    machine("chromium", "")
    (tmp_path / "fish").unlink()
    system.main()
    assert (tmp_path / "log").read_text().endswith(" install --no-install-recommends fish\n")
    assert "fish is missing" in capfd.readouterr().out
