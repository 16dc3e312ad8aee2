"""Muon: momentum whose matrix is made orthogonal before each step. For weights of convolutions."""

from collections import defaultdict
from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

# Keller Jordan, https://kellerjordan.github.io/posts/muon/: p(s) = a s + b s^3 + c s^5, five
# times, brings every singular value s of (0, 1] close to 1.
A, B, C = 3.4445, -4.7750, 2.0315
ROUNDS = 5


def orthogonal(matrices: Float[Tensor, "n rows columns"]) -> Float[Tensor, "n rows columns"]:
    """Each matrix with its singular values, as far as they are not tiny, moved to about 1.

    The polynomials of all rounds are gathered in one square matrix of the shorter side, which is
    cheaper than to apply them one by one when the other side is much longer.
    """
    if matrices.shape[1] > matrices.shape[2]:
        return orthogonal(matrices.mT).mT
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-12)
    gram = x @ x.mT
    one = torch.eye(gram.shape[1])
    total = one
    for _ in range(ROUNDS):
        polynomial = A * one + B * gram + C * gram @ gram
        total = polynomial @ total
        gram = polynomial @ gram @ polynomial
    return total @ x


class Muon(torch.optim.Optimizer):
    """Steps of learning rate x (orthogonal matrix of the Nesterov momentum).

    A weight (out, in, height, width) counts as a matrix (out, in * height * width). Weights of
    one shape are handled together.
    """

    def __init__(self, weights: Iterable[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(list(weights), {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            shapes = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    shapes[weight.shape].append(weight)
            for weights in shapes.values():
                directions = []
                for weight in weights:
                    state = self.state[weight]
                    if "momentum" not in state:
                        state["momentum"] = torch.zeros_like(weight)
                    state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                    direction = weight.grad.lerp(state["momentum"], group["momentum"])
                    directions.append(direction.flatten(1))
                rows, columns = directions[0].shape
                lengths = group["lr"] * max(1, rows / columns) ** 0.5
                for weight, update in zip(
                    weights, orthogonal(torch.stack(directions)), strict=True
                ):
                    weight.sub_(lengths * update.reshape(weight.shape))
