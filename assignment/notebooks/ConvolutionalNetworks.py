# %% [markdown]
# # Convolutional networks
#
# A fully connected layer does not know that its input is an image: shuffle the pixels of all images in the same way,
# and it learns just as well. Convolutional layers use what we know about images: small patterns of neighbouring
# pixels matter, and a pattern means the same at every position. So these layers look for the same few small patterns
# everywhere in the image.
#
# The drawing has a small cross at three positions of an image. Below is the output of a filter with the same cross:
# the same peak, at the position of the cross. This helps a lot: a pattern that is learned at one position does not
# have to be learned again at all others.
#
# This notebook writes the layers of such nets, naively and then fast, normalizes them, and trains a net of three
# layers. Your code goes into `cs231n/layers.py` and `cs231n/classifiers/cnn.py`.

# %%
# %matplotlib inline
# %load_ext autoreload
# %autoreload 2
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from cs231n.check import check
from cs231n.classifiers.cnn import ThreeLayerConvNet
from cs231n.fast_layers import conv_backward_fast, conv_forward_fast, max_pool_backward_fast, max_pool_forward_fast
from cs231n.gradient_check import rel_error, show_gradient_errors, show_net_errors
from cs231n.layer_utils import (
    conv_relu_backward,
    conv_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from cs231n.layers import *
from cs231n.small_data import load_or_generate
from cs231n.solver import Solver
from cs231n.vis_utils import plot_histories, visualize_grid
from matplotlib.patches import Rectangle

# %%
cross = np.array([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]])
figure, axes = plt.subplots(2, 3, figsize=(7, 4.6), layout="constrained")
for column, (top, left) in zip(axes.T, ((1, 1), (1, 7), (6, 4))):
    image = np.zeros((11, 11))
    image[top : top + 3, left : left + 3] = cross
    answer = np.lib.stride_tricks.sliding_window_view(image, (3, 3)).reshape(9, 9, 9) @ cross.ravel()
    column[0].imshow(image, cmap="Greys")
    column[1].imshow(answer, cmap="Blues")
    column[1].set_title(f"largest at {tuple(int(k) for k in np.argwhere(answer == answer.max())[0])}", fontsize=9)
    for axis in column:
        axis.set(xticks=[], yticks=[])
plt.show()

# %%
data, is_cifar10 = load_or_generate()
print("CIFAR-10" if is_cifar10 else "generated images")
for name, array in data.items():
    print(f"{name}: {array.shape}")

# %% [markdown]
# ## Convolution: forward
#
# The layer has F filters, each of shape (C, HH, WW): it spans all channels of the image but only a few pixels. At one
# position of the image, a filter gives one number: the sum of the products of its weights with the values under it,
# plus its bias. When you slide it over the image, it gives a map of numbers. F filters give F maps: the channels of
# the output.
#
# Two numbers say how to slide. `pad` zeros are added around the image, so that filters reach its border and the
# output can keep its size. `stride` is how far a filter moves from one position to the next. So the sizes are
#
# $$H' = 1 + \frac{H + 2\,\text{pad} - HH}{\text{stride}}, \qquad W' = 1 + \frac{W + 2\,\text{pad} - WW}{\text{stride}}$$
#
# The division is rounded down to a whole number. The drawing has an image of 5 x 5 (blue), its padding (pale) and the
# positions of a 3 x 3 filter, whose centres are dots.


# %%
def draw_places(axis, size, pad, stride, filter_size=3):
    """Draw an image, its padding, and the positions of a filter."""
    whole = np.ones((size + 2 * pad,) * 2)
    whole[pad : pad + size, pad : pad + size] = 2
    axis.imshow(whole, cmap="Blues", vmin=0.6, vmax=5)
    axis.set_xticks(np.arange(-0.5, len(whole)), minor=True)
    axis.set_yticks(np.arange(-0.5, len(whole)), minor=True)
    axis.grid(which="minor", color="white")
    axis.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
    starts = np.arange(0, len(whole) - filter_size + 1, stride)
    for color, start in zip(("tab:red", "tab:orange"), starts):
        square = Rectangle((start - 0.5, -0.5), filter_size, filter_size, fill=False, color=color, linewidth=2.5)
        axis.add_patch(square)
    middles = starts + (filter_size - 1) / 2
    axis.plot(*(grid.ravel() for grid in np.meshgrid(middles, middles)), "k.")
    axis.set_title(f"pad {pad}, stride {stride}: {len(starts)} x {len(starts)}")


figure, axes = plt.subplots(1, 4, figsize=(12, 3.2), layout="constrained")
for axis, (pad, stride) in zip(axes, ((0, 1), (1, 1), (0, 2), (1, 2))):
    draw_places(axis, 5, pad, stride)
plt.show()

# %% [markdown]
# For example: an image of (4, 11, 11), filters of 5 x 5, no padding, stride 2, gives $1 + (11 - 5) / 2 = 4$ positions
# in each direction. Value (0, 0) of the first map is `np.sum(x[:, 0:5, 0:5] * w[0]) + b[0]`, value (0, 1) is
# `np.sum(x[:, 0:5, 2:7] * w[0]) + b[0]`, value (3, 3) is `np.sum(x[:, 6:11, 6:11] * w[0]) + b[0]`.
#
# Write `conv_forward_naive` in whatever way is clearest to you; loops are welcome, and `np.pad` may help.

# %% check conv-forward
x = np.linspace(-0.1, 0.5, num=2 * 3 * 4 * 4).reshape(2, 3, 4, 4)
w = np.linspace(-0.2, 0.3, num=3 * 3 * 4 * 4).reshape(3, 3, 4, 4)
b = np.linspace(-0.1, 0.2, num=3)

out, _ = conv_forward_naive(x, w, b, {"stride": 2, "pad": 1})
correct_out = np.array(
    [
        [
            [[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]],
            [[0.21027089, 0.21661097], [0.22847626, 0.23004637]],
            [[0.50813986, 0.54309974], [0.64082444, 0.67101435]],
        ],
        [
            [[-0.98053589, -1.03143541], [-1.19128892, -1.24695841]],
            [[0.69108355, 0.66880383], [0.59480972, 0.56776003]],
            [[2.36270298, 2.36904306], [2.38090835, 2.38247847]],
        ],
    ]
)
print(f"conv_forward_naive difference: {rel_error(out, correct_out):.7e}   (expected: about 2e-8)")

# %%
check("conv_forward_naive")

# %% [markdown]
# **Question.** A layer has 16 filters of 5 x 5 and takes images of (3, 32, 32), with padding 2 and stride 1. How many
# parameters does it have? How many parameters does a fully connected layer with an output of the same size have?

# %% [markdown] answer count-parameters
# ### BEGIN SOLUTION
# The convolution: $16 \cdot (3 \cdot 5 \cdot 5 + 1) = 1216$. Its output is (16, 32, 32), 16,384 values. A fully
# connected layer needs, for each of them, 3,072 weights and a bias: $16384 \cdot 3073 = 50{,}348{,}032$.
# ### END SOLUTION

# %% [markdown]
# ## Filters that one can look at
#
# Long before filters were learned, people wrote them by hand. Here are two of them. One mixes the three colours into
# a gray image. The other subtracts, in the blue channel, the values below a pixel from those above it, so that
# horizontal edges become bright.
#
# The photographs come with scikit-learn (or scikit-image), if you have one of them. If not, two generated pictures
# take their place.


# %%
def load_pictures():
    """Return two pictures (H, W, 3), values from 0 to 255, and their source."""
    try:
        from sklearn.datasets import load_sample_images

        return [image.astype(float) for image in load_sample_images().images], "scikit-learn"
    except ImportError:
        pass
    try:
        from skimage import data as samples

        return [samples.astronaut().astype(float), samples.coffee().astype(float)], "scikit-image"
    except (ImportError, OSError):
        down, right = np.mgrid[0:240, 0:320]
        disc = (down - 120) ** 2 + (right - 160) ** 2 < 80**2
        sunset = np.stack([255 - down / 2, 90 + right / 4, np.where(disc, 230, 60 + down / 3)], axis=2)
        stripes = np.stack([right / 2, 255 * (down // 20 % 2), 255 * ((down + right) // 40 % 2)], axis=2)
        return [sunset, stripes], "generated"


def squared(picture, size=200):
    """Cut a square out of the middle and take size x size of its pixels."""
    side = min(picture.shape[:2])
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    take = np.arange(size) * side // size
    return picture[top : top + side, left : left + side][take][:, take]


pictures, source = load_pictures()
x = np.stack([squared(picture).transpose(2, 0, 1) for picture in pictures])

w = np.zeros((2, 3, 3, 3))
w[0, :, 1, 1] = [0.3, 0.6, 0.1]  # gray: shares of red, green and blue
w[1, 2] = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]  # edges, in blue
b = np.array([0, 128])  # so that edges of both directions are seen

out, _ = conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})

figure, axes = plt.subplots(2, 3, figsize=(9, 6), layout="constrained")
for row, picture, (gray, edges) in zip(axes, x, out):
    row[0].imshow(picture.transpose(1, 2, 0).astype("uint8"))
    row[1].imshow(gray, cmap="gray")
    row[2].imshow(edges, cmap="gray")
for axis, title in zip(axes[0], (f"picture ({source})", "gray", "edges")):
    axis.set_title(title)
for axis in axes.ravel():
    axis.axis("off")
plt.show()

# %% check image-filters
print(f"pictures: {source}")
print(
    f"gray difference: {rel_error(out[:, 0], np.einsum('nchw,c->nhw', x, [0.3, 0.6, 0.1])):.1e}   (expected: below 1e-09)"
)
above, below = x[:, 2, :-2], x[:, 2, 2:]
row = above - below
inner = row[:, :, :-2] + 2 * row[:, :, 1:-1] + row[:, :, 2:] + 128
print(f"edges difference: {rel_error(out[:, 1, 1:-1, 1:-1], inner):.1e}   (expected: below 1e-09)")

# %% [markdown]
# ## Convolution: backward
#
# Take one output value and its `dout`. It was computed as $\sum \text{patch} \cdot w_f + b_f$, so it sends
#
# - `dout` times the patch to `dw[f]`,
# - `dout` times `w[f]` to that patch of `dx`,
# - `dout` to `db[f]`.
#
# Do this for all output values and add everything up: a weight is used at every position, and a pixel lies under
# several positions of the filter. Work on the padded image and cut off the padding at the end (also when `pad` is 0:
# then `[pad:-pad]` is empty).

# %% check conv-backward
np.random.seed(231)
x = np.random.randn(4, 3, 5, 5)
w = np.random.randn(2, 3, 3, 3)
b = np.random.randn(2)
dout = np.random.randn(4, 2, 5, 5)
conv_param = {"stride": 1, "pad": 1}

gradients = conv_backward_naive(dout, conv_forward_naive(x, w, b, conv_param)[1])
show_gradient_errors(
    lambda x, w, b: conv_forward_naive(x, w, b, conv_param)[0], {"x": x, "w": w, "b": b}, gradients, dout, bound=1e-7
)

# %%
check("conv_backward_naive")

# %% [markdown]
# ## Max pooling: forward
#
# Max pooling keeps the largest value of each window, channel by channel. The map becomes smaller: it still shows that
# a pattern was there, but no longer exactly where. There are no parameters. Write `max_pool_forward_naive`.

# %% check max-pool-forward
x = np.linspace(-0.3, 0.4, num=2 * 3 * 4 * 4).reshape(2, 3, 4, 4)

out, _ = max_pool_forward_naive(x, {"pool_width": 2, "pool_height": 2, "stride": 2})
correct_out = np.array(
    [
        [
            [[-0.26315789, -0.24842105], [-0.20421053, -0.18947368]],
            [[-0.14526316, -0.13052632], [-0.08631579, -0.07157895]],
            [[-0.02736842, -0.01263158], [0.03157895, 0.04631579]],
        ],
        [
            [[0.09052632, 0.10526316], [0.14947368, 0.16421053]],
            [[0.20842105, 0.22315789], [0.26736842, 0.28210526]],
            [[0.32631579, 0.34105263], [0.38526316, 0.4]],
        ],
    ]
)
print(f"max_pool_forward_naive difference: {rel_error(out, correct_out):.7e}   (expected: about 4e-8)")

# %%
check("max_pool_forward_naive")

# %% [markdown]
# ## Max pooling: backward
#
# Only the largest value of a window reached the output, so it gets the window's whole `dout`, and the others get
# nothing. The drawing shows windows of 2 x 2: the values, the output, `dout`, and `dx`. If windows overlap, a pixel
# can be the largest in several of them; then it gets the sum. Write `max_pool_backward_naive`.

# %%
values = np.array([[1, 3, 2, 0], [4, 2, 1, 5], [7, 0, 3, 3.5], [6, 1, 9, 2]])
windows = values.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3)
largest, given = windows.max(axis=(2, 3)), np.array([[0.1, -0.2], [0.3, 0.4]])
routed = np.where(windows == largest[:, :, None, None], given[:, :, None, None], 0).transpose(0, 2, 1, 3).reshape(4, 4)

figure, axes = plt.subplots(1, 4, figsize=(12, 3), layout="constrained")
colors = np.arange(4).reshape(2, 2)
for axis, title, array in zip(axes, ("x", "out", "dout", "dx"), (values, largest, given, routed)):
    size = len(array)
    axis.imshow(colors.repeat(size // 2, 0).repeat(size // 2, 1), cmap="Pastel1", vmin=0, vmax=8)
    for (i, j), value in np.ndenumerate(array):
        strong = size == 2 or routed[i, j] != 0
        axis.text(j, i, f"{value:g}", ha="center", va="center", weight="bold" if strong else "normal", size=13)
    axis.set(title=title, xticks=[], yticks=[])
plt.show()

# %% check max-pool-backward
np.random.seed(231)
x = np.random.randn(3, 2, 8, 8)
dout = np.random.randn(3, 2, 4, 4)
pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}

dx = max_pool_backward_naive(dout, max_pool_forward_naive(x, pool_param)[1])
show_gradient_errors(lambda x: max_pool_forward_naive(x, pool_param)[0], {"x": x}, [dx], dout, bound=1e-11)

# %%
check("max_pool_backward_naive")

# %% [markdown]
# ## Fast layers
#
# `cs231n/fast_layers.py` contains the same layers, with the same arguments, results and caches, but compiled. If you
# have a C compiler, run `python setup.py build_ext --inplace` once in this folder and restart the kernel. Without a
# compiler they run on NumPy, more slowly. Pooling is fastest if the windows do not overlap and tile the image.
#
# What makes a convolution fast? If every patch becomes a column, all positions and all filters are one product of two
# matrices, and processors are best at that. The price is memory, because patches overlap and pixels are copied.

# %%
import cs231n.fast_layers

print("compiled kernels" if cs231n.fast_layers.kernels else "no compiled kernels: the fast layers run on NumPy")

# %% check fast-conv
np.random.seed(231)
x = np.random.randn(100, 3, 31, 31)
w = np.random.randn(25, 3, 3, 3)
b = np.random.randn(25)
dout = np.random.randn(100, 25, 16, 16)
conv_param = {"stride": 2, "pad": 1}

t0 = perf_counter()
out_naive, cache_naive = conv_forward_naive(x, w, b, conv_param)
t1 = perf_counter()
out_fast, cache_fast = conv_forward_fast(x, w, b, conv_param)
t2 = perf_counter()
gradients_naive = conv_backward_naive(dout, cache_naive)
t3 = perf_counter()
gradients_fast = conv_backward_fast(dout, cache_fast)
t4 = perf_counter()

print(f"forward: naive {t1 - t0:.3f} s, fast {t2 - t1:.4f} s, {(t1 - t0) / (t2 - t1):.0f}x as fast")
print(f"backward: naive {t3 - t2:.3f} s, fast {t4 - t3:.4f} s, {(t3 - t2) / (t4 - t3):.0f}x as fast")
print(f"out difference: {rel_error(out_naive, out_fast):.2e}   (expected: below 1e-09)")
for name, naive, fast in zip(("dx", "dw", "db"), gradients_naive, gradients_fast):
    print(f"{name} difference: {rel_error(naive, fast):.2e}   (expected: below 1e-09)")

# %% check fast-pool
np.random.seed(231)
x = np.random.randn(100, 3, 32, 32)
dout = np.random.randn(100, 3, 16, 16)

t0 = perf_counter()
out_naive, cache_naive = max_pool_forward_naive(x, pool_param)
t1 = perf_counter()
out_fast, cache_fast = max_pool_forward_fast(x, pool_param)
t2 = perf_counter()
dx_naive = max_pool_backward_naive(dout, cache_naive)
t3 = perf_counter()
dx_fast = max_pool_backward_fast(dout, cache_fast)
t4 = perf_counter()

print(f"forward: naive {t1 - t0:.3f} s, fast {t2 - t1:.4f} s, {(t1 - t0) / (t2 - t1):.0f}x as fast")
print(f"backward: naive {t3 - t2:.3f} s, fast {t4 - t3:.4f} s, {(t3 - t2) / (t4 - t3):.0f}x as fast")
print(f"out difference: {rel_error(out_naive, out_fast):.1f}   (expected: 0.0)")
print(f"dx difference: {rel_error(dx_naive, dx_fast):.1f}   (expected: 0.0)")

# %% [markdown]
# ## Sandwich layers
#
# Convolution - ReLU, and convolution - ReLU - pooling, in one call each, from `cs231n/layer_utils.py`. They use the
# fast layers; only the ReLU in them is yours.

# %% check conv-relu-pool
np.random.seed(231)
x = np.random.randn(2, 3, 16, 16)
w = np.random.randn(3, 3, 3, 3)
b = np.random.randn(3)
dout = np.random.randn(2, 3, 8, 8)
conv_param = {"stride": 1, "pad": 1}

inputs = {"x": x, "w": w, "b": b}
gradients = conv_relu_pool_backward(dout, conv_relu_pool_forward(x, w, b, conv_param, pool_param)[1])
show_gradient_errors(
    lambda *xwb: conv_relu_pool_forward(*xwb, conv_param, pool_param)[0], inputs, gradients, dout, bound=1e-7
)

# %% check conv-relu
np.random.seed(231)
x = np.random.randn(2, 3, 8, 8)
w = np.random.randn(3, 3, 3, 3)
b = np.random.randn(3)
dout = np.random.randn(2, 3, 8, 8)

inputs = {"x": x, "w": w, "b": b}
gradients = conv_relu_backward(dout, conv_relu_forward(x, w, b, conv_param)[1])
show_gradient_errors(lambda *xwb: conv_relu_forward(*xwb, conv_param)[0], inputs, gradients, dout, bound=1e-7)

# %% [markdown]
# ## A convolutional net of three layers
#
# conv - ReLU - 2 x 2 max pool - affine - ReLU - affine - softmax: write `ThreeLayerConvNet` in
# `cs231n/classifiers/cnn.py`, with the sandwiches. The only puzzle is the number of rows of `W2`: how many values
# does the pooling return for one image?
#
# First the loss. With small random weights and without regularization, all classes are equally likely, so the loss is
# about $\log 10 \approx 2.3026$. With regularization, it should be somewhat larger.

# %% check three-layer-loss
np.random.seed(231)
model = ThreeLayerConvNet()
X = np.random.randn(50, 3, 32, 32)
y = np.random.randint(10, size=50)
print(f"initial loss: {model.loss(X, y)[0]:.4f}   (expected: 2.3026)")
model.reg = 0.5
print(f"initial loss with reg 0.5: {model.loss(X, y)[0]:.4f}   (expected: about 2.508)")

# %% [markdown]
# Then the gradients, on a small net and artificial data. Errors up to 1e-2 can be right here: among so many values, a
# few lie next to a kink of the ReLU or the pooling.

# %% check three-layer-gradients
np.random.seed(231)
X = np.random.randn(2, 3, 16, 16)
y = np.random.randint(10, size=2)
model = ThreeLayerConvNet(num_filters=3, filter_size=3, input_dim=(3, 16, 16), hidden_dim=7, dtype=np.float64)
show_net_errors(model, X, y, bound=1e-1, h=1e-6)

# %%
check("ThreeLayerConvNet")

# %% [markdown]
# ## By heart
#
# If you train the net on 100 images only, it should soon classify nearly all of them correctly, but few others.

# %% check by-heart
np.random.seed(231)
few = {**data, "X_train": data["X_train"][:100], "y_train": data["y_train"][:100]}
model = ThreeLayerConvNet(weight_scale=1e-2)
adam = {"update_rule": "adam", "optim_config": {"learning_rate": 1e-3}}
solver = Solver(model, few, num_epochs=15, batch_size=50, verbose=False, **adam)
solver.train()
print(f"first loss: {solver.loss_history[0]:.6f}   (expected: 2.414 on CIFAR-10)")
print(f"training accuracy at epoch 0: {solver.train_acc_history[0]:.2f}   (expected: 0.20 on CIFAR-10)")
print(f"training accuracy: {solver.train_acc_history[-1]:.2f}   (expected: above 0.94)")
print(f"validation accuracy: {solver.val_acc_history[-1]:.2f}   (expected: 0.15 to 0.27 on CIFAR-10)")
plot_histories({"100 images": solver})
plt.show()

# %% [markdown]
# ## Training
#
# After one epoch over all training images, its accuracy on them should be above 40 %. (This takes some minutes on a
# slow machine with CIFAR-10.)

# %% check three-layer-training
model = ThreeLayerConvNet(weight_scale=0.001, hidden_dim=500, reg=0.001)
solver = Solver(model, data, num_epochs=1, batch_size=50, print_every=200, **adam)
solver.train()
print(f"training accuracy: {solver.train_acc_history[-1]:.3f}   (expected: above 0.40)")
plot_histories({"three layers": solver})
plt.show()

# %% [markdown]
# Which patterns has it learned to look for? The filters of the first layer have three channels, so we can show them
# as colours.

# %%
grid = visualize_grid(model.params["W1"].transpose(0, 2, 3, 1))
plt.figure(figsize=(5, 5))
plt.imshow(grid.astype("uint8"))
plt.axis("off")
plt.show()

# %% [markdown]
# ## Spatial batch normalization
#
# A convolution computes each map with one filter, so all values of a map, at all positions and in all images, belong
# together. Therefore spatial batch normalization (Ioffe and Szegedy, 2015) takes the mean and variance of each
# channel over N, H and W together; each channel has one `gamma` and one `beta`. Move the channels to the last axis
# and reshape all other axes into rows: then it is the batch normalization that you have already written. Write
# `spatial_batchnorm_forward` and `spatial_batchnorm_backward`.


# %%
def show_channels(title, x):
    """Print the mean and the standard deviation of each channel."""
    print(title)
    print("  means:", x.mean(axis=(0, 2, 3)))
    print("  stds:", x.std(axis=(0, 2, 3)))


# %% check spatial-batchnorm-train
np.random.seed(231)
x = 4 * np.random.randn(2, 3, 4, 5) + 10
show_channels("before spatial batch normalization:", x)
bn_param = {"mode": "train"}
out, _ = spatial_batchnorm_forward(x, np.ones(3), np.zeros(3), bn_param)
show_channels("after it (expected: means 0, stds 1):", out)
out, _ = spatial_batchnorm_forward(x, np.array([3, 4, 5]), np.array([6, 7, 8]), bn_param)
show_channels("after it with gamma [3 4 5], beta [6 7 8] (expected: stds gamma, means beta):", out)

# %% check spatial-batchnorm-test
np.random.seed(231)
bn_param = {"mode": "train"}
gamma, beta = np.ones(4), np.zeros(4)
for _ in range(50):
    spatial_batchnorm_forward(2.3 * np.random.randn(10, 4, 11, 12) + 13, gamma, beta, bn_param)
bn_param["mode"] = "test"
out, _ = spatial_batchnorm_forward(2.3 * np.random.randn(10, 4, 11, 12) + 13, gamma, beta, bn_param)
show_channels("after spatial batch normalization at test time (expected: about 0 and 1):", out)

# %% check spatial-batchnorm-backward
np.random.seed(231)
x = 5 * np.random.randn(2, 3, 4, 5) + 12
inputs = {"x": x, "gamma": np.random.randn(3), "beta": np.random.randn(3)}
dout = np.random.randn(2, 3, 4, 5)
bn_param = {"mode": "train"}
gradients = spatial_batchnorm_backward(dout, spatial_batchnorm_forward(*inputs.values(), bn_param)[1])
show_gradient_errors(lambda *xgb: spatial_batchnorm_forward(*xgb, bn_param)[0], inputs, gradients, dout, bound=1e-6)

# %%
check("spatial_batchnorm_forward", "spatial_batchnorm_backward")

# %% [markdown]
# ## Group normalization
#
# With few images in a minibatch, its statistics are noise. Layer normalization uses one image at a time, but combines
# all channels, even though filters may look for very different things. Group normalization (Wu and He, 2018) is in
# between: for each image, the channels are divided into G groups, and each group is normalized over its channels and
# all positions. With $G = 1$ it is layer normalization; with $G = C$ each map is normalized alone.
#
# In the drawing a small square is one whole map; squares of one colour share a mean and a variance.

# %%
N, C, G = 4, 6, 2
n, c = np.mgrid[0:N, 0:C]
figure, axes = plt.subplots(1, 3, figsize=(11, 3), layout="constrained")
for axis, title, shares in zip(
    axes, ("batch norm", "layer norm", f"group norm, G = {G}"), (c, n, n * G + c // (C // G))
):
    axis.imshow(shares, cmap="Set3", vmin=0, vmax=11)
    axis.set(title=title, xlabel="channels C", ylabel="images N", xticks=[], yticks=[])
    axis.set_xticks(np.arange(0.5, C - 1), minor=True)
    axis.set_yticks(np.arange(0.5, N - 1), minor=True)
    axis.grid(which="minor", color="white", linewidth=3)
plt.show()

# %% [markdown]
# Write `spatial_groupnorm_forward` and `spatial_groupnorm_backward`. `gamma` and `beta` have shape (1, C, 1, 1): one
# for each channel, not one for each group.

# %% check groupnorm-forward
np.random.seed(231)
x = 4 * np.random.randn(2, 6, 4, 5) + 10
print("before group normalization, by image and group:")
print("  means:", x.reshape(4, -1).mean(axis=1))
print("  stds:", x.reshape(4, -1).std(axis=1))
out, _ = spatial_groupnorm_forward(x, np.ones((1, 6, 1, 1)), np.zeros((1, 6, 1, 1)), 2, {})
print("after it (expected: means 0, stds 1):")
print("  means:", out.reshape(4, -1).mean(axis=1))
print("  stds:", out.reshape(4, -1).std(axis=1))

# %% check groupnorm-backward
np.random.seed(231)
x = 5 * np.random.randn(2, 6, 4, 5) + 12
inputs = {"x": x, "gamma": np.random.randn(1, 6, 1, 1), "beta": np.random.randn(1, 6, 1, 1)}
dout = np.random.randn(2, 6, 4, 5)
gradients = spatial_groupnorm_backward(dout, spatial_groupnorm_forward(*inputs.values(), 2, {})[1])
show_gradient_errors(lambda *xgb: spatial_groupnorm_forward(*xgb, 2, {})[0], inputs, gradients, dout, bound=1e-6)

# %%
check("spatial_groupnorm_forward", "spatial_groupnorm_backward")

# %% [markdown]
# **Question.** Which of the three normalizations give an image a result that depends on the other images of its
# minibatch? What does that mean if you use a trained net on a single image?

# %% [markdown] answer which-norm
# ### BEGIN SOLUTION
# Only batch normalization. Therefore, at test time it must not use the minibatch (the statistics of a single image
# would be quite different) but the running averages from training. Layer and group normalization compute the same in
# both modes.
# ### END SOLUTION
