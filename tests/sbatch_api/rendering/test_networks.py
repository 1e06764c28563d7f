"""Namespace networks, mapping and virtual networks, with the real tools (conformance 33, 35 to 38).

WireGuard runs in user space (wireguard-go) where the kernel has none.
"""

import signal
import socket
import time
from typing import Any

import pytest
from tests.support.batch import BatchSite, a_job, a_run, processes_left

from deepsquare.workflow import (
    Bore,
    NetworkInterface,
    Step,
    StepAsyncLaunch,
    VirtualNetwork,
    VNet,
    Wireguard,
    WireguardPeer,
)
from deepsquare_sbatch_api.domain.rendering.networks import UnsafeSetting, wireguard_file

pytestmark = pytest.mark.integration

NETWORKS = ["slirp4netns", "pasta"]
KEY = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU="
DEVICE = "grep -c net0: /proc/net/dev"
LONG = "trap 'echo ended; exit 0' TERM; echo up; for i in $(seq 300); do sleep 0.1; done"


def left_on_the_node(site: BatchSite) -> list[str]:
    return [entry.name for entry in (site.root / "disk").iterdir()]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("uid", [None, 0, 1234])
def test_host_step__in_a_namespace__has_device_servers_user_and_directory(
    site: BatchSite, network: str, uid: int | None
) -> None:
    """W-NET-1, W-NET-5, W-RUN-5, W-RUN-6, W-HOST-1."""
    bind = "mount --bind /usr /mnt && ls /mnt/bin/env" if uid == 0 else "true"
    job = a_job(
        a_run(
            f"{DEVICE}; id -u; cat /etc/resolv.conf; pwd | sed 's/.*storage//'; {bind}; exit 5",
            network=network,
            dns=("1.1.1.1", "2606:4700:4700::1111"),
            map_uid=uid,
            work_dir="/tmp",
            shell="/bin/bash",
        )
    )
    result = site.run(job)
    servers = ["nameserver 1.1.1.1", "nameserver 2606:4700:4700::1111"]
    expected = ["1", str(uid or 0), *servers, "/tmp"] + (["/mnt/bin/env"] if uid == 0 else [])
    assert (result.code, result.lines) == (5, expected), result.stderr
    assert left_on_the_node(site) == []


@pytest.mark.parametrize(("uid", "gid"), [(0, None), (0, 0), (77, 88), (None, 5)])
def test_mapping__without_a_network__is_seen_by_the_workload(
    site: BatchSite, uid: int | None, gid: int | None
) -> None:
    """W-RUN-5."""
    bind = "mount --bind /usr /mnt && ls -d /mnt/bin" if uid == 0 else "true"
    result = site.run(a_job(a_run(f"id -u; id -g; {bind}", map_uid=uid, map_gid=gid)))
    expected = [str(uid or 0), str(gid or 0)] + (["/mnt/bin"] if uid == 0 else [])
    assert (result.code, result.lines) == (0, expected), result.stderr


@pytest.mark.parametrize("network", NETWORKS)
def test_concurrent_steps__have_namespaces_and_files_of_their_own(
    site: BatchSite, network: str
) -> None:
    """W-NET-4, W-NET-5."""
    show = "readlink /proc/self/ns/net; cat /etc/resolv.conf"
    other = a_run(show, network=network, dns=("2.2.2.2",))
    launch = Step(launch=StepAsyncLaunch(steps=(other,), handle_name="h"))
    mine = a_run(show, network=network, dns=("1.1.1.1",))
    result = site.run(a_job(launch, mine, Step(depends_on=("h",)), tasks=2))
    assert result.code == 0
    assert len(set(result.lines)) == 4


@pytest.mark.parametrize(
    ("network", "ending"),
    [("slirp4netns", "signal"), ("pasta", "timeout"), ("slirp4netns", "killed")],
)
def test_namespace__after_any_end__leaves_nothing(
    site: BatchSite, network: str, ending: str
) -> None:
    """W-NET-3, W-SIG-4, W-SIG-5."""
    command = "kill -KILL $$" if ending == "killed" else f"sleep 1000 & {LONG}"
    bore = Bore(bore_address="bore.example:2200", target_port=80)
    step = a_run(
        command,
        step_timeout=5 if ending == "timeout" else None,
        network=network,
        custom_network_interfaces=(NetworkInterface(bore=bore),),
    )
    with site.start(a_job(step)) as batch:
        if ending == "signal":
            batch.wait_for_output("up\n")
            batch.signal(signal.SIGTERM)
        result = batch.result()
        assert processes_left(batch.process.pid) == []
    assert result.code == {"signal": 143, "timeout": 124, "killed": 137}[ending]
    if ending != "killed":
        assert result.lines.count("ended") == 1
    assert left_on_the_node(site) == []


def test_helper__that_fails__fails_the_task_with_its_output(site: BatchSite) -> None:
    """W-NET-2."""
    tools = site.root / "bin"
    tools.mkdir()
    (tools / "slirp4netns").write_text("#!/bin/sh\necho no tun device; exit 3\n")
    (tools / "slirp4netns").chmod(0o755)
    site.settings["PATH"] = f"{tools}:{site.variables()['DEEPSQUARE_SITE_PATH']}"
    result = site.run(a_job(a_run("echo never", network="slirp4netns")))
    assert (result.code, result.lines) == (1, [])
    assert "no tun device" in result.stderr


def test_helper__that_hangs__fails_at_the_deadline(site: BatchSite) -> None:
    """W-NET-2, W-SITE-5."""
    tools = site.root / "bin"
    tools.mkdir()
    (tools / "pasta").write_text("#!/bin/sh\nexec sleep 100\n")
    (tools / "pasta").chmod(0o755)
    site.settings["PATH"] = f"{tools}:{site.variables()['DEEPSQUARE_SITE_PATH']}"
    site.settings["READY_SECONDS"] = "1"
    begin = time.monotonic()
    result = site.run(a_job(a_run("echo never", network="pasta")))
    assert (result.code, result.lines) == (1, [])
    assert time.monotonic() - begin < 60


def test_bore__runs_in_the_namespace_with_its_secret_and_is_restarted(site: BatchSite) -> None:
    """W-NET-7, W-NET-6."""
    site.environment["STUB_BORE_FAILS"] = "1"
    secret = 'it\'s; $(x) "q"'
    bore = Bore(bore_address="bore.example:2200", target_port=8080, secret=secret)
    old = Bore(address="b.example.org", port=2201, target_port=81)
    step = a_run(
        "sleep 2.5",
        network="slirp4netns",
        custom_network_interfaces=(NetworkInterface(bore=bore), NetworkInterface(bore=old)),
    )
    result = site.run(a_job(step))
    assert result.code == 0
    assert f"listening at bore.example:12345, secret {secret}, devices 1" in result.stdout
    assert "listening at b.example.org:12345, secret none, devices 1" in result.stdout
    assert "warning: the bore client ended with code 1" in result.stderr
    assert ["local", "8080", "--to", "bore.example:2200"] in result.calls_of("dpsproxy")
    assert ["local", "81", "--to", "b.example.org:2201"] in result.calls_of("dpsproxy")
    assert not any("$(x)" in word for call in result.calls for word in call)


# --- WireGuard -----------------------------------------------------------------------------------


def test_wireguard_file__holds_only_the_fields_given() -> None:
    """W-NET-6."""
    peer = WireguardPeer(
        public_key=KEY,
        allowed_ips=("0.0.0.0/0", "::/0"),
        endpoint="vpn:1",
        persistent_keepalive=0,
    )
    text = wireguard_file(Wireguard(private_key=KEY, address=("10.0.0.2/32",), peers=(peer,)))
    assert text.split("\n") == [
        "[Interface]",
        f"PrivateKey = {KEY}",
        "Address = 10.0.0.2/32",
        "[Peer]",
        f"PublicKey = {KEY}",
        "AllowedIPs = 0.0.0.0/0, ::/0",
        "Endpoint = vpn:1",
    ]


@pytest.mark.parametrize("value", ["x\nPostUp = id", "a;b", "$(x)", "a\rb"])
def test_wireguard_value__that_could_add_a_line__is_refused(value: str) -> None:
    """W-NET-6."""
    with pytest.raises(UnsafeSetting):
        wireguard_file(Wireguard(private_key=value))


def vnet_step(command: str, address: str, name: str = "net", **step: Any) -> Step:
    interface = NetworkInterface(vnet=VNet(name=name, address=address))
    network = {"network": "slirp4netns", "map_uid": 0, "custom_network_interfaces": (interface,)}
    return a_run(command, **network, **step)


@pytest.mark.parametrize("code", [0, 3])
def test_virtual_networks__of_two_steps_each__let_them_talk(site: BatchSite, code: int) -> None:
    """W-VNET-1 to W-VNET-5, W-NET-6: also after a failure nothing is left."""
    serve = "echo up; python3 -m http.server 8000 --bind {}"
    servers = [
        Step(launch=StepAsyncLaunch(steps=(vnet_step(serve.format(ip), f"{ip}/24", name),)))
        for ip, name in (("10.9.0.2", "one"), ("10.8.0.2", "two"))
    ]
    talk = "for i in $(seq 60); do curl -sf --max-time 2 http://{}:8000/ >/dev/null && {{ echo {}; "
    talk += "exit {}; }}; sleep 0.2; done; exit 9"
    clients = [
        vnet_step(talk.format("10.9.0.2", "one", 0), "10.9.0.3/24", "one"),
        vnet_step(talk.format("10.8.0.2", "two", code), "10.8.0.3/24", "two"),
    ]
    networks = (
        VirtualNetwork(name="one", gateway_address="10.9.0.1/24"),
        VirtualNetwork(name="two", gateway_address="10.8.0.1/24"),
        VirtualNetwork(name="unused", gateway_address="10.7.0.1/24"),
    )
    with site.start(a_job(*servers, *clients, tasks=4, virtual_networks=networks)) as batch:
        result = batch.result()
        assert processes_left(batch.process.pid) == []
    assert result.code == code, result.stderr
    assert [line for line in result.lines if line in ("one", "two")] == ["one", "two"]
    assert left_on_the_node(site) == []
    assert list((site.root / "storage").iterdir()) == []


def test_gateway_port__when_taken__is_another(site: BatchSite) -> None:
    """W-VNET-2."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        first = taken.getsockname()[1]
        site.settings["VNET_PORTS"] = f"{first}-{first + 1}"
        site.environment["SLURM_JOB_ID"] = str(2 * first)
        step = vnet_step("wg show all endpoints | cut -f3", "10.9.0.2/24")
        networks = (VirtualNetwork(name="net", gateway_address="10.9.0.1/24"),)
        result = site.run(a_job(step, virtual_networks=networks))
    assert result.code == 0, result.stderr
    assert result.lines[0].endswith(f":{first + 1}")
