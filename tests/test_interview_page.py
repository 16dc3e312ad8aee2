"""The interview page: computed dialogues, plans that add up, and how it reads."""

import re
from collections.abc import Iterator
from pathlib import Path

import interview
import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from bs4 import BeautifulSoup
from latentlab import atlas, bank
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
FILE = ROOT / interview.FILE
PAGE = "handbook/interview.html"
DIALOGUES = ("never-seen", "out-of-memory", "gray")
PLANS = {"evening": 3, "weekend": 9, "two-weeks": 28}  # hours that a reader may be asked for
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return the folder of a course whose interview file may be changed."""
    (tmp_path / "handbook").mkdir()
    for page in ROOT.glob("handbook/*.md"):
        (tmp_path / "handbook" / page.name).symlink_to(page)
    for folder in ("code", "labs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    change(tmp_path, "", "")
    return tmp_path


def change(course: Path, old: str, new: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    (course / interview.FILE).write_text(text.replace(old, new, 1), encoding="utf-8")


def turns(name: str) -> list[str]:
    found = BeautifulSoup(interview.dialogue(ROOT, name), "html.parser").select(".ls-turn")
    return [" ".join(turn.get_text().split()) for turn in found]


@pytest.mark.parametrize("name", DIALOGUES)
def test_each_turn_says_who_speaks_and_they_take_turns(name: str):
    speakers = [turn.partition(":")[0] for turn in turns(name)]
    assert len(speakers) >= 8
    assert speakers == ["Interviewer", "Candidate"] * (len(speakers) // 2)


def test_figures_are_those_of_the_atlas():
    request = atlas.trace("ltx-video-0-9-5", height=512, width=768, frames=121)
    said = " ".join(turns("never-seen"))
    assert request.tokens
    for figure in (str(request.latent), str(request.decoded), f"{request.tokens[1]:,} tokens"):
        assert figure in said
    for family in atlas.families().values():
        if family.medium == "video":
            assert (family.title in said) == (family.latent_channels == request.latent[1])
    flux = atlas.family("flux-1").scaling
    assert f"(z − {flux['shift']}) × {flux['factor']}" in " ".join(turns("gray"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{z[1]} is unusual", "128 is unusual", r"'never-seen', `turns 4`: 128 is typed"),
        ("{z[1]} is unusual", "{zet[1]} is unusual", r"'never-seen', `turns 4`: zet\[1\] raises"),
        (
            "family('ltx-video-0-9-0')",
            "family('ltx-video-0-9-9')",
            r"'never-seen', `let.old`: .*ltx-video",
        ),
        ("z[0] == 1", "z[0] == 2", r"'never-seen', `holds`: not so"),
        ('{ interviewer = "Go on." }', '{ host = "Go on." }', r"`turns 3`: .*interviewer or"),
        ('lab = "lab-03', 'labs = "lab-03', r"'never-seen', `labs`: unknown; .*`lab`"),
    ],
)
def test_a_fault_is_told_with_file_dialogue_and_field(course, old, new, told):
    change(course, old, new)
    with pytest.raises(ValueError, match=rf"interview\.toml: dialogue .*{told}"):
        [interview.dialogue(course, name) for name in DIALOGUES]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("handbook/atlas.md", "handbook/atlases.md", "nearest is 'handbook/atlas.md'"),
        ("[[plan.evening]]", "[[plam.evening]]", "unknown: plam"),
        ("[[plan.evening]]", "[plan.evening", "no TOML"),
        ("[[plan.evening]]", "[[plan.night]]", "no plan 'evening'"),
    ],
)
def test_a_fault_of_a_plan_is_told(course, old, new, told):
    change(course, old, new)
    with pytest.raises(ValueError, match=rf"interview\.toml.*{told}"):
        interview.plan(course, "evening")


def test_an_unknown_dialogue_is_told_with_the_nearest():
    with pytest.raises(ValueError, match="no dialogue 'grey'; the nearest is 'gray'"):
        interview.dialogue(ROOT, "grey")


def test_prose_around_the_dialogues_has_no_typed_figure():
    text = (ROOT / "handbook" / "interview.md").read_text(encoding="utf-8")
    text = re.sub(r"\[[^]]*\]\([^)]*\)|^\d\. |```.*?```|[{}]", "", text, flags=re.M | re.S)
    assert not bank.typed_figures(text)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_adds_up(name: str):
    text = interview.plan(ROOT, name)
    total = 0
    for sitting in text.split("\n**")[1:]:
        each = [int(minutes) for minutes in re.findall(r"\*(\d+) min\*", sitting)]
        stated = re.search(r"\*\* · (\d+) minutes", sitting)
        assert stated and int(stated[1]) == sum(each) > 0
        total += sum(each)
    hours = re.search(r"about ([\d.]+) hours?", text)
    assert hours
    said = float(hours[1])
    assert total / 60 <= said < total / 60 + 0.5
    assert said <= PLANS[name]


def test_a_lab_is_counted_as_it_states():
    steps = re.findall(r"\(/(labs/\S+)\): .* \*(\d+) min\*", interview.plan(ROOT, "two-weeks"))
    assert steps
    for path, counted in steps:
        title = nbformat.read(ROOT / path, as_version=4).cells[0].source
        assert interview.STATED.search(title)
        stated = int(re.findall(r"\*(\d+) minutes", title)[0])
        share = 2 if "as much again" in title else 1.5 if "half as much" in title else 1
        assert stated * share <= int(counted) < stated * share + interview.ROUND


def test_two_weeks_have_each_lab_once():
    text = interview.plan(ROOT, "two-weeks")
    for lab in ROOT.glob("labs/lab-*.ipynb"):
        assert text.count(f"(/labs/{lab.name})") == 1


@pytest.fixture(params=[None, PHONE], ids=["wide", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Page]:
    with browser.new_page(viewport=request.param) as page:
        page.goto(f"{site}{PAGE}")
        yield page


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_page_reads_at_any_width_and_in_the_dark(page: Page, mode: str):
    page.evaluate("mode => { document.documentElement.dataset.theme = mode; }", mode)
    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    found = Axe().run(page, context=".bd-article")
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.slow
def test_without_javascript_the_dialogues_and_plans_are_there(browser: Browser, site: str):
    with browser.new_page(java_script_enabled=False) as page:
        page.goto(f"{site}{PAGE}")
        assert page.get_by_role("group", name="Dialogue: ").count() == len(DIALOGUES)
        shown = page.locator(".ls-turn").all_inner_texts()
        assert [" ".join(text.split()) for text in shown] == [
            turn for name in DIALOGUES for turn in turns(name)
        ]
        links = page.locator(".ls-plan li a")
        assert links.count() > 30
        assert all(text.strip() for text in links.all_inner_texts())
