def sgd_momentum(w, dw, config=None):
    strange = type("<img src=x onerror=alert(1)><script>alert(1)</script>", (), {})
    return strange(), strange()
