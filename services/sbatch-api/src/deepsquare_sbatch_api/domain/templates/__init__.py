"""The template language of modules: an interpreter of a subset of Go's text/template (6.2)."""

from deepsquare_sbatch_api.domain.templates.data import template_data
from deepsquare_sbatch_api.domain.templates.errors import TemplateError
from deepsquare_sbatch_api.domain.templates.evaluate import Evaluator
from deepsquare_sbatch_api.domain.templates.functions import FUNCTIONS
from deepsquare_sbatch_api.domain.templates.parser import parse
from deepsquare_sbatch_api.domain.templates.values import Value


def render_template(text: str, data: Value) -> str:
    """Return what a template makes of its data.

    The same text and data give the same result; work and size are bounded. Raises `TemplateError`.
    """
    return Evaluator(text, FUNCTIONS).render(parse(text, FUNCTIONS), data)


__all__ = ["FUNCTIONS", "TemplateError", "render_template", "template_data"]
