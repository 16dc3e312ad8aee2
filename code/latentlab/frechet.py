"""How far two sets of pictures are apart, as sets: the Fréchet distance of their features."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor


@dataclass(frozen=True)
class Normal:
    """The normal distribution with the mean and the covariance of some features.

    Attributes:
        mean: (f,)
        covariance: (f, f), double precision.
    """

    mean: Float[Tensor, " f"]
    covariance: Float[Tensor, "f f"]


def normal(features: Shaped[Tensor, "..."]) -> Normal:
    """Mean and covariance of features, one row a picture.

    Raises ValueError for another rank, for values that are no numbers, and when there are no more
    rows than columns: the covariance of so few says little.
    """
    if features.ndim != 2:
        raise ValueError(f"features have shape {tuple(features.shape)}: expected one row a picture")
    if not features.isfinite().all():
        raise ValueError("features have values that are NaN or infinite: expected numbers")
    rows, columns = features.shape
    if rows <= columns:
        raise ValueError(f"{rows} pictures: expected more than the {columns} features of each")
    return Normal(features.double().mean(0), features.double().T.cov())


def distance(one: Normal, other: Normal) -> float:
    """The squared Fréchet distance |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)).

    That of Dowson and Landau (1982), which Heusel et al. (2017, arXiv 1706.08500) made the
    measure of generated pictures, there with the features of another network.

    Raises ValueError when the two have another number of features.
    """
    if one.mean.shape != other.mean.shape:
        raise ValueError(f"{len(one.mean)} and {len(other.mean)} features: expected equally many")
    values, vectors = torch.linalg.eigh(one.covariance)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    # The eigenvalues of C C' are those of the symmetric C^(1/2) C' C^(1/2).
    cross = torch.linalg.eigvalsh(root @ other.covariance @ root).clamp(min=0).sqrt().sum()
    spread = one.covariance.trace() + other.covariance.trace() - 2 * cross
    return ((one.mean - other.mean).square().sum() + spread).item()
