"""The linear stand-in for a VAE is a real AutoencoderKL, and the best linear one."""

import math

import pytest
import torch
from diffusers import AutoencoderKL
from hypothesis import given, settings
from hypothesis import strategies as st
from latentlab import photographs
from latentlab.patch_vae import ROUNDING_VARIANCE, patch_vae, principal_patches
from latentlab.reconstruction import psnr


def picture(name: str) -> torch.Tensor:
    return torch.from_numpy(photographs.load(name, 128)).permute(2, 0, 1)[None]


CAT, COAST = picture("cat"), picture("coast")
BOTH = torch.cat([CAT, COAST])


def rebuilt(vae: AutoencoderKL, pixels: torch.Tensor) -> torch.Tensor:
    return vae.decode(vae.encode(pixels).latent_dist.mode()).sample


@settings(max_examples=10)
@given(st.integers(1, 192), st.integers(1, 6), st.integers(1, 6))
def test_shapes_are_those_of_a_vae_with_factor_eight(channels, rows, columns):
    vae = patch_vae(BOTH, channels)
    pixels = torch.zeros(2, 3, 8 * rows, 8 * columns)
    posterior = vae.encode(pixels).latent_dist
    assert isinstance(vae, AutoencoderKL)
    assert posterior.parameters.shape == (2, 2 * channels, rows, columns)
    assert posterior.sample().shape == (2, channels, rows, columns)
    assert vae.decode(posterior.mode()).sample.shape == pixels.shape


def test_all_components_give_the_picture_back():
    assert psnr(CAT, rebuilt(patch_vae(COAST, 192), CAT)) > 100


def test_components_are_orthonormal_and_fall_in_variance():
    components, color = principal_patches(BOTH, 12)
    flat = components.flatten(1)
    torch.testing.assert_close(flat @ flat.T, torch.eye(12), atol=1e-5, rtol=0)
    torch.testing.assert_close(color, BOTH.mean(dim=(0, 2, 3)))
    spread = patch_vae(BOTH, 12).encode(BOTH).latent_dist.mode().square().mean(dim=(0, 2, 3))
    assert list(spread) == sorted(spread, reverse=True)


def test_no_other_linear_map_of_equal_size_does_better():
    generator = torch.Generator().manual_seed(0)
    best = psnr(CAT, rebuilt(patch_vae(CAT, 4), CAT))
    for _ in range(5):
        vae = patch_vae(CAT, 4)
        noise = 0.05 * torch.randn(vae.decoder.weight.shape, generator=generator)
        basis, _ = torch.linalg.qr((vae.decoder.weight + noise).flatten(1).T)
        vae.decoder.weight.data = basis.T.reshape(vae.decoder.weight.shape)
        vae.encoder.weight.data[:4] = vae.decoder.weight
        vae.encoder.bias.data[:4] = -torch.einsum("kchw,c->k", vae.decoder.weight, vae.decoder.bias)
        assert psnr(CAT, rebuilt(vae, CAT)) < best


def test_log_variance_is_what_rounding_does():
    posterior = patch_vae(BOTH, 4).encode(CAT).latent_dist
    assert torch.allclose(posterior.logvar, torch.tensor(math.log(ROUNDING_VARIANCE)))
    rounded = (CAT * 127.5).round() / 127.5
    noise = torch.rand(CAT.shape, generator=torch.Generator().manual_seed(0)) / 127.5
    shifted = patch_vae(BOTH, 4).encode(rounded + noise - 0.5 / 127.5).latent_dist.mode()
    difference = shifted - patch_vae(BOTH, 4).encode(rounded).latent_dist.mode()
    assert difference.var().item() == pytest.approx(ROUNDING_VARIANCE, rel=0.1)


def test_scaling_factor_gives_unit_variance():
    vae = patch_vae(BOTH, 4)
    scaled = vae.encode(BOTH).latent_dist.mode() * vae.config.scaling_factor
    assert scaled.std().item() == pytest.approx(1, abs=1e-5)


def test_fitting_twice_gives_the_same_weights():
    one, other = patch_vae(BOTH, 4), patch_vae(BOTH, 4)
    assert torch.equal(one.decoder.weight, other.decoder.weight)


def test_tiles_agree_with_the_whole():
    vae = patch_vae(BOTH, 4)
    whole = rebuilt(vae, torch.cat([CAT, COAST], 3).repeat(1, 1, 3, 3))
    vae.enable_tiling()
    tiled = rebuilt(vae, torch.cat([CAT, COAST], 3).repeat(1, 1, 3, 3))
    torch.testing.assert_close(tiled, whole, atol=1e-5, rtol=0)


def test_bad_requests_are_refused_in_words():
    with pytest.raises(ValueError, match="250 x 128: both sides must be multiples of 8"):
        patch_vae(torch.zeros(1, 3, 250, 128))
    with pytest.raises(ValueError, match=r"latent_channels must be in 1\.\.192, got 193"):
        patch_vae(BOTH, 193)


def test_psnr_at_known_errors():
    zeros = torch.zeros(1, 3, 8, 8)
    assert psnr(zeros, zeros) == math.inf
    assert psnr(zeros - 1, zeros + 1) == pytest.approx(0)
    assert psnr(zeros, zeros + 0.02) == pytest.approx(40)
    with pytest.raises(ValueError, match=r"\(1, 3, 8, 8\) and \(1, 3, 8, 4\)"):
        psnr(zeros, zeros[..., :4])
