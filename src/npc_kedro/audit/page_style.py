"""Style sheet and script of the audit page. Without the script everything is shown."""

STYLE = """
:root { color-scheme: light; --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --paper: #fff;
  --inconsistent: #b3261e; --consistent: #8a6100; --reproduced: #0b6e4f; --not_checkable: #57606a; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 86rem; padding: 1.5rem; color: var(--ink); background: var(--paper);
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h2 small { color: var(--soft); font-weight: 400; }
header > p { max-width: 60rem; color: var(--soft); margin: 0 0 1rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem; }
.tile { position: relative; display: grid; padding: .7rem .9rem; border: 1px solid var(--line);
  border-left: .4rem solid var(--tone); border-radius: .4rem; cursor: pointer; }
.tile input { position: absolute; top: .8rem; right: .8rem; accent-color: var(--tone); }
.tile:has(input:not(:checked)) { opacity: .55; }
.tile .count { font-size: 1.9rem; font-weight: 600; line-height: 1.1; color: var(--tone); }
.tile .name { font-weight: 600; }
.tile .meaning { color: var(--soft); font-size: .85rem; }
.inconsistent { --tone: var(--inconsistent); } .consistent { --tone: var(--consistent); }
.reproduced { --tone: var(--reproduced); } .not_checkable { --tone: var(--not_checkable); }
.find { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; margin: 1rem 0 0; }
.find input, .find select { font: inherit; padding: .25rem .5rem; border: 1px solid var(--line); border-radius: .3rem; }
.find input { width: 18rem; max-width: 100%; }
.find output { color: var(--soft); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; min-width: 56rem; }
thead th { text-align: left; font-size: .8rem; color: var(--soft); padding: .3rem .6rem;
  border-bottom: 2px solid var(--line); }
thead th:nth-child(1) { width: 30%; } thead th:nth-child(2) { width: 13%; } thead th:nth-child(3) { width: 22%; }
tbody th { text-align: left; font-weight: 500; padding-left: 1.9rem; position: relative; }
tbody th, tbody td { vertical-align: top; padding: .45rem .6rem; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
tbody th { padding-left: 1.9rem; }
.mark { position: absolute; left: .5rem; color: var(--tone); font-weight: 700; }
.number { font-variant-numeric: tabular-nums; }
tr.inconsistent .number { color: var(--inconsistent); }
td p { margin: 0; }
.method, details { color: var(--soft); font-size: .88rem; }
details code { font-size: .8rem; }
summary { cursor: pointer; width: max-content; }
[hidden] { display: none; }
@media print { .find, details, .tile input { display: none; } body { font-size: 11px; max-width: none; } }
"""

SCRIPT = """
const boxes = [...document.querySelectorAll('.tile input')];
const place = document.getElementById('place'), text = document.getElementById('text');
const rows = [...document.querySelectorAll('tbody tr')].map(row => [row, row.textContent.toLowerCase()]);
function show() {
  const verdicts = new Set(boxes.filter(box => box.checked).map(box => box.value));
  const words = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const [row, content] of rows) {
    const fits = verdicts.has(row.className) && (!place.value || row.dataset.place === place.value)
      && words.every(word => content.includes(word));
    row.hidden = !fits;
    shown += fits;
  }
  for (const section of document.querySelectorAll('section'))
    section.hidden = !section.querySelector('tbody tr:not([hidden])');
  document.getElementById('shown').textContent = shown + ' of ' + rows.length + ' claims shown';
}
for (const control of [...boxes, place, text]) control.addEventListener('input', show);
show();
"""
