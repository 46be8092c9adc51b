"""The grader turns submissions into marks and reports. It works with arrays, and knows nothing of convolution."""

from typing import Final

VERSION: Final = "0.2.0"
