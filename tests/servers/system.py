"""What tests need of the system itself: PostgreSQL's programs, Java for Spark, Chromium for pages, shells.

`make servers` runs this file. As root or in CI it installs what is missing from Debian's packages; elsewhere it says
what to install, and goes on. Alone, since it runs under any Python.
"""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

HOMES = Path("/usr/lib/postgresql")
POLICY = Path("/usr/sbin/policy-rc.d")
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/groupsync.conf")
JAVAS = range(17, 22)
"""What Spark 4.0 runs on."""
SHELLS = ("zsh", "fish")
PACKAGES = {
    "postgresql": "postgresql",
    "java": "openjdk-17-jre-headless",
    "chromium": "chromium",
    **{shell: shell for shell in SHELLS},
}
"""By what is missing: the package of Debian 12, whose PostgreSQL is 15."""


def postgresql_programs():
    """Return the folder of the newest PostgreSQL's server programs; None where there is no server."""
    numbered = [each for each in HOMES.glob("*/bin/initdb") if each.parts[-3].isdecimal()]
    if numbered:
        return max(numbered, key=lambda each: int(each.parts[-3])).parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def java_version():
    """Return the version of the Java that Spark would take; None where there is none."""
    home = os.environ.get("JAVA_HOME")
    command = str(Path(home, "bin", "java")) if home else "java"
    try:
        told = subprocess.run([command, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r'version "(\d+)', told.stderr)
    return int(number[1]) if number else None


def chromium_program():
    """Return the path of Chromium, or of what is made of it; None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def missing():
    """Return what is not there, of `PACKAGES`."""
    there = {
        "postgresql": postgresql_programs() is not None,
        "java": java_version() in JAVAS,
        "chromium": chromium_program() is not None,
        **{shell: shutil.which(shell) is not None for shell in SHELLS},
    }
    return [name for name in PACKAGES if not there[name]]


@contextmanager
def _nothing_starts():
    """See to it that a package that is installed starts no service and makes no database."""
    made = {POLICY: "#!/bin/sh\nexit 101\n", NO_CLUSTER: "create_main_cluster = false\n"}
    made = {path: text for path, text in made.items() if not path.exists()}
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    try:
        yield
    finally:
        for path in made:
            path.unlink()


def install(packages):
    """Install Debian's packages; whatever can't be had is told by `apt-get` itself."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "--quiet", "--yes", "-o", "DPkg::Lock::Timeout=300"]
    with _nothing_starts(), suppress(subprocess.CalledProcessError):
        subprocess.run([*apt, "update"], env=environment, check=True)
        subprocess.run([*apt, "install", "--no-install-recommends", *packages], env=environment, check=True)


def main():
    """Install what is missing, or say what to install; always go on, since the tests name what they leave out."""
    packages = [PACKAGES[name] for name in missing()]
    if packages and shutil.which("apt-get"):
        if os.geteuid() == 0:
            install(packages)
        elif os.environ.get("CI") and shutil.which("sudo"):
            subprocess.run(["sudo", "--non-interactive", sys.executable, __file__], check=False)
    for name in missing():
        print(f"{name} is missing, so tests that need it are left out: install {PACKAGES[name]} (Debian's name)")


if __name__ == "__main__":
    main()
