"""Which numbers are dropped is random, but how many is not: it is exactly the share p in every call."""
# loses: dropout_forward
def dropout_forward(x, dropout_param):
    p, mask = dropout_param["p"], None
    if dropout_param["mode"] == "train":
        order = np.random.RandomState(dropout_param.get("seed")).permutation(x.size)
        mask = (order >= int(p * x.size)).reshape(x.shape) / (1 - p)
    return x if mask is None else x * mask, (dropout_param, mask)
