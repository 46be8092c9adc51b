"""Builds the compiled kernels of the reference; pyproject.toml defines everything else about the project.

    python setup.py build_ext --inplace

If Cython, SciPy or a C compiler is missing, this prints a notice and builds no kernels; reference/fast_layers.py then
uses NumPy. The flags enable OpenMP and -O3 but name no processor: reference/direct.h chooses the instruction set at run
time.
"""

import contextlib
import os
import sys
from glob import glob

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

# To the compiler, to the linker. Without errno a square root is one instruction. Apple's clang has no OpenMP.
FLAGS = {"win32": (["/O2", "/openmp"], []), "darwin": (["-O3", "-g0", "-fno-math-errno"], [])}
OTHER_FLAGS = (["-O3", "-g0", "-fno-math-errno", "-fopenmp"], ["-fopenmp"])


def report(reason, cure):
    """Print why the kernels are not compiled, and what to do about it."""
    print(
        f"setup.py: {reason}, so the kernels of the reference are not compiled and NumPy replaces them: same results, "
        f"but slower. {cure}",
        file=sys.stderr,
    )


def extensions():
    """The kernels; an empty list if the packages that translate them to C are missing."""
    try:
        import scipy  # noqa: F401 (kernels.pyx cimports its BLAS)
        from Cython.Build import cythonize
        from Cython.Compiler.Errors import CompileError as TranslationError
    except ImportError as error:
        report(f"{error.name} is not installed", "Install it with: python -m pip install cython scipy")
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
        report(
            "Cython cannot translate kernels.pyx (see its message above)",
            "Try: python -m pip install -U cython scipy",
        )
        return []
    for extension in translated:
        extension.optional = True
    return translated


class build_optional_ext(build_ext):
    """If an extension does not compile, for whatever reason, continues without it."""

    def build_extension(self, ext):
        try:
            try:
                super().build_extension(ext)
            except CompileError:
                if "-fopenmp" not in ext.extra_compile_args:
                    raise
                # clang without libomp: try again without OpenMP; one thread is still many times faster than NumPy.
                ext.extra_compile_args.remove("-fopenmp")
                ext.extra_link_args.remove("-fopenmp")
                super().build_extension(ext)
        except Exception as error:
            # Remove the kernels of an earlier build, else Python would still import them.
            for path in (self.get_ext_fullpath(ext.name), *glob("reference/kernels.*.so")):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(path)
            report(
                f"compiling failed ({error})",
                "Install a C compiler (Debian, Ubuntu: apt install gcc; macOS: xcode-select --install; Windows: Build "
                "Tools for Visual Studio) and run: python setup.py build_ext --inplace",
            )


setup(ext_modules=extensions(), cmdclass={"build_ext": build_optional_ext})
