"""How a reader's program is run: as if the interpreter were new, and always with an answer.

In the page this module runs in Pyodide. It uses nothing of it, so most is seen here, in CPython.
"""

import builtins
import json
import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "web" / "python"))
import runner


def run(code: str, files: dict[str, str] | None = None, report: str | None = None) -> dict:
    """The answer, with what was printed as `stdout` and `stderr`."""
    printed = {"stdout": "", "stderr": ""}

    def emit(stream: str, text: str) -> None:
        printed[stream] += text

    asked = {"code": code, "name": "program.py", "files": files or {}, "report": report}
    return json.loads(runner.run(json.dumps(asked), emit)) | printed


def test_a_program_is_main_and_prints():
    answer = run("import sys\nif __name__ == '__main__': print(__file__[-10:], sys.argv)")
    assert answer["ok"]
    assert answer["stdout"] == "program.py ['program.py']\n"
    assert answer["seconds"] >= 0
    assert run("import sys; print('x', file=sys.stderr)")["stderr"] == "x\n"


def test_an_error_is_told_with_its_line_and_without_the_runner():
    answer = run("def halve(x):\n    return x / 0\n\nhalve(1)\n")
    assert (answer["ok"], answer["error"], answer["line"]) == (False, "ZeroDivisionError", 2)
    assert answer["traceback"].startswith('Traceback (most recent call last):\n  File "program.py"')
    assert "return x / 0" in answer["traceback"]
    assert "runner.py" not in answer["traceback"]


def test_what_does_not_parse_is_told_without_a_traceback():
    answer = run("x = (1,\n", report="missing:function")
    assert (answer["error"], answer["line"]) == ("SyntaxError", 1)
    assert answer["traceback"].startswith('  File "program.py", line 1')


def test_an_error_in_another_file_is_blamed_on_the_line_that_led_to_it():
    answer = run("x = 1\nimport helper\n", files={"helper.py": "1 / 0\n"})
    assert answer["line"] == 2
    assert "helper.py" in answer["traceback"]


@pytest.mark.parametrize(
    ("code", "ok", "given"),
    [
        ("exit()", True, None),
        ("import sys; sys.exit(0)", True, 0),
        ("exit(3)", False, 3),
        ("raise SystemExit('enough')", False, "enough"),
    ],
)
def test_a_program_may_end_itself(code: str, ok: bool, given: object):
    answer = run(code)
    assert (answer["ok"], answer["exit"], answer["traceback"]) == (ok, given, "")


def test_nobody_answers_input():
    answer = run("name = input('Name? ')")
    assert answer["error"] == "EOFError"
    assert answer["stdout"] == "Name? "
    assert answer["traceback"].endswith(f"EOFError: {runner.NO_INPUT}\n")
    assert run("import sys; sys.stdin.read()")["error"] == "EOFError"


def test_deep_recursion_is_an_error_like_others():
    answer = run("def f():\n    return f() + 1\nf()")
    assert (answer["error"], answer["line"]) == ("RecursionError", 2)
    assert len(answer["traceback"]) < 2000


def test_a_huge_message_is_cut():
    answer = run("raise ValueError('x' * 10**7)")
    assert len(answer["traceback"]) < 2 * runner.LONGEST
    assert "characters are left out here" in answer["traceback"]


def test_a_run_finds_nothing_of_the_run_before():
    before = (list(sys.path), list(sys.argv), sys.getrecursionlimit(), os.getcwd())
    spoil = """\
import builtins, os, sys, helper
helper.value, leftover = 2, 3
builtins.print, builtins.extra = None, 1
del builtins.len
sys.setrecursionlimit(123)
sys.path.clear()
os.environ["SPOILED"] = "1"
os.chdir("/")
open("/tmp/program/left.txt", "w").close()
sys.stdout = None
"""
    assert run(spoil, files={"helper.py": "value = 1"})["ok"]
    look = """\
import builtins, os, helper
print(len([helper.value]), helper.value, "leftover" in globals(), hasattr(builtins, "extra"))
print(os.path.exists("left.txt"), "SPOILED" in os.environ)
"""
    answer = run(look, files={"helper.py": "value = 1"})
    assert answer["stdout"] == "1 1 False False\nFalse False\n"
    assert before == (list(sys.path), list(sys.argv), sys.getrecursionlimit(), os.getcwd())
    assert not hasattr(builtins, "extra")


def test_a_module_in_a_folder_is_fresh_in_each_run():
    for value in ("1", "2"):
        files = {"kit/part.py": f"value = {value}"}
        assert run("from kit.part import value\nprint(value)", files)["stdout"] == f"{value}\n"
        assert not [name for name in sys.modules if name.startswith("kit")]


def test_modules_that_a_program_takes_away_come_back():
    assert run("import sys\nsys.modules.clear()\nprint('gone')")["stdout"] == "gone\n"
    assert run("import json\nprint(json.dumps([1]))")["stdout"] == "[1]\n"
    assert "pytest" in sys.modules


def test_what_a_program_leaves_among_the_modules_does_no_harm():
    leave = (
        "import sys\nclass Odd:\n    __path__ = None\nsys.modules |= {'odd': 42, 'odder': Odd()}"
    )
    assert run(leave)["ok"]
    assert run("print('fine')")["stdout"] == "fine\n"
    for name in ("odd", "odder"):
        del sys.modules[name]


CHECK = """\
def names(code, values):
    return sorted(name for name in values if not name.startswith("_"))

def fails(code, values):
    raise KeyError("no such answer")
"""


def test_a_report_sees_the_program_even_one_that_failed():
    assert run("a = 1", {"check.py": CHECK}, "check:names")["result"] == ["a"]
    failed = run("a = 1\nb = 1 / 0", {"check.py": CHECK}, "check:names")
    assert (failed["error"], failed["result"]) == ("ZeroDivisionError", ["a"])


def test_an_error_in_a_report_is_told():
    answer = run("a = 1", {"check.py": CHECK}, "check:fails")
    assert (answer["ok"], answer["error"], answer["result"]) == (False, "KeyError", None)
