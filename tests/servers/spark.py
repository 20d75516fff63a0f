"""Spark, in a Java process that this one starts and talks to."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.servers.environments import left_out, program
from tests.servers.system import JAVAS, java_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

STOP_SECONDS = 60


def _settings(folder: Path) -> dict[str, str]:
    return {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={folder}/derby",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.local.dir": f"{folder}/local",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        # By default Spark replaces `${env:HOME}` even within the texts of a query.
        "spark.sql.variable.substitute": "false",
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


@contextmanager
def spark(folder: Path) -> Iterator[SparkSession]:
    """Run Spark on two threads; what it writes is in a folder.

    PySpark weighs half a gigabyte, so it is in an environment of its own, and this process imports it from there. It
    stays importable afterwards, but a process can have Spark only once.
    """
    scripts = program("spark", "spark-submit").parent
    if java_version() not in JAVAS:
        left_out("java")
    with pytest.MonkeyPatch.context() as patch:
        # At the end, so that what groupsync's own environment has comes from there.
        sys.path.extend(str(each) for each in scripts.parent.glob("lib/python*/site-packages"))
        patch.delenv("SPARK_HOME", raising=False)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.appName("groupsync").master("local[2]")
        for name, value in _settings(folder).items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        try:
            yield session
        finally:
            _end(session)


def _end(session: SparkSession) -> None:
    """Stop Spark, and wait until its Java is gone, which takes the end of its input for its own."""
    gateway = session.sparkContext._gateway
    session.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(STOP_SECONDS)
