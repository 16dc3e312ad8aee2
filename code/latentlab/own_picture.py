"""Your own picture as a tensor that a VAE takes."""

import io
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

SMALLEST = 16  # pixels a side
LARGEST = 100_000_000  # pixels in all: what is read at most


def load(
    source: str | Path | bytes, longest: int = 512, multiple: int = 8
) -> Float[Tensor, "1 3 height width"]:
    """Read a picture as B C H W, RGB, with values in [-1, 1].

    It is turned as its EXIF data says, laid on white where it is transparent, and made RGB. When
    its longer side exceeds `longest` pixels it is reduced, and both sides are then cut, evenly on
    both ends, to multiples of `multiple`. `source` is a path or the bytes of a file.

    Raises ValueError when it is no picture, damaged, smaller than 16 pixels or of more than 100
    million, and FileNotFoundError when there is no such file.
    """
    if longest < SMALLEST or longest % multiple:
        raise ValueError(
            f"longest is {longest}: expected a multiple of {multiple} from {SMALLEST} up"
        )
    name = "the picture" if isinstance(source, bytes) else str(source)
    content = source if isinstance(source, bytes) else Path(source).read_bytes()
    try:
        with Image.open(io.BytesIO(content)) as opened:
            if opened.width * opened.height > LARGEST:
                size = f"{opened.width} × {opened.height}"
                raise ValueError(f"{name} has {size} pixels: expected 100 million at most")
            picture = _on_white(ImageOps.exif_transpose(opened))
    except UnidentifiedImageError as error:
        raise ValueError(f"{name} is no picture that can be read: expected JPEG or PNG") from error
    except OSError as error:
        raise ValueError(f"{name} is damaged: {error}") from error
    if min(picture.size) < SMALLEST:
        size = f"{picture.width} × {picture.height}"
        raise ValueError(f"{name} has {size} pixels: expected {SMALLEST} a side at least")
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    if min(picture.size) < SMALLEST:
        size = f"{picture.width} × {picture.height}"
        raise ValueError(f"{name}, reduced to {longest}, has {size} pixels: it is too narrow")
    (width, left), (height, top) = (
        (side - side % multiple, side % multiple // 2) for side in picture.size
    )
    picture = picture.crop((left, top, left + width, top + height))
    pixels = np.asarray(picture, dtype=np.float32) / 127.5 - 1
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits of gray
        return Image.fromarray((np.asarray(picture) // 257).astype(np.uint8)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    paper = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(paper, picture.convert("RGBA")).convert("RGB")
