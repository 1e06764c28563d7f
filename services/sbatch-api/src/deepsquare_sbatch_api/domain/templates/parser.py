"""Parses a template into its tree; names of functions and variables are checked here."""

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import NoReturn

from deepsquare_sbatch_api.domain.templates.errors import TemplateError
from deepsquare_sbatch_api.domain.templates.lexer import ActionPart, TextPart, Token, split
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

MAX_NESTING = 100
"""Depth of blocks and of parentheses."""

MAX_VARIABLES = 1_000
"""Variables that can be seen at one place."""

_BLOCKS = frozenset({"if", "with", "range"})
_KEYWORDS = _BLOCKS | {"else", "end", "define", "template", "block", "break", "continue"}
_WORDS = {"true": True, "false": False, "nil": None}


def parse(text: str, functions: Container[str]) -> tuple[Node, ...]:
    """Parse a template that may call ``functions``; raises `TemplateError`."""
    return _Parser(text, functions).parse()


@dataclass(slots=True)
class _Open:
    """A block that has not ended.

    ``outside`` is the number of variables around it, ``inside`` that with those of its pipeline.
    """

    word: str
    pipeline: Pipeline
    outside: int
    inside: int
    at: int
    body: list[Node] = field(default_factory=list)
    otherwise: list[Node] | None = None
    is_else_if: bool = False

    def close(self) -> Block:
        return Block(self.word, self.pipeline, tuple(self.body), tuple(self.otherwise or ()))


class _Parser:
    def __init__(self, text: str, functions: Container[str]) -> None:
        self._text = text
        self._functions = functions
        self._variables = ["$"]
        self._root: list[Node] = []
        self._open: list[_Open] = []

    def parse(self) -> tuple[Node, ...]:
        for part in split(self._text):
            if isinstance(part, TextPart):
                if part.text:
                    self._add(Text(part.text))
            else:
                self._action(part)
        if self._open:
            self._fail(self._open[-1].at, f"{{{{{self._open[-1].word}}}}} has no {{{{end}}}}")
        return tuple(self._root)

    def _add(self, node: Node) -> None:
        if not self._open:
            self._root.append(node)
            return
        block = self._open[-1]
        (block.body if block.otherwise is None else block.otherwise).append(node)

    def _action(self, part: ActionPart) -> None:
        if not part.tokens:
            self._fail(part.at, "an action is empty")
        first = part.tokens[0]
        if first.kind != "name" or first.value not in _KEYWORDS:
            self._add(Action(self._pipeline(part.tokens, part.at)))
        elif first.value in _BLOCKS:
            self._begin(part, str(first.value), part.tokens[1:])
        elif first.value == "else":
            self._else(part)
        elif first.value == "end" and len(part.tokens) == 1:
            self._end(part)
        else:
            self._fail(first.at, f"{first.value} is not supported here")

    def _begin(self, part: ActionPart, word: str, tokens: tuple[Token, ...]) -> None:
        if len(self._open) >= MAX_NESTING:
            self._fail(part.at, f"blocks are nested deeper than {MAX_NESTING} levels")
        outside = len(self._variables)
        pipeline = self._pipeline(tokens, part.at, is_range=word == "range")
        self._open.append(_Open(word, pipeline, outside, len(self._variables), part.at))

    def _else(self, part: ActionPart) -> None:
        block = self._open[-1] if self._open else None
        if block is None or block.otherwise is not None:
            self._fail(part.at, "{{else}} without {{if}}, {{with}} or {{range}}")
        block.otherwise = []
        del self._variables[block.inside :]
        if len(part.tokens) == 1:
            return
        if block.word != "if" or part.tokens[1].value != "if":
            self._fail(part.tokens[1].at, "after else comes nothing, or if after an if")
        self._begin(part, "if", part.tokens[2:])
        self._open[-1].is_else_if = True

    def _end(self, part: ActionPart) -> None:
        if not self._open:
            self._fail(part.at, "{{end}} without a block")
        while True:
            block = self._open.pop()
            del self._variables[block.outside :]
            self._add(block.close())
            if not block.is_else_if:
                return

    def _pipeline(self, tokens: tuple[Token, ...], at: int, *, is_range: bool = False) -> Pipeline:
        reader = _PipelineReader(tokens, at, self._variables, self._fail, self._functions)
        return reader.read(is_range=is_range)

    def _fail(self, offset: int, message: str) -> NoReturn:
        raise TemplateError.at(self._text, offset, message)


class _PipelineReader:
    """Reads the tokens of one pipeline. Variables it declares are added to ``variables``."""

    def __init__(
        self,
        tokens: tuple[Token, ...],
        at: int,
        variables: list[str],
        fail: Callable[[int, str], NoReturn],
        functions: Container[str],
    ) -> None:
        self._tokens = tokens
        self._next = 0
        self._at = at
        self._variables = variables
        self._fail = fail
        self._functions = functions
        self._depth = 0

    def read(self, *, is_range: bool) -> Pipeline:
        names, is_assignment = self._declared(is_range=is_range)
        pipeline = self._commands(names, is_assignment=is_assignment)
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            self._fail(token.at, f"unexpected {token.value} in an action")
        if not is_assignment:
            self._variables += names
        if len(self._variables) > MAX_VARIABLES:
            self._fail(self._at, f"more than {MAX_VARIABLES} variables are in use")
        return pipeline

    def _declared(self, *, is_range: bool) -> tuple[tuple[str, ...], bool]:
        """Read ``$x :=``, ``$x =`` or, for a range, ``$i, $v :=``."""
        kinds = [token.value if token.kind == "symbol" else token.kind for token in self._tokens]
        count = 0
        if kinds[:2] in (["variable", ":="], ["variable", "="]):
            count = 1
        elif is_range and kinds[:4] in (
            ["variable", ",", "variable", ":="],
            ["variable", ",", "variable", "="],
        ):
            count = 2
        self._next = 2 * count
        names = tuple(str(token.value) for token in self._tokens[: 2 * count : 2])
        is_assignment = bool(count) and kinds[2 * count - 1] == "="
        if is_assignment:
            for token in self._tokens[: 2 * count : 2]:
                self._known_variable(token)
        return names, is_assignment

    def _commands(self, names: tuple[str, ...], *, is_assignment: bool) -> Pipeline:
        at = self._tokens[self._next].at if self._next < len(self._tokens) else self._at
        commands = [self._command()]
        while self._is_symbol("|"):
            self._next += 1
            commands.append(self._command())
        for command in commands[1:]:
            if not isinstance(command.operands[0], Name):
                self._fail(command.at, "only a function can take the value of a pipe")
        return Pipeline(at, names, is_assignment, tuple(commands))

    def _is_symbol(self, symbol: str) -> bool:
        if self._next >= len(self._tokens):
            return False
        token = self._tokens[self._next]
        return token.kind == "symbol" and token.value == symbol

    def _command(self) -> Command:
        start = self._next
        operands: list[Operand] = []
        while self._next < len(self._tokens) and not (self._is_symbol("|") or self._is_symbol(")")):
            operands.append(self._operand(is_first=not operands))
        if not operands:
            at = self._tokens[start].at if start < len(self._tokens) else self._at
            self._fail(at, "a value is missing")
        if len(operands) > 1 and not isinstance(operands[0], Name):
            self._fail(operands[1].at, "only a function takes arguments")
        if isinstance(operands[0], Literal) and operands[0].value is None:
            self._fail(operands[0].at, "nil is no command")
        return Command(operands[0].at, tuple(operands))

    def _operand(self, *, is_first: bool) -> Operand:
        token = self._tokens[self._next]
        if token.is_joined and not is_first:
            self._fail(token.at, f"a blank is missing before {token.value}")
        self._next += 1
        operand = self._simple_operand(token)
        names = []
        while self._next < len(self._tokens) and self._is_field_of_operand():
            names.append(str(self._tokens[self._next].value))
            self._next += 1
        if not names:
            return operand
        if isinstance(operand, Literal | Name):
            self._fail(token.at, f"{token.value} has no fields")
        if isinstance(operand, Fields):
            return Fields(operand.at, operand.operand, (*operand.names, *names))
        return Fields(token.at, operand, tuple(names))

    def _is_field_of_operand(self) -> bool:
        token = self._tokens[self._next]
        return token.kind == "field" and token.is_joined

    def _simple_operand(self, token: Token) -> Operand:
        if token.kind in ("string", "number"):
            return Literal(token.at, token.value)
        if token.kind == "dot":
            return Dot(token.at)
        if token.kind == "field":
            return Fields(token.at, Dot(token.at), (str(token.value),))
        if token.kind == "variable":
            self._known_variable(token)
            return Variable(token.at, str(token.value))
        if token.kind == "name":
            return self._word(token)
        if token.value == "(":
            return self._parenthesis(token)
        return self._fail(token.at, f"unexpected {token.value} in an action")

    def _parenthesis(self, token: Token) -> Pipeline:
        self._depth += 1
        if self._depth > MAX_NESTING:
            self._fail(token.at, f"parentheses are nested deeper than {MAX_NESTING} levels")
        inner = self._commands((), is_assignment=False)
        if not self._is_symbol(")"):
            self._fail(token.at, "a parenthesis is not closed")
        self._next += 1
        self._depth -= 1
        return inner

    def _word(self, token: Token) -> Literal | Name:
        name = str(token.value)
        if name in _WORDS:
            return Literal(token.at, _WORDS[name])
        if name not in self._functions:
            self._fail(token.at, f"there is no function {name}")
        return Name(token.at, name)

    def _known_variable(self, token: Token) -> None:
        if token.value not in self._variables:
            self._fail(token.at, f"the variable {token.value} is not defined")
