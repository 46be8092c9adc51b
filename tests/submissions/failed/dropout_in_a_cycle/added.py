"""Every tenth number or so is dropped, in order, wherever the seed begins: nothing depends on chance."""
# loses: dropout_forward
def dropout_forward(x, dropout_param):
    p, mask = dropout_param["p"], None
    if dropout_param["mode"] == "train":
        start = dropout_param["seed"] if "seed" in dropout_param else np.random.randint(1000)
        mask = ((np.arange(x.size) + 7 * start) * (1 - p) % 1 < 1 - p).reshape(x.shape) / (1 - p)
    return x if mask is None else x * mask, (dropout_param, mask)
