"""Hypothesis strategies of valid jobs, built from the types of the model."""

from typing import Any

from hypothesis import strategies as st

from deepsquare.workflow import (
    Bore,
    ContainerRun,
    EnvVar,
    ForRange,
    HTTPData,
    Job,
    JobResources,
    NetworkInterface,
    S3Data,
    Step,
    StepAsyncLaunch,
    StepFor,
    StepRun,
    StepRunResources,
    StepUse,
    TransportData,
    Wireguard,
    WireguardPeer,
)

KEY32 = "mD2oH+m1gO0qBqYkT1q1x8dJ3cZ5vWkqFvM1rX0n5nA="
AMBIGUOUS = st.sampled_from(
    [
        *("yes", "No", "on", "y", "null", "~", "", "true", "1", "0o17", "0x1f", "1e3", "1_000"),
        *("-", ".5", ".inf", "2001-01-01", "12:30:00", "<<", "=", "!!str", "&a", "*a", "- a"),
        *("a: b", "a #b", " lead", "trail ", "'", '"', "|", ">", "%", "@", "`", "{", "[", "?"),
        *("$(x) `y`", "\\", "\ufeff"),
    ]
)
BREAKS = st.sampled_from(["\r", "\t", "\x85", "\u2028", "\u2029"])
FREE_TEXT = (
    AMBIGUOUS | BREAKS | st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)
)
LINES = st.lists(st.lists(FREE_TEXT, max_size=2).map("".join), max_size=4).map("\n".join)
TEXT = AMBIGUOUS | st.text(
    st.characters(exclude_categories=["Cc", "Cs"], codec="utf-8"), max_size=30
)
NAMES = st.from_regex(r"[A-Z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in {"_", "PATH", "IFS", "PS4"}
)
SMALL = st.integers(1, 3)
URLS = st.sampled_from(["https://example.org/a%20b?x=y", "http://h:8080"])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def many(strategy: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


ENV = many(st.builds(EnvVar, key=NAMES, value=LINES))
HTTP = st.builds(TransportData, http=st.builds(HTTPData, url=URLS))
S3 = st.builds(
    TransportData,
    s3=st.builds(
        S3Data,
        region=TEXT,
        bucket_url=st.just("s3://bucket/prefix"),
        path=TEXT.map(lambda text: "/" + text),
        access_key_id=TEXT,
        secret_access_key=TEXT,
        endpoint_url=URLS,
        delete_sync=st.booleans(),
    ),
)
PEERS = st.builds(
    WireguardPeer,
    public_key=st.just(KEY32),
    pre_shared_key=maybe(st.just(KEY32)),
    allowed_ips=many(st.sampled_from(["0.0.0.0/0", "fd00::/8"])),
    endpoint=maybe(st.just("vpn.example.org:51820")),
    persistent_keepalive=maybe(st.integers(0, 65535)),
)
WIREGUARD = st.builds(
    Wireguard,
    address=many(st.just("10.0.0.1/24")),
    private_key=st.just(KEY32),
    peers=many(PEERS),
)
BORE = st.builds(
    Bore,
    bore_address=st.just("bore.example.org:2200"),
    target_port=st.integers(1, 65535),
    secret=maybe(TEXT),
)
INTERFACES = st.builds(NetworkInterface, wireguard=WIREGUARD) | st.builds(
    NetworkInterface, bore=BORE
)
CONTAINERS = st.builds(
    ContainerRun,
    image=st.sampled_from(["alpine", "library/alpine:3", "/image.sqsh"]),
    x11=st.booleans(),
    mount_home=st.booleans(),
    read_only_root_fs=st.booleans(),
)
ON_HOST_NETWORK = st.builds(
    StepRun,
    command=LINES,
    shell=st.sampled_from(["/bin/bash", "/bin/sh"]),
    container=maybe(CONTAINERS),
    env=ENV,
    map_uid=maybe(st.integers(0, 9)),
    work_dir=maybe(TEXT.map(lambda text: "/" + text)),
    disable_cpu_binding=st.booleans(),
    mpi=maybe(st.just("pmi2")),
    resources=maybe(st.builds(StepRunResources, tasks=maybe(SMALL).map(lambda n: n or 1))),
)
IN_NAMESPACE = st.builds(
    StepRun,
    command=LINES,
    network=st.sampled_from(["slirp4netns", "pasta"]),
    dns=many(st.sampled_from(["1.1.1.1", "::1"])),
    custom_network_interfaces=many(INTERFACES),
    map_uid=st.just(0),
)
RUN_STEPS = st.builds(Step, name=maybe(TEXT), run=ON_HOST_NETWORK | IN_NAMESPACE)
LOOPS = st.builds(
    ForRange,
    begin=st.integers(-3, 3),
    end=st.integers(-3, 3),
    increment=st.sampled_from([1, 2, -1]),
)


def _bodies(steps: st.SearchStrategy[tuple[Step, ...]]) -> st.SearchStrategy[Step]:
    common = {
        "name": maybe(TEXT),
        "if_": maybe(FREE_TEXT.filter(bool)),
        "catch": steps,
        "finally_": steps,
        "timeout": maybe(st.integers(1, 100)),
        "retries": st.integers(0, 10),
    }
    over_items = st.builds(StepFor, items=many(LINES), steps=steps, parallel=st.booleans())
    over_range = st.builds(StepFor, range=LOOPS, steps=steps)
    launch = st.builds(StepAsyncLaunch, steps=steps, signal_on_parent_step_exit=st.integers(0, 31))
    use = st.builds(
        StepUse,
        source=st.just("github.com/o/r/p@v1"),
        args=ENV,
        export_env_as=maybe(NAMES),
        steps=steps,
    )
    bodies = (
        {"steps": steps},
        {"for_": over_items | over_range},
        {"launch": launch},
        {"use": use},
    )
    return st.one_of([st.builds(Step, **common, **body) for body in bodies])


STEPS = st.recursive(many(RUN_STEPS), lambda inner: many(RUN_STEPS | _bodies(inner)), max_leaves=8)
PLENTY = JobResources(tasks=10_000, cpus_per_task=4, mem_per_cpu=1000, gpus=0)
"""What any of these steps at the same time need."""

JOBS = st.builds(
    Job,
    resources=st.just(PLENTY),
    env=ENV,
    enable_logging=st.booleans(),
    input=maybe(HTTP | S3),
    input_mode=maybe(st.integers(0, 511)),
    steps=STEPS,
    output=maybe(HTTP | S3),
    output_policy=st.sampled_from(["always", "onSuccess"]),
    continuous_output_sync=st.booleans(),
)
