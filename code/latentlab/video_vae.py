"""Load the trained video VAE of the course, or the same network without layers along time.

Both began as the image VAE of the course and share its encoder, hence its latents; their decoders
were trained on the same clips, for as many steps. See `latentlab.train_temporal_vae`.
"""

import json
from pathlib import Path
from typing import Any

from latentlab import model_folder
from latentlab.temporal_vae import TemporalVAE

FOLDER = Path(__file__).parent / "data" / "video_vae"
KINDS = ("temporal", "per_frame")


def load(kind: str = "temporal", folder: Path = FOLDER) -> TemporalVAE:
    """One of the two at full precision, frozen, in evaluation mode.

    Raises ValueError for another kind than "temporal" or "per_frame", and when its folder is
    incomplete or its weights are damaged.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no video VAE {kind!r}: expected one of {KINDS}")
    return model_folder.load(TemporalVAE, folder / kind)


def report(folder: Path = FOLDER) -> dict[str, Any]:
    """What `latentlab.report_temporal_vae` measured on clips that no training has seen."""
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found
