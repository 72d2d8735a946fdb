"""What rule tests need beside the rules: people who answer, books that are kept, expectations, coverage, growth."""
