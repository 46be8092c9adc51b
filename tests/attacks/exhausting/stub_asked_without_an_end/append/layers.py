def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    rows = x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])
    while True:
        batchnorm_forward(rows, gamma, beta, dict(bn_param))
