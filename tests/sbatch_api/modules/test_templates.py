"""The template language of modules (workflow.md 6.2)."""

import subprocess
import sys

import pytest
from tests.sbatch_api.modules.template_subject import USE, rendered

from deepsquare.workflow.read_yaml import read_yaml
from deepsquare_sbatch_api.domain.templates.literals import quote

LANGUAGE = [
    ("", ""),
    ("plain { } text", "plain { } text"),
    ("a {{ 1 }} b", "a 1 b"),
    ("a {{- 1 -}} b", "a1b"),
    ("a\n\t{{- 1 -}}\n b", "a1b"),
    ("{{-3}}", "-3"),
    ("{{- 3}}", "3"),
    ("a {{/* c }} */}} b", "a  b"),
    ("a {{- /* c\nd */ -}} b", "ab"),
    ('{{ "}}" }}', "}}"),
    ('{{ "a\\n\\t\\"\\u00e9\\x41\\101" }}', 'a\n\t"éAA'),
    ('{{ "" }}{{ `` }}', ""),
    ('{{ `a\\n"}}` }}', 'a\\n"}}'),
    ("{{ 0x1F }} {{ 0b11 }} {{ 0o17 }} {{ 1_000 }} {{ -5 }} {{ +5 }}", "31 3 15 1000 -5 5"),
    ("{{ true }} {{ false }}", "true false"),
    ("{{ (1) }} {{ ((add 1 (mul 2 3))) }}", "1 7"),
    ("{{ 1 | add 2 | mul 3 }}", "9"),
    ("{{ if true }}a{{ end }}", "a"),
    ("{{ if 0 }}a{{ else }}b{{ end }}", "b"),
    ('{{ if "" }}a{{ else if 1 }}b{{ else }}c{{ end }}', "b"),
    ('{{ if "" }}a{{ else if 0 }}b{{ else if 0 }}c{{ else }}d{{ end }}e', "de"),
    ("{{ if $x := 5 }}{{ $x }}{{ else }}{{ $x }}{{ end }}", "5"),
    ("{{ if list }}a{{ else }}b{{ end }}{{ if dict }}a{{ else }}b{{ end }}", "bb"),
    ("{{ with 5 }}{{ . }}{{ end }}", "5"),
    ("{{ with 0 }}a{{ else }}b{{ end }}", "b"),
    (
        "{{ with $x := .Step.Use }}{{ $x.Source }} {{ .Source }}{{ end }}",
        " ".join([USE.source] * 2),
    ),
    ("{{ range list 1 2 3 }}<{{ . }}>{{ end }}", "<1><2><3>"),
    ('{{ range $i, $v := list "a" "b" }}{{ $i }}{{ $v }}{{ end }}', "0a1b"),
    ('{{ range $v := list "a" "b" }}{{ $v }}{{ end }}', "ab"),
    ('{{ range $k, $v := dict "b" 1 "a" 2 }}{{ $k }}{{ $v }}{{ end }}', "a2b1"),
    ("{{ range list }}a{{ else }}b{{ end }}", "b"),
    ("{{ $x := 1 }}{{ range list 1 2 }}{{ $x = add $x . }}{{ end }}{{ $x }}", "4"),
    ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}", "21"),
    ("{{ $x := 0 }}{{ range $x = list 1 2 }}{{ end }}{{ $x }}", "2"),
    ("{{ range list 1 2 }}{{ $.Job.Resources.Tasks }}{{ end }}", "44"),
    ("{{ (index .Step.Use.Args 0).Key }}", "A"),
    ('{{ (dict "a" (dict "b" 5)).a.b }}', "5"),
    ("{{ .Job.Resources.Tasks }} {{ $.Job.Resources.CPUsPerTask }}", "4 2"),
    (
        "{{ .Job.Resources.MemPerCPU }} {{ .Job.Resources.GPUs }} {{ .Job.EnableLogging }}",
        "100 1 true",
    ),
    (
        "{{ .Step.Name }} {{ .Step.Use.Source }} {{ .Step.Use.ExportEnvAs }}",
        "step github.com/o/r@v1 OUT",
    ),
    ("{{ range .Step.Use.Args }}{{ .Key }}={{ .Value }};{{ end }}", "A=x y;B=;"),
    ("{{ len .Step.Use.Steps }} {{ if .Step.Use.Steps }}some{{ end }}", "2 some"),
    ("# {{ .Job }} {{ .Step }}\n", "# <Job> <Step>\n"),
    ("{{ .Step.Use.Steps }}", "[<Step> <Step>]"),
    ('{{ get (dict) "a" }}|{{ (dict).a }}|{{ first list }}', "|<no value>|<no value>"),
]


@pytest.mark.parametrize(("template", "expected"), LANGUAGE)
def test_construct__of_the_subset__means_what_it_means_in_go(template: str, expected: str) -> None:
    """W-TPL-1, W-TPL-2, W-TPL-4."""
    assert rendered(template) == expected


def test_result__is_the_same_in_another_process_with_another_hash_seed() -> None:
    """W-TPL-5."""
    program = (
        "from deepsquare_sbatch_api.domain.templates import render_template as r;"
        "print(r('{{ keys (dict `b` 1 `a` 2 `c` 3) }}{{ uniq (list `b` `a` `b`) }}', None), end='')"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {b"[a b c][b a]"}


def test_to_yaml__of_any_texts__reads_back_as_they_were() -> None:
    texts = ["", "a", "a: b", "- x", "#", "yes", "1", "null", "é🙂", "a\nb\n", "'", '"', "!x", "{{"]
    literals = " ".join(quote(text) for text in texts)
    read = read_yaml(rendered("{{ toYaml (list " + literals + ") }}"))
    assert read is not None
    assert [(node.tag, node.value) for node in read.value] == [("string", text) for text in texts]
