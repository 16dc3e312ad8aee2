"""Clips made of still pictures."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from latentlab.camera_motion import Motion, any_motion, clip, filmed

SIDE = 16


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    """Return two smooth pictures, so that a shift by a part of a pixel can be told."""
    place = torch.linspace(0, 6, 64)
    waves = torch.stack([torch.sin(place[None] * a + place[:, None] * b) for a, b in ((1, 2),) * 3])
    return torch.stack([waves, waves.flip(1) * 0.5]) * 0.9


def seeded(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_nothing_moves_and_values_pass_unchanged(pictures):
    shown = filmed(pictures[0], Motion(), 5, SIDE, seeded())
    assert shown.shape == (3, 5, SIDE, SIDE)
    assert shown.diff(dim=1).abs().max() == 0
    windows = pictures[0].unfold(1, SIDE, 1).unfold(2, SIDE, 1)
    gaps = (windows - shown[:, :1, None]).abs().amax(dim=(0, 3, 4))
    assert gaps.min() < 1e-5


@settings(max_examples=25)
@given(right=st.integers(-2, 2), down=st.integers(-2, 2), seed=st.integers(0, 99))
def test_a_pan_by_whole_pixels_is_a_moved_frame(pictures, right, down, seed):
    shown = filmed(pictures[0], Motion(speed=(float(right), float(down))), 3, SIDE, seeded(seed))
    rows = slice(max(down, 0), SIDE + min(down, 0)), slice(max(-down, 0), SIDE + min(-down, 0))
    columns = (
        slice(max(right, 0), SIDE + min(right, 0)),
        slice(max(-right, 0), SIDE + min(-right, 0)),
    )
    before, after = shown[:, 0, rows[0], columns[0]], shown[:, 1, rows[1], columns[1]]
    inner = (slice(None), slice(3, -3), slice(3, -3))
    torch.testing.assert_close(before[inner], after[inner], atol=1e-4, rtol=0)


def test_zooming_in_makes_what_is_seen_smoother(pictures):
    shown = filmed(pictures[0], Motion(zoom=1.2), 5, SIDE, seeded())
    steepness = shown.diff(dim=3).abs().mean(dim=(0, 2, 3))
    assert torch.all(steepness.diff() < 0)


@settings(max_examples=25)
@given(seed=st.integers(0, 999), frames=st.integers(1, 9))
def test_clips_are_pictures_and_repeat(pictures, seed, frames):
    two = (pictures[0], pictures[1])
    shown = clip(two, frames, SIDE, seeded(seed))
    assert shown.shape == (3, frames, SIDE, SIDE)
    assert shown.isfinite().all() and shown.abs().max() <= 1
    assert torch.equal(shown, clip(two, frames, SIDE, seeded(seed)))


def test_half_of_the_motions_are_none():
    random = seeded()
    motions = [any_motion(random) for _ in range(300)]
    still = sum(motion == Motion() for motion in motions) / 300
    paces = np.array([np.hypot(*motion.speed) for motion in motions])
    assert 0.4 < still < 0.6 and 0.3 < paces.mean() < 0.5


def test_a_picture_smaller_than_the_frames_is_refused(pictures):
    with pytest.raises(ValueError, match="64 x 64 pixels: expected 65 at least"):
        filmed(pictures[0], Motion(), 3, 65, seeded())
