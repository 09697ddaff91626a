"""Taalbrug: clients and coaches talk, each in their own language."""
