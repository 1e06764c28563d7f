"""The template language of modules (workflow.md 6.2)."""

import contextlib
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsquare.workflow import EnvVar, Job, JobResources, Step, StepRun, StepUse
from deepsquare.workflow.read_yaml import read_yaml
from deepsquare_sbatch_api.domain.templates import (
    FUNCTIONS,
    TemplateError,
    render_template,
    template_data,
)
from deepsquare_sbatch_api.domain.templates.literals import quote

CHILDREN = (
    Step(name="one", run=StepRun(command="secret", env=(EnvVar(key="K", value="hidden"),))),
    Step(name="two"),
)
USE = StepUse(
    source="github.com/o/r@v1",
    args=(EnvVar(key="A", value="x y"), EnvVar(key="B", value="")),
    export_env_as="OUT",
    steps=CHILDREN,
)
STEP = Step(name="step", use=USE)
JOB = Job(
    resources=JobResources(tasks=4, cpus_per_task=2, mem_per_cpu=100, gpus=1),
    env=(EnvVar(key="SECRET", value="hidden"),),
    enable_logging=True,
    steps=(STEP,),
)
DATA = template_data(JOB, STEP, USE)


def rendered(template: str) -> str:
    return render_template(template, DATA)


def error_of(template: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        rendered(template)
    return caught.value


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


CALLS = [
    ("and 1 0 2", "0"),
    ("and 1 2", "2"),
    ("or 0 5 6", "5"),
    ('or 0 ""', ""),
    ("not 0", "true"),
    ("1 | and 0", "0"),
    ("or 1 (index list 5)", "1"),
    ("and 0 (index list 5)", "0"),
    ("eq 1 1", "true"),
    ("eq 1 2 3 1", "true"),
    ('eq "a" "b"', "false"),
    ("eq nil nil", "true"),
    ("ne 1 2", "true"),
    ("lt 1 2", "true"),
    ('le "a" "a"', "true"),
    ("gt 1 2", "false"),
    ("ge 0 1", "false"),
    ('len "é"', "2"),
    ("len (list 1 2)", "2"),
    ("index (list 1 2) 1", "2"),
    ('index (dict "a" (list 1 2)) "a" 1', "2"),
    ('print "a" 1 2 "b" 3', "a1 2b3"),
    ("print nil", "<nil>"),
    ('println "a" 1', "a 1\n"),
    ("print (list 1 true nil)", "[1 true <nil>]"),
    ('print (dict "b" 1 "a" 2)', "map[a:2 b:1]"),
    ('printf "%s-%d-%v-%q-%%" "a" 1 true "b"', 'a-1-true-"b"-%'),
    ('lower "ÀB"', "àb"),
    ('upper "àb"', "ÀB"),
    ('title "ab cd-eF"', "Ab Cd-EF"),
    ('trim "  a "', "a"),
    ('trimAll "$" "$5$"', "5"),
    ('trimPrefix "-" "-a-"', "a-"),
    ('trimSuffix "-" "-a-"', "-a"),
    ('replace " " "-" "a b c"', "a-b-c"),
    ('contains "b" "abc"', "true"),
    ('hasPrefix "a" "abc"', "true"),
    ('hasSuffix "a" "abc"', "false"),
    ('quote "a\\"b" 1', '"a\\"b" "1"'),
    ('quote nil "a"', '"a"'),
    ('squote "a" 1', "'a' '1'"),
    ('indent 2 "a\\nb"', "  a\n  b"),
    ('nindent 2 "a\\nb"', "\n  a\n  b"),
    ('repeat 3 "ab"', "ababab"),
    ('repeat 0 "ab"', ""),
    ('trunc 2 "abc"', "ab"),
    ('trunc -2 "abc"', "bc"),
    ('trunc 9 "abc"', "abc"),
    ('trunc -9 "abc"', "abc"),
    ('substr 1 2 "abc"', "b"),
    ('substr -1 2 "abc"', "ab"),
    ('substr 1 9 "abc"', "bc"),
    ('nospace " a b\\n"', "ab"),
    ('join "-" (list 1 "a" true)', "1-a-true"),
    ('splitList "," "a,b" | join ";"', "a;b"),
    ("toString 5", "5"),
    ("list 1 2", "[1 2]"),
    ("first (list 1 2)", "1"),
    ("last (list 1 2)", "2"),
    ("rest (list 1 2)", "[2]"),
    ("rest list", "[]"),
    ("initial (list 1 2)", "[1]"),
    ("append (list 1) 2", "[1 2]"),
    ("prepend (list 1) 2", "[2 1]"),
    ("concat (list 1) (list 2 3) list", "[1 2 3]"),
    ("has 1 (list 1 2)", "true"),
    ("has true (list 1 2)", "false"),
    ("uniq (list 1 2 1 3 2)", "[1 2 3]"),
    ("uniq (list 1 true (list 1) (list 1))", "[1 true [1]]"),
    ("without (list 1 2 3) 1 3", "[2]"),
    ("reverse (list 1 2)", "[2 1]"),
    ("until 3", "[0 1 2]"),
    ("until -2", "[0 -1]"),
    ('dict "a" 1 "b"', "map[a:1 b:]"),
    ('get (dict "a" 1) "a"', "1"),
    ('hasKey (dict "a" 1) "b"', "false"),
    ('keys (dict "b" 1 "a" 2) (dict "c" 3)', "[a b c]"),
    ('int "12"', "12"),
    ('int "x"', "0"),
    ("add 1 2 3", "6"),
    ('add 1 "2"', "3"),
    ("add1 1", "2"),
    ("sub 1 2", "-1"),
    ("mul 2 3 4", "24"),
    ("div 7 2", "3"),
    ("div -7 2", "-3"),
    ("mod 7 2", "1"),
    ("mod -7 2", "-1"),
    ("max 1 3 2", "3"),
    ("min 1 3 2", "1"),
    ('atoi "42"', "42"),
    ('default "a" ""', "a"),
    ('"" | default "a"', "a"),
    ('default "a" "b"', "b"),
    ('default "a"', "a"),
    ("empty 0", "true"),
    ("empty (list 1)", "false"),
    ('coalesce 0 "" 5', "5"),
    ("coalesce 0", "<no value>"),
    ("ternary 1 2 true", "1"),
    ("false | ternary 1 2", "2"),
    ('toYaml ""', ""),
    ("toYaml list", ""),
    ("toYaml 5", "5"),
    ('toYaml "a: b"', '"a: b"'),
    ('toYaml (dict "b" (list 1 "x") "a" "yes")', "a: yes\nb:\n  - 1\n  - x"),
    ('toYaml (list (dict "a" 1 "b" list))', "- a: 1\n  b: []"),
    ('toYaml (list "true" "1" nil)', '- "true"\n- "1"\n- null'),
    ("toYaml .Step.Use.Steps", "- !deepsquare.child 0\n- !deepsquare.child 1"),
    ("toYaml (first .Step.Use.Steps)", "!deepsquare.child 0"),
    ("toYaml .Step.Use.Args", '- key: A\n  value: "x y"\n- key: B\n  value: ""'),
    ("toYaml .Job.Resources", "cpusPerTask: 2\ngpus: 1\nmemPerCpu: 100\ntasks: 4"),
]


@pytest.mark.parametrize(("call", "expected"), CALLS)
def test_function__of_the_subset__gives_what_go_and_sprig_give(call: str, expected: str) -> None:
    """W-TPL-1."""
    assert rendered("{{ " + call + " }}") == expected


def test_functions__are_exactly_those_listed__and_each_has_a_case() -> None:
    """W-TPL-1."""
    listed = [
        "and",
        "or",
        "not",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "len",
        "index",
        "print",
        "printf",
        "println",
        "lower",
        "upper",
        "title",
        "trim",
        "trimAll",
        "trimPrefix",
        "trimSuffix",
        "replace",
        "contains",
        "hasPrefix",
        "hasSuffix",
        "quote",
        "squote",
        "indent",
        "nindent",
        "repeat",
        "trunc",
        "substr",
        "nospace",
        "join",
        "splitList",
        "toString",
        "list",
        "first",
        "last",
        "rest",
        "initial",
        "append",
        "prepend",
        "concat",
        "has",
        "uniq",
        "without",
        "reverse",
        "until",
        "dict",
        "get",
        "hasKey",
        "keys",
        "int",
        "add",
        "add1",
        "sub",
        "mul",
        "div",
        "mod",
        "max",
        "min",
        "atoi",
        "default",
        "empty",
        "coalesce",
        "ternary",
        "toYaml",
    ]
    assert sorted(FUNCTIONS) == sorted(listed)
    tried = {word for call, _ in CALLS for word in call.replace("(", " ").replace("|", " ").split()}
    assert not set(listed) - tried


ERRORS = [
    ("a\n  {{ nothing }}", 2, 6, "there is no function nothing"),
    (
        "{{ .Job.Env }}",
        1,
        4,
        "templates cannot see .Env of Job; they see .Resources, .EnableLogging",
    ),
    ("{{ .Job.Input }}", 1, 4, "templates cannot see .Input of Job"),
    ("{{ .Step.Run }}", 1, 4, "templates cannot see .Run of Step; they see .Name, .Use"),
    ("{{ .Other }}", 1, 4, "templates cannot see .Other of data; they see .Job, .Step"),
    ("{{ (index .Step.Use.Steps 0).Run }}", 1, 4, "can be placed, not read"),
    ("{{ range .Step.Use.Steps }}{{ .Run.Env }}{{ end }}", 1, 31, "can be placed, not read"),
    ("{{ with first .Step.Use.Steps }}{{ .name }}{{ end }}", 1, 36, "can be placed, not read"),
    *[
        (f"{{{{ {name} }}}}", 1, 4, f"there is no function {name.split()[0]}")
        for name in (
            'env "HOME"',
            'expandenv "$HOME"',
            "now",
            "randAlpha 5",
            'tpl "a" .',
            'readFile "a"',
            "call .x",
            "genPrivateKey",
            'sha256sum "a"',
            "uuidv4",
            'getHostByName "a"',
            "fail",
            "lookup",
            "toJson .",
            "html",
            "js",
            "urlquery",
            "slice",
        )
    ],
    *[
        (f"{{{{ {word} }}}}", 1, 4, f"{word.split()[0]} is not supported here")
        for word in ('define "a"', 'template "a"', 'block "a" .', "break", "continue")
    ],
    ("{{ if true }}", 1, 1, "{{if}} has no {{end}}"),
    ("{{ end }}", 1, 1, "{{end}} without a block"),
    ("{{ else }}", 1, 1, "{{else}} without"),
    ("{{ if 1 }}{{ else }}{{ else }}{{ end }}", 1, 21, "{{else}} without"),
    ("{{ with 1 }}{{ else with 2 }}{{ end }}", 1, 21, "after else comes nothing"),
    ("{{ if }}{{ end }}", 1, 1, "a value is missing"),
    ("{{ }}", 1, 1, "an action is empty"),
    ("{{ 1 | }}", 1, 1, "a value is missing"),
    ("{{ 1 2 }}", 1, 6, "only a function takes arguments"),
    ("{{ 1 | 2 }}", 1, 8, "only a function can take the value of a pipe"),
    ("{{ nil }}", 1, 4, "nil is no command"),
    ("{{ $x }}", 1, 4, "the variable $x is not defined"),
    ("{{ $x = 1 }}", 1, 4, "the variable $x is not defined"),
    ("{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}", 1, 39, "the variable $x is not defined"),
    ("{{ if true }}{{ $x := 1 }}{{ else }}{{ $x }}{{ end }}", 1, 40, "the variable $x is not"),
    ("{{ 1.5 }}", 1, 4, "1.5 is no integer"),
    ("{{ 012 }}", 1, 4, "012 is no integer"),
    ("{{ 9223372036854775808 }}", 1, 4, "is no integer"),
    ("{{ 'a' }}", 1, 4, "character constants are not supported"),
    ('{{ "a }}', 1, 4, "a string is not closed"),
    ('{{ "\\q" }}', 1, 4, "a bad escape in a string"),
    ("{{ 1", 1, 5, "the action that starts on line 1 is not closed"),
    ("{{/* a }}", 1, 3, "a comment stands alone"),
    ("{{ (1 }}", 1, 4, "a parenthesis is not closed"),
    ("{{ 1) }}", 1, 5, "unexpected ) in an action"),
    ("{{ add 1(2) }}", 1, 9, "a blank is missing before ("),
    ("{{ add }}", 1, 4, "add takes at least 1 arguments, not 0"),
    ("{{ upper 5 }}", 1, 4, "upper: a string is needed, not an integer"),
    ("{{ div 1 0 }}", 1, 4, "div: division by zero"),
    ("{{ index list 0 }}", 1, 4, "index: there is no entry 0 in a list of 0"),
    ("{{ eq 1 true }}", 1, 4, "eq: cannot compare an integer with a boolean"),
    ("{{ lt true false }}", 1, 4, "lt: cannot order"),
    ("{{ range 5 }}{{ end }}", 1, 10, "range goes over lists and maps"),
    ('{{ printf "%x" 1 }}', 1, 4, "printf: %x is not supported"),
    ('{{ printf "%s" }}', 1, 4, "printf: %s has no argument"),
    ('{{ printf "a" 1 }}', 1, 4, "printf: 1 arguments have no place"),
    ("{{ mul 9223372036854775807 2 }}", 1, 4, "mul: the result does not fit into 64 bits"),
    ("{{ ternary 1 2 3 }}", 1, 4, "ternary: a boolean is needed"),
]


@pytest.mark.parametrize(("template", "line", "column", "message"), ERRORS)
def test_anything_else__is_an_error_with_its_place(
    template: str, line: int, column: int, message: str
) -> None:
    """W-TPL-1, W-TPL-2, W-TPL-3."""
    error = error_of(template)
    assert message in error.message
    assert (error.line, error.column) == (line, column)


DOUBLING = "{{ $x := list 1 }}" + "{{ $x = list $x $x }}" * 45
HEAVY = [
    "{{ range until 99999 }}{{ range until 99999 }}{{ end }}{{ end }}",
    "{{ range until 100001 }}{{ end }}",
    '{{ repeat 2000000 "a" }}',
    '{{ $x := "aaaaaaaaaa" }}' + "{{ $x = print $x $x }}" * 30 + "{{ $x }}",
    '{{ range until 5000 }}{{ repeat 1000 "a" }}{{ end }}',
    DOUBLING + "{{ $x }}",
    DOUBLING + "{{ has $x $x }}",
    DOUBLING + "{{ toYaml $x }}",
    "{{ $x := list }}{{ range until 5000 }}{{ $x = list $x }}{{ end }}{{ $x }}",
    "{{ $x := list }}{{ range until 50000 }}{{ $x = append $x . }}{{ end }}",
    '{{ $x := repeat 900000 "a" }}{{ range until 1000 }}{{ $y := quote $x }}{{ end }}',
    '{{ $x := splitList "" (repeat 90000 "a") }}{{ range until 1000 }}{{ $y := uniq $x }}{{ end }}',
    "{{ indent 1000000000 `a` }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ if 1 }}" * 5000 + "{{ end }}" * 5000,
    "a" * (1024 * 1024 + 1),
]


@pytest.mark.parametrize("template", HEAVY, ids=range(len(HEAVY)))
def test_work_beyond_the_limits__is_stopped_within_a_second(template: str) -> None:
    """W-TPL-5."""
    started = time.process_time()
    error_of(template)
    assert time.process_time() - started < 2


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


WORDS = st.sampled_from(
    [
        "{{",
        "}}",
        "{{-",
        "-}}",
        " ",
        "if",
        "else",
        "end",
        "range",
        "with",
        "$x",
        ":=",
        "=",
        "|",
        "(",
        ")",
        ".",
        ".Job",
        ".Step",
        ".Use",
        ".Steps",
        "list",
        "dict",
        "add",
        "index",
        "until",
        "5",
        "-1",
        '"a"',
        "`b`",
        "toYaml",
        "printf",
        "nil",
        "true",
        "/*",
        "*/",
        "\n",
        ",",
        "first",
        "join",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=50))
def test_any_text__gives_a_result_or_a_template_error(template: str) -> None:
    for text in (template, "{{ " + template + " }}"):
        with contextlib.suppress(TemplateError):
            assert isinstance(rendered(text), str)
