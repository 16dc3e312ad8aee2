"""The image VAE that the course ships."""

import json
from pathlib import Path

import latentlab
import pytest
import torch
from diffusers import AutoencoderKL
from latentlab.patch_vae import patch_vae
from latentlab.reconstruction import psnr
from latentlab.report_image_vae import held_out
from latentlab.train_image_vae import reconstruct

FOLDER = Path(latentlab.__file__).parent / "data" / "image_vae"
PHOTOGRAPHS = held_out()


@pytest.fixture(scope="module")
def vae() -> AutoencoderKL:
    """Return the shipped model."""
    return AutoencoderKL.from_pretrained(FOLDER).eval()


def test_it_is_a_small_diffusers_folder_without_pickle(vae):
    assert {path.name for path in FOLDER.iterdir()} == {
        *("config.json", "diffusion_pytorch_model.safetensors", "training.json", "README.md")
    }
    assert (FOLDER / "diffusion_pytorch_model.safetensors").stat().st_size <= 4_000_000
    assert vae.config.latent_channels == 4
    assert vae.encode(torch.zeros(1, 3, 64, 64)).latent_dist.mode().shape == (1, 4, 8, 8)


def test_it_beats_the_best_linear_patches_on_photographs_it_has_not_seen(vae):
    pca = patch_vae(torch.cat(list(PHOTOGRAPHS.values())))
    gains = {
        name: psnr(picture, reconstruct(vae, picture)) - psnr(picture, reconstruct(pca, picture))
        for name, picture in PHOTOGRAPHS.items()
    }
    assert min(gains.values()) > 0.5, gains
    assert sum(gains.values()) / len(gains) > 2.5, gains


def test_colors_are_true(vae):
    for name, picture in PHOTOGRAPHS.items():
        shift = (reconstruct(vae, picture) - picture).mean(dim=(0, 2, 3)).abs().max().item()
        assert shift * 127.5 < 5, f"{name}: {shift * 127.5:.1f} of 255"


def test_borders_are_not_much_worse_than_the_inside(vae):
    errors = [(reconstruct(vae, p) - p).square().mean(dim=(0, 1)) for p in PHOTOGRAPHS.values()]
    error = torch.stack(errors).mean(dim=0)
    border = torch.cat([error[0], error[-1], error[:, 0], error[:, -1]]).mean()
    assert border < 2 * error[8:-8, 8:-8].mean()


def test_scaled_latents_have_about_unit_deviation(vae):
    latents = torch.cat([vae.encode(p).latent_dist.mode() for p in PHOTOGRAPHS.values()])
    assert (latents * vae.config.scaling_factor).std().item() == pytest.approx(1, abs=0.25)


def test_the_recipe_is_recorded(vae):
    facts = json.loads((FOLDER / "training.json").read_text(encoding="utf-8"))
    assert facts["recipe"]["latent_channels"] == vae.config.latent_channels
    assert facts["steps"] > 0 and facts["hours"] > 0
