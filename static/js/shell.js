// Keys and menus of every signed-in page: "/" finds, "?" lists the keys, j k Enter x walk a table, Escape closes.

const KEYS_OFF = "single-keys-off";
const isTyping = (element) => Boolean(element.closest("input, textarea, select, [contenteditable]"));

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
}

function openSearch() {
  const field = document.getElementById("search");
  if (!field) return;
  document.querySelector(".top").classList.add("is-searching");
  field.focus();
  field.select();
}

function moveRow(step) {
  const rows = [...document.querySelectorAll("tr[data-href]")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement.closest("tr[data-href]"));
  const row = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  (row.querySelector("a") ?? row.querySelector("input"))?.focus();
}

function selectRow() {
  document.activeElement.closest("tr[data-href]")?.querySelector("input[type=checkbox]")?.click();
}

function openRow() {
  const row = document.activeElement.closest("tr[data-href]");
  // A link under the focus opens by itself; Enter on the row's check box opens the row.
  if (row && !document.activeElement.closest("a, button")) window.location.assign(row.dataset.href);
}

const SINGLE_KEYS = {
  "/": openSearch,
  "?": () => document.getElementById("keys").showModal(),
  j: () => moveRow(1),
  k: () => moveRow(-1),
  x: selectRow,
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.activeElement.closest("details.menu[open]");
    closeMenus();
    menu?.querySelector("summary").focus();
    document.querySelector(".top")?.classList.remove("is-searching");
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const isCheckBox = document.activeElement.matches("tr[data-href] input[type=checkbox]");
  if (isTyping(document.activeElement) && !isCheckBox) return;
  if (event.key === "Enter") return openRow();
  const action = SINGLE_KEYS[event.key];
  if (!action || localStorage.getItem(KEYS_OFF)) return;
  event.preventDefault();
  action();
});

document.addEventListener("click", (event) => {
  closeMenus(event.target);
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    document.getElementById(opener.dataset.opens).showModal();
    return;
  }
  const closer = event.target.closest("[data-closes]");
  if (closer) {
    closer.closest("dialog").close();
    return;
  }
  if (event.target.closest(".search-open")) {
    event.preventDefault();
    openSearch();
    return;
  }
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest("a, button, input, label, summary") || window.getSelection().toString()) return;
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
  else window.location.assign(row.dataset.href);
});

const keysSwitch = document.getElementById("single-keys");
if (keysSwitch) {
  keysSwitch.checked = !localStorage.getItem(KEYS_OFF);
  keysSwitch.addEventListener("change", () => {
    if (keysSwitch.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "1");
  });
}
