"""Translation: the phrasebook, the chain of engines, and what both are made of."""
