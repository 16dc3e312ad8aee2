"""A role for prose: `{trace}` writes a figure of a real model, computed from the atlas."""

import re
from urllib.parse import urlencode

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from latentlab import atlas
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

ASK = re.compile(
    r"(?P<family>[\w-]+) (?:(?P<frames>\d+)×)?(?P<height>\d+)×(?P<width>\d+) "
    r"(?P<step>\w+)(?:\.(?P<axis>[BCTHWS]))?(?P<off> off the rule)?"
)


class TraceRole(SphinxRole):
    """`` {trace}`wan-2-1 81×720×1280 latent` `` is that step's shape; `latent.T` one size of it.

    `off the rule` at its end is for a request that the library takes although it should not. The
    figure links to the shape tracer, set to the same request.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        try:
            value, request = computed(self.text)
        except ValueError as error:
            return self.refuse(str(error))
        state = urlencode({f"request.{name}": value for name, value in request.items()})
        root = "../" * self.env.docname.count("/")
        address = f"{root}handbook/atlas.html?{state}#trace-a-request"
        link = nodes.reference("", value, refuri=address, classes=["ls-traced"])
        return [link], []

    def refuse(self, problem: str) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        assert isinstance(self.inliner, Inliner)
        message = self.inliner.reporter.error(
            f"{{trace}}`{self.text}`: {problem}", line=self.lineno
        )
        return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]


def computed(text: str) -> tuple[str, dict[str, int | str]]:
    """The figure that `text` asks for, and the request behind it. Raises ValueError."""
    asked = ASK.fullmatch(text)
    if asked is None:
        raise ValueError("expected `family [frames×]height×width step[.axis] [off the rule]`")
    sizes = {name: int(asked[name]) for name in ("frames", "height", "width") if asked[name]}
    policy = "library" if asked["off"] else "error"
    found = atlas.trace(asked["family"], **sizes, on_invalid=policy)  # type: ignore[arg-type]
    step = found.step(asked["step"])
    if step is None:
        names = ", ".join(step.name for step in found.steps)
        raise ValueError(f"there is no step {asked['step']!r}; there are {names}")
    if asked["axis"] is None:
        value = str(step.shape)
    elif asked["axis"] in step.axes.split():
        value = f"{step.shape[step.axes.split().index(asked['axis'])]:,}"
    else:
        raise ValueError(f"{step.name} has no axis {asked['axis']}; it has {step.axes}")
    return value, {"family": asked["family"], **sizes, "on_invalid": policy}


def setup(app: Sphinx) -> dict[str, object]:
    app.add_role("trace", TraceRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
