"use strict";
(() => {
  document.querySelectorAll(".roof").forEach(roof => {
    const points = [...roof.querySelectorAll(".point")], told = roof.nextElementSibling;
    const usual = told.textContent;
    let at = -1;
    const tell = i => { at = i; told.textContent = i < 0 ? usual : points[i].getAttribute("aria-label"); };
    points.forEach((point, i) => {
      point.addEventListener("pointerenter", () => tell(i));
      point.addEventListener("focus", () => tell(i));
    });
    roof.addEventListener("keydown", event => {
      const last = points.length - 1;
      const to = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 0, End: last }[event.key];
      if (event.key === "Escape") {
        tell(-1);
        roof.focus();
      } else if (to !== undefined) {
        event.preventDefault();
        points[Math.min(last, Math.max(0, to))].focus();
      }
    });
  });
})();
