"""The exercises of the page: plain Python without numpy, and the part that has them checked."""

import json
import subprocess
import sys
from collections.abc import Iterator
from inspect import getsource
from pathlib import Path

import exercise_places
import notebooks
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Locator, Page

ROOT = Path(__file__).parents[1]
LABS = [path.stem for path in sorted(ROOT.glob("labs/lab-*.ipynb"))]
LAB = "lab-03-latent-shape-tracking"
PAGE = f"labs/{LAB}.html"
TENSORS = "labs/lab-01-pixels-and-axes.html"
PATIENCE = 120_000  # milliseconds, for machines that do much else
RIGHT = "def decoded_frames(frames):\n    return 1 + (frames - 1) // 4 * 4\n"
EVERY_FRAME = "def decoded_frames(frames):\n    return frames\n"
PASTE = """(content, text) => {
    content.focus();
    document.execCommand("selectAll");
    const data = new DataTransfer();
    data.setData("text/plain", text);
    content.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
}"""

# What is in the page beside a program, and no more. It is given programs, and says of each what
# the page would say.
IN_THE_PAGE = """
import json, sys
sys.modules["numpy"] = None
sys.path.insert(0, sys.argv[1])
from exercises import exercises
from verdict import verdict

def tried(name, code):
    names = {"__name__": "__main__", "__file__": f"/tmp/program/{name}.py"}
    exec(code, names)
    return verdict(code, names)

asked = json.load(sys.stdin)
told = {
    "contract": {
        exercise.name: {
            "solution": exercise.check(exercise.solution).state,
            "mistakes": {name: exercise.check(one).message
                         for name, one in exercise.mistakes.items()},
        }
        for exercise in exercises
    },
    "programs": [tried(*one) for one in asked],
}
json.dump(told, sys.stdout)
"""


def stubs(lab: str) -> dict[str, str]:
    """The programs that the page begins with, by the names of the exercises."""
    page = notebooks.page_exercises(lab).by_name
    found = exercise_places.stubs(ROOT / f"labs/{lab}.ipynb")
    return {stub.name: stub.code for stub in found if stub.name in page}


def in_the_page(folder: Path, lab: str, *programs: tuple[str, str]) -> dict:
    (folder / "latentlab").mkdir()
    files = {
        "latentlab/exercise.py": ROOT / "code/latentlab/exercise.py",
        "exercises.py": notebooks.page_file(lab),
        "verdict.py": ROOT / "web/exercise/verdict.py",
    }
    (folder / "latentlab/__init__.py").touch()
    for name, source in files.items():
        (folder / name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-c", IN_THE_PAGE, folder],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("lab", LABS)
def test_without_numpy_and_the_course_the_contract_holds(lab, tmp_path):
    page = notebooks.page_exercises(lab)
    begun = stubs(lab)
    assert begun.keys() == page.by_name.keys()
    solved = {}
    for name, code in begun.items():
        above, _, _ = code.partition(f"def {name}")
        solved[name] = above + getsource(page.by_name[name].solution)
    told = in_the_page(tmp_path, lab, *begun.items(), *solved.items())
    for name, found in told["contract"].items():
        assert found["solution"] == "solved"
        assert len(found["mistakes"]) >= 3
        for mistake, message in found["mistakes"].items():
            assert f"it looks as if {mistake}." in message, name
    # What a reader begins with is empty, or a function that is wrong and to be mended.
    empty = ["untouched" if "# your turn" in code else "wrong" for code in begun.values()]
    states = [one["state"] for one in told["programs"]]
    assert states == empty + ["solved"] * len(begun)


def test_a_program_is_told_what_its_answer_is_worth(tmp_path):
    name = "decoded_frames"
    programs = {
        "x = 1": None,
        f"{name} = 3": "yours raised TypeError: 'int' object is not callable",
        f"{name} = lambda frames: frames": "it looks as if you expect every frame to come back.",
        f"def {name}(frames): raise SystemExit": f"{name} ends the program",
        f"from exercises import check\n{RIGHT}check({name})": "Solved: right on all",
    }
    told = in_the_page(tmp_path, LAB, *((name, code) for code in programs))["programs"]
    for said, expected in zip(told, programs.values(), strict=True):
        assert said is None if expected is None else expected in said["message"]


def test_a_program_has_the_imports_of_the_cells_before_and_no_check():
    code = stubs("lab-05-vae-latent-space")["standard_deviation"]
    assert code.startswith("import math\n\n\ndef standard_deviation(log_variance):\n")
    assert code.endswith("return None  # your turn\n")
    assert "numpy" not in stubs("lab-06-latent-diffusion")["unscale"]


# From here on, the pages are open in Chromium.


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        yield context


@pytest.fixture(scope="module")
def warm(browser: Browser, site: str) -> Iterator[Page]:
    """A lab page on which an exercise was checked once."""
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(site + PAGE)
        check(exercise(page))
        yield page


def exercise(page: Page, name: str = "decoded_frames") -> Locator:
    return page.locator(".ls-exercise", has=page.get_by_role("group", name=f"Exercise {name}"))


def press(one: Locator, name: str) -> None:
    one.get_by_role("button", name=name, exact=True).click()


def write(one: Locator, code: str) -> None:
    """Replace what is in the editor."""
    press(one, "Write")
    one.locator(".cm-content").evaluate(PASTE, code)


def check(one: Locator) -> str:
    """Check the answer, wait, and return the verdict."""
    press(one, "Check")
    one.locator("button:text-is('Stop the check'):disabled").wait_for()
    return verdict(one)


def verdict(one: Locator) -> str:
    return one.locator("[role=status]:not(.ls-status)").inner_text()


def status(one: Locator) -> str:
    return one.locator(".ls-status").inner_text()


def stored(page: Page, key: str) -> dict:
    return json.loads(page.evaluate(f"localStorage.getItem('latent-shapes/{key}')"))["value"]


@pytest.mark.slow
def test_the_starter_is_your_turn_a_mistake_is_named_and_the_solution_solves(warm: Page):
    one = exercise(warm)
    write(one, EVERY_FRAME.replace("return frames", "return None"))
    assert check(one).startswith("Your turn: decoded_frames(81) should return 81.")
    write(one, EVERY_FRAME)
    said = check(one)
    assert said.startswith("Not yet: it looks as if you expect every frame to come back.")
    assert "decoded_frames(80) should return 77; yours returned 80." in said
    assert (
        warm.evaluate(f"localStorage.getItem('latent-shapes/solved/{LAB}/decoded_frames')") is None
    )
    write(one, RIGHT)
    warm.keyboard.press("Control+Enter")
    one.locator(".ls-verdict.ls-solved").wait_for()
    assert verdict(one).startswith("Solved: right on all")
    assert stored(warm, f"solved/{LAB}/decoded_frames")["at"] > 0
    assert one.locator(".cell_output").is_hidden()


@pytest.mark.slow
def test_prints_and_tracebacks_are_shown(warm: Page):
    one = exercise(warm)
    write(one, "def decoded_frames(frames):\n    print('asked', frames)\n    return 1\n")
    assert check(one).startswith("Not yet.")
    assert one.locator(".ls-printed").inner_text().startswith("asked 81\nasked 80\n")
    write(one, "def decoded_frames(frames)\n    return 1\n")
    assert check(one) == ""
    assert status(one) == "SyntaxError on line 1."
    assert "expected ':'" in one.locator(".ls-traceback").inner_text()
    assert one.locator(".cm-line.ls-faulty").inner_text().strip() == "def decoded_frames(frames)"
    write(one, f"{EVERY_FRAME}check(decoded_frames)\n")
    assert "it looks as if you expect every frame to come back." in check(one)
    assert status(one) == "NameError on line 3."
    write(one, "def other(frames):\n    return 1\n")
    assert check(one) == "Not yet: the program has nothing called decoded_frames."


@pytest.mark.slow
def test_a_loop_is_stopped_by_the_reader_or_by_the_limit(warm: Page):
    one = exercise(warm)
    write(one, "def decoded_frames(frames):\n    while True: pass\n")
    press(one, "Check")
    one.locator(".ls-status:text-is('Running…')").wait_for()
    press(one, "Stop the check")
    one.locator("button:text-is('Stop the check'):disabled").wait_for()
    assert status(one) == "Stopped."
    assert check(one) == ""
    assert status(one).startswith("Stopped after 10 s")
    write(one, RIGHT)
    assert check(one).startswith("Solved")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return decoded_frames(frames)", "yours raised RecursionError"),
        ("return input()", "yours raised EOFError: nobody can answer input() here"),
        ("return bytearray(10**9)", "yours raised MemoryError"),
        ("import numpy", "yours raised ModuleNotFoundError"),
        ("exit()", "decoded_frames ends the program"),
    ],
)
def test_what_goes_wrong_in_an_answer_is_part_of_the_verdict(warm: Page, body: str, said: str):
    one = exercise(warm)
    write(one, f"def decoded_frames(frames):\n    {body}\n")
    assert said in check(one)


@pytest.mark.slow
def test_a_flood_is_cut_and_the_answer_still_judged(warm: Page):
    one = exercise(warm)
    write(one, RIGHT.replace("    return", "    print('x' * 50_000)\n    return"))
    assert check(one).startswith("Solved")
    assert "printed more than 100,000 characters" in status(one)


@pytest.mark.slow
def test_a_draft_and_what_is_solved_outlive_a_reload(context: BrowserContext, site: str):
    page = context.new_page()
    page.goto(site + PAGE)
    write(exercise(page), RIGHT)
    assert check(exercise(page)).startswith("Solved")
    write(exercise(page, "place_in_folded_batch"), "# half of it")
    page.reload()
    one = exercise(page)
    one.locator(".cm-content").wait_for()
    assert "1 + (frames - 1) // 4 * 4" in one.locator(".cm-content").inner_text()
    assert verdict(one) == "You have solved this before."
    other = exercise(page, "place_in_folded_batch")
    assert other.locator(".cm-content").inner_text().strip() == "# half of it"
    assert verdict(other) == ""
    press(one, "Start over")
    assert not one.locator(".cm-content").count()
    assert one.locator(".cell_output").is_visible()
    press(one, "Bring my text back")
    assert "1 + (frames - 1) // 4 * 4" in one.locator(".cm-content").inner_text()


@pytest.mark.slow
def test_hints_come_one_after_another(context: BrowserContext, site: str):
    page = context.new_page()
    page.goto(site + PAGE)
    one = exercise(page)
    hints = notebooks.exercises(LAB).by_name["decoded_frames"].hints
    press(one, "Hint")
    assert one.locator(".ls-hints li").all_inner_texts() == [hints[0]]
    for number in range(2, len(hints) + 1):
        press(one, f"Next hint ({number} of {len(hints)})")
    last = one.get_by_role("button", name=f"Those were the {len(hints)} hints")
    assert last.evaluate("button => button === document.activeElement")
    last.press("Enter")
    assert one.locator(".ls-hints li").all_inner_texts() == list(hints)
    details = page.locator("details", has_text="Solution: decoded_frames")
    assert details.get_attribute("open") is None


@pytest.mark.slow
def test_an_exercise_with_numpy_names_the_places_that_check_it(context: BrowserContext, site: str):
    page = context.new_page()
    page.goto(site + TENSORS)
    sent = page.locator(".ls-exercise", has_text="This exercise computes with numpy")
    arrays = len(notebooks.exercises(TENSORS[5:-5]).by_name)
    arrays -= len(notebooks.page_exercises(TENSORS[5:-5]).by_name)
    sent.first.wait_for()
    assert sent.count() == arrays
    assert sent.first.get_by_role("link").all_inner_texts() == ["Colab", "Binder"]
    assert not sent.get_by_role("button", name="Check").count()
    press(sent.first, "Hint")
    found = Axe().run(page, context=".ls-exercise")
    assert not found.response["violations"], found.generate_report()
    assert sent.first.locator(".ls-hints li").count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["editor.mjs", "python.mjs", "exercises.py"])
def test_what_cannot_be_loaded_is_told(context: BrowserContext, site: str, missing: str):
    page = context.new_page()
    page.goto(site + PAGE)
    page.route(f"**/{missing}*", lambda route: route.abort())
    one = exercise(page)
    press(one, "Check")
    one.get_by_role("alert").locator("p").wait_for()
    assert "could not be loaded" in one.get_by_role("alert").inner_text()
    assert one.get_by_role("button", name="Check", exact=True).is_enabled()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_is_accessible_and_fits(warm: Page, scheme: str, width: int):
    one = exercise(warm)
    warm.set_viewport_size({"width": width, "height": 844})
    warm.reload(wait_until="domcontentloaded")
    warm.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
    for code in (RIGHT, EVERY_FRAME, "print(1)\n1 / 0\n"):
        write(one, code)
        check(one)
        found = Axe().run(warm, context=".ls-exercise")
        assert not found.response["violations"], found.generate_report()
    assert warm.evaluate("document.documentElement.scrollWidth") <= width
    small = "button => button.getBoundingClientRect().height < 44"
    assert not any(button.evaluate(small) for button in one.locator(".ls-tools button").all())


@pytest.mark.slow
def test_without_javascript_the_exercise_and_its_solution_are_there(browser: Browser, site: str):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + PAGE)
        place = page.locator("[data-part=exercise]").first
        assert "def decoded_frames(frames):" in place.locator("pre").first.inner_text()
        assert not place.get_by_role("button", name="Check").count()
        details = page.locator("details", has_text="Solution: decoded_frames")
        details.locator("summary").click()
        assert "(frames - 1) // 4 * 4" in details.inner_text()
