"""Load the trained image VAE of the course, or any other AutoencoderKL by path or hub name."""

from pathlib import Path

from diffusers import AutoencoderKL

from latentlab import model_folder
from latentlab.model_folder import WEIGHTS

FOLDER = Path(__file__).parent / "data" / "image_vae"
SIXTEEN = FOLDER.with_name("image_vae_16")  # its sibling with 16 latent channels


def load(source: str | Path = FOLDER) -> AutoencoderKL:
    """A VAE in evaluation mode at fp32, its parameters frozen.

    `source` is a folder in the standard format of diffusers or, where there is a network, a name
    such as "stabilityai/sd-vae-ft-mse". Only safetensors are read, never a pickle.

    Raises ValueError when the folder is incomplete, or its weights are damaged or not those that
    the file SHA256 beside them states; the message names the file and the expected hash.
    """
    if Path(source).is_dir():
        return model_folder.load(AutoencoderKL, Path(source))
    if isinstance(source, Path) or str(source).count("/") != 1:
        raise ValueError(f"{source} is no folder: expected one with config.json and {WEIGHTS}")
    vae = AutoencoderKL.from_pretrained(source, use_safetensors=True, low_cpu_mem_usage=False)
    return vae.float().requires_grad_(False).eval()
