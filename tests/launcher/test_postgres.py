"""The embedded PostgreSQL through everything that happens to a database on somebody's machine."""

import os
import shutil
import signal
import socket
import stat
import subprocess
from pathlib import Path

import psycopg
import pytest

from marketplace.launcher import postgres, service
from marketplace.launcher.postgres import Postgres
from marketplace.launcher.service import RELOCATED_HOMES, Account, LaunchError
from tests.roots import data_root

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser changes its account")


@pytest.fixture(scope="module")
def initialised():
    """A cluster made once, stopped."""
    with data_root() as root:
        with Postgres(root, durable=False).in_use():
            pass
        yield root


@pytest.fixture
def cluster(initialised):
    with Postgres(initialised, durable=False).in_use() as cluster:
        yield cluster


def query(cluster, sql):
    settings = cluster.database_settings("postgres")
    with psycopg.connect(host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"]) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchone() if cursor.description else None


def kill(processes):
    for pid in processes:
        os.kill(pid, signal.SIGKILL)


def test_cluster_speaks_utf8_and_checks_pages_whatever_the_locale(root, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    with Postgres(root, durable=False).in_use() as cluster:
        answer = query(
            cluster, "SELECT getdatabaseencoding(), lower('ＡＢ'), current_setting('data_checksums'), version()"
        )
    assert answer[:3] == ("UTF8", "ａｂ", "on")


def test_durable_cluster_waits_for_the_disk(root):
    with Postgres(root).in_use() as cluster:
        assert query(cluster, "SELECT current_setting('fsync'), current_setting('synchronous_commit')") == ("on", "on")


def test_cluster_listens_on_a_private_socket_only(cluster):
    assert query(cluster, "SELECT current_setting('listen_addresses')") == ("",)
    for folder in (cluster.home, cluster.socket_folder, cluster.data):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@as_root
def test_cluster_of_the_superuser_runs_without_rights(cluster):
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in cluster.processes()} == {cluster.account.uid}
    assert cluster.account.uid != 0


@as_root
def test_strangers_are_refused_even_if_they_reach_the_socket(cluster):
    refusal = subprocess.run(
        [cluster._tool("psql"), "-h", cluster.socket_folder, "-U", "marketplace", "-d", "postgres", "-c", "SELECT 1"],
        **(cluster.account.spawn_arguments() | {"user": 65533, "group": cluster.account.gid}),
        capture_output=True,
        text=True,
    )
    assert refusal.returncode != 0


def test_last_one_out_stops_it(initialised):
    first, second = Postgres(initialised, durable=False), Postgres(initialised, durable=False)
    first.acquire()
    second.acquire()
    first.release()
    assert second.answers()
    second.release()
    assert not second.answers()
    assert second.processes() == []


def test_killed_server_is_revived_with_what_was_committed(initialised):
    with Postgres(initialised).in_use() as cluster:
        query(cluster, "DROP TABLE IF EXISTS kept")
        query(cluster, "CREATE TABLE kept AS SELECT 42 AS answer")
        kill(cluster.processes()[:1])  # the postmaster has the lowest number; the others die of its death
        assert cluster.wait_until(lambda: not cluster.answers())

        assert cluster.revive() is True

        assert query(cluster, "SELECT answer FROM kept") == (42,)
        assert cluster.revive() is False


def test_stale_pid_file_naming_a_living_process_is_no_obstacle(initialised):
    cluster = Postgres(initialised, durable=False)
    somebody = subprocess.Popen(["/bin/sleep", "60"], **cluster.account.spawn_arguments())
    try:
        stale = cluster.data / "postmaster.pid"
        stale.write_text(f"{somebody.pid}\n{cluster.data}\n1700000000\n5432\n{cluster.socket_folder}\n\n\nready   \n")
        shutil.chown(stale, cluster.account.uid, cluster.account.gid)
        stale.chmod(0o600)
        with cluster.in_use():
            assert query(cluster, "SELECT 1") == (1,)
    finally:
        somebody.kill()
        somebody.wait()


def test_interrupted_initdb_is_not_taken_for_a_cluster(root):
    cluster = Postgres(root, durable=False)
    cluster.prepare()
    (cluster.home / "data.new").mkdir()
    (cluster.home / "data.new" / "PG_VERSION").write_text("18\n")
    with cluster.in_use():
        assert query(cluster, "SELECT 1") == (1,)


def test_data_of_another_major_version_gets_a_sentence(root):
    cluster = Postgres(root)
    cluster.prepare()
    cluster.data.mkdir()
    (cluster.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(LaunchError, match="was made by PostgreSQL 9, but the installed binaries are of PostgreSQL"):
        cluster.acquire()


def test_full_disk_gets_a_sentence(root, monkeypatch):
    monkeypatch.setattr(service.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(LaunchError, match=r"No space left for .*: 0 MB are free, 300 MB are needed"):
        Postgres(root).acquire()


def test_home_of_another_user_gets_a_sentence(root, monkeypatch):
    monkeypatch.setattr(service.os, "geteuid", lambda: 4242)
    owner = "root" if root.stat().st_uid == 0 else root.owner()
    (root / "postgres").mkdir()
    if owner == "root":
        shutil.chown(root / "postgres", "nobody")
        owner = "nobody"
    with pytest.raises(LaunchError, match=f"belongs to the user {owner}"):
        Account.for_home(root / "postgres")


def test_long_path_gets_a_short_private_socket_folder(root):
    cluster = Postgres(root / ("long" * 25), durable=False)
    try:
        with cluster.in_use():
            assert query(cluster, "SELECT 1") == (1,)
            assert len(str(cluster.socket_folder)) < 40
            assert stat.S_IMODE(cluster.socket_folder.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(cluster.socket_folder)


def test_socket_folder_of_somebody_else_is_refused(root):
    cluster = Postgres(root / ("long" * 25))
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    cluster.socket_folder.symlink_to(elsewhere)
    try:
        with pytest.raises(LaunchError, match="is not a private folder"):
            cluster.prepare()
    finally:
        cluster.socket_folder.unlink()


@as_root
def test_unreachable_root_moves_the_home_and_opens_nothing(root):
    private = root / "private"
    private.mkdir(mode=0o700)
    cluster = Postgres(private / "var", durable=False)
    try:
        with cluster.in_use():
            assert query(cluster, "SELECT 1") == (1,)
        assert cluster.home.is_relative_to(RELOCATED_HOMES)
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(cluster.home.parent)


@as_root
def test_unreachable_binaries_are_copied(root, monkeypatch):
    installed = postgres._installed_binaries()
    package = installed.parent.parent
    private = root / "site-packages"
    shutil.copytree(package, private / package.name, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), private / f"{package.name}.libs", symlinks=True)
    private.chmod(0o700)
    monkeypatch.setattr(postgres, "_installed_binaries", lambda: private / package.name / "pginstall" / "bin")
    with Postgres(root, durable=False).in_use() as cluster:
        assert query(cluster, "SELECT 1") == (1,)
        assert Path(f"/proc/{cluster.processes()[0]}/exe").readlink().is_relative_to(cluster.home)


def test_database_is_created_once(cluster):
    cluster.ensure_database("another")
    cluster.ensure_database("another")
    assert query(cluster, "SELECT count(*) FROM pg_database WHERE datname = 'another'") == (1,)


def test_something_else_on_the_socket_is_not_taken_for_it(root):
    cluster = Postgres(root)
    cluster.prepare()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(cluster.socket_folder / ".s.PGSQL.5432"))
        assert cluster.answers() is False
