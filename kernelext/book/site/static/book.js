// A formula that is wider than its box scrolls. It gets a tabindex, so that the keyboard can scroll it too.
window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const reach = () => {
    for (const formula of document.querySelectorAll("mjx-container")) {
      if (formula.scrollWidth > formula.clientWidth) {
        formula.tabIndex = 0;
      } else {
        formula.removeAttribute("tabindex");
      }
    }
  };
  window.addEventListener("resize", reach);
  reach();
});
