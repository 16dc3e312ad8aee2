"""Follow one 1024 x 1024 picture through a VAE: encode, look, decode.

Axes are always written in the order B C H W. There is no T: this is a single image.
"""

from math import prod

# (1) The contract: an RGB picture, and a VAE that keeps a cell for 8 x 8 pixels.
BATCH, HEIGHT, WIDTH = 1, 1024, 1024
FACTOR = 8
BYTES = {"fp32": 4, "fp16": 2}

image = (BATCH, 3, HEIGHT, WIDTH)  # (1, 3, 1024, 1024)


def encode(image, latent_channels):
    """Mean and log-variance leave the encoder as one tensor."""
    batch, _, height, width = image
    if height % FACTOR or width % FACTOR:
        raise ValueError(f"{height} x {width}: sides must be multiples of {FACTOR}")
    return (batch, 2 * latent_channels, height // FACTOR, width // FACTOR)


def sample(moments):
    """One draw has the shape of the mean: half of the channels."""
    batch, channels, height, width = moments
    return (batch, channels // 2, height, width)


def decode(latent):
    batch, _, height, width = latent
    return (batch, 3, height * FACTOR, width * FACTOR)


# (2) The main transition: H and W shrink 8 times, and channels appear that are no
#     colors. Four is an example, the number in Stable Diffusion 1, 2 and XL.
moments = encode(image, latent_channels=4)  # (1, 8, 128, 128)
latent = sample(moments)  # (1, 4, 128, 128)
back = decode(latent)  # (1, 3, 1024, 1024)

# The same picture with more channels: the grid stays, each cell holds more.
latent_16 = sample(encode(image, latent_channels=16))  # (1, 16, 128, 128)
latent_32 = sample(encode(image, latent_channels=32))  # (1, 32, 128, 128)

# (3) Two true answers to "how much smaller?". Say which one you mean.
fewer_positions = (HEIGHT * WIDTH) / prod(latent[2:])  # 64.0
fewer_elements = prod(image) / prod(latent)  # 48.0
fewer_elements_16 = prod(image) / prod(latent_16)  # 12.0
fewer_elements_32 = prod(image) / prod(latent_32)  # 6.0

# What it costs to keep, in bytes: a batch of latents is light.
latent_fp32 = prod(latent) * BYTES["fp32"]  # 262144
latent_fp16 = prod(latent) * BYTES["fp16"]  # 131072

# (4) What it costs to make. Near its end the decoder of Stable Diffusion's VAE is back
#     at full height and width with 256 channels. Memory peaks in decode.
widest = (BATCH, 256, HEIGHT, WIDTH)  # (1, 256, 1024, 1024)
widest_fp16 = prod(widest) * BYTES["fp16"]  # 536870912
times_the_latent = widest_fp16 / latent_fp16  # 4096.0

if __name__ == "__main__":
    print("image       ", image)
    print("moments     ", moments)
    print("latent      ", latent, "or", latent_16, "or", latent_32)
    print("decoded     ", back)
    print(f"positions    {fewer_positions:g} times fewer")
    print(f"elements     {fewer_elements:g} times fewer")
    print(f"latent fp16  {latent_fp16 / 2**10:g} KiB")
    print(f"widest fp16  {widest_fp16 / 2**20:g} MiB, {times_the_latent:g} latents")
