"""The shape tracer of the atlas page as a widget: the same module, in a notebook."""

from pathlib import Path

import anywidget
import traitlets

from latentlab import atlas


class ShapeTracer(anywidget.AnyWidget):
    """Follow a request through a model family, with its shapes drawn, and change it by hand.

        ShapeTracer("wan-2-1", height=720, width=1280, frames=81, other="ltx-video-0-9-5")

    Takes what `atlas.trace` takes and raises what it raises; `other` names a second family, drawn
    beside the first. `request` then holds what is chosen in the form.
    """

    _esm = Path(__file__).parent / "parts" / "shape-tracer.mjs"
    atlas = traitlets.Dict().tag(sync=True)
    request = traitlets.Dict().tag(sync=True)
    other = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)

    def __init__(
        self,
        family: str,
        *,
        height: int,
        width: int,
        frames: int | None = None,
        batch: int = 1,
        dtype: str = "bf16",
        on_invalid: str = "error",
        library: str = "diffusers",
        other: str | None = None,
        other_library: str = "diffusers",
    ) -> None:
        request = {
            "height": height,
            "width": width,
            "frames": frames,
            "batch": batch,
            "dtype": dtype,
            "on_invalid": on_invalid,
            "library": library,
        }
        atlas.trace(family, **request)  # type: ignore[arg-type]
        if other:
            alone = atlas.family(other, other_library).medium == "image"
            same = request | {"library": other_library} | ({"frames": None} if alone else {})
            atlas.trace(other, **same)  # type: ignore[arg-type]
        super().__init__(
            atlas=atlas.as_json(),
            request={"family": family, **request},
            other={"family": other, "library": other_library} if other else None,
        )
