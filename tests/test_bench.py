"""The benchmarks run, record ratios, refuse what cannot be, and the page shows the record."""

import json
import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import benchmarks
import pytest
import torch
from bs4 import BeautifulSoup
from latentlab import report_speed
from latentlab.measured_memory import allocated
from latentlab.report_speed import BENCHMARKS, QUICK, in_chunks, interleaved, main, pair, report
from latentlab.temporal_vae import TemporalVAE
from torch import nn

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the record of tiny runs."""
    folder = tmp_path_factory.mktemp("speed")
    main([str(folder), "--quick"])
    return folder


# What is measured


@pytest.mark.slow
def test_every_benchmark_records_ratios(folder: Path):
    found = report(folder)
    assert set(found) == set(BENCHMARKS)
    for part in found.values():
        assert part["machine"]["threads"] == 1 and part["machine"]["torch"] == torch.__version__
    ratios = [
        *(row["time_ratio"] for name in ("comparison", "streaming") for row in found[name]["rows"]),
        *(row[mode]["time_ratio"] for row in found["tiling"]["rows"] for mode in ("fast", "exact")),
    ]
    assert all(0 < r["min"] <= r["median"] <= r["max"] < math.inf for r in ratios)
    assert len(ratios) == 2 + 4 + 4


@pytest.mark.slow
def test_traced_memory_is_measured_memory(folder: Path):
    for row in report(folder)["comparison"]["rows"]:
        for who in ("ours", "theirs"):
            assert row["bytes"][who] == pytest.approx(row["allocated"][who], rel=0.1)
        assert row["memory_ratio"] == round(row["bytes"]["ours"] / row["bytes"]["theirs"], 4)


@pytest.mark.slow
def test_recorded_again_has_the_same_bytes(folder: Path, tmp_path: Path):
    main([str(tmp_path), "--quick", "--only", "comparison"])
    again, first = report(tmp_path), report(folder)
    assert set(again) == {"comparison"}
    for one, other in zip(again["comparison"]["rows"], first["comparison"]["rows"], strict=True):
        assert one["bytes"] == other["bytes"] and one["allocated"] == other["allocated"]


@pytest.mark.slow
def test_one_benchmark_alone_leaves_the_others(folder: Path, tmp_path: Path):
    (tmp_path / "report.json").write_text('{"streaming": "old", "tiling": "kept"}')
    main([str(tmp_path), "--quick", "--only", "streaming"])
    found = report(tmp_path)
    assert found["tiling"] == "kept" and len(found["streaming"]["rows"]) == 4


def test_the_models_that_are_compared_have_the_same_blocks_within_a_frame():
    def convolutions(model: nn.Module) -> list[tuple]:
        return sorted(
            (layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride)
            for name, layer in model.named_modules()
            if isinstance(layer, nn.Conv2d) and "temporal" not in name
        )

    ours, theirs = pair(32)
    shared = convolutions(ours)
    shared.remove((4, 4, (1, 1), (1, 1)))  # before our decoder; theirs has none
    assert shared == convolutions(theirs)
    groups = {m.num_groups for v in (ours, theirs) for m in v.modules() if hasattr(m, "num_groups")}
    assert groups == {32}


def test_layers_along_time_are_at_work_in_what_is_timed():
    ours, _ = pair(32)
    still = torch.zeros(1, 4, 3, 2, 2)
    moved = still.clone()
    moved[:, :, 0] = 1
    with torch.no_grad():
        change = ours.decode(moved).sample - ours.decode(still).sample
    assert change[:, :, 2].abs().max() > 1e-6


def test_calls_take_turns_and_the_first_round_warms_up():
    seen: list[str] = []
    calls = {name: partial(seen.append, name) for name in "AB"}
    rounds = interleaved(calls, replace(QUICK, rounds=3, seconds=60.0))
    assert "".join(seen) == "ABABABAB" and len(rounds) == 3
    assert all(set(row) == {"A", "B"} for row in rounds)


def test_a_round_that_spends_all_time_counts_by_itself():
    seen: list[str] = []

    def slow():
        seen.append("A")
        sum(range(10**5))

    assert len(interleaved({"A": slow}, replace(QUICK, rounds=3, seconds=0.0))) == len(seen) == 1


@pytest.mark.slow
def test_a_stream_takes_the_same_memory_however_long_it_is():
    model = TemporalVAE(3, 4, 8, (1, 2), causal=True, temporal_window=2, seed=0).eval()
    clips = [torch.zeros(1, 4, frames, 8, 8) for frames in (16, 64)]
    short, long = (allocated(partial(in_chunks, model, "decode", z)) for z in clips)
    assert short == long


@pytest.mark.slow
def test_a_square_for_which_memory_does_not_suffice_is_traced_only(monkeypatch):
    monkeypatch.setattr(report_speed, "told", lambda path, field: 1)
    for row in report_speed.comparison(replace(QUICK, squares=((32, 16),))):
        assert row["memory_ratio"] > 0 and "time_ratio" not in row
        assert "not run" in benchmarks._compared(row)


# What is refused


def test_an_unknown_benchmark_is_refused(tmp_path: Path, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--only", "speed"])
    assert "'speed'" in (said := capsys.readouterr().err) and "tiling" in said
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize(
    ("square", "told"), [((32, 20), "multiple of 8"), ((20, 16), "norm_num_groups is 32")]
)
def test_a_comparison_that_cannot_be_is_refused(square: tuple[int, int], told: str):
    with pytest.raises(ValueError, match=told):
        next(report_speed.comparison(replace(QUICK, squares=(square,))))


# What the page shows


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHMARKS)
def test_tables_have_the_record_whatever_it_is(folder: Path, name: str):
    rows = report(folder)[name]["rows"]
    page = BeautifulSoup(benchmarks.SHOWN[name](rows), "html.parser")
    assert len(page.select("tbody tr")) == len(rows)
    heads = {len(row.find_all(["th", "td"])) for row in page.select("tr")}
    assert len(heads) == 1, "a row has as many cells as the head"
    assert all(body["aria-label"].strip() for body in page.select(".ls-body"))
    assert [kind.text for kind in page.select(".ls-kind")] == ["recorded", "recorded"]


@pytest.mark.slow
def test_a_machine_that_does_not_tell_leaves_gaps(folder: Path):
    found = report(folder)
    found["tiling"]["machine"] |= {"free_bytes": None, "load_before": None}
    page = BeautifulSoup(benchmarks.machines(found), "html.parser")
    rows = [[cell.text for cell in row.find_all(["th", "td"])] for row in page.select("tr")]
    assert {len(row) for row in rows} == {11} and len(rows) == 4
    assert torch.__version__ in rows[3] and rows[3][5:7] == ["", ""]


@pytest.mark.slow
def test_page_shows_the_record():
    path = ROOT / "_build" / "html" / "handbook" / "benchmarks.html"
    assert path.exists(), "There is no book in _build/html: run `make book`."
    text = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").get_text(" ", strip=True)
    recorded = json.loads((ROOT / benchmarks.RECORD).read_text(encoding="utf-8"))
    for part in recorded.values():
        assert part["machine"]["processor"] in text
    for row in recorded["comparison"]["rows"]:
        assert f"{row['memory_ratio']:.2f}" in text and f"{row['time_ratio']['median']:.2f}" in text
    for row in recorded["streaming"]["rows"]:
        assert f"{row['frames_per_second']['stream']:.1f}" in text
    for row in recorded["tiling"]["rows"]:
        assert f"{row['exact']['largest_error']:.2g}" in text
