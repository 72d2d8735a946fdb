"""What other programs hold: events in over HTTP, questions about what became of them."""
