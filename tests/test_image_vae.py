"""Loading a VAE by path: any folder that diffusers has saved, and none that is damaged."""

import hashlib

import pytest
import torch
from diffusers import AutoencoderKL
from latentlab import image_vae


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    vae = AutoencoderKL(block_out_channels=(4,), norm_num_groups=1, layers_per_block=1)
    vae.half().save_pretrained(tmp_path)
    digest = hashlib.sha256((tmp_path / image_vae.WEIGHTS).read_bytes()).hexdigest()
    (tmp_path / image_vae.HASHES).write_text(f"{digest}  {image_vae.WEIGHTS}\n")
    return tmp_path


def test_folder_is_loaded_frozen_at_fp32(folder):
    vae = image_vae.load(folder)
    assert isinstance(vae, AutoencoderKL) and not vae.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in vae.parameters())


def test_folder_without_hashes_is_loaded(folder):
    (folder / image_vae.HASHES).unlink()
    assert image_vae.load(folder)


def test_wrong_weights_name_the_file_and_both_hashes(folder):
    weights = folder / image_vae.WEIGHTS
    expected = (folder / image_vae.HASHES).read_text().split()[0]
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    with pytest.raises(ValueError) as caught:
        image_vae.load(folder)
    assert str(weights) in str(caught.value) and expected in str(caught.value)


def test_truncated_weights_without_hashes_are_told(folder):
    (folder / image_vae.HASHES).unlink()
    weights = folder / image_vae.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ValueError, match="safetensors is damaged"):
        image_vae.load(folder)


@pytest.mark.parametrize("name", ["config.json", image_vae.WEIGHTS])
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
