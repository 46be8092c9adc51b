def sgd_momentum(w, dw, config=None):
    text = "odd ends \ud800 \udfff \x00 \ufffe \uffff \U0010ffff \ufeff" + "a" + "\u0301" * 1000000
    print(text[:2000])
    __import__("os").write(1, bytes(range(256)))
    raise ValueError(text)
