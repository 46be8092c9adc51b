"""An assignment folder, loaded and validated: checks, reference, handouts, fixtures, notebooks. It is trusted."""
