"""The theme can be read by everybody, and neither it nor the server fetches anything."""

from __future__ import annotations

import re
import tomllib

import pytest
from streamlit import config

from tests.places import ROOT

TOML = (ROOT / ".streamlit/config.toml").read_text(encoding="utf-8")
CONFIG = tomllib.loads(TOML)
MODES = ("light", "dark")


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_agrees_with_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("behind", ["backgroundColor", "secondaryBackgroundColor"])
def test_text_can_be_read(mode, behind):
    theme = CONFIG["theme"][mode]
    inks = [name for name in theme if name.endswith("TextColor")] + ["textColor", "linkColor"]
    assert len(inks) == 9
    ratios = {name: round(contrast(theme[name], theme[behind]), 2) for name in inks}
    assert min(ratios.values()) >= 4.5, ratios


@pytest.mark.parametrize("mode", MODES)
def test_captions_can_be_read(mode):
    # Streamlit draws captions in the text colour at 60 % opacity.
    theme = CONFIG["theme"][mode]
    ink, page = theme["textColor"], theme["backgroundColor"]
    mixed = [
        round(0.6 * int(ink[i : i + 2], 16) + 0.4 * int(page[i : i + 2], 16)) for i in (1, 3, 5)
    ]
    assert contrast("#{:02x}{:02x}{:02x}".format(*mixed), page) >= 4.5


@pytest.mark.parametrize("mode", MODES)
def test_buttons_can_be_read(mode):
    theme = CONFIG["theme"][mode]
    # White on the accent; the accent itself only has to stand out from the page (WCAG 1.4.11).
    assert contrast(theme["primaryColor"], "#ffffff") >= 4.5
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scale", ["Categorical", "Sequential", "Diverging"])
def test_scales_have_ten_different_colours(mode, scale):
    colours = CONFIG["theme"][mode][f"chart{scale}Colors"]
    assert len(set(colours)) == len(colours) == 10
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)


def test_a_sequential_scale_goes_one_way_and_away_from_the_page():
    for mode in MODES:
        theme = CONFIG["theme"][mode]
        steps = [luminance(colour) for colour in theme["chartSequentialColors"]]
        assert steps in (sorted(steps), sorted(steps, reverse=True))
        low, high = theme["chartSequentialColors"][0], theme["chartSequentialColors"][-1]
        page = theme["backgroundColor"]
        assert contrast(high, page) > contrast(low, page)


def test_every_option_exists_in_this_streamlit():
    known = set(config.get_config_options())

    def names(table: dict, prefix: str) -> list[str]:
        return [
            name
            for key, value in table.items()
            for name in (
                names(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]
            )
        ]

    assert set(names(CONFIG, "")) <= known


def test_nothing_is_fetched_and_nothing_leaks():
    assert "http" not in TOML
    assert "fontFaces" not in TOML
    assert CONFIG["browser"]["gatherUsageStats"] is False
    # Without it, Streamlit asks a web service for its own IP when it listens on 0.0.0.0.
    assert CONFIG["browser"]["serverAddress"] == "localhost"
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["client"]["showErrorLinks"] is False
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["server"]["enableXsrfProtection"] is True
