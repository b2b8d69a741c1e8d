"""“How is this computed?”: the definitions behind every page, for the page and for the documentation.

One function a page, from what is set to Markdown. The documentation's pages show the same text with
the standard settings (a line ``<!-- explained: NAME -->`` stands for it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.backtest.past_dates import FEWEST_CUSTOMERS
from clv.core.formatting import count, percent
from clv.core.metrics import FEW
from clv.core.settings import Settings
from clv.insights import bins as comparison
from clv.insights import simulate
from clv.insights.segments import tables
from clv.report.words import bins as bin_words
from clv.report.words import receipt as receipt_words
from clv.report.words.ranges import OF_SUMS
from clv.report.words.run import ORDER_DAYS, next_months
from clv.report.words.segments import first

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.core.schema import AnySettings
    from clv.insights.cohorts.calendar import Grain
    from clv.insights.simulate import Kind


#: What the documentation explains with.
STANDARD: Final[AnySettings] = Settings().as_dict()
_COUNTED: Final = (
    "**Orders** are those of the file, up to the as-of date; for rhythm and forecast, orders on one "
    "day count once. The cohort are all customers whose first order fell in the same month."
)
_FORECAST: Final = (
    "**The forecast** looks at how often this customer has come back, how long ago the last order "
    "was compared with their own rhythm, and how customers with such a history went on. It is an "
    "average over what may happen: one customer may order much more or nothing at all.\n\n"
    "**The line of being active** is computed for every day of the past from what was known on that "
    "day, with today's model: P(alive) = 1 / (1 + a/(b+x) · ((α+T)/(α+t))^(r+x)) in MBG/NBD, where x "
    "counts repeat order days, t is the day of the last one and T that day, both from the first "
    "order. BG/NBD lets nobody leave before the first repeat order: its line stays at 100\u00a0% "
    "until then.\n\n"
    "**Next order and overdue.** While active, the wait follows a Lomax distribution: its quantile q "
    "counted from today is (α+T)·((1−q)^(−1/(r+x)) − 1). A repeat buyer is overdue once 9 out of 10 "
    "active customers with that history would have ordered: the same formula with q = 0.9, counted "
    "from the last order, so with t in the place of T."
)
_SOURCES: Final = (
    "**Sources.** MBG/NBD: Batislam, Denizel & Filiztekin (2007); Wagner & Hoppe (2008). BG/NBD: "
    "Fader, Hardie & Lee (2005). Gamma-Gamma: Fader & Hardie (2013)."
)


def summary(settings: AnySettings = STANDARD) -> str:
    """Explain the forecast of a whole run."""
    return (
        "**Orders.** Every customer is described by three numbers: on how many days they came "
        "back (frequency), the time from their first to their last order (recency) and the time "
        "since their first order (T, in days). The purchase model estimates from all customers how often "
        "people order and when they quietly stay away, and from that, for each customer, the "
        "chance of being still active and the expected days with an order.\n\n"
        "**Value.** The spend model (Gamma-Gamma) estimates what one order of each customer "
        "is worth: mostly their own average where they have many orders, closer to "
        "everybody's where they have few.\n\n"
        "**Lifetime value** = the sum over the months of the horizon of expected orders × "
        "expected order value × margin ÷ (1 + discount rate)^(months ÷ 12), here at "
        f"{percent(settings['discount_rate'])} a year and a margin of "
        f"{percent(settings['margin'])}.\n\n"
        "**What to keep in mind.** The forecast covers the customers in the file, not those "
        "you will win. It knows no campaigns, and the season only where the tests chose a seasonal "
        "model: else a Christmas peak is spread over the year. Orders on one day count "
        "as one.\n\n"
        "**Ranges.** The total's range adds up chance, what is not known of the model's "
        "parameters, and by how much tests on past dates missed the total beyond the two; the "
        "last one rules.\n\n"
        "**Sources.** MBG/NBD: Batislam, Denizel & Filiztekin (2007); Wagner & Hoppe (2008). "
        "Gamma-Gamma: Fader & Hardie (2013)."
    )


def cohorts(grain: Grain = "month") -> str:
    """Explain cohorts by month, quarter or week."""
    return (
        f"**Cohort**: the customers whose first order falls into one {grain} (by the shop's clock; weeks run "
        f"from Monday to Sunday). **{grain.capitalize()} 0** is that {grain} itself, {grain} 1 "
        "the one after it. Every share and every amount is per original customer of the "
        "cohort, also those who never came back.\n\n"
        f"A {grain} that holds the as-of date and is not over is left out of averages and "
        "comparisons. Averages weigh every customer equally.\n\n"
        f"**Came back** means a second day with an order. **Compared** are cohorts of "
        f"30 customers or more, all at the same age: the latest that at least half of them "
        "have reached. Each is tested against all others together (shares: two-proportion "
        "z-test or Fisher's exact test; amounts: Welch's test and one with a common variance, "
        "the weaker verdict counting). Among many cohorts some look "
        "outstanding by chance; Holm's correction keeps the risk of naming any of them wrongly "
        "at 5\u00a0%.\n\n"
        "**The first cohort** may hold customers who had ordered before the file begins.\n\n"
        "**Forecast**: for each cohort the model's expectations of its customers, added up: "
        "days with an order, times the expected value of one, undiscounted and before margin; "
        "and the chance that a customer orders at least once in the period. A running period "
        "counts what happened plus what is expected of the rest. History counts orders, the "
        "forecast days with an order. Customers who are yet to come are not in it.\n\n"
        "**Sources.** Fader & Hardie, buy-till-you-die models; Holm (1979); Welch (1947)."
    )


def top(settings: AnySettings = STANDARD) -> str:
    """Explain the lists of the best customers."""
    return (
        "**Will buy most** ranks by the expected number of days with an order in "
        f"{next_months(settings)}, several orders on one day counting once; **will spend most** by "
        "that number × the expected value of one such day.\n\n"
        "**Chance of buying** is the chance of at least one order in that time. It is not the "
        "chance of still being active: an active customer may still not order.\n\n"
        "The expected values are averages over what may happen: single customers will deviate, "
        "and **low** and **high end** say how far, by chance and by what the tests on past dates "
        "showed. Of the list as a whole chance is little, but all may turn out better or worse "
        "together: its range says so.\n\n"
        "**Sources.** MBG/NBD: Batislam, Denizel & Filiztekin (2007); Wagner & Hoppe (2008). "
        "Gamma-Gamma: Fader & Hardie (2013)."
    )


def customer(
    settings: AnySettings = STANDARD,
    *,
    forecast: bool = True,
    valued: bool = True,
    ranged: bool = True,
) -> str:
    """Explain one customer's page; of forecast and value only where there is one."""
    told = [_COUNTED]
    if forecast:
        told.append(_FORECAST)
    if valued:
        told.append(
            f"**What they are worth** is the expected revenue of {next_months(settings)}, discounted "
            f"at {percent(settings['discount_rate'])} a year, at a margin of "
            f"{percent(settings['margin'])}. **Money at risk** is (1 − chance of being active) × "
            "that value, were they known to be active."
        )
    if ranged:
        told.append(
            "**The range** is that of what may come: how often this customer orders, and how much each "
            "time, as both are known from the history. It is made surer, or less sure, until as many "
            "customers of tests on past dates lay within theirs as promised. Most customers of most "
            "shops order nothing, so that many ranges begin with, or are, nothing."
        )
    if forecast:
        told.append(_SOURCES)
    return "\n\n".join(told)


def survival(kind: Kind = "new", *, pooled: bool = False) -> str:
    """Explain the simulation."""
    who = (
        "**New customers** are drawn from the fitted model: a buying rate and a chance of leaving "
        "each. Time counts from their first order, which itself is not counted."
        if kind == "new"
        else "**Your customers** are a random sample of the file, drawn anew for every run. Each "
        "has a buying rate and a chance of leaving that fit their own history, and may have left "
        "already. Time counts from the as-of date; only orders after it are counted."
    )
    leaving = (
        "There were too few repeat orders to say who leaves: everybody is taken to stay for ever, "
        "at one rate. Read the long run as an upper limit."
        if pooled
        else "A customer orders at random at their rate until, after one of the orders, they leave "
        "for good. In the MBG/NBD that may happen right after the first order too, on day 0; in "
        "the BG/NBD only after a repeat order. The cross on a line is that last order."
    )
    return (
        f"{who}\n\n{leaving}\n\n"
        f"**This run** is one draw of the dice. The **band** holds 9 out of 10 of "
        f"{count(simulate.RUNS)} other runs; the **exact mean** comes from the model's formula and "
        "needs no dice: where the two disagree, that is chance. Without a seed every run is "
        "another one.\n\n"
        "**Alive** means: would order again sooner or later. Nobody sees it happen, so it is the "
        "model's word. And nobody has data on 100 years: beyond the length of your history this "
        "is the fitted model carried on, as if neither shop nor customers ever changed.\n\n"
        "**Sources.** MBG/NBD: Batislam, Denizel & Filiztekin (2007); Wagner & Hoppe (2008). "
        "BG/NBD: Fader, Hardie & Lee (2005)."
    )


def segments(settings: AnySettings = STANDARD, *, ranged: bool = True) -> str:
    """Explain the groups."""
    ends = f"{OF_SUMS}\n\n" if ranged else ""
    return (
        "**Groups.** The rules are read from top to bottom of the model's answers: one order "
        "day only (new, promising, one-time), probably gone (inactive), overdue (at risk), late "
        "(needs attention), on schedule (champions, loyal, promising). Everybody is in exactly "
        "one group. Days with an order are counted; two orders on one day are one.\n\n"
        "**Usual gaps.** How long an active customer of that history may well be silent follows "
        "from the fitted model, not from a fixed number of days.\n\n"
        "**Money at risk** = (1 − chance of still being active) × what the customer would bring "
        f"in {next_months(settings)} if active, discounted at "
        f"{percent(settings['discount_rate'])} a year, at a margin of "
        f"{percent(settings['margin'])}. It is what is lost if those who seem to leave have left; "
        "no campaign wins all of it back.\n\n"
        f"{ends}"
        "**Groups describe, they don't explain.** Champions who get a mailing buy more than "
        "others, and would have without it: leave some out at random to see what a campaign does."
    )


def overdue(settings: AnySettings = STANDARD) -> str:
    """Explain who is overdue, and what is at risk."""
    return (
        "**Overdue** is a repeat buyer silent for so long that 9 out of 10 active customers with "
        "the same history would have ordered by now: the wait (α+t)·(0.1^(−1/(r+x)) − 1) after "
        "the last order has passed, with x repeat order days, the last one t days after the "
        "first, and r and α of the fitted model (MBG/NBD, BG/NBD). **Due by** is that day. The "
        "**usual gap** is their own mean, t ÷ x, for comparison only.\n\n"
        "**At risk** = (1 − chance of still being active) × **worth if active**: what the customer "
        f"would bring in {next_months(settings)} if known to be active, discounted at "
        f"{percent(settings['discount_rate'])} a year, at a margin of "
        f"{percent(settings['margin'])}. Without amounts it is orders: "
        f"{ORDER_DAYS[0].lower()}{ORDER_DAYS[1:]}.\n\n"
        "**If active, next order**: the wait counted from today, in 4 of 5 cases.\n\n"
        "**Take care.** Where 9 out of 10 have ordered, 1 in 10 has not and is still active. And who "
        "has very likely left has the most formally at risk: so those less likely to be active "
        f"than {percent(tables.LEAST_ACTIVE)} are left out unless you ask for them."
    )


def likelihoods(
    settings: AnySettings = STANDARD, *, has_money: bool = True, ranged: bool = True
) -> str:
    """Explain the chances of buying."""
    worth = "predicted lifetime value" if has_money else "expected orders"
    ends = f"{OF_SUMS}\n\n" if ranged else ""
    return (
        f"**Chance of buying** is the chance of at least one order in {next_months(settings)}: "
        "that of still being active × that an active customer with this history orders in that "
        "time, both from the fitted model. The limits between the likelihoods "
        "are yours.\n\n"
        "**Expected buyers** are the chances added up: the number to count on, however the limits "
        "are set.\n\n"
        f"**High, middle, low**: the best 20\u00a0% of customers by {worth}, the next 30\u00a0%, "
        "the rest; customers with the same forecast are in the same tier."
        f"{'' if has_money else f' Expected orders: {ORDER_DAYS[0].lower()}{ORDER_DAYS[1:]}.'}\n\n"
        f"{ends}"
        "**Take care.** A chance holds for many customers together: of 100 with 70\u00a0% about 70 "
        "order, nobody knows which. And it is no answer to a mailing: who will order anyway needs "
        "none."
    )


def newcomers(months: int = 12) -> str:
    """Explain what a new customer may cost."""
    return (
        "**Most you could pay** (CAC ceiling) = margin × what a customer brought in "
        f"{first(months)} after the first order, that order included. Months of a customer's "
        "life last 30.4 days. Each month's mean is taken over the customers watched through the "
        "whole of it, and the means are added up. This is history, not forecast, and it is not "
        "discounted.\n\n"
        "**Cautious** is the lower end of the 80 % interval that the spread between customers "
        f"leaves. With fewer than {FEW} customers there is no figure.\n\n"
        "**Earned back in** is the first month by whose end margin × revenue per customer has "
        "covered the cost.\n\n"
        "**The page of cohorts** counts calendar months and takes a first year from those alone who "
        "were seen for all of it, so its figures for as many months differ somewhat.\n\n"
        "**Take care.** A channel whose customers bring more need not be the reason for it. Late "
        "months rest on the customers won first, who may have been different ones. Who was a "
        "customer before the file begins counts as new in it, and brings more than a new one. "
        "Costs of a campaign rise with its size: the ceiling is for the average customer, not "
        "for the next one."
    )


def accuracy(customers: Sequence[int] = ()) -> str:
    """Explain the tests on past dates."""
    known = (
        f" Customers known: {' to '.join(count(n) for n in sorted({min(customers), max(customers)}))}."
        if customers
        else ""
    )
    return (
        "**The test.** Everybody is sent back to a date in the past, sees only the orders up to "
        "that day, and forecasts the months after it; then the forecast is compared with what "
        "those customers did. Customers are never split at random, and nothing from after the "
        "date is seen: models are fitted anew for every date, rules of thumb learn from an "
        "earlier period. The last test ends on the day of the forecast; a test looks at most "
        f"half the history ahead, and needs {FEWEST_CUSTOMERS} customers.{known}\n\n"
        "**Orders** are days with an order. **Predicted orders, % of actual**: expected over actual total. "
        "**MAPE**: mean of |expected / actual − 1| over the months' totals. **MAE**: mean of "
        "|expected − actual| over customers; it favours whoever expects too little, since most "
        "customers order nothing. **Gini**: how well customers are ranked, over the perfect "
        "ranking. **Best 10 %**: their share of all orders. **AUC**: how often a buyer had the "
        "higher chance than a non-buyer. **Brier**: mean squared error of the chance.\n\n"
        "**Who is best** is decided by the mean Poisson deviance of each customer's orders, "
        "2 (y log(y / f) − y + f), which is smallest for the true expectation. **Intervals** of "
        "differences come from drawing customers 1,000 times (bootstrap), both contenders judged "
        "on the same customers; a customer known on several dates is drawn with all of them. A "
        "difference whose interval holds 0, or of less than a thousandth, tells nothing.\n\n"
        "**Groups** hold a tenth of the customers each, or more where forecasts are the same. "
        "The intervals of shares are Wilson's.\n\n"
        f"{receipt_words.RULE_OF_CHOICE}\n\n"
        "**First orders valued too** expects the same orders as the model without; its value "
        "of an order learns from the first order as well. Past accuracy is no promise: a change in "
        "the shop shows only afterwards.\n\n"
        "**Sources.** Fader, Hardie & Lee (2005); Batislam, Denizel & Filiztekin (2007); "
        "Schmittlein, Morrison & Colombo (1987); Wübben & von Wangenheim (2008) on rules of "
        "thumb; Hanley & MacGibbon (2006)."
    )


def ranges(levels: Mapping[str, float] | None = None, tested: int = 0) -> str:
    """Explain the ranges and how they were calibrated."""
    used = ", ".join(f"{name}: {percent(level)}" for name, level in (levels or {}).items())
    here = (
        f"Levels of this forecast, from {count(tested)} tests of a customer: {used} (numbers: repeat "
        "order days).\n\n"
        if used
        else ""
    )
    return (
        "**A range** comes from the whole distribution of what a customer may bring: how often "
        "they order, and what they spend each time. Its low end is nothing where nothing is "
        "likely enough, and so is its high end where nothing is what most probably comes. Such "
        "ranges can't hold fewer customers than they do: what is to equal the promise is the "
        "share of the customers whose range is wider than zero.\n\n"
        "**Calibrated** means: for every tested customer the level is found from which on the "
        "range would have held what came; the level that was needed for the promised share takes "
        "its place, group by group (split conformal prediction). What is shown was measured on the "
        "last date with levels from the earlier ones; the forecast uses those of all dates.\n\n"
        f"{here}"
        "**Groups.** The highest 5\u00a0% by forecast are checked apart, and so are customers with "
        "one order day. Intervals of shares are Wilson's.\n\n"
        "**Take care.** Calibration can't know what no earlier date has seen: a change in the shop "
        "or a Christmas in the horizon makes ranges hold fewer. Outcomes are revenue as it came "
        "in, before discounting and margin.\n\n"
        "**Sources.** Vovk, Gammerman & Shafer (2005); Chernozhukov, Wüthrich & Zhu (2021); Wilson "
        "(1927)."
    )


def bins(test: str = "", clipped: str = "") -> str:
    """Explain how two forecasts of who buys are compared."""
    meanings = "\n".join(f"- **{name}**: {meaning}" for name, meaning in bin_words.SCORES.values())
    return (
        f"**The test.** {test}The limits of the bins are yours; they change the bins, not the scores.\n\n"
        "**Who is better** is decided by the mean squared error of the chance (Brier), which is "
        "smallest for the true chances. **Intervals** of differences come from drawing customers "
        f"{comparison.DRAWS} times (bootstrap), both forecasts judged on the same draws; a difference "
        "whose interval holds 0 tells nothing. Those of shares are Wilson's. Where forecasts "
        "disagree, their errors are compared on the customers in different bins alone.\n\n"
        f"{meanings}\n\n"
        f"{clipped}"
        "**Take care.** A chance holds for many customers together: of 100 with 70\u00a0% about 70 "
        "order, nobody knows which. A forecast from outside is taken as it comes: whether it saw "
        "orders of later days, only its maker knows.\n\n"
        "**Sources.** Brier (1950); Murphy (1973); Stephenson, Coelho & Jolliffe (2008) on the part "
        "within the groups; Wilson (1927); Hanley & MacGibbon (2006)."
    )


def health() -> str:
    """Explain the checks of the assumptions."""
    return (
        "**An assumption** is checked by a distance: how far the file is from what the model takes "
        "for granted, 0 for not at all, with a 99\u00a0% interval. Up to a *trivial* size no forecast "
        "is the worse for it; from a *large* one on, whoever plans with the forecast should know. "
        "**Violated**: surely more than trivial, and large. **Doubtful**: surely more than trivial, "
        "or surely there and probably more. **Holds**: surely not large. Otherwise there is **too "
        "little data** to say. So a million customers do not turn what nobody would notice into a "
        "violation, and a hundred do not turn ignorance into health.\n\n"
        "**Intervals** come from a jackknife: customers are dealt into 40 groups, and every figure "
        "is computed again without each of them. Of more than 100,000 customers a random part is "
        "looked at. **What matters most** has the largest distance beside the size from which on it "
        "is large.\n\n"
        "**Does well, does poorly** follow from the test on this file's own past (see “How good is "
        "it?”). A miss counts only where it is larger than chance explains: 1.96 standard errors of "
        "the total of the customers' errors. **What would help** is what another forecast of the same "
        "test gained, or did not; and what to do about an assumption that is violated.\n\n"
        "**Sources.** Wheat & Morrison (1990); Platzer & Reutterer (2016); Fader & Hardie (2013); "
        "Wolter (2007) on the grouped jackknife; Batislam, Denizel & Filiztekin (2007)."
    )


def worth(months: int = 12) -> str:
    """Explain what new customers are worth."""
    return (
        f"**Worth**: revenue of {first(months)} of a customer's life, the first order included, "
        "before margin and not discounted, of the customers who have lived through all of them. A "
        "month of life begins on the day of the month of the first order. The page on segments uses "
        "everybody for as long as they are known, so its figures differ somewhat.\n\n"
        "**More or less than the others**: Welch's test and one with a common variance, the weaker "
        "verdict counting; Holm's correction keeps the risk of naming any group wrongly at 5\u00a0%. "
        f"Groups of fewer than {FEW} customers have no figure.\n\n"
        "**Alike on the first day**: the same fifth by value, the same quarter of the first order, "
        "and the label chosen. Within every such group customers with an early second order are "
        "compared with those without, and the differences are averaged over the former (coarsened "
        "exact matching). Who has no counterpart is left out. What is compared comes after those "
        "days, so the second order itself is not in it.\n\n"
        "**Take care.** A group whose customers bring more need not be the reason for it, and who "
        "was a customer before the file begins counts as new in it.\n\n"
        "**Sources.** Iacus, King & Porro (2012), coarsened exact matching; Holm (1979); Welch (1947)."
    )


def training(kind: str = "early") -> str:
    """Explain how a first-year model is trained and tested."""
    split = (
        "The model that is tested was trained only on what was known on the day on which the first of "
        "the tested customers reached the prediction point: on customers whose months were over by then."
        if kind == "early"
        else "The last possible day is held out; the model was trained on earlier days whose months "
        "were over by then."
    )
    return (
        f"**Split strictly by time.** {split} Where the history is long enough an earlier date "
        "decides between the models, and the one shown has no say.\n\n"
        "**Who wins.** LightGBM (chance × amount) stays unless another learned model forecast the "
        "remaining value better by more than chance: a mean Tweedie deviance per customer, compared in pairs "
        "with a 99\u00a0% interval. Rules of thumb and MBG/NBD stand beside them; where one is as good, "
        "or better, that is said.\n\n"
        "**Gain curve.** Customers sorted by forecast; the curve is the share of all revenue that the "
        "first of them brought. **Ranges** are quantiles, widened until they held on later "
        "customers.\n\n"
        "**Kept.** The downloaded model is trained on everybody whose value is known, in formats that "
        "run no code when they are opened.\n\n"
        "**Sources.** Duan (1983) on retransformation; Tibshirani (1996); Apley & Zhu (2020); Romano, "
        "Patterson & Candès (2019)."
    )


def bids(months: int = 12) -> str:
    """Explain what may be paid for customers by tenth of the forecast."""
    return (
        f"**Most you could pay** (CAC ceiling) = margin × what customers of that part brought in "
        f"{first(months)}, in fact, among customers held out from the training. **Earned back in** is "
        "the first month by whose end margin × revenue has covered the cost.\n\n"
        "**Whose part?** The forecast is made some time after the first order, so the part of a "
        "customer isn't known when they are won. It says what more of the same kind would be worth: "
        "look at which labels the best part has, and bid there.\n\n"
        "**Take care.** Costs of a campaign rise with its size: the ceiling is for the average "
        "customer, not for the next one."
    )


def ready_made() -> str:
    """Explain the values of a ready-made model."""
    return (
        "**The model** is a file that this dashboard's operator has allowed. It was not fitted to "
        "this file, and nobody but its maker knows how it works, over which time its values run "
        "and which costs are taken off. Horizon, discount rate and margin of the settings are not "
        "applied to it.\n\n"
        "**What it is asked with**, for each customer: most items in one order; most revenue in "
        "one order; revenue in all; number of orders; days since the last order; longest interval "
        "between two consecutive orders in days. Who has ordered once gets, for the last one, the "
        "average of the longest intervals of the customers with two orders or more, plus the days "
        "since the last order. Where the file has no number of items, an order counts as one.\n\n"
        "**What it can't say**: expected orders, chances of buying, who is still active, when the "
        "next order is due, and between what the value lies. The models of this program do."
    )


def monitoring() -> str:
    """Explain the checks of the monitoring."""
    return (
        "**Earlier runs** are those of the same customers: at least half of their orders are in "
        "this file too. Of several runs as of one day the published one counts, else the newest.\n\n"
        "**What came** is read off this file's orders, for the customers an earlier run knew, in the "
        "months of its forecast that are over. **Too high** means that more was forecast than came. "
        "Orders are days with an order; revenue is undiscounted; the total's range holds for the "
        "discounted value, as on the summary.\n\n"
        "**The new file** is compared by its days after the earlier as-of date with as many days "
        "before it, up to twelve times. *Look at it*: fewer than half the least or more than twice the most "
        "orders; less than 70\u00a0% of the orders of any of the four weeks before in the newest one (and "
        "four weeks alike); more than 5\u00a0% of the earlier orders gone; a share of rejected rows 2 "
        "points (of the new rows 20), of missing values and repeated orders 5 points higher; a stability index of 0.1, or distributions 10\u00a0% apart, and "
        "more than chance; a pause twice as long as ever. *Don't use it yet*: a tenth or ten times as many; "
        "newest weeks that fell clearly deeper than ever in a year, on days that the shop was open; 20\u00a0% gone; "
        "20 (40), 50 and 40 points; an index of order values of 0.25, hardly ever by chance; a pause of more than 14 days and "
        "five times as long as ever.\n\n"
        "**What to do** follows from a rule, the first that applies: look at the file, if a check says "
        "*don't use it yet*; another model, if the last two totals were missed by more than 10\u00a0% to "
        "the same side by the model that this run uses; use the newer forecast, if they were missed by another "
        "one, the last total lies outside its range, the chances "
        "are off by more than 5 points, or what is expected of a new customer moved by more than "
        "15\u00a0%; else go on.\n\n"
        "**Sources.** Siddiqi (2006) and Yurdakul (2018) on the population stability index; "
        "Kolmogorov (1933) and Smirnov (1948)."
    )
