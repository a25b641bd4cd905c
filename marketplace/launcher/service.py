"""What the embedded PostgreSQL and the embedded Valkey have in common: a private home, an account, a shared life.

A service is *in use* by processes that hold a shared lock. The first one in starts it, the last one out stops it, and
a process killed with -9 lets go of its lock by dying. So `make run`, `make shell` and a test run can share one server
without knowing of each other.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MINIMUM_FREE_BYTES = 300 * 1024 * 1024
"""A new cluster takes 40 MB and its first write-ahead log 16 MB; the rest is room to work."""

LONGEST_SOCKET_FOLDER = 85
"""`sun_path` holds 107 bytes, and the longest socket name appended to a folder is `.s.PGSQL.5432.lock`."""

UNPRIVILEGED_USERS = ("postgres", "nobody")
PROC = Path("/proc")
RELOCATED_HOMES = Path("/var/lib/digital-marketplace")


class LaunchError(Exception):
    """Something the person at the terminal can mend. The message is a sentence for that person."""


class Account:
    """The operating-system user a service runs as. Only the superuser ever becomes somebody else."""

    def __init__(self, uid: int, gid: int):
        self.uid, self.gid = uid, gid

    @classmethod
    def for_home(cls, home: Path) -> "Account":
        """The owner of an existing home; else ourselves; else, for the superuser, somebody without rights."""
        own = cls(os.geteuid(), os.getegid())
        try:
            owner = home.stat()
        except FileNotFoundError:
            owner = None
        if owner is not None and owner.st_uid not in (own.uid, 0):
            if own.uid != 0:
                raise LaunchError(
                    f"{home} belongs to the user {_user_name(owner.st_uid)}. "
                    f"Run as that user, or set MARKETPLACE_VAR to a folder of your own."
                )
            return cls(owner.st_uid, owner.st_gid)
        if own.uid != 0:
            return own
        for name in UNPRIVILEGED_USERS:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise LaunchError("Started as root, but there is no user 'postgres' or 'nobody' to run the database as.")

    @property
    def name(self) -> str:
        return _user_name(self.uid)

    def can_enter(self, folder: Path) -> bool:
        """Whether every folder down to this one lets the account pass. Nothing is opened up to make it so."""
        return all(self._may_pass(parent) for parent in (folder, *folder.parents) if parent.exists())

    def _may_pass(self, folder: Path) -> bool:
        entry = folder.stat()
        if entry.st_uid == self.uid:
            return bool(entry.st_mode & 0o100)
        if entry.st_gid == self.gid:
            return bool(entry.st_mode & 0o010)
        return bool(entry.st_mode & 0o001)

    def spawn_arguments(self) -> dict:
        """Arguments for `subprocess` that make the child run as this account, outside of any private folder."""
        if os.geteuid() == self.uid:
            return {"cwd": "/"}
        return {"cwd": "/", "user": self.uid, "group": self.gid, "extra_groups": []}


class Service(ABC):
    """A server process with a private home below the data root.

    `root` is the data root (MARKETPLACE_VAR). Where the superuser's account may not reach it (a checkout inside
    /root, say), the home moves to /var/lib instead of opening the way to everybody.
    """

    name: str
    patience = 20.0
    """Seconds to wait for a start or a stop."""

    def __init__(self, root: Path):
        wanted = Path(root).resolve() / self.name
        self.account = Account.for_home(wanted)
        self.home = wanted
        if not self.account.can_enter(wanted.parent):
            self.home = RELOCATED_HOMES / _digest(wanted) / self.name
            self.account = Account.for_home(self.home)
        self._users_lock: int | None = None

    # What a service must know how to do

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server takes work right now."""

    @abstractmethod
    def start(self) -> None:
        """Start the server and return when it answers; `LaunchError` says why it would not."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the server and return when it is gone."""

    @property
    @abstractmethod
    def data(self) -> Path:
        """The folder the server works in (its current directory)."""

    # What it gets for that

    def processes(self) -> list[int]:
        """The living server processes: those whose current directory is the data folder. A zombie has none."""
        if not PROC.is_dir():  # not Linux: nothing better to go by than the server's own word
            return [0] if self.answers() else []
        found = []
        for entry in PROC.iterdir():
            if entry.name.isdigit():
                try:
                    folder = os.readlink(entry / "cwd")
                except OSError:  # gone meanwhile, a zombie, or not ours to look at
                    continue
                if folder == str(self.data):
                    found.append(int(entry.name))
        return found

    @property
    def socket_folder(self) -> Path:
        """Where the Unix socket lives: in the home, or in a short private folder when the home's path is too long."""
        folder = self.home / "run"
        if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
            return Path("/tmp") / f"marketplace-{_digest(folder)}"  # noqa: S108 - made 0700 and checked in prepare()
        return folder

    @property
    def log(self) -> Path:
        return self.home / "log"

    @contextmanager
    def in_use(self) -> Iterator["Service"]:
        """Hold the server up while the block runs."""
        self.acquire()
        try:
            yield self
        finally:
            self.release()

    def acquire(self) -> None:
        self.prepare()
        with self._life_lock():
            if not self.answers():
                self.start()
            self._users_lock = self._open_lock("users.lock")
            fcntl.flock(self._users_lock, fcntl.LOCK_SH)

    def revive(self) -> bool:
        """Start the server again if it has fallen; whether it had."""
        if self.answers():
            return False
        with self._life_lock():
            if self.answers():
                return False
            self.start()
        return True

    def release(self) -> None:
        if self._users_lock is None:
            return
        with self._life_lock():
            try:
                fcntl.flock(self._users_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # somebody else still works with it
            else:
                self.stop()
            os.close(self._users_lock)
            self._users_lock = None

    def prepare(self) -> None:
        """Make the private folders; `LaunchError` if they cannot be made or there is no room."""
        try:
            self.home.parent.mkdir(parents=True, exist_ok=True)
            self._make_private(self.home)
            self._make_private(self.socket_folder)
        except OSError as error:
            raise LaunchError(f"Cannot use {error.filename or self.home}: {error.strerror}.") from error
        free = shutil.disk_usage(self.home).free
        if free < MINIMUM_FREE_BYTES:
            raise LaunchError(
                f"No space left for {self.home}: {free // 2**20} MB are free, "
                f"{MINIMUM_FREE_BYTES // 2**20} MB are needed. Free some, or set MARKETPLACE_VAR to another disk."
            )

    def run(self, *command: str | Path, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run one of the service's own tools as its account, with nothing inherited from our environment."""
        return subprocess.run(
            [str(part) for part in command],
            env=self.environment(),
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=check,
            **self.account.spawn_arguments(),
        )

    def environment(self) -> dict[str, str]:
        """Collation and character type follow LC_ALL, so the caller's locale must not leak into the database."""
        return {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "HOME": str(self.home)}

    def wait_until(self, condition, seconds: float | None = None) -> bool:
        deadline = time.monotonic() + (self.patience if seconds is None else seconds)
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def log_tail(self, lines: int = 5) -> str:
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return "(no log)"
        return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])

    @contextmanager
    def _life_lock(self) -> Iterator[None]:
        """One starts or stops at a time."""
        descriptor = self._open_lock("life.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self, name: str) -> int:
        descriptor = os.open(self.home / name, os.O_RDWR | os.O_CREAT, 0o600)
        if os.geteuid() == 0:  # the owner of the home may run without us next time
            os.fchown(descriptor, self.account.uid, self.account.gid)
        return descriptor

    def _make_private(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            entry = folder.lstat()
            if not folder.is_dir() or folder.is_symlink() or entry.st_uid not in (self.account.uid, os.geteuid()):
                raise LaunchError(f"{folder} exists and is not a private folder of {self.account.name}.") from None
        if os.geteuid() == 0:
            os.chown(folder, self.account.uid, self.account.gid, follow_symlinks=False)
        folder.chmod(0o700)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
