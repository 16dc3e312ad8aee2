"""The ledger of lab 08 against the trace of the real decoder, and the remedies against both."""

import json
import runpy
from typing import Any

import notebooks
import pytest
import torch
from diffusers import AutoencoderKL
from latentlab import memory, real_class, report_remedies
from torch.nn.attention import SDPBackend, sdpa_kernel

LAB = "lab-08-decode-memory"
EXERCISES = notebooks.exercises(LAB).by_name


@pytest.fixture(scope="module")
def ledger() -> dict[str, Any]:
    return runpy.run_path(str(notebooks.starter(LAB)))


@pytest.fixture
def setting(ledger, monkeypatch):
    """Change a number of the starter, as a reader would."""
    return lambda name, value: monkeypatch.setitem(ledger["decode"].__globals__, name, value)


def decoder(latent, dtype=torch.float32, tile=None, sliced=False) -> memory.Trace:
    vae = real_class.build("sd-1").to(dtype)
    if tile:
        vae.enable_tiling()
        vae.tile_latent_min_size, vae.tile_sample_min_size = tile, 8 * tile
    if sliced:
        vae.enable_slicing()
    return memory.trace(vae.decode, torch.empty(latent, dtype=dtype, device="meta"))


@pytest.mark.parametrize(
    "latent", [(1, 4, 64, 64), (1, 4, 96, 64), (1, 4, 128, 128), (1, 4, 256, 256), (3, 4, 32, 32)]
)
@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 4), (torch.bfloat16, 2)])
def test_ledger_is_the_trace_of_stable_diffusion_but_for_the_latent(
    ledger, setting, latent, dtype, size
):
    setting("BYTES", size)
    mine, found = ledger["peak"](latent), decoder(latent, dtype)
    *large, small = found.tensors
    assert list(mine.values()) == [held.shape for held in large]
    assert small.shape == latent
    assert ledger["size"](mine) == found.peak_bytes - small.bytes


@pytest.mark.slow
def test_slices_and_tiles_move_the_ledger_as_they_move_the_decoder(ledger, setting):
    finished = 0.02  # pictures and parts of them that wait, which the ledger leaves out
    setting("SLICED", True)
    found = decoder((4, 4, 32, 32), sliced=True)
    assert ledger["size"](ledger["peak"]((4, 4, 32, 32))) == pytest.approx(
        found.peak_bytes, rel=finished
    )
    setting("SLICED", False)
    setting("TILE", 32)
    found = decoder((1, 4, 64, 64), tile=32)
    assert ledger["size"](ledger["peak"]((1, 4, 64, 64))) == pytest.approx(
        found.peak_bytes, rel=finished
    )
    assert ledger["at_once"]((1, 4, 32, 32)) == (1, 4, 32, 32)


def test_written_out_attention_overtakes_the_law_between_1024_and_2048():
    with sdpa_kernel(SDPBackend.MATH):
        small, large = (decoder((1, 4, cells, cells)) for cells in (128, 256))
    assert small.peak_bytes == decoder((1, 4, 128, 128)).peak_bytes
    assert large.peak_bytes > 2 * decoder((1, 4, 256, 256)).peak_bytes
    assert large.module.endswith("mid_block.attentions.0")


@pytest.mark.parametrize("latent", [(4, 64, 64), (1, 4, 64, 0), (1, 4, 64, 6.5), (1, 4, 5, 64, 64)])
def test_a_shape_that_is_no_latent_is_refused(ledger, latent):
    with pytest.raises(ValueError, match="a latent is B C H W, four whole numbers above 0"):
        ledger["decode"](latent)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TILE", 0, "TILE = 0: a tile has 1 cell or more, None is no tiling"),
        ("TILE", -8, "TILE = -8: a tile has 1 cell or more, None is no tiling"),
        ("BYTES", -4, "BYTES = -4: a number has 4 at 32 bits, 2 at 16"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(ledger, setting, name, value, said):
    setting(name, value)
    with pytest.raises(ValueError, match=said):
        ledger["peak"]((1, 4, 64, 64))


@pytest.mark.parametrize("sliced", [False, True])
@pytest.mark.parametrize("batch", [1, 3])
def test_peak_of_a_batch_is_what_is_traced_but_for_the_latent(batch, sliced):
    mine = EXERCISES["batch_peak"].solution(batch, 256, 192, 4, sliced)
    found = decoder((batch, 4, 32, 24), sliced=sliced).peak_bytes
    latent = (1 if sliced else batch) * 4 * 32 * 24 * 4
    assert mine == found - latent


@pytest.mark.parametrize("gib", [1, 3])
def test_largest_side_fits_and_the_next_does_not(gib):
    side = EXERCISES["largest_side"].solution(gib, 4)
    latent = 4 * 4 * (side // 8) ** 2
    assert decoder((1, 4, side // 8, side // 8)).peak_bytes - latent <= gib * 2**30
    assert decoder((1, 4, side // 8 + 1, side // 8 + 1)).peak_bytes > gib * 2**30


@pytest.mark.parametrize(("rows", "columns"), [(24, 24), (16, 16), (24, 16), (16, 24), (40, 24)])
def test_tiles_are_as_many_as_the_library_decodes(rows, columns, monkeypatch):
    vae = AutoencoderKL(
        block_out_channels=(32, 32), down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    ).eval()  # fmt: skip
    vae.enable_tiling()
    vae.tile_latent_min_size, vae.tile_sample_min_size = 16, 32
    calls = []
    vae.decoder.register_forward_hook(lambda *_: calls.append(1))
    with torch.no_grad():
        vae.decode(torch.zeros(1, 4, rows, columns))
    assert EXERCISES["tile_count"].solution(rows, columns, 16, 4) == len(calls)


@pytest.mark.slow
def test_remedies_on_record_hold_what_is_traced_now():
    models = {model.title: model for model in report_remedies.models()}
    rows = report_remedies.report()["rows"]
    assert [(row["title"], row["way"]) for row in rows] == [
        (title, way) for title, model in models.items() for way in model.ways
    ]
    for row in rows:
        model = models[row["title"]]
        if model.trained and row["way"] == "whole":
            found = memory.trace(model.ways["whole"], model.latent)
            assert row["live_bytes"] == pytest.approx(found.peak_bytes, rel=0.02), row


def test_what_the_record_says_of_error():
    for row in report_remedies.report()["rows"]:
        said = report_remedies.error(row)
        if row["way"] in ("whole", "sliced", "exact tiles of 64") or row["way"].startswith("str"):
            assert said in ("same bits", "rounding"), row
        else:
            assert said == "-" or 20 < float(said.removesuffix(" dB")) < 80, row


def test_exact_tiles_of_the_clip_on_record_take_less_than_fast_ones():
    rows = {row["way"]: row for row in report_remedies.report()["rows"][-4:]}
    fast, exact = rows["tiles of 64"], rows["exact tiles of 64"]
    assert exact["live_bytes"] < fast["live_bytes"]
    assert exact["time_ratio"] < fast["time_ratio"]


def test_the_command_writes_what_it_prints(tmp_path, monkeypatch, capsys):
    twice = report_remedies.Model(
        "twice", torch.ones(1, 4), {"whole": lambda x: 2 * x, "by adding": lambda x: x + x}
    )
    monkeypatch.setattr(report_remedies, "models", lambda: (twice,))
    report_remedies.main([str(tmp_path)])
    written = json.loads((tmp_path / "remedies.json").read_text(encoding="utf-8"))
    assert written == report_remedies.report(tmp_path)
    first, second = written["rows"]
    assert first["time_ratio"] == 1 and report_remedies.error(second) == "same bits"
    assert "by adding" in capsys.readouterr().out
