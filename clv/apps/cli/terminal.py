"""What the command line shows: progress, the report, the run, a table."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from clv.core import names, stopping
from clv.core.formatting import plural
from clv.forecast import receipts
from clv.insights import verdict
from clv.report.words import verdict as verdict_words
from clv.report.words.check import ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from clv.core.schema import LeaderboardRow, Receipt, Report
    from clv.insights.simulate import Checkpoint
    from clv.report.tables import Table
    from clv.runs import Run


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show the stage on a terminal, say nothing in a pipe; stop at the next stage if that was asked."""
    with _shown() as show:

        def report(stage: str, done: int, total: int) -> None:
            stopping.check()
            show(stage, done, total)

        yield report
    stopping.check()


@contextmanager
def _shown() -> Iterator[Callable[[str, int, int], None]]:
    if not sys.stderr.isatty():
        yield lambda _stage, _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415

    with Console(stderr=True).status("Starting") as status:

        def show(stage: str, done: int, total: int) -> None:
            count = f" {done:,} / {total:,}" if done else (f" {total:,}" if total > 1 else "")
            status.update(stage + count)

        yield show


def say_report(report: Report) -> None:
    """Print what the check found."""
    files = ", ".join(f["name"] for f in report["files"])
    typer.echo(f"{files}")
    typer.echo(
        f"  read as   {report['layout_title']}: {report['delimiter']}, {report['encoding']}, "
        f"dates {report['date_format']}, decimal {report['decimal']!r}"
    )
    mapping = ", ".join(f"{role} = {column}" for role, column in report["mapping"].items())
    typer.echo(f"  columns   {mapping}")
    if unused := ", ".join(one["column"] for one in report["columns"] if not one["role"]):
        typer.echo(f"  unused    {unused}")
    typer.echo(
        f"  rows      {report['rows_total']:,} = {report['rows_accepted']:,} accepted "
        f"+ {report['rows_rejected']:,} rejected"
    )
    for code, count in report["reasons"].items():
        title = report["reason_titles"][code]
        typer.echo(f"            {count:>10,}  {code:<22} {title}. {report['remedies'][code]}")
    for file in report["files"]:
        if file.get("table"):  # One of several tables that belong together.
            typer.echo(
                f"  {file['table']:<11} {file['rows_accepted']:>9,} of {file['rows_total']:,} rows used"
            )
    money = (
        f", revenue {report['revenue']:,.2f} {report['currency']}" if report["has_revenue"] else ""
    )
    typer.echo(
        f"  orders    {report['orders']:,} of {report['customers']:,} customers, "
        f"{report['first_order']} to {report['last_order']}{money.rstrip()}"
    )
    _say_decisions(report)
    _say_statuses(report)
    for sentence in report["oddities"]:
        typer.echo(f"  odd       {_spaced(sentence)}")
    for message in report["messages"]:
        typer.echo(f"  note      {message}")


def _say_decisions(report: Report) -> None:
    """Print what could have been read otherwise, and the options that do."""
    for decision in report["decisions"]:
        word = "warning" if decision["weighty"] else "decision"
        said = "; ".join(ways(decision))
        typer.echo(f"  {word:<9} {_spaced(decision['sentence'])}" + (f" ({said})" if said else ""))


def _say_statuses(report: Report) -> None:
    """Print what statuses and kinds of rows were taken for."""
    meanings = {"counts": "counts", "no": "doesn't count", "refund": "is a refund"}
    said = [
        f"{s['word']} {meanings[s['meaning']]}" + ("" if s["known"] else " (not understood)")
        for s in report["statuses"]
    ]
    if said:
        typer.echo(f"  statuses  {', '.join(said)}")


def _spaced(sentence: str) -> str:
    """Return a sentence with blanks that can be searched for."""
    return sentence.replace("\N{NO-BREAK SPACE}", " ")


def say_run(made: Run, out: Path | None) -> None:
    """Print what the forecast says in all, and where it was written, if it was."""
    summary, settings = made.summary, made.settings
    horizon = f"{settings['horizon_months']} months from {settings['as_of']}"
    typer.echo(
        f"Values as of {settings['as_of']}" if made.only_value else f"Forecast for the {horizon}"
    )
    if summary["predicted_purchases"] is not None:
        typer.echo(f"  purchases {summary['predicted_purchases']:,.0f}")
    if summary["predicted_revenue"] is not None:
        unit = settings["currency"]
        typer.echo(f"  revenue   {summary['predicted_revenue']:,.2f} {unit}".rstrip())
        typer.echo(
            f"  value     {summary['predicted_clv']:,.2f} {unit}".rstrip()
            + f" in all, {summary['median_clv']:,.2f} median per customer "
            f"(discounted at {settings['discount_rate'] * 100:g}%, "
            f"margin {settings['margin'] * 100:g}%)"
        )
        _say_ranges(made, unit)
    if made.only_value:
        typer.echo(
            f"  value     {summary['predicted_clv']:,.2f} {settings['currency']}".rstrip()
            + f" in all, {summary['median_clv']:,.2f} median per customer, "
            f"says {settings['model']}"
        )
    if made.model.get("purchases"):
        typer.echo(f"  model     {names.of_card(made.model)}")
    if told := verdict_words.told(verdict.of_run(made)):
        typer.echo(f"  verdict   {_spaced(told)}")
    if tested := made.receipt:
        typer.echo(f"  because   {receipts.why(tested)}")
    for note in made.model["notes"]:
        typer.echo(f"  note      {note['message']}")
    where = f"{out}: " if out else ""
    typer.echo(f"{where}{summary['customers']:,} customers. Run {made.id}")


def _say_ranges(made: Run, unit: str) -> None:
    """Print the total's range, and how many customers' ranges held in the tests."""
    ranges = made.summary.get("ranges")
    if ranges is None:
        typer.echo("  range     none: made without a test on past dates")
        return
    low, high = (f"{ranges['total'][end]:,.2f}" for end in ("low", "high"))
    typer.echo(
        f"  range     {low} to {high} {unit}".rstrip() + f" in all ({ranges['level'] * 100:g}%)"
    )
    measured = made.receipt["ranges"]["measured"] if made.receipt else None
    if measured is None:
        typer.echo("            not tested: the model's own ranges")
        return
    held = {row["group"]: row["inside"] for row in measured["after"] or measured["before"]}
    wider = f", {held['wider']:.0%} of those above nothing" if "wider" in held else ""
    typer.echo(
        f"            of customers' ranges {held['all']:.0%} held as of {measured['as_of']}{wider}"
    )


def say_choice(found: Receipt) -> None:
    """Print which forecast the tests chose, why, and how it did beside the best rule of thumb."""
    choice, seen = found["choice"], found["checked"]
    typer.echo(f"  chosen    {names.title(choice['name'])} ({choice['name']})")
    typer.echo(f"  because   {choice['reason']}")
    if seen is None:
        return
    verdict = "as good as" if seen["as_good"] else "better than"
    if seen["high"] < 0:
        verdict = "worse than"
    say = "which had no say in the choice" if found["unseen"] else "the only date"
    typer.echo(
        f"  check     as of {seen['as_of']}, {say}: {verdict} {seen['rule']}, whose loss differs by "
        f"{seen['difference']:+z.3f} ({seen['low']:+z.3f} to {seen['high']:+z.3f})"
    )


def say_simulation(rows: Sequence[Checkpoint]) -> None:
    """Print a simulation, a column a checkpoint: one run, the mean and band of many, the formula."""
    from clv.insights.simulate import MEASURES, seen  # noqa: PLC0415 - `--help` needs none of this

    said = []
    for what in MEASURES:
        figures = [seen(row, what) for row in rows]
        by_way = {
            f"{what}, this run": [f"{one.this:,}" for one in figures],
            "mean of runs": [f"{one.mean:,.1f}" for one in figures],
            "9 in 10 runs": [f"{one.low:,} to {one.high:,}" for one in figures],
            "exact mean": [f"{one.expected:,.1f}" for one in figures],
        }
        for way, cells in by_way.items():
            said.append(
                {"after": way} | dict(zip((str(r["after"]) for r in rows), cells, strict=True))
            )
    say_table(list(said[0]), said)


def say_leaderboard(found: Sequence[LeaderboardRow]) -> None:
    """Print who forecast how well, the best first; what is not defined is a dash."""
    rows = [dict(row) for row in found]
    say_table([c for c in rows[0] if any(row[c] is not None for row in rows)], rows)


def say_tests(found: Receipt, out: Path | None) -> None:
    """Print what a backtest rests on: dates, horizon, who could not be fitted."""
    dates = ", ".join(origin["as_of"] for origin in found["origins"])
    months = plural(found["horizon_months"], "month")
    typer.echo(f"{f'{out}: t' if out else 'T'}ested as of {dates}, {months} ahead.")
    if found["customers_tested"] < found["customers_known"]:
        tested, known = found["customers_tested"], found["customers_known"]
        typer.echo(f"  customers {tested:,} of {known:,}, drawn by a hash of their ids")
    say_choice(found)
    if found["reason"]:
        typer.echo(f"  note      {found['reason']}")
    for origin in found["origins"]:
        for name, why in origin["failed"].items():
            typer.echo(f"  note      {name} as of {origin['as_of']}: {why}")


def say(shown: Table, keys: Sequence[str]) -> None:
    """Print some columns of a table under their keys, of those that it has."""
    known = {column.of for column in shown.columns}
    say_table([key for key in keys if key in known], shown.rows)


def say_table(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows under their column names, right-aligned; what is missing is a dash."""

    def cell(value: object) -> str:
        if value is None:
            return "-"
        return f"{value:z.3f}" if isinstance(value, float) else str(value)

    cells = [list(columns), *([cell(row[c]) for c in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        typer.echo("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)))
