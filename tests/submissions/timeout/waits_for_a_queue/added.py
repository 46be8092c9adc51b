"""svm_loss waits for a queue that nobody fills, and uses no CPU time."""
# loses: svm_loss
def svm_loss(x, y):
    import queue

    return queue.Queue().get()
