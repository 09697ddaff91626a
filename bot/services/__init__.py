"""What the product does, one module a noun; each call is one transaction."""
