"""The grader: from folders of submissions to marks and reports. It knows arrays, not convolution."""

from typing import Final

VERSION: Final = "0.2.0"
