"""A folder with a model: diffusers' format, safetensors, and hashes beside them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from diffusers import ModelMixin
from safetensors import SafetensorError, safe_open

WEIGHTS = "diffusion_pytorch_model.safetensors"
HASHES = "SHA256"

Model = TypeVar("Model", bound=ModelMixin)


def load(kind: type[Model], folder: Path) -> Model:
    """The model in a folder, in evaluation mode at fp32, its parameters frozen.

    Only safetensors are read, never a pickle. Raises as `check` does.
    """
    check(folder, kind.__name__)
    model: Model = kind.from_pretrained(folder, use_safetensors=True, low_cpu_mem_usage=False)
    return model.float().requires_grad_(False).eval()


def save(model: ModelMixin, folder: Path, facts: Mapping[str, Any]) -> None:
    """Write a model as `load` expects it: half precision, safetensors, hashes beside it.

    `facts`, how the weights came about, go into training.json. The model is at half precision
    from then on.
    """
    model.half().save_pretrained(folder)
    (folder / WEIGHTS).chmod(0o644)
    write_hashes(folder)
    (folder / "training.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def write_hashes(folder: Path) -> None:
    """Write SHA256 beside the weights and their configuration, in the format of sha256sum."""
    lines = (
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("config.json", WEIGHTS)
    )
    (folder / HASHES).write_text("".join(lines), encoding="utf-8")


def check(folder: Path, expected_class: str) -> None:
    """Raise ValueError unless `folder` holds an intact model of that class.

    The message names the file and, where one is stated beside it, the expected hash.
    """
    for name in ("config.json", WEIGHTS):
        if not (folder / name).is_file():
            raise ValueError(f"{folder} has no {name}: expected a folder saved by diffusers")
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("_class_name")
    if kind != expected_class:
        raise ValueError(f"{folder / 'config.json'} is of {kind}, not of an {expected_class}")
    hashes = folder / HASHES
    for line in hashes.read_text(encoding="utf-8").splitlines() if hashes.is_file() else ():
        expected, name = line.split()
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise ValueError(
                f"{folder / name} is damaged: its SHA-256 hash should be {expected} but is "
                f"{found}; restore the file from the course's repository"
            )
    try:
        with safe_open(folder / WEIGHTS, "pt") as file:
            file.keys()
    except SafetensorError as error:
        raise ValueError(f"{folder / WEIGHTS} is damaged: {error}") from error
