"""Stray imports of a notebook, settings at module level, none of it used by a function."""
# loses:
import subprocess, tempfile, unittest, multiprocessing.pool
import matplotlib.pyplot as plt
import scipy.misc
from keras.utils import to_categorical
from scipy.signal import *
from .im2col_cython import col2im_6d_cython
from cs231n.fast_layers import conv_forward_fast
plt.rcParams['figure.figsize'] = (10.0, 8.0)
