"""Development tools: what the Makefile runs. Nothing in the product imports from here."""
