"""What new customers are worth, and what follows from it: pure functions over their first months.

Everything here is history: of customers whose first months are over. Forecasts come from `clv.learn`.
"""

from clv.core.metrics import FEW
from clv.insights.newcomers.bids import Tenth, tenths
from clv.insights.newcomers.channels import Channel, channels
from clv.insights.newcomers.groups import Compared, Group, compare, newcomers_of
from clv.insights.newcomers.lives import QUARTER, SOON, Lives, completed, lives_of, longest
from clv.insights.newcomers.onboarding import Mark, marks
from clv.insights.newcomers.second_order import SecondOrder, second_order

__all__ = [
    "FEW",
    "QUARTER",
    "SOON",
    "Channel",
    "Compared",
    "Group",
    "Lives",
    "Mark",
    "SecondOrder",
    "Tenth",
    "channels",
    "compare",
    "completed",
    "lives_of",
    "longest",
    "marks",
    "newcomers_of",
    "second_order",
    "tenths",
]
