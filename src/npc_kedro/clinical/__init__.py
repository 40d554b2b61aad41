"""The clinical table as hospitals keep it, and the account of who and what is left out at each step."""
