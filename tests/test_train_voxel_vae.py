"""The training of the voxel VAEs: what its loss asks for, how it goes on, what is written."""

import json

import pytest
import torch
from latentlab import report_voxel_vae, train_voxel_vae, voxel_shapes, voxel_vae
from latentlab.checkpoint import TrainingError
from latentlab.report_voxel_vae import explained, moved, rebuilt, simple_codes, spread_of_an_edit
from latentlab.train_voxel_vae import Recipe, Training, shape_loss, train
from latentlab.voxel_vae import NECKS, VoxelVAE
from torch.nn import functional

TINY = Recipe("volume", steps=4, batch=2)


@pytest.fixture(autouse=True)
def few_shapes(monkeypatch):
    load = voxel_shapes.load
    monkeypatch.setattr(voxel_shapes, "load", lambda *which: load(*which)[:12])
    monkeypatch.setattr(train_voxel_vae, "JUDGED_EVERY", 2)


def test_the_loss_wants_the_shape_itself_and_cares_for_thin_legs():
    voxels = voxel_shapes.load("held_out")[:2]
    right, empty = (voxels - 0.5) * 40, torch.full_like(voxels, -20)
    assert shape_loss(right, voxels, TINY) < 1e-4
    assert shape_loss(empty, voxels, TINY) > 1
    # Without the weights and the second term, an empty grid is hardly wrong.
    only = Recipe("volume", full_weight=1.0, entropy_weight=1.0)
    half = functional.binary_cross_entropy_with_logits(torch.full_like(voxels, -3), voxels)
    assert half < 0.5 < shape_loss(torch.full_like(voxels, -3), voxels, only)


def test_a_weight_for_full_voxels_moves_the_best_constant_as_the_formula_says():
    voxels = torch.zeros(1, 1, 8, 8, 8)
    voxels[..., :2] = 1  # a quarter is full
    logit = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([logit], max_iter=50)

    def closure():
        optimizer.zero_grad()
        weight = torch.tensor(TINY.full_weight)
        loss = functional.binary_cross_entropy_with_logits(
            logit.expand_as(voxels), voxels, pos_weight=weight
        )
        loss.backward()
        return loss

    optimizer.step(closure)
    share, weight = 0.25, TINY.full_weight
    expected = weight * share / (1 + (weight - 1) * share)
    assert logit.sigmoid().item() == pytest.approx(expected, abs=1e-4)


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    whole = train(tmp_path / "whole", TINY)
    advance = Training.advance

    def until_two(self):
        if self.step == 2:
            raise KeyboardInterrupt
        return advance(self)

    monkeypatch.setattr(Training, "advance", until_two)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", TINY)
    monkeypatch.setattr(Training, "advance", advance)
    parts = train(tmp_path / "parts", TINY)
    for name, weight in whole.average.items():
        assert torch.equal(weight, parts.average[name]), name
    assert whole.judged == parts.judged and list(parts.judged) == [2, 4]
    with pytest.raises(TrainingError, match="another recipe: batch = 2, not 3"):
        train(tmp_path / "parts", Recipe("volume", steps=4, batch=3))


def test_all_kinds_see_the_same_shapes_turned_and_mostly_shrunk():
    shapes = {name: voxel_shapes.load("training", name) for name in ("furniture", "solids")}

    def batch(**changes):
        training = Training(Recipe(**changes, batch=64), shapes, {})
        return training.batch(torch.Generator().manual_seed(5))

    def as_they_are(batch, name):
        ways = [voxel_shapes.turned(shapes[name], way) for way in range(voxel_shapes.WAYS)]
        known = {tuple(shape.flatten().tolist()) for way in ways for shape in way}
        return sum(tuple(shape.flatten().tolist()) in known for shape in batch)

    first = batch(kind="volume")
    assert torch.equal(first, batch(kind="vector")) and len(first) == 64
    assert 0 < as_they_are(first, "furniture") + as_they_are(first, "solids") < 32
    whole = batch(kind="volume", shrunk=0.0)
    assert as_they_are(whole, "furniture") + as_they_are(whole, "solids") == 64
    assert as_they_are(whole, "furniture") > 36
    assert as_they_are(batch(kind="volume", shrunk=0.0, furniture=1.0), "furniture") == 64


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        (Recipe("sphere"), "no latent 'sphere': expected"),
        (Recipe("plane", steps=0), "steps and batch are 0 and 16: expected"),
        (Recipe("plane", batch=0), "expected 1"),
    ],
)
def test_a_recipe_that_cannot_be_is_told(tmp_path, recipe, told):
    with pytest.raises(TrainingError, match=told):
        train(tmp_path, recipe)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def models(tmp_path):
    """A run with a hardly trained model of each kind, and the folder its models stand in."""
    for kind in NECKS:
        train_voxel_vae.main([kind, str(tmp_path), "--steps", "2", "--batch", "2"])
        (tmp_path / "shipped").mkdir(exist_ok=True)
        (tmp_path / "shipped" / kind).symlink_to(tmp_path / kind / "model")
    return tmp_path


def test_the_report_measures_what_was_written(models, capsys):
    for kind in NECKS:
        seed = ["--seed", "1", "--steps", "2", "--batch", "2"]
        train_voxel_vae.main([kind, str(models / "again"), *seed])
    report_voxel_vae.main([str(models / "shipped"), "--again", str(models / "again")])
    found = voxel_vae.report(models / "shipped")
    assert set(found["models"]) == set(NECKS)
    for kind, model in found["models"].items():
        vae = voxel_vae.load(kind, models / "shipped")
        facts = json.loads((models / "shipped" / kind / "training.json").read_text())
        assert facts["recipe"]["kind"] == kind and model["minutes"] == facts["minutes"]
        assert list(model["validation_iou"]) == ["2"]
        assert model["parameters"] == vae.num_parameters()
        means = []
        for name in ("furniture", "solids"):
            row = found["held_out"][name][kind]
            each = report_voxel_vae.closeness(voxel_shapes.load("held_out", name), rebuilt(vae))
            assert row["each"] == pytest.approx(each.tolist(), abs=1e-4)
            assert row["iou"] == pytest.approx(each.mean().item(), abs=1e-4)
            again = found["seeds"]["0"][kind]
            assert row["moved"]["0"] == row["iou"] == again[name]
            assert row["explained"] == again["explained"][name]
            assert row["edit_spread"] == again["edit_spread"][name]
            assert ("moved too" in row["explained"]) == (kind != "vector")
            means.append(row["iou"])
        assert found["seeds"]["0"][kind]["all"] == pytest.approx(sum(means) / 2, abs=1e-3)
    assert "nearest" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"has no config\.json"):
        report_voxel_vae.main([str(models / "nowhere")])


def test_runs_that_cannot_be_compared_are_told(models):
    shipped = [str(models / "shipped")]
    with pytest.raises(SystemExit, match="two runs have the seed 0: expected another seed"):
        report_voxel_vae.main([*shipped, "--again", str(models)])
    facts = models / "plane" / "model" / "training.json"
    facts.write_text(facts.read_text().replace('"steps": 2', '"steps": 3'))
    with pytest.raises(SystemExit, match=r"have steps = \[2, 3, 2\]: expected one value"):
        report_voxel_vae.main(shipped)


def test_moving_loses_what_leaves():
    shapes = voxel_shapes.load("held_out")
    assert torch.equal(moved(shapes, 3)[..., 3:], shapes[..., :-3])
    assert not moved(shapes, 3)[..., :3].any()
    for right in (-1, 33):
        with pytest.raises(ValueError, match=rf"right must be in 0\.\.32, got {right}"):
            moved(shapes, right)


def test_simple_codes_know_what_they_were_made_of():
    shapes = voxel_shapes.load("training")
    codes = simple_codes(shapes)
    assert torch.equal(codes["nearest"](shapes), shapes)
    assert torch.equal(codes["principal components"](shapes), shapes)  # 96 shapes, 512 numbers
    blocks = functional.interpolate(shapes[:, :, ::4, ::4, ::4], scale_factor=4)
    assert torch.equal(codes["averages"](blocks), blocks)


def test_what_a_guess_explains():
    target = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    assert explained(target, target) == 1
    assert explained(target, target.mean(0).expand_as(target)) == pytest.approx(0, abs=1e-6)
    assert explained(target, -target) < 0


def test_an_edit_of_a_local_code_stays_where_it_is():
    class Blocks(VoxelVAE):
        """Each number decides one block of 4 x 4 x 4 voxels."""

        def decode(self, z, return_dict=True):
            logits = functional.interpolate(z.reshape(-1, 1, 8, 8, 8), scale_factor=4)
            return type("Output", (), {"sample": logits})

    torch.manual_seed(0)
    spread = spread_of_an_edit(Blocks("vector", width=8), voxel_shapes.load("held_out"))
    axis = torch.arange(4) - 1.5
    expected = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).norm(dim=0).mean()
    assert spread == pytest.approx(expected.item(), rel=1e-3)
