"""The judge's side: starts sandboxes, limits them, talks to them and ends them. It trusts nothing they say."""
