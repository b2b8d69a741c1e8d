"""What new customers are worth, and what follows from it: pure functions over their first months.

Everything here is history: of customers whose first months are over. Forecasts come from `clv.learn`.
"""

from clv.core.metrics import FEW
from clv.worth.bids import Tenth, tenths
from clv.worth.groups import Compared, Group, compare, newcomers
from clv.worth.lives import QUARTER, SOON, Lives, completed, lives_of, longest
from clv.worth.onboarding import Mark, marks
from clv.worth.second_order import SecondOrder, second_order
from clv.worth.spend import Channel, channels

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
    "newcomers",
    "second_order",
    "tenths",
]
