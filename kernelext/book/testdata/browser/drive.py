"""Drive JupyterLab as a user would: drive.py train|values|explore URL CHROMIUM FOLDER

URL opens a notebook in JupyterLab with its token; FOLDER receives screenshots. Each line of the output is JSON and reports one
observation; the last line reports the browser's errors. The exit status is 1 if something expected did not appear.
"""

import json
import sys
import time
from pathlib import Path

from playwright.sync_api import TimeoutError as Timeout
from playwright.sync_api import sync_playwright

LONG = 300_000  # milliseconds: long enough for a first cell on a busy machine
IMPORTS, FIGURES, TRAIN, CHOOSE, BROKEN, AFTER = range(6)  # the cells of the notebook that trains
VALUES, USE, LIST, WRONG, NEVER = range(5)  # the cells of the notebook whose values live
CLASS, IMAGE = 6, 8  # the cells of notebook 08 with a list and with a slider

# The notebook is shown and the kernel has answered. Its status says less: JupyterLab leaves it unknown until a cell is run.
READY = """() => {
    const panel = window.jupyterapp?.shell.currentWidget, kernel = panel?.sessionContext?.session?.kernel
    return panel?.context?.isReady && kernel?.connectionStatus === 'connected'
        && panel.content.widgets.length === panel.context.model.cells.length
        && document.querySelector('.jp-Notebook .jp-Cell[data-windowed-list-index="0"]') !== null
}"""


class Lab:
    def __init__(self, page, folder, scenario):
        self.page, self.folder, self.scenario, self.shots = page, Path(folder), scenario, 0

    def picture(self, name):
        self.shots += 1
        path = self.folder / f"{self.scenario}-{self.shots:02}-{name}.png"
        self.page.screenshot(path=path, animations="disabled", caret="initial")

    def tell(self, name, **seen):
        print(json.dumps({"step": name, **seen}), flush=True)
        self.picture(name)

    def wait_ready(self):
        self.page.wait_for_function(READY)
        self.page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.info }")

    def start(self, name, **args):
        """Start a command of JupyterLab without waiting for its end."""
        self.page.evaluate(
            """([name, args]) => {
                window.commandEnded = false
                window.jupyterapp.commands.execute(name, args).finally(() => { window.commandEnded = true })
            }""",
            [name, args],
        )

    def wait_end(self):
        """Wait for the end of the last command: of those that run cells, the end of the last cell."""
        self.page.wait_for_function("window.commandEnded")

    def command(self, name, **args):
        self.start(name, **args)
        self.wait_end()

    def cell(self, index):
        """A cell, after scrolling to it: JupyterLab may not render cells out of view."""
        self.page.evaluate("index => window.jupyterapp.shell.currentWidget.content.scrollToItem(index)", index)
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def select(self, index):
        self.cell(index).locator(".jp-InputArea-prompt").click()

    def start_cell(self, index):
        self.select(index)
        self.start("notebook:run-cell")

    def text(self, index):
        return self.cell(index).locator(".jp-OutputArea-output").all_inner_texts()

    def wait(self, index, words):
        """Wait until a cell's output holds the words."""
        self.cell(index).locator(".jp-OutputArea-output", has_text=words).first.wait_for()

    def press_until(self, key, locator):
        """Press a key until something is there: JupyterLab does not wait long for a kernel on a busy machine."""
        end = time.monotonic() + LONG / 1000
        while True:
            self.page.keyboard.press(key)
            try:
                return locator.wait_for(timeout=5_000)
            except Timeout:
                if time.monotonic() > end:
                    raise
                self.page.keyboard.press("Escape")
                self.command("notebook:enter-edit-mode")

    def theme(self, name):
        light = json.dumps(name == "Light")
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        self.page.locator(f'body[data-jp-theme-light="{light}"]').wait_for(state="attached")
        # JupyterLab covers the page meanwhile, and removes the cover 0.2 seconds later by a timer, which throws an error if the
        # next change of theme began and ended before.
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def share(self):
        """How much of the training is done, by its bar."""
        bar = self.cell(TRAIN).locator('[role="progressbar"]')
        return int(bar.get_attribute("aria-valuenow")) if bar.count() else -1


def run_all(lab):
    """Run All shows figures and the progress of a training; an interrupt stops it and all later cells."""
    lab.start("notebook:run-all-cells")
    lab.wait(FIGURES, "A table")
    lab.page.locator(".cnnbook-figure img").nth(1).wait_for()
    sizes = lab.page.eval_on_selector_all(".cnnbook-figure img", "all => all.map(i => [i.naturalWidth, i.alt])")
    lab.tell("figures", images=sizes)
    lab.cell(TRAIN).locator('[role="progressbar"]').wait_for()
    seen, end = [lab.share()], time.monotonic() + LONG / 1000
    while len(seen) < 4 and time.monotonic() < end:
        time.sleep(0.1)
        if lab.share() != seen[-1]:
            seen.append(lab.share())
    lab.tell("training", shares=seen)
    lab.page.evaluate("window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    lab.wait(TRAIN, "interrupted")
    lab.wait_end()
    lab.tell("interrupted", text=lab.text(TRAIN), after=[lab.text(i) for i in (CHOOSE, BROKEN, AFTER)])


def go_on(lab):
    """The same cell continues where it was stopped."""
    before = lab.cell(TRAIN).locator(".cnnbook-live").inner_text()
    lab.start_cell(TRAIN)
    lab.wait(TRAIN, "Finished")
    lab.wait_end()
    lab.tell("continued", before=before, text=lab.text(TRAIN), scripts=lab.cell(TRAIN).locator(".cnnbook-live script").count())


def choose(lab):
    """The slider and its buttons change what is shown; Done leaves no widget."""
    lab.start_cell(CHOOSE)
    lab.wait(CHOOSE, "square of 4 is 16")
    cell = lab.cell(CHOOSE)
    cell.get_by_role("button", name="Done").wait_for()
    cell.get_by_role("button", name="next").click()
    lab.wait(CHOOSE, "square of 5 is 25")
    slider = cell.get_by_role("slider")
    slider.focus()
    slider.press("End")
    lab.wait(CHOOSE, "square of 9 is 81")
    lab.tell("choosing", text=lab.text(CHOOSE))
    cell.get_by_role("button", name="Done").click()
    lab.wait(CHOOSE, "Run this cell again")
    lab.wait_end()
    lab.tell("chosen", text=lab.text(CHOOSE), widgets=cell.locator(".jp-OutputArea input, .jp-OutputArea button").count())


def broken(lab):
    """A cell that does not compile reports the position, and stops the cells after it."""
    lab.select(BROKEN)
    lab.command("notebook:run-all-below")
    lab.wait(BROKEN, "undefined")
    lab.tell("broken", text=lab.text(BROKEN), after=[lab.text(AFTER)])


def complete(lab):
    """Tab completes the names of a package, Shift-Tab shows the documentation of one."""
    lab.select(AFTER)
    lab.command("notebook:insert-cell-below")
    lab.command("notebook:enter-edit-mode")
    lab.page.keyboard.type("%%\ncnn.", delay=20)
    items, found, end = lab.page.locator(".jp-Completer-item"), [], time.monotonic() + LONG / 1000
    while not found and time.monotonic() < end:  # GoNB connects to gopls some seconds after its start
        lab.page.keyboard.press("Tab")
        try:
            items.filter(has_text="Adam").first.wait_for(timeout=5_000)
            items.filter(has_text="WriteUp").first.wait_for(timeout=5_000)  # JupyterLab adds long lists piece by piece
            found = items.all_inner_texts()
        except Timeout:
            pass
    lab.tell("completed", found=found)
    lab.page.keyboard.type("OpenRun", delay=20)
    lab.page.keyboard.press("Escape")  # the completer
    lab.command("notebook:enter-edit-mode")
    lab.page.keyboard.press("Shift+Tab")
    lab.page.locator(".jp-Tooltip").wait_for()
    lab.tell("inspected", text=lab.page.locator(".jp-Tooltip").inner_text())
    lab.page.keyboard.press("Escape")
    lab.command("notebook:enter-command-mode")
    lab.command("notebook:delete-cell")


def live(lab):
    """Run All without %%: a value of one cell is there in the next, and an error has its line and stops what follows."""
    lab.start("notebook:run-all-cells")
    lab.wait(WRONG, "line 2")
    lab.wait_end()
    lab.tell("values", after=[lab.text(i) for i in (USE, LIST, WRONG, NEVER)])


def complete_values(lab):
    """Tab and Shift-Tab know a value of an earlier cell; half a name shows nothing."""
    lab.select(NEVER)
    lab.command("notebook:insert-cell-below")
    lab.command("notebook:enter-edit-mode")
    lab.page.keyboard.type("train.", delay=20)
    began, items = time.monotonic(), lab.page.locator(".jp-Completer-item")
    lab.press_until("Tab", items.filter(has_text="SplitStratified").first)
    lab.tell("completed", found=items.all_inner_texts(), seconds=time.monotonic() - began)
    lab.page.keyboard.press("Escape")
    lab.command("notebook:enter-edit-mode")
    tooltip = lab.page.locator(".jp-Tooltip")
    lab.page.keyboard.press("Backspace")
    lab.press_until("Shift+Tab", tooltip.filter(has_text="of cell"))  # it is there before its text
    lab.tell("inspected", text=tooltip.inner_text())
    lab.page.keyboard.press("Escape")
    lab.command("notebook:enter-edit-mode")
    lab.page.keyboard.press("Backspace")
    lab.page.keyboard.press("Shift+Tab")
    lab.page.wait_for_timeout(2000)
    lab.tell("half a name", widgets=tooltip.count())


def answer(lab):
    """A cell that reads standard input asks, in the session and compiled; an interrupt ends the question."""
    for index, name in ((0, "Ada"), (1, "Bob")):
        lab.start_cell(index)
        box = lab.cell(index).locator(".jp-Stdin-input")
        box.click()  # as a person does: a box that JupyterLab is about to focus loses what was filled in
        lab.page.keyboard.type(name, delay=50)
        lab.page.keyboard.press("Enter")
        lab.wait(index, f"hello {name}")
        lab.wait_end()
    lab.start_cell(2)
    lab.cell(2).locator(".jp-Stdin-input").wait_for()
    lab.page.evaluate("window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    lab.wait(2, "interrupted")
    lab.wait_end()
    lab.tell("answered", after=[lab.text(i) for i in range(3)])


def restart(lab):
    """After a restart the kernel has lost its state, and works."""
    lab.start("notebook:restart-kernel")
    lab.page.locator(".jp-Dialog .jp-mod-accept").click()
    lab.wait_end()
    lab.wait_ready()
    lab.select(FIGURES)
    lab.command("notebook:clear-cell-output")
    lab.start_cell(IMPORTS)
    lab.wait_end()
    lab.start_cell(FIGURES)
    lab.wait_end()
    lab.wait(FIGURES, "A table")
    lab.tell("restarted", images=lab.cell(FIGURES).locator("img").count())


def dark(lab):
    """The whole notebook in the dark theme, for inspection."""
    lab.theme("Dark")
    lab.tell("dark", figures=lab.page.locator(".cnnbook-figure img").count())


def explore(lab):
    """Notebook 08: another class in the list or another position of the slider changes the image and its probabilities."""
    lab.start("notebook:run-all-cells")
    for index, name in ((CLASS, "listed"), (IMAGE, "slid")):
        cell = lab.cell(index)
        cell.get_by_role("button", name="Done").wait_for()
        image = cell.locator('[role="status"] img')
        found = [image.get_attribute("alt")]

        def wait_other():
            lab.page.wait_for_function("([image, alt]) => image.getAttribute('alt') !== alt || !image.isConnected", arg=[image.element_handle(), found[-1]])
            image.wait_for()
            found.append(image.get_attribute("alt"))

        if index == CLASS:
            cell.get_by_role("combobox").select_option(index=3)
            wait_other()
            cell.get_by_role("combobox").select_option(index=9)
        else:
            cell.get_by_role("button", name="next").click()
            wait_other()
            cell.get_by_role("slider").focus()
            cell.get_by_role("slider").press("End")
        wait_other()
        lab.picture(f"{name}-light")
        lab.theme("Dark")
        lab.picture(f"{name}-dark")
        lab.theme("Light")
        cell = lab.cell(index)
        cell.get_by_role("button", name="Done").click()
        lab.wait(index, "Run this cell again")
        lab.tell(name, found=found, widgets=cell.locator(".jp-OutputArea select, .jp-OutputArea input, .jp-OutputArea button").count())
    lab.page.evaluate("window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    lab.page.wait_for_timeout(1000)


SCENARIOS = {"train": (run_all, go_on, choose, broken, complete, restart, dark), "values": (live, complete_values), "explore": (explore,), "asked": (answer,)}


def main(scenario, url, chromium, folder):
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=LONG)
        page = browser.new_page(viewport={"width": 1280, "height": 2600})
        page.set_default_timeout(LONG)
        errors = []
        page.on("console", lambda m: errors.append(f"{m.text} ({m.location.get('url', '')})") if m.type == "error" else None)
        page.on("pageerror", lambda e: errors.append(f"uncaught: {e}"))
        lab = Lab(page, folder, scenario)
        try:
            page.goto(url)
            lab.wait_ready()
            cells = page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length")
            lab.tell("opened", cells=cells, ran=page.locator(".jp-OutputArea-output").count())
            for step in SCENARIOS[scenario]:
                step(lab)
        except Exception:
            page.screenshot(path=Path(folder) / f"{scenario}-failed.png")
            raise
        finally:
            print(json.dumps({"step": "end", "errors": errors}), flush=True)
            browser.close()


main(*sys.argv[1:])
