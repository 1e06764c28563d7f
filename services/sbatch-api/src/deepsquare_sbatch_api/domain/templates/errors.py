"""The one error of templates."""


class TemplateError(Exception):
    """A template is malformed, asks for what it may not have, or exceeds a limit.

    ``line`` and ``column`` count from 1 in the text of the template.
    """

    def __init__(self, message: str, *, line: int, column: int) -> None:
        super().__init__(f"{line}:{column}: {message}")
        self.message = message
        self.line = line
        self.column = column

    @classmethod
    def at(cls, text: str, offset: int, message: str) -> "TemplateError":
        """Build the error for an offset of the template's text."""
        line = text.count("\n", 0, offset) + 1
        return cls(message, line=line, column=offset - text.rfind("\n", 0, offset))


class FunctionError(Exception):
    """A function does not take its arguments; the evaluator adds the place."""
