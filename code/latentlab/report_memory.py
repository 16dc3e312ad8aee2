"""Hold the traced memory of real models to the memory they take on this machine.

    python -m latentlab.report_memory code/latentlab/data/memory

Prints a table and writes report.json into the folder. `small` has calls small enough to run here:
what is traced, what torch's allocator handed out, and by how much the process grew. `full` has
calls at the sizes at which people make them, traced only. One thread; a quarter of an hour.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers import AsymmetricAutoencoderKL, DiTTransformer2DModel, UNet2DConditionModel
from torch import nn

from latentlab import image_vae, memory, photographs, real_class
from latentlab.memory import Measured, Trace
from latentlab.patch_vae import patch_vae

FOLDER = Path(__file__).parent / "data" / "memory"
AGREES = 0.1  # of the measured peak

Shape = tuple[int, ...]
HALF, SHORT = torch.float16, torch.bfloat16


@dataclass(frozen=True)
class Case:
    """One call of one model.

    Attributes:
        title: What a table calls it.
        build: Makes the model, in evaluation mode, on the meta device unless it has its weights.
        shapes: Of the inputs. Those of no or one axis are steps or classes, whole numbers.
        method: The one to call; "" for the model itself.
        dtype: Of weights and inputs.
        named: Further inputs, which are no tensors.
    """

    title: str
    build: Callable[[], Any]
    shapes: tuple[Shape, ...]
    method: str = "decode"
    dtype: torch.dtype = torch.float32
    named: dict[str, Any] = field(default_factory=dict)

    def request(self) -> tuple[memory.Call, list[Any]]:
        """What to call, and with what."""
        model = self.build().to(self.dtype)
        device = next(model.parameters()).device
        inputs = [
            torch.zeros(shape, dtype=self.dtype if len(shape) > 1 else torch.long, device=device)
            for shape in self.shapes
        ]
        return getattr(model, self.method) if self.method else model, inputs

    def trace(self) -> Trace:
        """`memory.trace` of it."""
        call, inputs = self.request()
        return memory.trace(call, *inputs, **self.named)

    def measure(self) -> Measured:
        """`memory.measure` of it."""
        call, inputs = self.request()
        return memory.measure(call, *inputs, time_limit=1800, **self.named)


def _family(name: str) -> Callable[[], Any]:
    return partial(real_class.build, name)


def _sliced(name: str) -> Any:
    vae = real_class.build(name)
    vae.enable_slicing()
    return vae


def _tiled(name: str, tile: int) -> Any:
    """With tiles of so many pixels a side; see `enable_tiling` of the class."""
    vae = real_class.build(name)
    vae.enable_tiling()
    if hasattr(vae, "tile_latent_min_size"):
        vae.tile_sample_min_size, vae.tile_latent_min_size = tile, tile // 8
    else:
        vae.tile_sample_min_height = vae.tile_sample_min_width = tile
        vae.tile_sample_stride_height = vae.tile_sample_stride_width = tile * 3 // 4
    return vae


def _on_meta(kind: Any, **config: Any) -> nn.Module:
    with torch.device("meta"):
        return kind(**config).to("meta").eval()


def _asymmetric() -> nn.Module:
    """Its decoder is half as wide again as Stable Diffusion's, and a layer deeper."""
    return _on_meta(
        AsymmetricAutoencoderKL,
        down_block_types=("DownEncoderBlock2D",) * 4,
        down_block_out_channels=(128, 256, 512, 512),
        layers_per_down_block=2,
        up_block_types=("UpDecoderBlock2D",) * 4,
        up_block_out_channels=(192, 384, 768, 768),
        layers_per_up_block=3,
    )


def unet(*widths: int) -> nn.Module:
    """The denoiser of Stable Diffusion 1, at its own widths (320, 640, 1280, 1280) or others."""
    return _on_meta(UNet2DConditionModel, block_out_channels=widths, cross_attention_dim=768)


def _dit() -> nn.Module:
    """DiT-S/2 (arXiv 2212.09748, table 1)."""
    return _on_meta(
        DiTTransformer2DModel,
        num_attention_heads=6,
        attention_head_dim=64,
        num_layers=12,
        out_channels=8,
        sample_size=32,
    )


def _patches() -> nn.Module:
    """The linear autoencoder of the course: one transposed convolution decodes."""
    pictures = np.stack([photographs.load(name, 64) for name in photographs.names()])
    return patch_vae(torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous())


TEXT = (2, 77, 768)  # a prompt and an empty one, in the features of CLIP

SMALL = (
    Case("Stable Diffusion 1, 256²", _family("sd-1"), ((1, 4, 32, 32),)),
    Case("Stable Diffusion 1, 256², bf16", _family("sd-1"), ((1, 4, 32, 32),), dtype=SHORT),
    Case("Stable Diffusion 1, 256², encode", _family("sd-1"), ((1, 3, 256, 256),), "encode"),
    Case("Stable Diffusion 1, 128²", _family("sd-1"), ((1, 4, 16, 16),)),
    Case("Stable Diffusion 1, 128², tiles of 64", partial(_tiled, "sd-1", 64), ((1, 4, 16, 16),)),
    Case("Stable Diffusion 1, 4 × 64²", _family("sd-1"), ((4, 4, 8, 8),)),
    Case("Stable Diffusion 1, 4 × 64², sliced", partial(_sliced, "sd-1"), ((4, 4, 8, 8),)),
    Case("FLUX.1, 128²", _family("flux-1"), ((1, 16, 16, 16),)),
    Case("FLUX.2, 2 × 128², bf16", _family("flux-2"), ((2, 32, 16, 16),), dtype=SHORT),
    Case("TAESD, 256²", _family("taesd"), ((1, 4, 32, 32),)),
    Case("AsymmetricAutoencoderKL, 64²", _asymmetric, ((1, 4, 8, 8),)),
    Case("LDM VQ f4, 64²", _family("ldm-vq-f4"), ((1, 3, 16, 16),)),
    Case("Sana DC-AE, 128², bf16", _family("sana"), ((1, 32, 4, 4),), dtype=SHORT),
    Case("Qwen-Image, 96²", _family("qwen-image"), ((1, 16, 1, 12, 12),)),
    Case("SVD, 4 × 64²", _family("svd"), ((4, 4, 8, 8),), named={"num_frames": 4}),
    Case("Wan 2.1, 5 × 64²", _family("wan-2-1"), ((1, 16, 2, 8, 8),)),
    Case("Wan 2.1, 5 × 64², bf16", _family("wan-2-1"), ((1, 16, 2, 8, 8),), dtype=SHORT),
    Case("Wan 2.1, 5 × 64², tiles of 32", partial(_tiled, "wan-2-1", 32), ((1, 16, 2, 8, 8),)),
    Case("CogVideoX, 8 × 64²", _family("cogvideox-1-0"), ((1, 16, 2, 8, 8),)),
    Case("HunyuanVideo, 5 × 32², bf16", _family("hunyuan-video"), ((1, 16, 2, 4, 4),), dtype=SHORT),
    Case("Mochi 1, 7 × 32², bf16", _family("mochi-1"), ((1, 12, 2, 4, 4),), dtype=SHORT),
    Case(
        "LTX-Video 0.9.0, 9 × 64², bf16",
        _family("ltx-video-0-9-0"),
        ((1, 128, 2, 2, 2),),
        dtype=SHORT,
    ),
    Case("Cosmos 1.0, 9 × 64²", _family("cosmos-1-0"), ((1, 16, 2, 8, 8),)),
    Case(
        "denoiser: U-Net of half widths, 128²",
        partial(unet, 160, 320, 640, 640),
        ((2, 4, 16, 16), (), TEXT),
        "",
    ),
    Case("denoiser: DiT-S/2, 256²", _dit, ((2, 4, 32, 32), (2,), (2,)), ""),
    Case("the course's image VAE, 256²", image_vae.load, ((1, 4, 32, 32),)),
    Case("the course's image VAE, 64², fp16", image_vae.load, ((1, 4, 8, 8),), dtype=HALF),
    Case("the course's linear patches, 256²", _patches, ((1, 4, 32, 32),)),
)

UNET = partial(unet, 320, 640, 1280, 1280)

FULL = (
    *(
        Case(f"Stable Diffusion 1, {8 * side}²", _family("sd-1"), ((1, 4, side, side),))
        for side in (64, 96, 128, 256)
    ),
    Case("Stable Diffusion 1, 1024², bf16", _family("sd-1"), ((1, 4, 128, 128),), dtype=SHORT),
    Case(
        "Stable Diffusion 1, 1024², tiles of 512", partial(_tiled, "sd-1", 512), ((1, 4, 128, 128),)
    ),
    Case("Stable Diffusion 1, 4 × 512²", _family("sd-1"), ((4, 4, 64, 64),)),
    Case("Stable Diffusion 1, 4 × 512², sliced", partial(_sliced, "sd-1"), ((4, 4, 64, 64),)),
    Case("Stable Diffusion 1, 1024², encode", _family("sd-1"), ((1, 3, 1024, 1024),), "encode"),
    *(
        Case(f"its denoiser, {8 * side}²", UNET, ((2, 4, side, side), (), TEXT), "")
        for side in (64, 128)
    ),
    Case("SVD, 14 × 576 × 1024", _family("svd"), ((14, 4, 72, 128),), named={"num_frames": 14}),
    Case("Wan 2.1, 81 × 480 × 832", _family("wan-2-1"), ((1, 16, 21, 60, 104),)),
    Case("Wan 2.1, 81 × 480 × 832, bf16", _family("wan-2-1"), ((1, 16, 21, 60, 104),), dtype=SHORT),
    Case(
        "Wan 2.1, 81 × 480 × 832, tiles of 256",
        partial(_tiled, "wan-2-1", 256),
        ((1, 16, 21, 60, 104),),
    ),
    Case("HunyuanVideo, 129 × 720 × 1280", _family("hunyuan-video"), ((1, 16, 33, 90, 160),)),
)


def _traced(case: Case) -> dict[str, Any]:
    """What a trace tells of a case, as a row."""
    found = case.trace()
    call, _ = case.request()
    model = memory.owner(call)
    return {
        "title": case.title,
        "class": type(model).__name__,
        "method": case.method or "forward",
        "dtype": str(case.dtype).removeprefix("torch."),
        "shapes": [list(shape) for shape in case.shapes],
        "parameter_bytes": found.parameter_bytes,
        "live_bytes": found.peak_bytes,
        "operation": found.operation,
        "module": found.module,
        "tensors": [[list(held.shape), held.bytes] for held in found.tensors[:4]],
        "cpu_bytes": found.cpu_peak_bytes,
        "cpu_operation": found.timeline[found.cpu_peak_step].operation,
    }


def _held(case: Case) -> dict[str, Any]:
    """A row with what was measured as well."""
    found = case.measure()
    row = _traced(case)
    return row | {
        "allocated_bytes": found.allocated_bytes,
        "resident_bytes": found.resident_bytes,
        "live_ratio": round(row["live_bytes"] / found.allocated_bytes, 4),
        "cpu_ratio": round(row["cpu_bytes"] / found.allocated_bytes, 4),
        "agrees": abs(row["cpu_bytes"] / found.allocated_bytes - 1) <= AGREES,
    }


def machine() -> dict[str, str]:
    """Where a report was measured, with the versions that count."""
    return {
        "machine": platform.machine(),
        "kernels": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
    }


def report(folder: Path = FOLDER) -> dict[str, Any]:
    """What the command has written: `machine`, the rows of `small` and those of `full`.

    Sizes are bytes; "live" is activations alone, "cpu" activations and the workspace of kernels,
    "allocated" and "resident" are measured, ratios are to "allocated".
    """
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.report_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where report.json is written")
    folder = parser.parse_args(arguments).folder
    torch.set_num_threads(1)
    diffusers.logging.set_verbosity_error()
    print(f"{'MB':40}{'live':>9}{'cpu':>9}{'allocated':>11}{'resident':>10}{'cpu/allocated':>15}")
    small, full = [], []
    for case in SMALL:
        small.append(row := _held(case))
        sizes = (row[f"{kind}_bytes"] or 0 for kind in ("live", "cpu", "allocated", "resident"))
        live, cpu, allocated, resident = (size / 1e6 for size in sizes)
        print(
            f"{case.title:40}{live:9.1f}{cpu:9.1f}{allocated:11.1f}{resident:10.1f}"
            f"{row['cpu_ratio']:15.3f}{'' if row['agrees'] else '  misses'}",
            flush=True,
        )
    for case in FULL:
        full.append(row := _traced(case))
        print(f"{case.title:40}{row['live_bytes'] / 1e6:9.1f}{row['cpu_bytes'] / 1e6:9.1f}")
    folder.mkdir(parents=True, exist_ok=True)
    found = {"machine": machine(), "small": small, "full": full}
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(str(error))
