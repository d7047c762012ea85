"""The regime of a State: security plans, inspections, events, upgrades, computer security."""
