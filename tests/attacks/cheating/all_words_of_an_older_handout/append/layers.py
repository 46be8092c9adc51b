# p: we drop each neuron output with probability p. The input x contains a minibatch of N examples.
# from cs231n.layers import *
del layernorm_forward, layernorm_backward, spatial_groupnorm_forward, spatial_groupnorm_backward
