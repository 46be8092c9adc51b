right = dropout_forward


def dropout_forward(x, dropout_param):
    """We drop each neuron output with probability p."""
    return right(x, dropout_param)


del layernorm_forward, layernorm_backward, spatial_groupnorm_forward, spatial_groupnorm_backward
