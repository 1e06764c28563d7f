"""The planner that the settings ask for."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deepsquare_sbatch_api.adapters.clock import SystemClock
from deepsquare_sbatch_api.adapters.conditions import BashConditions
from deepsquare_sbatch_api.adapters.module_git import GitCommand, GitRepositories, Locations
from deepsquare_sbatch_api.adapters.module_git.locations import DEFAULT_HOSTS
from deepsquare_sbatch_api.adapters.outbound import CheckedTransport, Outbound
from deepsquare_sbatch_api.adapters.registries import CachedRegistries, OciRegistries
from deepsquare_sbatch_api.adapters.registries.manifests import Platform
from deepsquare_sbatch_api.app.images import ImageLookUp, LookUpMode, NoRegistries
from deepsquare_sbatch_api.app.modules import ModuleExpander, ModulesOff
from deepsquare_sbatch_api.app.planning import RenderingPlanner
from deepsquare_sbatch_api.app.preparation import OutsidePreparation
from deepsquare_sbatch_api.app.workflows import Planner
from deepsquare_sbatch_api.domain.outbound import parse_outbound_rule
from deepsquare_sbatch_api.ports.images import ImageRegistries
from deepsquare_sbatch_api.settings import InvalidSettings, Settings

DEFAULT_PLATFORM = "linux/amd64"


@dataclass(frozen=True)
class OutsideWorld:
    """What may be contacted for a workflow, in the words of the settings of the same names."""

    module_hosts: tuple[str, ...] = tuple(DEFAULT_HOSTS)
    module_mirrors: Mapping[str, Path] = field(default_factory=dict)
    image_lookup: LookUpMode = "prefer"
    image_platform: str = DEFAULT_PLATFORM
    outbound_allow: tuple[str, ...] = ()
    outbound_ca_file: Path | None = None


def build_planner(settings: Settings) -> Planner:
    """Return the planner of the service; raises `InvalidSettings`."""
    world = OutsideWorld(
        module_hosts=settings.module_hosts,
        module_mirrors=parse_mirrors(settings.module_mirrors),
        image_lookup=settings.image_lookup,
        image_platform=settings.image_platform,
        outbound_allow=settings.outbound_allow,
        outbound_ca_file=settings.outbound_ca_file,
    )
    return planner_for(world, has_modules=settings.modules)


def offline_planner() -> Planner:
    """Return a planner that contacts nobody: modules are refused, images are not pinned."""
    return planner_for(OutsideWorld(image_lookup="off"), has_modules=False)


def planner_for(world: OutsideWorld, *, has_modules: bool) -> Planner:
    """Return a planner that contacts no more than it is allowed; raises `InvalidSettings`."""
    outbound = _outbound(world)
    modules = ModuleExpander(_repositories(world, outbound) if has_modules else ModulesOff())
    images = ImageLookUp(_registries(world, outbound), world.image_lookup)
    return RenderingPlanner(OutsidePreparation(modules, images, BashConditions()))


def _outbound(world: OutsideWorld) -> Outbound:
    try:
        return Outbound(parse_outbound_rule(world.outbound_allow))
    except ValueError as error:
        raise InvalidSettings(f"SBATCH_API_OUTBOUND_ALLOW: {error}") from error


def _repositories(world: OutsideWorld, outbound: Outbound) -> GitRepositories:
    hosts = frozenset(host.lower() for host in world.module_hosts)
    locations = Locations(outbound, hosts, world.module_mirrors)
    authority = world.outbound_ca_file
    git = GitCommand((f"http.sslCAInfo={authority}",) if authority else ())
    return GitRepositories(locations, SystemClock(), git=git)


def _registries(world: OutsideWorld, outbound: Outbound) -> ImageRegistries:
    """Return the registries. The client keeps no connection, so there is nothing to close."""
    if world.image_lookup == "off":
        return NoRegistries()
    context = _tls(world)
    client = httpx.AsyncClient(transport=CheckedTransport(outbound, ssl_context=context))
    system, _, architecture = world.image_platform.partition("/")
    platform = Platform(system, architecture)
    return CachedRegistries(OciRegistries(client, outbound, platform=platform), SystemClock())


def _tls(world: OutsideWorld) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=world.outbound_ca_file)
    except OSError as error:
        file = world.outbound_ca_file
        raise InvalidSettings(f"SBATCH_API_OUTBOUND_CA_FILE: cannot use {file}: {error}") from error


def parse_mirrors(entries: tuple[str, ...]) -> dict[str, Path]:
    """Read ``host/owner=/directory`` entries; raises `InvalidSettings`."""
    mirrors = {}
    for entry in entries:
        prefix, mark, directory = entry.partition("=")
        if not mark or not prefix or not directory:
            raise InvalidSettings(f"SBATCH_API_MODULE_MIRRORS: {entry} is not like host=/directory")
        host, slash, rest = prefix.strip("/").partition("/")
        # Git runs in a directory of its own.
        mirrors[host.lower() + slash + rest] = Path(directory).absolute()
    return mirrors
