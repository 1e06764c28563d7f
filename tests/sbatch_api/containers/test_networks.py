"""Containers of a real Apptainer in virtual networks (workflow.md 3.14; conformance 37)."""

import signal
from pathlib import Path

import pytest
from tests.support.batch import BatchSite, a_job, a_run, processes_left

from deepsquare.workflow import (
    ContainerRun,
    NetworkInterface,
    Step,
    StepAsyncLaunch,
    VirtualNetwork,
    VNet,
)

pytestmark = pytest.mark.integration

NETWORK = VirtualNetwork(name="net", gateway_address="10.9.0.1/24")


def in_network(command: str, address: str, network: str, **fields: object) -> Step:
    interface = NetworkInterface(vnet=VNet(name="net", address=address))
    return a_run(
        command,
        container=ContainerRun(image="entry.sif", deepsquare_hosted=True),
        network=network,
        map_uid=0,
        custom_network_interfaces=(interface,),
        **fields,
    )


@pytest.mark.parametrize("network", ["slirp4netns", "pasta"])
@pytest.mark.parametrize("ending", ["success", "signal"])
def test_two_containers__in_a_virtual_network__talk(
    site: BatchSite, image_files: Path, network: str, ending: str
) -> None:
    """W-VNET-1, W-VNET-3, W-VNET-5, W-NET-3, W-NET-6, W-RUN-5."""
    site.settings["HOSTED_IMAGES"] = str(image_files)
    serve = "while :; do echo served | nc -l -p 8000; done"
    ask = """
        for i in $(seq 60); do
          answer=$(sleep 2 | nc -w 2 10.9.0.2 8000) && [ "$answer" ] && break
          sleep 0.1
        done
        echo "$answer"
        ip -o link show | grep -c ' vnet0:'
    """
    if ending == "signal":
        ask += "sleep 30"
    server = Step(launch=StepAsyncLaunch(steps=(in_network(serve, "10.9.0.2/24", network),)))
    job = a_job(
        server, in_network(ask, "10.9.0.3/24", network), tasks=2, virtual_networks=(NETWORK,)
    )
    with site.start(job) as batch:
        if ending == "signal":
            batch.wait_for_output("served\n1\n")
            batch.signal(signal.SIGTERM)
        result = batch.result()
        assert processes_left(batch.process.pid, within_s=10) == []
    assert result.lines == ["served", "1"], result.stderr
    assert result.code == {"success": 0, "signal": 143}[ending]
    assert list((site.root / "disk").iterdir()) == []
    assert list((site.root / "storage").iterdir()) == []
