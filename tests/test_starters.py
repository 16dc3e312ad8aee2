"""The starters against the real classes of diffusers."""

import runpy
import subprocess
import sys
from pathlib import Path

import notebooks
import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderKLWan
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
LABS = [path.stem for path in sorted(ROOT.glob("labs/lab-*.ipynb"))]
CLIP = runpy.run_path(str(notebooks.starter("lab-03-latent-shape-tracking")))
IMAGE = runpy.run_path(str(notebooks.starter("lab-05-vae-latent-space")))

eights = st.integers(2, 8).map(lambda n: 8 * n)


@pytest.fixture(scope="module")
def wan() -> AutoencoderKLWan:
    with torch.device("meta"):
        return AutoencoderKLWan()


@pytest.fixture(scope="module")
def stable_diffusion() -> AutoencoderKL:
    with torch.device("meta"):
        return AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
        )


@pytest.mark.parametrize("lab", LABS)
def test_starter_runs_by_itself(lab):
    path = notebooks.starter(lab)
    ended = subprocess.run([sys.executable, "-I", path], capture_output=True, text=True, check=True)
    assert ended.stdout
    assert not ended.stderr


@pytest.mark.slow
@settings(max_examples=12)
@given(batch=st.integers(1, 2), frames=st.integers(1, 30), height=eights, width=eights)
def test_causal_latent_is_what_wan_makes(wan, batch, frames, height, width):
    pixels = torch.empty(batch, 3, frames, height, width, device="meta")
    with torch.no_grad():
        latent = wan.encode(pixels).latent_dist.mode()
        back = wan.decode(latent).sample
    if back.shape[2] == frames:
        assert CLIP["causal_latent"](batch, frames, height, width) == latent.shape
    else:
        below = back.shape[2]
        with pytest.raises(ValueError, match=f"{frames} frames.*{below} and {below + 4}"):
            CLIP["causal_latent"](batch, frames, height, width)


@settings(max_examples=8)
@given(batch=st.integers(1, 2), frames=st.integers(1, 9), height=eights, width=eights)
def test_per_frame_latent_is_what_an_image_vae_makes(
    stable_diffusion, batch, frames, height, width
):
    folded = torch.empty(batch * frames, 3, height, width, device="meta")
    with torch.no_grad():
        encoded = stable_diffusion.encode(folded).latent_dist.mode()
    unfolded = encoded.unflatten(0, (batch, frames)).transpose(1, 2)
    assert CLIP["per_frame_latent"](batch, frames, height, width) == unfolded.shape


@settings(max_examples=8)
@given(batch=st.integers(1, 2), height=eights, width=eights)
def test_image_starter_follows_stable_diffusion(stable_diffusion, batch, height, width):
    image = (batch, 3, height, width)
    with torch.no_grad():
        posterior = stable_diffusion.encode(torch.empty(image, device="meta")).latent_dist
        back = stable_diffusion.decode(posterior.mode()).sample
    moments = IMAGE["encode"](image, latent_channels=4)
    assert moments == posterior.parameters.shape
    assert IMAGE["sample"](moments) == posterior.mode().shape
    assert IMAGE["decode"](IMAGE["sample"](moments)) == back.shape


def test_starters_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="80 frames: not 4k\\+1; nearest are 77 and 81"):
        CLIP["causal_latent"](1, 80, 720, 1280)
    with pytest.raises(ValueError, match="0 frames: a clip has at least 1"):
        CLIP["causal_latent"](1, 0, 720, 1280)
    with pytest.raises(ValueError, match="721 x 1280: sides must be multiples of 8"):
        CLIP["per_frame_latent"](1, 81, 721, 1280)
    with pytest.raises(ValueError, match="must be one and the same shape"):
        CLIP["scheduler_step"]((1, 16, 21, 90, 160), (1, 16, 20, 90, 160))
    with pytest.raises(ValueError, match="1020 x 1024: sides must be multiples of 8"):
        IMAGE["encode"]((1, 3, 1020, 1024), latent_channels=4)
