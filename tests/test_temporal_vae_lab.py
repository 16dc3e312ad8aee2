"""Lab 07: its starter against `TemporalVAE`, its exercises against the course's code."""

import base64
import io
import re
import runpy

import notebooks
import numpy as np
import pytest
import torch
from einops import rearrange
from latentlab import plots, reconstruction, video_vae
from latentlab.temporal_blocks import TemporalConv
from latentlab.temporal_vae import TemporalVAE
from PIL import Image

LAB = "lab-07-temporal-vae"
STARTER = runpy.run_path(str(notebooks.starter(LAB)))
EXERCISES = notebooks.exercises(LAB).by_name

pytestmark = pytest.mark.usefixtures("one_thread")


def shaken(**options):
    """Four levels, so that the decoder has as many layers along time as the starter."""
    vae = TemporalVAE(
        base_channels=4,
        channel_multipliers=(1, 1, 1, 1),
        layers_per_block=1,
        temporal_attention=False,
        mid_block_add_attention=False,
        seed=0,
        **options,
    ).eval()
    random = torch.Generator().manual_seed(1)
    vae.set_parameters(
        vae.get_parameters() + 0.1 * torch.randn(vae.parameter_count, generator=random)
    )
    return vae.requires_grad_(False)


def changed(vae, frame):
    """The decoded frames that differ when one latent frame does."""
    z = torch.rand(1, 4, STARTER["FRAMES"], 1, 1, generator=torch.Generator().manual_seed(2)) + 0.5
    other = z.clone()
    other[:, :, frame] *= 0.5
    apart = (vae.decode(z).sample != vae.decode(other).sample).flatten(3).any(3).any(1)
    return apart[0].nonzero().flatten().tolist()


@pytest.mark.parametrize("taps", [(1, 2, 3), (1, 2, 3, 4, 5)])
@pytest.mark.parametrize("frame", [0, 4, 9])
def test_the_starter_reaches_as_far_as_the_network(taps, frame):
    kernel = len(taps)
    causal = shaken(causal=True, temporal_kernel_size=kernel)
    centered = shaken(causal=False, temporal_kernel_size=kernel)
    ahead = STARTER["which_change"](frame, taps=taps, ahead=kernel // 2)
    assert changed(causal, frame) == STARTER["which_change"](frame, taps=taps)
    assert changed(centered, frame) == ahead
    whole = min(STARTER["receptive_field"](STARTER["LAYERS"], kernel), STARTER["FRAMES"])
    if not frame:
        assert len(changed(causal, frame)) == whole


def test_the_trained_decoder_has_as_many_layers_as_the_starter():
    decoder = video_vae.load("temporal").decoder
    layers = [module for module in decoder.modules() if isinstance(module, TemporalConv)]
    assert len(layers) == STARTER["LAYERS"] == 5 and len(STARTER["TAPS"]) == 3  # as predicted


@pytest.mark.parametrize("rate", [1, 4])
@pytest.mark.parametrize("frames", [1, 5, 17])
def test_the_starter_knows_the_shapes(rate, frames):
    video = torch.zeros(2, 3, frames, 16, 24)
    vae = shaken(causal=True, temporal_compression=rate)
    shape = vae.encode(video).latent_dist.mode().shape
    assert STARTER["latent_shape"](tuple(video.shape), rate=rate) == tuple(shape)


def test_the_starter_refuses_what_the_network_refuses():
    with pytest.raises(ValueError, match="18 frames: not 4k\\+1; the nearest are 17 and 21"):
        STARTER["latent_shape"]((1, 3, 18, 64, 64), rate=4)
    with pytest.raises(ValueError, match="64 x 60: sides must be multiples of 8"):
        STARTER["latent_shape"]((1, 3, 17, 64, 60))


@pytest.mark.parametrize("chunk", [1, 3])
def test_each_layer_keeps_as_many_frames_as_in_the_starter(chunk):
    kept = STARTER["through"](list(range(chunk)))[1]
    vae = shaken(causal=True)
    _, cache = vae.decode_stream(torch.zeros(1, 4, chunk, 1, 1))
    assert {len(frames) for frames in kept} == {part.shape[1] for part in cache.kept.values()}
    assert len(kept) == STARTER["LAYERS"]


@pytest.mark.parametrize("chunk", range(1, 18))
def test_any_chunks_make_the_same_clip(chunk):
    clip = [7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5, 9, 0, 4, 5, 2, 3]
    assert STARTER["stream"](clip, chunk) == STARTER["through"](clip)[0]


def test_exercises_agree_with_the_course():
    one, other = torch.rand(2, 2, 3, 5, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    mine = EXERCISES["flicker_of"].solution(one.numpy(), other.numpy())
    assert 127.5 * mine == pytest.approx(reconstruction.flicker(one, other), rel=1e-5)
    np.testing.assert_array_equal(
        EXERCISES["fold"].solution(one.numpy()), rearrange(one.numpy(), "b c t h w -> (b t) c h w")
    )
    first, last = EXERCISES["depends_on"].solution(9, 17, [3] * 5, True)
    assert [t for t in range(17) if 9 in STARTER["which_change"](t)] == list(range(first, last + 1))


def test_the_record_bears_out_what_lab_and_chapter_say_of_it():
    """Their prose names no figures; these are the relations that it does state."""
    less = {}
    for kind, by_model in video_vae.report().items():
        image, alone, along = (by_model[n] for n in ("image VAE", "per frame", "temporal"))
        flickers = [model["noisy"]["flicker"] for model in (image, alone, along)]
        assert flickers == sorted(flickers, reverse=True), kind
        assert image["noisy"]["psnr"] > alone["noisy"]["psnr"], kind
        assert along["clean"]["flicker"] >= 0.98 * alone["clean"]["flicker"], kind
        assert image["clean"]["psnr"] > max(alone["clean"]["psnr"], along["clean"]["psnr"]), kind
        less[kind] = 1 - flickers[2] / flickers[1]
        if kind == "pan, 3 pixels a frame":
            assert along["noisy"]["psnr"] < alone["noisy"]["psnr"]
        else:
            assert along["noisy"]["psnr"] > alone["noisy"]["psnr"], kind
    assert less["standing camera"] > 0.15
    assert less["standing camera"] == max(less.values())
    assert less["pan, 3 pixels a frame"] < 0.1


def test_a_moving_figure_has_all_frames_a_still_and_words():
    random = np.random.default_rng(0)
    clips = {name: random.uniform(-1, 1, (5, 8, 12, 3)) for name in ("one & all", "two")}
    body = plots.moving(clips, alt="Noise.", caption="Twice.", rate=10).body
    still, loop, *_ = pictures = [
        Image.open(io.BytesIO(base64.b64decode(data)))
        for data in re.findall(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", body)
    ]
    assert len(pictures) == 4
    assert (still.n_frames, loop.n_frames) == (1, 5)
    assert still.size == loop.size == (12, 8)
    assert loop.info["loop"] == 0
    assert body.count('alt="one &amp; all"') == body.count('alt="two"') == 1
    assert "(prefers-reduced-motion: reduce)" in body.split("srcset")[0]
    assert body.index("<details") < body.index("<summary") < body.index("<img")
