# function: layers.max_pool_forward_naive
# hint: The number of windows is the image's size divided by the stride

import numpy as np


def pooled(image, ph, pw, s):
    H, W = image.shape
    return [[image[i : i + ph, j : j + pw].max() for j in range(0, W, s)] for i in range(0, H, s)]


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    return np.array([[pooled(image, ph, pw, s) for image in channels] for channels in x]), (x, pool_param)
