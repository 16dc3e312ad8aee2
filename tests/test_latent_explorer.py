"""The latent explorer in the page, against the VAE in PyTorch and against what may go wrong."""

import io
import json
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from latentlab import image_vae, own_picture, photographs
from latentlab.reconstruction import psnr
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, Route

ROOT = Path(__file__).parents[1]
NODE = ROOT / ".venv" / "bin" / "node"
PAGE = "handbook/05-vae-latent-space.html"
PARITY = 1e-2  # mean absolute difference, of pictures on [-1, 1]
PATIENCE = 60_000  # milliseconds
SD_FACTOR = 0.18215
ICON = {"/_static/favicon.svg"}  # asked for again whenever the address changes
PROGRAM = """
import { readFileSync } from "node:fs";
import { apply, draw, psnr, untouched } from "./web/latent-explorer/operations.mjs";
const { values, channels, height, width, changes } = JSON.parse(readFileSync(0, "utf8"));
const latent = { values: Float32Array.from(values), channels, height, width };
const whole = untouched(channels).map((channel, i) => {
  const { paint = [], ...rest } = changes[i] ?? {};
  return { ...channel, ...rest, paint: new Map(paint) };
});
console.log(JSON.stringify([...apply(latent, whole)]));
"""


def edited(latent: np.ndarray, *changes: dict) -> np.ndarray:
    """What the page makes of a latent (channels, height, width); one entry a channel."""
    channels, height, width = latent.shape
    asked = {"channels": channels, "height": height, "width": width, "changes": changes}
    ran = subprocess.run(
        [NODE, "--input-type=module", "--eval", PROGRAM],
        input=json.dumps(asked | {"values": latent.ravel().tolist()}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return np.array(json.loads(ran.stdout)).reshape(latent.shape)


@pytest.fixture
def latent() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, 48, 40)).astype(np.float32)


def test_without_changes_a_latent_stays(latent: np.ndarray):
    np.testing.assert_array_equal(edited(latent), latent)


def test_channels_are_exchanged_scaled_shifted_and_painted(latent: np.ndarray):
    changes = [{"source": 1, "scale": -2, "shift": 0.5}, {"source": 0, "paint": [[41, 3]]}]
    expected = latent.copy()
    expected[0], expected[1] = -2 * latent[1] + 0.5, latent[0]
    expected[1, 1, 1] = 3
    np.testing.assert_allclose(edited(latent, *changes), expected, rtol=1e-6)


def test_blur_keeps_a_constant_and_spreads_a_point():
    flat = np.full((1, 9, 7), 2.5, np.float32)
    np.testing.assert_allclose(edited(flat, {"blur": 2}), flat, rtol=1e-6)
    point = np.zeros((1, 33, 33), np.float32)
    point[0, 16, 16] = 1
    found = edited(point, {"blur": 1.5})
    assert found.sum() == pytest.approx(1, rel=1e-5)
    rows = np.arange(33) - 16
    assert (found[0].sum(1) * rows**2).sum() == pytest.approx(1.5**2, rel=0.03)
    np.testing.assert_allclose(found[0], found[0].T, atol=1e-8)


def test_noise_is_normal_differs_between_channels_and_repeats(latent: np.ndarray):
    noisy = [{"noise": 0.5}, {"noise": 0.5}]
    added = (edited(latent, *noisy) - latent) / 0.5
    assert np.abs(added[:2].mean((1, 2))).max() < 0.08
    assert added[:2].std((1, 2)) == pytest.approx([1, 1], abs=0.06)
    assert abs(np.corrcoef(added[0].ravel(), added[1].ravel())[0, 1]) < 0.08
    assert not added[2:].any()
    np.testing.assert_array_equal(edited(latent, *noisy), edited(latent, *noisy))


# From here on, the chapter is open in Chromium.


def load(page: Page) -> float:
    """Load the VAE; return the seconds from the click to the first decoded picture."""
    began = time.monotonic()
    page.get_by_role("button", name="Load the VAE").click()
    page.locator(".ls-explorer[data-state=ready]").wait_for(timeout=PATIENCE)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def opened(browser: Browser, site: str) -> Iterator[Page]:
    with browser.new_page() as page:
        page.goto(site + PAGE)
        load(page)
        yield page


@pytest.fixture
def explorer(opened: Page) -> Page:
    opened.unroute_all()
    opened.locator("[name=photograph]").first.check()
    opened.get_by_role("radio", name="channel 0").check()
    opened.get_by_role("button", name="Reset everything").click()
    opened.get_by_label("Mouse or finger").select_option("look")
    settle(opened)
    return opened


def settle(page: Page) -> None:
    """Wait until the last change is decoded."""
    page.locator(".ls-explorer[data-state=ready]").wait_for(timeout=PATIENCE)


def shown(page: Page, which: str) -> torch.Tensor:
    """A canvas of the explorer as B C H W in [-1, 1]."""
    canvas = page.locator(f".ls-explorer .ls-pair figure:{which}-child canvas")
    png = b64decode(canvas.evaluate("canvas => canvas.toDataURL()").partition(",")[2])
    pixels = torch.from_numpy(np.array(Image.open(io.BytesIO(png)).convert("RGB"), np.float32))
    return pixels.permute(2, 0, 1)[None].contiguous() / 127.5 - 1


def difference(one: torch.Tensor, other: torch.Tensor) -> float:
    return (one - other.clamp(-1, 1)).abs().mean().item()


def slide(page: Page, label: str, value: float) -> None:
    page.get_by_label(label, exact=True).fill(str(value))


def fact(page: Page, term: str) -> str:
    return page.locator(f".ls-explorer .ls-facts div:has(dt:text-is('{term}')) dd").inner_text()


@pytest.mark.slow
def test_nothing_is_loaded_before_the_click_and_little_time_passes_after(
    browser: Browser, site: str, record_property
):
    with browser.new_page() as page:
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(site + PAGE)
        page.get_by_role("button", name="Load the VAE").wait_for()
        assert not [url for url in requests if url.partition("?")[0].endswith((".wasm", ".onnx"))]
        seconds = load(page)
        milliseconds = int(fact(page, "decoded in").split()[0])
        record_property("first_picture_seconds", round(seconds, 2))
        record_property("change_milliseconds", milliseconds)
        print(f"first picture after {seconds:.1f} s, a change {milliseconds} ms")
        assert all(url.startswith((site, "data:", "blob:")) for url in requests)


@pytest.mark.slow
def test_page_decodes_what_pytorch_decodes(explorer: Page):
    vae = image_vae.load()
    original = shown(explorer, "first")
    photograph = torch.from_numpy(photographs.load(photographs.names()[0])).permute(2, 0, 1)[None]
    torch.testing.assert_close(original, photograph, atol=1e-6, rtol=0)
    expected = vae.decode(vae.encode(original).latent_dist.mode()).sample
    assert difference(shown(explorer, "last"), expected) < PARITY
    assert fact(explorer, "latent").split() == ["1", "B", "4", "C", "32", "H", "32", "W"]
    assert fact(explorer, "at fp16") == "8 KiB"
    quality = psnr(original, expected.clamp(-1, 1))
    assert float(fact(explorer, "PSNR").removesuffix(" dB")) == pytest.approx(quality, abs=0.06)


@pytest.mark.slow
def test_changes_reach_the_decoder(explorer: Page):
    vae = image_vae.load()
    factor = vae.config.scaling_factor
    slide(explorer, "Scale", -0.5)
    slide(explorer, "Shift", 0.25)
    explorer.get_by_label("Swap with").select_option("2")
    explorer.get_by_label("Before decoding").select_option("stranger")
    settle(explorer)
    scaled = vae.encode(shown(explorer, "first")).latent_dist.mode() * factor
    changed = scaled[:, [2, 1, 0, 3]]
    changed[:, 0] = changed[:, 0] * -0.5 + 0.25
    expected = vae.decode(changed / SD_FACTOR).sample
    assert difference(shown(explorer, "last"), expected) < PARITY
    assert "holds 2" in explorer.locator(".ls-maps").inner_text()
    explorer.get_by_role("button", name="Reset channel").click()
    explorer.get_by_label("Before decoding").select_option("once")
    settle(explorer)
    expected = vae.decode(scaled / factor).sample
    assert difference(shown(explorer, "last"), expected) < PARITY


@pytest.mark.slow
def test_one_channel_alone(explorer: Page):
    vae = image_vae.load()
    explorer.get_by_role("radio", name="channel 1").check()
    explorer.get_by_role("button", name="Only this one").click()
    settle(explorer)
    latent = vae.encode(shown(explorer, "first")).latent_dist.mode()
    latent[:, [0, 2, 3]] = 0
    assert difference(shown(explorer, "last"), vae.decode(latent).sample) < PARITY


@pytest.mark.slow
def test_painting_with_the_mouse_and_the_keyboard(explorer: Page):
    before = shown(explorer, "last")
    explorer.get_by_label("Mouse or finger").select_option("paint")
    canvas = explorer.locator(".ls-map canvas").nth(1)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    explorer.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    explorer.mouse.down()
    explorer.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=1)
    explorer.mouse.up()
    settle(explorer)
    tile = explorer.locator(".ls-maps > div").nth(1)
    assert "33 painted" in tile.inner_text()  # nine cells on, three high: a stroke without gaps
    painted = (shown(explorer, "last") - before).abs().mean((0, 1))
    assert painted[118:138, 64:128].mean() > 10 * painted[:64].mean()
    explorer.get_by_role("button", name="Reset channel").click()
    slide(explorer, "Brush size, cells", 1)
    canvas.focus()
    for key in ("ArrowDown", "ArrowRight", "Space"):
        canvas.press(key)
    assert "1 painted" in tile.inner_text()
    assert explorer.get_by_role("status").inner_text().endswith(": 2.00")
    canvas.press("Delete")
    assert "painted" not in tile.inner_text()
    settle(explorer)
    assert torch.equal(shown(explorer, "last"), before)


@pytest.mark.slow
def test_a_press_selects_the_channel_and_what_is_read_stays_true(explorer: Page):
    explorer.locator(".ls-map canvas").nth(2).click(position={"x": 9, "y": 9})
    assert explorer.get_by_role("radio", name="channel 2").is_checked()
    status = explorer.get_by_role("status")
    place, _, value = status.inner_text().rpartition(" ")
    explorer.get_by_role("button", name="Flip sign").click()
    settle(explorer)
    assert status.inner_text() == f"{place} {-float(value):.2f}"


@pytest.mark.slow
def test_the_photograph_that_was_chosen_last_is_shown(explorer: Page):
    names = photographs.names()

    held: list[Route] = []
    explorer.route(f"**/{names[3]}.webp*", lambda route: held.append(route))
    for index in (3, 5):
        explorer.locator("[name=photograph]").nth(index).check()
    last = explorer.locator(".ls-credit", has_text=photographs.credit(names[5]).title)
    last.wait_for()
    held[0].continue_()
    settle(explorer)
    assert last.count() and names[5] in explorer.url
    explorer.route(f"**/{names[1]}.webp*", lambda route: route.abort())
    explorer.locator("[name=photograph]").nth(1).click()  # it does not stay checked
    settle(explorer)
    told = f"{photographs.credit(names[1]).title} could not be loaded. The picture before it stays."
    assert explorer.get_by_role("alert").inner_text() == told
    assert explorer.locator("[name=photograph]").nth(5).is_checked()


def file(picture: Image.Image, name: str = "mine.png", **options: object) -> FilePayload:
    buffer = io.BytesIO()
    picture.save(buffer, Path(name).suffix[1:].replace("jpg", "jpeg"), **options)
    return FilePayload(name=name, mimeType="image/*", buffer=buffer.getvalue())


def scene(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Soft colored blobs, another one at each corner."""
    coarse = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return smooth.convert(mode)


def turned() -> FilePayload:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: a quarter turn clockwise
    return file(scene(200, 120), "turned.jpg", exif=exif, quality=95)


def see_through() -> FilePayload:
    picture = scene(96, 96, "RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((96, 96)))
    return file(picture)


GOOD = {
    "odd sides": file(scene(301, 203)),
    "gray": file(scene(128, 96, "L")),
    "transparent": see_through(),
    "turned by EXIF": turned(),
    "16 pixels": file(scene(16, 16)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", GOOD)
def test_own_picture_is_read_as_python_reads_it(explorer: Page, kind: str):
    sent: list[str] = []
    explorer.on("request", lambda request: sent.append(request.url))
    explorer.get_by_label("Your own picture").set_input_files(GOOD[kind])
    explorer.locator(".ls-credit", has_text="stays in your browser").wait_for()
    settle(explorer)
    expected = own_picture.load(GOOD[kind]["buffer"], longest=256)
    original = shown(explorer, "first")
    assert original.shape == expected.shape
    assert difference(original, expected) < 0.02
    vae = image_vae.load()
    back = vae.decode(vae.encode(original).latent_dist.mode()).sample
    assert difference(shown(explorer, "last"), back) < PARITY
    assert {urlsplit(url).path for url in sent if not url.startswith("blob:")} <= ICON
    assert not explorer.locator("[name=photograph]:checked").count()


def huge() -> FilePayload:
    return file(Image.new("1", (12_000, 9_000)), "huge.png")


BAD = {
    "has 12000 × 9000 pixels: expected 100 million at most.": huge(),
    "has 12 × 40 pixels: expected 16 a side at least.": file(scene(12, 40)),
    "it is too narrow.": file(scene(2000, 40)),
    "is no picture that can be read: expected JPEG, PNG or WebP.": FilePayload(
        name="letter.txt", mimeType="text/plain", buffer=b"Dear reader"
    ),
    "is damaged: the browser cannot decode it.": FilePayload(
        name="half.png", mimeType="image/png", buffer=file(scene(300, 300))["buffer"][:2000]
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("told", BAD)
def test_a_file_that_is_refused_is_told_and_the_picture_stays(explorer: Page, told: str):
    before = shown(explorer, "first"), shown(explorer, "last")
    slide(explorer, "Scale", 1)
    explorer.get_by_label("Your own picture").set_input_files(BAD[told])
    alert = explorer.get_by_role("alert")
    alert.get_by_text(told).wait_for()
    assert alert.inner_text().endswith("The picture before it stays.")
    settle(explorer)
    assert torch.equal(shown(explorer, "first"), before[0])
    assert torch.equal(shown(explorer, "last"), before[1])
    explorer.locator("[name=photograph]").nth(1).check()
    settle(explorer)
    assert alert.inner_text() == ""


def damaged(route: Route) -> None:
    response = route.fetch()
    body = bytearray(response.body())
    body[len(body) // 2] ^= 1
    route.fulfill(response=response, body=bytes(body))


def cut_short(route: Route) -> None:
    response = route.fetch()
    route.fulfill(status=200, body=response.body()[:100_000])


FAULTS = {
    "decoder.onnx could not be loaded: the server answered 404.": lambda route: route.fulfill(
        status=404
    ),
    "decoder.onnx could not be loaded: the connection failed.": lambda route: route.abort(),
    "decoder.onnx is damaged: its SHA-256 hash should be": damaged,
    "decoder.onnx is damaged: it has 100000 bytes instead of": cut_short,
}


@pytest.mark.slow
@pytest.mark.parametrize("told", FAULTS)
def test_a_failed_load_names_the_file_and_can_be_repeated(browser: Browser, site: str, told: str):
    with browser.new_page() as page:
        page.goto(site + PAGE)
        page.route("**/decoder.onnx*", FAULTS[told])
        page.get_by_role("button", name="Load the VAE").click()
        page.get_by_role("alert").get_by_text(told).wait_for()
        page.unroute("**/decoder.onnx*")
        load(page)
        assert page.get_by_role("alert").inner_text() == ""


# Wait until a progress bar is nearly full.
MOSTLY = """bar => new Promise(done => {
  const look = () => (bar.position > 0.8 ? done() : setTimeout(look, 50));
  look();
})"""


@pytest.mark.slow
def test_loading_shows_progress_and_can_be_stopped(browser: Browser, site: str):
    with browser.new_page() as page:
        page.goto(site + PAGE)
        page.route("**/decoder.onnx*", lambda route: None)  # never answered
        page.get_by_role("button", name="Load the VAE").click()
        bar = page.get_by_role("progressbar", name="Loading the VAE")
        bar.evaluate(MOSTLY)
        assert bar.evaluate("bar => bar.position") < 1
        page.get_by_role("button", name="Stop").click()
        again = page.get_by_role("button", name="Load the VAE")
        again.wait_for()
        assert again.evaluate("button => button === document.activeElement")
        assert page.get_by_role("alert").inner_text() == ""


@pytest.mark.slow
def test_address_brings_the_changes_back_and_a_bad_one_is_told(explorer: Page):
    slide(explorer, "Noise", 0.5)
    explorer.get_by_label("Swap with").select_option("3")
    explorer.get_by_label("Take").select_option("draw")
    settle(explorer)
    with explorer.context.browser.new_page() as page:
        page.goto(explorer.url)
        load(page)
        assert difference(shown(page, "last"), shown(explorer, "last")) < 1e-6
        assert page.get_by_label("Take").input_value() == "draw"
        page.goto(f"{explorer.url}&view.blur1=900&view.photograph=nobody&view.source3=1")
        load(page)
        words = page.get_by_role("alert").inner_text()
        assert "source, blur1, photograph" in words


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_explorer_is_accessible_and_fits(explorer: Page, width: int):
    explorer.set_viewport_size({"width": width, "height": 844})
    found = Axe().run(explorer, context=".ls-explorer")
    assert not found.response["violations"], found.generate_report()
    assert explorer.evaluate("document.documentElement.scrollWidth") <= width
    explorer.get_by_label("Your own picture").set_input_files(file(scene(120, 600)))
    settle(explorer)
    tall = explorer.locator(".ls-pair canvas").first.bounding_box()
    assert tall and tall["height"] < 0.5 * 844
    explorer.set_viewport_size({"width": 1280, "height": 900})
