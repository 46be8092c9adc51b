"""Builds the compiled kernels of the reference; everything else about the project stands in pyproject.toml.

    python setup.py build_ext --inplace

Cython and SciPy must be installed. Where a C compiler is missing, a notice is printed and the kernels are left out:
reference/fast_layers.py then takes NumPy. OpenMP and -O3 are asked for, no processor in particular: reference/direct.h
chooses between instruction sets when it runs.
"""

import sys

from setuptools import Extension, setup

FLAGS = {
    "win32": (["/O2", "/openmp"], []),
    # Apple's clang has no OpenMP of its own.
    "darwin": (["-O3", "-g0"], []),
}


def extensions():
    """The kernels, or nothing where Cython is not installed."""
    try:
        import scipy  # noqa: F401 (for the BLAS that kernels.pyx cimports)
        from Cython.Build import cythonize
    except ImportError:
        return []
    compile_flags, link_flags = FLAGS.get(sys.platform, (["-O3", "-g0", "-fopenmp"], ["-fopenmp"]))
    kernels = Extension(
        "reference.kernels",
        ["reference/kernels.pyx"],
        depends=["reference/direct.h", "reference/direct_body.h"],
        include_dirs=["reference"],
        extra_compile_args=compile_flags,
        extra_link_args=link_flags,
        optional=True,
    )
    return cythonize([kernels], build_dir="build")


setup(ext_modules=extensions())
