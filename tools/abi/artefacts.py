"""What the compiler says about the deployable contracts, without the tool that ran it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

AbiItem = dict[str, Any]

CONTRACTS = (
    "MetaScheduler",
    "JobRepository",
    "ProviderJobQueues",
    "ProviderManager",
    "Constants",
    "Credit",
    "FaucetCredit",
    "FaucetNative",
)
"""The deployable contracts that the SDK ships, in the order of abi.txt."""


@dataclass(frozen=True, slots=True)
class Artefacts:
    """ABI and creation bytecode (0x hex) by contract, members by enum in wire order."""

    abi_by_contract: Mapping[str, list[AbiItem]]
    members_by_enum: Mapping[str, list[str]]
    bytecode_by_contract: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a struct or an argument: name, ABI type, and the Solidity type behind it."""

    name: str
    type: str
    internal_type: str
    components: tuple["Field", ...] = ()

    @property
    def user_type(self) -> str | None:
        """The name of the enum or struct, without its kind and array brackets."""
        kind, _, name = self.internal_type.partition(" ")
        return name.partition("[")[0] if kind in ("struct", "enum") else None

    @property
    def is_array(self) -> bool:
        """Whether it holds several values."""
        return self.type.endswith("]")


def to_field(parameter: AbiItem) -> Field:
    """Convert a parameter of a JSON ABI."""
    return Field(
        name=parameter["name"],
        type=parameter["type"],
        internal_type=parameter.get("internalType") or parameter["type"],
        components=tuple(to_field(item) for item in parameter.get("components", ())),
    )


def items(artefacts: Artefacts, kind: str) -> Iterator[AbiItem]:
    """All ABI items of one type, such as "error", over all contracts in their order."""
    for name in CONTRACTS:
        yield from (item for item in artefacts.abi_by_contract[name] if item["type"] == kind)


def errors(artefacts: Artefacts) -> dict[str, tuple[Field, ...]]:
    """Arguments by name of every custom error; one name has one shape in all contracts."""
    found: dict[str, tuple[Field, ...]] = {}
    for item in items(artefacts, "error"):
        fields = tuple(to_field(parameter) for parameter in item["inputs"])
        known = found.setdefault(item["name"], fields)
        if [field.type for field in known] != [field.type for field in fields]:
            raise ValueError(f"two errors are called {item['name']}")
    return dict(sorted(found.items()))


def structs(artefacts: Artefacts) -> dict[str, tuple[Field, ...]]:
    """Members by name of every struct in the ABI, each after the structs it holds."""
    found: dict[str, tuple[Field, ...]] = {}
    for kind in ("function", "event"):
        for item in items(artefacts, kind):
            for parameter in [*item["inputs"], *item.get("outputs", ())]:
                _collect(to_field(parameter), found)
    return found


def _collect(field: Field, found: dict[str, tuple[Field, ...]]) -> None:
    for member in field.components:
        _collect(member, found)
    if field.components and field.user_type:
        found.setdefault(field.user_type, field.components)
