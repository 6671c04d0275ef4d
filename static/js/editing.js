// The editor of a record: a field tells how much room is left while it is typed in, and takes back what it was.

function tellRoom(control) {
  const note = control.closest("[data-field]")?.querySelector("[data-fits]");
  if (!note) return;
  const limit = Number(note.dataset.limit);
  const length = [...control.value].length;
  note.textContent = length > limit ? `${length} of ${limit}: ${length - limit} too many` : `${length} of ${limit}`;
  note.classList.toggle("text-red", length > limit);
}

document.addEventListener("input", (event) => tellRoom(event.target));

document.addEventListener("click", (event) => {
  const undo = event.target.closest("[data-undo]");
  if (!undo) return;
  const control = undo.closest("[data-field]").querySelector("input, select, textarea");
  control.value = undo.dataset.undo;
  tellRoom(control);
  control.focus();
  undo.closest("p").hidden = true;
});
