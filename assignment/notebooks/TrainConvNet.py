# %% [markdown]
# # Training a convolutional net of any depth
#
# The layers are written and tested (ModularNets, ConvolutionalNetworks). This notebook builds `MultiLayerConvNet`
# from them and shows what to do with every new net: look at the first loss, check the gradients, learn a few images
# by heart, and only then train. Keep this order: each step is faster than the next and finds mistakes that would cost
# hours later.
#
# Your code goes into `cs231n/classifiers/cnn.py`.

# %%
# %matplotlib inline
# %load_ext autoreload
# %autoreload 2
import matplotlib.pyplot as plt
import numpy as np
from cs231n.check import check
from cs231n.classifiers.cnn import MultiLayerConvNet
from cs231n.gradient_check import show_gradient_errors, show_net_errors
from cs231n.layer_utils import affine_relu_backward, affine_relu_forward, conv_relu_backward, conv_relu_forward
from cs231n.layers import softmax_loss
from cs231n.small_data import load_or_generate
from cs231n.solver import Solver
from cs231n.vis_utils import plot_histories, visualize_grid

# %%
data, is_cifar10 = load_or_generate()
print("CIFAR-10" if is_cifar10 else "generated images")
for name, array in data.items():
    print(f"{name}: {array.shape}")

# %% [markdown]
# Here are ten images of each class, as the net will see them.

# %%
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
figure, axes = plt.subplots(1, 10, figsize=(13, 10), layout="constrained")
for label, axis in enumerate(axes):
    images = data["X_train"][np.flatnonzero(data["y_train"] == label)[:10]].transpose(0, 2, 3, 1)
    low, high = images.min(), images.max()
    axis.imshow(np.concatenate((images - low) / (high - low)))
    axis.set_title(CLASSES[label], fontsize=9)
    axis.axis("off")
plt.show()

# %% [markdown]
# ## What it is made of
#
# The net is
#
#     {conv - relu} x M - 2x2 max pool - {affine - relu} x (L - 1) - affine - softmax
#
# with M and L given by the lists `nums_filters` and `hidden_dims`. Convolutions have stride 1 and keep the image
# size, so only the pooling changes it. The next cell checks the parts; it should pass at once if your layers are
# right:

# %% check parts
np.random.seed(231)
inputs = {"x": np.random.randn(2, 3, 8, 8), "w": np.random.randn(3, 3, 3, 3), "b": np.random.randn(3)}
dout = np.random.randn(2, 3, 8, 8)
conv_param = {"stride": 1, "pad": 1}
gradients = conv_relu_backward(dout, conv_relu_forward(*inputs.values(), conv_param)[1])
show_gradient_errors(lambda *xwb: conv_relu_forward(*xwb, conv_param)[0], inputs, gradients, dout, bound=1e-7)

np.random.seed(231)
inputs = {"x": np.random.randn(2, 3, 4), "w": np.random.randn(12, 10), "b": np.random.randn(10)}
dout = np.random.randn(2, 10)
gradients = affine_relu_backward(dout, affine_relu_forward(*inputs.values())[1])
show_gradient_errors(lambda *xwb: affine_relu_forward(*xwb)[0], inputs, gradients, dout, bound=1e-9)

np.random.seed(231)
x = 0.001 * np.random.randn(50, 10)
y = np.random.randint(10, size=50)
loss, _ = softmax_loss(x, y)
print(f"softmax_loss difference to log 10: {abs(loss - np.log(10)):.1e}   (expected: below 1e-03)")

# %% [markdown]
# **Question.** Images are (3, 32, 32), filters 5 x 5. What must `pad` be? With `nums_filters=[16, 32]` and
# `hidden_dims=[500, 100]`, what is the shape of each weight array, from `W1` to `W5`? Work it out before you write
# code.

# %% [markdown] answer shapes
# ### BEGIN SOLUTION
# `pad` is $(5 - 1) / 2 = 2$. `W1` (16, 3, 5, 5), `W2` (32, 16, 5, 5). Pooling leaves (32, 16, 16), 8,192 values, so
# `W3` is (8192, 500), `W4` (500, 100) and `W5` (100, 10).
# ### END SOLUTION

# %% [markdown]
# Write `MultiLayerConvNet`: a loop forward over the layers, which stores the caches in a list, and the same loop
# backward.

# %% check shapes
model = MultiLayerConvNet(nums_filters=[16, 32], filter_size=5, hidden_dims=[500, 100])
for name, array in model.params.items():
    print(f"{name} {array.shape} {array.dtype}, spread {array.std():.1e}")
print(f"parameters in all: {sum(array.size for array in model.params.values())}   (expected: 4161658)")

# %% [markdown]
# ## The first loss
#
# With small random weights, a net knows nothing: with C classes, its loss should be about $\log C$. Regularization
# should make it a little larger.

# %% check first-loss
np.random.seed(231)
model = MultiLayerConvNet()
X = np.random.randn(50, 3, 32, 32)
y = np.random.randint(10, size=50)
loss = model.loss(X, y)[0]
print(f"initial loss: {loss:.4f}   (expected: 2.3026)")
model.reg = 0.01
print(f"more with reg 0.01: {model.loss(X, y)[0] - loss:.4f}   (expected: above 0)")

# %% [markdown]
# ## The gradients
#
# Use the smallest possible net, few inputs, and float64. Errors up to a few 1e-2 can be right: some values lie next
# to a kink. An error of 0.1 or 1 is a mistake: look at the last layer that has one.

# %% check gradients
np.random.seed(231)
X = np.random.randn(2, 3, 16, 16)
y = np.random.randint(10, size=2)
model = MultiLayerConvNet(
    input_dim=(3, 16, 16), nums_filters=[3], filter_size=3, hidden_dims=[7], num_classes=10, dtype=np.float64
)
show_net_errors(model, X, y, bound=1e-1, h=1e-6)

# %% [markdown]
# Now the same for two convolutions, two hidden layers and an image that is not square, with larger weights and
# regularization. Some nets are right with one layer of each kind, but wrong here.

# %% check deeper-gradients
np.random.seed(231)
model = MultiLayerConvNet(
    input_dim=(2, 6, 8),
    nums_filters=[3, 2],
    filter_size=3,
    hidden_dims=[5, 4],
    weight_scale=0.3,
    reg=0.1,
    dtype=np.float64,
)
X = np.random.randn(3, 2, 6, 8)
y = np.random.randint(10, size=3)
for name in model.params:
    if name.startswith("b"):  # away from the kink that zero biases sit on
        model.params[name] = 0.1 * np.random.randn(*model.params[name].shape)
show_net_errors(model, X, y, bound=1e-4, h=1e-6)

# %%
check("MultiLayerConvNet")

# %% [markdown]
# ## By heart
#
# Train on 100 images for 15 epochs. The plots should clearly show overfitting: training accuracy near 1, validation
# accuracy far below (with the generated images, the task is so easy that both are high).

# %% check by-heart
np.random.seed(231)
few = {**data, "X_train": data["X_train"][:100], "y_train": data["y_train"][:100]}
model = MultiLayerConvNet(weight_scale=2e-2)
adam = {"update_rule": "adam", "optim_config": {"learning_rate": 1e-3}}
solver = Solver(model, few, num_epochs=15, batch_size=50, num_val_samples=500, verbose=False, **adam)
solver.train()
print(f"training accuracy: {solver.train_acc_history[-1]:.2f}   (expected: above 0.90)")
print(f"validation accuracy: {solver.val_acc_history[-1]:.2f}")
plot_histories({"100 images": solver})
plt.show()

# %% [markdown]
# **Question.** A net does not get above 40 % even on these 100 images. Name three things that you would look at, and
# in which order.

# %% [markdown] answer no-overfit
# ### BEGIN SOLUTION
# First the gradients: if they are wrong, nothing else matters. Then the learning rate, ten times larger and smaller:
# a loss that hardly changes means it is too small, a loss that jumps means it is too large. Then the weight scale: if
# weights are too small, scores hardly depend on the image at first, and gradients are tiny. (Also: images that are
# not centred, labels that do not belong to their images, regularization too strong.)
# ### END SOLUTION

# %% [markdown]
# ## Training
#
# One epoch over all training images should give an accuracy above 40 % on them. Choose the weight scale, the learning
# rate and the size of the minibatch yourself; watch the loss of the first hundred steps. On CIFAR-10 this takes a
# minute or two with compiled kernels.

# %% answer training
np.random.seed(231)
model, solver = None, None
### BEGIN SOLUTION
model = MultiLayerConvNet(weight_scale=2e-2)
solver = Solver(model, data, num_epochs=1, batch_size=50, print_every=100, **adam)
solver.train()
### END SOLUTION

# %% check training
print(f"training accuracy: {solver.train_acc_history[-1]:.3f}   (expected: above 0.40)")
plot_histories({"one epoch": solver})
plt.show()
test_accuracy = np.mean(
    [
        np.argmax(model.loss(data["X_test"][i : i + 100]), axis=1) == data["y_test"][i : i + 100]
        for i in range(0, len(data["X_test"]), 100)
    ]
)
print(f"test accuracy: {test_accuracy:.3f}   (expected: above 0.40)")

# %% [markdown]
# ## What it has learned
#
# Here are the filters of the first convolution, before and after training. Each is stretched to the full range of
# colours.

# %%
np.random.seed(231)
before = MultiLayerConvNet(weight_scale=2e-2).params["W1"]
figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
for axis, title, filters in (
    (axes[0], "before", before),
    (axes[1], "after", model.params["W1"]),
    (axes[2], "what training changed", model.params["W1"] - before),
):
    axis.imshow(visualize_grid(filters.transpose(0, 2, 3, 1)).astype("uint8"))
    axis.set_title(title)
    axis.axis("off")
plt.show()

# %% [markdown]
# Here are the maps of one image, after the first convolution and its ReLU.

# %%
image = data["X_val"][:1].astype(model.params["W1"].dtype)
maps, _ = conv_relu_forward(image, model.params["W1"], model.params["b1"], {"stride": 1, "pad": 2})
figure, axes = plt.subplots(1, 2, figsize=(9, 4.5), layout="constrained")
shown = image[0].transpose(1, 2, 0)
axes[0].imshow((shown - shown.min()) / (shown.max() - shown.min()))
axes[0].set_title("image, mean taken away")
axes[1].imshow(visualize_grid(maps[0][:, :, :, np.newaxis])[:, :, 0], cmap="gray")
axes[1].set_title("its 16 maps")
for axis in axes:
    axis.axis("off")
plt.show()

# %% [markdown]
# **Question.** Many of the filters look like noise after one epoch. What would you try to get clearer filters? If the
# map of a filter is black for almost every image, what does that mean?

# %% [markdown] answer filters
# ### BEGIN SOLUTION
# Train for longer, with a smaller weight scale (less noise at the start) and some L2 regularization, which makes
# weights without a gradient decay. A filter whose map is black everywhere is dead: the input of its ReLU is never
# positive, so no gradient reaches it. A smaller learning rate or batch normalization before the ReLU avoids that.
# ### END SOLUTION
