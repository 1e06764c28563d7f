"""Rules of workflow.md 2.4 that concern the fields of one object, and normal forms.

A rule gets the fields that are present, before the object is made. It runs unless one of its own
attributes is ill, so that one mistake is not reported twice.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from deepsquare.workflow.errors import shown
from deepsquare.workflow.loops import MAX_ITERATIONS, range_of
from deepsquare.workflow.model import (
    Bore,
    ContainerRun,
    EnvVar,
    ForRange,
    Job,
    Module,
    NetworkInterface,
    Step,
    StepFor,
    StepRun,
    StepUse,
    TransportData,
)
from deepsquare.workflow.model.runs import MAX_ENTRY_BYTES
from deepsquare.workflow.nodes import Node, value_in
from deepsquare.workflow.report import Path, Report
from deepsquare.workflow.rules import RESERVED_PREFIXES

MAX_NAME_SERVERS = 3
"""The C library reads no more from resolv.conf."""

BODIES = {"steps": "steps", "run": "run", "for_": "for", "launch": "launch", "use": "use"}
"""Attributes and wire names of a step's possible bodies."""

# What `shlex.split` takes, without its second per megabyte.
_SHELL_WORDS = re.compile(r"""(?:[^'"\\]++|\\[\s\S]|'[^']*+'|"(?:[^"\\]++|\\[\s\S])*+")*+""")

Given = dict[str, Any]
Finding = tuple[str, str, str]
"""Tag, wire name of the field ("" for the object), message."""

Findings = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class LocalRule:
    """A rule on some attributes of one type; without its ``cause``, if it has one, it is kept."""

    attributes: frozenset[str]
    find: Callable[[Given], Findings]
    is_warning: bool
    cause: str | None

    def report(self, finding: Finding, node: Node, path: Path, report: Report) -> None:
        """Report what the rule has found, at the field's value where it is present."""
        tag, wire, message = finding
        place = report.warning if self.is_warning else report.error
        place(_value(node, wire), (path, wire) if wire else path, tag, message=message)


def _value(node: Node, wire: str) -> Node:
    return value_in(node, wire) or node


def _rule(
    find: Callable[[Given], Findings],
    *attributes: str,
    warns: bool = False,
    cause: str | None = None,
) -> LocalRule:
    return LocalRule(frozenset(attributes), find, warns, cause)


def _one_body(given: Given) -> Findings:
    present = [BODIES[name] for name, value in given.items() if name in BODIES and value]
    if len(present) > 1:
        listed = ", ".join(present)
        yield "exclusive", present[1], f"a step has one body at most; this one has {listed}"


def _one_transport(given: Given) -> Findings:
    if given.get("http") and given.get("s3"):
        yield "exclusive", "s3", "data has one transport: http or s3, not both"


def _no_transport(given: Given) -> Findings:
    if not given.get("http") and not given.get("s3"):
        yield "exclusive", "", "neither http nor s3: no data is transferred"


def _one_loop(given: Given) -> Findings:
    if ("items" in given) == ("range" in given):
        yield "exclusive", "", "a loop has exactly one of items and range"


def _limit_of_parallel_loop(given: Given) -> Findings:
    if "max_parallel" in given and not given.get("parallel"):
        yield "exclusive", "maxParallel", "only acts with parallel: true"


def _bounded_range(given: Given) -> Findings:
    if len(range_of(ForRange(**given))) > MAX_ITERATIONS:
        yield "limit", "", f"a loop has at most {MAX_ITERATIONS} iterations"


def _range_meets_its_end(given: Given) -> Findings:
    if not range_of(ForRange(**given)):
        yield "range", "", "runs away from its end: the loop has no iteration"


def _one_interface(given: Given) -> Findings:
    if len([kind for kind in ("wireguard", "bore", "vnet") if given.get(kind)]) != 1:
        yield "exclusive", "", "an interface is exactly one of wireguard, bore and vnet"


def _entry_fits(given: Given) -> Findings:
    if len(given["key"]) + len(given["value"].encode()) > MAX_ENTRY_BYTES:
        yield "max_bytes", "value", f"key and value together exceed {MAX_ENTRY_BYTES} bytes"


def _namespace_network(given: Given) -> Findings:
    if given.get("network", "host") != "host":
        return
    for name, wire in (("dns", "dns"), ("custom_network_interfaces", "customNetworkInterfaces")):
        if given.get(name):
            yield "network", wire, "needs network: slirp4netns or network: pasta"


def _few_name_servers(given: Given) -> Findings:
    if len(given.get("dns", ())) > MAX_NAME_SERVERS:
        yield "network", "dns", f"programs read only the first {MAX_NAME_SERVERS} name servers"


def _interfaces_need_root(given: Given) -> Findings:
    interfaces = given.get("custom_network_interfaces", ())
    if not any(interface.wireguard or interface.vnet for interface in interfaces):
        return
    if given.get("map_uid") != 0:
        yield "map_uid", "mapUid", "a step with a wireguard or vnet interface needs mapUid: 0"
    resources = given.get("resources")
    if resources is not None and resources.tasks != 1:
        yield "map_uid", "resources", "a step with a wireguard or vnet interface has one task"


def _apptainer_maps_root_only(given: Given) -> Findings:
    container = given.get("container")
    if container is None or not (container.apptainer or container.deepsquare_hosted):
        return
    if given.get("map_uid", 0) != 0:
        yield "map_uid", "mapUid", "Apptainer maps the user to 0 or not at all"


def _command_splits(given: Given) -> Findings:
    if given.get("shell") == "ENTRYPOINT" and not _SHELL_WORDS.fullmatch(given["command"]):
        message = "does not split into words: a quote is not closed, or nothing follows a \\"
        yield "shell_words", "command", message


def _is_local_image(given: Given) -> bool:
    return bool(given.get("deepsquare_hosted")) or given["image"].startswith("/")


def _complete_credentials(given: Given) -> Findings:
    if _is_local_image(given) or not ("username" in given or "password" in given):
        return
    for name in ("username", "password", "registry"):
        if name not in given:
            yield "credentials", name, "username, password and registry go together"


def _credentials_in_use(given: Given) -> Findings:
    if _is_local_image(given) and ("username" in given or "password" in given):
        yield "credentials", "", "credentials are ignored: this image is not fetched"


def _registry_in_image(given: Given) -> Findings:
    first, slash, _ = given["image"].partition("/")
    if "registry" not in given and slash and "." in first:
        message = f"{shown(first)} is not read as a registry: use the field registry"
        yield "image_registry", "image", message


def _deprecated_mounts(given: Given) -> Findings:
    if given.get("mounts"):
        yield "deprecated", "mounts", "mounts are deprecated: hosts of the grid share no paths"


def _one_bore_server(given: Given) -> Findings:
    old = [name for name in ("address", "port") if name in given]
    if ("bore_address" in given) == bool(old) or len(old) == 1:
        yield "bore", "", "give either boreAddress, or address and port"


def _old_bore_server(given: Given) -> Findings:
    if "address" in given and "port" in given and "bore_address" not in given:
        yield "bore", "address", "address and port are deprecated: use boreAddress"


def _export_not_reserved(given: Given) -> Findings:
    prefix = given.get("export_env_as")
    if prefix is not None and f"{prefix}_".startswith(RESERVED_PREFIXES):
        message = f"variables that start with {shown(prefix + '_')} are reserved for the system"
        yield "reserved", "exportEnvAs", message


def _acting_outputs(given: Given) -> Findings:
    output = given.get("output")
    if given.get("continuous_output_sync") and not (output and output.s3):
        yield "ignored", "continuousOutputSync", "has no effect without an S3 output"
    if "output_policy" in given and not _transfers(output):
        yield "ignored", "outputPolicy", "has no effect without an output"


def _acting_inputs(given: Given) -> Findings:
    input_ = given.get("input")
    if "input_mode" in given and not _transfers(input_):
        yield "ignored", "inputMode", "has no effect without an input"
    if input_ and input_.s3 and input_.s3.delete_sync:
        yield "ignored", "input", "deleteSync has no effect on an input"


def _transfers(data: TransportData | None) -> bool:
    return data is not None and bool(data.http or data.s3)


def _last_entry_wins(name: str) -> LocalRule:
    def find(given: Given) -> Findings:
        seen: set[str] = set()
        for entry in given.get(name, ()):
            if entry.key in seen:
                yield "duplicate_key", name, f"{shown(entry.key)} stands twice: the last one counts"
            seen.add(entry.key)

    return _rule(find, name, warns=True, cause=name)


def _unique_keys(name: str) -> LocalRule:
    def find(given: Given) -> Findings:
        counts = Counter(entry.key for entry in given.get(name, ()))
        for key in (key for key, count in counts.items() if count > 1):
            yield "duplicate_key", name, f"the key {shown(key)} stands twice"

    return _rule(find, name, cause=name)


LOCAL_RULES: dict[type, tuple[LocalRule, ...]] = {
    Job: (
        _last_entry_wins("env"),
        _rule(_acting_outputs, "output", "output_policy", "continuous_output_sync", warns=True),
        _rule(_acting_inputs, "input", "input_mode", warns=True),
    ),
    EnvVar: (_rule(_entry_fits, "key", "value"),),
    TransportData: (
        _rule(_one_transport, "http", "s3"),
        _rule(_no_transport, "http", "s3", warns=True),
    ),
    Step: (_rule(_one_body, *BODIES),),
    StepFor: (
        _rule(_one_loop, "items", "range"),
        _rule(_limit_of_parallel_loop, "max_parallel", "parallel", cause="max_parallel"),
    ),
    ForRange: (
        _rule(_bounded_range, "begin", "end", "increment"),
        _rule(_range_meets_its_end, "begin", "end", "increment", warns=True),
    ),
    NetworkInterface: (_rule(_one_interface, "wireguard", "bore", "vnet"),),
    StepRun: (
        _rule(_namespace_network, "network", "dns", "custom_network_interfaces"),
        _rule(_few_name_servers, "dns", warns=True, cause="dns"),
        _rule(
            _interfaces_need_root,
            "custom_network_interfaces",
            "map_uid",
            "resources",
            cause="custom_network_interfaces",
        ),
        _rule(_apptainer_maps_root_only, "container", "map_uid", cause="container"),
        _rule(_command_splits, "shell", "command", cause="shell"),
        _last_entry_wins("env"),
    ),
    ContainerRun: (
        _rule(_complete_credentials, "image", "username", "password", "registry"),
        _rule(_credentials_in_use, "image", "deepsquare_hosted", warns=True),
        _rule(_registry_in_image, "image", "registry", warns=True),
        _rule(_deprecated_mounts, "mounts", warns=True, cause="mounts"),
    ),
    Bore: (
        _rule(_one_bore_server, "bore_address", "address", "port"),
        _rule(_old_bore_server, "bore_address", "address", "port", warns=True),
    ),
    StepUse: (
        _rule(_export_not_reserved, "export_env_as", cause="export_env_as"),
        _last_entry_wins("args"),
    ),
    Module: (_unique_keys("inputs"), _unique_keys("outputs")),
}
"""Rules by the type they concern."""


def _drop_empty_transports(given: Given) -> None:
    for name in ("input", "output"):
        if not _transfers(given.get(name)):
            given.pop(name, None)


def _drop_empty_condition(given: Given) -> None:
    if given.get("if_") == "":
        del given["if_"]


def _increment_by_one(given: Given) -> None:
    if given.get("increment") == 0:
        given["increment"] = 1


NORMAL_FORMS: dict[type, Callable[[Given], None]] = {
    Job: _drop_empty_transports,
    Step: _drop_empty_condition,
    ForRange: _increment_by_one,
}
"""What makes equal meanings equal models."""
