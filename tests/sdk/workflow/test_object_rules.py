"""Rules between fields of one object (workflow.md 2.4), by parser and schema alike."""

from typing import Any

import pytest
from tests.sdk.workflow.documents import (
    KEY32,
    S3,
    Data,
    a_job,
    a_launch,
    a_loop,
    a_run,
    errors_of,
    job_with_container,
    job_with_interface,
    job_with_run,
    job_with_steps,
    parsed,
    schema_accepts,
    warnings_of,
)

HTTP = {"url": "https://example.org"}
WIREGUARD = {"wireguard": {"privateKey": KEY32}}
BORE = {"bore": {"boreAddress": "a:1", "targetPort": 1}}
LOGIN = {"username": "u", "password": "p"}
USE = {"use": {"source": "github.com/o/r"}}

EXCLUSIVE: list[tuple[Data, list[str]]] = [
    (job_with_steps({"name": "none"}), []),
    (job_with_steps({**a_run(), "steps": []}), []),
    (job_with_steps({**a_run(), "for": None}), []),
    (job_with_steps({**a_run(), "steps": [{}]}), ["Job.steps[0].steps"]),
    (job_with_steps({"steps": {}, **a_run()}), ["Job.steps[0].run"]),
    (job_with_steps({**a_run(), **a_loop(items=["a"])}), ["Job.steps[0].for"]),
    (job_with_steps({**a_run(), **a_launch("h")}), ["Job.steps[0].launch"]),
    (job_with_steps({**a_launch("h"), **USE}), ["Job.steps[0].use"]),
    (job_with_steps(a_loop(items=["a"])), []),
    (job_with_steps(a_loop(items=[])), []),
    (job_with_steps(a_loop(range={"begin": 1, "end": 2})), []),
    (job_with_steps(a_loop()), ["Job.steps[0].for"]),
    (job_with_steps(a_loop(items=["a"], range={"begin": 1, "end": 2})), ["Job.steps[0].for"]),
    (job_with_steps(a_loop(items=["a"], maxParallel=1)), ["Job.steps[0].for.maxParallel"]),
    (
        job_with_steps(a_loop(items=["a"], parallel=False, maxParallel=1)),
        ["Job.steps[0].for.maxParallel"],
    ),
    (job_with_steps(a_loop(items=["a"], parallel=True, maxParallel=1)), []),
    (job_with_interface(WIREGUARD, mapUid=0), []),
    (job_with_interface(BORE), []),
    (job_with_interface({}), ["Job.steps[0].run.customNetworkInterfaces[0]"]),
    (
        job_with_interface({**WIREGUARD, **BORE}, mapUid=0),
        ["Job.steps[0].run.customNetworkInterfaces[0]"],
    ),
    (a_job(input={"http": HTTP}), []),
    (a_job(input={}), []),
    (a_job(input={"http": HTTP, "s3": S3}), ["Job.input.s3"]),
]

OTHERS: list[tuple[str, Data, list[str]]] = [
    ("network", job_with_run(dns=[]), []),
    ("network", job_with_run(network="pasta", dns=["1.1.1.1"]), []),
    ("network", job_with_run(network="slirp4netns", customNetworkInterfaces=[BORE]), []),
    ("network", job_with_run(dns=["1.1.1.1"]), ["Job.steps[0].run.dns"]),
    (
        "network",
        job_with_run(network="host", dns=["1.1.1.1"], customNetworkInterfaces=[BORE]),
        ["Job.steps[0].run.dns", "Job.steps[0].run.customNetworkInterfaces"],
    ),
    ("map_uid", job_with_interface(WIREGUARD, mapUid=0, resources={"tasks": 1}), []),
    ("map_uid", job_with_interface(WIREGUARD), ["Job.steps[0].run.mapUid"]),
    ("map_uid", job_with_interface(WIREGUARD, mapUid=1), ["Job.steps[0].run.mapUid"]),
    (
        "map_uid",
        job_with_interface(WIREGUARD, mapUid=0, resources={"tasks": 2}),
        ["Job.steps[0].run.resources"],
    ),
    ("map_uid", job_with_container(apptainer=True), []),
    ("map_uid", job_with_run(container={"image": "a", "apptainer": True}, mapUid=0), []),
    (
        "map_uid",
        job_with_run(container={"image": "a", "apptainer": True}, mapUid=1),
        ["Job.steps[0].run.mapUid"],
    ),
    (
        "map_uid",
        job_with_run(container={"image": "a", "deepsquareHosted": True}, mapUid=1),
        ["Job.steps[0].run.mapUid"],
    ),
    ("map_uid", job_with_run(container={"image": "a"}, mapUid=1), []),
    ("bore", job_with_interface(BORE), []),
    ("bore", job_with_interface({"bore": {"address": "1.1.1.1", "port": 1, "targetPort": 1}}), []),
    (
        "bore",
        job_with_interface({"bore": {"targetPort": 1}}),
        ["Job.steps[0].run.customNetworkInterfaces[0].bore"],
    ),
    (
        "bore",
        job_with_interface({"bore": {"address": "1.1.1.1", "targetPort": 1}}),
        ["Job.steps[0].run.customNetworkInterfaces[0].bore"],
    ),
    (
        "bore",
        job_with_interface({"bore": {"boreAddress": "a:1", "port": 1, "targetPort": 1}}),
        ["Job.steps[0].run.customNetworkInterfaces[0].bore"],
    ),
    ("credentials", job_with_container(**LOGIN, registry="example.org"), []),
    ("credentials", job_with_container(registry="example.org"), []),
    (
        "credentials",
        job_with_container(username="u", registry="example.org"),
        ["Job.steps[0].run.container.password"],
    ),
    ("credentials", job_with_container(**LOGIN), ["Job.steps[0].run.container.registry"]),
    ("credentials", job_with_container(**LOGIN, deepsquareHosted=True), []),
    ("credentials", job_with_run(container={"image": "/a.sif", "username": "u"}), []),
    ("limit", job_with_steps(a_loop(range={"begin": 1, "end": 1_000_000})), []),
]

COMPARING: list[tuple[str, Data, list[str]]] = [
    (
        "limit",
        job_with_steps(a_loop(range={"begin": 0, "end": 1_000_000})),
        ["Job.steps[0].for.range"],
    ),
    (
        "limit",
        job_with_steps(a_loop(range={"begin": 1_000_000, "end": 0, "increment": -1})),
        ["Job.steps[0].for.range"],
    ),
    ("shell_words", job_with_run(command="a 'b", shell="ENTRYPOINT"), ["Job.steps[0].run.command"]),
    ("shell_words", job_with_run(command="a \\", shell="ENTRYPOINT"), ["Job.steps[0].run.command"]),
    (
        "shell_words",
        job_with_run(command="a 'b c' \"d\" #'", shell="ENTRYPOINT"),
        ["Job.steps[0].run.command"],
    ),
    ("shell_words", job_with_run(command="a 'b' \"c\"", shell="ENTRYPOINT"), []),
    ("shell_words", job_with_run(command="a 'b", shell="/bin/sh"), []),
    *[
        (
            "reserved",
            job_with_steps({"use": {"source": "github.com/o/r", "exportEnvAs": prefix}}),
            ["Job.steps[0].use.exportEnvAs"],
        )
        for prefix in ("SLURM", "ENROOT", "SBATCH", "BASH_FUNC")
    ],
    ("reserved", job_with_steps({"use": {"source": "github.com/o/r", "exportEnvAs": "SL"}}), []),
]


@pytest.mark.parametrize(("document", "places"), EXCLUSIVE)
def test_exclusive_fields__are_counted_by_parser_and_schema(
    document: Data, places: list[str]
) -> None:
    """V-XOR."""
    assert [(e.tag, e.namespace) for e in errors_of(document)] == [
        ("exclusive", place) for place in places
    ]
    assert schema_accepts(document) == (not places)


@pytest.mark.parametrize(("tag", "document", "places"), OTHERS)
def test_object_rule__is_kept_by_parser_and_schema(
    tag: str, document: Data, places: list[str]
) -> None:
    """V-NET, V-ROOT, V-APT, V-BORE, V-CRED."""
    assert {(e.tag, e.namespace) for e in errors_of(document)} == {(tag, at) for at in places}
    assert schema_accepts(document) == (not places)


@pytest.mark.parametrize(("tag", "document", "places"), COMPARING)
def test_object_rule__beyond_the_schema__is_kept_by_the_parser(
    tag: str, document: Data, places: list[str]
) -> None:
    """V-WORDS, V-RES, section 2.2 ForRange."""
    assert [(e.tag, e.namespace) for e in errors_of(document)] == [(tag, at) for at in places]


WARNINGS: list[tuple[Data, list[tuple[str, str]]]] = [
    (a_job(continuousOutputSync=True), [("ignored", "continuousOutputSync")]),
    (
        a_job(continuousOutputSync=True, output={"http": HTTP}),
        [("ignored", "continuousOutputSync")],
    ),
    (a_job(continuousOutputSync=True, output={"s3": S3}), []),
    (a_job(continuousOutputSync=False), []),
    (a_job(outputPolicy="always"), [("ignored", "outputPolicy")]),
    (a_job(outputPolicy="onSuccess", output={"http": HTTP}), []),
    (a_job(inputMode=448), [("ignored", "inputMode")]),
    (a_job(inputMode=448, input={"http": HTTP}), []),
    (a_job(input={"s3": {**S3, "deleteSync": True}}), [("ignored", "input")]),
    (a_job(output={"s3": {**S3, "deleteSync": True}}), []),
    (a_job(input={}), [("exclusive", "input")]),
    (a_job(env=[{"key": "A", "value": ""}] * 2), [("duplicate_key", "env")]),
    (
        a_job(virtualNetworks={"name": "n", "gatewayAddress": "10.0.0.1/8"}),
        [("vnet", "virtualNetworks[0].name")],
    ),
    (job_with_run(network="pasta", dns=["1.1.1.1"] * 4), [("network", "steps[0].run.dns")]),
    (job_with_run(network="pasta", dns=["1.1.1.1"] * 3), []),
    (
        job_with_container(**LOGIN, deepsquareHosted=True),
        [("credentials", "steps[0].run.container")],
    ),
    (
        job_with_run(container={"image": "docker.io/library/a"}),
        [("image_registry", "steps[0].run.container.image")],
    ),
    (job_with_run(container={"image": "docker.io/a", "registry": "quay.io"}), []),
    (job_with_run(container={"image": "library/a.b:3.4"}), []),
    (job_with_run(container={"image": "alpine:3.20"}), []),
    (job_with_run(container={"image": "/a.b/c"}), []),
    (
        job_with_interface({"bore": {"address": "1.1.1.1", "port": 1, "targetPort": 1}}),
        [("bore", "steps[0].run.customNetworkInterfaces[0].bore.address")],
    ),
    (job_with_steps(a_loop(range={"begin": 2, "end": 1})), [("range", "steps[0].for.range")]),
    (
        job_with_steps(a_loop(range={"begin": 1, "end": 2, "increment": -1})),
        [("range", "steps[0].for.range")],
    ),
    (job_with_steps(a_loop(range={"begin": 1, "end": 1, "increment": -1})), []),
]


@pytest.mark.parametrize(("document", "expected"), WARNINGS)
def test_warning__comes_up__and_blocks_nothing(
    document: Data, expected: list[tuple[str, str]]
) -> None:
    """V-SYNC, V-SRC, V-NET, V-CRED, V-BORE, W-ERR-5."""
    warnings = warnings_of(document)
    assert [(w.type, w.tag, w.namespace) for w in warnings] == [
        ("warning", tag, f"Job.{place}") for tag, place in expected
    ]
    assert schema_accepts(document)


def test_normal_forms__make_equal_meanings_equal() -> None:
    assert parsed(a_job(input={}, output={"http": None})) == parsed(a_job())
    by_zero = a_loop(range={"begin": 1, "end": 2, "increment": 0})
    by_one = a_loop(range={"begin": 1, "end": 2})
    assert parsed(job_with_steps(by_zero)) == parsed(job_with_steps(by_one))


def test_rules_of_an_object__with_an_ill_field__still_find_its_other_mistakes() -> None:
    """W-ERR-1."""
    document: Any = job_with_run(shell="zsh", dns=["1.1.1.1"], mapUid="x")
    assert [(e.tag, e.field) for e in errors_of(document)] == [
        ("oneof", "shell"),
        ("network", "dns"),
        ("type", "mapUid"),
    ]
