"""Workflows that rendering is tested with: a few of our own, and published ones where present."""

from collections.abc import Callable
from pathlib import Path

from tests.support.batch import a_job, a_run

from deepsquare.workflow import (
    Bore,
    ContainerRun,
    EnvVar,
    ForRange,
    HTTPData,
    Job,
    NetworkInterface,
    S3Data,
    Step,
    StepAsyncLaunch,
    StepFor,
    StepRunResources,
    TransportData,
    VirtualNetwork,
    VNet,
    Wireguard,
    WireguardPeer,
)
from deepsquare.workflow.parse import parse_workflow

PUBLISHED_FOLDER = Path(__file__).parents[4] / "shared" / "workflows"
DOCUMENTS = Path(__file__).parent / "documents"
KEY = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU="
NEEDS_MODULES = {"interactive.two-steps-module"}
HAS_PLACEHOLDERS = {"cs2"}

PUBLISHED = sorted(
    path.stem
    for path in PUBLISHED_FOLDER.glob("*.yaml")
    if path.stem not in NEEDS_MODULES | HAS_PLACEHOLDERS
)
"""Published workflows that render without a module and without filling in values."""


def hello_world() -> Job:
    return a_job(a_run('echo "Hello World"', step_name="hello world"), enable_logging=True)


def flow() -> Job:
    """Return every construct of host steps."""
    launch = StepAsyncLaunch(handle_name="Server", steps=(a_run("serve", step_name="serve"),))
    loop = StepFor(
        parallel=True,
        max_parallel=2,
        range=ForRange(begin=3, end=1, increment=-1),
        steps=(a_run('echo "$index"', step_if_="$index -gt 1"),),
    )
    items = StepFor(items=("a b", "it's"), steps=(Step(for_=loop),))
    return a_job(
        Step(launch=launch, timeout=60, retries=1),
        Step(
            name="group",
            depends_on=("server",),
            steps=(Step(for_=items), a_run("make", shell="/bin/bash", step_timeout=5)),
            catch=(a_run("echo caught"),),
            finally_=(a_run("echo finally"),),
        ),
        tasks=4,
        env=(EnvVar(key="MODE", value="fast"), EnvVar(key="TEXT", value="two\nlines\n")),
    )


def everything() -> Job:
    """Return containers, networks and transfers."""
    s3 = S3Data(
        region="r",
        bucket_url="s3://bucket/prefix",
        path="/data",
        access_key_id="id",
        secret_access_key="it's secret",
        endpoint_url="https://s3.example",
        delete_sync=True,
    )
    peer = WireguardPeer(
        public_key=KEY, allowed_ips=("0.0.0.0/0",), endpoint="vpn.example:51820", pre_shared_key=KEY
    )
    wireguard = Wireguard(address=("10.1.0.2/32",), private_key=KEY, peers=(peer,))
    bore = Bore(bore_address="bore.example:2200", target_port=8080, secret="open sesame")
    vnet = VNet(name="net", address="10.2.0.2/24")
    networked = a_run(
        "",
        step_name="desktop",
        container=ContainerRun(image="m1k1o/neko:firefox", registry="registry-1.docker.io"),
        network="slirp4netns",
        dns=("1.1.1.1", "9.9.9.9"),
        map_uid=0,
        map_gid=0,
        custom_network_interfaces=(
            NetworkInterface(wireguard=wireguard),
            NetworkInterface(vnet=vnet),
            NetworkInterface(bore=bore),
        ),
    )
    hosted = a_run(
        "render 'x y'",
        container=ContainerRun(image="a/blender:3", deepsquare_hosted=True, x11=True),
        resources=StepRunResources(tasks=2, gpus_per_task=1),
        shell="ENTRYPOINT",
        work_dir="/deepsquare/work",
        env=(EnvVar(key="FRAME", value="1"),),
    )
    return a_job(
        networked,
        hosted,
        tasks=2,
        gpus=2,
        input=TransportData(http=HTTPData(url="https://example.org/a%20b.zip?token=x")),
        input_mode=0o755,
        output=TransportData(s3=s3),
        output_policy="onSuccess",
        continuous_output_sync=True,
        virtual_networks=(VirtualNetwork(name="net", gateway_address="10.2.0.1/24"),),
    )


_BUILDERS: dict[str, Callable[[], Job]] = {
    "hello-world": hello_world,
    "flow": flow,
    "everything": everything,
}

CASES = [*_BUILDERS, "services"]


def case(name: str) -> Job:
    """Return a workflow of the corpus."""
    if name in _BUILDERS:
        return _BUILDERS[name]()
    folder = DOCUMENTS if name in CASES else PUBLISHED_FOLDER
    return parse_workflow((folder / f"{name}.yaml").read_bytes()).job
