"""An index out of range."""
# loses: svm_loss
def svm_loss(x, y):
    return x[10 ** 6], x
