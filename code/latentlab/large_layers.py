"""What CogVideoX and Mochi 1 do with a large clip: their convolutions are split along T.

Both build on `CogVideoXSafeConv3d` of diffusers. It hands an input of more than 2 GiB (at 16 bits)
to the convolution in parts along T, each with the end of the part before it. A part with fewer
frames than the kernel raises. Where the convolution also strides, parts that do not begin on the
stride make more frames than the whole would. Standard library only.

Source: diffusers 0.42.1, models/autoencoders/autoencoder_kl_cogvideox.py and
autoencoder_kl_mochi.py; executed by tests/test_atlas.py.
"""


def convolved(frames: int, kernel: int, stride: int, numbers: int) -> int | None:
    """Frames that come out of `frames` padded ones, or None where the class raises.

    `numbers` is the size of the whole input, in elements.
    """
    gibibytes = numbers * 2 / 2**30
    parts = int(gibibytes / 2) + 1 if gibibytes > 2 else 1
    size = -(-frames // parts)
    made, before = 0, 0
    for start in range(0, frames, size):
        own = min(size, frames - start)
        length = own + min(before, kernel - 1)
        if length < kernel:
            return None
        made += (length - kernel) // stride + 1
        before = own
    return made


def cogvideox(batch: int, frames: int, height: int, width: int) -> bool:
    """Whether CogVideoX can decode a latent of `frames` latent frames to these pixels.

    The largest input is in the decoder, 256 channels at full size. It sees 8 frames at a time (9
    where three latent frames are the whole clip, 1 for an image) and the 2 before them.
    """
    length = {1: 1, 3: 9}.get(frames, 8) + 2
    return convolved(length, 3, 1, batch * 256 * length * height * width) is not None


def mochi(batch: int, frames: int, height: int, width: int) -> tuple[int, int] | None:
    """Latent frames and frames that come back, or None where Mochi 1 raises. Sides in pixels."""

    def passes(channels: int) -> bool:
        numbers = batch * channels * (frames + 2) * (height + 2) * (width + 2)
        return convolved(frames + 2, 3, 1, numbers) is not None

    for channels, stride in ((64, 1), (128, 2), (256, 3)):
        padded = frames + stride - 1
        made = convolved(padded, stride, stride, batch * channels * padded * height * width)
        if not passes(channels) or made is None:
            return None
        frames, height, width = made, height // 2, width // 2
    latent = frames
    for channels, growth in ((768, 3), (512, 2), (256, 1)):
        if not passes(channels):
            return None
        frames, height, width = frames * growth, height * 2, width * 2
    return (latent, frames - 5) if passes(128) else None


def most_pixels(rule: str) -> int:
    """No clip of more pixels than this, batch × height × width, is decoded: a part has 3 frames."""
    return 2**29 // {"cogvideox": 256, "mochi": 128}[rule]
