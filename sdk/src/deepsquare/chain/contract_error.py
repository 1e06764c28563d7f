"""What every custom error of the contracts has in common.

The concrete classes are generated, one per custom error of the ABI, with the error's own name and
its arguments as fields: `deepsquare.chain.errors`.
"""

import re
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, ClassVar

from deepsquare.errors import Refused

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class ContractError(Refused):
    """A contract refused a call with one of its custom errors.

    ``code`` is ``contract_`` and the error's name in snake case; ``details`` holds the arguments.
    """

    code = "contract_error"
    signature: ClassVar[str] = ""
    selector: ClassVar[bytes] = b""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.code = "contract_" + _WORD_START.sub("_", cls.__name__).lower()

    def __init__(self) -> None:
        """Make an error without arguments; dataclasses with fields bring their own."""
        self.__post_init__()

    def __post_init__(self) -> None:
        """Called by the generated dataclasses: word the message from the arguments."""
        values = self._values()
        arguments = ", ".join(f"{name}={_shown(value)}" for name, value in values.items())
        super().__init__(f"the contract refused: {type(self).__name__}({arguments})")
        self.details.update({name: _plain(value) for name, value in values.items()})

    def _values(self) -> dict[str, Any]:
        if not is_dataclass(self):
            return {}
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _shown(value: object) -> str:
    return value.name if isinstance(value, Enum) else str(_plain(value))


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value.name if isinstance(value, Enum) else value
