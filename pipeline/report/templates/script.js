"use strict";

/* Theme: the system's by default; storage may be blocked. */
const stored = (() => { try { return localStorage.getItem("triptych-theme"); } catch { return null; } })();
function setTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try { localStorage.setItem("triptych-theme", theme); } catch { /* not stored */ }
}
for (const choice of document.querySelectorAll('input[name="theme"]')) {
  choice.checked = choice.value === (stored || "system");
  choice.addEventListener("change", () => setTheme(choice.value));
}
if (stored) setTheme(stored);

/* Filters: show table rows or cards that contain every word. */
for (const field of document.querySelectorAll("input[data-filters]")) {
  const list = document.getElementById(field.dataset.filters);
  const items = [...(list.tBodies ? list.tBodies[0].rows : list.children)];
  const status = document.getElementById(field.getAttribute("aria-describedby"));
  const texts = items.map((item) => (item.dataset.item || item.textContent).toLowerCase());
  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    items.forEach((item, index) => {
      item.hidden = !words.every((word) => texts[index].includes(word));
      if (!item.hidden) shown += 1;
    });
    status.textContent = `${shown} of ${items.length}`;
  };
  field.addEventListener("input", apply);
  apply();
}

/* Sorting by a click on a column's name. */
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.order ?? row.cells[column].textContent;
      const rows = [...table.tBodies[0].rows].sort((one, other) => {
        const [a, b] = [key(one), key(other)];
        const difference = a !== "" && b !== "" && !isNaN(a) && !isNaN(b) ? a - b : a.localeCompare(b);
        return down ? -difference : difference;
      });
      table.tBodies[0].append(...rows);
    });
  });
}

/* A link to a card opens it; printing opens every card. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) { target.open = true; target.scrollIntoView(); }
}
addEventListener("hashchange", openTarget);
openTarget();
addEventListener("beforeprint", () => document.querySelectorAll("details.card").forEach((card) => { card.open = true; }));
