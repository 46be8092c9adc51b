TEXT = "\x1b]0;OWNED\x07\x1b[2JOWNED\x9b31m\x1b]52;c;T1dORUQ=\x07\x1b]8;;http://192.0.2.1/\x07\x1b(0\r\x08\x7f\x00"
print(TEXT)


def sgd_momentum(w, dw, config=None):
    print(TEXT)
    raise ValueError(TEXT)
