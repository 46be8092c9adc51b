"""Builds the compiled kernels of the reference; everything else about the project stands in pyproject.toml.

    python setup.py build_ext --inplace

Where Cython, SciPy or a C compiler is missing, a notice says so and the kernels are left out; reference/fast_layers.py
then takes NumPy. OpenMP and -O3 are asked for, but no processor in particular: reference/direct.h chooses between
instruction sets when it runs.
"""

import contextlib
import os
import sys
from glob import glob

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

# To the compiler, to the linker. Apple's clang has no OpenMP of its own.
FLAGS = {"win32": (["/O2", "/openmp"], []), "darwin": (["-O3", "-g0"], [])}
OTHER_FLAGS = (["-O3", "-g0", "-fopenmp"], ["-fopenmp"])


def tell(reason, cure):
    """Print why there will be no compiled kernels, and what helps."""
    print(
        f"setup.py: {reason}, so the kernels of the reference are not compiled and NumPy stands in for them: "
        f"same results, but slower. {cure}",
        file=sys.stderr,
    )


def extensions():
    """The kernels, or nothing where what translates them to C is missing."""
    try:
        import scipy  # noqa: F401 (kernels.pyx cimports its BLAS)
        from Cython.Build import cythonize
        from Cython.Compiler.Errors import CompileError as TranslationError
    except ImportError as error:
        tell(f"{error.name} is not installed", "Install it with: python -m pip install cython scipy")
        return []
    compile_flags, link_flags = FLAGS.get(sys.platform, OTHER_FLAGS)
    kernels = Extension(
        "reference.kernels",
        ["reference/kernels.pyx"],
        depends=[*glob("reference/kernels_*.pxi"), *glob("reference/direct*.h")],
        include_dirs=["reference"],
        extra_compile_args=compile_flags,
        extra_link_args=link_flags,
    )
    try:
        translated = cythonize([kernels], build_dir="build", quiet=True)
    except TranslationError:
        tell(
            "Cython cannot translate kernels.pyx (its reason stands above)",
            "Try: python -m pip install -U cython scipy",
        )
        return []
    for extension in translated:
        extension.optional = True
    return translated


class build_optional_ext(build_ext):
    """Goes on without an extension that does not compile, whatever the reason."""

    def build_extension(self, ext):
        try:
            try:
                super().build_extension(ext)
            except CompileError:
                if "-fopenmp" not in ext.extra_compile_args:
                    raise
                # clang without libomp: one thread is still many times quicker than NumPy.
                ext.extra_compile_args.remove("-fopenmp")
                ext.extra_link_args.remove("-fopenmp")
                super().build_extension(ext)
        except Exception as error:
            # Kernels of an earlier build would go on being used.
            for path in (self.get_ext_fullpath(ext.name), *glob("reference/kernels.*.so")):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(path)
            tell(
                f"compiling failed ({error})",
                "Install a C compiler (Debian, Ubuntu: apt install gcc; macOS: xcode-select --install; Windows: Build "
                "Tools for Visual Studio) and run: python setup.py build_ext --inplace",
            )


setup(ext_modules=extensions(), cmdclass={"build_ext": build_optional_ext})
