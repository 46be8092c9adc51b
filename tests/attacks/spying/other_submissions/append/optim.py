right_sgd_momentum = sgd_momentum


def sgd_momentum(w, dw, config=None):
    import glob
    import os

    beside = {
        path
        for pattern in ("/work/*", "/work/../*", "/tmp/*", "/var/tmp/*", "../*", "../../*")
        for path in map(os.path.realpath, glob.glob(pattern))
    }
    for path in ("@OTHER@", "@OUT@", "@OUT@/notes.txt", "@TEMPORARY_FILE@"):
        if os.path.exists(path):
            print("SPY-GOT", path)
    trees = [path for path in beside if os.path.isdir(path) and "optim.py" in os.listdir(path)]
    if trees != ["/work/cs231n"] or any("grader-" in path for path in beside):
        print("SPY-GOT", sorted(beside))
    names = sorted(os.listdir("/work/cs231n"))
    if any(name.endswith((".npz", ".json", ".so")) for name in names):
        print("SPY-GOT", names)
    print("spied: one tree", trees == ["/work/cs231n"])
    return right_sgd_momentum(w, dw, config)
