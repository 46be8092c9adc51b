# %% [markdown]
# # Batch normalization and dropout
#
# Two kinds of layers make deep nets easier to train. Both behave differently while a net is trained and when it is
# used, so each has a mode.
#
# Your code goes into `cs231n/layers.py` and, at the end of each half, into the `FullyConnectedNet` of
# `cs231n/classifiers/fc_net.py`.

# %%
# %matplotlib inline
# %load_ext autoreload
# %autoreload 2
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from cs231n.check import check
from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.gradient_check import rel_error, show_gradient_errors, show_net_errors
from cs231n.layers import *
from cs231n.small_data import load_or_generate
from cs231n.solver import Solver
from cs231n.vis_utils import plot_histories

# %%
data, is_cifar10 = load_or_generate()
print("CIFAR-10" if is_cifar10 else "generated images")
for name, array in data.items():
    print(f"{name}: {array.shape}")


def first_images(count):
    """Return the data with only the first `count` training images."""
    return {**data, "X_train": data["X_train"][:count], "y_train": data["y_train"][:count]}


def show_columns(title, a):
    """Print the mean and the standard deviation of each column."""
    print(title)
    print("  means:", a.mean(axis=0))
    print("  stds:", a.std(axis=0))


# %% [markdown]
# ## Why normalize
#
# Images are centred before training, because layers learn best from inputs around 0 with a spread of about 1. But
# only the first layer sees images. The inputs of deeper layers depend on all weights before them, and change with
# every step. The cell sends random numbers through eight layers of 100 ReLUs: depending on the weight scale, signals
# vanish or explode.

# %%
rng = np.random.RandomState(0)
depths = np.arange(9)
plt.figure(figsize=(6, 3))
for scale in (0.1, 0.1414, 0.2):
    h, spreads = rng.randn(500, 100), []
    for _ in depths:
        spreads.append(h.std())
        h = np.maximum(0, h @ (scale * rng.randn(100, 100)))
    plt.semilogy(depths, spreads, "o-", label=f"weight scale {scale}")
plt.xlabel("layer")
plt.ylabel("standard deviation")
plt.legend()
plt.show()

# %% [markdown]
# Batch normalization (Ioffe and Szegedy, 2015) solves this: for each feature, this layer subtracts the mean over the
# minibatch and divides by the standard deviation. A net may need another mean and spread. So each feature has two
# parameters, $\gamma$ and $\beta$, which can restore them if that helps:
#
# $$\hat x_{ij} = \frac{x_{ij} - \mu_j}{\sqrt{\sigma_j^2 + \epsilon}}, \qquad \text{out}_{ij} = \gamma_j \hat x_{ij} + \beta_j$$
#
# $\mu_j$ and $\sigma_j^2$ are the mean and the variance of column $j$ over the minibatch; the variance divides by
# $N$.
#
# ## Batch normalization: forward
#
# When the net is used, there may be no minibatch, and the result for one example must not depend on other examples.
# So training computes running averages, and test mode uses them instead of the minibatch's statistics:
#
#     running_mean = momentum * running_mean + (1 - momentum) * sample_mean
#     running_var = momentum * running_var + (1 - momentum) * sample_var
#
# Write `batchnorm_forward`, first for `mode` `"train"`.

# %% check batchnorm-train
np.random.seed(231)
N, D1, D2, D3 = 200, 50, 60, 3
X = np.random.randn(N, D1)
W1 = np.random.randn(D1, D2)
W2 = np.random.randn(D2, D3)
a = np.maximum(0, X.dot(W1)).dot(W2)

show_columns("before batch normalization:", a)
a_norm, _ = batchnorm_forward(a, np.ones(D3), np.zeros(D3), {"mode": "train"})
show_columns("after it (expected: means 0, stds 1):", a_norm)
gamma, beta = np.array([1.0, 2.0, 3.0]), np.array([11.0, 12.0, 13.0])
a_norm, _ = batchnorm_forward(a, gamma, beta, {"mode": "train"})
show_columns("after it with gamma [1 2 3], beta [11 12 13] (expected: stds gamma, means beta):", a_norm)

# %% [markdown]
# Now `mode` `"test"`. First, fifty minibatches fill the running averages. Then means and spreads should be near 0 and
# 1, but not as near as in training: these averages are not the minibatch's own.

# %% check batchnorm-test
np.random.seed(231)
W1 = np.random.randn(D1, D2)
W2 = np.random.randn(D2, D3)

bn_param = {"mode": "train"}
gamma, beta = np.ones(D3), np.zeros(D3)
for _ in range(50):
    a = np.maximum(0, np.random.randn(N, D1).dot(W1)).dot(W2)
    batchnorm_forward(a, gamma, beta, bn_param)
bn_param["mode"] = "test"
a = np.maximum(0, np.random.randn(N, D1).dot(W1)).dot(W2)
a_norm, _ = batchnorm_forward(a, gamma, beta, bn_param)
show_columns("after batch normalization at test time:", a_norm)

# %%
check("batchnorm_forward")

# %% [markdown]
# ## Batch normalization: backward
#
# Draw the graph. There are three paths from `x` to `out`: directly, through the mean and through the variance. Follow
# each path back and add up the gradients that arrive at `x`. Write `batchnorm_backward`.

# %% check batchnorm-backward
np.random.seed(231)
N, D = 4, 5
x = 5 * np.random.randn(N, D) + 12
gamma = np.random.randn(D)
beta = np.random.randn(D)
dout = np.random.randn(N, D)

bn_param = {"mode": "train"}
inputs = {"x": x, "gamma": gamma, "beta": beta}
gradients = batchnorm_backward(dout, batchnorm_forward(*inputs.values(), bn_param)[1])
show_gradient_errors(lambda *xgb: batchnorm_forward(*xgb, bn_param)[0], inputs, gradients, dout, bound=1e-8)

# %%
check("batchnorm_backward")

# %% [markdown]
# ## The same on paper
#
# You can also add up the three paths on paper, and many terms cancel. With $g_i = \gamma\,\text{dout}_i$ in one
# column,
#
# $$dx_i = \frac{1}{\sqrt{\sigma^2 + \epsilon}} \Big( g_i - \frac1N \sum_k g_k - \frac{\hat x_i}{N} \sum_k g_k \hat x_k \Big).$$
#
# In words: subtract from the gradient its mean and its component along $\hat x$, because the layer has removed these
# two directions. Derive the formula, then write `batchnorm_backward_alt`. It should agree with the first version and
# be faster.

# %% check batchnorm-backward-alt
np.random.seed(231)
N, D = 100, 500
x = 5 * np.random.randn(N, D) + 12
gamma = np.random.randn(D)
beta = np.random.randn(D)
dout = np.random.randn(N, D)

_, cache = batchnorm_forward(x, gamma, beta, {"mode": "train"})
t0 = perf_counter()
for _ in range(20):
    graph = batchnorm_backward(dout, cache)
t1 = perf_counter()
for _ in range(20):
    paper = batchnorm_backward_alt(dout, cache)
t2 = perf_counter()
for name, one, other in zip(("dx", "dgamma", "dbeta"), graph, paper):
    print(f"{name} difference: {rel_error(one, other):.2e}   (expected: below 1e-09)")
print(f"speedup: {(t1 - t0) / (t2 - t1):.2f}x")

# %%
check("batchnorm_backward_alt")

# %% [markdown]
# ## Fully connected nets with batch normalization
#
# Put it between affine and ReLU in your `FullyConnectedNet` for `use_batchnorm=True`. Each hidden layer has its own
# `gamma`, its own `beta`, and its own dict in `self.bn_params` for its running averages. There is no batch
# normalization before the scores. A sandwich affine - batch norm - ReLU in `cs231n/layer_utils.py` keeps this tidy.
#
# The biases before a batch norm have no effect (why?), so their gradients are only rounding noise, and the relative
# errors of `b1` and `b2` mean little.

# %% check batchnorm-net
np.random.seed(231)
N, D, H1, H2, C = 2, 15, 20, 30, 10
X = np.random.randn(N, D)
y = np.random.randint(C, size=N)

for reg, expected in ((0, 2.2611955101340957), (3.14, 6.996533220108303)):
    model = FullyConnectedNet(
        [H1, H2], input_dim=D, num_classes=C, reg=reg, weight_scale=5e-2, dtype=np.float64, use_batchnorm=True
    )
    loss, _ = model.loss(X, y)
    print(f"initial loss with reg {reg}: {loss}   (expected: {expected})")
    show_net_errors(model, X, y, bound=1e-2)

# %% [markdown]
# Now train six layers on 1,000 images, with batch normalization and without.

# %% check batchnorm-training
np.random.seed(231)
solvers = {}
models = {
    label: FullyConnectedNet([100] * 5, weight_scale=2e-2, use_batchnorm=label == "batchnorm")
    for label in ("batchnorm", "baseline")
}
options = {"num_epochs": 10, "batch_size": 50, "update_rule": "adam", "optim_config": {"learning_rate": 1e-3}}
for label, model in models.items():
    solvers[label] = Solver(model, first_images(1000), verbose=False, **options)
    solvers[label].train()
    print(f"{label} training accuracy: {solvers[label].train_acc_history[-1]:.3f}")
plot_histories(solvers)
plt.show()

# %% [markdown]
# ## Batch normalization and the weight scale
#
# The first plot of this page showed how much depends on the weight scale. Here we train nets with ten weight scales,
# with normalization and without.

# %%
np.random.seed(231)
scales = np.logspace(-4, 0, num=10)
best = {True: [], False: []}
for scale in scales:
    for use, accuracies in best.items():
        model = FullyConnectedNet([50] * 7, weight_scale=scale, use_batchnorm=use)
        solver = Solver(model, first_images(1000), verbose=False, **{**options, "num_epochs": 4})
        with np.errstate(all="ignore"):
            solver.train()
        accuracies.append((max(solver.train_acc_history), max(solver.val_acc_history), solver.loss_history[-1]))
figure, axes = plt.subplots(1, 3, figsize=(13, 3.5), layout="constrained")
for use, accuracies in best.items():
    for axis, values in zip(axes, np.transpose(accuracies)):
        axis.semilogx(scales, np.minimum(values, 4), "-o", label="batchnorm" if use else "baseline")
for axis, title in zip(axes, ("best training accuracy", "best validation accuracy", "last loss, at most 4")):
    axis.set(title=title, xlabel="weight scale")
axes[0].legend()
plt.show()

# %% [markdown]
# **Question.** Describe what you see, and explain it: which scales work well without normalization, which work well
# with it, and why?

# %% [markdown] answer batchnorm-and-scale
# ### BEGIN SOLUTION
# Without it, nets learn only in a narrow range of scales, from about 0.05 to 0.4: below, signals and gradients vanish
# on their way through eight layers; above, they explode. With it, nets learn at almost every scale, because the
# standard deviation divides out any factor on the weights. What remains of the scale acts like a learning rate (a
# step turns small weights faster). The last layer is not normalized, so very large scales still start with a large
# loss.
# ### END SOLUTION

# %% [markdown]
# ## Layer normalization
#
# The statistics of a minibatch of three examples are noise. Layer normalization (Ba, Kiros and Hinton, 2016) uses no
# other example at all: it takes mean and variance over the features of each example. The formula is the same and the
# axis is another; there are no running averages, and no difference between training and test.

# %%
figure, axes = plt.subplots(1, 2, figsize=(7, 2.6), layout="constrained")
for axis, title, group in (
    (axes[0], "batch norm: one mean a column", np.arange(6)[np.newaxis].repeat(4, axis=0)),
    (axes[1], "layer norm: one mean a row", np.arange(4)[:, np.newaxis].repeat(6, axis=1)),
):
    axis.imshow(group, cmap="Set3", vmin=0, vmax=11)
    axis.set(title=title, xlabel="features D", ylabel="examples N", xticks=[], yticks=[])
    axis.set_xticks(np.arange(0.5, 5), minor=True)
    axis.set_yticks(np.arange(0.5, 3), minor=True)
    axis.grid(which="minor", color="white", linewidth=2)
plt.show()

# %% [markdown]
# Write `layernorm_forward` and `layernorm_backward`. `gamma` and `beta` still belong to features. There is little to
# write if you see how transposing helps.

# %% check layernorm
np.random.seed(231)
x = 5 * np.random.randn(4, 50) + 12
out, _ = layernorm_forward(x, np.ones(50), np.zeros(50), {})
print(f"largest mean of a row: {np.abs(out.mean(axis=1)).max():.1e}   (expected: below 1e-10)")
print(f"largest |std - 1| of a row: {np.abs(out.std(axis=1) - 1).max():.1e}   (expected: below 1e-05)")

x = 5 * np.random.randn(4, 5) + 12
inputs = {"x": x, "gamma": np.random.randn(5), "beta": np.random.randn(5)}
dout = np.random.randn(4, 5)
gradients = layernorm_backward(dout, layernorm_forward(*inputs.values(), {})[1])
show_gradient_errors(lambda *xgb: layernorm_forward(*xgb, {})[0], inputs, gradients, dout, bound=1e-7)

# %%
check("layernorm_forward", "layernorm_backward")

# %% [markdown]
# Use it in `FullyConnectedNet` for `normalization="layernorm"`, then see how both normalizations depend on the size
# of the minibatch.

# %%
np.random.seed(231)
solvers = {}
for normalization in (None, "batchnorm", "layernorm"):
    for batch_size in (5, 50):
        model = FullyConnectedNet([100] * 5, weight_scale=2e-2, normalization=normalization)
        solver = Solver(
            model, first_images(1000), verbose=False, **{**options, "num_epochs": 4, "batch_size": batch_size}
        )
        solver.train()
        solvers[f"{normalization}, batch {batch_size}"] = solver
plot_histories(solvers)
plt.show()

# %% [markdown]
# **Question.** One person normalizes each image of a data set by its own mean and spread; another subtracts the mean
# image of all training images. Which of the two is like batch normalization, and which is like layer normalization?

# %% [markdown] answer batch-or-layer
# ### BEGIN SOLUTION
# The mean image contains, for every pixel (a feature), the mean over examples: that is like batch normalization. An
# image's own mean and spread are taken over the features of one example: that is like layer normalization.
# ### END SOLUTION

# %% [markdown]
# ## Dropout
#
# Dropout (Srivastava and others, 2014) sets each value to zero with probability `p` while a net is trained, so that
# no unit can rely on one particular other unit. In this course, `p` is the probability to drop a value.
#
# A sum over fewer values is smaller. Instead of scaling everything down at test time, scale the kept values by
# $1/(1-p)$ in training: the mean stays the same, and test time changes nothing. This is called inverted dropout.
#
# Write `dropout_forward` and `dropout_backward`. If you draw the mask with `np.random.rand(*x.shape) < 1 - p`, you
# get the numbers in brackets.

# %% check dropout
np.random.seed(231)
x = np.random.randn(500, 500) + 10
print(f"mean of input: {x.mean()}")
for p, mean, zeros in (
    (0.3, 9.990848162756775, 0.300672),
    (0.6, 9.977917658761159, 0.600796),
    (0.75, 9.991640741515118, 0.750232),
):
    out, _ = dropout_forward(x, {"mode": "train", "p": p})
    out_test, _ = dropout_forward(x, {"mode": "test", "p": p})
    print(f"p = {p}")
    print(f"  mean of output in training, p {p}: {out.mean()}   (expected: {mean})")
    print(f"  fraction set to zero, p {p}: {(out == 0).mean()}   (expected: {zeros})")
    print(f"  mean of output at test time: {out_test.mean()}   (expected: the input's)")
    print(f"  fraction set to zero at test time: {(out_test == 0).mean()}   (expected: 0.0)")

# %% check dropout-backward
np.random.seed(231)
x = np.random.randn(10, 10) + 10
dout = np.random.randn(*x.shape)
dropout_param = {"mode": "train", "p": 0.2, "seed": 123}

dx = dropout_backward(dout, dropout_forward(x, dropout_param)[1])
show_gradient_errors(lambda x: dropout_forward(x, dropout_param)[0], {"x": x}, [dx], dout, bound=1e-9)

# %%
check("dropout_forward", "dropout_backward")

# %% [markdown]
# **Question.** What would go wrong at test time if the kept values were not scaled by $1/(1-p)$?

# %% [markdown] answer dropout-scale
# ### BEGIN SOLUTION
# In training, the next layer would get sums that are, on average, $1-p$ times those of a net without dropout, and
# would learn weights for them. At test time nothing is dropped, so its inputs are $1/(1-p)$ times as large as in
# training. In a deeper net, the effect is larger.
# ### END SOLUTION

# %% [markdown]
# ## Fully connected nets with dropout
#
# If `dropout` is above 0, put it after each ReLU. With a seed, the net drops the same values in each call, so its
# gradients can be checked.

# %% check dropout-net
np.random.seed(231)
N, D, H1, H2, C = 2, 15, 20, 30, 10
X = np.random.randn(N, D)
y = np.random.randint(C, size=N)
for dropout in (0, 0.25, 0.5):
    model = FullyConnectedNet(
        [H1, H2], input_dim=D, num_classes=C, weight_scale=5e-2, dtype=np.float64, dropout=dropout, seed=123
    )
    print(f"initial loss with dropout {dropout}: {model.loss(X, y)[0]:.4f}   (expected: about 2.3)")
    show_net_errors(model, X, y, bound=1e-4)

# %%
check("FullyConnectedNet")

# %% [markdown]
# ## Dropout against learning by heart
#
# Train on 500 images, with one hidden layer of 500 units, with dropout 0.75 and without.

# %% check dropout-training
np.random.seed(231)
solvers = {}
options = {"num_epochs": 25, "batch_size": 100, "update_rule": "adam", "optim_config": {"learning_rate": 5e-4}}
for dropout in (0, 0.75):
    model = FullyConnectedNet([500], dropout=dropout)
    solver = Solver(model, first_images(500), verbose=False, **options)
    solver.train()
    gap = solver.train_acc_history[-1] - solver.val_acc_history[-1]
    print(f"dropout {dropout} gap from training to validation: {gap:.3f}")
    solvers[f"dropout {dropout}"] = solver
plot_histories(solvers)
plt.show()

# %% [markdown]
# **Question.** Compare the plots. How does dropout change both accuracies? If you halve the number of hidden units,
# should you raise or lower `p`?

# %% [markdown] answer dropout-regularizes
# ### BEGIN SOLUTION
# Training accuracy rises more slowly, the gap to validation accuracy becomes smaller, and the validation accuracy is
# at least as good: dropout regularizes. A net with half the units can learn less by heart, so it needs less dropout:
# lower `p`, the probability to drop a value.
# ### END SOLUTION
