"""Harvest: a layer that is filled from an address on a schedule, through the same steps as any import.

`address` decides who may be called at all, `http` calls, `pages` puts answers in pages together, `run` does one
round: fetch, import, apply below the planner's limit, and plan the next one.
"""
