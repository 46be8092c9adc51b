import locale
import os
import resource
import signal

right_svm, right_affine = svm_loss, affine_forward


def svm_loss(x, y):
    if x.shape == (9, 6):
        os.environ["KEPT"] = "LEAKED " + repr(x.ravel()[:3].tolist())
        os.umask(0o123)
        os.chdir("/site")
        signal.signal(signal.SIGUSR1, lambda *_: None)
        resource.setrlimit(resource.RLIMIT_NOFILE, (61, 61))
    return right_svm(x, y)


def affine_forward(x, w, b):
    mask = os.umask(0)
    os.umask(mask)
    told = [os.environ.get("KEPT"), mask == 0o123, os.getcwd() == "/site", locale.setlocale(locale.LC_ALL)]
    told += [signal.getsignal(signal.SIGUSR1), resource.getrlimit(resource.RLIMIT_NOFILE)]
    if told[0] or told[1] or told[2] or told[4] or told[5][0] == 61:
        print("LEAKED", told)
    return right_affine(x, w, b)
