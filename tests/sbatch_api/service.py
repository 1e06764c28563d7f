"""The service as a process of its own, over a real chain."""

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
from tools.devnet.ports import free_port

from deepsquare.api.client import SbatchApi
from deepsquare.chain.retry import RetryPolicy
from deepsquare.identifiers import Address
from deepsquare.keys import Key
from deepsquare.testing import Anvil

COMMAND = Path(sys.executable).with_name("deepsquare-sbatch-api")
HELLO = b"""\
resources: {tasks: 1, cpusPerTask: 1, memPerCpu: 512, gpus: 0}
enableLogging: true
steps:
  - run: {command: echo hello world}
"""


def settings_of(chain: Anvil, meta_scheduler: Address) -> dict[str, object]:
    """Return the settings of a service over a grid."""
    return {
        "rpc_urls": chain.http_url,
        "chain_id": chain.chain_id,
        "meta_scheduler_address": meta_scheduler,
    }


class Service:
    """One `deepsquare-sbatch-api serve`; its data survive `kill` and `start`."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings: dict[str, object] = {
            "listen": f"127.0.0.1:{self.port}",
            "public_url": self.url,
            "data_dir": folder / "data",
            "token_keys_file": _key_file(folder / "token-keys", b"t"),
            "storage_keys_file": _key_file(folder / "storage-keys", b"s"),
            "max_chain_lag_s": 24 * 3600,
            "job_facts_cache_s": 15,
            **settings,
        }
        self.log_file = folder / f"service-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process and do not wait."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [str(COMMAND), "serve"], env=self._environment(), stdout=log, stderr=log
            )
        return self._process

    def start(self) -> None:
        """Start the process and wait until it answers."""
        process, deadline = self.launch(), time.monotonic() + 90
        while not self._is_alive():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the service did not start:\n{self.log}")
            time.sleep(0.05)

    def ensure_running(self) -> None:
        """Start the process unless it runs."""
        if self._process is None:
            self.start()

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Signal the process and return its exit code."""
        assert self._process
        self._process.send_signal(number)
        code = self._process.wait(20)
        self._process = None
        return code

    def stop(self) -> None:
        """End the process if it runs."""
        if self._process:
            self.kill()

    def client(self, key: Key) -> SbatchApi:
        """Return the SDK's client of this service."""
        retry = RetryPolicy(rounds=1)
        return SbatchApi(
            self.url, signer=key, chain_id=int(str(self.settings["chain_id"])), retry=retry
        )

    def _is_alive(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=10).is_success
        except httpx.TransportError:
            return False

    def _environment(self) -> Mapping[str, str]:
        ours = {f"SBATCH_API_{name.upper()}": str(value) for name, value in self.settings.items()}
        return {**os.environ, **ours}


def _key_file(path: Path, letter: bytes) -> Path:
    path.write_bytes(base64.b64encode(letter * 32) + b"\n")
    return path
