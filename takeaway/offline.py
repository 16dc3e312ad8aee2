"""The whole book in one archive, to be read where there is no network."""

from collections.abc import Mapping
from pathlib import Path

from takeaway import archive

FOLDER = "latent-shapes"
START = Path(__file__).with_name("start-here.txt")


def write(target: Path, book: Path, licenses: Path, changed: Mapping[str, str]) -> None:
    """Write an archive of the built `book`, without `target` itself.

    `licenses` is the folder with the licenses of code and prose, `changed` the text of files that
    are others here than on the web, by their path in the book.
    """
    contents = {
        path.relative_to(book).as_posix(): path.read_bytes()
        for path in book.rglob("*")
        if path.is_file() and path != target
    }
    contents |= {name: text.encode() for name, text in changed.items()}
    contents |= {path.name: path.read_bytes() for path in (START, *licenses.glob("LICENSE*"))}
    archive.write(target, {f"{FOLDER}/{name}": content for name, content in contents.items()})
