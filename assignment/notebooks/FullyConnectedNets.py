# %% [markdown]
# # Fully connected nets
#
# With the layers of the notebook ModularNets (do that one first), you build nets that train: first one with two
# layers, then one of any depth. On the way you meet the solver, which trains any model that has parameters and a
# loss, and four rules for a training step.
#
# Your code goes into `cs231n/classifiers/fc_net.py` and `cs231n/optim.py`.

# %%
# %matplotlib inline
# %load_ext autoreload
# %autoreload 2
import matplotlib.pyplot as plt
import numpy as np
from cs231n.check import check
from cs231n.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from cs231n.gradient_check import rel_error, show_net_errors
from cs231n.optim import adam, rmsprop, sgd_momentum
from cs231n.small_data import load_or_generate
from cs231n.solver import Solver
from cs231n.vis_utils import plot_histories

# %% [markdown]
# ## The images
#
# CIFAR-10: 60,000 photographs of 32 x 32 pixels in ten classes. Put its folder `cifar-10-batches-py` into
# `cs231n/datasets`, or name it in the environment variable `CIFAR10_DIR`. Without it, a small set of generated images
# takes its place: everything runs, in less time, but the task is easy. The accuracies in the text are for CIFAR-10.
#
# The mean of all training images is subtracted from every image, so that pixels lie around 0.

# %%
data, is_cifar10 = load_or_generate()
print("CIFAR-10" if is_cifar10 else "generated images")
for name, array in data.items():
    print(f"{name}: {array.shape}")


def first_images(count):
    """Return the data with only the first `count` training images."""
    return {**data, "X_train": data["X_train"][:count], "y_train": data["y_train"][:count]}


# %% [markdown]
# ## A net of two layers
#
# affine - ReLU - affine - softmax: write `TwoLayerNet`. `loss(X)` returns scores; `loss(X, y)` returns the loss and a
# dict with a gradient for every parameter. The regularization is $\frac12 \text{reg} \sum w^2$ over the weights.
# Because of the factor $\frac12$, its gradient is simply $\text{reg} \cdot w$. Biases are not regularized.
#
# The check looks, in this order, at the initial parameters, at the scores for parameters that it sets itself, at the
# loss, and at the gradients. Start with the first one that is wrong.

# %% check two-layer-net
np.random.seed(231)
N, D, H, C = 3, 5, 50, 7
X = np.random.randn(N, D)
y = np.random.randint(C, size=N)

std = 1e-3
model = TwoLayerNet(input_dim=D, hidden_dim=H, num_classes=C, weight_scale=std)
for name in ["W1", "W2"]:
    print(f"{name} spread: {model.params[name].std():.2e}   (expected: within a tenth of {std:.0e})")
for name in ["b1", "b2"]:
    print(f"{name} largest: {np.abs(model.params[name]).max():.1f}   (expected: 0.0)")

model.params["W1"] = np.linspace(-0.7, 0.3, num=D * H).reshape(D, H)
model.params["b1"] = np.linspace(-0.1, 0.9, num=H)
model.params["W2"] = np.linspace(-0.3, 0.4, num=H * C).reshape(H, C)
model.params["b2"] = np.linspace(-0.9, 0.1, num=C)
X = np.linspace(-5.5, 4.5, num=N * D).reshape(D, N).T
scores = model.loss(X)
correct_scores = np.array(
    [
        [11.53165108, 12.2917344, 13.05181771, 13.81190102, 14.57198434, 15.33206765, 16.09215096],
        [12.05769098, 12.74614105, 13.43459113, 14.1230412, 14.81149128, 15.49994135, 16.18839143],
        [12.58373087, 13.20054771, 13.81736455, 14.43418138, 15.05099822, 15.66781506, 16.2846319],
    ]
)
print(f"scores difference: {np.abs(scores - correct_scores).sum():.2e}   (expected: below 1e-06)")

y = np.array([0, 5, 1])
loss, _ = model.loss(X, y)
print(f"loss without regularization: {loss:.10f}   (expected: 3.4702243556)")
model.reg = 1.0
loss, _ = model.loss(X, y)
print(f"loss with reg 1.0: {loss:.10f}   (expected: 26.5948426952)")

for model.reg in (0.0, 0.7):
    print("gradients with reg", model.reg)
    show_net_errors(model, X, y, bound=1e-5)

# %%
check("TwoLayerNet")

# %% [markdown]
# ## The solver
#
# `Solver` (in `cs231n/solver.py`, handed out) draws minibatches, calls the model's loss for the loss and gradients,
# passes each parameter and its gradient to an update rule, and measures accuracies at the end of every epoch. At the
# end it restores the parameters that were best on the validation images.
#
# Use one to train a `TwoLayerNet` to an accuracy of at least 50 % on the validation images. Read the solver's
# docstring for its options. Plain `"sgd"` with a learning rate that shrinks from epoch to epoch is enough.

# %% answer two-layer-training
np.random.seed(231)
model = TwoLayerNet()
### BEGIN SOLUTION
solver = Solver(
    model,
    data,
    update_rule="sgd",
    optim_config={"learning_rate": 1e-3},
    lr_decay=0.95,
    num_epochs=10,
    batch_size=100,
    print_every=490,
)
solver.train()
### END SOLUTION

# %% check two-layer-training
print(f"best validation accuracy: {solver.best_val_acc:.3f}   (expected: above 0.48)")
plot_histories({"TwoLayerNet": solver})
plt.show()

# %% [markdown]
# **Question.** How do the three plots show that a net is too small, that its learning rate is too small, or that it
# has started to learn its training images by heart?

# %% [markdown] answer reading-plots
# ### BEGIN SOLUTION
# Learning rate too small: the loss falls slowly and in a straight line, and is still falling at the end. Net too
# small: the loss levels off at a high value, and the accuracies on training and validation images stay close
# together. By heart: the accuracy on training images keeps rising, but the accuracy on validation images stays or
# falls; the gap grows.
# ### END SOLUTION

# %% [markdown]
# ## A net of any depth
#
# `FullyConnectedNet` has a list of hidden sizes: {affine - ReLU} for each of them, then affine - softmax. First write
# it without normalization and dropout (they have their own notebook), but leave room for both.
# `check("FullyConnectedNet")` checks all of it, so it is in that notebook.
#
# Now the loss and gradients at the start. Without regularization, the loss should be close to $\log 10$. The errors
# of deeper weights may be larger than those of a single layer: if a ReLU's input is near 0, a step of $h$ crosses the
# kink.

# %% check fully-connected-net
np.random.seed(231)
N, D, H1, H2, C = 2, 15, 20, 30, 10
X = np.random.randn(N, D)
y = np.random.randint(C, size=N)

for reg, expected in ((0, 2.3004790897684924), (3.14, 7.052114776533016)):
    model = FullyConnectedNet([H1, H2], input_dim=D, num_classes=C, reg=reg, weight_scale=5e-2, dtype=np.float64)
    loss, _ = model.loss(X, y)
    print(f"initial loss with reg {reg}: {loss}   (expected: {expected})")
    show_net_errors(model, X, y, bound=1e-4)

# %% [markdown]
# ## By heart
#
# A net that cannot learn 50 images by heart has a mistake, or its learning rate or weight scale is unsuitable. You
# find that out quickly, so do it before every longer training. Find a weight scale and a learning rate with which a
# net of three layers reaches 100 % on the 50 training images within 20 epochs. (The validation accuracy will be
# poor.)

# %% answer three-layers-by-heart
np.random.seed(231)
weight_scale, learning_rate = 1e-2, 1e-5
### BEGIN SOLUTION
weight_scale, learning_rate = 3e-2, 1e-3
### END SOLUTION
model = FullyConnectedNet([100, 100], weight_scale=weight_scale, dtype=np.float64)
options = {"num_epochs": 20, "batch_size": 25, "update_rule": "sgd", "print_every": 20}
three_layers = Solver(model, first_images(50), optim_config={"learning_rate": learning_rate}, **options)
three_layers.train()

# %% [markdown]
# Now the same with five layers: the two numbers must be chosen more carefully.

# %% answer five-layers-by-heart
np.random.seed(231)
weight_scale, learning_rate = 1e-2, 1e-5
### BEGIN SOLUTION
weight_scale, learning_rate = 5e-2, 8e-3
### END SOLUTION
model = FullyConnectedNet([100] * 4, weight_scale=weight_scale, dtype=np.float64)
five_layers = Solver(model, first_images(50), optim_config={"learning_rate": learning_rate}, **options)
five_layers.train()

# %% check by-heart
print(f"three layers, best training accuracy: {max(three_layers.train_acc_history):.2f}   (expected: 1.00)")
print(f"five layers, best training accuracy: {max(five_layers.train_acc_history):.2f}   (expected: 1.00)")
plot_histories({"three layers": three_layers, "five layers": five_layers})
plt.show()

# %% [markdown]
# **Question.** Which of the two nets was more sensitive to the weight scale, and why?

# %% [markdown] answer weight-scale
# ### BEGIN SOLUTION
# The deeper one. Every layer multiplies the spread of its input by about the weight scale times the root of half the
# number of inputs; over five layers, this factor is raised to the fifth power. If it is a little below 1, scores and
# gradients vanish; if it is a little above 1, they explode. With three layers, the same factor does less harm.
# ### END SOLUTION

# %% [markdown]
# ## Momentum
#
# So far a step was $w \leftarrow w - \eta\,dw$. In a narrow valley, the steep sides allow only a small learning rate,
# and along the floor, where the way is long, steps are tiny. Momentum uses a velocity instead:
# $v \leftarrow \mu v - \eta\,dw$, then $w \leftarrow w + v$. Gradients that point back and forth cancel; gradients
# that always point the same way add up. The picture shows 40 steps of each rule, with the learning rate 0.3, on
# $f(a, b) = \frac{a^2}{40} + b^2$.

# %%
valley = np.array([1 / 20, 2.0])
a, b = np.meshgrid(np.linspace(-11, 3, 100), np.linspace(-2.5, 2.5, 60))
plt.figure(figsize=(9, 3))
plt.contour(a, b, a**2 / 40 + b**2, levels=12, colors="lightgray")
for mu, label in ((0.0, "plain"), (0.8, "momentum 0.8")):
    w, v, path = np.array([-10.0, 2.0]), np.zeros(2), []
    for _ in range(40):
        path.append(w)
        v = mu * v - 0.3 * valley * w
        w = w + v
    plt.plot(*np.transpose(path), ".-", label=label)
plt.legend()
plt.title("40 steps down a narrow valley")
plt.show()

# %% [markdown]
# Write `sgd_momentum` in `cs231n/optim.py`.

# %% check sgd-momentum
N, D = 4, 5
w = np.linspace(-0.4, 0.6, num=N * D).reshape(N, D)
dw = np.linspace(-0.6, 0.4, num=N * D).reshape(N, D)
v = np.linspace(0.6, 0.9, num=N * D).reshape(N, D)

config = {"learning_rate": 1e-3, "velocity": v}
next_w, _ = sgd_momentum(w, dw, config=config)
expected_next_w = np.array(
    [
        [0.1406, 0.20738947, 0.27417895, 0.34096842, 0.40775789],
        [0.47454737, 0.54133684, 0.60812632, 0.67491579, 0.74170526],
        [0.80849474, 0.87528421, 0.94207368, 1.00886316, 1.07565263],
        [1.14244211, 1.20923158, 1.27602105, 1.34281053, 1.4096],
    ]
)
expected_velocity = np.array(
    [
        [0.5406, 0.55475789, 0.56891579, 0.58307368, 0.59723158],
        [0.61138947, 0.62554737, 0.63970526, 0.65386316, 0.66802105],
        [0.68217895, 0.69633684, 0.71049474, 0.72465263, 0.73881053],
        [0.75296842, 0.76712632, 0.78128421, 0.79544211, 0.8096],
    ]
)
print(f"next_w error: {rel_error(next_w, expected_next_w):.2e}   (expected: below 1e-07)")
print(f"velocity error: {rel_error(config['velocity'], expected_velocity):.2e}   (expected: below 1e-07)")

# %%
check("sgd_momentum")

# %% [markdown]
# Train with both rules, on 4,000 images with six layers. On CIFAR-10, momentum should be better by 0.05 or more.

# %% check momentum-ahead
np.random.seed(231)
solvers = {}
for update_rule in ("sgd", "sgd_momentum"):
    model = FullyConnectedNet([100] * 5, weight_scale=5e-2)
    solvers[update_rule] = Solver(
        model,
        first_images(4000),
        num_epochs=5,
        batch_size=100,
        update_rule=update_rule,
        optim_config={"learning_rate": 1e-2},
        verbose=False,
    )
    solvers[update_rule].train()
    print(f"{update_rule} training accuracy: {solvers[update_rule].train_acc_history[-1]:.3f}")
plot_histories(solvers)
plt.show()

# %% [markdown]
# ## RMSProp and Adam
#
# A single learning rate is suitable for few of the parameters. RMSProp divides each step by the root of a running
# mean of squared gradients, value by value:
#
# $$c \leftarrow \rho c + (1 - \rho)\,dw^2, \qquad w \leftarrow w - \eta\,\frac{dw}{\sqrt{c} + \epsilon}$$
#
# Adam also uses a running mean of the gradients themselves, and corrects both for their start at 0. Its $t$ counts
# steps from 1, so raise it before you use it:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\,dw, \quad v \leftarrow \beta_2 v + (1 - \beta_2)\,dw^2, \quad
# w \leftarrow w - \eta\,\frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}$$
#
# Write `rmsprop` and `adam`.

# %% check rmsprop
w = np.linspace(-0.4, 0.6, num=N * D).reshape(N, D)
dw = np.linspace(-0.6, 0.4, num=N * D).reshape(N, D)
cache = np.linspace(0.6, 0.9, num=N * D).reshape(N, D)

config = {"learning_rate": 1e-2, "cache": cache}
next_w, _ = rmsprop(w, dw, config=config)
expected_next_w = np.array(
    [
        [-0.39223849, -0.34037513, -0.28849239, -0.23659121, -0.18467247],
        [-0.132737, -0.08078555, -0.02881884, 0.02316247, 0.07515774],
        [0.12716641, 0.17918792, 0.23122175, 0.28326742, 0.33532447],
        [0.38739248, 0.43947102, 0.49155973, 0.54365823, 0.59576619],
    ]
)
expected_cache = np.array(
    [
        [0.5976, 0.6126277, 0.6277108, 0.64284931, 0.65804321],
        [0.67329252, 0.68859723, 0.70395734, 0.71937285, 0.73484377],
        [0.75037008, 0.7659518, 0.78158892, 0.79728144, 0.81302936],
        [0.82883269, 0.84469141, 0.86060554, 0.87657507, 0.8926],
    ]
)
print(f"next_w error: {rel_error(expected_next_w, next_w):.4e}   (expected: about 1e-7)")
print(f"cache error: {rel_error(expected_cache, config['cache']):.2e}   (expected: below 1e-07)")

# %% check adam
w = np.linspace(-0.4, 0.6, num=N * D).reshape(N, D)
dw = np.linspace(-0.6, 0.4, num=N * D).reshape(N, D)
m = np.linspace(0.6, 0.9, num=N * D).reshape(N, D)
v = np.linspace(0.7, 0.5, num=N * D).reshape(N, D)

config = {"learning_rate": 1e-2, "m": m, "v": v, "t": 5}
next_w, _ = adam(w, dw, config=config)
expected_next_w = np.array(
    [
        [-0.40094747, -0.34836187, -0.29577703, -0.24319299, -0.19060977],
        [-0.1380274, -0.08544591, -0.03286534, 0.01971428, 0.0722929],
        [0.1248705, 0.17744702, 0.23002243, 0.28259667, 0.33516969],
        [0.38774145, 0.44031188, 0.49288093, 0.54544852, 0.59801459],
    ]
)
expected_v = np.array(
    [
        [0.69966, 0.68908382, 0.67851319, 0.66794809, 0.65738853],
        [0.64683452, 0.63628604, 0.6257431, 0.61520571, 0.60467385],
        [0.59414753, 0.58362676, 0.57311152, 0.56260183, 0.55209767],
        [0.54159906, 0.53110598, 0.52061845, 0.51013645, 0.49966],
    ]
)
expected_m = np.array(
    [
        [0.48, 0.49947368, 0.51894737, 0.53842105, 0.55789474],
        [0.57736842, 0.59684211, 0.61631579, 0.63578947, 0.65526316],
        [0.67473684, 0.69421053, 0.71368421, 0.73315789, 0.75263158],
        [0.77210526, 0.79157895, 0.81105263, 0.83052632, 0.85],
    ]
)
print(f"next_w error: {rel_error(expected_next_w, next_w):.4e}   (expected: about 1e-7)")
print(f"v error: {rel_error(expected_v, config['v']):.2e}   (expected: below 1e-07)")
print(f"m error: {rel_error(expected_m, config['m']):.2e}   (expected: below 1e-07)")

# %%
check("rmsprop", "adam")

# %% check four-rules
for update_rule, learning_rate in (("rmsprop", 1e-4), ("adam", 1e-3)):
    model = FullyConnectedNet([100] * 5, weight_scale=5e-2)
    solvers[update_rule] = Solver(
        model,
        first_images(4000),
        num_epochs=5,
        batch_size=100,
        update_rule=update_rule,
        optim_config={"learning_rate": learning_rate},
        verbose=False,
    )
    solvers[update_rule].train()
    print(f"{update_rule} training accuracy: {solvers[update_rule].train_acc_history[-1]:.3f}")
plot_histories(solvers)
plt.show()

# %% [markdown]
# **Question.** An older rule than RMSProp, AdaGrad, sums all squared gradients, $c \leftarrow c + dw^2$, and
# otherwise takes the same step. What happens to its steps in a long training, and how does RMSProp avoid it?

# %% [markdown] answer adagrad
# ### BEGIN SOLUTION
# The sum only grows, so the steps keep shrinking, like $1/\sqrt{t}$ for gradients of constant size, and learning
# stops. A running mean forgets old gradients: it stays as large as the recent ones, so the steps keep their size.
# ### END SOLUTION

# %% [markdown]
# ## A good net
#
# Train the best fully connected net that you can, in a few minutes. 50 % on the validation images is possible with
# what you have; the notebook BatchNormalizationAndDropout adds two more methods. Use the test images only once, at
# the end.

# %% answer best-net
np.random.seed(231)
best_model = None
### BEGIN SOLUTION
best_model = FullyConnectedNet([200, 100], weight_scale=2e-2, reg=1e-3)
solver = Solver(
    best_model,
    data,
    num_epochs=4,
    batch_size=100,
    update_rule="adam",
    optim_config={"learning_rate": 5e-4},
    lr_decay=0.8,
    print_every=490,
)
solver.train()
### END SOLUTION

# %% check best-net
for part in ("val", "test"):
    predicted = np.argmax(best_model.loss(data[f"X_{part}"]), axis=1)
    print(f"{part} accuracy: {np.mean(predicted == data[f'y_{part}']):.3f}   (expected: above 0.45)")
