"""The state of a training as a safetensors file, from which it goes on as it was."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer


class TrainingError(Exception):
    """What is wrong with a request to train, in one sentence."""


def save(
    path: Path, tensors: Mapping[str, Tensor], recipe: Mapping[str, Any], facts: Mapping[str, Any]
) -> None:
    """Write tensors, the recipe and what else the next step depends on; replace `path` at once."""
    metadata = {"recipe": json.dumps(recipe), "facts": json.dumps(facts)}
    partial = path.with_suffix(".partial")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, partial, metadata)
    os.replace(partial, path)


def load(path: Path, recipe: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the facts of a saved state.

    Raises TrainingError when the file is damaged, is something else, or has another recipe.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{path} is damaged: {error}") from error
    if "recipe" not in metadata:
        raise TrainingError(f"{path} is not a state that this program saved")
    saved, wanted = json.loads(metadata["recipe"]), json.loads(json.dumps(recipe))
    different = [name for name in wanted if wanted[name] != saved.get(name)]
    if different:
        raise TrainingError(
            f"{path} was trained with another recipe: "
            + ", ".join(f"{n} = {saved.get(n)}, not {wanted[n]}" for n in different)
        )
    return tensors, json.loads(metadata["facts"])


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def of_optimizers(
    optimizers: Iterable[Optimizer], names: Mapping[Tensor, str]
) -> dict[str, Tensor]:
    """All that the optimizers keep, as "key.name of the parameter"."""
    return {
        f"{key}.{names[parameter]}": value
        for optimizer in optimizers
        for parameter, state in optimizer.state.items()
        for key, value in state.items()
    }


def into_optimizers(
    optimizers: Mapping[Optimizer, Iterable[str]],
    names: Mapping[Tensor, str],
    tensors: Mapping[str, Tensor],
) -> None:
    """Give the optimizers back what `of_optimizers` took; each is listed with its keys."""
    for optimizer, keys in optimizers.items():
        for parameter in optimizer.param_groups[0]["params"]:
            for key in keys:
                value = tensors.get(f"{key}.{names[parameter]}")
                if value is not None:
                    optimizer.state[parameter][key] = value
