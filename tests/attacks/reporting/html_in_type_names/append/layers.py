def svm_loss(x, y):
    raise type("<img src=x onerror=alert(1)>", (Exception,), {})("<script>alert(2)</script>")
