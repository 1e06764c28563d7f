"""Where a repository is really fetched from: its host, or a local copy (W-MOD-4, W-MOD-6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deepsquare_sbatch_api.adapters.outbound import HostNotAllowed, NameNotFound, Outbound
from deepsquare_sbatch_api.domain.modules import ModuleRefused, ModuleSource
from deepsquare_sbatch_api.domain.outbound import HTTPS_PORT

DEFAULT_HOSTS = frozenset({"github.com", "gitlab.com", "codeberg.org"})


@dataclass(frozen=True, slots=True)
class Location:
    """What git is told: address, protocol and settings."""

    address: str
    protocol: str
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Locations:
    """Finds the location of a repository.

    ``mirrors`` maps prefixes of sources (``github.com/owner``) to local directories; the rest of
    the source's repository is looked up below. ``port`` is 443 but in tests.
    """

    outbound: Outbound
    hosts: frozenset[str] = DEFAULT_HOSTS
    mirrors: Mapping[str, Path] = field(default_factory=dict)
    port: int = HTTPS_PORT

    async def of(self, source: ModuleSource) -> Location:
        """Return where to fetch from; raises `ModuleRefused`."""
        mirror = self._mirror(source)
        if mirror is not None:
            return Location(str(mirror), "file")
        host = source.host.lower()
        if host not in self.hosts:
            raise ModuleRefused(f'the host "{source.host}" is not allowed for modules')
        try:
            addresses = await self.outbound.addresses(host, self.port)
        except (HostNotAllowed, NameNotFound) as error:
            raise ModuleRefused(str(error)) from error
        return Location(self._address(source), "https", (_pin(host, self.port, addresses),))

    def _address(self, source: ModuleSource) -> str:
        if self.port == HTTPS_PORT:
            return source.repository
        return f"https://{source.host}:{self.port}/{source.owner}/{source.name}"

    def _mirror(self, source: ModuleSource) -> Path | None:
        parts = [source.host.lower(), source.owner, source.name]
        for length in range(len(parts), 0, -1):
            root = self.mirrors.get("/".join(parts[:length]))
            if root is not None:
                place = root.joinpath(*parts[length:])
                return place if place.is_dir() else place.with_name(place.name + ".git")
        return None


def _pin(host: str, port: int, addresses: list[str]) -> str:
    """Return the setting that makes curl connect to checked addresses only."""
    listed = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
    return f"http.curloptResolve={host}:{port}:{listed}"
