"""Run a reader's program as if the interpreter had just been started.

The worker calls `run`. The interpreter stays warm between runs, but a run finds nothing of those
before it: not their names, files, modules, settings, or what they made of the built-in functions.
"""

import builtins
import gc
import importlib
import io
import json
import linecache
import os
import shutil
import sys
import time
import traceback
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path("/tmp/program")
NO_INPUT = "nobody can answer input() here: write the value in the program, as in frames = 81"

LONGEST = 20_000  # characters of a traceback

Emit = Callable[[str, str], object]  # is told the stream, "stdout" or "stderr", and a text


class Printed(io.TextIOBase):
    """Hands on what is written, at once."""

    encoding = "utf-8"

    def __init__(self, stream: str, emit: Emit) -> None:
        self._stream, self._emit = stream, emit

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            self._emit(self._stream, text)
        return len(text)


class Nobody(io.TextIOBase):
    """Standard input, where nobody sits."""

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        raise EOFError(NO_INPUT)

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        raise EOFError(NO_INPUT)


def run(request: str, emit: Emit) -> str:
    """Run a program, and say in JSON how it ended.

    The request is JSON, too: the program's `code` and `name`, the `files` beside it by their
    names, and `report`, such as "stated_shapes:compare", or null: a function in one of the files
    that gets the code and the program's variables when it has ended, well or not. What the
    function returns, which must be fit for JSON, is the `result`.

    The answer has `ok`; `error`, the name of what was raised, or null; `exit`, what was given to
    `exit()`; the `traceback`; the `line` of the program at which it was raised; the `result`; and
    the `seconds` that the program took.
    """
    asked = json.loads(request)
    answer: dict[str, Any] = {
        "ok": True,
        "error": None,
        "exit": None,
        "traceback": "",
        "line": None,
    }
    with _as_if_new(asked, emit) as program:
        code = None
        began = time.perf_counter()
        with _told(answer, asked["name"]):
            code = compile(asked["code"], asked["name"], "exec", dont_inherit=True)
            exec(code, program.__dict__)
        answer |= {"seconds": time.perf_counter() - began, "result": None}
        if code and asked["report"]:
            module, _, function = asked["report"].partition(":")
            with _told(answer, asked["name"]):
                report = getattr(importlib.import_module(module), function)
                answer["result"] = report(asked["code"], program.__dict__)
        return json.dumps(answer)


@contextmanager
def _told(answer: dict, name: str) -> Iterator[None]:
    """Note in the answer what is raised within; the first that was raised stays."""
    try:
        yield
    except SystemExit as end:
        answer |= {"exit": end.code if isinstance(end.code, int | None) else _cut(str(end.code))}
        answer["ok"] = answer["ok"] and not end.code
    except BaseException as error:
        if answer["error"]:
            return
        answer |= {"ok": False, "error": type(error).__name__, "line": _line(error, name)}
        answer["traceback"] = _cut("".join(_traceback(error)))


def _traceback(error: BaseException) -> Iterator[str]:
    """The traceback as Python prints it, without the frames of this module."""
    told = traceback.TracebackException.from_exception(error)
    chain = [told]
    for one in chain:
        own = [frame for frame in one.stack if frame.filename != run.__code__.co_filename]
        one.stack = traceback.StackSummary.from_list(own)
        chain += [other for other in (one.__cause__, one.__context__) if other]
    return told.format() if told.stack else told.format_exception_only()


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    left_out = f"\n… {len(text) - LONGEST} characters are left out here …\n"
    return text[: LONGEST // 2] + left_out + text[-LONGEST // 2 :]


def _line(error: BaseException, name: str) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == name:
        return error.lineno
    within = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in within if frame.f_code.co_filename == name]
    return lines[-1] if lines else None


@contextmanager
def _as_if_new(asked: dict, emit: Emit) -> Iterator[types.ModuleType]:
    """A fresh `__main__` in a folder with the files, and everything as it was, afterwards."""
    before: dict[str, Any] = {
        "path": list(sys.path),
        "argv": list(sys.argv),
        "environ": dict(os.environ),
        "builtins": dict(builtins.__dict__),
        "limit": sys.getrecursionlimit(),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "modules": dict(sys.modules),
        "folder": os.getcwd(),
    }
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for name, text in {**asked["files"], asked["name"]: asked["code"]}.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")
    os.chdir(FOLDER)
    importlib.invalidate_caches()
    linecache.clearcache()
    lines = asked["code"].splitlines(keepends=True)
    linecache.cache[asked["name"]] = (len(asked["code"]), None, lines, asked["name"])
    sys.path.insert(0, str(FOLDER))
    sys.argv[:] = [asked["name"]]
    sys.stdin, sys.stdout, sys.stderr = Nobody(), Printed("stdout", emit), Printed("stderr", emit)
    program = types.ModuleType("__main__")
    program.__dict__.update(__file__=str(FOLDER / asked["name"]), __builtins__=builtins)
    sys.modules["__main__"] = program
    try:
        yield program
    finally:
        builtins.__dict__.update(before["builtins"])
        for name in builtins.__dict__.keys() - before["builtins"].keys():
            del builtins.__dict__[name]
        sys.settrace(None)
        sys.setprofile(None)
        sys.setrecursionlimit(before["limit"])
        sys.stdin, sys.stdout, sys.stderr = before["streams"]
        sys.path[:], sys.argv[:] = before["path"], before["argv"]
        sys.modules.update(before["modules"])
        os.environ.clear()
        os.environ.update(before["environ"])
        os.chdir(before["folder"])
        for name in [name for name, module in sys.modules.items() if _is_the_readers(module)]:
            del sys.modules[name]
        program.__dict__.clear()
        gc.collect()


def _is_the_readers(module: object) -> bool:
    names = getattr(module, "__dict__", {})  # asked itself, a module may make up what is not there
    places = [names.get("__file__"), *(names.get("__path__") or [])]
    return any(str(place).startswith(str(FOLDER)) for place in places)
