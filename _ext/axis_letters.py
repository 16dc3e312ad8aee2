"""Give the axis letters B C T H W D S their colors wherever prose writes them as code."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

LETTERS = re.compile(r"[BCTHWDS]( [BCTHWDS])*")


class AxisLetters(SphinxPostTransform):
    """Turn inline code such as `T` or `B C T H W` into colored letters."""

    default_priority = 500
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for literal in list(self.document.findall(nodes.literal)):
            text = literal.astext()
            if LETTERS.fullmatch(text) and len(literal.children) == 1:
                literal.children.clear()
                literal["classes"].append("ls-axes")
                for index, letter in enumerate(text.split()):
                    if index:
                        literal += nodes.Text(" ")
                    literal += nodes.inline(letter, letter, classes=[f"ls-axis-{letter}"])


def setup(app: Sphinx) -> dict[str, object]:
    app.add_post_transform(AxisLetters)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
