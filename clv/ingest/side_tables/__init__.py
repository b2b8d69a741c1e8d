"""Tables beside the orders: events, chances of buying, what was spent on advertising."""
