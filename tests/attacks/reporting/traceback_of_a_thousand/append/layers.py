def svm_loss(x, y, left=200):
    if left:
        return eval("svm_loss(x, y, left - 1)", {"svm_loss": svm_loss, "x": x, "y": y, "left": left})
    raise ValueError("deep down" + "." * 100000)


svm_loss.__code__ = svm_loss.__code__.replace(co_name="n" * 5000)
