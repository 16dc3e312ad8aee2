"""Quote the line of an installed library that proves a claim."""

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from html import escape
from pathlib import Path

_REPOSITORIES = {"diffusers": "https://github.com/huggingface/diffusers/blob/v{version}/src"}


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

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        base = _REPOSITORIES[self.library].format(version=self.version)
        html = (
            f'<p><a href="{base}/{self.library}/{self.file}#L{self.line}">{self.library} '
            f"{self.version}, {self.file}, line {self.line}</a></p>"
            f'<pre tabindex="0">{escape(self.text)}</pre>'
        )
        return {"text/html": html, "text/plain": str(self)}


def quote(library: str, file: str, snippet: str) -> Quote:
    """The first line of `file` in the installed `library` that contains `snippet`.

    Raises ValueError when the library is not one we link to, or no line contains the snippet.
    """
    if library not in _REPOSITORIES:
        raise ValueError(f"{library!r} cannot be quoted: expected one of {sorted(_REPOSITORIES)}")
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:
        raise ValueError(f"{library!r} is not installed: run `pip install {library}`")
    version = importlib.metadata.version(library)
    lines = (Path(spec.origin).parent / file).read_text(encoding="utf-8").splitlines()
    for number, text in enumerate(lines, start=1):
        if snippet in text:
            return Quote(library, version, file, number, text.strip())
    raise ValueError(f"no line of {library} {version}, {file}, contains {snippet!r}")
