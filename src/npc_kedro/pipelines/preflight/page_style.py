"""Style sheet of the preflight page."""

STYLE = """
:root { color-scheme: light; --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --paper: #fff;
  --stops: #b3261e; --out: #8a6100; --note: #57606a; --clear: #0b6e4f; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 86rem; padding: 1.5rem; color: var(--ink); background: var(--paper);
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; }
h1.stops { color: var(--stops); } h1.clear { color: var(--clear); }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; color: var(--tone); }
small { color: var(--soft); font-weight: 400; }
header > p { max-width: 60rem; color: var(--soft); margin: 0 0 1rem; }
header > p.simulated { color: var(--stops); font-weight: 600; margin: 0; }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; }
.tile { padding: .5rem .8rem; border: 1px solid var(--line); border-radius: .4rem; }
.tile .count { font-weight: 600; font-variant-numeric: tabular-nums; }
.stops { --tone: var(--stops); } .out { --tone: var(--out); } .note { --tone: var(--note); }
details { border-left: .3rem solid var(--tone); padding: .2rem .8rem; margin: .6rem 0; }
summary { cursor: pointer; font-weight: 600; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; min-width: 48rem; }
thead th { text-align: left; font-size: .8rem; color: var(--soft); border-bottom: 2px solid var(--line); }
th, td { padding: .35rem .6rem; vertical-align: top; text-align: left; overflow-wrap: anywhere; }
tbody th, tbody td { border-bottom: 1px solid var(--line); font-weight: 400; }
tbody th { font-weight: 500; }
@media print { body { font-size: 11px; max-width: none; } }
"""
