"""The image VAE that the course ships, and loading it or any other by path."""

import json

import pytest
import torch
from diffusers import AutoencoderKL
from latentlab import image_vae, model_folder
from latentlab.image_vae import FOLDER, SIXTEEN
from latentlab.patch_vae import patch_vae
from latentlab.reconstruction import psnr
from latentlab.report_image_vae import held_out
from latentlab.train_image_vae import reconstruct

PHOTOGRAPHS = held_out()


@pytest.fixture(scope="module")
def vae() -> AutoencoderKL:
    """Return the shipped model."""
    return image_vae.load()


def gains(vae: AutoencoderKL) -> list[float]:
    """By how many dB it beats PCA with as many numbers, fitted to the photographs themselves."""
    pca = patch_vae(torch.cat(list(PHOTOGRAPHS.values())), vae.config.latent_channels)
    return [
        psnr(picture, reconstruct(vae, picture)) - psnr(picture, reconstruct(pca, picture))
        for picture in PHOTOGRAPHS.values()
    ]


@pytest.mark.parametrize(("folder", "channels"), [(FOLDER, 4), (SIXTEEN, 16)])
def test_it_is_a_small_diffusers_folder_without_pickle(folder, channels):
    assert {path.name for path in folder.iterdir()} == {
        *("config.json", "diffusion_pytorch_model.safetensors", "SHA256"),
        *("training.json", "README.md"),
    }
    assert (folder / "diffusion_pytorch_model.safetensors").stat().st_size <= 4_000_000
    vae = image_vae.load(folder)
    assert vae.config.latent_channels == channels
    assert vae.encode(torch.zeros(1, 3, 64, 64)).latent_dist.mode().shape == (1, channels, 8, 8)


@pytest.mark.slow
def test_it_beats_the_best_linear_patches_on_photographs_it_has_not_seen(vae):
    found = gains(vae)
    assert min(found) > 0.5, found
    assert sum(found) / len(found) > 2.5, found


@pytest.mark.slow
def test_sixteen_channels_are_better_than_four_and_on_average_than_linear_patches(vae):
    sixteen = image_vae.load(SIXTEEN)
    found = gains(sixteen)
    assert sum(found) / len(found) > 0.5, found
    for picture in PHOTOGRAPHS.values():
        four, more = (psnr(picture, reconstruct(model, picture)) for model in (vae, sixteen))
        assert more > four + 1


def test_colors_are_true(vae):
    for name, picture in PHOTOGRAPHS.items():
        shift = (reconstruct(vae, picture) - picture).mean(dim=(0, 2, 3)).abs().max().item()
        assert shift * 127.5 < 2, f"{name}: {shift * 127.5:.1f} of 255"


@pytest.mark.slow
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


# Loading another one.


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    vae = AutoencoderKL(block_out_channels=(4,), norm_num_groups=1, layers_per_block=1)
    vae.half().save_pretrained(tmp_path)
    model_folder.write_hashes(tmp_path)
    return tmp_path


def test_folder_is_loaded_frozen_at_fp32(folder):
    vae = image_vae.load(folder)
    assert isinstance(vae, AutoencoderKL) and not vae.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in vae.parameters())


def test_folder_without_hashes_is_loaded(folder):
    (folder / model_folder.HASHES).unlink()
    assert image_vae.load(folder)


def test_wrong_weights_name_the_file_and_both_hashes(folder):
    weights = folder / model_folder.WEIGHTS
    expected = (folder / model_folder.HASHES).read_text().splitlines()[1].split()[0]
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    with pytest.raises(ValueError) as caught:
        image_vae.load(folder)
    assert str(weights) in str(caught.value) and expected in str(caught.value)


def test_truncated_weights_without_hashes_are_told(folder):
    (folder / model_folder.HASHES).unlink()
    weights = folder / model_folder.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ValueError, match="safetensors is damaged"):
        image_vae.load(folder)


@pytest.mark.parametrize("name", ["config.json", model_folder.WEIGHTS])
def test_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ValueError, match=f"has no {name}"):
        image_vae.load(folder)


def test_another_class_is_refused(folder):
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"AutoencoderKL"', '"VQModel"'))
    with pytest.raises(ValueError, match="is of VQModel"):
        image_vae.load(folder)


@pytest.mark.parametrize("source", ["nowhere", "/nowhere/at/all"])
def test_what_is_neither_folder_nor_name_is_refused(source):
    with pytest.raises(ValueError, match="is no folder"):
        image_vae.load(source)
