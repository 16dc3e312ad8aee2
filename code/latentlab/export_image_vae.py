"""Write the encoder and the decoder of an image VAE as ONNX, for the latent explorer in the page.

    python -m latentlab.export_image_vae FOLDER                 # the VAE of the course
    python -m latentlab.export_image_vae FOLDER --model MODEL   # another diffusers folder

`encoder.onnx` makes of `pixels` (1, 3, 8h, 8w) in [-1, 1] the `mean` and the `std` of the
posterior, each (1, C, h, w), unscaled. `decoder.onnx` makes pixels of a `latent`. Heights and
widths are free. Weights that are exact in half precision are stored so, and computed with in
single. The same model always gives the same files.
"""

import argparse
import logging
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from diffusers import AutoencoderKL
from jaxtyping import Float
from onnx import helper, numpy_helper
from torch import Tensor, nn

from latentlab import image_vae

OPSET = 18
FACTOR = 8  # pixels a cell
CELLS = (2, 256)  # the fewest and the most a side
EXAMPLE = (24, 32)  # cells, for tracing


class Encoder(nn.Module):
    """Pixels to mean and standard deviation."""

    def __init__(self, vae: AutoencoderKL) -> None:
        super().__init__()
        self.vae = vae

    def forward(
        self, pixels: Float[Tensor, "1 3 height width"]
    ) -> tuple[Float[Tensor, "1 c h w"], Float[Tensor, "1 c h w"]]:
        posterior = self.vae.encode(pixels).latent_dist
        return posterior.mean, posterior.std


class Decoder(nn.Module):
    """Latent to pixels."""

    def __init__(self, vae: AutoencoderKL) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, latent: Float[Tensor, "1 c h w"]) -> Float[Tensor, "1 3 height width"]:
        return self.vae.decode(latent).sample


def export(vae: AutoencoderKL, folder: Path) -> None:
    """Write `encoder.onnx` and `decoder.onnx` into `folder`, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    height, width = (torch.export.Dim(name, min=CELLS[0], max=CELLS[1]) for name in "hw")
    pixels = torch.zeros(1, 3, *(FACTOR * side for side in EXAMPLE))
    latent = torch.zeros(1, vae.config.latent_channels, *EXAMPLE)
    cells = {2: height, 3: width}
    sides = {2: FACTOR * height, 3: FACTOR * width}
    _write(Encoder(vae), {"pixels": (pixels, sides)}, ["mean", "std"], folder / "encoder.onnx")
    _write(Decoder(vae), {"latent": (latent, cells)}, ["pixels"], folder / "decoder.onnx")


def _write(
    network: nn.Module, inputs: dict[str, tuple[Tensor, dict]], outputs: list[str], path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own workings
        program = torch.onnx.export(
            network.eval(),
            tuple(example for example, _ in inputs.values()),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=outputs,
            dynamic_shapes={name: free for name, (_, free) in inputs.items()},
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del part.metadata_props[:]  # where in the source it comes from: paths of this computer
    _halve(model.graph)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _halve(graph: onnx.GraphProto) -> None:
    """Store in half precision each constant that loses nothing by it, and cast it when loading."""
    casts = []
    for constant in graph.initializer:
        values = numpy_helper.to_array(constant)
        half = values.astype(np.float16) if values.dtype == np.float32 else values
        if values.ndim == 0 or half is values or not np.array_equal(half, values):
            continue
        name = constant.name
        constant.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.export_image_vae",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where to write encoder.onnx and decoder.onnx")
    parser.add_argument("--model", type=Path, default=image_vae.FOLDER, help="a diffusers folder")
    given = parser.parse_args(arguments)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # warns that there is no torchvision
    try:
        vae = image_vae.load(given.model)
    except ValueError as error:
        sys.exit(str(error))
    export(vae, given.folder)


if __name__ == "__main__":
    main()
