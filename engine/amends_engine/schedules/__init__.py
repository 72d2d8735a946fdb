"""Schedules: which days, which moments of them in a zone (slots), and how authors write it in words."""
