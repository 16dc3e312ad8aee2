"""A question to commit to before anything is revealed. Every wrong answer is a named wrong rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from latentlab.figure import style


@dataclass(frozen=True)
class Question:
    """A prompt with one right answer and the answers that named wrong rules give.

    `wrong` maps the rule, worded to follow "that is what you get when ...", to its answer.

    Raises ValueError when two answers are equal: a reader could not tell them apart.
    """

    prompt: str
    right: object
    wrong: Mapping[str, object]
    because: str

    def __post_init__(self) -> None:
        answers = [self.right, *self.wrong.values()]
        for index, answer in enumerate(answers):
            if answer in answers[:index]:
                raise ValueError(f"two answers to {self.prompt!r} are equal: {answer}")

    def options(self) -> list[tuple[object, str | None]]:
        """Answers in a fixed order that gives nothing away; the rule is None for the right one."""
        options = [
            (self.right, None),
            *((answer, rule) for rule, answer in self.wrong.items()),
        ]
        return sorted(
            options,
            key=lambda option: sha256(f"{self.prompt}{option[0]}".encode()).digest(),
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        group = "predict-" + sha256(self.prompt.encode()).hexdigest()[:8]
        drawn = []
        for answer, rule in self.options():
            if rule is None:
                feedback = f'<span class="ls-right">Right.</span> {escape(self.because)}'
            else:
                feedback = (
                    '<span class="ls-wrong">Not this one.</span> '
                    f"That is what you get when {escape(rule)}."
                )
            drawn.append(
                f'<details name="{group}"><summary>{escape(_word(answer))}</summary>'
                f"<p>{feedback}</p></details>"
            )
        prompt = escape(self.prompt).replace("B C T H W", "B C T H W".replace(" ", "&nbsp;"))
        html = (
            f'<style>{style()}</style><div class="ls-predict" role="group" '
            f'aria-label="Prediction"><p>{prompt}</p>{"".join(drawn)}</div>'
        )
        answers = "\n".join(f"  - {_word(answer)}" for answer, _ in self.options())
        return {"text/html": html, "text/plain": f"{self.prompt}\n{answers}"}


def _word(answer: object) -> str:
    return f"{answer:g}" if isinstance(answer, float) else str(answer)
