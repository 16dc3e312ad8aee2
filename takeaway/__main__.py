"""Make what a reader takes away, and tell its page how large it is: python -m takeaway."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import yaml

from takeaway import cheat_sheet, deck, offline

COURSE = Path(__file__).parents[1]
BOOK = COURSE / "_build" / "html"
PAGE = "handbook/take-away.html"
DECK, SHEET, OFFLINE = (
    "latent-shapes.apkg",
    "latent-shapes-cheat-sheet.pdf",
    "latent-shapes-offline.zip",
)
SOURCES = ("code", "labs", "takeaway", "requirements.txt")


def main() -> None:
    """Put deck, sheet and archive into the built book."""
    config = yaml.safe_load((COURSE / "_config.yml").read_text(encoding="utf-8"))
    repository = config["repository"]
    notebooks = f"{repository['url']}/blob/{repository['branch']}/labs"
    questions = json.loads((BOOK / "question-bank.json").read_text(encoding="utf-8"))
    address = config["html"].get("baseurl", "")
    deck.write(BOOK / DECK, questions, at=changed(), notebooks=notebooks, book=address)
    cheat_sheet.write(BOOK / SHEET, BOOK / "vendor/fonts", repository=repository["url"])
    values = {
        "deck": f"{_download(DECK)}, {len(questions)} cards",
        "sheet": _download(SHEET),
        "offline": f"<code>{OFFLINE}</code>, the copy that you are reading",
    }
    page = fill((BOOK / PAGE).read_text(encoding="utf-8"), values)
    offline.write(BOOK / OFFLINE, BOOK, COURSE, {PAGE: page})
    page = fill(page, values | {"offline": _download(OFFLINE)})
    (BOOK / PAGE).write_text(page, encoding="utf-8")


def changed() -> int:
    """When the questions were last changed, in seconds since 1970: Anki updates older notes only.

    That is the time of the last commit, or without a history that of the newest questions.
    """
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    if shutil.which("git"):
        command = ["git", "log", "-1", "--format=%ct", "--", *SOURCES]
        told = subprocess.run(command, cwd=COURSE, capture_output=True, text=True)
        if told.stdout:
            return int(told.stdout)
    return max(int(path.stat().st_mtime) for path in COURSE.glob("labs/*.toml"))


def fill(page: str, values: dict[str, str]) -> str:
    """The page with what is known only now, in the elements that ask for it."""
    for name, value in values.items():
        place = re.compile(rf'(<span data-made="{name}">).*?(</span>)', re.S)
        page, count = place.subn(lambda found, value=value: found[1] + value + found[2], page)  # type: ignore[misc]
        if count != 1:
            raise ValueError(
                f"{PAGE} has {count} places for {name!r}: "
                f'it needs one <span data-made="{name}"></span>'
            )
    return page


def _download(name: str) -> str:
    return f'<a href="../{name}" download>{name}</a>, {size((BOOK / name).stat().st_size)}'


def size(count: int) -> str:
    """A file's size in words."""
    return f"{count / 2**10:,.0f} KiB" if count < 2**20 else f"{count / 2**20:.1f} MiB"


if __name__ == "__main__":
    main()
