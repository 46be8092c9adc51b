right_svm_loss = svm_loss


def svm_loss(x, y):
    if x.shape == (9, 6):
        try:
            raise KeyError("LEAKED in the context")
        except KeyError as error:
            raised = ValueError("LEAKED in the text")
            raised.__notes__ = ["LEAKED in the notes"]
            raise raised from error
    return right_svm_loss(x, y)
