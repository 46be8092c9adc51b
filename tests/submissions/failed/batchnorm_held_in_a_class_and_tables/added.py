"""A wrong batchnorm_forward that its callers hold in a class, and that in a table of tables: it costs once."""
# loses: batchnorm_forward
right_batchnorm_forward = batchnorm_forward


def batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = right_batchnorm_forward(x, gamma, beta, bn_param)
    return out * 1.1, cache


class Norm:
    pixels = staticmethod(batchnorm_forward)

    def __init__(self, to_pixels):
        self.to_pixels = to_pixels

    def forward(self, x, gamma, beta, bn_param):
        N, C, H, W = x.shape
        out, cache = self.pixels(self.to_pixels(x), gamma, beta, bn_param)
        return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), (cache, x.shape)


NORMS = {"spatial": [("batch", {"forward": Norm(lambda x: x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])).forward})]}


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    return dict(NORMS["spatial"])["batch"]["forward"](x, gamma, beta, bn_param)
