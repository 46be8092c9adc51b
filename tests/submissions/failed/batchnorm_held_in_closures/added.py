"""A wrong batchnorm_forward that its callers hold in closures and default arguments: it costs once."""
# loses: batchnorm_forward
right_batchnorm_forward = batchnorm_forward


def batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = right_batchnorm_forward(x, gamma, beta, bn_param)
    return out + 1, cache


def for_images(forward):
    def both(x, gamma, beta, bn_param):
        N, C, H, W = x.shape
        out, cache = forward(x.transpose(0, 2, 3, 1).reshape(-1, C), gamma, beta, bn_param)
        return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), (cache, x.shape)

    return both


spatial_batchnorm_forward = for_images(batchnorm_forward)
