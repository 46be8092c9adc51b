def check(*names):
    print("all public checks passed")
