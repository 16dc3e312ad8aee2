"""The atlas against the classes of diffusers: each request is executed, on the meta device."""

import importlib.metadata
import os
import random
from dataclasses import replace
from pathlib import Path

import diffusers
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from latentlab import atlas, real_class
from latentlab.atlas import RefusedError, families, trace
from real_classes import execute, shared

NAMES = list(families())
LIBRARY = Path(diffusers.__file__).parent
each_family = pytest.mark.parametrize("name", NAMES)


def agree(name: str, batch: int, frames: int | None, height: int, width: int) -> None:
    asked = {"batch": batch, "frames": frames, "height": height, "width": width}
    executed = execute(name, **asked)
    try:
        found = trace(name, **asked, on_invalid="library")
        traced = (found.latent, found.decoded)
    except RefusedError:
        traced = None
    assert traced == executed, f"{name} at {asked}: the atlas says {traced}, the class {executed}"
    if executed is None:
        with pytest.raises(ValueError, match=r"nearest|at a time|fits"):
            trace(name, **asked)


USUAL_SIDES = [480, 512, 576, 704, 720, 768, 832, 848, 1024, 1080, 1088, 1280, 1360, 1920]


def requests(name: str) -> list[tuple[int, int | None, int, int]]:
    """Around the edges of the rules, and $ATLAS_REQUESTS at random from a fixed seed."""
    family, chance = atlas.family(name), random.Random(name)
    factor = family.space["factor"]
    base = max(2 * factor, 320 if family.tile else 64)
    base += -base % factor
    sides = [base + d for d in (0, factor, -1, 1, 3, 4, 5, factor // 2)]
    sides += [chance.randrange(1, 3 * base) for _ in range(8)] + [1, factor - 1, factor]
    counts: list[int | None] = [None]
    few: int | None = None
    if family.medium != "image":
        few = 24 if family.tile else 9
        counts = [1, 2, 5, 8, 9, 13, 16, 17, 40, 41, *chance.sample(range(18, 60), 4)]
    asked = [(1, few, side, base) for side in sides] + [(1, few, base, side) for side in sides[:6]]
    asked += [(1, count, base, base) for count in counts]
    asked.append((2, few, base, base))
    for _ in range(int(os.environ.get("ATLAS_REQUESTS", "6"))):
        frames = few and chance.choice([1, few, chance.randrange(1, 50)])
        height, width = (chance.randrange(1, 3 * base) for _ in "HW")
        if chance.random() < 0.3:
            height, width = chance.sample(USUAL_SIDES, 2)
        elif chance.random() < 0.6:
            height, width = max(factor, height - height % factor), width - width % 4 + 4
        asked.append((chance.choice([1, 1, 2, 3]), frames, height, width))
    return asked


@pytest.mark.slow
@each_family
def test_trace_is_what_the_class_does(name):
    for request in requests(name):
        agree(name, *request)


CHEAP = ["sd-1", "flux-2", "taesd", "ldm-vq-f4", "sana", "svd", "cosmos-1-0", "ltx-video-0-9-5"]


@pytest.mark.slow
@settings(max_examples=60)
@given(
    name=st.sampled_from(CHEAP),
    batch=st.integers(1, 3),
    frames=st.integers(1, 40),
    height=st.integers(1, 400),
    width=st.integers(1, 400),
)
def test_any_request_to_a_cheap_class_is_foreseen(name, batch, frames, height, width):
    agree(name, batch, None if atlas.family(name).medium == "image" else frames, height, width)


FULL_SIZE = [
    ("sd-1", None, 512, 512),
    ("sdxl", None, 1024, 1024),
    ("flux-1", None, 1024, 1024),
    ("flux-2", None, 1024, 1024),
    ("sana", None, 1024, 1024),
    ("hunyuan-image-2-1", None, 2048, 2048),
    ("qwen-image", 1, 1328, 1328),
    ("svd", 14, 576, 1024),
    ("cogvideox-1-0", 49, 480, 720),
    ("ltx-video-0-9-0", 121, 512, 768),
    ("ltx-2", 121, 512, 768),
    ("mochi-1", 85, 480, 848),
    ("wan-2-1", 81, 720, 1280),
    ("wan-2-1", 80, 480, 832),
    ("wan-2-2-5b", 121, 704, 1280),
    ("cosmos-1-0", 121, 704, 1280),
    ("hunyuan-video", 129, 720, 1280),
    ("hunyuan-video-1-5", 121, 720, 1280),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "frames", "height", "width"), FULL_SIZE)
def test_trace_at_the_size_of_a_real_request(name, frames, height, width):
    agree(name, 1, frames, height, width)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("batch", "frames", "height", "width"),
    [
        *[(1, 1, 1176, 1184), (1, 1, 1184, 1184), (1, 13, 1288, 1296), (1, 13, 1296, 1296)],
        *[(1, 9, 1376, 1384), (1, 9, 1384, 1384), (2, 16, 1048, 800), (2, 16, 1048, 808)],
        *[(4, 4, 584, 590), (4, 20, 611, 1080), (2, 81, 768, 1360)],
    ],
)
def test_cogvideox_raises_where_its_largest_layer_is_split(batch, frames, height, width):
    agree("cogvideox-1-0", batch, frames, height, width)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("batch", "frames", "height", "width"),
    [
        *[(4, 59, 656, 768), (1, 86, 480, 848), (1, 50, 720, 1280), (1, 85, 1088, 1920)],
        *[(1, 7, 2048, 2048), (2, 72, 875, 1294), (1, 49, 1440, 2560), (2, 31, 720, 1280)],
    ],
)
def test_mochi_makes_more_frames_where_its_layers_are_split(batch, frames, height, width):
    agree("mochi-1", batch, frames, height, width)


@each_family
def test_counts_and_abilities_are_those_of_the_class(name):
    family, vae = atlas.family(name), real_class.build(name)
    assert family.parameters == sum(p.numel() for p in vae.parameters())
    assert family.decoder_parameters == sum(p.numel() for p in vae.decoder.parameters())
    for method, stated in (("enable_tiling", family.tiles), ("enable_slicing", family.slices)):
        try:
            getattr(vae, method)()
        except NotImplementedError:
            assert not stated
        else:
            assert stated


@each_family
def test_quoted_lines_stand_in_the_installed_library(name):
    for source in atlas.family(name).sources:
        if "line" in source:
            text = (LIBRARY / source["file"]).read_text(encoding="utf-8")
            assert source["line"] in text, f"{name}: {source['file']} no longer says this"
        else:
            assert source["project"] and source["version"] and source["file"]


@each_family
def test_what_is_not_executed_has_a_source(name):
    family = atlas.family(name)
    facts = {source["fact"] for source in family.sources}
    if family.patch:
        assert facts & {"patch", "pack"}
    if family.pipeline_axes:
        assert facts & {"axes", "pack"}
    if family.diffsynth:
        assert "DiffSynth-Studio" in facts
    if family.pipeline_rounds:
        assert "pipeline frames" in facts
    if family.divisible:
        assert "divisible" in facts
    if family.reported:
        assert "reported" in facts


@each_family
def test_scaling_is_that_of_the_class_where_it_has_one(name):
    family, config = atlas.family(name), shared(name).config
    if "factor" in family.scaling:
        assert config.scaling_factor == family.scaling["factor"]
        assert (config.get("shift_factor") or 0) == family.scaling.get("shift", 0)
    if family.scaling.get("mean_std") == "class":
        assert len(config.latents_mean) == len(config.latents_std)
        assert len(config.latents_mean) % family.latent_channels == 0
    if "mean" in family.scaling:
        assert len(family.scaling["mean"]) == len(family.scaling["std"]) == family.latent_channels
        if family.name != "wan-2-2-5b":  # the class has the 16 channels of Wan 2.1 as its default
            assert family.scaling["mean"] == list(config.latents_mean)
            assert family.scaling["std"] == list(config.latents_std)
    if "batch_norm_eps" in family.scaling:
        assert config.batch_norm_eps == family.scaling["batch_norm_eps"]


def test_there_are_all_the_families_of_the_course():
    assert len(NAMES) >= 26
    assert importlib.metadata.version("diffusers") == "0.42.1"


def test_the_strange_corners():
    def times(name: str, frames: int) -> tuple[int, int]:
        found = trace(name, height=128, width=128, frames=frames, on_invalid="library")
        return found.latent[2], found.decoded[1 if name == "allegro" else 2]

    assert times("cogvideox-1-0", 13) == (4, 16)
    assert times("cosmos-1-0", 6) == times("cosmos-1-0", 13) == (2, 9)
    assert times("mochi-1", 40) == (7, 37)
    assert times("allegro", 88) == (22, 88)
    folded = trace("svd", height=576, width=1024, frames=14).step("folded")
    assert folded is not None
    assert folded.shape == (14, 3, 576, 1024)
    packed = trace("flux-2", height=1024, width=1024).step("packed")
    assert packed is not None
    assert packed.shape == (1, 128, 64, 64)
    padded = trace("cogvideox-1-5", height=768, width=1360, frames=81).step("pipeline")
    assert padded is not None
    assert padded.shape == (1, 22, 16, 96, 170)
    assert trace("wan-2-1", height=480, width=832, frames=1).latent == (1, 16, 1, 60, 104)


@pytest.mark.parametrize(("frames", "height"), [(24, 64), (28, 64), (40, 64), (24, 72), (24, 112)])
def test_what_the_tiles_of_allegro_do_not_reach_is_blank(frames, height):
    torch.manual_seed(0)
    narrow = {"block_out_channels": (4, 4, 4, 4), "layers_per_block": 1, "norm_num_groups": 2}
    vae = diffusers.AutoencoderKLAllegro(**narrow).eval()
    vae.enable_tiling()
    vae.kernel, vae.stride = (24, 64, 64), (16, 48, 48)
    entry = replace(atlas.family("allegro"), tile={"kernel": [24, 64, 64], "stride": [16, 48, 48]})
    with torch.no_grad():
        latent = vae.encode(torch.randn(1, 3, frames, height, 64)).latent_dist.mode()
        decoded = vae.decode(latent).sample
    assert decoded.shape == (1, frames, 3, height, 64)
    assert decoded[:, -1].any() == atlas.reached_by_tiles(entry, "frames", frames)
    assert decoded[..., -1, :].any() == atlas.reached_by_tiles(entry, "height", height)


def test_two_libraries_make_two_latents_of_one_request():
    def follow(library: str, **asked):
        request = {"height": 480, "width": 832, "frames": 18} | asked
        return trace("wan-2-1", **request, library=library, on_invalid="library")

    ours, theirs = follow("diffusers"), follow("diffsynth")
    assert (ours.latent[2], theirs.latent[2]) == (5, 6)
    assert (ours.decoded[2], theirs.decoded[2]) == (17, 21)
    assert "its pipeline would first make 17 frames of 18" in ours.warnings
    assert "DiffSynth-Studio rounds the request up to 480 × 832, 21 frames" in theirs.warnings
    assert follow("diffsynth", height=481, frames=17).latent[-2:] == (62, 104)
    assert follow("diffsynth", frames=17).latent == follow("diffusers", frames=17).latent


@given(frames=st.integers(1, 300), height=st.integers(33, 3000), width=st.integers(33, 3000))
@pytest.mark.parametrize("name", [name for name in NAMES if atlas.family(name).diffsynth])
def test_what_the_other_library_rounds_up_to_is_valid_in_both(name, frames, height, width):
    asked = {"height": height, "width": width}
    if atlas.family(name).time and name != "qwen-image":
        asked["frames"] = frames
    elif name == "qwen-image":
        asked["frames"] = 1
    found = trace(name, **asked, library="diffsynth", on_invalid="library")
    assert found.pixels[-2] >= height and found.pixels[-1] >= width
    whole = {"height": found.pixels[-2], "width": found.pixels[-1]}
    if "frames" in asked:
        assert found.pixels[2] >= asked["frames"]
        whole["frames"] = found.pixels[2]
    assert trace(name, **whole).latent == found.latent


def test_compression_counts_elements_and_positions():
    found = trace("sd-1", height=1024, width=1024)
    assert (found.element_compression, found.position_compression) == (48, 64)


def test_bytes_follow_the_dtype():
    sizes = {
        dtype: trace("sd-1", height=1024, width=1024, dtype=dtype).steps[1].bytes
        for dtype in atlas.BYTES
    }
    assert sizes == {"fp32": 262144, "fp16": 131072, "bf16": 131072}


@given(
    name=st.sampled_from(NAMES),
    height=st.integers(1, 3000),
    width=st.integers(1, 3000),
    frames=st.integers(1, 300),
    batch=st.integers(1, 4),
)
def test_nearest_is_valid_and_comes_back_whole(name, height, width, frames, batch):
    asked = {"height": height, "width": width, "batch": batch}
    if atlas.family(name).medium != "image":
        asked["frames"] = frames
    found = trace(name, **asked, on_invalid="nearest")
    assert sorted(found.pixels) == sorted(found.decoded) or found.step("folded")
    sides = {"height": found.pixels[-2], "width": found.pixels[-1], "batch": found.pixels[0]}
    frames_now = {"frames": found.pixels[2]} if len(found.pixels) == 5 else {}
    assert trace(name, **sides, **frames_now).pixels == found.pixels


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"name": "wan21"}, "no family 'wan21' in the atlas; the nearest are wan-2-1"),
        ({"frames": 80}, "80 frames: Wan 2.1 encodes 4k+1; the nearest are 77 and 81"),
        (
            {"height": 721},
            "height 721: Wan 2.1 encodes multiples of 8; the nearest are 720 and 728",
        ),
        ({"height": 0}, "height 0 is outside 1 to 65536; the nearest valid is 8"),
        ({"width": -8}, "width -8 is outside 1 to 65536; the nearest valid is 8"),
        ({"frames": 10**9}, "the nearest valid is 65533"),
        ({"width": 10**9}, "width 1000000000 is outside 1 to 65536; the nearest valid is 65536"),
        ({"frames": None}, "Wan 2.1 needs `frames`: 1 for a single image"),
        ({"name": "sd-1"}, "Stable Diffusion 1 and 2 makes images: leave `frames` out"),
        ({"dtype": "int3"}, "dtype 'int3' is unknown: expected one of fp32, fp16, bf16"),
        ({"on_invalid": "round"}, "expected 'error', 'library' or 'nearest'"),
        ({"library": "comfy"}, "library 'comfy': expected one of diffusers, diffsynth"),
        (
            {"name": "mochi-1", "library": "diffsynth"},
            "Mochi 1 in DiffSynth-Studio is not in the atlas; there are sd-1, sdxl,",
        ),
        (
            {"library": "diffsynth", "frames": 18},
            "18 frames: Wan 2.1 in DiffSynth-Studio encodes 4k+1; the nearest are 17 and 21",
        ),
        (
            {"name": "cogvideox-1-5", "batch": 2, "height": 768, "width": 1360},
            "batch × height × width 2 × 768 × 1360: CogVideoX 1.5 (5B) splits layers of this size "
            "along T, and raises; 1 × 768 × 1360 fits",
        ),
        (
            {"name": "mochi-1", "height": 1088, "width": 1920, "frames": 85},
            "1 × 1088 × 1920: Mochi 1 splits layers of this size along T, and makes 16 latent "
            "frames; 1 × 1088 × ",
        ),
        ({"name": "hunyuan-video-1-5", "batch": 2}, "batch 2: HunyuanVideo 1.5 takes 1 at a time"),
        (
            {"name": "allegro", "frames": 28},
            "28 frames: Allegro encodes 16k+24; the nearest are 24 and 40",
        ),
        (
            {"name": "allegro", "frames": 88, "height": 800},
            "height 800: Allegro encodes 200k+320; the nearest are 720 and 920",
        ),
    ],
)
def test_a_bad_request_is_told_the_rule_and_the_nearest(asked, message):
    request = {"name": "wan-2-1", "height": 720, "width": 1280, "frames": 81} | asked
    with pytest.raises(ValueError) as caught:
        trace(request.pop("name"), **request)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [1.5, "720", True, None])
def test_sizes_are_whole_numbers(value):
    with pytest.raises(TypeError, match="height"):
        trace("sd-1", height=value, width=512)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('rule = "floor"', 'rule = "guess"', "the space rule 'guess': expected one of floor"),
        ("divisible = 8", "divisable = 8", "'sd-1' has unknown keys divisable"),
        ('class = "AutoencoderKL"', "", "'sd-1' has no class"),
    ],
)
def test_a_malformed_table_is_told_where(tmp_path, monkeypatch, old, new, message):
    table = tmp_path / "atlas.toml"
    table.write_text(atlas.TABLE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(atlas, "TABLE", table)
    families.cache_clear()
    try:
        with pytest.raises(ValueError, match=message):
            families()
    finally:
        monkeypatch.undo()
        families.cache_clear()
