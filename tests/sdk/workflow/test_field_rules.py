"""Every rule of workflow.md 2.1 and 2.2: accepted and refused, by parser and schema alike."""

from typing import Any

import pytest
from tests.sdk.workflow.documents import (
    KEY32,
    S3,
    Data,
    a_job,
    a_loop,
    errors_of,
    job_with_container,
    job_with_interface,
    job_with_run,
    job_with_steps,
    job_with_wireguard,
    schema_accepts,
    with_value,
)

from deepsquare.workflow import WORKFLOW_TYPES, type_spec

RUN = "steps.0.run"
INTERFACE = f"{RUN}.customNetworkInterfaces.0"
S3_JOB = a_job(input={"s3": S3})
PEER_JOB = job_with_wireguard(address="10.0.0.2/24", peers=[{"publicKey": KEY32}])
PEER = f"{INTERFACE}.wireguard.peers.0"
BORE_JOB = job_with_interface({"bore": {"boreAddress": "bore.example.org:2200", "targetPort": 80}})
OLD_BORE_JOB = job_with_interface({"bore": {"address": "1.2.3.4", "port": 1, "targetPort": 80}})
VNET_JOB = {
    **job_with_interface({"vnet": {"name": "n", "address": "10.0.0.2/24"}}, mapUid=0),
    "virtualNetworks": [{"name": "n", "gatewayAddress": "10.0.0.1/24"}],
}
MOUNT_JOB = job_with_container(mounts=[{"hostDir": "/a", "containerDir": "/b", "options": ""}])
LAUNCH_JOB = job_with_steps({"launch": {"handleName": "h", "steps": []}})
USE_JOB = job_with_steps({"use": {"source": "github.com/owner/repo", "args": []}})
LOOP_JOB = job_with_steps(a_loop(parallel=True, items=["a"]))
RANGE_JOB = job_with_steps(a_loop(range={"begin": 1, "end": 2}))

TEXTS = ["", "é", "a b", " "]
ILL_TEXTS = ["a\nb", "\t", "\x1b[0m", "\x7f", "\x85", "\0", "a\n"]
FREE_TEXTS = ["", "a\nb\n", "\t\x1b\x7f\x85", "é🙂"]
PATHS = ["/", "/a b", "/é/../c"]
ILL_PATHS = ["", "a", "~/a", "$HOME/a", "/a\n"]
PORTS = [1, 65535]
ILL_PORTS = [0, -1, 65536, 2**31]
URLS = [
    "https://example.org",
    "http://example.org:8080/a?b#c",
    "HTTPS://user:pw@[2001:db8::1]:443/",
    "https://example",
    "https://exämple.org/ü",
]
ILL_URLS = [
    "",
    "example.org",
    "ftp://example.org",
    "https://",
    "https:///a",
    "https://a b/",
    "//a/b",
    "https://a:99999/",
    "https://a:b/",
    "https://a\\b/",
    "https://a@b@c/",
    "https://a/\n",
    "file:///a",
]
IPS = [
    "1.1.1.1",
    "::",
    "::1",
    "1::",
    "2001:db8::1",
    "1:2:3:4:5:6:7:8",
    "::2:3:4:5:6:7:8",
    "1:2:3::6:7:8",
    "1:2:3:4:5:6:7::",
    "1:2:3:4:5:6:1.2.3.4",
    "1:2:3:4::1.2.3.4",
    "FFFF::ffff",
]
ILL_IPS = [
    ":",
    "1:",
    ":1",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4::5:6:7:8",
    "::12345",
    "1.2.3.4::",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::1.2.3.256",
    "",
    "1.1.1",
    "1.1.1.256",
    "localhost",
    "1.1.1.1/32",
    "fe80::1%eth0",
    "01.1.1.1",
    "1.1.1.1\n",
]
CIDRS = ["10.0.0.2/24", "0.0.0.0/0", "::/0", "2001:db8::1/128", "1.2.3.4/32"]
ILL_CIDRS = [
    ":/8",
    "1:2::3::4/64",
    "",
    "10.0.0.1",
    "10.0.0.1/",
    "10.0.0.1/33",
    "10.0.0.0/255.0.0.0",
    "::/129",
    "a/8",
    "10.0.0.1/08",
    "10.0.0.1/24\n",
    "10.0.0.1/-1",
    "fe80::1%a/64",
]
HOST_PORTS = [
    "a." * 126 + "a:1",
    "[1:2:3::6:7:8]:80",
    "a:1",
    "bore.example.org:65535",
    "1.2.3.4:80",
    "[::1]:80",
    "a-b.c:443",
    "A1:1",
]
ILL_HOST_PORTS = [
    "[1::2::3]:80",
    "[1:2]:80",
    "a." * 126 + "ab:1",
    "",
    "a",
    "a:",
    ":1",
    "a:0",
    "a:65536",
    "a:01",
    "::1:80",
    "[a]:1",
    "[1.2.3.4]:1",
    "a b:1",
    "-a:1",
    "a-:1",
    "a..b:1",
    "a:1\n",
    "https://a:1",
    "1.2.3:4",
    "a_b:1",
]
ENVVARS = ["A", "_", "a1_B", "PATHS", "SLURM", "MY_PATH"]
ILL_ENVVARS = ["", "1A", "A-B", "A.B", "é", "A B", "A\n", "A="]
RESERVED = [
    "PATH",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LD_AUDIT",
    "BASH_ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "IFS",
    "PS4",
    "PROMPT_COMMAND",
    "STORAGE_PATH",
    "DEEPSQUARE_INPUT",
    "SLURM_JOB_ID",
    "SBATCH_X",
    "SRUN_X",
    "ENROOT_X",
    "APPTAINERENV_A",
    "APPTAINER",
    "SINGULARITYENV_A",
    "BASH_FUNC_a",
]
HANDLES = ["a", "A_1", "0"]
ILL_HANDLES = ["", "a-b", "a b", "é", "a\n", "a.b"]
KEYS = [KEY32, "A" * 43 + "="]
ILL_KEYS = ["", "A" * 44, "A" * 42 + "==", "A" * 42 + "B=", "A" * 43, KEY32 + "\n", "-" * 43 + "="]
IMAGES = ["alpine", "library/alpine:3.20", "a.b/c_d-e:V1.0", "/images/My Image.sqsh", "a:b:c", "a/"]
ILL_IMAGES = [
    "",
    "Alpine",
    "a@sha256:0",
    "docker://a",
    "a#b",
    "a:",
    "a b",
    "a:b/c",
    "a\n",
    "u:p@h/a",
]
HOSTNAMES = ["ab", "registry-1.docker.io", "a--b.c", "a-.b", "a" * 253]
ILL_HOSTNAMES = [
    "",
    "a",
    "1a",
    "a.",
    "a..b",
    "a-",
    "a:80",
    "a_b",
    "a" * 254,
    "ab\n",
    "é.org",
    "https://a",
]
SOURCES = ["github.com/o/r", "github.com/o/r/a/b@v1.0", "h.org/o/r@a/b@c", "h.org/O/R_x.y-z"]
ILL_SOURCES = [
    "",
    "github.com/o",
    "https://github.com/o/r",
    "github.com/o/../r",
    "github.com/./o/r",
    "github.com//o/r",
    "u@github.com/o/r",
    "github.com/o/r/",
    "github.com/o/r@",
    "h/o/r",
    "github.com:80/o/r",
    "github.com/o/r b",
]
BUCKETS = ["s3://a", "s3://a.b-c/d", "s3://a/b/c d".replace(" ", "_")]
ILL_BUCKETS = [
    "",
    "s3://",
    "s3://a/",
    "s3:///a",
    "https://a",
    "a",
    "s3://a/b/",
    "s3://k:s@a",
    "s3://a b",
]
COUNTS = [1, 2**31 - 1]
ILL_COUNTS = [0, -1, 2**31]

CASES: list[tuple[str, Data, str, list[Any], list[Any]]] = [
    ("gte", a_job(), "resources.tasks", COUNTS, ILL_COUNTS),
    ("gte", a_job(), "resources.cpusPerTask", COUNTS, ILL_COUNTS),
    ("gte", a_job(), "resources.memPerCpu", COUNTS, ILL_COUNTS),
    ("gte", a_job(), "resources.gpus", [0, 2**31 - 1], [-1, 2**31]),
    ("gte", a_job(), "enableLogging", [True, False, None], [0, "true"]),
    ("gte", a_job(), "inputMode", [0, 511, None], [-1, 512]),
    ("oneof", a_job(), "outputPolicy", ["always", "onSuccess", None], ["", "Always", "never"]),
    ("type", a_job(), "continuousOutputSync", [True, False, None], [1, "yes"]),
    (
        "envvar",
        a_job(env=[{"key": "A", "value": ""}]),
        "env.0.key",
        ENVVARS,
        ILL_ENVVARS + RESERVED,
    ),
    ("text", a_job(env=[{"key": "A", "value": ""}]), "env.0.value", FREE_TEXTS, ["\0", 1, None]),
    ("url", a_job(input={"http": {"url": ""}}), "input.http.url", URLS, ILL_URLS),
    ("text", S3_JOB, "input.s3.region", TEXTS, ILL_TEXTS),
    ("bucket_url", S3_JOB, "input.s3.bucketUrl", BUCKETS, ILL_BUCKETS),
    ("path", S3_JOB, "input.s3.path", PATHS, ILL_PATHS),
    ("text", S3_JOB, "input.s3.accessKeyId", TEXTS, ILL_TEXTS),
    ("text", S3_JOB, "input.s3.secretAccessKey", TEXTS, ILL_TEXTS),
    ("url", S3_JOB, "input.s3.endpointUrl", URLS, ILL_URLS),
    ("type", S3_JOB, "input.s3.deleteSync", [True, False, None], [0]),
    (
        "cidr",
        a_job(virtualNetworks=[{"name": "n"}]),
        "virtualNetworks.0.gatewayAddress",
        CIDRS,
        ILL_CIDRS,
    ),
    (
        "max",
        a_job(virtualNetworks=[{"gatewayAddress": "10.0.0.1/8"}]),
        "virtualNetworks.0.name",
        ["a", "é" * 64],
        ["", "a" * 65, *ILL_TEXTS],
    ),
    ("max", job_with_steps({}), "steps.0.name", [*TEXTS, "é" * 256, None], ["a" * 257, *ILL_TEXTS]),
    ("text", job_with_steps({}), "steps.0.if", [*FREE_TEXTS, None], ["\0", True]),
    ("gte", job_with_steps({}), "steps.0.timeout", [1, 2**31 - 1, None], [0, -1]),
    ("gte", job_with_steps({}), "steps.0.retries", [0, 10, None], [-1, 11]),
    (
        "text",
        job_with_run(),
        f"{RUN}.command",
        [*FREE_TEXTS, "a" * 120_000],
        ["\0", None, "a" * 120_001],
    ),
    (
        "oneof",
        job_with_run(),
        f"{RUN}.shell",
        ["/bin/bash", "/bin/ash", "/bin/sh", "ENTRYPOINT", None],
        ["", "/bin/zsh", "bash"],
    ),
    (
        "oneof",
        job_with_run(),
        f"{RUN}.network",
        ["host", "slirp4netns", "pasta", None],
        ["", "none"],
    ),
    ("ip", job_with_run(network="pasta", dns=["::1"]), f"{RUN}.dns.0", IPS, ILL_IPS),
    ("gte", job_with_run(), f"{RUN}.mapUid", [0, 1000, None], [-1, 2**31]),
    ("gte", job_with_run(), f"{RUN}.mapGid", [0, 1000, None], [-1, 2**31]),
    ("path", job_with_run(), f"{RUN}.workDir", [*PATHS, None], ILL_PATHS),
    ("type", job_with_run(), f"{RUN}.disableCpuBinding", [True, False, None], [0]),
    ("oneof", job_with_run(), f"{RUN}.mpi", ["none", "pmix_v4", "pmi2", None], ["", "pmix"]),
    ("gte", job_with_run(resources={}), f"{RUN}.resources.tasks", [1, 4, None], ILL_COUNTS),
    ("gte", job_with_run(resources={}), f"{RUN}.resources.cpusPerTask", [1, 8, None], ILL_COUNTS),
    ("gte", job_with_run(resources={}), f"{RUN}.resources.memPerCpu", [1, 400, None], ILL_COUNTS),
    ("gte", job_with_run(resources={}), f"{RUN}.resources.gpusPerTask", [0, 2, None], [-1]),
    ("image", job_with_container(), f"{RUN}.container.image", IMAGES, ILL_IMAGES),
    (
        "hostname",
        job_with_container(),
        f"{RUN}.container.registry",
        [*HOSTNAMES, None],
        ILL_HOSTNAMES,
    ),
    (
        "text",
        job_with_container(password="p", registry="example.org"),
        f"{RUN}.container.username",
        TEXTS,
        ILL_TEXTS,
    ),
    (
        "text",
        job_with_container(username="p", registry="example.org"),
        f"{RUN}.container.password",
        TEXTS,
        ILL_TEXTS,
    ),
    *[
        ("type", job_with_container(), f"{RUN}.container.{name}", [True, False, None], [0, "no"])
        for name in ("apptainer", "deepsquareHosted", "x11", "mountHome", "readOnlyRootFS")
    ],
    *[
        (
            "path",
            MOUNT_JOB,
            f"{RUN}.container.mounts.0.{name}",
            ["/", "/a b"],
            ["", "a", "/a:b", "/a,b", '/a"', "/a\\b", "/a\n"],
        )
        for name in ("hostDir", "containerDir")
    ],
    ("oneof", MOUNT_JOB, f"{RUN}.container.mounts.0.options", ["", "rw", "ro"], ["r", "RO", None]),
    ("cidr", PEER_JOB, f"{INTERFACE}.wireguard.address", [*CIDRS, None], ILL_CIDRS),
    ("key32", PEER_JOB, f"{INTERFACE}.wireguard.privateKey", KEYS, [*ILL_KEYS, None]),
    ("key32", PEER_JOB, f"{PEER}.publicKey", KEYS, [*ILL_KEYS, None]),
    ("key32", PEER_JOB, f"{PEER}.preSharedKey", [*KEYS, None], ILL_KEYS),
    ("cidr", PEER_JOB, f"{PEER}.allowedIPs", [*CIDRS, CIDRS, None], [*ILL_CIDRS, ILL_CIDRS]),
    ("hostname_port", PEER_JOB, f"{PEER}.endpoint", [*HOST_PORTS, None], ILL_HOST_PORTS),
    ("gte", PEER_JOB, f"{PEER}.persistentKeepalive", [0, 65535, None], [-1, 65536]),
    ("hostname_port", BORE_JOB, f"{INTERFACE}.bore.boreAddress", HOST_PORTS, ILL_HOST_PORTS),
    (
        "ip|fqdn",
        OLD_BORE_JOB,
        f"{INTERFACE}.bore.address",
        [*IPS, "bore.example.org", "a.b1"],
        ["", "localhost", "a.1b", "a.b:1", "a..b", "-a.b", "a.b\n", "a_b.c", "1.2.3.256"],
    ),
    ("gte", OLD_BORE_JOB, f"{INTERFACE}.bore.port", PORTS, ILL_PORTS),
    ("gte", BORE_JOB, f"{INTERFACE}.bore.targetPort", PORTS, [*ILL_PORTS, None]),
    ("text", BORE_JOB, f"{INTERFACE}.bore.secret", [*TEXTS, None], ILL_TEXTS),
    ("text", VNET_JOB, f"{INTERFACE}.vnet.name", ["n"], ILL_TEXTS),
    ("cidr", VNET_JOB, f"{INTERFACE}.vnet.address", ["10.0.0.3/24", "10.0.0.3/32"], ILL_CIDRS),
    ("type", LOOP_JOB, "steps.0.for.parallel", [True], [0, "true"]),
    ("text", LOOP_JOB, "steps.0.for.items", [*FREE_TEXTS, FREE_TEXTS, []], [["\0"], [1], [None]]),
    ("limit", LOOP_JOB, "steps.0.for.items", [["a"] * 10_000], [["a"] * 10_001]),
    ("gte", LOOP_JOB, "steps.0.for.maxParallel", [1, None], [0, -1]),
    ("type", RANGE_JOB, "steps.0.for.range.begin", [-5, 2], ["1", None]),
    ("type", RANGE_JOB, "steps.0.for.range.end", [1, 1_000_000], ["1", None]),
    ("type", RANGE_JOB, "steps.0.for.range.increment", [-1, 0, 5, None], ["1"]),
    ("handle", LAUNCH_JOB, "steps.0.launch.handleName", [*HANDLES, None], ILL_HANDLES),
    ("gte", LAUNCH_JOB, "steps.0.launch.signalOnParentStepExit", [0, 31, None], [-1, 32]),
    ("source", USE_JOB, "steps.0.use.source", SOURCES, ILL_SOURCES),
    (
        "envvar",
        USE_JOB,
        "steps.0.use.exportEnvAs",
        ["A", "my_1", None],
        [*ILL_ENVVARS, "DEEPSQUARE_X", "PATH"],
    ),
    (
        "limit",
        USE_JOB,
        "steps.0.use.args",
        [[{"key": "A", "value": ""}] * 1_000],
        [[{"key": "A", "value": ""}] * 1_001],
    ),
]
TABLE = [
    pytest.param(document, path, value, is_legal, id=f"{tag}-{path}-{value!r}"[:100])
    for tag, document, path, legal, illegal in CASES
    for value, is_legal in [*((v, True) for v in legal), *((v, False) for v in illegal)]
]


@pytest.mark.parametrize(("document", "path", "value", "is_legal"), TABLE)
def test_rule__on_a_value__is_kept_by_parser_and_schema(
    document: Data, path: str, value: Any, is_legal: bool
) -> None:
    """W-DOC-8, section 2.1 and 2.2, V-RES, F8."""
    changed = with_value(document, path, value)
    errors = errors_of(changed)
    assert (not errors) == is_legal, errors
    if not is_legal:
        place = "Job." + path.replace(".0", "[0]")
        assert all(error.namespace.startswith(place) for error in errors)
    assert schema_accepts(changed) == is_legal


def test_rule_table__covers_every_field_with_a_rule() -> None:
    """W-DOC-8: a field without a case would go untested."""
    tested = {
        path.rsplit(".", 1)[-1] if not path.endswith(".0") else path.split(".")[-2]
        for _, _, path, _, _ in CASES
    }
    missing = [
        f"{spec.name}.{field.wire}"
        for spec in map(type_spec, WORKFLOW_TYPES)
        for field in spec.fields
        if not field.is_object and not spec.name.startswith("Module") and field.wire not in tested
    ]
    assert missing == ["Step.dependsOn"], "its case is V-HDL"


def test_env_entry__key_and_value_together__are_bounded() -> None:
    """Section 2.2, EnvVar.value."""
    for key, length, tags in (("A" * 10, 130_990, []), ("A" * 10, 130_991, ["max_bytes"])):
        document = a_job(env=[{"key": key, "value": "x" * length}])
        assert [error.tag for error in errors_of(document)] == tags
    two_bytes = a_job(env=[{"key": "A", "value": "é" * 65_500}])
    assert [error.tag for error in errors_of(two_bytes)] == ["max_bytes"]
