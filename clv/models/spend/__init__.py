"""Models of what an order is worth."""
