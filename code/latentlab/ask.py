"""Questions in a notebook: the page's own form, and where nothing runs, answers that unfold."""

from pathlib import Path

import anywidget
import traitlets

from latentlab.predict import STORED, Question, Questions


class Prediction(anywidget.AnyWidget):
    """A question that is committed to before anything is revealed.

    `record` then holds what was answered: `first` and `last` are "right" or a wrong rule, and
    `tries` counts.
    """

    _esm = Path(__file__).parent / "parts" / "question.mjs"
    question = traitlets.Dict().tag(sync=True)
    record = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)

    def __init__(self, question: Question) -> None:
        self.asked = question
        super().__init__(question=question.as_json())

    def _repr_mimebundle_(self, **kwargs: dict) -> tuple[dict, dict]:
        bundle = super()._repr_mimebundle_(**kwargs)
        assert bundle is not None  # it is, for a widget without a view only
        form, metadata = bundle
        still = {"text/html": self.asked.html, "text/plain": str(self.asked)}
        return form | still, metadata | {STORED: self.asked.as_json()}


class Ask:
    """Asks the questions of one lab.

        ask = Ask(COURSE, "lab-03-latent-shape-tracking")
        ask("shape")

    Raises what `Questions` raises.
    """

    def __init__(self, course: Path, lab: str) -> None:
        self.questions = Questions(course.resolve(), lab)

    def __call__(self, name: str) -> Prediction:
        return Prediction(self.questions[name])
