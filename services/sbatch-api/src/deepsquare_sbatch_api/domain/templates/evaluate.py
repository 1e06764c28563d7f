"""Evaluates the tree of a template within bounded work (W-TPL-5)."""

from collections.abc import Callable, Mapping
from typing import NoReturn

from deepsquare_sbatch_api.domain.templates.errors import FunctionError, TemplateError
from deepsquare_sbatch_api.domain.templates.functions import Function
from deepsquare_sbatch_api.domain.templates.measure import Scales
from deepsquare_sbatch_api.domain.templates.nodes import (
    Action,
    Block,
    Command,
    Dot,
    Fields,
    Literal,
    Name,
    Node,
    Operand,
    Pipeline,
    Text,
    Variable,
)
from deepsquare_sbatch_api.domain.templates.values import (
    Value,
    field_of,
    is_true,
    kind_of,
    written,
)

MAX_OUTPUT = 1024 * 1024
"""Bytes of a rendered template (W-MOD-5, W-TPL-5)."""

MAX_STEPS = 100_000
"""Evaluation steps; work on a large value counts for several."""

_WEIGHT_OF_A_STEP = 10
"""Entries, or ten times as many characters, that are handled for the price of one step."""


Work = Callable[[], Value]


class Evaluator:
    """Evaluates one template once."""

    def __init__(self, text: str, functions: Mapping[str, Function]) -> None:
        self._text = text
        self._functions = functions
        self._steps = 0
        self._scales = Scales()
        self._output: list[str] = []
        self._output_size = 0
        self._variables: list[tuple[str, Value]] = []

    def render(self, nodes: tuple[Node, ...], data: Value) -> str:
        """Return the text the nodes make of the data; raises `TemplateError`."""
        self._variables = [("$", data)]
        self._walk(nodes, data)
        return "".join(self._output)

    def _walk(self, nodes: tuple[Node, ...], dot: Value) -> None:
        outside = len(self._variables)
        for node in nodes:
            if isinstance(node, Text):
                self._write(node.text, 0)
            elif isinstance(node, Action):
                self._action(node.pipeline, dot)
            else:
                self._block(node, dot)
        del self._variables[outside:]

    def _action(self, pipeline: Pipeline, dot: Value) -> None:
        value = self._pipeline(pipeline, dot)
        if pipeline.variables:
            self._store(pipeline, value)
        else:
            self._weigh(value, pipeline.at)
            self._write(written(value), pipeline.at)

    def _block(self, block: Block, dot: Value) -> None:
        outside = len(self._variables)
        value = self._pipeline(block.pipeline, dot)
        if block.word == "range":
            self._range(block, value, dot)
        else:
            if block.pipeline.variables:
                self._store(block.pipeline, value)
            inner = value if block.word == "with" else dot
            if is_true(value):
                self._walk(block.body, inner)
            else:
                self._walk(block.otherwise, dot)
        del self._variables[outside:]

    def _range(self, block: Block, value: Value, dot: Value) -> None:
        entries = self._entries(value, block.pipeline.at)
        if not entries:
            self._walk(block.otherwise, dot)
        for key, item in entries:
            self._spend(1, block.pipeline.at)
            outside = len(self._variables)
            self._bind(block.pipeline, key, item)
            self._walk(block.body, item)
            del self._variables[outside:]

    def _entries(self, value: Value, at: int) -> list[tuple[Value, Value]]:
        self._weigh(value, at)
        if isinstance(value, list):
            return list(enumerate(value))
        if isinstance(value, dict):
            return [(key, value[key]) for key in sorted(value)]
        if value is None:
            return []
        return self._fail(at, f"range goes over lists and maps, not over {kind_of(value)}")

    def _bind(self, pipeline: Pipeline, key: Value, item: Value) -> None:
        values = (key, item) if len(pipeline.variables) > 1 else (item,)
        for name, value in zip(pipeline.variables, values, strict=False):
            self._set(name, value, pipeline)

    def _store(self, pipeline: Pipeline, value: Value) -> None:
        self._set(pipeline.variables[0], value, pipeline)

    def _set(self, name: str, value: Value, pipeline: Pipeline) -> None:
        if pipeline.is_assignment:
            self._variables[self._index_of(name, pipeline.at)] = (name, value)
        else:
            self._variables.append((name, value))

    def _index_of(self, name: str, at: int) -> int:
        """Return where the innermost variable of a name stands; passing others is work too."""
        index = len(self._variables) - 1
        while self._variables[index][0] != name:
            index -= 1
        self._spend((len(self._variables) - index) // _WEIGHT_OF_A_STEP, at)
        return index

    def _pipeline(self, pipeline: Pipeline, dot: Value) -> Value:
        value: Value = None
        for index, command in enumerate(pipeline.commands):
            self._spend(1, command.at)
            value = self._command(command, dot, piped=(value,) if index else ())
        return value

    def _command(self, command: Command, dot: Value, *, piped: tuple[Value, ...]) -> Value:
        first, *operands = command.operands
        if not isinstance(first, Name):
            return self._operand(first, dot)
        if first.name in ("and", "or"):
            return self._logic(first, operands, dot, piped=piped)
        arguments = [self._operand(operand, dot) for operand in operands] + list(piped)
        return self._call(first, arguments)

    def _logic(
        self, name: Name, operands: list[Operand], dot: Value, *, piped: tuple[Value, ...]
    ) -> Value:
        """Evaluate ``and``, ``or`` no further than the result needs."""
        if not operands and not piped:
            self._fail(name.at, f"{name.name} needs arguments")
        value: Value = None
        for operand in operands:
            value = self._operand(operand, dot)
            if is_true(value) == (name.name == "or"):
                return value
        return piped[0] if piped else value

    def _call(self, name: Name, arguments: list[Value]) -> Value:
        function = self._functions[name.name]
        if not function.takes(len(arguments)):
            self._fail(name.at, f"{name.name} takes {function.arity}, not {len(arguments)}")
        self._spend(1, name.at)
        for argument in arguments:
            self._weigh(argument, name.at)
        value = self._guarded(name.at, lambda: function.call(*arguments), f"{name.name}: ")
        self._weigh(value, name.at, f"{name.name}: ")
        return value

    def _weigh(self, value: Value, at: int, prefix: str = "") -> None:
        weight = self._guarded(at, lambda: self._scales.weigh(value), prefix)
        self._spend(weight // _WEIGHT_OF_A_STEP, at)

    def _operand(self, operand: Operand, dot: Value) -> Value:
        if isinstance(operand, Literal):
            return operand.value
        if isinstance(operand, Dot):
            return dot
        if isinstance(operand, Variable):
            return self._variables[self._index_of(operand.name, operand.at)][1]
        if isinstance(operand, Pipeline):
            return self._pipeline(operand, dot)
        if isinstance(operand, Name):
            return self._call(operand, [])
        return self._fields(operand, dot)

    def _fields(self, operand: Fields, dot: Value) -> Value:
        value = self._operand(operand.operand, dot)
        for name in operand.names:
            value = self._guarded(operand.at, lambda: field_of(value, name))  # noqa: B023
        return value

    def _guarded(self, at: int, work: Work, prefix: str = "") -> Value:
        try:
            return work()
        except FunctionError as error:
            return self._fail(at, prefix + str(error))

    def _write(self, text: str, at: int) -> None:
        self._output_size += len(text.encode())
        if self._output_size > MAX_OUTPUT:
            self._fail(at, f"the rendered template is larger than {MAX_OUTPUT} bytes")
        self._output.append(text)

    def _spend(self, steps: int, at: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            self._fail(at, f"the template takes more than {MAX_STEPS} steps")

    def _fail(self, at: int, message: str) -> NoReturn:
        raise TemplateError.at(self._text, at, message)
