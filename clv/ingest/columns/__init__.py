"""Which column is what: known exports, roles, labels, tables that belong together."""
