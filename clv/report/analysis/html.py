"""The report: one HTML page that needs nothing else, on a screen, on a phone and on paper."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from clv.core import names as forecasts
from clv.core.formatting import day, files, unit
from clv.insights import verdict
from clv.report.analysis.pieces import Text
from clv.report.words import verdict as verdict_words
from clv.report.words.run import horizon, horizon_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import ModelCard, RunSettings
    from clv.report.analysis.pieces import Section
    from clv.runs import Run

_STYLE: Final = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 60rem; color: #1f2933; background: #fff;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 0.4rem; }
h2 { font-size: 1.4rem; margin: 3rem 0 0.5rem; padding-top: 1rem; border-top: 2px solid #0072b2; }
h3 { font-size: 1.05rem; margin: 1.8rem 0 0.4rem; }
.meta, .note { color: #52606d; font-size: 0.85rem; }
.meta { margin: 0; }
.answer { font-size: 1.15rem; max-width: 46rem; }
nav ol { padding-left: 1.4rem; }
nav li { margin: 0.35rem 0; }
nav a { color: #00588a; font-weight: 600; text-underline-offset: 0.2em; }
nav span { display: block; font-size: 0.92rem; }
.scroll { overflow-x: auto; margin: 0.8rem 0; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.7rem; border-bottom: 1px solid #d5dbe1; vertical-align: top; }
th { border-bottom: 2px solid #9aa5b1; font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { padding-left: 0; }
td { min-width: 2.2rem; }
td[style$="right"] { white-space: nowrap; }
figure { margin: 0.8rem 0; break-inside: avoid; }
figure svg { display: block; }
@media (max-width: 640px) {
  figure svg { min-width: 34rem; }
  td[style$="left"]:not(:first-child) { min-width: 11rem; }
}
@page { margin: 16mm 14mm; }
@media print {
  body { padding: 0; max-width: none; font-size: 10pt; }
  h2 { margin-top: 1.6rem; }
  #data, #top_buyers, #assumptions, #evidence, #four_bins { break-before: page; }
  h2, h3 { break-after: avoid; }
  tr, li { break-inside: avoid; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
  table { font-size: 7.5pt; }
  th, td { padding: 0.15rem 0.35rem; }
  figure svg { max-height: 82mm; min-width: 0; }
  #assumptions figure svg { max-height: 58mm; }
  #survival figure:last-of-type svg { max-height: 120mm; }
}
"""


def page(run: Run, sections: Sequence[Section]) -> str:
    """Return the report of a run.

    Parameters
    ----------
    run
        Its settings stand on top.
    sections
        In the order in which they are to be read.

    Returns
    -------
    str
        A whole HTML document: style and pictures inside, no script, nothing from elsewhere.
    """
    names = files(run.settings.get("inputs", []))
    title = escape(f"Purchase forecast: {names}" if names else "Purchase forecast")
    told = verdict_words.told(verdict.of_run(run))
    judged = f'<p class="answer">{escape(told)}</p>' if told else ""
    body = "".join(
        f'<section id="{escape(s.key)}"><h2>{escape(s.title)}</h2>{s.html()}</section>'
        for s in sections
    )
    contents = "".join(
        f'<li><a href="#{escape(s.key)}">{escape(s.title)}</a>{_short(s)}</li>' for s in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f'<header><h1>{title}</h1><p class="meta">{escape(meaning(run.settings, run.model))}</p>'
        f"{judged}</header>"
        f'<nav aria-label="Contents"><h3>In short</h3><ol>{contents}</ol></nav>'
        f"<main>{body}</main></body></html>\n"
    )


def meaning(settings: RunSettings, model: ModelCard) -> str:
    """Return what the figures mean: as of, horizon, currency, model."""
    parts = [
        f"as of {day(settings['as_of'])}",
        f"next {horizon(settings)}, until {horizon_end(settings)}",
        f"amounts in {unit(settings['currency'])}",
        forecasts.of_card(model),
    ]
    return " · ".join(parts)


def _short(section: Section) -> str:
    """Return a section's answer, for the list of contents."""
    said = [p for p in section.pieces if isinstance(p, Text) and p.kind == "answer"]
    return f"<span>{escape(' '.join(said[0].lines))}</span>" if said else ""
