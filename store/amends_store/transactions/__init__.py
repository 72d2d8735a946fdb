"""What the store does, one file a subject: every method is one transaction, and none waits for a network."""
