"""Runs what the engine decided: compiled Prefect flows, or the same steps without Prefect."""
