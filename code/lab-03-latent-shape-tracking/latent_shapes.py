"""Follow one video request through batch, channel, frame, height and width.

Axes are always written in the order B C T H W.
"""

# (1) The contract: what is asked for, and the two factors of the VAE that encodes it.
BATCH, FRAMES, HEIGHT, WIDTH = 1, 81, 720, 1280
SPATIAL = 8  # pixels per latent cell, along H and along W
TEMPORAL = 4  # frames per latent frame, after the first one

pixels = (BATCH, 3, FRAMES, HEIGHT, WIDTH)  # (1, 3, 81, 720, 1280)


def cells(height, width):
    """Pixels to cells; a side that is no multiple is refused, not cut."""
    if height % SPATIAL or width % SPATIAL:
        raise ValueError(f"{height} x {width}: sides must be multiples of {SPATIAL}")
    return height // SPATIAL, width // SPATIAL


def per_frame_latent(batch, frames, height, width, channels=4):
    """An image VAE sees no time: frames visit the batch, are encoded, and come back."""
    folded = (batch * frames, 3, height, width)
    encoded = (folded[0], channels, *cells(height, width))
    return (encoded[0] // frames, channels, frames, *encoded[2:])


def causal_latent(batch, frames, height, width, channels=16):
    """A causal video VAE: the first frame by itself, then one latent frame per four."""
    if frames < 1:
        raise ValueError(f"{frames} frames: a clip has at least 1")
    left_over = (frames - 1) % TEMPORAL
    if left_over:
        below, above = frames - left_over, frames - left_over + TEMPORAL
        rule = f"not {TEMPORAL}k+1; nearest are {below} and {above}"
        raise ValueError(f"{frames} frames: {rule}")
    time = 1 + (frames - 1) // TEMPORAL
    return (batch, channels, time, *cells(height, width))


# (2) World one, per frame: T stays the number of frames. Folding frames into B hides T
#     for the length of one call. `frames` is not a batch: it is still an axis with a
#     meaning, and it must be unfolded again.
what_the_image_vae_sees = (BATCH * FRAMES, 3, HEIGHT, WIDTH)  # (81, 3, 720, 1280)
per_frame = per_frame_latent(BATCH, FRAMES, HEIGHT, WIDTH)  # (1, 4, 81, 90, 160)

# (3) World two, causal video: the VAE itself shortens time. 81 = 1 + 4 * 20, so T = 21.
causal = causal_latent(BATCH, FRAMES, HEIGHT, WIDTH)  # (1, 16, 21, 90, 160)

# (4) 80 frames are 1 + 4 * 19 and three more that fill no group. An encoder that does
#     not check drops those three without a word, and fewer frames come back.
time_for_80 = 1 + (80 - 1) // TEMPORAL  # 20
frames_back = 1 + (time_for_80 - 1) * TEMPORAL  # 77


# (5) A tensor of this shape is the state of the whole denoising loop. The denoiser
#     predicts one number for each of its numbers, and the scheduler updates them all.
def scheduler_step(latent, prediction):
    if latent != prediction:
        raise ValueError(f"{latent} and {prediction} must be one and the same shape")
    return latent


after_one_step = scheduler_step(causal, prediction=causal)  # (1, 16, 21, 90, 160)

if __name__ == "__main__":
    print("pixels     ", pixels)
    print("per frame  ", per_frame)
    print("causal     ", causal, "and after a denoising step", after_one_step)
    print("80 frames  ", time_for_80, "latent frames, decoded to", frames_back)
    try:
        causal_latent(BATCH, 80, HEIGHT, WIDTH)
    except ValueError as error:
        print("80, checked", error)
