// A field above the table of features: each word must be in the provider's name, or name a column that the provider has.
document$.subscribe(() => {
  const table = document.querySelector("article table");
  if (!location.pathname.includes("/features") || !table || document.querySelector("#filter")) return;
  const columns = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim().toLowerCase());
  const field = document.createElement("input");
  field.id = "filter";
  field.type = "search";
  field.placeholder = "Filter: anthropic, embeddings rerank, ...";
  field.setAttribute("aria-label", "Filter the table");
  (table.closest(".md-typeset__scrollwrap") || table.closest(".md-typeset__table") || table).before(field);
  const has = (row, word) => {
    if (row.cells[0].textContent.toLowerCase().includes(word)) return true;
    return columns.some((name, index) => index > 0 && name.includes(word) && row.cells[index].textContent.trim() !== "—");
  };
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of table.tBodies[0].rows) row.hidden = !words.every((word) => has(row, word));
  });
});
