"""How the page of a report looks: light and dark, on a wide screen, a phone and paper."""

STYLE = """
:root { color-scheme: light dark; --page: #f4f6f9; --card: #ffffff; --ink: #1a222e; --soft: #5b6778; --line: #dfe4ea;
  --track: #eef1f5; --accent: #1f5fa8; --accent-rgb: 31, 95, 168; --other: #8a94a3; --good: #15743f; --good-back: #e3f4ea;
  --bad: #a8321f; --bad-back: #fbe8e4; --mild: #7a5a00; --mild-back: #fdf3d7;
  --s0: #1f5fa8; --s1: #d1642a; --s2: #2c8a57; --s3: #a13d8a; --s4: #8a6d1d; --s5: #3f8fa6; --s6: #6a5acd; --s7: #6b7480; }
@media (prefers-color-scheme: dark) { :root { --page: #0f1319; --card: #181e27; --ink: #e7ebf1; --soft: #9ba7b7;
  --line: #2c3542; --track: #232b37; --accent: #72b0fb; --accent-rgb: 114, 176, 251; --other: #7d8896; --good: #6fd39b;
  --good-back: #16301f; --bad: #f59683; --bad-back: #3b1d18; --mild: #e8c468; --mild-back: #33290f;
  --s0: #72b0fb; --s1: #f39a63; --s2: #6cc996; --s3: #d98cc7; --s4: #d3b458; --s5: #7cc7db; --s6: #a79bf5; --s7: #a3adba; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
.wrap { max-width: 1120px; margin: 0 auto; padding: 0 20px; }
header { background: var(--card); border-bottom: 1px solid var(--line); padding: 34px 0 26px; }
.eyebrow { margin: 0; color: var(--soft); font-size: 13px; letter-spacing: .04em; }
h1 { margin: 2px 0 10px; font-size: 30px; line-height: 1.2; letter-spacing: -.01em; }
.lead { margin: 0; max-width: 76ch; font-size: 17px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px; margin-top: 22px; }
.tile { border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; background: var(--page); }
.tile .name { color: var(--soft); font-size: 13px; }
.tile .value { font-size: 27px; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile .note { color: var(--soft); font-size: 12.5px; font-variant-numeric: tabular-nums; }
nav { position: sticky; top: 0; z-index: 5; background: var(--card); border-bottom: 1px solid var(--line); }
nav .wrap { display: flex; gap: 4px 18px; overflow-x: auto; white-space: nowrap; padding-top: 9px; padding-bottom: 9px;
  scrollbar-width: thin; }
nav a { color: var(--soft); text-decoration: none; font-size: 13.5px; }
nav a:hover { color: var(--accent); }
nav a.failed { color: var(--bad); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 24px 22px;
  margin: 20px 0; scroll-margin-top: 52px; }
h2 { margin: 0 0 8px; font-size: 21px; letter-spacing: -.005em; }
h3 { margin: 22px 0 6px; font-size: 15.5px; }
p { margin: 8px 0; max-width: 96ch; }
p.note, figcaption, .legend { color: var(--soft); font-size: 13.5px; }
.says { padding: 11px 15px; border-radius: 8px; font-size: 16px; font-weight: 550; max-width: none; }
.says.good { background: var(--good-back); color: var(--good); }
.says.bad { background: var(--bad-back); color: var(--bad); }
.says.mild { background: var(--mild-back); color: var(--mild); }
.says.bad { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 10px -4px; padding: 0 4px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; color: var(--soft); font-weight: 550; font-size: 12.5px; white-space: nowrap; }
th, td { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.soft { color: var(--soft); }
td.strong { font-weight: 650; }
tr.group td { padding-top: 14px; color: var(--soft); font-size: 12.5px; font-weight: 550; }
th.chart, td.chart { width: 38%; min-width: 170px; padding-left: 12px; padding-right: 0; }
th.chart .scale { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; }
.track { position: relative; height: 18px; border-radius: 4px; background: var(--track); }
.track i { position: absolute; display: block; }
.track .zero { top: 0; bottom: 0; width: 1px; background: var(--soft); opacity: .6; }
.track .fill { top: 5px; bottom: 5px; background: rgba(var(--accent-rgb), .28); border-radius: 2px; }
.track .range { top: 8px; height: 2px; background: var(--accent); }
.track .dot { top: 4px; width: 10px; height: 10px; margin-left: -5px; border-radius: 50%; background: var(--accent); }
.track .other { top: 5px; width: 8px; height: 8px; margin-left: -4px; transform: rotate(45deg); border: 2px solid
  var(--other); background: var(--card); }
.matrix { width: auto; font-size: 13px; }
.matrix td, .matrix th { border: 0; padding: 0; }
.matrix td.cell { min-width: 44px; height: 34px; padding: 0 5px; text-align: center; border: 2px solid var(--card);
  border-radius: 5px; font-variant-numeric: tabular-nums; }
.matrix.dense td.cell { min-width: 30px; height: 26px; font-size: 11px; padding: 0 1px; }
.matrix td.cell.dark { color: #ffffff; }
.matrix td.cell.light { color: #16202e; }
.matrix th.row { text-align: right; padding-right: 8px; color: var(--ink); }
.matrix th.short { padding: 0 9px 5px; text-align: center; color: var(--ink); }
.matrix th.column { height: 92px; vertical-align: bottom; text-align: left; padding-bottom: 4px; color: var(--ink); }
.matrix th.column span { display: block; width: 1.2em; margin: 0 auto; writing-mode: vertical-rl; transform:
  rotate(180deg); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(310px, 1fr)); gap: 8px 34px; }
.columns > * { min-width: 0; }
.columns > div > :first-child { margin-top: 8px; }
figure { margin: 0; min-width: 0; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .dashed { stroke-dasharray: 5 4; stroke-width: 1.6; }
svg .even { stroke: var(--other); stroke-dasharray: 3 4; fill: none; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 4px 0 0; }
.legend span { white-space: nowrap; }
.legend b { display: inline-block; width: 18px; height: 0; border-top: 3px solid; margin-right: 6px; vertical-align: 4px; }
.legend b.dashed { border-top-style: dashed; border-top-width: 2px; }
.legend b.patch { width: 12px; height: 12px; border: 1px solid var(--soft); border-radius: 3px; vertical-align: -1px; }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 18px 22px; margin-top: 10px; }
.trio { display: grid; grid-template-columns: repeat(3, 1fr); gap: 3px; }
.trio img, .wide { display: block; width: 100%; border-radius: 4px; }
.sample figcaption { margin-top: 5px; line-height: 1.4; }
.sample figcaption b { display: block; color: var(--ink); font-size: 14.5px; font-weight: 600; overflow-wrap: anywhere; }
.keys { color: var(--soft); font-size: 13px; }
.key { display: inline-block; width: 12px; height: 12px; border-radius: 3px; vertical-align: -1px; margin: 0 5px 0 12px; }
.sheet { display: inline-block; background: #ffffff; border-radius: 8px; padding: 6px; max-width: 100%; }
.sheet img { display: block; max-width: 100%; height: auto; }
dl { display: grid; grid-template-columns: minmax(120px, max-content) 1fr; gap: 4px 20px; margin: 8px 0; font-size: 14px; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
ul { margin: 6px 0; padding-left: 20px; max-width: 84ch; }
li { margin: 3px 0; }
code { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; background: var(--track); padding: 1px 5px; border-radius: 4px;
  overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: 13px; padding: 4px 0 40px; }
@media (max-width: 640px) { body { font-size: 14.5px; } h1 { font-size: 24px; } .lead { font-size: 15.5px; }
  .wrap { padding: 0 12px; } section { padding: 15px 14px 16px; border-radius: 10px; } .samples { grid-template-columns: 1fr; }
  .tiles { grid-template-columns: 1fr 1fr; } .tile .value { font-size: 22px; } dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 7px; } .extra { display: none; } th { white-space: normal; }
   th.chart, td.chart { min-width: 120px; } }
@media print { :root { --page: #ffffff; } nav { display: none; } section { border: 0; padding: 6px 0; margin: 10px 0; }
  header { border: 0; padding: 0; } .tile, .sample, tr, figure, svg { break-inside: avoid; } h2, h3 { break-after: avoid; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
"""  # noqa: E501
"""The style sheet."""
