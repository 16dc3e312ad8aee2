"""A model that learns: its two optimizers, the moving average of its weights, and a saved state."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

from latentlab import checkpoint
from latentlab.checkpoint import TrainingError
from latentlab.muon import Muon

Model = TypeVar("Model", bound=nn.Module)


class Learner(Generic[Model]):
    """A model with all that its next step depends on.

    Muon (`latentlab.muon`) handles the parameters that `by_muon` picks, by name and value, and
    AdamW the others. The moving average follows fast at first, and never faster than `decay`.

    Attributes:
        model: As it is after the last step.
        average: The moving average of its state.
        step: How many steps there were.
        seconds: How long they took; `train` keeps it, and who does not call that may.
    """

    def __init__(
        self,
        model: Model,
        by_muon: Callable[[str, Tensor], bool],
        muon_rate: float,
        adam_rate: float,
        decay: float,
    ) -> None:
        self.model, self.decay = model, decay
        self.average = {name: value.clone() for name, value in model.state_dict().items()}
        self.step, self.seconds = 0, 0.0
        named = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self.names: dict[Tensor, str] = {parameter: name for name, parameter in named.items()}
        picked = {name: by_muon(name, parameter) for name, parameter in named.items()}
        self.muon = Muon([named[name] for name in named if picked[name]], lr=muon_rate)
        self.adam = torch.optim.AdamW(
            [named[name] for name in named if not picked[name]],
            lr=adam_rate,
            betas=(0.9, 0.98),
            weight_decay=0,
        )
        self.rates = {self.muon: muon_rate, self.adam: adam_rate}

    def descend(self, loss: Tensor, rate: float) -> float:
        """One step down the loss, at `rate` times both learning rates; returns the loss."""
        loss.backward()
        for optimizer, full in self.rates.items():
            optimizer.param_groups[0]["lr"] = rate * full
            optimizer.step()
            optimizer.zero_grad()
        self.step += 1
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        for name, value in self.model.state_dict().items():
            self.average[name].lerp_(value, 1 - decay)
        return loss.item()

    def train(
        self,
        advance: Callable[[], float],
        steps: int,
        path: Path,
        recipe: Mapping[str, Any],
        every: int,
    ) -> None:
        """Call `advance`, one step that returns its loss, until there were `steps` of them.

        Goes on from the state at `path` where there is one, and writes it there every so many
        steps, at Ctrl-C and at the end.

        Raises TrainingError when that state is no good, or when the loss is no number any more.
        """
        if path.exists():
            self.load(path, recipe)
        began, before = time.monotonic(), self.seconds
        with tqdm(total=steps, initial=self.step, unit="step", mininterval=5) as bar:
            try:
                while self.step < steps:
                    value = advance()
                    self.seconds = before + time.monotonic() - began
                    if not math.isfinite(value):
                        raise TrainingError(f"the loss became {value} at step {self.step}")
                    bar.update()
                    bar.set_postfix_str(f"loss={value:.4f}", refresh=False)
                    if self.step % every == 0:
                        self.save(path, recipe)
            except KeyboardInterrupt:
                self.save(path, recipe)
                raise
        self.save(path, recipe)

    def save(self, path: Path, recipe: Mapping[str, Any], **facts: Any) -> None:
        """Write everything that the next step depends on; a file at `path` is replaced at once."""
        tensors = {f"weights.{n}": w for n, w in self.model.state_dict().items()}
        tensors |= {f"average.{n}": w for n, w in self.average.items()}
        tensors |= checkpoint.of_optimizers(self.rates, self.names)
        facts |= {"step": self.step, "seconds": self.seconds}
        checkpoint.save(path, tensors, recipe, facts)

    def load(self, path: Path, recipe: Mapping[str, Any]) -> dict[str, Any]:
        """Go back to a saved state; returns the facts that were saved with it.

        Raises TrainingError when the file is damaged or has another recipe.
        """
        tensors, facts = checkpoint.load(path, recipe)
        self.model.load_state_dict(checkpoint.under("weights.", tensors))
        self.average = checkpoint.under("average.", tensors)
        kept = {self.muon: ("momentum",), self.adam: ("step", "exp_avg", "exp_avg_sq")}
        checkpoint.into_optimizers(kept, self.names, tensors)
        self.step, self.seconds = facts["step"], facts["seconds"]
        return facts
