// Where each row uses one of two columns of labels, as in the table of growth, they become one.
document$.subscribe(() => {
  for (const table of document.querySelectorAll("article table:not([class])")) {
    const [first, second] = table.tHead?.rows[0]?.cells ?? [];
    if (!second || first.textContent.trim() || second.textContent.trim()) continue;
    for (const row of table.rows) row.cells[row.cells[0].textContent.trim() ? 1 : 0].remove();
  }
});
// On narrow screens each row of a table is a block (site.css); each value then has the name of its column before it.
document$.subscribe(() => {
  for (const table of document.querySelectorAll("article table:not([class])")) {
    const names = [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) => cell.textContent.trim());
    if (names.length < 2 || names.slice(1).some((name) => !name)) continue;
    table.dataset.stacked = "";
    table.setAttribute("role", "table");
    for (const row of table.tBodies[0].rows) {
      row.setAttribute("role", "row");
      [...row.cells].forEach((cell, index) => {
        cell.setAttribute("role", "cell");
        const text = cell.textContent.trim();
        if (!text && !cell.firstElementChild) cell.dataset.empty = "";
        else if (text === "—") cell.dataset.absent = "";
        if (index > 0 && names.length > 2) cell.dataset.label = names[index];
      });
    }
  }
});
