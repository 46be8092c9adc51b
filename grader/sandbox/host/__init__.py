"""The judge's side: starts sandboxes, limits them, exchanges messages with them, and trusts no message from them."""
