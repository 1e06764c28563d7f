"""What each service of a devnet is told, by its own names without the prefix."""

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from tools.devnet.chain import DeployedGrid
from tools.devnet.keys import write_secret
from tools.devnet.slurm import Layout, PrivateSlurm

PRICES = {"cpu": "1", "gpu": "10", "mem_mb": "0.001"}
"""Credits a minute of the devnet's provider."""

LABELS = {"name": "devnet", "region": "here"}
STOP_S = 8
"""From TERM to the end of a batch; less than the patience of the private Slurm."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What services have in common."""

    folder: Path
    chain: DeployedGrid

    def common(self, port: int) -> dict[str, object]:
        """Settings that every service has."""
        return {
            "LISTEN": f"127.0.0.1:{port}",
            "RPC_URLS": self.chain.rpc_url,
            "CHAIN_ID": self.chain.chain_id,
            "META_SCHEDULER_ADDRESS": self.chain.meta_scheduler,
        }

    def sbatch_api(self, port: int) -> dict[str, object]:
        """Settings of the sbatch API."""
        token_key = base64.b64encode(secrets.token_bytes(32)).decode()
        return {
            **self.common(port),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "DATA_DIR": self.folder / "sbatch-api",
            "TOKEN_KEYS_FILE": write_secret(self.folder / "keys" / "tokens", token_key),
            "ALLOW_ANONYMOUS": True,
        }

    def meta_scheduler(self, port: int, *, key_file: Path) -> dict[str, object]:
        """Settings of the meta-scheduler."""
        return {
            **self.common(port),
            "WS_URL": self.chain.ws_url,
            "PRIVATE_KEY_FILE": key_file,
        }

    def supervisor(
        self, port: int, *, key_file: Path, sbatch_api_url: str, slurm: PrivateSlurm
    ) -> dict[str, object]:
        """Settings of the supervisor, which runs batches as root does on a real controller."""
        return {
            **self.common(port),
            "WS_URL": self.chain.ws_url,
            "PRIVATE_KEY_FILE": key_file,
            "SBATCH_API_URL": sbatch_api_url,
            "STATE_DIR": self.folder / "supervisor",
            "DATA_ROOT": self.folder / "site",
            "HARDWARE_FILE": self._hardware_file(slurm.layout),
            "ACCOUNTS_GROUP": unix_group(self.folder),
            "SLURM_CONF": slurm.environment["SLURM_CONF"],
            "ACCOUNTING": "filetxt",
            "COMPLETION_LOG": slurm.completion_log,
            "STOP_S": STOP_S,
            "SITE_GRACE_SECONDS": STOP_S // 2,
            "SITE_SHARED_WORLD_TMP": self._open_folder("cache/shared"),
            "SITE_DISK_WORLD_TMP": self._open_folder("cache/node"),
        }

    def _open_folder(self, name: str) -> Path:
        """Make a folder like /tmp, where every user may leave files."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        folder.chmod(0o1777)
        return folder

    def _hardware_file(self, layout: Layout) -> Path:
        node = {"cpus": layout.cpus_per_node, "gpus": 0, "mem_mb": layout.memory_mb_per_node}
        file = self.folder / "hardware.json"
        document = {"nodes": [node] * layout.nodes, "prices": PRICES, "labels": LABELS}
        file.write_text(json.dumps(document, indent=2) + "\n")
        return file


def unix_group(folder: Path) -> str:
    """Return the Unix group of a devnet's customers, its own so that it can go with it."""
    return folder.name[:32]
