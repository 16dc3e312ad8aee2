"""Read a file of the course only if it is the one that was shipped."""

import hashlib
from pathlib import Path


def read(path: Path, sha256: str) -> bytes:
    """The content of a file. Raises OSError when it is missing or has another hash."""
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise OSError(
            f"{path} is damaged: its SHA-256 hash should be {sha256} but is {found}; "
            "restore the file from the course's repository."
        )
    return content
