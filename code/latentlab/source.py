"""Quote the line of an installed library that proves a claim, or run the function itself."""

import ast
import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import torch

_REPOSITORIES = {
    "diffusers": "https://github.com/huggingface/diffusers/blob/v{version}/src",
    "einops": "https://github.com/arogozhnikov/einops/blob/v{version}",
    "torch": "https://github.com/pytorch/pytorch/blob/v{version}",
}


@dataclass(frozen=True)
class Quote:
    """One line of a library's source: where it stands, and what it says."""

    library: str
    version: str
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.library} {self.version}, {self.file}:{self.line}\n    {self.text}"

    @property
    def url(self) -> str:
        """Where the line stands in the library's repository, at this version."""
        base = _REPOSITORIES[self.library].format(version=self.version)
        return f"{base}/{self.library}/{self.file}#L{self.line}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        html = (
            f'<p><a href="{self.url}">{self.library} '
            f"{self.version}, {self.file}, line {self.line}</a></p>"
            f'<pre tabindex="0">{escape(self.text)}</pre>'
        )
        return {"text/html": html, "text/plain": str(self)}


def quote(library: str, file: str, snippet: str) -> Quote:
    """The first line of `file` in the installed `library` that contains `snippet`.

    Raises ValueError when the library is not one we link to, or no line contains the snippet.
    """
    version, text = _read(library, file)
    for number, line in enumerate(text.splitlines(), start=1):
        if snippet in line:
            return Quote(library, version, file, number, line.strip())
    raise ValueError(f"no line of {library} {version}, {file}, contains {snippet!r}")


def function(library: str, file: str, name: str) -> Callable:
    """The function `name` of an installed file, compiled from its source without the rest of it.

    For a static method whose module cannot be imported here, because it needs text encoders and
    the like. The function may use `torch` and its own arguments only.

    Raises ValueError when the file defines no such function.
    """
    version, text = _read(library, file)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            node.decorator_list = []
            namespace: dict[str, Any] = {"torch": torch}
            code = compile(ast.Module([node], type_ignores=[]), file, "exec")
            exec(code, namespace)
            return namespace[name]
    raise ValueError(f"{library} {version}, {file}, defines no {name!r}")


def _read(library: str, file: str) -> tuple[str, str]:
    if library not in _REPOSITORIES:
        raise ValueError(f"{library!r} cannot be quoted: expected one of {sorted(_REPOSITORIES)}")
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:
        raise ValueError(f"{library!r} is not installed: run `pip install {library}`")
    path = Path(spec.origin).parent / file
    version = importlib.metadata.version(library).partition("+")[0]  # without the build, as +cpu
    return version, path.read_text(encoding="utf-8")
