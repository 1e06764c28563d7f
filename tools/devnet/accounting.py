"""Slurm's accounting database for a private Slurm: own MariaDB and slurmdbd."""

import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.devnet.errors import DevnetError
from tools.devnet.ports import free_ports
from tools.devnet.processes import Daemon

_PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb", "slurmdbd")
_SQL_TIMEOUT_S = 60


class DatabaseUnavailable(DevnetError):
    """The machine has no MariaDB or slurmdbd; says what is missing."""


@dataclass(frozen=True, kw_only=True)
class DatabasePlaces:
    """Where the database and slurmdbd live; slurmdbd.conf stands beside slurm.conf."""

    folder: Path
    hostname: str
    munge_socket: Path
    sql_port: int
    dbd_port: int
    password: str

    @property
    def sql_socket(self) -> Path:
        """Where MariaDB's administrator signs in, without a password."""
        return self.folder / "sql" / "socket"


def slurmdbd_conf(places: DatabasePlaces) -> str:
    """Render slurmdbd.conf, which holds a password: only its owner may read it."""
    lines = [
        f"DbdHost={places.hostname}",
        "DbdAddr=127.0.0.1",
        f"DbdPort={places.dbd_port}",
        "SlurmUser=root",
        "AuthType=auth/munge",
        f"AuthInfo=socket={places.munge_socket}",
        f"PidFile={places.folder}/run/slurmdbd.pid",
        "StorageType=accounting_storage/mysql",
        "StorageHost=127.0.0.1",
        f"StoragePort={places.sql_port}",
        "StorageUser=slurm",
        f"StoragePass={places.password}",
        "StorageLoc=slurm_acct_db",
    ]
    return "".join(f"{line}\n" for line in lines)


class AccountingDatabase:
    """slurmdbd and its MariaDB, under the folder of a private Slurm."""

    def __init__(self, folder: Path, *, munge_socket: Path) -> None:
        missing = [name for name in _PROGRAMS if shutil.which(name) is None]
        if missing:
            raise DatabaseUnavailable(f"not installed: {', '.join(missing)}; run tools/setup.sh")
        sql_port, dbd_port = free_ports(2)
        self._places = DatabasePlaces(
            folder=folder,
            hostname=socket.gethostname().split(".")[0],
            munge_socket=munge_socket,
            sql_port=sql_port,
            dbd_port=dbd_port,
            password=secrets.token_hex(16),
        )
        self.mariadb = self._daemon("mariadbd", *self._options, f"--port={sql_port}")
        self.slurmdbd = self._daemon("slurmdbd", "-D")

    def _daemon(self, *argv: str) -> Daemon:
        folder = self._places.folder
        return Daemon(
            argv[0],
            argv,
            log_file=folder / "log" / f"{argv[0]}.log",
            env={"SLURM_CONF": f"{folder}/slurm.conf"},
        )

    @property
    def _options(self) -> list[str]:
        return [
            "--no-defaults",
            "--user=root",
            "--bind-address=127.0.0.1",
            f"--datadir={self._places.folder}/sql/data",
            f"--socket={self._places.sql_socket}",
        ]

    @property
    def dbd_port(self) -> int:
        """Where slurmdbd listens."""
        return self._places.dbd_port

    def start(self) -> None:
        """Make the database and start both daemons; slurm.conf and munged must be there."""
        folder = self._places.folder
        (folder / "sql").mkdir(mode=0o700, exist_ok=True)
        conf = folder / "slurmdbd.conf"
        conf.touch(mode=0o600)
        conf.write_text(slurmdbd_conf(self._places))
        self._run(
            "mariadb-install-db",
            *self._options,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            # It may go on where the machine's own name cannot be looked up.
            "--force",
        )
        self.mariadb.start(is_ready=self._places.sql_socket.exists)
        self._run(
            "mariadb",
            "--no-defaults",
            f"--socket={self._places.sql_socket}",
            f"--execute=CREATE USER slurm@'127.0.0.1' IDENTIFIED BY '{self._places.password}';"
            "GRANT ALL ON slurm_acct_db.* TO slurm@'127.0.0.1'",
        )
        self.start_slurmdbd()

    def start_slurmdbd(self) -> None:
        """Start slurmdbd, also again after it was killed, and wait until it answers."""
        self.slurmdbd.start(is_ready=self._answers)

    def stop(self) -> None:
        """Stop both daemons."""
        self.slurmdbd.stop()
        self.mariadb.stop()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._places.dbd_port)) == 0

    def _run(self, *argv: str) -> None:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=_SQL_TIMEOUT_S, check=False
        )
        if done.returncode:
            raise DatabaseUnavailable(f"{argv[0]}: {done.stderr.strip() or done.stdout.strip()}")
