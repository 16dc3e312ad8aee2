"""The benchmarks in the book: tables and charts of what `make bench` has recorded."""

import json
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from latentlab import plots
from latentlab.figure import Figure
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

RECORD = Path("code", "latentlab", "data", "speed", "report.json")
WAYS = {"stream": "stream, in chunks", "once": "one call, causal", "layers": "one call, not causal"}
SHORT = ("chunks", "causal", "not causal")  # the same, in a table
MODES = ("fast", "exact")
TITLES = {
    "comparison": "Beside diffusers",
    "streaming": "In a stream",
    "tiling": "In tiles",
}

Row = Mapping[str, Any]


class Benchmark(SphinxDirective):
    """`{benchmark} comparison`, `streaming` or `tiling`: what was recorded, drawn and listed."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        (name,) = self.arguments
        if name not in SHOWN:
            raise self.error(f"there is no benchmark {name!r}: expected one of {', '.join(SHOWN)}")
        path = Path(self.env.srcdir) / RECORD
        self.env.note_dependency(str(path))
        recorded = json.loads(path.read_text(encoding="utf-8"))
        if name not in recorded:
            raise self.error(f"{RECORD} has no {name!r}: run `make bench`")
        return [nodes.raw("", SHOWN[name](recorded[name]["rows"]), format="html")]


class BenchmarkMachines(SphinxDirective):
    """`{benchmark-machines}`: where each benchmark ran, and with which versions."""

    def run(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir) / RECORD
        self.env.note_dependency(str(path))
        recorded = json.loads(path.read_text(encoding="utf-8"))
        return [nodes.raw("", machines(recorded), format="html")]


def comparison(rows: Sequence[Row]) -> str:
    """Ours beside diffusers', call by call."""
    timed = [row for row in rows if "time_ratio" in row]
    times = {_bar(row): row["time_ratio"]["median"] for row in timed}
    memory = {_bar(row): row["memory_ratio"] for row in rows}
    sizes = {tuple(row["widths"]): row["parameters"] for row in rows}
    said = " and ".join(
        f"{_millions(count['ours'])} of {_millions(count['theirs'])} at base width {widths[0]}"
        for widths, count in sizes.items()
    )
    words = (
        f"Over {len(timed)} calls the time is {_range(times)} of the other's, the peak of memory "
        f"{_range(memory)}. Parameters, in millions: {said}."
    )
    head = (
        "Call", "Width", "Time", "Least to most", "Rounds", "Ours, s", "Theirs, s", "Memory",
        "Ours, MB", "Theirs, MB", "Measured",
    )  # fmt: skip
    drawn = (
        bars(times, "time", "Time of TemporalVAE as a share of the other's"),
        bars(memory, "peak memory", "Peak memory of TemporalVAE as a share of the other's"),
    )
    return _paragraph(words) + _table("Beside diffusers", head, map(_compared, rows)) + _html(drawn)


def bars(shares: Mapping[str, float], what: str, caption: str) -> Figure:
    """Shares of the other model's time or memory."""
    told = ", ".join(f"{call} {share:.2f}" for call, share in shares.items())
    return plots.bars(
        {"AutoencoderKLTemporalDecoder": 1.0, **shares},
        unit="×",
        alt=f"Ours to theirs in {what}: {told}.",
        caption=f"{caption}.",
        kind="recorded",
        precision=".2f",
    )


def _call(row: Row) -> str:
    return f"{row['direction']} {row['frames']} × {row['side']}²"


def _bar(row: Row) -> str:
    return f"{_call(row)}, width {row['widths'][0]}"


def _compared(row: Row) -> tuple[str, ...]:
    traced, measured = row["bytes"], row.get("allocated")
    share = f"{measured['ours'] / measured['theirs']:.2f}" if measured else ""
    cells = ("", "", "not run", "", "")
    if "time_ratio" in row:
        time, seconds = row["time_ratio"], row["seconds"]
        cells = (
            f"{time['median']:.2f}",
            f"{time['min']:.2f} to {time['max']:.2f}",
            str(row["rounds"]),
            f"{seconds['ours']:.2f}",
            f"{seconds['theirs']:.2f}",
        )
    sizes = f"{row['memory_ratio']:.2f}", _megabytes(traced["ours"]), _megabytes(traced["theirs"])
    return (_call(row), str(row["widths"][0]), *cells, *sizes, share)


def streaming(rows: Sequence[Row]) -> str:
    """Frames a second and memory against the length of the clip."""
    decoded = [row for row in rows if row["direction"] == "decode"]
    lengths = [row["frames"] for row in decoded]
    flat = [row["bytes"]["stream"] for row in decoded]
    longest = decoded[-1]["bytes"]
    shares = {row["frames"]: row["time_ratio"]["median"] for row in decoded}
    words = (
        f"From {lengths[0]} to {lengths[-1]} frames the peak of a streamed decode stays between "
        f"{_megabytes(min(flat))} and {_megabytes(max(flat))} MB. At {lengths[-1]} frames one "
        f"call of the causal model takes {_megabytes(longest['once'])} MB, of which the answer "
        f"is part, and one of the other {_megabytes(longest['layers'])} MB. A stream takes "
        f"{_range(shares)} of the time of one causal call."
    )
    head = (
        "Clip",
        *(f"Frames/s: {SHORT[0]}", *SHORT[1:]),
        *(f"MB: {SHORT[0]}", *SHORT[1:]),
    )
    memory = {
        title: (lengths, [row["bytes"][way] / 1e6 for row in decoded])
        for way, title in WAYS.items()
    }
    speed = {
        title: (lengths, [row["frames_per_second"][way] for row in decoded])
        for way, title in WAYS.items()
    }
    drawn = (
        plots.curves(
            memory,
            x="frames of the clip",
            y="peak, MB",
            alt=_told(memory, "Peak in MB", lengths),
            caption="Peak memory of a decode against the length of the clip.",
            kind="recorded",
            log_x=True,
            log_y=True,
        ),
        plots.curves(
            speed,
            x="frames of the clip",
            y="frames a second",
            alt=_told(speed, "Frames a second", lengths),
            caption="Frames decoded in a second of one core, against the length of the clip.",
            kind="recorded",
            log_x=True,
        ),
    )
    return _paragraph(words) + _table("In a stream", head, map(_streamed, rows)) + _html(drawn)


def _streamed(row: Row) -> tuple[str, ...]:
    return (
        f"{row['direction']} {row['frames']} × {row['side']}²",
        *(f"{row['frames_per_second'][way]:.1f}" for way in WAYS),
        *(_megabytes(row["bytes"][way]) for way in WAYS),
    )


def tiling(rows: Sequence[Row]) -> str:
    """Tiled decodes beside the same untiled."""
    sides = [row["side"] for row in rows]
    cut = [row for row in rows if row["side"] > row["tile"]]
    largest = rows[-1]
    errors = [row["exact"]["largest_error"] for row in cut]
    words = (
        f"Tiles of {largest['tile']}² overlap by {largest['overlap']} pixels. At {sides[-1]}² the "
        f"fast mode takes {largest['fast']['time_ratio']['median']:.2f} times as long and "
        f"{largest['fast']['memory_ratio']:.2f} of the memory, the exact mode "
        f"{largest['exact']['time_ratio']['median']:.2f} times as long and "
        f"{largest['exact']['memory_ratio']:.2f} of the memory. No number of the exact mode's "
        f"answers is off by more than {max(errors):.1g}."
    )
    head = (
        "Frame", "Seconds", "MB", "Fast: time", "memory", "PSNR, dB", "largest error",
        "Exact: time", "memory", "largest error",
    )  # fmt: skip
    time = {mode: (sides, [row[mode]["time_ratio"]["median"] for row in rows]) for mode in MODES}
    memory = {mode: (sides, [row[mode]["memory_ratio"] for row in rows]) for mode in MODES}
    drawn = [
        plots.curves(
            lines,
            x="side of the frame, pixels",
            y=f"{what}, tiled / untiled",
            alt=_told(lines, f"{what.capitalize()}, tiled to untiled", sides),
            caption=f"{what.capitalize()} of a tiled decode as a share of the untiled one's.",
            kind="recorded",
        )
        for what, lines in (("time", time), ("peak memory", memory))
    ]
    return _paragraph(words) + _table("In tiles", head, map(_tiled, rows)) + _html(drawn)


def _tiled(row: Row) -> tuple[str, ...]:
    fast, exact = row["fast"], row["exact"]
    return (
        f"{row['side']}²",
        f"{row['seconds']['whole']:.2f}",
        _megabytes(row["allocated"]["whole"]),
        f"{fast['time_ratio']['median']:.2f}",
        f"{fast['memory_ratio']:.2f}",
        "same bits" if fast["psnr"] is None else f"{fast['psnr']:.1f}",
        f"{fast['largest_error']:.2g}",
        f"{exact['time_ratio']['median']:.2f}",
        f"{exact['memory_ratio']:.2f}",
        f"{exact['largest_error']:.2g}",
    )


def machines(recorded: Mapping[str, Row]) -> str:
    """A row for each benchmark: the machine and what else it had to do, and versions."""
    head = (
        "Benchmark", "Processor", "Cores", "Kernels", "Threads", "Free, GB", "Load before",
        "System", "Python", "torch", "diffusers",
    )  # fmt: skip
    return _table("Machines", head, (_machine(*part) for part in recorded.items()))


def _machine(name: str, part: Row) -> tuple[str, ...]:
    found = part["machine"]
    free, load = found["free_bytes"], found["load_before"]
    return (
        TITLES[name],
        found["processor"],
        str(found["cores"]),
        found["kernels"],
        str(found["threads"]),
        "" if free is None else f"{free / 1e9:.0f}",
        "" if load is None else f"{load:.1f}",
        found["system"],
        found["python"],
        found["torch"],
        found["diffusers"],
    )


def _told(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]], what: str, at: Sequence[int]
) -> str:
    ends = "; ".join(f"{name}: {ys[0]:.3g} to {ys[-1]:.3g}" for name, (_, ys) in lines.items())
    return f"{what}, from {at[0]} to {at[-1]}. {ends}."


def _range(shares: Mapping[Any, float]) -> str:
    return f"{min(shares.values()):.2f} to {max(shares.values()):.2f}"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f}"


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f}"


def _paragraph(words: str) -> str:
    return f"<p>{escape(words)}</p>"


def _table(label: str, head: Sequence[str], rows: Any) -> str:
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, *cells in rows
    )
    return (
        f'<div class="ls-table" role="region" aria-label="{label}" tabindex="0">'
        f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _html(figures: Sequence[Figure]) -> str:
    return "".join(figure._repr_mimebundle_()["text/html"] for figure in figures)


SHOWN: dict[str, Callable[[Sequence[Row]], str]] = {
    "comparison": comparison,
    "streaming": streaming,
    "tiling": tiling,
}


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("benchmark", Benchmark)
    app.add_directive("benchmark-machines", BenchmarkMachines)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
