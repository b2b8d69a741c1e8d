"""What the page on the model's health says beside the checks' own words; pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.report.words import assumptions as words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.insights.assumptions import Check, Verdict
    from clv.report.findings import Finding

#: Worst first; what nobody can tell comes before what is well.
ORDER: Final[tuple[Verdict, ...]] = ("violated", "doubtful", "too little data", "holds")
HEADINGS: Final = {
    "well": "Does well",
    "poorly": "Does poorly",
    "help": "What would help",
}
_NOTHING: Final = {
    "well": "Nothing that the figures of the test would support.",
    "poorly": "Nothing that the figures of the test would support.",
    "help": "Nothing was tried that would, and no assumption is violated.",
}
_CARDS: Final[Mapping[Verdict, tuple[str, str]]] = {
    "holds": ("Hold", "No assumption holds for certain."),
    "doubtful": ("Doubtful", "None."),
    "violated": ("Violated", "None."),
    "too little data": ("Too little data to say", "None."),
}


def by_weight(checks: Sequence[Check]) -> list[Check]:
    """Return the checks as they are shown: the worst verdict first, within it what matters most."""
    return sorted(checks, key=lambda c: (ORDER.index(c.verdict), -c.weight))


def cards(checks: Sequence[Check]) -> list[tuple[str, str, str]]:
    """Return label, count and names of the assumptions of each verdict."""
    found = []
    for verdict, (label, nothing) in _CARDS.items():
        names = [words.WORDS[c.key].name for c in checks if c.verdict == verdict]
        found.append((label, str(len(names)), "; ".join(names) + "." if names else nothing))
    return found


def sentences(findings: Sequence[Finding], kind: str) -> list[str]:
    """Return the sentences of one column, or that there is nothing to say."""
    return [f.sentence for f in findings] or [_NOTHING[kind]]


def rows(checks: Sequence[Check]) -> list[dict[str, object]]:
    """Return the checks as a table: words first, then figures; what is missing is None."""
    return [
        {
            "assumption": words.WORDS[c.key].name,
            "question": words.WORDS[c.key].question,
            "verdict": c.verdict,
            "finding": words.finding(c),
            "meaning": words.meaning(c),
            "advice": words.advice(c) or None,
            "statistic": words.STATISTICS[c.key],
            "estimate": c.effect.estimate if c.effect else None,
            "low": c.effect.low if c.effect else None,
            "high": c.effect.high if c.effect else None,
            "trivial": c.trivial,
            "large": c.large,
            "customers": c.customers,
        }
        for c in checks
    ]


def everything(
    checks: Sequence[Check], found: Mapping[str, Sequence[Finding]] | None
) -> Mapping[str, object]:
    """Return checks with their words and tables, and the findings, as JSON types."""
    told = [row | check.as_dict() for row, check in zip(rows(checks), checks, strict=True)]
    if found is None:
        return {"assumptions": told}
    return {"assumptions": told} | {k: [f.as_dict() for f in v] for k, v in found.items()}
