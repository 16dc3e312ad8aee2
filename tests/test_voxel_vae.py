"""The voxel VAE: shapes of its three latents, what it refuses, and what it was trained to."""

import pytest
import torch
from diffusers import AutoencoderKL
from hypothesis import given, settings
from hypothesis import strategies as st
from latentlab import voxel_shapes, voxel_vae
from latentlab.voxel_networks import ChannelNorm, HeightToChannels
from latentlab.voxel_vae import NECKS, Posterior, VoxelVAE, iou, occupied
from torch import Tensor

SHAPES = {"volume": (8, 4, 4, 4), "plane": (8, 8, 8), "vector": (512,)}
LARGEST = 3_000_000  # bytes of weights


@pytest.fixture(scope="module")
def fresh() -> dict[str, VoxelVAE]:
    torch.manual_seed(0)
    return {kind: VoxelVAE(kind, width=8).requires_grad_(False).eval() for kind in NECKS}


@pytest.fixture(scope="module")
def trained() -> dict[str, VoxelVAE]:
    return {kind: voxel_vae.load(kind) for kind in NECKS}


def cube(side: int = 32, batch: int = 1) -> Tensor:
    voxels = torch.zeros(batch, 1, side, side, side)
    voxels[..., side // 4 : side // 2, : side // 2, : side // 2] = 1
    return voxels


@pytest.mark.parametrize("kind", NECKS)
def test_each_kind_keeps_512_numbers_and_gives_the_voxels_back(fresh, kind):
    voxels = cube(batch=3)
    z = fresh[kind].encode(voxels).latent_dist.mode()
    assert z.shape == (3, *SHAPES[kind]) == (3, *fresh[kind].latent_shape())
    assert z[0].numel() == 512
    assert fresh[kind].decode(z).sample.shape == voxels.shape
    assert torch.equal(fresh[kind](voxels).sample, fresh[kind].decode(z).sample)


@settings(max_examples=8, deadline=None)
@given(cells=st.integers(1, 5), batch=st.integers(1, 3))
def test_a_volume_takes_any_cube_whose_side_eight_divides(fresh, cells, batch):
    voxels = cube(8 * cells, batch)
    z = fresh["volume"].encode(voxels).latent_dist.mode()
    assert z.shape == (batch, 8, cells, cells, cells)
    assert z.shape[1:] == fresh["volume"].latent_shape(8 * cells)
    assert fresh["volume"].decode(z).sample.shape == voxels.shape


def test_the_interface_is_that_of_its_siblings(fresh):
    vae = fresh["volume"]
    (posterior,) = vae.encode(cube(), return_dict=False)
    assert isinstance(posterior, Posterior)
    (logits,) = vae.decode(posterior.mode(), return_dict=False)
    assert torch.equal(logits, vae.decode(posterior.mode()).sample)
    first, again = (
        vae(cube(), sample_posterior=True, generator=torch.Generator().manual_seed(1)).sample
        for _ in range(2)
    )
    assert torch.equal(first, again) and not torch.equal(first, vae(cube()).sample)


@pytest.mark.parametrize("kind", NECKS)
def test_kl_counts_every_number_of_a_latent(fresh, kind):
    posterior = fresh[kind].encode(cube(batch=2)).latent_dist
    expected = torch.distributions.kl_divergence(
        torch.distributions.Normal(posterior.mean, posterior.std),
        torch.distributions.Normal(0, 1),
    )
    torch.testing.assert_close(posterior.kl(), expected.flatten(1).sum(1))


def test_kl_of_a_picture_is_that_of_diffusers():
    moments = torch.randn(2, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    picture = AutoencoderKL(latent_channels=4, norm_num_groups=1, block_out_channels=(4,))
    theirs = picture.encode(torch.zeros(1, 3, 8, 8)).latent_dist.__class__(moments)
    torch.testing.assert_close(Posterior(moments).kl(), theirs.kl())


def test_how_sure_a_vector_is_does_not_depend_on_the_voxels():
    pair = torch.cat((cube(), cube().flip(-1)))
    for kind in NECKS:
        vae = VoxelVAE(kind, width=8).requires_grad_(False)
        vae.encoder.load_state_dict({n: p + 0.01 for n, p in vae.encoder.state_dict().items()})
        posterior = vae.encode(pair).latent_dist
        assert not torch.equal(*posterior.mean)
        assert torch.equal(*posterior.std) == (kind == "vector")


def test_the_plane_is_seen_from_above():
    cells = torch.arange(2 * 3 * 4 * 5.0).reshape(1, 2, 3, 4, 5)  # b c d h w
    plane = HeightToChannels()(cells)
    assert plane.shape == (1, 2 * 4, 3, 5)
    assert torch.equal(plane[0, :, 1, 2], cells[0, :, 1, :, 2].flatten())


def test_a_norm_sees_one_position_only():
    x = torch.randn(1, 4, 2, 2, 2, generator=torch.Generator().manual_seed(0))
    before = ChannelNorm(4)(x)
    x[..., 1] += 1
    after = ChannelNorm(4)(x)
    assert torch.equal(before[..., 0], after[..., 0])
    assert not torch.allclose(before[..., 1], after[..., 1])


@pytest.mark.parametrize(
    ("voxels", "error", "told"),
    [
        (torch.ones(32, 32, 32), ValueError, r"shape \(32, 32, 32\): expected B 1 D H W; add"),
        (torch.ones(1, 2, 32, 32, 32), ValueError, "expected B 1 D H W$"),
        (torch.ones(0, 1, 32, 32, 32), ValueError, "B of the voxels is 0"),
        (cube()[..., :16], ValueError, "32 × 32 × 16: expected a cube; .* to a side of 32"),
        (torch.ones(1, 1, 30, 30, 33), ValueError, "expected a cube; .* to a side of 40"),
        (cube(36), ValueError, "side of 36: expected a multiple of 8; the nearest are 32 and 40"),
        (cube() * 0.5, ValueError, "neither 0 nor 1, 0.5 is one: .*threshold"),
        (cube() * 255, ValueError, "neither 0 nor 1, 255 is one"),
        (cube() / 0, ValueError, "neither 0 nor 1, nan is one"),
        (torch.zeros(1, 1, 32, 32, 32), ValueError, "grid 0 of the batch is empty"),
        (cube().bool(), TypeError, r"torch\.bool: expected torch\.float32"),
        (cube().byte(), TypeError, r"torch\.uint8: expected torch\.float32"),
        (cube().double(), TypeError, r"torch\.float64: expected torch\.float32"),
    ],
)
def test_voxels_that_cannot_be_encoded_are_told(fresh, voxels, error, told):
    with pytest.raises(error, match=told):
        fresh["volume"].encode(voxels)


def test_only_a_volume_takes_another_side(fresh):
    for kind in ("plane", "vector"):
        with pytest.raises(ValueError, match=f"the {kind} was made for 32; only a volume"):
            fresh[kind].encode(cube(40))


def test_latents_that_cannot_be_decoded_are_told(fresh):
    for kind, shape in SHAPES.items():
        wrong = torch.zeros(1, shape[0] + 1, *shape[1:])
        with pytest.raises(ValueError, match=r"the latent has shape .*: expected \(b, "):
            fresh[kind].decode(wrong)
        broken = torch.zeros(512)
        broken[7] = torch.nan
        with pytest.raises(ValueError, match="1 values are NaN or infinite"):
            fresh[kind].decode(broken.reshape(1, *shape))
        with pytest.raises(ValueError, match="B of the latent is 0"):
            fresh[kind].decode(torch.zeros(0, *shape))
        with pytest.raises(TypeError, match=r"torch\.float64: expected torch\.float32"):
            fresh[kind].decode(torch.zeros(1, *shape).double())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"kind": "sphere"}, "there is no latent 'sphere': expected one of"),
        ({"side": 20}, "side is 20: expected a multiple of 8; the nearest are 16 and 24"),
        ({"width": 0}, "width is 0: expected 1 or more"),
        ({"side": 0}, "side is 0: expected a multiple of 8; the nearest is 8"),
    ],
)
def test_models_that_cannot_be_are_told(options, told):
    with pytest.raises(ValueError, match=told):
        VoxelVAE(**options)
    with pytest.raises(ValueError, match="there is no latent 'sphere'"):
        voxel_vae.load("sphere")


def test_iou_counts_full_voxels():
    a, b = cube() > 0, torch.zeros(1, 1, 32, 32, 32, dtype=torch.bool)
    assert iou(a, a).item() == iou(b, b).item() == 1 and iou(a, b).item() == 0
    b[..., 8:16, :16, :8] = True  # half of the cube
    assert iou(a, b).item() == iou(b, a).item() == 0.5
    with pytest.raises(ValueError, match="shapes differ"):
        iou(a, b.repeat(2, 1, 1, 1, 1))
    with pytest.raises(TypeError, match=r"torch\.float32: expected torch\.bool"):
        iou(a, b.float())


def test_the_trained_models_are_of_equal_size_and_reach_what_they_should(trained):
    counts = {kind: model.num_parameters() for kind, model in trained.items()}
    assert max(counts.values()) < 1.06 * min(counts.values())
    for kind in NECKS:
        weights = voxel_vae.FOLDER / kind / "diffusion_pytorch_model.safetensors"
        assert weights.stat().st_size <= LARGEST
    means = {}
    for name in ("furniture", "solids"):
        shapes = voxel_shapes.load("held_out", name)
        with torch.no_grad():
            parts = [iou(x > 0, occupied(trained["volume"](x).sample)) for x in shapes.split(20)]
        means[name] = torch.cat(parts).mean().item()
        stated = voxel_vae.report()["held_out"][name]["volume"]["iou"]
        assert means[name] == pytest.approx(stated, abs=1e-3)
    assert sum(means.values()) / 2 >= 0.92
