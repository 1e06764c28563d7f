"""The functions of templates: exactly those of workflow.md 6.2.

Never added: environment, files, network, time, randomness, cryptography, ``tpl``, ``call``,
``define``, ``template``.
"""

from collections.abc import Mapping

from deepsquare_sbatch_api.domain.templates.functions.built_in import BUILT_IN
from deepsquare_sbatch_api.domain.templates.functions.collections import COLLECTIONS
from deepsquare_sbatch_api.domain.templates.functions.numbers import NUMBERS
from deepsquare_sbatch_api.domain.templates.functions.others import OTHERS
from deepsquare_sbatch_api.domain.templates.functions.signature import Function
from deepsquare_sbatch_api.domain.templates.functions.texts import TEXTS

FUNCTIONS: Mapping[str, Function] = {**BUILT_IN, **TEXTS, **COLLECTIONS, **NUMBERS, **OTHERS}
"""All functions by name."""

__all__ = ["FUNCTIONS", "Function"]
