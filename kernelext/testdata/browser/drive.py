"""Drive JupyterLab as a person would: drive.py URL CHROMIUM FOLDER

URL opens JupyterLab with its token; FOLDER receives screenshots. Each line of the output is JSON and tells one thing that
was seen; the last tells the browser's errors. The exit status is 1 when something did not come.
"""

import json
import sys
import time
from pathlib import Path

from playwright.sync_api import TimeoutError as Timeout
from playwright.sync_api import sync_playwright

LONG = 900_000  # milliseconds: a loaded machine is slow, and a test that hangs is ended by its own limit
IMPORTS, FIGURES, TRAIN, CHOOSE, BROKEN, AFTER = range(6)  # the cells of the notebook


class Lab:
    def __init__(self, page, folder):
        self.page, self.folder, self.shots = page, Path(folder), 0

    def tell(self, name, **seen):
        print(json.dumps({"step": name, **seen}), flush=True)
        self.shots += 1
        self.page.screenshot(path=self.folder / f"{self.shots:02}-{name}.png", animations="disabled", caret="initial")

    def command(self, name):
        """Run a command of JupyterLab without waiting for its end."""
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name) }", name)

    def cell(self, index):
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def text(self, index):
        return self.cell(index).locator(".jp-OutputArea-output").all_inner_texts()

    def wait(self, index, words, timeout=LONG):
        """Wait until a cell's output holds the words."""
        self.cell(index).locator(".jp-OutputArea-output", has_text=words).first.wait_for(timeout=timeout)

    def wait_idle(self):
        self.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first.wait_for(state="attached", timeout=LONG)

    def run_cell(self, index):
        self.cell(index).locator(".jp-InputArea-prompt").click()
        self.page.keyboard.press("Control+Enter")

    def share(self):
        """How much of the training is done, by its bar."""
        bar = self.cell(TRAIN).locator('[role="progressbar"]')
        return int(bar.get_attribute("aria-valuenow")) if bar.count() else -1


def run_all(lab):
    """Run All shows figures and a training that moves; an interrupt stops it and all that comes after."""
    lab.command("notebook:run-all-cells")
    lab.wait(FIGURES, "A table")
    lab.page.locator(".cnnbook-figure img").nth(1).wait_for()
    sizes = lab.page.eval_on_selector_all(".cnnbook-figure img", "all => all.map(i => [i.naturalWidth, i.alt])")
    lab.tell("figures", images=sizes)
    lab.cell(TRAIN).locator('[role="progressbar"]').wait_for(timeout=LONG)
    seen, end = [lab.share()], time.monotonic() + LONG / 1000
    while len(seen) < 4 and time.monotonic() < end:
        time.sleep(0.1)
        if lab.share() != seen[-1]:
            seen.append(lab.share())
    lab.tell("training", shares=seen)
    lab.command("notebook:interrupt-kernel")
    lab.wait(TRAIN, "interrupted")
    lab.wait_idle()
    time.sleep(1)
    lab.tell("interrupted", text=lab.text(TRAIN), after=[lab.text(i) for i in (CHOOSE, BROKEN, AFTER)])


def go_on(lab):
    """The same cell goes on where it was stopped."""
    before = lab.cell(TRAIN).locator(".cnnbook-live").inner_text()
    lab.run_cell(TRAIN)
    lab.wait(TRAIN, "Finished")
    lab.wait_idle()
    lab.tell("continued", before=before, text=lab.text(TRAIN), scripts=lab.cell(TRAIN).locator("script").count())


def choose(lab):
    """The slider and its buttons change what is shown; Done leaves no widget."""
    lab.run_cell(CHOOSE)
    lab.wait(CHOOSE, "square of 4 is 16")
    cell = lab.cell(CHOOSE)
    cell.get_by_role("button", name="Done").wait_for(timeout=LONG)
    cell.get_by_role("button", name="next").click()
    lab.wait(CHOOSE, "square of 5 is 25")
    slider = cell.get_by_role("slider")
    slider.focus()
    slider.press("End")
    lab.wait(CHOOSE, "square of 9 is 81")
    lab.tell("choosing", text=lab.text(CHOOSE))
    cell.get_by_role("button", name="Done").click()
    lab.wait(CHOOSE, "Run this cell again")
    lab.wait_idle()
    lab.tell("chosen", text=lab.text(CHOOSE), widgets=cell.locator("input, button").count())


def broken(lab):
    """A cell that does not compile says where, and stops what was to run after it."""
    lab.cell(BROKEN).locator(".jp-InputArea-prompt").click()
    lab.command("notebook:run-all-below")
    lab.wait(BROKEN, "undefined")
    lab.wait_idle()
    time.sleep(1)
    lab.tell("broken", text=lab.text(BROKEN), after=lab.text(AFTER))


def complete(lab):
    """Tab completes a name of the package, Shift-Tab shows its documentation."""
    lab.cell(AFTER).locator(".jp-InputArea-prompt").click()
    lab.page.keyboard.press("b")
    lab.page.keyboard.press("Enter")
    lab.page.keyboard.type("%%\nkernelext.Disp", delay=20)
    found, end = [], time.monotonic() + LONG / 1000
    while not found and time.monotonic() < end:  # GoNB connects to gopls some seconds after its start
        lab.page.keyboard.press("Tab")
        try:
            lab.page.locator(".jp-Completer-item", has_text="Display").first.wait_for(timeout=5_000)
            found = lab.page.locator(".jp-Completer-item").all_inner_texts()
        except Timeout:
            if "kernelext.Display" in lab.cell(AFTER + 1).locator(".cm-content").inner_text():
                found = ["Display"]  # the only one is put in at once
    lab.tell("completed", found=found, text=lab.cell(AFTER + 1).locator(".cm-content").inner_text())
    if lab.page.locator(".jp-Completer-item").count():
        lab.page.keyboard.press("Enter")
    lab.page.keyboard.press("Shift+Tab")
    lab.page.locator(".jp-Tooltip").wait_for(timeout=LONG)
    lab.tell("inspected", text=lab.page.locator(".jp-Tooltip").inner_text())
    lab.page.keyboard.press("Escape")
    lab.page.keyboard.press("Escape")
    lab.command("notebook:delete-cell")


def restart(lab):
    """After a restart the kernel knows nothing, and works."""
    lab.command("notebook:restart-kernel")
    lab.page.locator(".jp-Dialog .jp-mod-accept").click(timeout=LONG)
    lab.page.locator(".jp-Dialog").wait_for(state="detached", timeout=LONG)
    lab.wait_idle()
    lab.command("notebook:clear-all-cell-outputs")
    lab.run_cell(IMPORTS)
    lab.wait_idle()
    lab.run_cell(FIGURES)
    lab.wait(FIGURES, "A table")
    lab.tell("restarted", images=lab.cell(FIGURES).locator("img").count())


def dark(lab):
    """All of it in the dark theme, to be looked at."""
    lab.run_cell(TRAIN)
    lab.wait(TRAIN, "Finished")
    lab.page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    lab.page.locator('body[data-jp-theme-light="false"]').wait_for()
    lab.tell("dark", figures=lab.page.locator(".cnnbook-figure img").count())
    lab.page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    lab.page.locator('body[data-jp-theme-light="true"]').wait_for()


def main(url, chromium, folder):
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=LONG)
        page = browser.new_page(viewport={"width": 1280, "height": 2600})
        page.set_default_timeout(LONG)
        errors = []
        page.on("console", lambda m: errors.append(f"{m.text} ({m.location.get('url', '')})") if m.type == "error" else None)
        page.on("pageerror", lambda e: errors.append(f"uncaught: {e}"))
        lab = Lab(page, folder)
        try:
            page.goto(url)
            page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=LONG)
            lab.wait_idle()
            lab.tell("opened", cells=page.locator(".jp-Notebook .jp-Cell").count(), ran=page.locator(".jp-OutputArea-output").count())
            for step in (run_all, go_on, choose, broken, complete, restart, dark):
                step(lab)
        except Exception:
            page.screenshot(path=Path(folder) / "failed.png")
            raise
        finally:
            print(json.dumps({"step": "end", "errors": errors}), flush=True)
            browser.close()


main(*sys.argv[1:])
