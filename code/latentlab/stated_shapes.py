"""Shapes and numbers that a program states in comments, held to what it makes.

A line such as `moments = encode(image)  # (1, 8, 128, 128)` states what `moments` is. The tests
read every starter with this module, and so does the page after a run of it. It is one file that
needs the standard library only, because in the page there is nothing else.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from typing import NamedTuple

SHAPE = re.compile(r"\((\d+, )+\d+\)")
LONGEST = 80  # characters of a value that are shown


class Statement(NamedTuple):
    """What one line states: its number from 1, the name assigned on it, and the value stated."""

    line: int
    name: str
    value: object


def statements(source: str) -> list[Statement]:
    """What the comments of a program state about the names assigned on their lines."""
    assigned = {
        node.end_lineno: node.targets[0].id
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return [
        Statement(line, assigned[line], value)
        for line, comment in comments(source)
        if line in assigned and (value := literal(comment)) is not None
    ]


def idle(source: str) -> list[int]:
    """The lines of comments that hold a shape which no assignment on that line can confirm."""
    stated = {statement.line for statement in statements(source)}
    return [
        line for line, comment in comments(source) if SHAPE.search(comment) and line not in stated
    ]


def compare(source: str, values: Mapping[str, object]) -> list[dict[str, object]]:
    """Each statement of a program beside what its names really hold after a run.

    A name that the run has not reached is left out. `found` is the value as Python writes it, cut
    to 80 characters.
    """
    return [
        {
            "line": line,
            "name": name,
            "stated": repr(value),
            "found": _cut(repr(values[name])),
            "holds": bool(values[name] == value),
        }
        for line, name, value in statements(source)
        if name in values
    ]


def comments(source: str) -> Iterator[tuple[int, str]]:
    """The comments of a source text: line number, and text without the number sign."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.removeprefix("#").strip()


def literal(text: str) -> object:
    """The tuple or number that a comment consists of, or None."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return None


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
