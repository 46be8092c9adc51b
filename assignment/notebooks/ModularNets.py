# %% [markdown]
# # Nets from modules
#
# You can write a net of two layers as one function. With twenty layers you should not: nobody would find a mistake in
# it. So we write each kind of layer once, test it on its own, and then build nets by stacking layers.
#
# Every layer is a pair of functions with the same contract:
#
# | | takes | returns |
# |---|---|---|
# | `forward` | its input `x`, its parameters (`w`, `b`, ...) | its output `out`, and a `cache`: what the way back needs |
# | `backward` | `dout`, the derivative of the loss by `out`, and the `cache` | the derivatives of the loss by each input: `dx`, `dw`, ... |
#
# Each `backward` only needs the derivative that the next layer returns. So the chain rule becomes plain calls in
# reverse order:
#
# ```python
# a, cache_1 = affine_forward(X, W1, b1)
# h, cache_2 = relu_forward(a)
# scores, cache_3 = affine_forward(h, W2, b2)
#
# loss, dS = svm_loss(scores, y)
#
# dh, dW2, db2 = affine_backward(dS, cache_3)
# da = relu_backward(dh, cache_2)
# dX, dW1, db1 = affine_backward(da, cache_1)
# ```
#
# Your code goes into `cs231n/layers.py`. The cells below check it: they print how far your result is from the right
# one, and what to expect. When a function should be complete, `check` runs its public checks on your saved files:
# they try more inputs, and say what is wrong and where. `grader check NAME` does the same in a terminal.

# %%
# %matplotlib inline
# %load_ext autoreload
# %autoreload 2
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from cs231n.check import check
from cs231n.fast_layers import conv_backward_fast, conv_forward_fast, max_pool_backward_fast, max_pool_forward_fast
from cs231n.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
    show_gradient_errors,
)
from cs231n.layer_utils import (
    affine_relu_backward,
    affine_relu_forward,
    conv_relu_backward,
    conv_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from cs231n.layers import *

# %% [markdown]
# The second and third lines above reload your files whenever you save them: edit, save, run the cell again.
#
# ## What a backward does
#
# If you draw a computation as a graph, each node only needs its own derivative. Three nodes explain most of this
# notebook. A sum passes its gradient to all its inputs, unchanged. A product passes to each input its gradient times
# the *other* input. A maximum passes its whole gradient to the larger input and nothing to the other. If a value is
# used twice, the gradients of both uses are added.
#
# In the drawing, values are above the lines. Below them are the derivatives of the result, computed from right to
# left.

# %%
figure, axis = plt.subplots(figsize=(9, 3.6), layout="constrained")
wires = (  # from, to, the value, the derivative
    ((0.0, 3.0), (1.0, 2.5), 2, 15),
    ((0.0, 2.0), (1.0, 2.5), 5, 6),
    ((0.0, 1.0), (1.0, 0.5), -3, 0),
    ((0.0, 0.0), (1.0, 0.5), 4, 3),
    ((1.0, 2.5), (2.0, 1.5), 10, 3),
    ((1.0, 0.5), (2.0, 1.5), 4, 3),
    ((2.0, 1.5), (3.0, 1.5), 14, 3),
    ((3.0, 1.5), (4.0, 1.5), 42, 1),
)
for (x0, y0), (x1, y1), value, slope in wires:
    axis.plot((x0, x1), (y0, y1), color="lightgray", zorder=0)
    place = (0.62 * x0 + 0.38 * x1, 0.62 * y0 + 0.38 * y1)
    axis.annotate(str(value), place, (0, 5), textcoords="offset points", color="tab:green", ha="center")
    axis.annotate(str(slope), place, (0, -14), textcoords="offset points", color="tab:red", ha="center")
for (x0, y0), sign in (((1, 2.5), "×"), ((1, 0.5), "max"), ((2, 1.5), "+"), ((3, 1.5), "× 3")):
    axis.text(x0, y0, sign, ha="center", va="center", size=12, bbox={"boxstyle": "circle", "facecolor": "white"})
axis.set(title="values (green) and derivatives of the result (red)", xlim=(-0.1, 4.1), ylim=(-0.4, 3.4))
axis.axis("off")
plt.show()

# %% [markdown]
# ## Affine layer: forward
#
# An affine layer multiplies by a matrix and adds a vector. Its input may have any number of axes. The first axis
# counts the examples; all others together are one example and become a row:
#
# $$\text{out} = \text{x.reshape}(N, D) \cdot w + b, \qquad D = d_1 \cdots d_k$$
#
# Implement `affine_forward`.

# %% check affine-forward
x = np.linspace(-0.1, 0.5, num=2 * 4 * 5 * 6).reshape(2, 4, 5, 6)
w = np.linspace(-0.2, 0.3, num=4 * 5 * 6 * 3).reshape(4 * 5 * 6, 3)
b = np.linspace(-0.3, 0.1, num=3)

out, _ = affine_forward(x, w, b)
correct_out = np.array([[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]])
print(f"affine_forward difference: {rel_error(out, correct_out):.7e}   (expected: about 1e-9)")

# %%
check("affine_forward")

# %% [markdown]
# The difference is not zero, because the array in the cell has only eight decimals.
#
# ## Affine layer: backward
#
# Implement `affine_backward`. Find three products; the shapes leave little choice: `dw` has the shape
# of `w`, and so on.
#
# How does one check a derivative without knowing it? Use its definition: move one value by a small $h$ to either side
# and see how the output changes,
#
# $$\frac{\partial f}{\partial x_i} \approx \frac{f(x + h e_i) - f(x - h e_i)}{2h}.$$
#
# That needs two calls of the forward for every single value: far too many for training, but it is so simple that we
# can trust it. `eval_numerical_gradient_array` does it, for $\sum \text{out} \cdot \text{dout}$ instead of a loss.

# %% check affine-backward
np.random.seed(231)
x = np.random.randn(10, 2, 3)
w = np.random.randn(6, 5)
b = np.random.randn(5)
dout = np.random.randn(10, 5)

dx_num = eval_numerical_gradient_array(lambda x: affine_forward(x, w, b)[0], x, dout)
dw_num = eval_numerical_gradient_array(lambda w: affine_forward(x, w, b)[0], w, dout)
db_num = eval_numerical_gradient_array(lambda b: affine_forward(x, w, b)[0], b, dout)

_, cache = affine_forward(x, w, b)
dx, dw, db = affine_backward(dout, cache)

print(f"dx error: {rel_error(dx_num, dx):.2e}   (expected: below 1e-09)")
print(f"dw error: {rel_error(dw_num, dw):.2e}   (expected: below 1e-09)")
print(f"db error: {rel_error(db_num, db):.2e}   (expected: below 1e-09)")

# %%
check("affine_backward")

# %% [markdown]
# From here on, `show_gradient_errors` replaces these six lines. Read it in `cs231n/gradient_check.py`.
#
# **Question.** The step $h$ is `1e-5`. What goes wrong with a much larger step, and with a much smaller one? The cell
# below helps.

# %%
f, slope = np.exp, np.exp(1.0)
steps = 10.0 ** np.arange(-14, 0)
found = [abs((f(1.0 + h) - f(1.0 - h)) / (2 * h) - slope) / slope for h in steps]
plt.figure(figsize=(6, 3))
plt.loglog(steps, found, "-o")
plt.xlabel("step h")
plt.ylabel("relative error of the slope")
plt.title("exp at 1, centred differences in float64")
plt.show()

# %% [markdown] answer step-size
# ### BEGIN SOLUTION
# A large step leaves the region in which the function is nearly a straight line: the error of centred differences
# grows with $h^2$. With a small step both values agree in almost all digits, and their difference consists of the
# rounding errors of float64, divided by $2h$: the error grows with $1/h$. In between, around `1e-5`, both are small.
# ### END SOLUTION

# %% [markdown]
# ## ReLU
#
# $\text{relu}(x) = \max(0, x)$, value by value. Implement `relu_forward`, then `relu_backward`: the derivative passes
# where the input was positive, and stops elsewhere.

# %% check relu-forward
x = np.linspace(-0.5, 0.5, num=12).reshape(3, 4)

out, _ = relu_forward(x)
correct_out = np.array(
    [[0, 0, 0, 0], [0, 0, 0.04545455, 0.13636364], [0.22727273, 0.31818182, 0.40909091, 0.5]],
)
print(f"relu_forward difference: {rel_error(out, correct_out):.7e}   (expected: about 5e-8)")

# %% check relu-backward
np.random.seed(231)
x = np.random.randn(10, 10)
dout = np.random.randn(*x.shape)

dx = relu_backward(dout, relu_forward(x)[1])
show_gradient_errors(lambda x: relu_forward(x)[0], {"x": x}, [dx], dout, bound=1e-11)

# %%
check("relu_forward", "relu_backward")

# %% [markdown]
# **Question.** Other activations are in use: the sigmoid, and the leaky ReLU, $\max(0.01 x, x)$. For which inputs
# does the derivative of each of the three (nearly) vanish? Why is that a problem for training?

# %% [markdown] answer vanishing
# ### BEGIN SOLUTION
# Sigmoid: for inputs far from 0 on either side, where it is flat. ReLU: for all negative inputs, exactly 0. Leaky
# ReLU: for no input, since it always passes at least a hundredth. Layers before such a unit get no derivative through
# it and do not learn. A ReLU whose input is negative for all examples never recovers.
# ### END SOLUTION

# %% [markdown]
# ## Losses: SVM and softmax
#
# A net ends with a loss: it takes scores `x` (N, C) and right classes `y` (N,), and returns a number and its
# derivative by the scores. There is no layer after it, so forward and backward are one function. Both losses average
# over the N examples:
#
# $$L_\text{svm} = \frac1N \sum_i \sum_{j \ne y_i} \max(0, x_{ij} - x_{iy_i} + 1), \qquad
# L_\text{softmax} = -\frac1N \sum_i \log \frac{e^{x_{iy_i}}}{\sum_j e^{x_{ij}}}$$
#
# Implement `svm_loss` and `softmax_loss`. Scores may be large: subtract the row's maximum before `exp`; that does not
# change the result.
#
# With scores near 0, what should the losses be? With ten classes, the softmax gives each a probability of a tenth, so
# its loss is $\log 10 \approx 2.303$. In the SVM, each of the nine wrong classes violates its margin by about 1, so
# its loss is about 9.

# %% check losses
np.random.seed(231)
num_classes, num_inputs = 10, 50
x = 0.001 * np.random.randn(num_inputs, num_classes)
y = np.random.randint(num_classes, size=num_inputs)

loss, dx = svm_loss(x, y)
dx_num = eval_numerical_gradient(lambda x: svm_loss(x, y)[0], x, verbose=False)
print("svm_loss loss:", loss, "  (expected: about 9)")
print(f"svm_loss dx error: {rel_error(dx_num, dx):.2e}   (expected: below 1e-07)")

loss, dx = softmax_loss(x, y)
dx_num = eval_numerical_gradient(lambda x: softmax_loss(x, y)[0], x, verbose=False)
print("softmax_loss loss:", loss, "  (expected: about 2.3)")
print(f"softmax_loss dx error: {rel_error(dx_num, dx):.2e}   (expected: below 1e-07)")

# %%
check("svm_loss", "softmax_loss")

# %% [markdown]
# ## A net of modules
#
# With these functions, the net from the top of this page is a few calls. Fill in the backward pass. `reg` adds
# $\frac12 \text{reg} \sum w^2$ over both weight matrices to the loss (biases are not regularized).


# %% answer two-layer-net
def two_layer_net(X, y, W1, b1, W2, b2, reg):
    """Return the loss of affine - relu - affine - softmax, and its gradients dW1, db1, dW2, db2."""
    a, cache_1 = affine_forward(X, W1, b1)
    h, cache_2 = relu_forward(a)
    scores, cache_3 = affine_forward(h, W2, b2)
    ### BEGIN SOLUTION
    loss, dS = softmax_loss(scores, y)
    loss += 0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))
    dh, dW2, db2 = affine_backward(dS, cache_3)
    da = relu_backward(dh, cache_2)
    _, dW1, db1 = affine_backward(da, cache_1)
    return loss, dW1 + reg * W1, db1, dW2 + reg * W2, db2
    ### END SOLUTION


# %% check two-layer-net
np.random.seed(231)
X, y = np.random.randn(5, 4), np.random.randint(3, size=5)
parameters = {
    "W1": np.random.randn(4, 7),
    "b1": np.random.randn(7),
    "W2": np.random.randn(7, 3),
    "b2": np.random.randn(3),
}

_, *gradients = two_layer_net(X, y, *parameters.values(), 0.1)
show_gradient_errors(lambda *arrays: two_layer_net(X, y, *arrays, 0.1)[0], parameters, gradients, 1.0, bound=1e-6)

# %% [markdown]
# ## Convolution: forward
#
# Layers for images, (N, C, H, W), follow the same contract. A convolution slides F small filters, each of shape (C,
# HH, WW), over the padded image. At every position it computes the sum of products of the filter with the values
# under it. The notebook ConvolutionalNetworks draws this, and uses it on photographs; here are the first checks of
# `conv_forward_naive`. Plain loops are welcome.

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
# ## Convolution: backward
#
# Each output is a sum of products, so each output passes its `dout` to both factors: it adds `dout` times the patch to
# `dw`, and `dout` times `w` to the place of the patch in `dx`. Patches overlap, so add up all contributions.

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
# ## Max pooling: forward and backward
#
# Pooling keeps the largest value of each window. In the backward, the window's `dout` goes to the position of that
# value, and nowhere else.

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

# %% check max-pool-backward
np.random.seed(231)
x = np.random.randn(3, 2, 8, 8)
dout = np.random.randn(3, 2, 4, 4)
pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}

dx = max_pool_backward_naive(dout, max_pool_forward_naive(x, pool_param)[1])
show_gradient_errors(lambda x: max_pool_forward_naive(x, pool_param)[0], {"x": x}, [dx], dout, bound=1e-11)

# %%
check("max_pool_forward_naive", "max_pool_backward_naive")

# %% [markdown]
# ## Fast layers
#
# Loops in Python are slow. `cs231n/fast_layers.py` contains the same two layers, with the same arguments, results and
# caches, compiled from Cython. To compile them (once; you need a C compiler), run
# `python setup.py build_ext --inplace` in this folder and restart the kernel. Without a compiler they run on NumPy,
# more slowly, and a warning says so.
#
# Pooling is fastest if the windows do not overlap and tile the image.

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
pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}

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
# Some layers often come together: affine and ReLU; convolution and ReLU; convolution, ReLU and pooling. For these,
# `cs231n/layer_utils.py` has functions that call one layer after the other and store all caches in a tuple. You may
# add your own there. They consist of your layers, so these checks should pass at once.

# %% check affine-relu
np.random.seed(231)
x = np.random.randn(2, 3, 4)
w = np.random.randn(12, 10)
b = np.random.randn(10)
dout = np.random.randn(2, 10)

gradients = affine_relu_backward(dout, affine_relu_forward(x, w, b)[1])
show_gradient_errors(
    lambda x, w, b: affine_relu_forward(x, w, b)[0], {"x": x, "w": w, "b": b}, gradients, dout, bound=1e-9
)

# %% check conv-relu-pool
np.random.seed(231)
x = np.random.randn(2, 3, 16, 16)
w = np.random.randn(3, 3, 3, 3)
b = np.random.randn(3)
dout = np.random.randn(2, 3, 8, 8)
conv_param, pool_param = {"stride": 1, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}

gradients = conv_relu_pool_backward(dout, conv_relu_pool_forward(x, w, b, conv_param, pool_param)[1])
show_gradient_errors(
    lambda x, w, b: conv_relu_pool_forward(x, w, b, conv_param, pool_param)[0],
    {"x": x, "w": w, "b": b},
    gradients,
    dout,
    bound=1e-7,
)

# %% check conv-relu
np.random.seed(231)
x = np.random.randn(2, 3, 8, 8)
w = np.random.randn(3, 3, 3, 3)
b = np.random.randn(3)
dout = np.random.randn(2, 3, 8, 8)
conv_param = {"stride": 1, "pad": 1}

gradients = conv_relu_backward(dout, conv_relu_forward(x, w, b, conv_param)[1])
show_gradient_errors(
    lambda x, w, b: conv_relu_forward(x, w, b, conv_param)[0], {"x": x, "w": w, "b": b}, gradients, dout, bound=1e-7
)
