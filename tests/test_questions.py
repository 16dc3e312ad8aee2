"""The questions of the labs: what their files may hold, what is told of a fault, and their form."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from bs4 import BeautifulSoup
from latentlab import real_class
from latentlab.ask import Ask, Prediction
from latentlab.predict import STORED, Instance, Option, Question, Questions
from playwright.sync_api import Browser, BrowserContext, Locator, Page

ROOT = Path(__file__).parents[1]
LABS = sorted(path.stem for path in ROOT.glob("labs/lab-*.ipynb"))
LAB = "lab-03-latent-shape-tracking"
PHONE = {"width": 390, "height": 844}
TOUCH = 44  # pixels that a finger needs

ENTRY = """
[[question]]
id = "eighty"
title = "A count off the rule"
draw = { frames = [80, 50] }
prompt = "{frames} frames go in. How many come back?"
right = "1 + (frames - 1) // TEMPORAL * TEMPORAL"
because = "{rest} are left over."
let = { rest = "(frames - 1) % TEMPORAL" }
[question.wrong]
"every frame is expected to come back" = "frames"
"the first frame is forgotten" = "(frames - 1) // TEMPORAL * TEMPORAL"
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return the folder of a course with a starter, and with ENTRY as the questions of its lab."""
    (tmp_path / "labs").mkdir()
    (tmp_path / "code" / "lab-00-try").mkdir(parents=True)
    (tmp_path / "code" / "lab-00-try" / "starter.py").write_text("TEMPORAL = 4\n")
    write(tmp_path, ENTRY)
    return tmp_path


def write(course: Path, text: str) -> None:
    (course / "labs" / "lab-00-try-questions.toml").write_text(text, encoding="utf-8")


def asked(course: Path) -> Question:
    return Questions(course, "lab-00-try")["eighty"]


def right(instance: Instance) -> str:
    (answer,) = (option.answer for option in instance.options if option.rule is None)
    return answer


def test_numbers_are_computed_from_the_starter(course: Path):
    first, second = asked(course).instances
    assert first.prompt == "80 frames go in. How many come back?"
    assert first.because == "3 are left over."
    assert {option.answer: option.rule for option in first.options} == {
        "77": None,
        "80": "every frame is expected to come back",
        "76": "the first frame is forgotten",
    }
    assert (first.drawn, second.drawn, right(second)) == ("80", "50", "49")


def test_every_combination_is_drawn_and_the_first_comes_first(course: Path):
    write(course, ENTRY.replace("[80, 50]", "[80, 50, 30], clips = [[1, 2], [3, 4]]"))
    drawn = [instance.drawn for instance in asked(course).instances]
    assert len(set(drawn)) == 6 and drawn[0] == "80 1×2"
    assert drawn == [instance.drawn for instance in asked(course).instances]


def test_where_leaves_out_what_makes_no_sense(course: Path):
    write(course, ENTRY.replace("[80, 50]", "[80, 81, 50]"))
    with pytest.raises(
        ValueError, match=r"`wrong.every frame.*: 81, as is right, with frames = 81"
    ):
        asked(course)
    write(course, ENTRY.replace("[80, 50] }", "[80, 81, 50] }\nwhere = 'frames % 4 != 1'"))
    assert [instance.drawn for instance in asked(course).instances] == ["80", "50"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('id = "eighty"', 'id = "Eighty"', "the id of question 1, 'Eighty', is not in kebab-case"),
        ('id = "eighty"\n', "", "the id of question 1, None, is not in kebab-case"),
        ('title = "A count off the rule"\n', "", "'eighty', `title`: missing"),
        ('title = "A count', 'titel = "A count', "`titel`: unknown; the nearest is `title`"),
        ('title = "A count off the rule"', "title = 7", "`title`: 7, expected a text"),
        ('right = "1 +', 'right = "one +', "`right`: one .* raises NameError"),
        ("How many", "{frames", "'eighty', `prompt`: "),
        ("{rest} are", "{left} are", "`because`: left raises NameError"),
        ("{rest} are", "{rest:.q} are", "`because`: "),
        ('= "frames"', '= "77"', "`wrong.every frame.*`: 77, as is right, with frames = 80"),
        ('= "frames"', '= "76"', "`wrong.the first frame.*`: 76, as the rule 'every frame"),
        ('= "frames"', "= 80", "`wrong.every frame.*`: 80 is a int, expected an expression"),
        ('= "frames"', '= "None"', "`wrong.every frame.*`: None is a NoneType, expected a number"),
        ('forgotten" =', 'forgotten." =', "ends with a full stop"),
        ("[80, 50]", "[]", "`draw`: frames = \\[\\], expected a list of values"),
        ("[80, 50]", "80", "`draw`: frames = 80, expected a list of values"),
        (
            "[80, 50]",
            f"{list(range(2, 200, 4))}",
            "`draw`: 50 sets of numbers, expected 36 at most",
        ),
        ("let =", "where = 'frames < 80'\nlet =", "`where`: it leaves out the first values"),
        ("let =", "holds = 'frames == 80'\nlet =", "`holds`: not so, with frames = 50"),
        (
            "let =",
            "run = 'frames + {frames}'\nlet =",
            "`run`: frames \\+ 80 gives 160, where 77 is",
        ),
        ("\n[[question]]", "\nmodule = []\n[[question]]", "; unknown: module"),
        ("[[question]]", "[question]]", "is no TOML"),
        ('"the first frame is forgotten"', '# "', "`wrong`: one rule, expected 2 or more"),
        ("[[question]]", "[question]", ": expected \\[\\[question\\]\\] entries"),
    ],
)
def test_a_fault_is_told_with_file_entry_and_field(course: Path, old: str, new: str, told: str):
    assert old in ENTRY
    write(course, ENTRY.replace(old, new))
    with pytest.raises(ValueError, match=rf"^lab-00-try-questions\.toml.*{told}"):
        asked(course)


def test_an_id_that_is_there_twice_is_refused(course: Path):
    write(course, ENTRY + ENTRY)
    with pytest.raises(ValueError, match="the id of question 2, 'eighty', is there twice"):
        Questions(course, "lab-00-try")


def test_an_unknown_question_offers_the_nearest(course: Path):
    with pytest.raises(ValueError, match="has no question 'eight'; the nearest is 'eighty'"):
        Questions(course, "lab-00-try")["eight"]
    with pytest.raises(ValueError, match=r"lab-01-try-questions\.toml is missing"):
        Questions(course, "lab-01-try")


@pytest.mark.parametrize("lab", LABS)
def test_right_differs_from_every_wrong_in_all_numbers(lab: str):
    questions = Questions(ROOT, lab)
    for name in questions:
        for instance in questions[name].instances:
            answers = [option.answer for option in instance.options]
            assert len(set(answers)) == len(answers) >= 3, (name, instance.drawn)
            assert [option.rule for option in instance.options].count(None) == 1
            assert not re.search(r"[{}]", instance.prompt + instance.because), instance.prompt


def test_the_right_answer_has_no_fixed_place(course: Path):
    write(course, ENTRY.replace("[80, 50]", str(list(range(2, 60, 4)))))
    places = {
        [option.rule for option in instance.options].index(None)
        for instance in asked(course).instances
    }
    assert places == {0, 1, 2}


# What a question says of a real model, against the class of diffusers, without its weights.
@pytest.mark.parametrize(
    ("lab", "name", "drawn", "family", "size", "answer"),
    [
        (LAB, "shape", "17 512×512", "wan-2-1", {"height": 512, "width": 512, "frames": 17}, 0),
        ("lab-04-frame-rules", "mochi", "30", "mochi-1", {"frames": 30}, 1),
        ("lab-04-frame-rules", "pairs", "22", "cogvideox-1-0", {"frames": 22}, 1),
        ("lab-05-vae-latent-space", "multiple", "500", "sd-1", {"height": 500, "width": 500}, 1),
    ],
)
def test_answers_are_what_the_real_class_does(lab, name, drawn, family, size, answer):
    question = Questions(ROOT, lab)[name]
    (instance,) = (one for one in question.instances if one.drawn == drawn)
    request = {"height": 320, "width": 320} | size
    vae = real_class.build(family)
    found = real_class.there_and_back(vae, family, **request)
    if answer == 0:
        assert right(instance) == str(found[0])
    else:
        axis = 3 if len(found[1]) == 4 else 2
        assert right(instance) == f"{found[1][axis]:,}"


def made(**changes: Any) -> Question:
    options = (
        Option("(1, 2)", None),
        Option("a `b` & c", "x < y is believed"),
        Option("nothing", "it is left out"),
    )
    instance = Instance("", "What of B C T H W, and `x < 1`?", options, "so it is & stays")
    return Question("lab-00-try", "one", "One & all", (instance,))


def test_without_scripts_each_answer_unfolds_to_its_rule():
    page = BeautifulSoup(made().html, "html.parser")
    assert page.select_one(".ls-predict > p").text == "What of B\xa0C\xa0T\xa0H\xa0W, and x < 1?"
    assert {option.summary.text: option.p.text for option in page.find_all("details")} == {
        "(1, 2)": "Right. so it is & stays",
        "a b & c": "Not this one. That is what you get when x < y is believed.",
        "nothing": "Not this one. That is what you get when it is left out.",
    }
    assert [code.text for code in page.find_all("code")] == ["x < 1", "b"]


def test_notebook_has_the_form_and_what_is_stored():
    widget = Ask(ROOT, LAB)("eighty")
    assert isinstance(widget, Prediction)
    data, metadata = widget._repr_mimebundle_()
    question = Questions(ROOT, LAB)["eighty"]
    assert data["text/html"] == question.html and metadata[STORED] == question.as_json()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert widget.record is None and widget.question["id"] == "eighty"


def test_notebook_has_the_module_of_the_page():
    built = ROOT / "web" / "dist" / "parts" / "question.mjs"
    kept = ROOT / "code" / "latentlab" / "parts" / "question.mjs"
    assert kept.read_text(encoding="utf-8") == built.read_text(encoding="utf-8"), (
        "run `make widgets`"
    )


# From here on, a lab is open in Chromium.


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport=PHONE, has_touch=True) as context:
        yield context


@pytest.fixture
def lab(context: BrowserContext, site: str) -> Page:
    page = context.new_page()
    return opened(page, site)


def opened(page: Page, site: str) -> Page:
    page.goto(f"{site}labs/{LAB}.html")
    page.locator(".ls-question").nth(4).wait_for()
    return page


def form(page: Page, name: str) -> Locator:
    return page.locator(f".ls-question[data-question={name}]")


def answer(page: Page, name: str, rule: str | None) -> str:
    """The words of the option of the instance on the page with this rule."""
    question = Questions(ROOT, LAB)[name]
    prompt = form(page, name).locator("legend").inner_text().replace("\xa0", " ")
    (instance,) = (one for one in question.instances if one.prompt == prompt)
    return next(option.answer for option in instance.options if option.rule == rule)


def commit(page: Page, name: str, rule: str | None) -> None:
    words = answer(page, name, rule)
    form(page, name).get_by_role("radio", name=words, exact=True).check()
    form(page, name).get_by_role("button", name="Commit").tap()


FORGOTTEN = "the first frame is forgotten when decoding"
HOPED = "every frame is expected to come back"


@pytest.mark.slow
def test_nothing_is_revealed_before_a_commit(lab: Page):
    one = form(lab, "eighty")
    status = one.get_by_role("status")
    for option in one.get_by_role("radio").all():
        option.check()
        assert status.inner_text() == ""
    assert one.get_by_role("button").all_inner_texts() == ["Commit"]
    lab.reload()
    opened(lab, lab.url.partition("labs/")[0])
    form(lab, "eighty").get_by_role("button", name="Commit").tap()
    assert "Choose an answer first" in status.inner_text()
    assert not form(lab, "eighty").locator(".ls-was").count()


@pytest.mark.slow
def test_a_wrong_answer_names_its_rule_and_may_be_tried_again(lab: Page):
    one = form(lab, "eighty")
    commit(lab, "eighty", FORGOTTEN)
    said = one.get_by_role("status").inner_text()
    assert f"That is what you get when {FORGOTTEN}." in said
    assert "77" not in said.replace("(80 - 1)", "") and not one.locator(".ls-good").count()
    assert one.get_by_role("radio", name="not this one").is_disabled()
    commit(lab, "eighty", None)
    assert one.get_by_role("status").inner_text().startswith("Right.")
    assert one.get_by_role("button").all_inner_texts() == ["New numbers"]
    assert one.get_by_role("button").evaluate("button => button === document.activeElement")


@pytest.mark.slow
def test_the_answer_is_shown_to_who_asks_after_a_try(lab: Page):
    one = form(lab, "eighty")
    commit(lab, "eighty", HOPED)
    one.get_by_role("button", name="Show the answer").tap()
    assert "The answer: 77." in one.get_by_role("status").inner_text()
    assert one.locator(".ls-good").inner_text().split("\n")[0] == "77"


@pytest.mark.slow
def test_run_leads_to_the_starter(lab: Page):
    one = form(lab, "eighty")
    commit(lab, "eighty", HOPED)
    assert (
        one.locator(".ls-feedback code").inner_text()
        == "print(1 + (80 - 1) // TEMPORAL * TEMPORAL)"
    )
    one.get_by_role("link", name="the starter file").tap()
    heading = lab.get_by_role("heading", name="The starter file")
    heading.wait_for()
    assert lab.url.endswith("#the-starter-file")


@pytest.mark.slow
def test_new_numbers_ask_anew_and_the_first_try_is_kept(lab: Page):
    one = form(lab, "eighty")
    commit(lab, "eighty", HOPED)
    commit(lab, "eighty", None)
    prompts = {one.locator("legend").inner_text()}
    for _ in range(4):
        one.get_by_role("button", name="New numbers").tap()
        assert one.get_by_role("status").inner_text() == ""
        assert one.locator("input:checked").count() == 0
        prompts.add(one.locator("legend").inner_text())
        commit(lab, "eighty", None)
    assert len(prompts) == 5
    assert record(lab)["first"] == HOPED and record(lab)["last"] == "right"
    assert record(lab)["tries"] == 6


def record(page: Page) -> dict[str, Any]:
    key = f"latent-shapes/answer/{LAB}/eighty"
    kept: dict[str, Any] = page.evaluate("key => JSON.parse(localStorage.getItem(key)).value", key)
    return kept


@pytest.mark.slow
def test_a_reload_keeps_what_was_answered(lab: Page, site: str):
    commit(lab, "eighty", None)
    form(lab, "eighty").get_by_role("button", name="New numbers").tap()
    commit(lab, "eighty", FORGOTTEN)
    before = form(lab, "eighty").inner_text()
    lab.reload()
    opened(lab, site)
    assert form(lab, "eighty").inner_text() == before
    assert form(lab, "shape").get_by_role("status").inner_text() == ""


@pytest.mark.slow
def test_what_another_tab_answers_is_followed(lab: Page, site: str):
    other = opened(lab.context.new_page(), site)
    commit(other, "eighty", FORGOTTEN)
    form(lab, "eighty").locator(".ls-bad").wait_for()
    other.evaluate("localStorage.clear()")
    form(lab, "eighty").locator(".ls-bad").wait_for(state="detached")


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["7", '{"tries": "many"}', '{"tries": 2, "instance": "81"}', "["])
def test_a_damaged_record_asks_anew(lab: Page, site: str, kept: str):
    text = f'{{"version": 1, "at": 1, "value": {kept}}}'
    key = f"latent-shapes/answer/{LAB}/eighty"
    lab.evaluate("([key, text]) => localStorage.setItem(key, text)", [key, text])
    lab.reload()
    opened(lab, site)
    assert not form(lab, "eighty").locator(".ls-was").count()
    commit(lab, "eighty", None)
    assert record(lab)["last"] == "right"


@pytest.mark.slow
def test_storage_that_is_off_is_said_and_survived(
    context: BrowserContext, site: str, refused_storage: str
):
    context.add_init_script(refused_storage)
    page = opened(context.new_page(), site)
    commit(page, "eighty", HOPED)
    commit(page, "eighty", None)
    said = form(page, "eighty").get_by_role("status").inner_text()
    assert said.startswith("Right.") and "until the page is closed" in said


@pytest.mark.slow
def test_the_keyboard_alone_is_enough(lab: Page):
    one = form(lab, "eighty")
    one.get_by_role("radio").first.focus()
    lab.keyboard.press("Space")
    wrong = answer(lab, "eighty", None) == one.locator(".ls-answer").first.inner_text()
    if wrong:  # the first is the right one, so go on to the second
        lab.keyboard.press("ArrowDown")
    assert one.get_by_role("status").inner_text() == ""
    lab.keyboard.press("Tab")
    lab.keyboard.press("Enter")
    assert one.get_by_role("status").inner_text().startswith("Not this one.")
    lab.keyboard.press("Tab")
    lab.keyboard.press("Enter")  # show the answer
    assert one.get_by_role("status").inner_text().startswith("The answer:")
    lab.keyboard.press("Enter")  # new numbers, where the focus is
    focused = one.get_by_role("radio").first
    assert focused.evaluate("input => input === document.activeElement && !input.checked")
    lab.keyboard.press("Enter")
    assert "Choose an answer first" in one.get_by_role("status").inner_text()


@pytest.mark.slow
def test_a_screen_reader_hears_question_answers_and_result(lab: Page):
    for one in lab.locator(".ls-question").all():
        legend = one.locator("legend").inner_text()
        group = one.get_by_role("group", name=legend.replace("\xa0", " "))
        assert group.get_by_role("radio").count() >= 3
        assert one.get_by_role("status").count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(lab: Page, mode: str):
    lab.evaluate("mode => document.documentElement.dataset.theme = mode", mode)
    commit(lab, "eighty", None)
    commit(lab, "group", "a latent frame is taken for the picture of the same number")
    commit(lab, "numbers", "the quotient is turned over")
    form(lab, "numbers").get_by_role("button", name="Show the answer").tap()
    found = Axe().run(lab, context=".ls-question")
    assert not [fault["id"] for fault in found.response["violations"]]


@pytest.mark.slow
def test_fingers_find_what_they_touch_and_a_phone_is_wide_enough(lab: Page):
    commit(lab, "eighty", FORGOTTEN)
    for target in lab.locator(".ls-question :is(.ls-option, button)").filter(visible=True).all():
        box = target.bounding_box()
        assert box["height"] >= TOUCH and box["x"] + box["width"] <= PHONE["width"]
    assert lab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.slow
@pytest.mark.parametrize("name", LABS)
def test_every_question_of_a_lab_has_one_right_answer_in_the_page(
    context: BrowserContext, site: str, name: str
):
    page = context.new_page()
    page.goto(f"{site}labs/{name}.html")
    forms, names = page.locator(".ls-question"), list(Questions(ROOT, name))
    forms.nth(len(names) - 1).wait_for()
    assert [one.get_attribute("data-question") for one in forms.all()] == names
    for one in forms.all():
        while one.locator("input:enabled").count():
            one.locator("input:enabled").last.check()
            one.get_by_role("button", name="Commit").tap()
        assert one.get_by_role("status").inner_text().startswith("Right.")
        assert one.locator(".ls-good").count() == 1


IN_A_NOTEBOOK = """async ([address, question]) => {
  const { default: part } = await import(address);
  const listeners = [];
  const model = {
    values: { question, record: null },
    saved: 0,
    get: name => model.values[name],
    set: (name, value) => {
      model.values[name] = value;
      listeners.forEach(listen => listen());
    },
    save_changes: () => (model.saved += 1),
    on: (event, listen) => listeners.push(listen),
    off: (event, listen) => listeners.splice(listeners.indexOf(listen), 1),
  };
  document.body.replaceChildren();
  part.render({ model, el: document.body });
  window.model = model;
}"""


@pytest.mark.slow
def test_in_a_notebook_the_widget_keeps_the_record(lab: Page, site: str):
    question = Questions(ROOT, LAB)["eighty"].as_json()
    lab.evaluate(IN_A_NOTEBOOK, [f"{site}parts/question.mjs", question])
    commit(lab, "eighty", HOPED)
    kept = lab.evaluate("({ ...model.values.record, saved: model.saved })")
    assert (kept["first"], kept["tries"], kept["saved"]) == (HOPED, 1, 1)
    assert not lab.evaluate("Object.keys(localStorage).some(key => key.includes('eighty'))")
    assert not form(lab, "eighty").get_by_role("link").count()  # there is no heading to go to


@pytest.mark.slow
def test_without_javascript_the_page_has_its_questions(browser: Browser, site: str):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site}labs/{LAB}.html")
        questions = page.locator(".ls-predict")
        assert questions.count() == len(Questions(ROOT, LAB).entries)
        one = questions.filter(has_text="80 frames")
        assert not one.get_by_text("Right.").is_visible()
        one.locator("summary", has_text="77").click()
        assert one.get_by_text("Right.").is_visible()
