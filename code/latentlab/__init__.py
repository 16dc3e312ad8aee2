"""The parts of the Latent Shapes labs that are real and reusable."""
