"""Write every page again when a stylesheet or a script has changed: Sphinx looks at texts only."""

from hashlib import sha256
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> set[str]:
    digest = sha256()
    for entry in (*app.config.html_static_path, *app.config.html_extra_path):
        path = Path(app.confdir, entry)
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(str(file).encode() + file.read_bytes())
    before, env.assets_digest = getattr(env, "assets_digest", ""), digest.hexdigest()  # type: ignore[attr-defined]
    return set() if before == env.assets_digest else set(env.found_docs)  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("env-get-outdated", outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
