"""Who will be worth it: settings, the training in the background, and what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import jobs, page, parts, trouble
from clv.core import names
from clv.core.errors import ClvError
from clv.core.formatting import count, day, dollars, percent, plain, symbol
from clv.insights.newcomers import training
from clv.insights.newcomers.training import Wish
from clv.learn.plans import Design
from clv.learn.work import Work
from clv.report import charts, explained
from clv.report.tables import first_year as tables
from clv.report.words import first_year as words

if TYPE_CHECKING:
    from clv.core.schema import BoardRow, DesignKind, MonthOfValue, ValuePart
    from clv.insights.newcomers.training import Kept
    from clv.runs import Run


_KINDS: Final[tuple[DesignKind, ...]] = ("early", "window")
_POINTS: Final = ("1w", "2w", "14d", "30d", "1m", "2m", "3m", "6m")
_MOST_FEATURES: Final = 10
_MOST_ROWS: Final = 12
#: Of the parts of the value, in titles of columns.


def show(run: Run, months: int, kept: Kept | None) -> None:
    """Show the settings or the training's progress, and what the training of these settings found.

    That of the newest training, where that of the settings has not been made.
    """
    shown = _train(run, months, kept) or kept
    if shown is not None:
        _found(shown, run.settings["currency"])


def _train(run: Run, months: int, kept: Kept | None) -> Kept | None:
    """Show the settings or the training's progress; return the training of the settings, if made."""
    key = f"train:{run.id}"
    job = jobs.find(key)
    if job is not None and not job.finished:
        jobs.watch(job, "Stop the training")
        return None
    if job is not None and job.failure is not None:
        trouble.show(job.failure)
    elif job is not None and job.stopped:
        st.info("The training was stopped. Nothing was changed.", icon=":material/info:")
    with st.expander(
        "Train a forecast" if kept is None else "Train another forecast",
        icon=":material/model_training:",
        expanded=kept is None,
        key="training_settings",
    ):
        try:
            wish = _wish(run, months)
            training.check(run, wish.design)
        except ClvError as error:
            # Nobody has done anything wrong yet: what can't be trained is said, and what can.
            st.warning(plain(f"{error.message} {error.hint}"), icon=":material/info:")
            return None
        found = _stored(run, wish)
        if found is not None:
            st.caption(
                "This has been trained already and is shown below; the same settings give the same model."
            )
        elif st.button("Train", type="primary", icon=":material/play_arrow:", key="train"):
            jobs.forget(key)
            jobs.start(
                key,
                lambda progress: training.make(
                    run, wish, Work(wish.seed, progress, lambda: jobs.stopping(key))
                ),
            )
            st.rerun()
    return found


def _stored(run: Run, wish: Wish) -> Kept | None:
    """Return the training if it has been made; one that was changed since can be made again."""
    try:
        return training.stored(run, wish.key)
    except ClvError:
        return None


def _wish(run: Run, months: int) -> Wish:
    """Return what the visitor asks for.

    Raises
    ------
    SettingsError
        Lengths of time that can't be read, or not be mixed.
    """
    kind = st.radio(
        "Foresee",
        list(_KINDS),
        format_func=lambda name: words.DESIGNS[name],
        key="training_design",
        horizontal=True,
    )
    after: list[str] = ["1m"]
    if kind == "early":
        st.caption(
            f"The value of the first {months} months, as chosen above, from what the first weeks show."
        )
        usual = ["1m", "3m"] if months > 3 else ["2w"] if months == 1 else ["1m"]
        after = st.multiselect(
            "From the first",
            list(_POINTS),
            default=usual,
            key=f"training_after_{months}",
            accept_new_options=True,
            help="Days, weeks or months as 14d, 2w, 3m. The longest is the day of the forecast; "
            "shorter ones add features.",
        )
    else:
        st.caption(
            f"What every customer brings in the {months} months after a day, whatever their age."
        )
    labels: list[str] = []
    if run.labels:
        labels = st.multiselect(
            "Use these columns",
            run.labels,
            default=run.labels,
            key=f"training_labels_{run.id}",
        )
    return Wish(Design(kind, months, tuple(after)), tuple(labels))


def _found(kept: Kept, currency: str) -> None:
    st.subheader("Who forecasts best", anchor=False)
    st.markdown(dollars(words.verdict(kept)))
    st.caption(dollars(f"{words.design_title(kept)} {words.ranges(kept)}"))
    _leaderboard(kept, currency)
    part = _part(kept)
    row, rival = words.chosen_row(kept), words.rival_row(kept)
    _deciles(kept, row, part, currency)
    _gain(kept, row, rival, part)
    if rival is not None:
        _errors(kept, row, rival, part, currency)
    _features(kept, currency)
    with st.expander(
        "Month by month", icon=":material/calendar_month:", key="fold_months", on_change="rerun"
    ) as fold:
        if fold.open:
            _months(kept, currency)
    _downloads(kept)
    parts.explain(explained.training(kept.wish.design.kind), "help_training")


def _leaderboard(kept: Kept, currency: str) -> None:
    parts.table(tables.leaderboard(kept, currency), "first_year_board")
    offered = words.parts(kept)
    if len(offered) > 1:
        point = words.point(kept.wish.design)
        st.caption(
            f"What comes in {point} is inside the whole value and needs no forecast: beside the whole, "
            "every error looks small. The columns “later” set it against what comes after."
        )
    for name, why in kept.report["failed"].items():
        st.caption(plain(f"{names.title(name)} could not be fitted: {why}"))
    if tuned := words.tuning(kept):
        st.caption(plain(tuned))


def _part(kept: Kept) -> ValuePart:
    offered = words.parts(kept)
    if len(offered) == 1:
        return next(iter(offered))
    return st.segmented_control(
        "Of which value",
        list(offered),
        default="remaining",
        required=True,
        format_func=lambda name: offered[name],
        key="first_year_part",
        persist_state="session",
    )


def _deciles(kept: Kept, row: BoardRow, part: ValuePart, currency: str) -> None:
    rows = row[part]["deciles"]
    parts.chart(
        charts.ranking_figure(rows, measure="revenue", symbol=symbol(currency), dark=page.dark()),
        words.deciles_title(rows, currency),
        f"Mean revenue of each group of held-out customers, {words.parts(kept)[part].lower()}; forecast by "
        f"{row['title']}.",
        "first_year_deciles",
    )


def _gain(kept: Kept, row: BoardRow, rival: BoardRow | None, part: ValuePart) -> None:
    board = kept.report["board"]
    lines = [charts.Gain(row["title"], row[part]["gain"])]
    if rival is not None:
        lines.append(charts.Gain(rival["title"], rival[part]["gain"]))
    figure = charts.gain_figure(lines, board["perfect"][part], marks=(0.1, 0.2), dark=page.dark())
    perfect = board["perfect"][part]
    parts.chart(
        figure,
        words.gain_title(kept, part),
        f"{words.parts(kept)[part]} of {count(board['customers'])} held-out customers. At best, knowing the "
        f"outcome, one tenth brought {percent(perfect[10])} and one fifth {percent(perfect[20])}.",
        "first_year_gain",
    )


def _errors(kept: Kept, row: BoardRow, rival: BoardRow, part: ValuePart, currency: str) -> None:
    parts.chart(
        charts.errors_figure(
            row[part]["deciles"],
            rival[part]["deciles"],
            names=(row["title"], rival["title"]),
            symbol=symbol(currency),
            dark=page.dark(),
        ),
        "Where the errors are: by group of the forecast",
        f"Mean distance of forecast and outcome, {words.parts(kept)[part].lower()}. Each forecast has groups "
        "of its own.",
        "first_year_errors",
    )


def _features(kept: Kept, currency: str) -> None:
    design = kept.wish.design
    found = kept.report["importance"]
    rows: list[charts.NamedImportance] = [
        {**words.as_share(r), "label": words.feature(r["name"], design)}
        for r in found[:_MOST_FEATURES]
    ]
    if not rows:
        st.subheader(words.importance_title(rows, design), anchor=False)
        return
    parts.chart(
        charts.importance_figure(rows, dark=page.dark()),
        words.importance_title(found, design),
        "How much the error on held-out customers grows when the feature is shuffled among them; lines: "
        "smallest and largest of five shuffles.",
        "first_year_importance",
    )
    effects = {e["name"]: e for e in kept.report["effects"]}
    if not effects:
        return
    name = st.selectbox(
        "How the forecast moves with",
        list(effects),
        format_func=lambda n: words.feature(n, design),
        key=f"first_year_effect_{kept.key}",
        width=420,
    )
    effect = effects[str(name)]
    points = words.points(effect)[:_MOST_ROWS]
    label = words.feature(effect["name"], design)
    parts.chart(
        charts.effect_figure(
            points,
            words=effect["kind"] != "number",
            across=label,
            symbol=symbol(currency),
            dark=page.dark(),
        ),
        f"What is expected, by: {label[0].lower()}{label[1:]}",
        "What the model has learned, other features being as they are (accumulated local effects). It "
        "does not say what would happen if one changed it.",
        "first_year_effect_picture",
    )


def _months(kept: Kept, currency: str) -> None:
    told = kept.report["months"]
    rows: list[MonthOfValue] = [{**r, "month": r["month"] + 1} for r in told["rows"]]
    error = told["mape"]
    parts.chart(
        charts.months_figure(rows, symbol=symbol(currency), dark=page.dark()),
        words.months_title(told, currency),
        "Remaining revenue of all held-out customers. A customer's value is shared out over the months "
        "as the average customer's was."
        + (
            f" Mean error of a month's total: {percent(error)} (MAPE)." if error is not None else ""
        ),
        "first_year_by_month",
    )


def _downloads(kept: Kept) -> None:
    files = (
        ("Forecasts (CSV)", kept.predictions, "first_year_predictions.csv"),
        ("One row per customer (CSV)", kept.rows, "model_df.csv"),
        ("Model card (JSON)", kept.card, "card.json"),
        ("Trained model (zip)", kept.packed, "model.zip"),
    )
    with st.container(key="cards-first-year-files"):
        for column, (label, make, name) in zip(st.columns(len(files)), files, strict=True):
            with column:
                parts.download_made(label, make, name, f"download_{name.partition('.')[0]}")
    st.caption(
        f"Forecasts: {count(kept.scored)} customers, as of {day(kept.report['as_of'])}, with ranges and "
        "month by month. The model is kept here for a day at least: download it to keep it, and score "
        "others with it from the command line."
    )
