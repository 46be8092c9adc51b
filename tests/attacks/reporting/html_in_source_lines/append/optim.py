def sgd_momentum(w, dw, config=None):
    """<script>alert("docstring")</script>"""
    w = w + dw
    raise KeyError("<img src=x onerror=alert(1)>")  # </code></ol><script>alert(1)</script><img src=x onerror=alert(2)>


sgd_momentum.__doc__ = "<script>alert(1)</script>"
sgd_momentum.__name__ = sgd_momentum.__qualname__ = "<img src=x onerror=alert(3)>"
sgd_momentum.__code__ = sgd_momentum.__code__.replace(co_name="<img src=x onerror=alert(4)>")
