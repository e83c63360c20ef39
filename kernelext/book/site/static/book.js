// A formula that is wider than its place scrolls by itself; so that keys can scroll it too, it can be reached by them.
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
