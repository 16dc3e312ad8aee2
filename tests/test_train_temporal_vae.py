"""The training of the video VAE, on tiny pictures: it learns, resumes, writes what loads."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from latentlab import image_vae, report_temporal_vae, train_temporal_vae, video_vae
from latentlab.checkpoint import TrainingError
from latentlab.model_folder import WEIGHTS
from latentlab.reconstruction import flicker
from latentlab.train_image_vae import Crops
from latentlab.train_temporal_vae import Recipe, Training, build, train
from latentlab.video_vae import KINDS
from PIL import Image

TINY = Recipe(steps=4, clips=((16, 3), (24, 2)))

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two smooth pictures to train on."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "training").mkdir()
    for seed in range(2):
        coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((120, 120), Image.Resampling.BICUBIC)
        picture.save(folder / "training" / f"photograph-{seed}-120.png")
    return folder


@pytest.fixture(scope="module")
def models(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with both models after four steps."""
    folder = tmp_path_factory.mktemp("models")
    for kind, layers in (("temporal", 1), ("per_frame", 0)):
        run = folder / "runs" / kind
        train(data, run, Recipe(**vars(TINY) | {"layers": layers}))
        (run / "model").rename(folder / kind)
    return folder


@pytest.mark.slow
def test_some_steps_bring_the_loss_down(data):
    training = Training(Recipe(steps=60, clips=((16, 3),)), Crops(data / "training"))
    losses = [training.advance() for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_a_run_that_was_cut_off_ends_where_an_uninterrupted_one_does(data, tmp_path, monkeypatch):
    whole = train(data, tmp_path / "whole", TINY)
    advance = Training.advance

    def until_two(self):
        if self.step == 2:
            raise KeyboardInterrupt
        return advance(self)

    monkeypatch.setattr(Training, "advance", until_two)
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "parts", TINY)
    monkeypatch.setattr(Training, "advance", advance)
    parts = train(data, tmp_path / "parts", TINY)
    for name, weight in whole.average.items():
        assert torch.equal(weight, parts.average[name]), name
    with pytest.raises(TrainingError, match="another recipe: kernel = 5, not 3"):
        train(data, tmp_path / "parts", Recipe(**vars(TINY) | {"kernel": 3}))


def test_only_the_decoder_learns_and_both_networks_see_the_same_clips(data):
    crops = Crops(data / "training")
    temporal, per_frame = (
        Training(Recipe(**vars(TINY) | {"layers": layers}), crops) for layers in (1, 0)
    )
    before = {name: weight.clone() for name, weight in temporal.model.state_dict().items()}
    for step in (1, 2):
        assert torch.equal(temporal.clip(step), per_frame.clip(step))
    assert not torch.equal(temporal.clip(1), temporal.clip(3))
    temporal.advance()
    after = temporal.model.state_dict()
    moved = {name.split(".")[0] for name in after if not torch.equal(before[name], after[name])}
    assert moved == {"decoder", "post_quant_conv"}


def test_what_is_written_loads_and_shares_the_latents_of_the_image_vae(models):
    video = torch.rand(1, 3, 3, 16, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1
    frames = video[0].transpose(0, 1)
    expected = image_vae.load().encode(frames).latent_dist.mode()
    for kind in video_vae.KINDS:
        vae = video_vae.load(kind, models)
        z = vae.encode(video).latent_dist.mode()
        torch.testing.assert_close(z[0].transpose(0, 1), expected, atol=2e-3, rtol=2e-3)
        assert vae.decode(z).sample.shape == video.shape
        facts = json.loads((models / kind / "training.json").read_text())
        assert facts["recipe"]["layers"] == (kind == "temporal") and facts["hours"] >= 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"steps": 0}, "expected 1 step or more"),
        ({"layers": -1}, "nothing below 0"),
        ({"noisiest": -0.1}, "nothing below 0"),
        ({"kernel": 4}, "expected an odd number; the nearest is 5"),
        ({"clips": ((96, 2),)}, "no picture is as large as the crops of 160 x 160"),
    ],
)
def test_a_recipe_that_cannot_be_is_told(data, tmp_path, changes, told):
    with pytest.raises(TrainingError, match=told):
        train(data, tmp_path, Recipe(**vars(TINY) | changes))
    assert not (tmp_path / "model").exists()


def test_missing_pictures_and_models_are_told_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match="fetch them with python -m"):
        train_temporal_vae.main([str(tmp_path), str(tmp_path / "run")])
    with pytest.raises(SystemExit, match=r"per_frame has no config\.json"):
        report_temporal_vae.main([str(tmp_path)])
    with pytest.raises(ValueError, match="there is no video VAE 'spatial'"):
        video_vae.load("spatial")


def test_the_report_holds_every_kind_of_clip_and_model(models, monkeypatch, capsys):
    monkeypatch.setattr(report_temporal_vae, "MOTIONS", {})
    clip = torch.rand(1, 3, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    monkeypatch.setattr(report_temporal_vae, "clips", lambda kind: (clip,))
    report_temporal_vae.main([str(models)])
    found = video_vae.report(models)
    assert set(found) == {"film"} and set(found["film"]) == {"image VAE", "per frame", "temporal"}
    for scores in found["film"].values():
        assert scores["noisy"]["psnr"] <= scores["clean"]["psnr"] + 0.5
    assert f"{found['film']['temporal']['noisy']['flicker']:.2f}" in capsys.readouterr().out


def test_noise_alone_makes_a_still_clip_flicker():
    model = build(Recipe(layers=0)).requires_grad_(False).eval()
    still = report_temporal_vae.clips("standing camera")[0][:, :, :4]
    found = report_temporal_vae.score(model, (still,))
    assert found["clean"]["flicker"] == 0 < found["noisy"]["flicker"]


def test_flicker_is_the_change_that_the_original_has_not():
    video = torch.rand(2, 3, 4, 5, 6)
    assert flicker(video, video) == 0
    assert flicker(video, video + 0.5) == pytest.approx(0, abs=1e-4)  # brighter, and steady
    blinking = torch.tensor([0.0, 0.2, 0.0, 0.2])[:, None, None]
    assert flicker(video, video + blinking) == pytest.approx(0.2 * 127.5, rel=1e-4)
    with pytest.raises(ValueError, match="shapes differ"):
        flicker(video, video[:, :, :3])
    with pytest.raises(ValueError, match="there is 1 frame: expected 2 or more"):
        flicker(video[:, :, :1], video[:, :, :1])


def test_noise_makes_the_film_flicker_a_third_less_at_no_lower_psnr():
    found = video_vae.report()["film"]
    temporal, per_frame = found["temporal"], found["per frame"]
    assert temporal["noisy"]["flicker"] <= 0.65 * per_frame["noisy"]["flicker"]
    assert temporal["noisy"]["psnr"] >= per_frame["noisy"]["psnr"]
    assert temporal["clean"]["psnr"] >= per_frame["clean"]["psnr"]
    assert temporal["clean"]["flicker"] <= 1.02 * per_frame["clean"]["flicker"]


@pytest.mark.slow
def test_the_report_is_of_the_shipped_models_and_the_card_shows_it():
    clip = report_temporal_vae.clips("film")[2]
    found = {kind: report_temporal_vae.score(video_vae.load(kind), (clip,)) for kind in KINDS}
    less = found["temporal"]["noisy"]["flicker"] / found["per_frame"]["noisy"]["flicker"]
    assert less < 0.5  # in a part that hardly moves
    card = (video_vae.FOLDER / "README.md").read_text(encoding="utf-8")
    assert report_temporal_vae.table(video_vae.report()) in card


def test_both_models_were_trained_alike():
    facts = [
        json.loads((video_vae.FOLDER / kind / "training.json").read_text())["recipe"]
        for kind in KINDS
    ]
    assert {name for name in facts[0] if facts[0][name] != facts[1][name]} == {"layers"}
    assert facts[0] | {"clips": ()} == vars(Recipe()) | {"clips": ()}


def test_the_shipped_models_are_small_and_whole():
    for kind in video_vae.KINDS:
        names = {path.name for path in (video_vae.FOLDER / kind).iterdir()}
        assert names == {"SHA256", "config.json", "training.json", WEIGHTS}
        assert (video_vae.FOLDER / kind / WEIGHTS).stat().st_size <= 4_000_000
