"""Rehearsals of the two ways to open a lab elsewhere: on Binder and on Colab.

With what Binder installs, the labs are executed by `make test` itself, which compares outputs.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
LABS = sorted(ROOT.glob("labs/lab-*.ipynb"))
each_lab = pytest.mark.parametrize("lab", LABS, ids=[lab.stem for lab in LABS])


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, as nobody in particular, and return its output."""
    identity = (
        "-c",
        "user.name=Rehearsal",
        "-c",
        "user.email=rehearsal@example.invalid",
    )
    ended = subprocess.run(
        ["git", "-C", str(folder), *identity, "-c", "commit.gpgsign=false", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return ended.stdout


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of what would be published now: every file that git does not ignore."""
    folder = tmp_path_factory.mktemp("published")
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message=The course as it is now")
    return folder


@pytest.fixture
def clone(published: Path, tmp_path: Path) -> Path:
    """Return a clean clone of the published repository."""
    git(tmp_path, "clone", "--quiet", "--no-hardlinks", str(published), "clone")
    return tmp_path / "clone"


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which Jupyter looks for kernels."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    return tmp_path / "jupyter" / "kernels"


def execute(notebook: Path, python: Path, kernels: Path, **variables: str) -> str:
    """Run a notebook to its end on another Python and return where that found latentlab."""
    spec = kernels / "rehearsal" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "Rehearsal", "language": "python"}))

    cells = nbformat.read(notebook, as_version=4)
    cells.cells.append(nbformat.v4.new_code_cell("import latentlab; print(latentlab.__file__)"))
    client = NotebookClient(
        cells,
        kernel_name="rehearsal",
        timeout=600,
        resources={"metadata": {"path": str(notebook.parent)}},
    )
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    search = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    client.execute(env=inherited | {"PATH": search} | variables)
    return str(cells.cells[-1].outputs[0].text).strip()


def test_there_are_labs() -> None:
    assert LABS, "no lab to rehearse: labs/ holds no lab-*.ipynb"


def test_binder_accepts_the_repository(clone: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(clone)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    install = ended.stdout.index('pip install --no-cache-dir -r "binder/requirements.txt"')
    assert ended.stdout.index("src/ ${REPO_DIR}/") < install, "the course is copied too late"


@pytest.mark.slow
@each_lab
def test_colab_runs_the_lab(
    lab: Path, published: Path, config: dict[str, Any], tmp_path: Path, kernels: Path
) -> None:
    # Colab: an environment with the packages but without the course ...
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    packages = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(environment)}))
    (packages / "google" / "colab").mkdir(parents=True)
    (packages / "google" / "colab" / "__init__.py").touch()
    (packages / "colab.pth").write_text("import google.colab\n")

    # ... in which someone opens the notebook alone, and the course's address is that of the copy.
    alone = tmp_path / "content"
    alone.mkdir()
    shutil.copy2(lab, alone)
    url = config["repository"]["url"]
    found = execute(
        alone / lab.name,
        environment / "bin" / "python",
        kernels,
        # Like Colab's own packages, but their .pth files, so an editable install, have no effect.
        PYTHONPATH=sysconfig.get_path("purelib"),
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"url.{published.as_uri()}.insteadOf",
        GIT_CONFIG_VALUE_0=url,
        # No network: git reads the copy only, and pip builds with the setuptools that is there.
        GIT_ALLOW_PROTOCOL="file",
        PIP_NO_INDEX="1",
        PIP_NO_BUILD_ISOLATION="0",  # For pip, 0 means no isolation (pypa/pip#5735).
    )
    assert (alone / url.rsplit("/", 1)[1] / "_toc.yml").exists(), "the course was not cloned"
    assert not Path(found).resolve().is_relative_to(ROOT), f"latentlab came from {found}"
