"""The film of the course: real frames, as they are, and refusals in words."""

import pytest
import torch
from latentlab import film


def test_frames_are_those_asked_for():
    whole = film.load()
    assert whole.shape == (1, 3, film.FRAMES, film.HEIGHT, film.WIDTH)
    assert whole.dtype == torch.float32 and -1 <= whole.min() < -0.9 and 0.9 < whole.max() <= 1
    assert torch.equal(film.load(5, first=10), whole[:, :, 10:15])


def test_it_moves_at_first_and_hardly_moves_later():
    change = film.load().diff(dim=2).abs().mean(dim=(0, 1, 3, 4)) * 127.5
    assert change[:10].mean() > 4 * change[-8:].mean() > 0


def test_colors_stand_in_their_order():
    red, green, blue = film.load(1)[0, :, 0]
    grass, sky = (slice(-20, None), slice(None)), (slice(0, 20), slice(-40, None))
    assert green[grass].mean() > max(red[grass].mean(), blue[grass].mean())
    assert blue[sky].mean() > red[sky].mean()


@pytest.mark.parametrize(("frames", "first"), [(0, 0), (49, 0), (1, 48), (2, -1), (10, 40)])
def test_frames_that_are_not_there_are_told(frames, first):
    with pytest.raises(ValueError, match="the film has 0 to 47"):
        film.load(frames, first)


def test_a_damaged_file_is_told(tmp_path, monkeypatch):
    broken = tmp_path / "bunny.webp"
    broken.write_bytes(film.FILE.read_bytes()[:-1])
    monkeypatch.setattr(film, "FILE", broken)
    with pytest.raises(OSError, match="is damaged: its SHA-256"):
        film.load()
