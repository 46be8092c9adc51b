def svm_loss(x, y):
    """<script>alert("docstring")</script>"""
    x = x + 1
    raise KeyError("<img src=x onerror=alert(1)>")  # </code></li></ol><script>alert(1)</script><img src=x onerror=alert(2)>


svm_loss.__doc__ = "<script>alert(1)</script>"
svm_loss.__name__ = svm_loss.__qualname__ = "<img src=x onerror=alert(3)>"
svm_loss.__code__ = svm_loss.__code__.replace(co_name="<img src=x onerror=alert(4)>")
