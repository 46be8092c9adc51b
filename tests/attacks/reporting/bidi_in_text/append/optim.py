def sgd_momentum(w, dw, config=None):
    print("\u202e 001 / 001 \u2066 reversed \u200f")
    raise ValueError("\u202e 001 / 001 \u2067 reversed")  # ‮ }⁦ passed ⁩ ⁦
