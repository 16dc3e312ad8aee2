"""Give the axis letters B C T H W D S their colors wherever prose writes them as code."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

LETTER = "[BCTHWDS]"
ENTRY = rf"(?:{LETTER}|\({LETTER}(?: {LETTER})+\))"  # an axis, or several folded into one
LETTERS = re.compile(rf"{ENTRY}(?: {ENTRY})*")


class AxisLetters(SphinxPostTransform):
    """Turn inline code such as `T`, `B C T H W` or `(B T) C H W` into colored letters."""

    default_priority = 500
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for literal in list(self.document.findall(nodes.literal)):
            text = literal.astext()
            if LETTERS.fullmatch(text) and len(literal.children) == 1:
                literal.children.clear()
                literal["classes"].append("ls-axes")
                for part in text:
                    if re.fullmatch(LETTER, part):
                        literal += nodes.inline(part, part, classes=[f"ls-axis-{part}"])
                    else:
                        literal += nodes.Text(part)


def setup(app: Sphinx) -> dict[str, object]:
    app.add_post_transform(AxisLetters)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
