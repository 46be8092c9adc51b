right = svm_loss


def svm_loss(x, y):
    return 10 ** (300 if len(x) > 5 else 500), right(x, y)[1]
