"""The commands, a file each: read the options, call, print. No other folder knows them."""
