"""Pieces that several pages show: charts with their text alternative, downloads, still pictures."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from clv.apps.ui import downloads
from clv.apps.ui.page import HOME, ONE, title
from clv.core.formatting import MISSING, dollars, plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    import plotly.graph_objects as go
    from streamlit.elements.arrow import DataframeState

    from clv.report.tables import Column, Table
    from clv.runs import Draft, Run

#: What may be done with a table of customers.
SORTS: Final = "A click on a column's name sorts by it. Tick a row to open that customer."
_NO_TOOLBAR: Final = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
_MIMES: Final = {".json": "application/json", ".zip": "application/zip"}
#: Small still pictures of what a page will show, drawn in the text's own colour.
_STILLS: Final = {
    "cohorts": (
        "Which share of each month's new customers comes back, and what they bring, as a triangle.",
        "".join(
            f'<rect x="{60 + j * 46}" y="{18 + i * 20}" width="42" height="16" rx="2" '
            f'fill="#2a7fb5" opacity="{0.75 / (j + 1) + 0.1:.2f}"/>'
            for i in range(6)
            for j in range(6 - i)
        )
        + "".join(
            f'<rect x="12" y="{22 + i * 20}" width="38" height="8" rx="4" opacity=".35"/>'
            for i in range(6)
        ),
    ),
    "top": (
        "The customers who will probably buy and spend the most, with their chance of buying.",
        "".join(
            f'<rect x="12" y="{18 + i * 22}" width="70" height="8" rx="4" opacity=".35"/>'
            f'<rect x="100" y="{18 + i * 22}" width="190" height="8" rx="4" opacity=".12"/>'
            f'<rect x="100" y="{18 + i * 22}" width="{180 - i * 26}" height="8" rx="4" fill="#2a7fb5"/>'
            f'<rect x="306" y="{18 + i * 22}" width="42" height="8" rx="4" opacity=".35"/>'
            for i in range(6)
        ),
    ),
    "one": (
        "One customer's orders so far, the chance of another one, and what they are worth.",
        "".join(
            f'<rect x="{x}" y="{120 - h}" width="2" height="{h}" fill="#2a7fb5"/>'
            f'<circle cx="{x + 1}" cy="{120 - h}" r="5" fill="#2a7fb5"/>'
            for x, h in ((30, 60), (74, 40), (96, 84), (150, 52), (206, 70))
        )
        + '<path d="M20 120h320" stroke="#7f8c99" opacity=".4"/>'
        '<path d="M240 20v100" stroke="#7f8c99" stroke-dasharray="3 4" opacity=".5"/>'
        '<path d="M290 52l8 8-8 8-8-8z" fill="none" stroke="#2a7fb5" stroke-width="2"/>',
    ),
    "survival": (
        "Of 100 customers, how many are still alive after a year or ten, and what they have ordered.",
        "".join(
            f'<rect x="20" y="{20 + i * 16}" width="{end}" height="2" opacity=".35"/>'
            + "".join(
                f'<rect x="{20 + end * part}" y="{16 + i * 16}" width="2" height="10" fill="#2a7fb5"/>'
                for part in (0.15, 0.4, 0.72)
            )
            + f'<path d="M{16 + end} {17 + i * 16}l8 8m0-8l-8 8" stroke="#d55e00" stroke-width="2"/>'
            for i, end in enumerate((40, 70, 84, 130, 176, 220, 300))
        ),
    ),
    "segments": (
        "Groups with plain rules, the money at risk in each, and what a new customer may cost.",
        "".join(
            f'<rect x="12" y="{18 + i * 26}" width="60" height="8" rx="4" opacity=".35"/>'
            f'<rect x="90" y="{15 + i * 26}" width="{few}" height="6" rx="3" opacity=".35"/>'
            f'<rect x="90" y="{23 + i * 26}" width="{much}" height="6" rx="3" fill="#2a7fb5"/>'
            for i, (few, much) in enumerate(((60, 240), (90, 130), (120, 60), (70, 30), (200, 12)))
        ),
    ),
    "receipt": (
        "What the forecast would have said on past dates, beside what really came.",
        "".join(
            f'<rect x="{24 + i * 42}" y="{126 - h}" width="15" height="{h}" rx="2" fill="#2a7fb5"/>'
            f'<rect x="{41 + i * 42}" y="{126 - said}" width="15" height="{said}" rx="2" opacity=".35"/>'
            for i, (h, said) in enumerate(
                ((104, 96), (70, 74), (52, 48), (36, 38), (26, 22), (16, 18), (9, 11), (5, 6))
            )
        )
        + '<path d="M16 127h332" stroke="#7f8c99" opacity=".4"/>',
    ),
    "first-year": (
        "What a new customer brings in the first year, who of them will bring most, and what one may cost.",
        "".join(
            f'<path d="M20 128 C{60 + i * 20} {100 - i * 14} {160 + i * 10} {70 - i * 16} 340 {end}" '
            f'fill="none" stroke="{ink}" stroke-width="3"/>'
            for i, (end, ink) in enumerate(((96, "#7f8c99"), (66, "#7f8c99"), (22, "#2a7fb5")))
        )
        + '<path d="M20 84h320" stroke="#7f8c99" stroke-dasharray="3 4" opacity=".6"/>'
        '<path d="M20 129h320" stroke="#7f8c99" opacity=".4"/>',
    ),
    "monitoring": (
        "Whether a new file is as usual, and how much of earlier forecasts came true.",
        "".join(
            f'<rect x="{38 + i * 60}" y="{126 - h}" width="18" height="{h}" rx="2" fill="#2a7fb5"/>'
            f'<rect x="{60 + i * 60}" y="{126 - said}" width="18" height="{said}" rx="2" opacity=".35"/>'
            for i, (h, said) in enumerate(((70, 76), (84, 80), (60, 74), (96, 92), (88, 90)))
        )
        + '<path d="M16 127h332" stroke="#7f8c99" opacity=".4"/>',
    ),
    "health": (
        "What the model takes for granted, whether it holds for your customers, and what it does well.",
        "".join(
            f'<rect x="44" y="{20 + i * 24}" width="{wide}" height="8" rx="4" opacity=".35"/>'
            f'<rect x="220" y="{17 + i * 24}" width="{seen}" height="6" rx="3" fill="#2a7fb5"/>'
            f'<rect x="220" y="{25 + i * 24}" width="{said}" height="6" rx="3" opacity=".35"/>'
            + (
                f'<path d="M14 {24 + i * 24}l5 5 9-11" fill="none" stroke="#2a7fb5" stroke-width="3"/>'
                if abs(seen - said) < 20
                else f'<path d="M15 {19 + i * 24}l10 10m0-10l-10 10" stroke="#d55e00" stroke-width="3"/>'
            )
            for i, (wide, seen, said) in enumerate(
                ((130, 110, 116), (96, 60, 104), (150, 84, 80), (110, 124, 70), (136, 40, 44))
            )
        ),
    ),
}


def chart(figure: go.Figure, statement: str, caption: str, key: str, *, min_width: int = 0) -> None:
    """Show a chart under its statement, with unit and as-of date in words below.

    Parameters
    ----------
    figure
        From `clv.report.charts`; its ``meta`` holds the text alternative.
    statement
        What the chart shows, as a sentence.
    caption
        Unit, horizon and date.
    key
        Name of the chart on its page.
    min_width
        Pixels below which it scrolls inside itself.
    """
    st.subheader(dollars(statement), anchor=False)
    alt = figure.layout.meta["alt"]
    with st.container(key=f"scroll-{key}"):
        if min_width:
            st.html(
                f"<style>.st-key-scroll-{key} {{ overflow-x: auto; }} "
                f".st-key-{key} {{ min-width: {min_width}px; }}</style>"
            )
        st.plotly_chart(
            figure, width="stretch", key=key, config=_NO_TOOLBAR, alt=f"{statement}. {alt}"
        )
    st.caption(dollars(caption))


def table(shown: Table, key: str, **options: Any) -> DataframeState:  # noqa: ANN401 - Streamlit's own
    """Show a table; what is missing is a dash. ``options`` are those of ``st.dataframe``."""
    columns = shown.on("page")
    state: DataframeState = st.dataframe(
        {c.heading: [c.sorted(row) for row in shown.rows] for c in columns},
        column_config={c.heading: _config(c) for c in columns},
        hide_index=True,
        width="stretch",
        placeholder=MISSING,
        key=key,
        alt=shown.title,
        **options,
    )
    return state


def still(shown: Table) -> None:
    """Show a short table as text that wraps, all of it in view."""
    columns = shown.on("page")
    cells = {c.heading: [c.written(row) or "" for row in shown.rows] for c in columns}
    # Streamlit reads the cells as Markdown; what is a file's own is taken as it stands.
    words = {c.heading for c in columns if c.words}
    st.table(
        {k: [plain(cell) if k in words else cell for cell in v] for k, v in cells.items()},
        border="horizontal",
        hide_index=True,
        alt=shown.title,
    )


def _config(column: Column) -> Any:  # noqa: ANN401 - Streamlit names no type for it
    """Return how Streamlit shows the cells of a column."""
    digits = column.digits
    formats = {
        "count": "localized",
        "money": "localized",
        "tally": "localized",
        "amount": "accounting",
        "decimal": f"%.{digits or 0}f",
        "figure": "%.4g",
        "expected": "%.1f",
        "share": f"%.{1 if digits is None else digits}f %%",
        "chance": "%.1f %%",
        "change": f"%+.{digits or 0}f" + ("" if column.unit else " %%"),
        "day": "D MMM YYYY",
    }
    looks: dict[str, Any] = {
        "help": column.help or None,
        "pinned": column.pinned or None,
        "width": column.width,
    }
    if column.kind == "text":
        return st.column_config.TextColumn(**looks)
    if column.kind == "flag":
        return st.column_config.CheckboxColumn(**looks)
    looks["format"] = formats[column.kind]
    if column.kind == "day":
        return st.column_config.DateColumn(**looks)
    if column.kind == "chance":
        return st.column_config.ProgressColumn(min_value=0, max_value=100, **looks)
    return st.column_config.NumberColumn(**looks)


def download_run(run: Run, name: str, label: str, key: str) -> None:
    """Show a button that downloads one of the run's files; whole tables stream from disk."""
    _download(label, name, downloads.address(run.id, name), lambda: downloads.build(run, name), key)


def download_rejects(draft: Draft, label: str, key: str) -> None:
    """Show a button that downloads a draft's rejected rows."""
    address = downloads.draft_address(draft.id)
    _download(label, "rejects.csv", address, lambda: downloads.build_rejects(draft), key)


def download_made(label: str, make: Callable[[], bytes], name: str, key: str) -> None:
    """Show a button that downloads a small file, made when it is asked for."""
    st.download_button(
        label,
        data=make,
        file_name=name,
        mime=_MIMES.get(Path(name).suffix, "text/csv"),
        key=key,
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )


def _download(label: str, name: str, address: str, build: Callable[[], Path], key: str) -> None:
    if downloads.enabled():
        # A plain link: the browser streams the file from the server's disk to its own.
        with st.container(key=key):
            st.html(
                f'<a class="clv-download" href="{escape(address)}" download="{escape(name)}" '
                f'target="_self">{escape(label)}</a>'
            )
        return

    def opened() -> BinaryIO:
        return build().open("rb")

    st.download_button(
        label,
        data=opened,
        file_name=name,
        mime=_MIMES.get(Path(name).suffix, "text/csv"),
        key=key,
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )


def empty(heading: str, still: str) -> None:
    """Show what a page will show once there is a forecast, and the way there."""
    title(heading)
    words, drawing = _STILLS[still]
    st.markdown(words)
    with st.container(border=True, key="still", width=420):
        st.image(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 150" width="360" '
            f'height="150" fill="#7f8c99">{drawing}</svg>',
            width="stretch",
            alt="Sketch of the page",
        )
    if st.button("Upload a file or try a sample", type="primary", key="to_upload"):
        st.switch_page(HOME)


def still_working(heading: str) -> None:
    """Say that this run is being made, and where to watch it."""
    title(heading)
    st.info("The forecast is still being made.", icon=":material/hourglass_top:")
    st.page_link(HOME, label="Watch its progress", query_params=st.query_params.to_dict())


def customers(run: Run, shown: Table, key: str, caption: str, **options: Any) -> None:  # noqa: ANN401
    """Show a table of customers, rows with ``customer_id``; a ticked row opens that customer."""
    event = table(shown, key, on_select="rerun", selection_mode="single-row", **options)
    if caption:
        st.caption(caption)
    if chosen := event.selection.rows:
        customer = shown.rows[chosen[0]]["customer_id"]
        st.switch_page(ONE, query_params={"run": run.id, "customer": customer})


def explain(text: str, key: str | None = None) -> None:
    """Offer a page's definitions (`clv.report.explained`), folded away."""
    with st.expander("How is this computed?", icon=":material/help:", key=key):
        st.markdown(text)
