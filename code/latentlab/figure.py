"""A figure that says what it shows: picture, alternative text, caption, and where it comes from."""

from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Literal

Kind = Literal["computed here", "recorded", "illustrative"]


@cache
def style() -> str:
    """The stylesheet that figures, questions and verdicts carry with them."""
    return files("latentlab").joinpath("figure.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Figure:
    """HTML that reads the same in the book, in Jupyter and in Colab.

    `body` is markup (a drawing, a chart or pictures), `alt` tells in words what can be seen in it,
    and `kind` says whether it was computed here, recorded elsewhere, or is an illustration.

    Raises ValueError when the alternative text or the caption is empty.
    """

    body: str
    alt: str
    caption: str
    kind: Kind = "computed here"

    def __post_init__(self) -> None:
        for field in ("alt", "caption"):
            if not getattr(self, field).strip():
                raise ValueError(f"a figure needs {field!r}: a sentence that says what it shows")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        html = (
            f"<style>{style()}</style>"
            f'<figure class="ls-figure">'
            f'<div class="ls-body" role="group" aria-label="{escape(self.alt)}">{self.body}</div>'
            f"<figcaption>{escape(self.caption)} "
            f'<span class="ls-kind">{self.kind}</span></figcaption></figure>'
        )
        return {"text/html": html, "text/plain": f"Figure ({self.kind}): {self.alt}"}
