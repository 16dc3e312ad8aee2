"""The shapes: what is shipped, and how meshes become voxels."""

import io
import sys
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from latentlab import training_shapes, voxel_shapes
from latentlab.training_shapes import (
    ALIKE,
    MARGIN,
    furniture,
    overlaps,
    parts,
    placed,
    solids,
    voxelized,
)
from latentlab.voxel_shapes import SIDE, WAYS, shrunk, turned

PARTS = {
    ("furniture", "training"): 660,
    ("furniture", "validation"): 60,
    ("furniture", "held_out"): 100,
    ("solids", "training"): 836,
    ("solids", "validation"): 60,
    ("solids", "held_out"): 103,
}
LICENSES = {"furniture": set(training_shapes.LICENSES.values()), "solids": {"Zlib"}}
UPRIGHT = np.eye(3)

CATALOG = r"""
id=Test
license=CC BY
id#1=Test#chair
name#1=Caf\u00e9 chair
creator#1=Ada
model#1=/models/chair.obj
width#1=40
depth#1=50.5
height#1=90
id#2=Test#table
name#2=Table
creator#2=Grace
model#2=/models/table.obj
modelRotation#2=1 0 0 0 0 1 0 -1 0
width#2=120
depth#2=80
height#2=70
"""


def box() -> tuple[np.ndarray, np.ndarray]:
    """Corners of a cube of side 2 around the origin, and its twelve triangles."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return corners, np.array([t for a, b, c, d in sides for t in ((a, b, c), (a, c, d))])


@pytest.mark.parametrize(("collection", "part"), PARTS)
def test_every_shape_is_binary_full_somewhere_and_has_a_source(collection, part):
    shapes = voxel_shapes.load(part, collection)
    sources = voxel_shapes.sources(part, collection)
    assert len(shapes) == len(sources) == PARTS[collection, part]
    assert shapes.shape[1:] == (1, SIDE, SIDE, SIDE)
    assert set(shapes.unique().tolist()) == {0.0, 1.0}
    assert shapes.flatten(1).any(1).all()
    for source in sources:
        assert source.name and source.creator and source.file.endswith(".obj")
        assert source.license in LICENSES[collection]


@pytest.mark.slow
@pytest.mark.parametrize("collection", LICENSES)
def test_no_shape_held_out_has_a_near_twin_among_those_trained_on(collection):
    trained, held_out = (
        voxel_shapes.load(part, collection)[:, 0] > 0 for part in ("training", "held_out")
    )
    both = torch.cat((held_out, trained))
    across = overlaps(both)[: len(held_out), len(held_out) :]
    assert across.max() < ALIKE
    files = [
        {source.file for source in voxel_shapes.sources(part, own)}
        for own, part in PARTS
        if own == collection
    ]
    assert len(set.union(*files)) == sum(map(len, files))


def test_unknown_requests_and_damaged_files_are_told(tmp_path, monkeypatch):
    for ask in (voxel_shapes.load, voxel_shapes.sources):
        with pytest.raises(ValueError, match="there is no part 'test': expected one of"):
            ask("test")
        with pytest.raises(ValueError, match="there is no collection 'chairs': expected one of"):
            ask("held_out", "chairs")
    for name in voxel_shapes.SHA256:
        content = bytearray((voxel_shapes.FOLDER / name).read_bytes())
        content[100] ^= 1
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(voxel_shapes, "FOLDER", tmp_path)
    with pytest.raises(OSError, match="damaged"):
        voxel_shapes.load("held_out")


@given(st.lists(st.floats(0.1, 1), min_size=3, max_size=3))
def test_a_shrunk_shape_keeps_its_thin_parts_and_its_middle(factors):
    shape = torch.zeros(16, 16, 16)
    shape[1:15, 1:15, 8] = 1  # a sheet, one voxel thin
    small = shrunk(shape, factors)
    assert small.unique().tolist() == [0, 1]
    low, high = (f(small.nonzero(), 0).values for f in (torch.min, torch.max))
    for axis in (0, 1):
        assert abs((high - low + 1)[axis].item() - 14 * factors[axis]) <= 2
        assert abs((high + low)[axis].item() - 15) <= 1
    assert high[2] == low[2]
    assert small.sum() == torch.prod(high - low + 1)


def test_shrinking_by_nothing_keeps_a_shape_and_growing_is_refused():
    shape = voxel_shapes.load("held_out")[0]
    assert torch.equal(shrunk(shape, (1, 1, 1)), shape)
    with pytest.raises(ValueError, match=r"factors in \(0, 1\], got 1\.5"):
        shrunk(shape, (1, 1.5, 1))


@given(way=st.integers(0, WAYS - 1))
def test_turning_keeps_heights_and_can_be_undone(way):
    shape = torch.arange(27).reshape(3, 3, 3)
    there = turned(shape, way)
    assert torch.equal(there.sort(dim=0).values.sum((0, 2)), shape.sum((0, 2)))
    back = there
    for _ in range(3):
        back = turned(back, way)
    assert torch.equal(back, shape) or torch.equal(turned(there, way), shape)


def test_the_eight_ways_are_eight():
    shape = torch.arange(27).reshape(3, 3, 3)
    assert len({tuple(turned(shape, way).flatten().tolist()) for way in range(WAYS)}) == WAYS
    with pytest.raises(ValueError, match=r"way must be in 0\.\.7, got 8"):
        turned(shape, 8)


def test_a_catalog_says_what_its_pieces_are():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(training_shapes.PROPERTIES, CATALOG)
    with zipfile.ZipFile(file) as archive:
        chair, table = furniture(archive, "CC-BY-3.0")
    assert (chair.name, chair.creator, chair.license) == ("Café chair", "Ada", "CC-BY-3.0")
    assert chair.file == "models/chair.obj" and chair.size == (40, 90, 50.5)
    assert np.array_equal(chair.rotation, UPRIGHT)
    assert np.array_equal(table.rotation @ [0, 0, 1], [0, 1, 0])


def test_a_mesh_is_placed_upright_in_the_middle_at_its_proportions():
    points, _ = box()
    where = placed(points, UPRIGHT, (10.0, 20.0, 5.0))  # width, height, depth
    low, high = where.min(0), where.max(0)
    assert np.allclose((low + high) / 2, SIDE / 2)
    assert np.allclose(high - low, np.array([0.25, 1, 0.5]) * (SIDE - 2 * MARGIN))  # D, H, W
    top, front, right = ([0.0, 1, 0], [0.0, 0, 1], [1.0, 0, 0])
    for direction, axis, sign in ((front, 0, -1), (top, 1, -1), (right, 2, 1)):
        pair = placed(np.array([np.negative(direction), direction]), UPRIGHT, (1.0, 1.0, 1.0))
        assert np.sign(pair[1] - pair[0])[axis] == sign


def test_a_mesh_without_a_stated_size_keeps_its_own_proportions():
    points, _ = box()
    where = placed(points * [1, 2, 4], UPRIGHT)
    edges = (where.max(0) - where.min(0)) / (SIDE - 2 * MARGIN)
    assert np.allclose(edges, [1, 0.5, 0.25])  # D, H, W


def test_random_solids_stand_on_their_third_axis(tmp_path):
    for number in ("001", "000"):
        folder = tmp_path / "data" / "random" / number
        folder.mkdir(parents=True)
        (folder / f"{number}.obj").touch()
    first, second = solids(tmp_path / "data" / "random")
    assert first.file == "data/random/000/000.obj" and second.name == "Random solid 001"
    assert np.array_equal(first.rotation @ [0, 0, 1], [0, 1, 0])
    assert np.linalg.det(first.rotation) == 1


def test_voxels_are_the_surface_and_what_it_encloses():
    points, faces = box()
    full = voxelized(placed(points, UPRIGHT, (1.0, 1.0, 1.0)), faces)
    inside = slice(MARGIN, SIDE - MARGIN)
    assert full[inside, inside, inside].all()  # hollow was the mesh
    open_faces = faces[2:]  # one side of the box is missing, so nothing is enclosed
    assert not voxelized(placed(points, UPRIGHT, (1.0, 1.0, 1.0)), open_faces)[16, 16, 16]


def test_families_stay_together():
    alike = torch.eye(300, dtype=torch.bool)
    for a, b in ((0, 5), (5, 17), (17, 290)):
        alike[a, b] = alike[b, a] = True
    chosen = parts(alike)
    assert len({chosen[member] for member in (0, 5, 17, 290)}) == 1
    assert chosen == parts(alike) != parts(alike, seed=1)
    assert chosen.count("held_out") in range(100, 104)


def test_a_missing_package_and_points_that_are_no_numbers_are_told(monkeypatch, tmp_path, capsys):
    for name, corner in (("000", "0 0 nan"), ("001", "0 0 1")):
        folder = tmp_path / "data" / "random" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.obj").write_text(
            f"v 0 0 0\nv 1 0 0\nv 0 1 0\nv {corner}\nf 1 2 3\nf 1 2 4\n"
        )
    found = list(solids(tmp_path / "data" / "random"))
    monkeypatch.setattr(training_shapes, "SHARES", {})
    training_shapes.write(tmp_path / "out", "solids", found, tmp_path)
    told = capsys.readouterr().out
    assert "left out, for its points are no numbers: data/random/000/000.obj" in told
    assert len((tmp_path / "out" / "solids.csv").read_text().splitlines()) == 2
    monkeypatch.setitem(sys.modules, "trimesh", None)
    with pytest.raises(RuntimeError, match="trimesh is missing: pip install"):
        training_shapes.write(tmp_path / "out", "solids", found, tmp_path)
