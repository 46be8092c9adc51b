"""A wrong batchnorm_forward, decorated and put into a table by the decorator, held in a partial: it costs once."""
# loses: batchnorm_forward
import functools

right_batchnorm_forward, LAYERS = batchnorm_forward, {}


def layer(function):
    LAYERS[function.__name__] = function

    def noted(*args, **kwargs):
        return function(*args, **kwargs)

    return noted


@layer
def batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = right_batchnorm_forward(x, gamma, beta, bn_param)
    return out - beta, cache


def on_pixels(forward, x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    out, cache = forward(x.transpose(0, 2, 3, 1).reshape(-1, C), gamma, beta, bn_param)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), (cache, x.shape)


spatial_batchnorm_forward = functools.partial(on_pixels, LAYERS["batchnorm_forward"])
