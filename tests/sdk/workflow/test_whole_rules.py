"""Rules that concern a whole job: handles, networks, resources, limits (workflow.md 2.4)."""

from typing import Any

import pytest
from tests.sdk.workflow.documents import (
    Data,
    a_job,
    a_launch,
    a_loop,
    a_run,
    errors_of,
    job_with_run,
    job_with_steps,
    tags_of,
    warnings_of,
)


def awaiting(*handles: str, **changes: Any) -> Data:
    return {"dependsOn": list(handles), **changes}


def roomy(*steps: Data, **changes: Any) -> Data:
    resources = {"tasks": 50, "cpusPerTask": 1, "memPerCpu": 1, "gpus": 0}
    return {"resources": resources, "steps": list(steps), **changes}


LEGAL_HANDLES: list[Data] = [
    roomy(a_launch("a"), awaiting("a")),
    roomy(a_launch("a"), awaiting("A")),
    roomy(a_launch("a"), awaiting("a"), awaiting("a")),
    roomy({"steps": [a_launch("a")]}, awaiting("a")),
    roomy({"name": "x", "finally": [a_launch("a")]}, awaiting("a")),
    roomy({**a_run(), "catch": [a_launch("a")]}, awaiting("a")),
    roomy({"steps": [a_launch("a")], "catch": [awaiting("a")], "finally": [awaiting("a")]}),
    roomy(a_launch("a"), a_loop(awaiting("a"), items=["x"])),
    roomy(a_launch("a"), a_launch("b", awaiting("a"))),
    roomy(a_launch("a"), a_launch("b", a_launch("a"), awaiting("a")), awaiting("a")),
    roomy(a_loop(a_launch("a"), awaiting("a"), items=["x"]), a_launch("a")),
    roomy(a_launch("a"), {"use": {"source": "github.com/o/r", "steps": [awaiting("a")]}}),
    roomy({**a_launch("a"), "finally": [awaiting("a")]}),
]
ILLEGAL_HANDLES: list[tuple[Data, str]] = [
    (roomy(awaiting("a")), "Job.steps[0].dependsOn[0]"),
    (roomy(awaiting("a"), a_launch("a")), "Job.steps[0].dependsOn[0]"),
    (roomy({**a_launch("a"), **awaiting("a")}), "Job.steps[0].dependsOn[0]"),
    (roomy(a_launch("a", awaiting("a"))), "Job.steps[0].launch.steps[0].dependsOn[0]"),
    (roomy(a_launch("a"), a_launch("A")), "Job.steps[1].launch.handleName"),
    (roomy({"steps": [a_launch("a")]}, a_launch("a")), "Job.steps[1].launch.handleName"),
    (roomy(a_loop(a_launch("a"), items=["x"]), awaiting("a")), "Job.steps[1].dependsOn[0]"),
    (roomy(a_launch("b", a_launch("a")), awaiting("a")), "Job.steps[1].dependsOn[0]"),
    (roomy(a_launch("a"), awaiting("a", "b")), "Job.steps[1].dependsOn[1]"),
    (
        roomy({"use": {"source": "github.com/o/r", "steps": [a_launch("a")]}}, awaiting("a")),
        "Job.steps[1].dependsOn[0]",
    ),
]


@pytest.mark.parametrize("document", LEGAL_HANDLES)
def test_handles__in_their_scope__can_be_awaited(document: Data) -> None:
    """V-HDL."""
    assert tags_of(document) == []


@pytest.mark.parametrize(("document", "place"), ILLEGAL_HANDLES)
def test_handles__out_of_scope_or_twice__are_refused(document: Data, place: str) -> None:
    """V-HDL."""
    assert tags_of(document) == [("handle", place)]


def test_unknown_handle__close_to_a_visible_one__is_suggested() -> None:
    """V-HDL."""
    (error,) = errors_of(roomy(a_launch("server"), awaiting("sever")))
    assert error.suggestion == "server"
    assert error.message == (
        'no launch with the handle "sever" stands earlier, in this scope or one around it; '
        'did you mean "server"?'
    )


def network(name: str = "n", gateway: str = "10.0.0.1/24") -> Data:
    return {"name": name, "gatewayAddress": gateway}


def joined(address: str = "10.0.0.2/24", name: str = "n", **run: Any) -> Data:
    interface = {"vnet": {"name": name, "address": address}}
    changes = {"network": "pasta", "mapUid": 0, "customNetworkInterfaces": [interface], **run}
    return a_run(**changes)


def on_network(*steps: Data, networks: Any = None) -> Data:
    return roomy(*steps, virtualNetworks=networks or [network()])


def two_interfaces(first: str, second: str) -> Data:
    return joined(
        customNetworkInterfaces=[
            {"vnet": {"name": "a", "address": first}},
            {"vnet": {"name": "b", "address": second}},
        ]
    )


PAIR = [network("a"), network("b", "10.0.1.1/24")]
LEGAL_NETWORKS: list[Data] = [
    on_network(joined()),
    on_network(joined("10.0.0.254/24")),
    on_network(joined("2001:db8::2/64"), networks=[network(gateway="2001:db8::1/64")]),
    on_network(
        joined("2001:db8::ffff:ffff:ffff:ffff/64"), networks=[network(gateway="2001:db8::1/64")]
    ),
    on_network(joined("10.0.0.0/31"), networks=[network(gateway="10.0.0.1/31")]),
    on_network(two_interfaces("10.0.0.2/24", "10.0.1.2/24"), networks=PAIR),
    on_network(joined(), joined()),
    on_network(joined(), {"catch": [joined()], "finally": [joined()]}),
    on_network(a_launch("a", joined("10.0.0.3/24")), joined()),
    on_network(a_launch("a", joined()), awaiting("a", **joined())),
    on_network(a_launch("a", joined()), a_loop(awaiting("a", **joined()), items=["x"])),
    on_network(a_loop(joined(), items=["x", "y"])),
    on_network(a_loop(joined(), items=["x"], parallel=True)),
    on_network(a_loop(joined(), items=["x", "y"], parallel=True, maxParallel=1)),
    on_network(a_loop(a_launch("a", joined()), items=["x"]), joined()),
]
ILLEGAL_NETWORKS: list[tuple[Data, str]] = [
    (on_network(joined(), networks=[network(), network()]), "Job.virtualNetworks[1].name"),
    (on_network(joined(name="m")), "vnet.name"),
    (on_network(joined("10.0.1.2/24")), "vnet.address"),
    (on_network(joined("10.0.0.1/24")), "vnet.address"),
    (on_network(joined("10.0.0.0/24")), "vnet.address"),
    (on_network(joined("10.0.0.255/24")), "vnet.address"),
    (on_network(joined("2001:db8::2/64")), "vnet.address"),
    (
        on_network(joined("2001:db8::/64"), networks=[network(gateway="2001:db8::1/64")]),
        "vnet.address",
    ),
    (
        on_network(
            two_interfaces("10.0.0.2/24", "10.0.0.130/25"),
            networks=[network("a"), network("b", "10.0.0.129/25")],
        ),
        "vnet.name",
    ),
    (
        on_network(
            two_interfaces("10.0.0.2/24", "10.0.0.3/24"), networks=[network("a"), network("b")]
        ),
        "vnet.name",
    ),
    (
        on_network(joined("169.254.254.9/30"), networks=[network(gateway="169.254.254.10/30")]),
        "vnet.name",
    ),
    (on_network(a_launch("a", joined()), joined()), "vnet.address"),
    (on_network(a_launch(None, joined()), a_launch(None, joined())), "vnet.address"),
    (on_network(a_launch("a", joined("10.0.0.2/24")), joined("10.0.0.2/32")), "vnet.address"),
    (on_network(a_launch("a", joined()), a_loop(joined(), items=["x"])), "vnet.address"),
    (
        on_network(a_launch("a", a_run()), a_launch("b", joined()), awaiting("a", **joined())),
        "vnet.address",
    ),
    (on_network(a_loop(joined(), items=["x", "y"], parallel=True)), "vnet.address"),
    (on_network(a_loop(a_launch(None, joined()), items=["x", "y"], parallel=True)), "vnet.address"),
]


@pytest.mark.parametrize("document", LEGAL_NETWORKS)
def test_networks__with_addresses_not_used_at_once__are_accepted(document: Data) -> None:
    """V-VNET with its exceptions."""
    assert tags_of(document) == []


@pytest.mark.parametrize(("document", "place"), ILLEGAL_NETWORKS)
def test_networks__with_a_broken_rule__are_refused(document: Data, place: str) -> None:
    """V-VNET."""
    ((tag, namespace),) = tags_of(document)
    assert tag == "vnet"
    assert namespace.endswith(place)


def test_network__that_no_step_uses__is_a_warning() -> None:
    """V-VNET."""
    (warning,) = warnings_of(a_job(virtualNetworks=[network()]))
    assert (warning.tag, warning.namespace) == ("vnet", "Job.virtualNetworks[0].name")


@pytest.mark.parametrize(
    ("resources", "shortage"),
    [
        ({"tasks": 4}, None),
        ({"tasks": 4, "cpusPerTask": 2, "memPerCpu": 100}, None),
        ({"tasks": 1, "cpusPerTask": 8}, None),
        ({"gpusPerTask": 2}, None),
        ({"tasks": 2, "gpusPerTask": 1}, None),
        ({"tasks": 5, "cpusPerTask": 1}, "5 tasks of 4"),
        ({"tasks": 1, "cpusPerTask": 9, "memPerCpu": 1}, "9 CPUs of 8"),
        ({"tasks": 2, "cpusPerTask": 4, "memPerCpu": 101}, "808 MB of 800"),
        ({"tasks": 3, "gpusPerTask": 1}, "3 GPUs of 2"),
        ({"tasks": 2**31 - 1, "cpusPerTask": 2**31 - 1, "gpusPerTask": 0}, "2147483647 tasks of 4"),
    ],
)
def test_run__against_the_job__fits_or_says_what_is_short(
    resources: Data, shortage: str | None
) -> None:
    """V-FIT."""
    errors = errors_of(job_with_run(resources=resources))
    assert [(e.tag, e.namespace) for e in errors] == (
        [("resources", "Job.steps[0].run.resources")] if shortage else []
    )
    assert all(shortage in error.message for error in errors if shortage)


def test_steps__of_a_job__are_bounded() -> None:
    """V-LIM."""
    assert tags_of(job_with_steps(*[{}] * 2_000)) == []
    assert tags_of(job_with_steps(*[{}] * 2_001)) == [("limit", "Job.steps")]


def test_entries_of_env__are_bounded() -> None:
    """V-LIM."""
    entries = [{"key": f"K{n}", "value": ""} for n in range(1_001)]
    assert tags_of(a_job(env=entries[:1_000])) == []
    assert tags_of(a_job(env=entries)) == [("limit", "Job.env")]
    assert tags_of(job_with_run(env=entries)) == [("limit", "Job.steps[0].run.env")]
