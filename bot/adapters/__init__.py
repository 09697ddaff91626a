"""The outside: Telegram, translation engines, other channels."""
