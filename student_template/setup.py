"""Compile the kernels of cs231n/fast_layers.py. This is optional: without them, NumPy does the same, but slower.

python -m pip install cython scipy setuptools threadpoolctl
python setup.py build_ext --inplace
"""

import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# To the compiler, to the linker. Apple's clang has no OpenMP of its own.
FLAGS = {"win32": (["/O2", "/openmp"], []), "darwin": (["-O3", "-fno-math-errno"], [])}
OTHER_FLAGS = (["-O3", "-fno-math-errno", "-fopenmp"], ["-fopenmp"])


class build_optional_ext(build_ext):
    """Continues without kernels that do not compile, and prints a message."""

    def build_extension(self, ext):
        try:
            super().build_extension(ext)
        except Exception as error:
            if "-fopenmp" in ext.extra_compile_args:  # clang may lack OpenMP: one thread is still faster than NumPy
                ext.extra_compile_args.remove("-fopenmp")
                ext.extra_link_args.remove("-fopenmp")
                self.build_extension(ext)
            else:
                print(f"setup.py: compiling failed ({error}), so NumPy is used: same results, but slower.")


def extensions():
    """Return the kernels, or an empty list if Cython or SciPy is missing."""
    try:
        import scipy  # noqa: F401 (kernels.pyx uses its BLAS)
        from Cython.Build import cythonize
    except ImportError as error:
        print(f"setup.py: {error.name} is not installed, so NumPy is used: same results, but slower.")
        return []
    flags, link_flags = FLAGS.get(sys.platform, OTHER_FLAGS)
    kernels = Extension(
        "cs231n.kernels",
        ["cs231n/kernels.pyx"],
        include_dirs=["cs231n"],
        extra_compile_args=flags,
        extra_link_args=link_flags,
    )
    translated = cythonize([kernels], build_dir="build", quiet=True)
    for extension in translated:
        extension.optional = True  # setuptools does not search for a kernel that did not compile
    return translated


setup(ext_modules=extensions(), cmdclass={"build_ext": build_optional_ext})
