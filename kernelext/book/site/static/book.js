// What is wider than its box scrolls. It gets a tabindex, so that the keyboard can scroll it too.
function reach() {
  for (const box of document.querySelectorAll("mjx-container, .cell_output .output, pre.book-columns, .pst-scrollable-table-container")) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
    box.style.setProperty("--book-box", `${box.clientWidth}px`);
  }
}

// Output in columns, such as a network's summary, must not wrap: two or more lines have gaps between words.
function findColumns() {
  for (const text of document.querySelectorAll(".cell_output .output.stream pre, .cell_output .output.text_plain pre")) {
    const lines = text.textContent.split("\n");
    text.classList.toggle("book-columns", lines.filter((line) => /\S {3,}\S/.test(line)).length > 1);
  }
}

// A figure that is shown smaller than it is gets a button, which shows it in its own size.
function offerLarge() {
  for (const image of document.querySelectorAll(".cnnbook-figure img, .bd-article section > p > img")) {
    const full = Number(image.getAttribute("width")) || image.naturalWidth;
    const shrunk = image.clientWidth > 0 && image.clientWidth < 0.9 * full;
    let button = image.nextElementSibling;
    if (!button?.matches("button.book-enlarge")) {
      button = undefined;
    }
    if (shrunk && !button) {
      button = document.createElement("button");
      button.type = "button";
      button.className = "book-enlarge";
      button.textContent = "Enlarge";
      button.setAttribute("aria-label", `Enlarge the figure: ${image.alt}`.slice(0, 200));
      button.addEventListener("click", () => showLarge(image, full));
      image.after(button);
    } else if (!shrunk) {
      button?.remove();
    }
  }
}

function showLarge(image, width) {
  const dialog = document.createElement("dialog");
  dialog.className = "book-large";
  dialog.setAttribute("aria-label", "Figure in its own size");
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  const large = document.createElement("img");
  large.src = image.src;
  large.alt = image.alt;
  large.width = width;
  dialog.append(close, large);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// An explorer carries its choices in the page: a list or a slider with step buttons shows one at a time, instead of the stills.
function openExplorers() {
  for (const [number, explorer] of document.querySelectorAll(".cnnbook-explorer").entries()) {
    const choices = [...explorer.querySelectorAll(":scope > template.cnnbook-choice")];
    if (choices.length < 2) {
      continue;
    }
    const named = explorer.dataset.named === "true";
    const control = document.createElement(named ? "select" : "input");
    control.id = `book-explorer-${number}`;
    if (named) {
      control.append(...choices.map((choice, i) => new Option(choice.dataset.name, i)));
    } else {
      Object.assign(control, { type: "range", min: 0, max: choices.length - 1, step: 1 });
    }
    const label = document.createElement("label");
    label.htmlFor = control.id;
    label.textContent = explorer.dataset.label || "Choice";
    const name = document.createElement("output");
    name.htmlFor = control.id;
    const shown = document.createElement("div");
    shown.setAttribute("role", "status");
    const show = (i) => {
      const at = Math.min(Math.max(i, 0), choices.length - 1);
      control.value = at;
      name.textContent = named ? "" : choices[at].dataset.name;
      if (!named) control.setAttribute("aria-valuetext", choices[at].dataset.name); // a list says it itself
      shown.replaceChildren(choices[at].content.cloneNode(true));
      offerLarge();
      reach();
    };
    const step = (text, by) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "book-enlarge";
      button.textContent = text;
      button.addEventListener("click", () => show(Number(control.value) + by));
      return button;
    };
    control.addEventListener("input", () => show(Number(control.value)));
    const group = document.createElement("div");
    group.className = "book-controls";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", label.textContent);
    group.append(label, step("◀ previous", -1), control, step("next ▶", 1), name);
    explorer.querySelector(".cnnbook-stills").hidden = true;
    explorer.append(group, shown);
    show(Math.max(0, choices.findIndex((choice) => "start" in choice.dataset)));
  }
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const look = () => {
    findColumns();
    offerLarge();
    reach();
  };
  openExplorers();
  window.addEventListener("resize", look);
  look();
});
