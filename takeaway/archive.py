"""Zip archives whose bytes depend on their contents alone."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip archive can name
READABLE = 0o100644 << 16


def write(target: Path, contents: Mapping[str, bytes]) -> None:
    """Write an archive of `contents`, by the names of its files."""
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, wherever it is written
            entry.external_attr = READABLE
            archive.writestr(entry, contents[name], zipfile.ZIP_DEFLATED, compresslevel=9)
