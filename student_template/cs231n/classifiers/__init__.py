"""The nets: layers in a row, with their own parameters, a loss, and its gradients."""
