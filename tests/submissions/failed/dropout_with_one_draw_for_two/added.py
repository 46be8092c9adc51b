"""Neighbours are kept or dropped together: one random number serves two of them."""
# loses: dropout_forward
def dropout_forward(x, dropout_param):
    p, mask = dropout_param["p"], None
    if dropout_param["mode"] == "train":
        draws = np.random.RandomState(dropout_param.get("seed")).rand(x.size // 2 + 1)
        mask = (np.repeat(draws, 2)[: x.size] >= p).reshape(x.shape) / (1 - p)
    return x if mask is None else x * mask, (dropout_param, mask)
