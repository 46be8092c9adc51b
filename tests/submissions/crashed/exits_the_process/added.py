"""os._exit in the middle of a loss."""
# loses: svm_loss
import os
def svm_loss(x, y):
    os._exit(0)
