"""Memory traced without weights is memory taken: on the meta device, on the CPU, and measured."""

import copy
import json
from functools import partial

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLTemporalDecoder,
    AutoencoderKLWan,
    DiTTransformer2DModel,
    UNet2DConditionModel,
)
from latentlab import cpu_kernels, image_vae, memory, real_class, report_memory
from latentlab.measured_memory import allocated, filled
from latentlab.memory import Measured, measure, trace
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import (
    conv2d,
    conv3d,
    conv_transpose2d,
    group_norm,
    interpolate,
    layer_norm,
    scaled_dot_product_attention,
)

pytestmark = pytest.mark.usefixtures("one_thread")

MIB = 2**20


def zeros(*shape: int, **options) -> torch.Tensor:
    return torch.zeros(shape, device="meta", **options)


@pytest.fixture(scope="module")
def stable_diffusion() -> AutoencoderKL:
    """Return the autoencoder of Stable Diffusion 1, without weights."""
    return real_class.build("sd-1")


# What is counted


def test_a_view_is_no_memory_and_what_is_let_go_is_none():
    def call(x):
        a = x + 1  # 4 MiB
        b = a.view(-1).reshape(2, -1).T  # views of a
        c = a * 2  # 8 MiB
        del a
        d = c + 1  # 12 MiB, since b still looks at a
        del b
        c.mul_(2)  # in place; 8 MiB, as a is gone
        return d

    found = trace(call, zeros(MIB))
    sizes = [step.live_bytes / MIB for step in found.timeline]
    by_operation = dict(zip((s.operation for s in found.timeline), sizes, strict=True))
    assert found.peak_bytes == 12 * MIB and by_operation["aten.mul_"] == 8
    assert (found.input_bytes, found.output_bytes) == (4 * MIB, 4 * MIB)
    assert found.parameter_bytes == 0
    assert [(held.born, held.died) for held in found.storages][-1][1] == len(found.timeline)
    assert by_operation["aten.view"] == by_operation["aten.permute"] == 4


def test_weights_and_what_looks_at_them_are_no_activations():
    layer = nn.Linear(1024, 1024, device="meta")
    found = trace(layer, zeros(1, 1024))
    assert found.parameter_bytes == 4 * (1024 * 1024 + 1024)
    assert found.peak_bytes == found.output_bytes == 4 * 1024
    assert found.module == "Linear" and found.operation == "aten.addmm"


def test_a_storage_that_grows_counts_as_it_is():
    def call(x):
        return torch.add(x, 1, out=torch.empty(0, device=x.device))

    assert trace(call, zeros(100)).peak_bytes == 400


def test_types_are_told_apart():
    def call(x):
        y = x.half()
        return y, x.bool(), torch.tensor([1.0, 2.0])

    found = trace(call, torch.zeros(MIB))
    assert found.by_dtype == {torch.float16: 2 * MIB, torch.bool: MIB, torch.float32: 8}
    assert sum(found.by_dtype.values()) == found.peak_bytes


def test_tensors_at_every_step_add_up():
    found = trace(real_class.build("taesd").decode, zeros(1, 4, 8, 8))
    for n, step in enumerate(found.timeline):
        assert sum(held.bytes for held in found.live(n)) == step.live_bytes
    assert sum(held.bytes for held in found.tensors) == found.peak_bytes
    assert sum(h.bytes for h in found.live(len(found.timeline) - 1)) >= found.output_bytes


def test_paths_are_those_of_the_module_also_from_a_function():
    vae = real_class.build("taesd")
    for call in (vae.decode, partial(vae.decode), lambda z: vae.decode(z)):
        found = trace(call, zeros(1, 4, 8, 8))
        names = dict(vae.named_modules()) if "Auto" in found.module else {}
        path = found.module.partition(".")[2]
        assert not names or path in names
        assert found.module.startswith(("AutoencoderTiny.", "DecoderTiny."))
        assert found.parameter_bytes in {
            4 * sum(p.numel() for p in part.parameters()) for part in (vae, vae.decoder)
        }


# The meta device tells what the CPU does

WIDTHS = {"block_out_channels": (16, 32), "norm_num_groups": 4, "layers_per_block": 1}
TWO = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
TEXT = {"cross_attention_dim": 16, "attention_head_dim": 8}
MODELS = {
    "a picture": (partial(AutoencoderKL, **WIDTHS, **TWO), "decode", (1, 4, 12, 12), {}),
    "two pictures": (partial(AutoencoderKL, **WIDTHS, **TWO), "decode", (2, 4, 12, 12), {}),
    "encode": (partial(AutoencoderKL, **WIDTHS, **TWO), "encode", (2, 3, 16, 16), {}),
    "frames": (
        partial(AutoencoderKLTemporalDecoder, down_block_types=("DownEncoderBlock2D",) * 2,
                block_out_channels=(32, 64), layers_per_block=1),
        "decode", (4, 4, 8, 8), {"num_frames": 4},
    ),
    "video": (
        partial(AutoencoderKLWan, base_dim=8, num_res_blocks=1, z_dim=4,
                latents_mean=[0.0] * 4, latents_std=[1.0] * 4),
        "decode", (1, 4, 2, 6, 6), {},
    ),
    "U-Net": (
        partial(UNet2DConditionModel, **WIDTHS, **TEXT,
                down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
                up_block_types=("UpBlock2D", "CrossAttnUpBlock2D")),
        "forward", (2, 4, 8, 8), {"timestep": (), "encoder_hidden_states": (2, 7, 16)},
    ),
    "transformer": (
        partial(DiTTransformer2DModel, num_attention_heads=2, attention_head_dim=16,
                num_layers=2, sample_size=8, norm_num_groups=4),
        "forward", (2, 4, 8, 8), {"timestep": (2,), "class_labels": (2,)},
    ),
}  # fmt: skip


def made(value, device: str, dtype: torch.dtype):
    """A tensor of that shape, whole numbers if it has no or one axis; other values stay."""
    if not isinstance(value, tuple):
        return value
    return torch.zeros(value, device=device, dtype=dtype if len(value) > 1 else torch.long)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
@pytest.mark.parametrize("name", MODELS)
def test_a_trace_without_weights_is_the_trace_of_the_real_run(name, dtype):
    build, method, shape, named = MODELS[name]
    with torch.device("meta"):
        model = build().to("meta").to(dtype).eval()
    traces = []
    for device in ("meta", "cpu"):
        if device == "cpu":
            model._apply(filled)
        more = {key: made(value, device, dtype) for key, value in named.items()}
        traces.append(trace(getattr(model, method), made(shape, device, dtype), **more))
    assert traces[0].timeline == traces[1].timeline
    assert traces[0].storages == traces[1].storages
    assert traces[0] == traces[1]


def test_attention_that_is_not_fused_makes_all_scores(stable_diffusion):
    fused = trace(stable_diffusion.decode, zeros(1, 4, 64, 64))
    with sdpa_kernel(SDPBackend.MATH):
        plain = trace(stable_diffusion.decode, zeros(1, 4, 64, 64))
    scores = (64 * 64, 64 * 64)
    assert scores in {held.shape[-2:] for held in plain.storages}
    assert scores not in {held.shape[-2:] for held in fused.storages}


# The 3 x 256 x H x W law


@pytest.mark.parametrize("side", [64, 96, 128])
def test_stable_diffusion_peaks_at_three_tensors_of_256_channels(stable_diffusion, side):
    pixels = 8 * side
    found = trace(stable_diffusion.decode, zeros(1, 4, side, side))
    *large, latent = found.tensors
    assert [held.shape for held in large] == [(1, 256, pixels, pixels)] * 3
    assert [held.operation for held in large] == [
        "aten.convolution",
        "aten.native_group_norm",
        "aten.silu",
    ]
    assert latent.shape == (1, 4, side, side) and latent.operation == "aten.convolution"
    assert found.peak_bytes == 4 * (3 * 256 * pixels**2 + 4 * side**2)
    assert found.module == "AutoencoderKL.decoder.up_blocks.3.resnets.0.nonlinearity"


def test_the_law_holds_also_with_activations_in_place(stable_diffusion):
    vae = copy.deepcopy(stable_diffusion)
    for module in vae.modules():
        if isinstance(module, nn.SiLU):
            module.inplace = True
    found = trace(vae.decode, zeros(1, 4, 64, 64))
    *large, _ = found.tensors
    assert [held.shape[1] for held in large] == [256, 128, 128, 128, 128]  # 768 again
    assert found.operation == "aten.div"  # by output_scale_factor, which is 1


def test_encoding_peaks_at_five_tensors_of_128_channels(stable_diffusion):
    found = trace(stable_diffusion.encode, zeros(1, 3, 512, 512))
    assert [held.shape for held in found.tensors] == [(1, 128, 512, 512)] * 5


def test_the_denoiser_needs_a_third_of_the_decoder(stable_diffusion):
    denoiser = trace(report_memory.UNET(), zeros(2, 4, 64, 64), torch.tensor(1), zeros(2, 77, 768))
    decoder = trace(stable_diffusion.decode, zeros(1, 4, 64, 64))
    assert 2.5 < decoder.peak_bytes / denoiser.peak_bytes < 3.5
    assert denoiser.parameter_bytes > 10 * denoiser.peak_bytes
    assert decoder.parameter_bytes < decoder.peak_bytes


@pytest.mark.slow
def test_type_tiles_and_slices_move_the_law(stable_diffusion):
    def peak(latent: torch.Tensor, *, tile: int = 0, sliced: bool = False) -> float:
        """In tensors of 256 channels and 256 x 256 pixels at 32 bits."""
        vae = copy.deepcopy(stable_diffusion).to(latent.dtype)
        if tile:
            vae.enable_tiling()
            vae.tile_sample_min_size, vae.tile_latent_min_size = tile, tile // 8
        if sliced:
            vae.enable_slicing()
        return trace(vae.decode, latent).peak_bytes / (4 * 256 * 256**2)

    assert peak(zeros(1, 4, 32, 32)) == pytest.approx(3, rel=1e-3)
    assert peak(zeros(1, 4, 32, 32, dtype=torch.bfloat16)) == pytest.approx(1.5, rel=1e-3)
    assert peak(zeros(4, 4, 32, 32)) == pytest.approx(12, rel=1e-3)
    assert peak(zeros(4, 4, 32, 32), sliced=True) == pytest.approx(3, rel=0.02)
    assert peak(zeros(1, 4, 32, 32), tile=128) == pytest.approx(3 / 4, rel=0.05)
    assert peak(zeros(1, 4, 32, 32), tile=256) == pytest.approx(3, rel=1e-3)  # one tile


# What is traced is what is taken


def linear_patches() -> nn.Module:
    return next(case for case in report_memory.SMALL if "linear" in case.title).build()


LIVE = {
    "TAESD": (lambda: real_class.build("taesd").decode, ((1, 4, 24, 24),)),
    "two pictures": (lambda: image_vae.load().to("meta").decode, ((2, 4, 16, 16),)),
    "the course's linear patches": (lambda: linear_patches().decode, ((1, 4, 64, 64),)),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", LIVE)
def test_traced_is_measured(name):
    build, shapes = LIVE[name]
    call = build()
    device = next(memory.owner(call).parameters()).device
    inputs = [torch.zeros(shape, device=device) for shape in shapes]
    found = measure(call, *inputs)
    assert trace(call, *inputs).cpu_peak_bytes == pytest.approx(found.allocated_bytes, rel=0.1)
    assert found.seconds > 0
    if found.resident_bytes is not None:
        assert found.resident_bytes > 0.5 * found.allocated_bytes


def image(*shape: int, dtype=torch.float32, last: bool = False) -> torch.Tensor:
    """Ones of that shape, with the channels innermost in memory or not."""
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    format = formats[len(shape)] if last else torch.contiguous_format
    return torch.ones(shape, dtype=dtype).contiguous(memory_format=format)


HALF, SHORT = torch.float16, torch.bfloat16
KERNELS = {
    "3 x 3": (conv2d, image(1, 64, 64, 64), image(64, 64, 3, 3), None, 1, 1),
    "3 x 3, odd channels": (conv2d, image(1, 17, 64, 64), image(33, 17, 3, 3), None, 1, 1),
    "3 x 3, few channels": (conv2d, image(1, 3, 96, 96), image(64, 3, 3, 3), None, 1, 1),
    "3 x 3, small": (conv2d, image(1, 8, 8, 8), image(8, 8, 3, 3), None, 1, 1),
    "3 x 3, stride": (conv2d, image(1, 64, 65, 65), image(64, 64, 3, 3), None, 2),
    "3 x 3, last": (conv2d, image(2, 64, 64, 64, last=True), image(512, 64, 3, 3), None, 1, 1),
    "3 x 3, gaps": (conv2d, image(2, 64, 64, 128)[..., ::2], image(64, 64, 3, 3), None, 1, 1),
    "3 x 3, depthwise": (conv2d, image(1, 64, 64, 64), image(64, 1, 3, 3), None, 1, 1, 1, 64),
    "3 x 3, bf16": (conv2d, image(1, 64, 64, 64, dtype=SHORT), image(64, 64, 3, 3, dtype=SHORT)),
    "3 x 3, fp16": (conv2d, image(1, 8, 16, 16, dtype=HALF), image(8, 8, 3, 3, dtype=HALF)),
    "1 x 1": (conv2d, image(1, 64, 64, 64), image(64, 64, 1, 1)),
    "1 x 1, 16": (conv2d, image(16, 64, 64, 64), image(64, 64, 1, 1)),
    "1 x 1, bf16": (conv2d, image(2, 64, 64, 64, dtype=SHORT), image(128, 64, 1, 1, dtype=SHORT)),
    "3 x 3 x 3": (conv3d, image(1, 64, 4, 16, 16), image(64, 64, 3, 3, 3), None, 1, 1),
    "3 x 3 x 3, 2": (conv3d, image(2, 64, 4, 16, 16), image(64, 64, 3, 3, 3), None, 1, 1),
    "transposed": (conv_transpose2d, image(1, 64, 64, 64), image(64, 64, 2, 2), None, 2),
    "upsampling": (interpolate, image(1, 64, 64, 64), None, 2.0),
    "upsampling, small": (interpolate, image(1, 64, 32, 32), None, 2.0),
    "layer norm, gaps": (layer_norm, image(256, 512, 2).select(-1, 0), (512,)),
    "group norm, last": (group_norm, image(2, 64, 64, 64, last=True), 32),
    "mean, bf16": (torch.mean, image(64, 64, 64, 1, dtype=SHORT), 1),
    "two widths": (torch.mul, image(64, 64, 64, 1, dtype=SHORT), image(64, 64, 64, 1)),
    "attention": (scaled_dot_product_attention, *[image(1, 2, 1024, 64)] * 3),
    "attention, bf16": (scaled_dot_product_attention, *[image(1, 2, 256, 64, dtype=SHORT)] * 3),
}


@pytest.mark.parametrize("name", KERNELS)
def test_the_workspace_of_a_kernel_is_what_the_allocator_hands_out(name):
    call, *inputs = KERNELS[name]
    found = trace(call, *inputs)
    ours = found.cpu_peak_bytes
    assert ours == pytest.approx(allocated(lambda: call(*inputs)), rel=0.02)
    empty = [x.to("meta") if isinstance(x, torch.Tensor) else x for x in inputs]
    assert trace(call, *empty).peak_bytes == found.peak_bytes


def test_without_the_workspace_of_kernels_a_trace_would_miss(monkeypatch):
    row = next(row for row in report_memory.report()["small"] if row["title"].startswith("TAESD"))
    case = next(case for case in report_memory.SMALL if case.title == row["title"])
    monkeypatch.setattr(cpu_kernels, "RULES", {})
    assert case.trace().cpu_peak_bytes == row["live_bytes"] < 0.9 * row["allocated_bytes"]


def test_the_report_holds_more_than_twelve_models_to_what_they_took():
    report = report_memory.report()
    rows = {row["title"]: row for row in report["small"]}
    assert list(rows) == [case.title for case in report_memory.SMALL]
    agree = [row for row in rows.values() if row["agrees"]]
    assert len({row["class"] for row in agree}) >= 12
    for row in rows.values():
        ratio = row["cpu_bytes"] / row["allocated_bytes"]
        assert row["agrees"] == (abs(ratio - 1) <= 0.1) and row["cpu_ratio"] == round(ratio, 4)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["small", "full"])
def test_the_report_is_what_is_traced_now(part):
    cases = {"small": report_memory.SMALL, "full": report_memory.FULL}[part]
    rows = {row["title"]: row for row in report_memory.report()[part]}
    for case in cases[:: 3 if part == "small" else 2]:
        if "Hunyuan" in case.title or "81" in case.title:  # seconds each
            continue
        found = case.trace()
        assert rows[case.title]["live_bytes"] == found.peak_bytes, case.title
        assert rows[case.title]["module"] == found.module


# Bad input


class Reads(nn.Module):
    def forward(self, x):
        return x * 2 if x.sum() > 0 else x


class Copies(nn.Module):
    def forward(self, x):
        return x.cpu() + 1


class Picks(nn.Module):
    def forward(self, x):
        return x[x > 0]


def sleeps(x):
    import time

    time.sleep(60)


@pytest.mark.parametrize("measuring", [trace, measure])
def test_what_cannot_be_called_is_told(measuring):
    with pytest.raises(TypeError, match=r"int cannot be called: expected a torch\.nn"):
        measuring(3, zeros(1))


@pytest.mark.parametrize("module", [Reads, Copies, Picks])
def test_reading_values_on_the_meta_device_is_told_in_a_sentence(module):
    told = "^Sequential.0 reads values, and there are none on the meta device: trace this call .*$"
    with pytest.raises(ValueError, match=told) as raised:
        trace(nn.Sequential(module()), zeros(4))
    assert isinstance(raised.value.__cause__, (RuntimeError, NotImplementedError))
    assert trace(nn.Sequential(module()), torch.ones(4)).peak_bytes > 0


def test_an_error_names_the_module_and_keeps_the_cause():
    def call(x):
        return nn.Sequential(nn.ReLU(), nn.Linear(3, 4, device="meta"))(x)

    told = r"Sequential\.1 raised RuntimeError: .+"
    with pytest.raises(ValueError, match=told) as raised:
        trace(call, zeros(1, 5))
    assert isinstance(raised.value.__cause__, RuntimeError)
    vae = real_class.build("sd-1")
    with pytest.raises(ValueError, match=r"KL\.post_quant_conv raised RuntimeError"):
        trace(vae.decode, zeros(1, 5, 8, 8))
    assert trace(vae.decode, zeros(1, 4, 8, 8)).peak_bytes  # nothing is left behind


def test_inference_mode_around_it_changes_nothing(stable_diffusion):
    plain = trace(stable_diffusion.decode, zeros(1, 4, 8, 8))
    with torch.inference_mode():
        assert trace(stable_diffusion.decode, zeros(1, 4, 8, 8)) == plain


def test_an_error_that_the_call_survives_is_none():
    def call(x):
        try:
            nn.Linear(3, 4, device="meta")(x)
        except RuntimeError:
            x = nn.ReLU()(x)
        raise KeyError("later")

    with pytest.raises(ValueError, match=r"^the call raised KeyError: 'later'"):
        trace(call, zeros(1, 5))


@pytest.mark.parametrize("measuring", [trace, measure])
def test_two_devices_are_told(measuring):
    told = "input 1 is on meta and weight is on cpu: expected module and inputs on one device"
    with pytest.raises(ValueError, match=told):
        measuring(nn.Linear(4, 4), zeros(1, 4))
    trace(lambda x, t: x * t, zeros(1, 4), torch.tensor(3.0))  # torch allows a single number


def test_a_call_that_makes_nothing_is_told():
    with pytest.raises(ValueError, match="ran no operation on tensors"):
        trace(lambda: None)


@pytest.mark.parametrize(
    ("call", "more", "told"),
    [
        (lambda x: x, {}, "cannot be sent to another process: expected a module"),
        (sleeps, {"time_limit": 0.2}, "sleeps was not measured in 0.2 seconds"),
        (nn.Linear(3, 3, device="meta"), {}, "it raised RuntimeError: .*cannot be multiplied"),
        (partial(torch.nn.functional.pad, pad=(0, 2**45)), {}, "it needs more memory than is free"),
    ],
)
def test_what_cannot_be_measured_is_told(call, more, told):
    with pytest.raises(ValueError, match=told):
        measure(call, zeros(1, 5), **more)


def test_the_command_writes_what_it_prints(tmp_path, monkeypatch, capsys):
    taesd = next(case for case in report_memory.SMALL if case.title.startswith("TAESD"))
    small = report_memory.Case("small", taesd.build, ((1, 4, 4, 4),))
    monkeypatch.setattr(report_memory, "SMALL", (small,))
    monkeypatch.setattr(report_memory, "FULL", (taesd,))
    monkeypatch.setattr(report_memory.Case, "measure", lambda _: Measured(10**6, None, 1.0))
    report_memory.main([str(tmp_path)])
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert written == report_memory.report(tmp_path)
    assert [row["title"] for row in written["small"] + written["full"]] == ["small", taesd.title]
    assert f"{written['small'][0]['live_bytes'] / 1e6:.1f}" in capsys.readouterr().out
