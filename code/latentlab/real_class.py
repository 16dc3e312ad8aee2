"""The real class of a family of the atlas, built without weights: what comes out is shapes."""

from typing import Any

import diffusers
import torch

from latentlab import atlas
from latentlab.atlas import Shape


def build(name: str) -> Any:
    """The autoencoder of diffusers at the family's real configuration, on the meta device.

    Raises ValueError, from `atlas.family`, for an unknown name.
    """
    family = atlas.family(name)
    with torch.device("meta"):
        vae = getattr(diffusers, family.class_name)(**family.config).to("meta").eval()
    if family.needs_tiling:
        vae.enable_tiling()
    return vae


def encode(
    vae: Any, name: str, *, height: int, width: int, frames: int | None = None, batch: int = 1
) -> torch.Tensor:
    """The latent of a request, on the meta device. Raises what the class raises.

    Sizes are pixels; `frames` is None for a family of images.
    """
    if atlas.family(name).medium == "video":
        pixels = torch.empty(batch, 3, frames or 1, height, width, device="meta")
    else:
        pixels = torch.empty(batch * (frames or 1), 3, height, width, device="meta")
    with torch.no_grad():
        encoded = vae.encode(pixels)
    if hasattr(encoded, "latent_dist"):
        return encoded.latent_dist.mode()
    return encoded.latents if hasattr(encoded, "latents") else encoded.latent


def there_and_back(
    vae: Any, name: str, *, height: int, width: int, frames: int | None = None, batch: int = 1
) -> tuple[Shape, Shape]:
    """Encode and decode a request with `vae`, as `build` made it: shapes of latent and pixels.

    Sizes are pixels; `frames` is None for a family of images. Raises what the class raises.
    """
    family = atlas.family(name)
    extra: dict[str, Any] = {}
    if family.medium == "frames" and "TemporalDecoder" in family.class_name:
        extra["num_frames"] = frames
    if family.config.get("timestep_conditioning"):
        extra["temb"] = torch.empty(batch, device="meta")
    latent = encode(vae, name, height=height, width=width, frames=frames, batch=batch)
    with torch.no_grad():
        return tuple(latent.shape), tuple(vae.decode(latent, **extra).sample.shape)
