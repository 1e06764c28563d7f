"""The rule vocabulary of workflow.md section 2.1, each rule once.

A rule knows how to check a value, how to say what it expects, and its form in JSON Schema.
"""

import functools
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

RESERVED_NAMES = frozenset(
    {
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
    }
)
"""Environment variables that no workflow may define (V-RES)."""

RESERVED_PREFIXES = (
    "DEEPSQUARE_",
    "SLURM_",
    "SBATCH_",
    "SRUN_",
    "ENROOT_",
    "APPTAINER",
    "SINGULARITY",
    "BASH_FUNC_",
)
"""Prefixes of environment variables that no workflow may define (V-RES)."""

CONTROL_CHARACTERS = r"[\u0000-\u001f\u007f-\u009f]"
"""What no text on one line may hold (rule ``text``)."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule for one value.

    ``label`` is the rule as documents of the project write it (``gte=1``), ``expects`` ends the
    sentence "must be ...".
    """

    tag: str
    label: str
    expects: str
    accepts: Callable[[Any], bool] = field(repr=False)
    schema: Mapping[str, Any] = field(repr=False)


def gte(bound: int) -> Rule:
    """At least ``bound``."""
    return Rule("gte", f"gte={bound}", f"at least {bound}", bound.__le__, {"minimum": bound})


def lte(bound: int) -> Rule:
    """At most ``bound``."""
    return Rule("lte", f"lte={bound}", f"at most {bound}", bound.__ge__, {"maximum": bound})


def one_of(*values: str) -> Rule:
    """Exactly one of ``values``."""
    shown = ", ".join(f'"{value}"' for value in values)
    return Rule(
        "oneof",
        "oneof " + " ".join(value or '""' for value in values),
        f"one of {shown}",
        frozenset(values).__contains__,
        {"enum": list(values)},
    )


def min_length(count: int) -> Rule:
    """At least ``count`` characters."""
    return Rule(
        "min",
        f"min={count}",
        f"at least {count} character{'s' * (count > 1)} long",
        lambda value: len(value) >= count,
        {"minLength": count},
    )


def max_length(count: int) -> Rule:
    """At most ``count`` characters."""
    return Rule(
        "max",
        f"max={count}",
        f"at most {count} characters long",
        lambda value: len(value) <= count,
        {"maxLength": count},
    )


def max_bytes(count: int) -> Rule:
    """At most ``count`` bytes of UTF-8. JSON Schema can only bound the characters."""
    return Rule(
        "max_bytes",
        f"max_bytes={count}",
        f"at most {count} bytes long",
        lambda value: len(value) * 4 <= count or len(value.encode()) <= count,
        {"maxLength": count},
    )


def _matching(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern.removesuffix("$") + r"\Z")
    return lambda value: compiled.match(value) is not None


def _pattern_rule(tag: str, pattern: str, expects: str) -> Rule:
    return Rule(tag, tag, expects, _matching(pattern), {"pattern": pattern})


_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = rf"(?:{_LABEL}\.)*{_LABEL}"
_PORT = "(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_GROUP = "[0-9A-Fa-f]{1,4}"
_LAST_32_BITS = f"(?:{_GROUP}:{_GROUP}|{_IPV4})"
_SHORTENED = (
    *(
        f"(?:(?:{_GROUP}:){{0,{before}}}{_GROUP})?::(?:{_GROUP}:){{{4 - before}}}{_LAST_32_BITS}"
        for before in range(5)
    ),
    f"(?:(?:{_GROUP}:){{0,5}}{_GROUP})?::{_GROUP}",
    f"(?:(?:{_GROUP}:){{0,6}}{_GROUP})?::",
)
"""Forms of an IPv6 address with ``::``, by the groups before it (RFC 3986, 3.2.2)."""
_IPV6 = (
    f"(?:(?:{_GROUP}:){{6}}{_LAST_32_BITS}|::(?:{_GROUP}:){{5}}{_LAST_32_BITS}"
    f"|{'|'.join(_SHORTENED)})"
)
_NAME_NOT_ADDRESS = rf"(?:{_LABEL}\.)*(?![0-9]+(?::|$)){_LABEL}"
_IS_NAME = _matching(f"^(?=.{{1,253}}$){_NAME}$")
_IS_PORT = _matching(f"^{_PORT}$")
_IS_PREFIX = _matching("^(?:0|[1-9][0-9]{0,2})$")


_LONGEST_ADDRESS = 64
"""No address is longer; what is must not be kept in a cache."""


def _is_ip(value: str) -> bool:
    return len(value) <= _LONGEST_ADDRESS and _is_short_ip(value)


@functools.lru_cache(maxsize=4096)
def _is_short_ip(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return "%" not in value


def _is_cidr(value: str) -> bool:
    return len(value) <= _LONGEST_ADDRESS and _is_short_cidr(value)


@functools.lru_cache(maxsize=4096)
def _is_short_cidr(value: str) -> bool:
    address, slash, prefix = value.partition("/")
    if not slash or not _is_ip(address) or not _IS_PREFIX(prefix):
        return False
    return int(prefix) <= ipaddress.ip_address(address).max_prefixlen


def _is_host(value: str) -> bool:
    """Tell whether it is an RFC 1123 name (last label not all digits), IPv4 or ``[IPv6]``."""
    if value.startswith("["):
        return value.endswith("]") and ":" in value and _is_ip(value[1:-1])
    if not _IS_NAME(value):
        return False
    return not value.rpartition(".")[2].isdigit() or _is_ip(value)


def _is_host_port(value: str) -> bool:
    host, colon, port = value.rpartition(":")
    return bool(colon) and _is_host(host) and _IS_PORT(port)


def _is_fqdn(value: str) -> bool:
    return "." in value and _IS_NAME(value) and value.rpartition(".")[2][0].isalpha()


def is_reserved(name: str) -> bool:
    """Tell whether a variable name is kept for the system (V-RES)."""
    return name in RESERVED_NAMES or name.startswith(RESERVED_PREFIXES)


URL = _pattern_rule(
    "url",
    r"^[Hh][Tt][Tt][Pp][Ss]?://(?:[^\s/?#@\\]*@)?"
    rf"(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]\\]+)(?::{_PORT})?(?:[/?#]\S*)?$",
    'an absolute URL with a host, such as "https://example.org/data"',
)
HOSTNAME = _pattern_rule(
    "hostname",
    r"^(?=[\s\S]{2,253}$)[A-Za-z](?:[A-Za-z0-9-]|\.(?!\.))*[A-Za-z0-9]$",
    'a host name without port, such as "registry.example.org"',
)
HOSTNAME_PORT = Rule(
    "hostname_port",
    "hostname_port",
    'host:port, such as "bore.example.org:2200" or "[2001:db8::1]:51820"',
    _is_host_port,
    {"pattern": rf"^(?:(?=[^:]{{1,253}}:){_NAME_NOT_ADDRESS}|{_IPV4}|\[{_IPV6}\]):{_PORT}$"},
)
IP = Rule(
    "ip",
    "ip",
    'an IPv4 or IPv6 address, such as "1.1.1.1"',
    _is_ip,
    {"pattern": f"^(?:{_IPV4}|{_IPV6})$"},
)
CIDR = Rule(
    "cidr",
    "cidr",
    'an address with prefix length, such as "10.0.0.1/24"',
    _is_cidr,
    {"pattern": f"^(?:{_IPV4}/(?:[12]?[0-9]|3[0-2])|{_IPV6}/(?:[1-9]?[0-9]|1[01][0-9]|12[0-8]))$"},
)
IP_OR_FQDN = Rule(
    "ip|fqdn",
    "ip|fqdn",
    'an IP address or a full host name, such as "bore.example.org"',
    lambda value: _is_ip(value) or _is_fqdn(value),
    {
        "pattern": rf"^(?:(?=.{{1,253}}$)(?:{_LABEL}\.)+"
        rf"[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?|{_IPV4}|{_IPV6})$"
    },
)
ENVVAR = _pattern_rule(
    "envvar",
    "^[A-Za-z_][A-Za-z0-9_]*$",
    "a variable name: letters, digits and _, not starting with a digit",
)
NOT_RESERVED = Rule(
    "reserved",
    "reserved",
    "another name: this one is reserved for the system",
    lambda name: not is_reserved(name),
    {
        "not": {
            "type": "string",
            "pattern": "^(?:(?:"
            + "|".join(sorted(RESERVED_NAMES))
            + ")$|(?:"
            + "|".join(RESERVED_PREFIXES)
            + "))",
        }
    },
)
HANDLE = _pattern_rule("handle", "^[A-Za-z0-9_]+$", "a name of letters, digits and _")
IMAGE = _pattern_rule(
    "image",
    r"^(?:/[\s\S]*|[a-z0-9/._-]+(?::[A-Za-z0-9._:-]+)?)$",
    'an image such as "library/alpine:3.20" (lower case, no registry, digest or user), '
    'or a file path that starts with "/"',
)
PATH = _pattern_rule("path", r"^/[\s\S]*$", 'an absolute path: it starts with "/"')
MOUNT_PATH = _pattern_rule("path", r'^/[^:,"\\]*$', 'an absolute path without : , " and \\')
KEY32 = _pattern_rule(
    "key32",
    "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$",
    "the base64 form of exactly 32 bytes (44 characters)",
)
BUCKET_URL = _pattern_rule(
    "bucket_url",
    r"^s3://[^\s/?#@]+(?:/[^\s?#]*[^\s?#/])?$",
    's3:// and a bucket, optionally a prefix, without "/" at the end: "s3://bucket/prefix"',
)
MODULE_SOURCE = _pattern_rule(
    "source",
    r"^(?=[^/]{2,253}/)[A-Za-z](?:[A-Za-z0-9-]|\.(?!\.))*[A-Za-z0-9]"
    r"(?:/(?!\.\.?(?:[/@]|$))[A-Za-z0-9._-]+){2,}(?:@[\s\S]+)?$",
    'host/owner/repo[/path][@ref], such as "github.com/owner/repo/module@v1.0.0"',
)
