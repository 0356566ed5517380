"""The methods, and what they are made of, on any array backend."""
