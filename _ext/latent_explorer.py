"""The place of the latent explorer: what it loads, from where, and how to know that it is whole."""

import json
from pathlib import Path

import numpy as np
import page_parts
from docutils import nodes
from latentlab import atlas, photographs
from matplotlib import colormaps
from matplotlib.colors import to_hex
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

CONFIG = photographs.FOLDER.parent / "image_vae" / "config.json"
FILES = {
    "runtime": "vendor/onnxruntime/ort-wasm-simd-threaded.wasm",
    "encoder": "models/encoder.onnx",
    "decoder": "models/decoder.onnx",
}
COLORS = 33  # steps of the scale that the labs' heat maps have
SIDE = 256  # pixels of the photographs, as in the labs
STRANGER = "sd-1"  # whose scaling factor is the wrong one on offer
WITHOUT = (
    "The explorer needs JavaScript. Every one of its operations is also a cell of "
    "the lab, where its outcome is stored."
)


class LatentExplorer(SphinxDirective):
    """`{latent-explorer}`: the explorer, in whose place a reader without JavaScript is told."""

    def run(self) -> list[nodes.Node]:
        for path in (CONFIG, *(page_parts.SERVED / name for name in FILES.values())):
            self.env.note_dependency(str(path))
        root = page_parts.root(self.env.docname)
        vae = json.loads(CONFIG.read_text(encoding="utf-8"))
        stranger = atlas.family(STRANGER)
        data = {
            "files": {role: page_parts.file(name, root) for role, name in FILES.items()},
            "photographs": [_photograph(name, root) for name in photographs.names()],
            "scaling_factor": vae["scaling_factor"],
            "latent_channels": vae["latent_channels"],
            "stranger": {"name": stranger.title, "value": stranger.scaling["factor"]},
            "colors": [to_hex(colormaps["RdBu_r"](i / (COLORS - 1))) for i in range(COLORS)],
            "linked": ["view"],
        }
        inside = f"<noscript><p>{WITHOUT}</p></noscript>"
        return [page_parts.place(self.env.docname, "latent-explorer", data=data, inside=inside)]


def _photograph(name: str, root: str) -> dict[str, str]:
    credit = photographs.credit(name)
    address = f"{root}photographs/{name}.webp"
    return {"name": name, "title": credit.title, "credit": str(credit), "address": address}


def write_photographs(app: Sphinx, exception: Exception | None) -> None:
    """Beside the pages, without loss: the pixels that the labs have, too."""
    folder = Path(app.outdir, "photographs")
    folder.mkdir(parents=True, exist_ok=True)
    for name in photographs.names():
        pixels = np.rint((photographs.load(name, SIDE) + 1) * 127.5).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.webp", lossless=True)


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("latent-explorer", LatentExplorer)
    app.connect("build-finished", write_photographs)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
