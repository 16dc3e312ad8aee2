"""Python in the page: what programs may do, what they may not, and that nothing breaks it."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import page_parts
import pytest
import serve
import starters
import strict_pages
from playwright.sync_api import Browser, Page, Route

PAGE = "labs/lab-03-latent-shape-tracking.html"
PATIENCE = 120_000  # milliseconds, for machines that do much else
BEGUN = """async () => {
    while (!window.runtime) await new Promise(done => setTimeout(done, 20));
}"""
RUN = """async ({ limits = {}, stop = null, ...program }) => {
    const data = document.querySelector("[data-part=starter] script").textContent;
    const { python } = await import(new URL("../parts/python.mjs", location).href);
    const own = python(window.runtime ??= JSON.parse(data).runtime);
    const started = () => stop !== null && setTimeout(() => own.stop(), stop);
    const began = performance.now();
    try {
        const outcome = await own.run({ ...program, limits, onStart: started });
        return { ...outcome, took: performance.now() - began };
    } catch (error) {
        return { thrown: error.message };
    }
}"""


def run(page: Page, code: str, **options: object) -> dict[str, Any]:
    """What becomes of a program in the page."""
    outcome: dict[str, Any] = page.evaluate(RUN, {"code": code, **options})
    return outcome


def prints(page: Page, text: str) -> bool:
    """Whether Python still works."""
    return bool(run(page, f"print({text!r})").get("output") == f"{text}\n")


def opened(browser: Browser, address: str) -> Page:
    """A page with the data of Python, before Python is loaded."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address, wait_until="domcontentloaded")
    return page


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A page in which Python is warm."""
    with opened(browser, site + PAGE) as page:
        assert prints(page, "warm")
        yield page


@pytest.mark.slow
def test_output_files_report_and_line(page: Page):
    report = "def seen(code, values):\n    return [code.count('x'), values['x']]\n"
    files = {"check.py": report, "helper.py": "value = 20"}
    outcome = run(
        page, "import helper\nx = helper.value + 1\nprint(x)", files=files, report="check:seen"
    )
    assert outcome["ok"]
    assert (outcome["output"], outcome["result"]) == ("21\n", [2, 21])
    outcome = run(page, "x = 1\ny = x / 0\n", name="halves.py")
    assert (outcome["ok"], outcome["error"], outcome["line"]) == (False, "ZeroDivisionError", 2)
    assert 'File "halves.py", line 2' in outcome["traceback"]
    assert outcome["problem"] == "ZeroDivisionError on line 2."


ATTEMPTS = [
    "import js; js.fetch({site!r})",
    "import js; js.eval(\"import('{site}parts/host.mjs')\")",
    "from js import XMLHttpRequest",
    "from js import WebSocket",
    "from js import indexedDB",
    "from js import importScripts",
    "from js import parent",
    "from js import postMessage",
    "from pyodide.code import run_js; run_js('1')",
    "from pyodide.http import open_url; open_url({site!r})",
    "import pyodide_js; pyodide_js.FS.constructor.constructor('return fetch')()",
    "import urllib.request; urllib.request.urlopen({site!r})",
    "import socket; s = socket.create_connection({server!r}); s.send(b'GET / '); s.recv(1)",
    "import subprocess; subprocess.run(['ls'])",
    "import micropip",
]


@pytest.mark.slow
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_programs_reach_nothing(page: Page, site: str, attempt: str):
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    server = (serve.HOST, urlsplit(site).port)
    outcome = run(page, attempt.format(site=site, server=server), limits={"seconds": 2})
    assert not outcome["ok"]
    assert not requests


# What a program could do if it found its way out of Python: run in its worker as JavaScript.
ESCAPES = [
    "fetch('{site}')",
    "import('{site}parts/host.mjs')",
    "importScripts('{site}parts/python-sandbox.js')",
    "(() => {{ const r = new XMLHttpRequest(); r.open('GET', '{site}', false); r.send(); }})()",
    "new Promise((yes, no) => {{ const s = new WebSocket('{socket}'); s.onopen = yes; "
    "s.onerror = () => no(new Error('refused')); }})",
    "new Promise((yes, no) => {{ const s = new EventSource('{site}'); s.onopen = yes; "
    "s.onerror = () => no(new Error('refused')); }})",
    "indexedDB.open('x')",
    "new Worker('{site}parts/python-worker.js')",
    "navigator.storage.getDirectory()",
]


@pytest.mark.slow
@pytest.mark.parametrize("escape", ESCAPES)
def test_the_worker_itself_reaches_nothing(page: Page, site: str, escape: str):
    worker = page.workers[-1]
    program = escape.format(site=site, socket=site.replace("http", "ws"))
    tried = (
        f"(async () => {{ try {{ await {program}; return 'done' }} catch {{ return 'no' }} }})()"
    )
    reached: list[str] = []
    page.on("response", lambda response: reached.append(response.url))
    assert worker.evaluate(tried) == "no"
    assert not reached


@pytest.mark.slow
def test_the_sandbox_sees_neither_page_nor_storage(page: Page):
    (frame,) = (frame for frame in page.frames if frame.url.endswith("python-sandbox.html"))
    for reach in ("parent.document", "localStorage", "document.cookie", "top.location.href"):
        assert (
            frame.evaluate(f"(() => {{ try {{ {reach}; return 1 }} catch {{ return 0 }} }})()") == 0
        )


@pytest.mark.slow
def test_stop_ends_what_does_not_listen(page: Page):
    stubborn = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    outcome = run(page, stubborn, stop=300)
    assert (outcome["ok"], outcome["problem"]) == (False, "Stopped.")
    assert prints(page, "after the stop")


@pytest.mark.slow
def test_an_endless_loop_meets_the_limit(page: Page):
    outcome = run(page, "print('begun')\nwhile True: pass", limits={"seconds": 1})
    assert outcome["output"] == "begun\n"
    assert outcome["problem"].startswith("Stopped after 1 s")
    assert prints(page, "after the loop")


@pytest.mark.slow
def test_a_flood_is_cut(page: Page):
    outcome = run(page, "for i in range(200_000): print('line', i)")
    assert outcome["ok"]
    assert len(outcome["output"]) == 100_000
    assert outcome["problem"] == "It printed more than 100,000 characters; the rest is not shown."
    endless = run(page, "while True: print('x' * 1000)", limits={"seconds": 1})
    assert len(endless["output"]) == 100_000
    assert endless["problem"].startswith("Stopped after 1 s")
    assert "100,000 characters" in endless["problem"]
    assert prints(page, "after the flood")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def f(): return f() + 1\nf()", "RecursionError on line 1."),
        (
            "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f() + 1\nf()",
            "The program went deeper into calls than the interpreter can",
        ),
        (
            "x = []\nfor i in range(200_000): x = [x]\nprint(x)",
            "The program went deeper into calls than the interpreter can",
        ),
        ("kept = []\nwhile True: kept.append('x' * 10**7)", "more than the 512 MB of memory"),
        ("input('Name? ')", "EOFError on line 1."),
        ("exit(3)", "The program ended itself with exit code 3."),
        ("import os; os._exit(0)", "The program ended the interpreter itself"),
        ("import os; os.abort()", "a new interpreter"),
        ("import threading; threading.Thread(target=print).start()", "RuntimeError on line 1."),
    ],
)
def test_a_bad_end_is_told_and_the_next_program_runs(page: Page, code: str, words: str):
    outcome = run(page, code)
    assert not outcome["ok"]
    assert words in outcome["problem"]
    assert prints(page, "alive")


@pytest.mark.slow
def test_a_program_that_ends_itself_is_well(page: Page):
    assert run(page, "print(1)\nexit()")["ok"]


@pytest.mark.slow
def test_a_worker_that_died_in_between_is_replaced(page: Page):
    page.workers[-1].evaluate("close()")
    assert prints(page, "a new worker")


@pytest.mark.slow
def test_a_sandbox_that_is_gone_is_replaced(page: Page):
    page.evaluate("document.querySelector('iframe[title=Python]').remove()")
    assert prints(page, "a new sandbox")


@pytest.mark.slow
def test_a_worker_that_dies_within_a_run_meets_the_limit(page: Page):
    killed = """async () => {
        const own = (await import(new URL("../parts/python.mjs", location).href)).python();
        const onStart = () => document.querySelector("iframe[title=Python]").remove();
        return own.run({ code: "while True: pass", limits: { seconds: 1 }, onStart });
    }"""
    assert page.evaluate(killed)["problem"].startswith("Stopped after 1 s")
    assert prints(page, "after the death")


@pytest.mark.slow
def test_one_program_at_a_time(page: Page):
    both = """async () => {
        const own = (await import(new URL("../parts/python.mjs", location).href)).python();
        const first = own.run({ code: "import time; time.sleep(0.5)" });
        const second = await own.run({ code: "print(2)" }).catch((error) => error.message);
        return [second, (await first).ok];
    }"""
    assert page.evaluate(both) == [
        "Another program on this page is still running: stop it first.",
        True,
    ]


@pytest.mark.slow
def test_what_is_loaded_once_works_without_a_connection(browser: Browser, site: str):
    with opened(browser, site + PAGE) as page:
        assert prints(page, "with a connection")
        page.context.set_offline(True)
        assert prints(page, "without")
        run(page, "while True: pass", limits={"seconds": 1})
        assert prints(page, "in a new worker")


def truncated(route: Route) -> None:
    body = route.fetch().body()
    route.fulfill(body=body[: len(body) // 2], content_type="application/octet-stream")


def altered(route: Route) -> None:
    body = bytearray(route.fetch().body())
    body[1000] ^= 1
    route.fulfill(body=bytes(body), content_type="application/octet-stream")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fault", "words"),
    [
        ("python_stdlib.zip", lambda route: route.fulfill(status=404), "the server answered 404"),
        ("python_stdlib.zip", truncated, "instead of"),
        ("python-worker.js", altered, "its SHA-256 hash should be"),
        ("pyodide.asm.wasm", lambda route: route.abort(), "the connection failed"),
    ],
)
def test_what_is_missing_or_damaged_is_told_and_can_be_tried_again(
    browser: Browser, site: str, name: str, fault: Any, words: str
):
    with opened(browser, site + PAGE) as page:
        page.route(f"**/{name}*", fault)
        thrown = run(page, "print(1)")["thrown"]
        assert thrown.startswith(name)
        assert words in thrown
        page.unroute(f"**/{name}*")
        assert prints(page, "second attempt")


@pytest.mark.slow
def test_a_missing_sandbox_is_told(browser: Browser, site: str):
    with opened(browser, site + PAGE) as page:
        page.route("**/python-sandbox.html", lambda route: route.fulfill(status=404, body=""))
        assert "sandbox" in run(page, "print(1)")["thrown"]


@pytest.mark.slow
def test_loading_can_be_stopped(browser: Browser, site: str):
    with opened(browser, site + PAGE) as page:
        page.route("**/python_stdlib.zip*", lambda route: None)  # never answered
        page.evaluate(f"program => {{ window.ran = ({RUN})(program) }}", {"code": "print(1)"})
        page.evaluate(BEGUN)
        page.evaluate(
            "async () => (await import(new URL('../parts/python.mjs', location))).python().stop()"
        )
        assert page.evaluate("window.ran")["problem"] == "Stopped."


@pytest.mark.slow
def test_it_works_under_a_strict_policy(browser: Browser, root: Path, monkeypatch):
    def end_headers(handler: serve.Handler) -> None:
        handler.send_header("Content-Security-Policy", strict_pages.HEADER)
        super(serve.Handler, handler).end_headers()

    monkeypatch.setattr(serve.Handler, "end_headers", end_headers, raising=False)
    with serve.listen(0, root / "_build" / "html") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://{serve.HOST}:{server.server_port}/{PAGE}"
        with opened(browser, address) as page:
            refused: list[str] = []
            page.on("console", lambda message: refused.append(message.text))
            assert prints(page, "under the policy")
            page.get_by_role("button", name="Edit", exact=True).first.click()
            page.locator(".cm-content").wait_for()
            assert not [text for text in refused if "python" in text or "editor" in text]
        server.shutdown()


@pytest.mark.slow
def test_the_first_run_and_the_second_take_this_long(browser: Browser, site: str, record_property):
    with opened(browser, site + PAGE) as page:
        starter = page.evaluate(
            "JSON.parse(document.querySelector('[data-part=starter] script').textContent).file.code"
        )
        first, second = (run(page, starter)["took"] / 1000 for _ in range(2))
        record_property("first_run_seconds", round(first, 2))
        record_property("second_run_seconds", round(second, 3))
        print(f"first run after {first:.1f} s, second {second:.2f} s")
        assert second < first


def test_what_the_page_checks_is_what_the_book_serves(root: Path):
    for name in starters.RUNTIME.values():
        served = (root / "_build" / "html" / name).read_bytes()
        described = page_parts.file(name, "../")
        assert described["bytes"] == len(served)
        assert described["sha256"] == hashlib.sha256(served).hexdigest()
