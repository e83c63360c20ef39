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

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const look = () => {
    findColumns();
    offerLarge();
    reach();
  };
  window.addEventListener("resize", look);
  look();
});
