"""Lab 09: its starter and exercises against the course's code, its answers against the record."""

import runpy
from itertools import product

import notebooks
import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLWan
from hypothesis import given, settings
from hypothesis import strategies as st
from latentlab import voxel_shapes, voxel_vae
from latentlab.report_voxel_vae import moved
from latentlab.voxel_vae import NECKS, VoxelVAE
from torch.nn import functional

LAB = "lab-09-voxel-latents"
STARTER = runpy.run_path(str(notebooks.starter(LAB)))
EXERCISES = notebooks.exercises(LAB).by_name

eights = st.integers(1, 6).map(lambda n: 8 * n)


@pytest.fixture(scope="module")
def fresh() -> dict[str, VoxelVAE]:
    torch.manual_seed(0)
    return {kind: VoxelVAE(kind, width=8).requires_grad_(False).eval() for kind in NECKS}


@pytest.mark.parametrize("kind", NECKS)
@settings(max_examples=6)
@given(batch=st.integers(1, 3), side=eights)
def test_starter_and_exercise_know_the_shapes(fresh, kind, batch, side):
    grid = (batch, 1, side, side, side)
    side = side if kind == "volume" else 32
    grid = (batch, 1, side, side, side)
    made = fresh[kind].encode(torch.ones(grid)).latent_dist.mode().shape
    assert STARTER["latent"](kind, grid) == tuple(made)
    assert EXERCISES["latent_of"].solution(kind, grid) == tuple(made)


@pytest.mark.parametrize("kind", ["volume", "plane"])
def test_a_cell_is_where_its_voxels_change_most(kind):
    """Of the trained model, nearly everywhere: a fresh kernel is not strongest in its middle."""
    vae, found = voxel_vae.load(kind), []
    block = torch.zeros(1, 1, 32, 32, 32)
    block[..., 12:20, 12:20, 12:20] = 1
    for d, h, w in product(range(0, 32, 8), repeat=3):
        other = block.clone()
        other[..., d : d + 8, h : h + 8, w : w + 8] = 1
        with torch.no_grad():
            before, after = (vae.encode(shape).latent_dist.mean for shape in (block, other))
        change = (after - before).abs()[0].sum(0)
        place = np.unravel_index(change.argmax().item(), change.shape)
        first, last = (STARTER["cell"](kind, D=d + at, H=h + at, W=w + at) for at in (0, 7))
        found.append(all(a <= at <= b for a, at, b in zip(first, place, last, strict=True)))
    assert sum(found) >= 0.9 * len(found)


def test_starter_moves_as_many_cells_as_a_fresh_encoder(fresh):
    shape = torch.zeros(1, 1, 32, 32, 32)
    shape[..., 10:20, 10:20, 2:14] = 1
    for kind in ("volume", "plane"):
        cells = STARTER["cells_moved"](kind, "W", 8)
        before, after = (
            fresh[kind].encode(given).latent_dist.mean for given in (shape, moved(shape, 8))
        )
        inner = slice(cells + 1, -1)
        torch.testing.assert_close(
            after[..., inner], before.roll(cells, -1)[..., inner], atol=1e-5, rtol=1e-4
        )
    assert STARTER["cells_moved"]("volume", "W", 4) is None
    assert STARTER["cells_moved"]("plane", "H", 8) is None
    assert STARTER["cells_moved"]("vector", "W", 8) is None


def test_the_clip_of_the_starter_is_that_of_wan():
    with torch.device("meta"):
        wan = AutoencoderKLWan()
        clip = torch.empty(1, 3, 33, *STARTER["GRID"][3:])
    with torch.no_grad():
        assert tuple(wan.encode(clip).latent_dist.mode().shape) == STARTER["of_a_clip"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: STARTER["latent"]("volume", (1, 32, 32, 32)), "expected B 1 D H W"),
        (lambda: STARTER["latent"]("plane", (1, 3, 32, 32, 32)), "expected B 1 D H W"),
        (lambda: STARTER["latent"]("volume", (1, 1, 36, 32, 32)), "D = 36 is no multiple of 8"),
        (
            lambda: STARTER["clip_latent"]((1, 3, 32, 32, 32)),
            r"T = 32 is no 4k \+ 1; .*: 29 and 33",
        ),
        (lambda: STARTER["latent"]("sphere", (1, 1, 32, 32, 32)), "'sphere' is no latent: .*plane"),
        (lambda: STARTER["cells_moved"]("sphere", "W", 8), "'sphere' is no latent"),
        (lambda: STARTER["cell"]("vector", D=0, H=0, W=32), "W = 32: expected 0 to 31"),
        (lambda: STARTER["cell"]("volume", D=0, H=0), "W = None: expected 0 to 31"),
    ],
)
def test_starter_refuses_what_does_not_fit(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_exercise_iou_is_that_of_the_course():
    random = torch.Generator().manual_seed(0)
    a, b = (torch.rand(4, 1, 6, 6, 6, generator=random) > 0.6 for _ in range(2))
    found = EXERCISES["iou_each"].solution(a.numpy(), b.numpy())
    np.testing.assert_allclose(found, voxel_vae.iou(a, b).numpy(), rtol=1e-6)


@pytest.mark.parametrize(("share", "weight"), [(0.1, 1.0), (0.1, 9.0), (0.3, 2.0)])
def test_exercise_constant_has_the_lowest_loss(share, weight):
    target = (torch.arange(1000) < 1000 * share).float()

    def loss(probability):
        logit = torch.tensor(probability).logit().expand(1000)
        return functional.binary_cross_entropy_with_logits(
            logit, target, pos_weight=torch.tensor(weight)
        ).item()

    best = EXERCISES["best_constant"].solution(share, weight)
    assert loss(best) < min(loss(best - 0.02), loss(best + 0.02))


def test_exercise_moves_as_the_lab_moves():
    latent = torch.arange(2.0 * 4 * 4 * 4).reshape(2, 1, 4, 4, 4)
    expected = moved(latent, 2).numpy()
    np.testing.assert_array_equal(
        EXERCISES["moved_right"].solution(latent.numpy(), 16, 8), expected
    )


# What chapter and lab say in words, held to the record.


@pytest.fixture(scope="module")
def report() -> dict:
    return voxel_vae.report()


def test_every_seed_has_the_same_order(report):
    assert len(report["seeds"]) >= 2
    for found in report["seeds"].values():
        for collection in ("furniture", "all"):
            of = {kind: row[collection] for kind, row in found.items()}
            assert of["volume"] > of["plane"] > of["vector"]


def test_the_volume_is_better_than_codes_without_a_network(report):
    for collection, rows in report["held_out"].items():
        assert rows["volume"]["iou"] > max(report["simple"][collection].values())


def test_solids_are_easier_than_furniture(report):
    for kind in NECKS:
        easy, hard = (report["held_out"][name][kind]["iou"] for name in ("solids", "furniture"))
        assert easy > hard


def test_grids_move_with_the_shape_and_vectors_do_not(report):
    for rows in report["held_out"].values():
        for kind in ("volume", "plane"):
            assert rows[kind]["explained"]["moved too"] > 0.5
            assert rows[kind]["explained"]["as it is"] < 0.3
        assert set(rows["vector"]["explained"]) == {"as it is"}
        assert rows["vector"]["explained"]["as it is"] < 0.3


def test_edits_of_a_volume_stay_closest_together_on_furniture_and_as_a_planes_on_solids(report):
    for found in report["seeds"].values():
        spread = {kind: row["edit_spread"] for kind, row in found.items()}
        furniture = {kind: by_name["furniture"] for kind, by_name in spread.items()}
        assert furniture["volume"] < furniture["plane"] < furniture["vector"]
        solids = {kind: by_name["solids"] for kind, by_name in spread.items()}
        assert abs(solids["volume"] - solids["plane"]) < 0.5
        assert max(solids["volume"], solids["plane"]) + 3 < solids["vector"]


def test_parameters_are_nearly_equal(report):
    counts = [row["parameters"] for row in report["models"].values()]
    assert max(counts) < 1.06 * min(counts)


def test_more_than_a_third_of_the_vectors_parameters_is_in_its_matrices():
    vae = voxel_vae.load("vector")
    matrices = [part for part in vae.modules() if isinstance(part, torch.nn.Linear)]
    held = sum(parameter.numel() for part in matrices for parameter in part.parameters())
    assert len(matrices) == 2
    assert 1 / 3 < held / vae.num_parameters() < 0.4


def test_full_voxels_are_about_one_in_ten():
    assert voxel_shapes.load("held_out").mean().item() == pytest.approx(0.1, abs=0.02)


def test_what_the_chapter_says_against_the_volume(report):
    for found in report["seeds"].values():
        assert found["volume"]["furniture"] < 0.92 < found["volume"]["all"]
        assert abs(found["plane"]["solids"] - found["volume"]["solids"]) < 0.005
        assert found["volume"]["furniture"] - found["plane"]["furniture"] < 0.015
    first = [row["plane"]["solids"] < row["volume"]["solids"] for row in report["seeds"].values()]
    assert set(first) == {True, False}
    volume, plane = (report["held_out"]["furniture"][kind]["each"] for kind in ("volume", "plane"))
    leads = [a - b for a, b in zip(volume, plane, strict=True)]
    assert 0.25 < max(leads) / sum(leads) < 0.4
