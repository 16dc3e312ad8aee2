"""The cheat sheet: two pages that are computed from the atlas and set by Typst."""

import json
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typst
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from latentlab import atlas
from latentlab.atlas import Family

SHEET = Path(__file__).with_name("cheat-sheet.typ")
EXAMPLE = {"height": 768, "width": 1280}
CLIP = 49
COUNTS = (1, 16, 17, 33, 48, 49, 80, 81, 97, 120, 121)
REQUESTS: tuple[dict[str, Any], ...] = (
    {"name": "sd-1", "height": 512, "width": 512},
    {"name": "flux-1", "height": 1024, "width": 1024},
    {"name": "wan-2-1", "height": 720, "width": 1280, "frames": 81},
    {"name": "ltx-video-0-9-5", "height": 512, "width": 768, "frames": 121},
)
REST = {
    "floor": "drop",
    "ceil": "pad",
    "exact": "raise",
    "cosmos": "pad, raise",
    "tiles": "drop, blank",
}
REST_FRAMES = REST | {"cogvideox": "drop, add", "cosmos": "drop, add", "allegro": "drop, blank"}


def write(target: Path, fonts: Path, *, repository: str) -> None:
    """Write the sheet as a PDF. `fonts` is the folder with the book's IBM Plex."""
    sheet = {**data(), "repository": repository}
    with tempfile.TemporaryDirectory() as folder:
        _unpack(fonts, Path(folder))
        pdf, warnings = typst.compile_with_warnings(
            str(SHEET),
            font_paths=[folder],
            ignore_system_fonts=True,
            sys_inputs={"sheet": json.dumps(sheet)},
            timestamp=0,
        )
    if warnings:
        raise ValueError(f"{SHEET.name}: {warnings[0]}; are the book's fonts in {fonts}?")
    assert isinstance(pdf, bytes)
    target.write_bytes(pdf)


def _unpack(fonts: Path, folder: Path) -> None:
    """Put the fonts of the pages where Typst can read them: as TrueType, one weight a file."""
    for path in fonts.glob("*.woff2"):
        font = TTFont(path, recalcTimestamp=False)
        font.flavor = None
        if "fvar" not in font:
            font.save(folder / f"{path.stem}.ttf")
            continue
        for weight in (400, 600):
            instancer.instantiateVariableFont(font, {"wght": weight}, updateFontNames=True).save(
                folder / f"{path.stem}-{weight}.ttf"
            )


def data() -> dict[str, Any]:
    """All that the sheet says of real models, as plain data."""
    families = atlas.families().values()
    decoder = atlas.family("sd-1").config["block_out_channels"]
    side = 1024
    return {
        "diffusers": version("diffusers"),
        "example": f"{EXAMPLE['height']} × {EXAMPLE['width']}",
        "clip": CLIP,
        "groups": [
            {"name": name, "rows": [_row(family) for family in families if family.medium == medium]}
            for medium, name in (
                ("image", "Images"),
                ("frames", "Clips, frame by frame"),
                ("video", "Clips, through time"),
            )
        ],
        "counts": COUNTS,
        "frames": list(_frame_rules()),
        "requests": [_request(**asked) for asked in REQUESTS],
        "axes": _by_axes(),
        "packed": _titles(family for family in families if family.pack),
        "width": decoder[1],
        "peak_side": side,
        "peak": _size(3 * decoder[1] * side**2 * atlas.BYTES["fp32"]),
    }


def _row(family: Family) -> dict[str, Any]:
    frames = None if family.medium == "image" else CLIP
    found = atlas.trace(family.name, **EXAMPLE, frames=frames, on_invalid="nearest")  # type: ignore[arg-type]
    asked = [frames] if frames else []
    nearest = [*asked, *EXAMPLE.values()] != [*found.pixels[2:]]
    time = family.time
    return {
        "title": _titles([family]),
        "latent": _shape(found.latent),
        "nearest": " × ".join(map(str, found.pixels[2:])) if nearest else None,
        "cell": family.space["factor"],
        "cell_rest": REST["tiles" if family.tile else family.space["rule"]],
        "frames": atlas.frame_rule(family) if time else "any" if frames else "",
        "frames_rest": REST_FRAMES[time["rule"]] if time else "",
        "patch": "·".join(map(str, family.patch)) if family.patch else None,
        "tokens": f"{found.tokens[1]:,} × {found.tokens[2]}" if found.tokens else None,
        "fewer": f"{found.element_compression:.4g}",
        "scaling": _scaling(family),
    }


def _scaling(family: Family) -> str | None:
    """How the latent is normalized, in the order in which it is done."""
    known = family.scaling
    if "mean" in known:
        return f"m, d: {len(known['mean'])} each"
    if "mean_std" in known:
        return f"m, d: {known['mean_std']}"
    if "batch_norm_eps" in known:
        return "m, d: batch norm"
    if "shift" in known:
        return f"m {known['shift']}, f {known['factor']}"
    return f"f {known['factor']}" if known else None


def _frame_rules() -> Iterator[dict[str, Any]]:
    """Families by what they do to a number of frames, and what that is for some numbers."""
    alike = defaultdict(list)
    for family in atlas.families().values():
        if family.time:
            alike[family.time["rule"], family.time["factor"], bool(family.tile)].append(family)
    for (rule, factor, _), families in alike.items():
        results = [atlas.FRAMES[rule](count, factor) for count in COUNTS]
        yield {
            "families": _titles(families),
            "rule": atlas.frame_rule(families[0]),
            "results": [
                None
                if result is None or not atlas.reached_by_tiles(families[0], "frames", count)
                else {"latent": result[0], "back": result[1]}
                for count, result in zip(COUNTS, results, strict=True)
            ],
        }


def _by_axes() -> list[dict[str, str]]:
    """Orders of axes in which pipelines hold a clip's latent, with the families of each."""
    alike = defaultdict(list)
    for family in atlas.families().values():
        if family.medium != "image" and family.pipeline_axes:
            alike[family.pipeline_axes].append(family)
    return [{"axes": axes, "families": _titles(families)} for axes, families in alike.items()]


def _titles(families: Iterable[Family]) -> str:
    """Titles in a row, without what stands in brackets."""
    return ", ".join(family.title.partition(" (")[0] for family in families)


def _request(name: str, **asked: int) -> dict[str, Any]:
    found = atlas.trace(name, **asked)  # type: ignore[arg-type]
    return {
        "title": found.family.title,
        "fewer": f"{found.element_compression:.4g}",
        "steps": [
            {
                "name": step.name,
                "axes": step.axes,
                "shape": _shape(step.shape),
                "size": _size(step.bytes),
            }
            for step in found.steps
            if step.name != "pipeline"
        ],
    }


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"


def _size(count: int) -> str:
    power = min(int(math.log2(count) // 10), 3)
    return f"{count / 1024**power:.4g} {('B', 'KiB', 'MiB', 'GiB')[power]}"
