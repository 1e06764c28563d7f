"""The functions of the template language (workflow.md 6.2)."""

import pytest
from tests.sbatch_api.modules.template_subject import rendered

from deepsquare_sbatch_api.domain.templates import FUNCTIONS

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


LISTED = """
and or not eq ne lt le gt ge len index print printf println lower upper title trim trimAll
trimPrefix trimSuffix replace contains hasPrefix hasSuffix quote squote indent nindent repeat
trunc substr nospace join splitList toString list first last rest initial append prepend concat
has uniq without reverse until dict get hasKey keys int add add1 sub mul div mod max min atoi
default empty coalesce ternary toYaml
"""


def test_functions__are_exactly_those_listed__and_each_has_a_case() -> None:
    """W-TPL-1."""
    listed = LISTED.split()
    assert sorted(FUNCTIONS) == sorted(listed)
    tried = {word for call, _ in CALLS for word in call.replace("(", " ").replace("|", " ").split()}
    assert not set(listed) - tried
