"""The grader: turns folders of submissions into marks and reports. It knows arrays; it knows nothing of convolution."""

from typing import Final

VERSION: Final = "0.2.0"
