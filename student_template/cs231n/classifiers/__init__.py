"""The nets: layers in a row, with parameters of their own, a loss, and its gradients."""
